"""What can be measured along orbits: exponents, coordinates, patterns, and the last states."""

from copy import copy
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from attrax.dynamics.labels.birkhoff import weights
from attrax.dynamics.labels.map_family import MapFamily
from attrax.dynamics.labels.set_samples import common_axes
from attrax.dynamics.orbits.compiled_steps import CHUNK
from attrax.dynamics.orbits.many_orbits import PIECE, Orbits, Passage

N_AXES = 4
SAMPLED = 10_000
"""The last steps of which samples are kept."""
_ERROR_BLOCKS = 20
_AXES_STRIDE = 5
_TURNING = 2  # chunks
_ZERO, _CLEAR = 0.25, 3.0  # of the zero band


@dataclass(frozen=True)
class Measurement:
    """Several orbits, followed side by side with tangent vectors."""

    steps: int
    """Steps over which exponents and points were measured."""
    exponents: Float[np.ndarray, "orbits exponents"]
    """Lyapunov exponents, largest first."""
    weighted_exponents: Float[np.ndarray, "orbits exponents"]
    """The same as weighted Birkhoff averages: of a regular orbit they are known far better, of a chaotic one worse."""
    exponent_error: Float[np.ndarray, "orbits exponents"]
    """Standard errors over 20 blocks."""
    points: Float[np.ndarray, "steps orbits axes"]
    """Coordinates along the orbit's first principal axes."""
    axes: Float[np.ndarray, "orbits axes units"]
    """The axes of `points`."""
    amplitude: Float[np.ndarray, " orbits"]
    """Root mean square distance of the states from their mean."""
    trail: list[Passage]
    """The patterns of the last 2K steps, and more than the last K states."""
    sample: Float[np.ndarray, "last orbits common"]
    """The last steps along axes that are common to all orbits; none where they were not asked for."""
    orbits: Orbits
    """As the last step has left them."""

    def of(self, row: int) -> "Measurement":
        """Return what was measured of one orbit, without what it passed through last."""
        one = slice(row, row + 1)
        trail = [Passage(passage.codes[:, one].copy()) for passage in self.trail]
        return Measurement(
            self.steps, self.exponents[one], self.weighted_exponents[one], self.exponent_error[one],
            self.points[:, one].copy(), self.axes[one], self.amplitude[one], trail, self.sample[:0, one], self.orbits,
        )  # fmt: skip

    def last_states(self, orbit: int) -> Float[np.ndarray, "steps units"]:
        """Return the last states of one orbit, the very last one included."""
        states: list[np.ndarray] = []
        for passage in reversed(self.trail):
            if passage.states is None:  # an earlier look has left a gap here
                break
            states.append(passage.states_of(orbit))
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
    sampled
        Whether to keep samples of the sets that the orbits run on.
    """

    def __init__(
        self,
        family: MapFamily,
        numbers: Int[np.ndarray, " orbits"],
        hidden: Float[np.ndarray, "orbits units"],
        largest_period: int,
        bank: Float[np.ndarray, "vectors units"],
        sampled: bool = False,
    ) -> None:
        self.numbers, self.orbits = numbers, family.orbits(numbers, hidden)
        self._bank, self._sampled, self._common = bank, sampled, common_axes(hidden.shape[1])
        self.tangents = True
        """Whether exponents are measured from here on."""
        self._axes = _principal_axes(self.orbits)
        # K steps back from the last state is one state more than K.
        self._with_states, self._with_codes = largest_period // CHUNK + 1, -(-2 * largest_period // CHUNK)
        self._trail: list[Passage] = []
        self._points: list[np.ndarray] = []
        self._sample: list[np.ndarray] = []
        self._growths: list[np.ndarray] = []

    def measure_until(self, steps: int, states: bool = True) -> Measurement:
        """Follow the orbits until they have been measured for a number of steps (rounded up to whole chunks).

        Without the last states, where only exponents are to be looked at.
        """
        chunks = -(-steps // CHUNK)
        for chunk in range(len(self._points), chunks):
            common = np.broadcast_to(self._common, (len(self._axes), *self._common.shape))
            axes = np.concatenate([self._axes, common], axis=1)
            kept = states and chunk >= chunks - self._with_states
            # Near returns ask along which directions deviations last; vectors turn to those within some hundred steps.
            riding = self.tangents or chunk >= chunks - _TURNING
            measured = self.orbits.measure(axes, self._bank, kept, riding)
            own, sample = np.split(measured.points, [self._axes.shape[1]], axis=2)
            self._points.append(own.copy())
            if self._sampled:
                self._sample = [*self._sample, sample.copy()][-SAMPLED // CHUNK :]
            if self.tangents:
                self._growths.append(measured.growths)
            self._trail = [*self._trail, measured.passage][-self._with_codes :]
        growth = np.concatenate(self._growths)
        blocks = [block.mean(axis=0) / self.orbits.between_growths for block in np.array_split(growth, _ERROR_BLOCKS)]
        exponents, weighted = self._exponents()
        with np.errstate(invalid="ignore"):
            errors = np.std(blocks, axis=0, ddof=1) / np.sqrt(_ERROR_BLOCKS)
        return Measurement(
            steps=len(self._points) * CHUNK,
            exponents=exponents,
            weighted_exponents=weighted,
            exponent_error=np.where(np.isfinite(exponents), errors, 0.0),
            points=np.concatenate(self._points),
            axes=self._axes,
            amplitude=self.orbits.amplitude(),
            trail=self._trail,
            sample=np.concatenate(self._sample)
            if self._sample
            else np.empty((0, len(self.numbers), len(self._common))),
            orbits=self.orbits,
        )

    def on_curves(self, band: float) -> Bool[np.ndarray, " orbits"]:
        """Say which exponents are those of a curve, by so wide a margin that they need not be known better.

        Parameters
        ----------
        band
            Of exponents that are not told from zero after the whole run.
        """
        exponents = self._exponents()[1]
        if exponents.shape[1] < 2:
            return np.zeros(len(exponents), bool)
        return (np.abs(exponents[:, 0]) <= _ZERO * band) & (exponents[:, 1] <= -_CLEAR * band)

    def _exponents(self) -> tuple[Float[np.ndarray, "orbits exponents"], Float[np.ndarray, "orbits exponents"]]:
        """Return plain and weighted averages."""
        growth = np.concatenate(self._growths)
        counted = weights(len(growth))
        some = counted > 0  # the bump vanishes at both ends
        weighted = np.tensordot(counted[some], growth[some], 1)
        return growth.mean(axis=0) / self.orbits.between_growths, weighted / self.orbits.between_growths

    def forget_states(self) -> None:
        """Let go of the last states: the next look keeps its own."""
        self._trail = [Passage(passage.codes) for passage in self._trail]

    def keep(self, which: np.ndarray) -> None:
        """Go on with some of the orbits only (a mask, or row numbers), and forget the states so far."""
        self.numbers, self._axes = self.numbers[which], self._axes[which]
        self.orbits.keep(which)
        self._trail = [Passage(passage.codes[:, which]) for passage in self._trail]
        self._points = [points[:, which] for points in self._points]
        self._sample = [points[:, which] for points in self._sample]
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


def without_tangents(family: MapFamily, runs: list[Run], which: list[np.ndarray], at_once: int) -> list[Run]:
    """Let some orbits of some runs go on without tangent vectors, and the others with them, in runs of their own."""
    divided: list[Run] = []
    for tangents in (True, False):
        parts = []
        for run, some in zip(runs, which, strict=True):
            chosen = ~some if tangents else some
            if chosen.any():
                part = copy(run)
                part.orbits, part.tangents = copy(run.orbits), tangents
                part.keep(chosen)
                parts.append(part)
        divided += regrouped(family, parts, at_once)
    return divided


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
    whole._sample = [np.concatenate(points, axis=1) for points in zip(*(run._sample for run in runs), strict=True)]
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
