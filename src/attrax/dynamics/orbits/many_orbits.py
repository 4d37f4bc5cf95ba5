"""Many orbits side by side, compiled, in float64: followed, or measured with tangent vectors that ride on them.

JAX's 64-bit types are switched on around each compiled call, never for the whole process.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jaxtyping import Bool, Float, Int, UInt64

from attrax.dynamics.orbits import compiled_steps
from attrax.dynamics.orbits.compiled_steps import CHUNK, DIVERGED, MapStep

PIECE = 250
"""The most steps that one compiled call takes while it does not measure."""
_ROOMS = (50, PIECE)  # numbers of steps for which code is compiled; fewer can be taken
SMALL = 16
"""Up to this many units a map counts as small."""


@dataclass(frozen=True)
class Passage:
    """What one call saw of each orbit."""

    codes: UInt64[np.ndarray, "steps orbits"]
    """One number per activation pattern; equal where patterns are equal (and else but for a chance of 1e-19)."""
    states: Float[np.ndarray, "steps orbits units"] | None = None
    """The states after each step, where they were asked for: of all units, or of `units` alone."""
    units: Int[np.ndarray, " units"] | None = None
    """The units that `states` are of, where all others were silent."""
    n_units: int = 0
    """Of the map, where `units` are given."""

    def states_of(self, orbit: int) -> Float[np.ndarray, "steps all_units"]:
        """Return the states of one orbit."""
        assert self.states is not None
        if self.units is None:
            return self.states[:, orbit]
        full = np.zeros((len(self.states), self.n_units))
        full[:, self.units] = self.states[:, orbit]
        return full

    def of(self, which: Bool[np.ndarray, " orbits"]) -> "Passage":
        """Return what was seen of some of the orbits."""
        return Passage(self.codes[:, which], None if self.states is None else self.states[:, which])


@dataclass(frozen=True)
class MeasuredPassage:
    """What one call that measures saw of each orbit."""

    passage: Passage
    points: Float[np.ndarray, "steps orbits axes"]
    """Coordinates of the states along given axes."""
    growths: Float[np.ndarray, "blocks orbits vectors"]
    """ln of the factors by which orthonormal tangent vectors grew, every `Orbits.between_growths` steps."""


class Orbits(ABC):
    """States of several orbits, each under a map of its own.

    Attributes
    ----------
    hidden
        The states now, shape (orbits, units). An orbit that has diverged stands still where it was when it left.
    left_at
        The step after which an orbit was first seen beyond its limit, counted from the beginning; -1: not yet.
    limits
        The norm beyond which each orbit counts as divergent: `compiled_steps.DIVERGED` times its start or its input.
    vectors
        Tangent vectors, shape (orbits, vectors, units), from the first `measure` on.
    between_growths
        Steps between orthonormalisations. More than five, and the fourth vector is lost in the first; small maps can
        lose the second within two steps, and there it costs nothing to do it at each.
    tangent_precision
        Of the vectors that are measured. Single precision is twice as fast, and changes an exponent by less than 1e-6
        (a test says so); the longest run tells exponents from zero down to 1e-4. Where a direction is lost in another
        one before the next orthonormalisation, `measure` goes over to double precision.
    """

    tangent_precision: type = np.float64

    def __init__(self, hidden: Float[np.ndarray, "orbits units"]) -> None:
        self.hidden = np.array(hidden)
        self.steps = 0
        self.between_growths = 1 if self.hidden.shape[1] <= SMALL else 5
        self.left_at = np.full(self.hidden.shape[0], -1)
        self.limits = DIVERGED * np.maximum(1.0, np.abs(self.hidden).max(axis=1, initial=0.0))
        self.vectors: np.ndarray | None = None
        self._measured = 0
        self.total = np.zeros_like(self.hidden)
        self.squares = np.zeros(self.hidden.shape[0])

    def follow(self, steps: int, states: bool = False) -> Passage:
        """Take some steps; with their states, or with the codes of their patterns alone."""
        pieces = [min(PIECE, steps - first) for first in range(0, max(steps, 1), PIECE)]
        passages = [self._passage(self._pass(piece, None), states) for piece in pieces]
        if len(passages) == 1:
            return passages[0]
        codes = np.concatenate([passage.codes for passage in passages])
        every = [passage.states for passage in passages if passage.states is not None]
        return Passage(codes, np.concatenate(every) if states else None)

    def record(self, steps: int) -> Float[np.ndarray, "steps orbits units"]:
        """Take some steps and return the states after each."""
        states = self.follow(steps, states=True).states
        assert states is not None
        return states

    def states_along(self, steps: int) -> Float[np.ndarray, "steps orbits units"]:
        """Return the states after each of some steps, and go on from there, or from a little later."""
        pieces = -(-steps // PIECE)
        return np.concatenate([self.record(PIECE) for _ in range(pieces)])[:steps]

    def measure(
        self,
        axes: Float[np.ndarray, "orbits axes units"],
        bank: np.ndarray,
        states: bool = False,
        tangents: bool = True,
    ) -> MeasuredPassage:
        """Take `CHUNK` steps with the tangent vectors, or without.

        Parameters
        ----------
        axes
            What `MeasuredPassage.points` are coordinates along.
        bank
            Random directions, shape (vectors, units): the first ones, and those that replace directions which a
            rank-deficient piece has destroyed (their growth is -inf).
        states
            Whether to keep all states.
        tangents
            Whether the tangent vectors ride along. If not, they stay where they are, and are of no use from then on: a
            third of the time.

        References
        ----------
        Benettin, Galgani, Giorgilli, Strelcyn, Meccanica 15 (1980).
        """
        if self.vectors is None and tangents:
            self.vectors = np.broadcast_to(np.linalg.qr(bank.T)[0].T, (self.hidden.shape[0], *bank.shape))
        found = self._pass(CHUNK, (axes, bank), tangents)
        n = self.hidden.shape[0]
        if tangents:
            self.vectors = self._scattered(found["vectors"][:n])
        with np.errstate(over="ignore", invalid="ignore"):  # an orbit that diverges
            self.total += self._scattered(found["total"][:n])
            self.squares += found["squares"][:n]
        self._measured += CHUNK
        # States of all units would be copies of megabytes, of which most orbits ask nothing.
        units = self._worked_on()
        kept = found["states"][:, :n] if units is None else found["states"][:, :n, : units.size]
        passage = Passage(found["codes"][:, :n], kept if states else None, units, self.hidden.shape[1])
        return MeasuredPassage(passage, found["points"][:, :n], found["growths"][:, :n].astype(float))

    def push(
        self, vectors: Float[np.ndarray, "orbits vectors units"], steps: Int[np.ndarray, " orbits"]
    ) -> Float[np.ndarray, "orbits vectors units"]:
        """Take each orbit its own number of steps, and return the images of vectors under the Jacobian along it."""
        n, rows = self.hidden.shape[0], self._rows()
        limits = np.zeros(rows.size, int)
        limits[:n] = steps
        with jax.enable_x64(True):
            while True:
                start = (self._gathered(self.hidden[rows]), self._gathered(vectors[rows]))
                out = compiled_steps.push(self._step(), self._parameters(rows), *start, limits)
                hidden, pushed, seen = jax.tree.map(np.asarray, out)
                if not self._escaped(seen):
                    break
        self.hidden = self._scattered(hidden[:n])
        return self._scattered(pushed[:n])

    def diverged(self) -> Bool[np.ndarray, " orbits"]:
        """Whether each orbit has left for good."""
        return self.left_at >= 0

    def keep(self, which: np.ndarray) -> None:
        """Go on with some of the orbits only (a mask, or row numbers)."""
        self.hidden, self.left_at, self.limits = self.hidden[which], self.left_at[which], self.limits[which]
        self.total, self.squares = self.total[which], self.squares[which]
        self.vectors = None if self.vectors is None else self.vectors[which]

    def carry_on(self, parts: "list[Orbits]") -> None:
        """Go on with the measurements of other orbits that have come equally far: these are all of them together."""
        self.steps, self._measured = parts[0].steps, parts[0]._measured
        self.left_at = np.concatenate([part.left_at for part in parts])
        self.limits = np.concatenate([part.limits for part in parts])
        self.total = np.concatenate([part.total for part in parts])
        self.squares = np.concatenate([part.squares for part in parts])
        vectors = [part.vectors for part in parts if part.vectors is not None]
        self.vectors = np.concatenate(vectors) if vectors else None
        if any(part.tangent_precision == np.float64 for part in parts):
            self.tangent_precision = np.float64

    def amplitude(self) -> Float[np.ndarray, " orbits"]:
        """Return the root mean square distance of the measured states from their mean."""
        with np.errstate(over="ignore", invalid="ignore"):  # of an orbit that has diverged
            mean = self.total / max(self._measured, 1)
            return np.sqrt(np.maximum(self.squares / max(self._measured, 1) - (mean**2).sum(axis=1), 0.0))

    @abstractmethod
    def forget_silent_units(self) -> None:
        """Leave out of the work what is silent now, if the map has such units."""

    def expect(self, active: Bool[np.ndarray, " units"]) -> None:  # noqa: B027
        """Be prepared for units that may become active, if any can be silent: a long call is not repeated then."""

    def _rows(self) -> Int[np.ndarray, " padded"]:
        """Return which orbit each row of a compiled batch stands for: the last one is repeated to a common size."""
        n = self.hidden.shape[0]
        return np.minimum(np.arange(next((size for size in BATCHES if size >= n), n)), n - 1)

    def _pass(
        self, steps: int, tangent: tuple[np.ndarray, np.ndarray] | None, vectors_ride: bool = True
    ) -> dict[str, Any]:
        n, rows = self.hidden.shape[0], self._rows()
        with jax.enable_x64(True):
            while True:
                begin = (
                    self._parameters(rows),
                    self._gathered(self.hidden[rows]),
                    np.minimum(self.left_at[rows], 0),
                    self.limits[rows],
                )
                if tangent is None:
                    room = next(room for room in _ROOMS if room >= steps)
                    out = compiled_steps.follow(self._step(), room, steps, *begin, self._code_weights())
                else:
                    axes, bank = (self._gathered(values) for values in (tangent[0][rows], tangent[1]))
                    precision = np.dtype(self.tangent_precision)
                    vectors = None
                    if vectors_ride:
                        assert self.vectors is not None
                        vectors = self._gathered(self.vectors[rows]).astype(precision)
                    riding = (vectors, axes, bank.astype(precision))
                    out = compiled_steps.measure(
                        self._step(), self.between_growths, *begin, *riding, self._code_weights()
                    )
                found = jax.tree.map(np.asarray, out)
                if tangent is None:
                    found |= {name: found[name][:steps] for name in ("codes", "states")}
                lost = tangent is not None and self._is_too_coarse(found["growths"][:, :n])
                if not (self._escaped(found["seen"]) or lost):
                    break
        self.hidden = self._scattered(found["hidden"][:n])
        just_left = (self.left_at < 0) & (found["left"][:n] >= 0)
        self.left_at[just_left] = self.steps + found["left"][:n][just_left]
        self.steps += steps
        return found

    def _is_too_coarse(self, growths: np.ndarray) -> bool:
        """Whether single precision has lost a direction in another one, and the call must be repeated in double."""
        if self.tangent_precision == np.float64 or not np.isneginf(growths).any():
            return False
        self.tangent_precision = np.float64
        return True

    def _passage(self, found: dict[str, np.ndarray], states: bool) -> Passage:
        n = self.hidden.shape[0]
        return Passage(found["codes"][:, :n], self._scattered(found["states"][:, :n]) if states else None)

    @abstractmethod
    def _step(self) -> MapStep:
        """Return what takes a step."""

    @abstractmethod
    def _parameters(self, rows: np.ndarray) -> Any:
        """Return its parameters for some orbits."""

    def _code_weights(self) -> np.ndarray:
        return np.zeros(0, np.uint64)

    def _escaped(self, seen: tuple[np.ndarray, np.ndarray]) -> bool:
        """Whether units outside those that were worked on have become active, so that the call must be repeated."""
        return False

    def _worked_on(self) -> Int[np.ndarray, " units"] | None:
        """Return the units that are worked on; None where they are all."""
        return None

    def _gathered(self, values: np.ndarray) -> np.ndarray:
        """Return the values (last axis: units) of the units that are worked on."""
        return values

    def _scattered(self, values: np.ndarray) -> np.ndarray:
        """Return the values of all units, from those of the units that are worked on."""
        return values


BATCHES = (1, 4, 8, 32, 64, 128, 256, 512, 1024)
"""Sizes of a batch for which code is compiled; others are filled up to the next one."""


def side_by_side(n_units: int) -> int:
    """Return how many orbits are best advanced together.

    Enough to keep the processor's multipliers busy, and no more: the fewer they are, the more units are silent in all
    of them, and are left out.
    """
    return min(max(_ENTRIES // n_units, 8), 64)


_ENTRIES = 2048
