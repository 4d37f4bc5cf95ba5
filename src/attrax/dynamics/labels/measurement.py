"""What can be measured along orbits: exponents, coordinates, patterns, and the last states."""

from copy import copy
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from attrax.dynamics.labels.map_family import MapFamily
from attrax.dynamics.orbits.compiled_steps import CHUNK
from attrax.dynamics.orbits.many_orbits import PIECE, Orbits, Passage

N_AXES = 4
_ERROR_BLOCKS = 20
_AXES_STRIDE = 5


@dataclass(frozen=True)
class Measurement:
    """Several orbits, followed side by side with tangent vectors."""

    steps: int
    """Steps over which exponents and points were measured."""
    exponents: Float[np.ndarray, "orbits exponents"]
    """Lyapunov exponents, largest first."""
    exponent_error: Float[np.ndarray, "orbits exponents"]
    """Standard errors over 20 blocks."""
    points: Float[np.ndarray, "steps orbits axes"]
    """Coordinates along the orbit's first principal axes."""
    amplitude: Float[np.ndarray, " orbits"]
    """Root mean square distance of the states from their mean."""
    trail: list[Passage]
    """The patterns of the last 2K steps, and more than the last K states."""
    orbits: Orbits
    """As the last step has left them."""

    def last_states(self, orbit: int) -> Float[np.ndarray, "steps units"]:
        """Return the last states of one orbit, the very last one included."""
        states: list[np.ndarray] = []
        for passage in reversed(self.trail):
            if passage.states is None:  # an earlier look has left a gap here
                break
            states.append(passage.states[:, orbit])
        return np.concatenate(states[::-1])


class Run:
    """Orbits that are being measured: followed as far as asked, looked at, and followed further.

    Parameters
    ----------
    family, numbers, hidden
        The orbits and where they are now.
    largest_period
        K.
    bank
        Random directions: see `Orbits.measure`.
    """

    def __init__(
        self,
        family: MapFamily,
        numbers: Int[np.ndarray, " orbits"],
        hidden: Float[np.ndarray, "orbits units"],
        largest_period: int,
        bank: Float[np.ndarray, "vectors units"],
    ) -> None:
        self.numbers, self.orbits = numbers, family.orbits(numbers, hidden)
        self._bank = bank
        self._axes = _principal_axes(self.orbits)
        # K steps back from the last state is one state more than K.
        self._with_states, self._with_codes = largest_period // CHUNK + 1, -(-2 * largest_period // CHUNK)
        self._trail: list[Passage] = []
        self._points: list[np.ndarray] = []
        self._growths: list[np.ndarray] = []

    def measure_until(self, steps: int) -> Measurement:
        """Follow the orbits until they have been measured for a number of steps (rounded up to whole chunks)."""
        chunks = -(-steps // CHUNK)
        for chunk in range(len(self._points), chunks):
            measured = self.orbits.measure(self._axes, self._bank, states=chunk >= chunks - self._with_states)
            self._points.append(measured.points)
            self._growths.append(measured.growths)
            self._trail = [*self._trail, measured.passage][-self._with_codes :]
        growth = np.concatenate(self._growths)
        blocks = [block.mean(axis=0) / self.orbits.between_growths for block in np.array_split(growth, _ERROR_BLOCKS)]
        exponents = growth.mean(axis=0) / self.orbits.between_growths
        with np.errstate(invalid="ignore"):
            errors = np.std(blocks, axis=0, ddof=1) / np.sqrt(_ERROR_BLOCKS)
        return Measurement(
            steps=len(self._points) * CHUNK,
            exponents=exponents,
            exponent_error=np.where(np.isfinite(exponents), errors, 0.0),
            points=np.concatenate(self._points),
            amplitude=self.orbits.amplitude(),
            trail=self._trail,
            orbits=self.orbits,
        )

    def keep(self, which: np.ndarray) -> None:
        """Go on with some of the orbits only (a mask, or row numbers), and forget the states so far."""
        self.numbers, self._axes = self.numbers[which], self._axes[which]
        self.orbits.keep(which)
        self._trail = [Passage(passage.codes[:, which]) for passage in self._trail]
        self._points = [points[:, which] for points in self._points]
        self._growths = [growths[:, which] for growths in self._growths]


def alike_together(active: Bool[np.ndarray, "orbits units"], at_once: int) -> Int[np.ndarray, " orbits"]:
    """Return an order of orbits in which those that are measured together have few different active units."""
    left, order = np.arange(len(active)), []
    while left.size:
        first, left = left[:1], left[1:]
        order.append(first)
        seen = active[first[0]]
        for _ in range(min(at_once - 1, left.size)):
            nearest = int(np.argmin((active[left] & ~seen).sum(axis=1)))
            order.append(left[nearest : nearest + 1])
            seen = seen | active[left[nearest]]
            left = np.delete(left, nearest)
    return np.concatenate(order) if order else left


def regrouped(family: MapFamily, runs: list[Run], at_once: int) -> list[Run]:
    """Go on with all orbits of some runs that have come equally far, in as few runs as hold them."""
    if len(runs) < 2:
        return runs
    whole = copy(runs[0])
    whole.numbers = np.concatenate([run.numbers for run in runs])
    whole.orbits = family.orbits(whole.numbers, np.concatenate([run.orbits.hidden for run in runs]))
    whole.orbits.carry_on([run.orbits for run in runs])
    whole._axes = np.concatenate([run._axes for run in runs])
    trails = zip(*(run._trail for run in runs), strict=True)
    whole._trail = [Passage(np.concatenate([passage.codes for passage in passages], axis=1)) for passages in trails]
    whole._points = [np.concatenate(points, axis=1) for points in zip(*(run._points for run in runs), strict=True)]
    growths = zip(*(run._growths for run in runs), strict=True)
    whole._growths = [np.concatenate(growth, axis=1) for growth in growths]
    regrouped = []
    for first in range(0, whole.numbers.size, at_once):
        part = copy(whole)
        part.orbits = copy(whole.orbits)
        part.keep(np.arange(first, min(first + at_once, whole.numbers.size)))
        part.orbits.forget_silent_units()
        regrouped.append(part)
    return regrouped


def _principal_axes(orbits: Orbits) -> Float[np.ndarray, "orbits axes units"]:
    """Return the first principal axes of each orbit's states over some steps (and take those steps)."""
    states = orbits.record(PIECE)[_AXES_STRIDE - 1 :: _AXES_STRIDE]
    states = np.where(np.abs(states) < 1e100, states, 0.0)  # an orbit that diverges is told by its norm
    centred = (states - states.mean(axis=0)).transpose(1, 0, 2)
    # From the eigenvectors of the small matrix of inner products between states.
    _, vectors = np.linalg.eigh(centred @ centred.transpose(0, 2, 1))
    axes = vectors[:, :, ::-1][:, :, : min(N_AXES, centred.shape[2])].transpose(0, 2, 1) @ centred
    return axes / np.maximum(np.linalg.norm(axes, axis=2, keepdims=True), 1e-300)
