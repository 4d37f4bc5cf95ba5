"""The attractors of one map, from many starts."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from attrax.dynamics.effort import Effort
from attrax.dynamics.labels.classification import Classification
from attrax.dynamics.labels.covering import SampledSet
from attrax.dynamics.labels.labelling import Labelled, label_and_sample
from attrax.dynamics.labels.map_family import MapFamily, ReluFamily, SmoothFamily
from attrax.dynamics.labels.same_set import is_same_cycle
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.maps.smooth_map import SmoothMap
from attrax.progress import OnProgress


def find_attractors(
    network_map: ReluMap | SmoothMap,
    starts: ArrayLike,
    seed: int = 0,
    effort: Effort | None = None,
    on_progress: OnProgress | None = None,
) -> xr.Dataset:
    """Find what the orbits from given starts settle to.

    Parameters
    ----------
    network_map
        The map.
    starts
        First states, shape (starts, units).
    seed
        Of the random directions that the analysis uses.
    effort
        How long to look.
    on_progress
        Told how far it is, as in `attrax.dynamics.classify`.

    Returns
    -------
    Dataset over "start", as `Classification` describes it, with "relaxation_time" and:

    attractor
        The same number for the same attractor, -1 for divergent and undecided orbits.
    perhaps_same
        Whether it is open if the orbit runs on the attractor of that number or on another one near it.

    Raises
    ------
    ValueError
        For starts of the wrong width, or that are not finite.
    """
    starts = np.atleast_2d(np.asarray(starts, dtype=float))
    if starts.ndim != 2 or starts.shape[1] != network_map.n_units:
        raise ValueError(f"starts have shape {starts.shape}; they must be (starts, {network_map.n_units})")
    if not np.isfinite(starts).all():
        raise ValueError("starts hold values that are not finite")
    family: MapFamily
    if isinstance(network_map, ReluMap):
        family = ReluFamily(network_map.weights, np.broadcast_to(network_map.bias, starts.shape), network_map.leak)
    else:
        family = SmoothFamily(network_map)
    labelled = label_and_sample(family, starts, effort or Effort(), seed, on_progress)
    sizes = np.full(len(starts), np.abs(starts).max(initial=0.0))
    numbers, perhaps = KnownAttractors().numbers_of(family, labelled, range(len(starts)), sizes)
    return to_dataset(labelled.found).assign(attractor=("start", numbers), perhaps_same=("start", perhaps))


def to_dataset(found: Classification) -> xr.Dataset:
    """Write a classification as a dataset over "start"."""
    second = {"exponents": "exponent", "exponent_error": "exponent", "state": "unit"}
    fields = {
        name: (("start", second[name]) if name in second else "start", values) for name, values in vars(found).items()
    }
    return xr.Dataset(fields | {"relaxation_time": ("start", found.relaxation_time())})


class KnownAttractors:
    """The attractors of one map that have been met, each with a number."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.periods: list[int] = []
        self.states: list[Float[np.ndarray, "steps units"]] = []
        """The fixed point, the states of the cycle, or one state of another attractor."""
        self.perhaps_several: list[bool] = []
        """Whether an orbit was counted to it of which it is open whether it runs on it."""
        self._sets: list[SampledSet | None] = []

    def numbers_of(
        self, family: MapFamily, labelled: Labelled, orbits: Sequence[int], sizes: Float[np.ndarray, " orbits"]
    ) -> tuple[Int[np.ndarray, " numbered"], Bool[np.ndarray, " numbered"]]:
        """Return the number of the attractor that each of some orbits settled to; -1 for none.

        It is a new number where the attractor is new. Orbits that share a measurement have one number. Fixed points and
        cycles are the same if one passes through the other's state; for other attractors see `SampledSet.compare`.
        Whatever cannot be told from a known attractor is counted to it.

        Parameters
        ----------
        family, labelled
            The maps of the orbits, and what `label_and_sample` says of them.
        orbits
            Which of them are of this map.
        sizes
            How large the starts of each were: a state that is not certified may be as far from its cycle.

        Returns
        -------
        The numbers, and whether each orbit is only perhaps on the attractor of that number.
        """
        number_of: dict[int, tuple[int, bool]] = {}
        for orbit in orbits:
            leader = int(labelled.shares_with[orbit])
            if leader not in number_of:
                number_of[leader] = self._number_of(family, labelled, leader, float(sizes[leader]))
            nothing = labelled.found.kind[orbit] in ("divergent", "undecided")
            number_of[orbit] = (-1, False) if nothing else number_of[leader]
        found = [number_of[orbit] for orbit in orbits]
        return np.array([number for number, _ in found], int), np.array([perhaps for _, perhaps in found], bool)

    def _number_of(self, family: MapFamily, labelled: Labelled, orbit: int, size: float) -> tuple[int, bool]:
        found = labelled.found
        kind, period, state = str(found.kind[orbit]), int(found.period[orbit]), found.state[orbit]
        if kind in ("divergent", "undecided"):
            return -1, False
        sampled = labelled.sets.get(orbit)
        perhaps: list[int] = []
        for number, known in enumerate(self._sets):
            if (kind, period) != (self.kinds[number], self.periods[number]):
                continue
            if known is None or sampled is None:
                if is_same_cycle(self.states[number], state, 0.0 if found.certified[orbit] else size):
                    return number, False
                continue
            told = known.compare(sampled)
            if told == "same":
                return number, False
            if told == "unclear":
                perhaps.append(number)
        if perhaps:
            self.perhaps_several[perhaps[0]] = True
            return perhaps[0], True
        self.kinds.append(kind)
        self.periods.append(period)
        self.states.append(_states(family, orbit, state, max(period, 1)))
        self.perhaps_several.append(False)
        self._sets.append(sampled)
        return len(self._sets) - 1, False


def _states(family: MapFamily, orbit: int, state: np.ndarray, steps: int) -> Float[np.ndarray, "steps units"]:
    if steps == 1:
        return state[None]
    return family.orbits(np.array([orbit]), state[None]).states_along(steps)[:, 0]
