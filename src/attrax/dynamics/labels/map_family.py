"""One map for each of many orbits, of either kind: what the labelling asks of it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64

from attrax.dynamics.certificates.certificate import Certificate
from attrax.dynamics.certificates.cycle_certificate import certify_cycle
from attrax.dynamics.certificates.fixed_point_certificate import FixedPointCertifier
from attrax.dynamics.certificates.newton_certificate import certify_smooth_cycle
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.maps.smooth_map import SmoothMap
from attrax.dynamics.orbits.many_orbits import Orbits, Passage
from attrax.dynamics.orbits.relu_orbits import ReluOrbits
from attrax.dynamics.orbits.smooth_orbits import SmoothOrbits


class MapFamily(ABC):
    """The map of each orbit, by the orbit's number."""

    @property
    @abstractmethod
    def n_units(self) -> int:
        """Number of units."""

    @abstractmethod
    def of(self, orbit: int) -> ReluMap | SmoothMap:
        """Return the map of an orbit."""

    @abstractmethod
    def only(self, orbit: int) -> "MapFamily":
        """Return the family of one orbit alone, its number 0: what it holds is let go with it."""

    @abstractmethod
    def key(self, orbit: int) -> bytes:
        """Return what is equal for orbits of equal maps."""

    @abstractmethod
    def orbits(self, numbers: Int[np.ndarray, " orbits"], hidden: Float[np.ndarray, "orbits units"]) -> Orbits:
        """Return some of the orbits, at given states."""

    @abstractmethod
    def certify(
        self,
        numbers: Int[np.ndarray, " orbits"],
        hidden: Float[np.ndarray, "orbits units"],
        periods: Int[np.ndarray, " orbits"],
        generator: np.random.Generator,
    ) -> list[Certificate | None]:
        """Return what is known of the fixed point or cycle of a given period near each orbit (0: ask nothing)."""

    @property
    @abstractmethod
    def looks_at_states(self) -> bool:
        """Whether `candidate_periods` needs the states of a passage."""

    @abstractmethod
    def candidate_periods(self, trail: list[Passage], longest: int) -> Int[np.ndarray, " orbits"]:
        """Return the period with which each orbit seems to repeat at the end of its last passages; 0 where none."""

    @abstractmethod
    def jacobians_along(
        self,
        numbers: Int[np.ndarray, " orbits"],
        bases: Float[np.ndarray, "orbits vectors units"],
        states: Float[np.ndarray, "steps orbits units"],
        lags: list[list[int]],
    ) -> list[list[Float[np.ndarray, "vectors vectors"]]]:
        """Return Q J Qᵀ for each lag of each orbit: J from the state so many steps back to the last, Q a basis."""

    @abstractmethod
    def may_repeat(self, trail: list[Passage], periods: Int[np.ndarray, " orbits"]) -> Bool[np.ndarray, " orbits"]:
        """Whether each orbit may have come, by the end of its last passages, to a cycle of a given period."""


@dataclass(frozen=True)
class ReluFamily(MapFamily):
    """ReLU networks with one weight matrix, and a bias for each orbit."""

    weights: Float[np.ndarray, "units units"]
    biases: Float[np.ndarray, "orbits units"]
    leak: float
    certifier: FixedPointCertifier = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "certifier", FixedPointCertifier(self.weights, self.leak))

    @property
    def n_units(self) -> int:
        """Number of units."""
        return self.weights.shape[0]

    def of(self, orbit: int) -> ReluMap:
        """Return the map of an orbit."""
        return ReluMap(self.weights, self.biases[orbit], self.leak)

    def only(self, orbit: int) -> "ReluFamily":
        """Return the family of one orbit alone."""
        return ReluFamily(self.weights, self.biases[orbit : orbit + 1].copy(), self.leak)

    def key(self, orbit: int) -> bytes:
        """Return what is equal for orbits of equal maps."""
        return self.biases[orbit].tobytes()

    def orbits(self, numbers: Int[np.ndarray, " orbits"], hidden: Float[np.ndarray, "orbits units"]) -> Orbits:
        """Return some of the orbits, at given states."""
        return ReluOrbits(self.weights, self.biases[numbers], self.leak, hidden)

    def certify(
        self,
        numbers: Int[np.ndarray, " orbits"],
        hidden: Float[np.ndarray, "orbits units"],
        periods: Int[np.ndarray, " orbits"],
        generator: np.random.Generator,
    ) -> list[Certificate | None]:
        """Return what is known of the fixed point or cycle of a given period near each orbit (0: ask nothing)."""
        found: list[Certificate | None] = [None] * numbers.size
        fixed = np.flatnonzero(periods == 1)
        for row, certificate in zip(
            fixed.tolist(), self.certifier.certify(self.biases[numbers[fixed]], hidden[fixed]), strict=True
        ):
            found[row] = certificate
        for row in np.flatnonzero(periods > 1).tolist():
            found[row] = certify_cycle(self.of(int(numbers[row])), hidden[row], int(periods[row]), generator)
        return found

    @property
    def looks_at_states(self) -> bool:
        """Whether `candidate_periods` needs the states of a passage: the patterns' codes are enough."""
        return False

    def candidate_periods(self, trail: list[Passage], longest: int) -> Int[np.ndarray, " orbits"]:
        """Return the period with which each orbit's patterns repeat at the end of its last passages; 0 where none."""
        codes = np.ascontiguousarray(np.concatenate([passage.codes for passage in trail]).T)
        return np.array([pattern_period(series, longest) for series in codes], dtype=int)

    def jacobians_along(
        self,
        numbers: Int[np.ndarray, " orbits"],
        bases: Float[np.ndarray, "orbits vectors units"],
        states: Float[np.ndarray, "steps orbits units"],
        lags: list[list[int]],
    ) -> list[list[Float[np.ndarray, "vectors vectors"]]]:
        """Return Q J Qᵀ for each lag of each orbit, from one pass backwards: the patterns tell all Jacobians."""
        orbits = ReluOrbits(self.weights, self.biases[numbers], self.leak, states[-1])
        pulled = orbits.pull(bases.astype(orbits.tangent_precision), states, lags)
        return [list(covectors @ basis.T) for covectors, basis in zip(pulled, bases, strict=True)]

    def may_repeat(self, trail: list[Passage], periods: Int[np.ndarray, " orbits"]) -> Bool[np.ndarray, " orbits"]:
        """Whether each orbit may have come to a cycle of a given period: the last two had the same patterns."""
        codes = np.concatenate([passage.codes for passage in trail])
        return np.array(
            [
                2 * period <= codes.shape[0] and bool((series[-period:] == series[-2 * period : -period]).all())
                for period, series in zip(periods.tolist(), codes.T, strict=True)
            ],
            dtype=bool,
        )


_FEW = 32


def pattern_period(codes: UInt64[np.ndarray, " steps"], longest: int) -> int:
    """Return the smallest p, up to `longest`, with which a series of patterns has repeated of late; else 0.

    Of late: over at least the last half of the series and the last 2p steps. An orbit whose convergence to a
    p-cycle can be certified keeps the cycle's patterns for good, so it has such a p.
    """
    size = int(codes.size)
    backwards = codes[size - 2 : max(size - 2 - min(longest, size // 2), 0) : -1]
    for candidate in (1 + np.flatnonzero(backwards == codes[-1])).tolist():
        compared = min(max(size // 2, candidate), size - candidate)
        few = min(compared, _FEW)
        if (codes[-few:] != codes[-few - candidate : -candidate]).any():
            continue  # most candidates end here
        if (codes[-compared:] == codes[-compared - candidate : -candidate]).all():
            return int(candidate)
    return 0


@dataclass(frozen=True)
class SmoothFamily(MapFamily):
    """One differentiable map for all orbits."""

    smooth_map: SmoothMap

    @property
    def n_units(self) -> int:
        """Number of units."""
        return self.smooth_map.n_units

    def of(self, orbit: int) -> SmoothMap:
        """Return the map of an orbit."""
        return self.smooth_map

    def only(self, orbit: int) -> "SmoothFamily":
        """Return the family of one orbit alone."""
        return self

    def key(self, orbit: int) -> bytes:
        """Return what is equal for orbits of equal maps."""
        return b""

    def orbits(self, numbers: Int[np.ndarray, " orbits"], hidden: Float[np.ndarray, "orbits units"]) -> Orbits:
        """Return some of the orbits, at given states."""
        return SmoothOrbits(self.smooth_map.function, self.smooth_map.arguments, hidden)

    def certify(
        self,
        numbers: Int[np.ndarray, " orbits"],
        hidden: Float[np.ndarray, "orbits units"],
        periods: Int[np.ndarray, " orbits"],
        generator: np.random.Generator,
    ) -> list[Certificate | None]:
        """Return what is known of the fixed point or cycle of a given period near each orbit (0: ask nothing)."""
        return [
            certify_smooth_cycle(self.smooth_map, state, period) if period else None
            for state, period in zip(hidden, periods.tolist(), strict=True)
        ]

    @property
    def looks_at_states(self) -> bool:
        """Whether `candidate_periods` needs the states of a passage."""
        return True

    def candidate_periods(self, trail: list[Passage], longest: int) -> Int[np.ndarray, " orbits"]:
        """Return the steps after which each orbit comes back close to its last state; 0 where it does not."""
        states = trail[-1].states
        assert states is not None
        return np.array([return_period(states[:, orbit], longest) for orbit in range(states.shape[1])], dtype=int)

    def jacobians_along(
        self,
        numbers: Int[np.ndarray, " orbits"],
        bases: Float[np.ndarray, "orbits vectors units"],
        states: Float[np.ndarray, "steps orbits units"],
        lags: list[list[int]],
    ) -> list[list[Float[np.ndarray, "vectors vectors"]]]:
        """Return Q J Qᵀ for each lag of each orbit, forwards.

        Backwards, a function that is differentiable can have derivatives that are not (`where` with an infinite slope
        on the side that is not taken), or none (`while_loop`).
        """
        owners = np.repeat(np.arange(numbers.size), [len(wanted) for wanted in lags])
        steps = np.array([lag for wanted in lags for lag in wanted], dtype=int)
        orbits = self.orbits(numbers[owners], states[-1 - steps, owners])
        jacobians = bases[owners] @ orbits.push(bases[owners], steps).transpose(0, 2, 1)
        return [list(jacobians[owners == orbit]) for orbit in range(numbers.size)]

    def may_repeat(self, trail: list[Passage], periods: Int[np.ndarray, " orbits"]) -> Bool[np.ndarray, " orbits"]:
        """Return true for each orbit: Newton's method tells."""
        return np.ones(periods.size, bool)


_CLOSE = 1e-3  # of the orbit's diameter: near enough for Newton's method to begin


def return_period(states: Float[np.ndarray, "steps units"], longest: int) -> int:
    """Return the smallest p, up to `longest`, after which an orbit comes back near its last state; else 0."""
    with np.errstate(over="ignore", invalid="ignore"):  # an orbit that diverges
        distance = np.linalg.norm(states[-2::-1][: min(longest, states.shape[0] // 2)] - states[-1], axis=1)
        size = float(np.linalg.norm(states[-1]))
        near = distance <= max(_CLOSE * float(distance.max()), 1e-9 * size)
        still = float(distance.max()) <= 1e-3 * size  # converging slowly: each state is close to the last one
    if still:
        return 1
    return 1 + int(np.argmax(near)) if near.any() else 0
