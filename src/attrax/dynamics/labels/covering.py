"""The rest of a set that an orbit has sampled in part: followed, or leapt along where the orbit hardly moves."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

from attrax.dynamics.labels.map_family import MapFamily, ReluFamily
from attrax.dynamics.labels.same_set import Sameness, compare
from attrax.dynamics.labels.set_samples import SetSample, common_axes

Follow: TypeAlias = Callable[[Float[np.ndarray, " units"], int], Float[np.ndarray, "steps units"]]
"""Returns the states after each of some steps from a state."""

_COVERED = 0.01  # of the size: narrower holes are none
_LEAP = 0.004  # of the size: what a leap leaves the curve by is of second order, and shrinks before the next
_RELAXATIONS = 5
_MOST_STEPS = 200_000
_LONGER = 4
_TURN = 4
_TURNS = 2.5  # so that another pass lies beside every point
_PASSES = 3


class SampledSet:
    """The set on which an orbit runs, sampled: further where that is needed to tell it from another one.

    Parameters
    ----------
    family, orbit, state
        The map, by the number of its orbit, and the state where the sample ends.
    sample
        Points of consecutive steps.
    dimension
        1 of a curve, 2 of a torus, else 0.
    relaxation
        Steps in which a deviation from a curve shrinks by a factor e.
    axes
        What the sample's coordinates are along; None: `common_axes`.
    """

    def __init__(
        self,
        family: MapFamily,
        orbit: int,
        state: Float[np.ndarray, " units"],
        sample: SetSample,
        dimension: int,
        relaxation: float,
        axes: Float[np.ndarray, "axes units"] | None = None,
    ) -> None:
        self._family, self._state = family.only(orbit), state
        self._axes = common_axes(state.size) if axes is None else axes
        self._dimension, self._relaxation = dimension, relaxation
        self._sample, self._widened = sample, False

    def compare(self, other: "SampledSet") -> Sameness:
        """Say whether two orbits of one map run on the same set, after sampling more of both where that is unclear."""
        self._cover()
        told = compare(self._sample, other._sample, self._dimension)
        if told == "unclear" and (self._widen() | other._widen()):
            told = compare(self._sample, other._sample, self._dimension)
        return told

    def holds(self, passed: Float[np.ndarray, "steps units"]) -> bool:
        """Whether an orbit that goes through some states is on this set for certain."""
        self._cover()
        return compare(self._sample, SetSample(passed @ self._axes.T), self._dimension) == "same"

    def is_curve(self) -> bool:
        """Whether it is a curve, for certain, after what the orbit has left out of it was sampled as well."""
        if self._sample.is_curve:
            return True
        self._cover()
        return self._sample.widest_hole <= _COVERED * self._sample.size and self._sample.is_curve

    def _cover(self) -> None:
        """Close the holes of a curve, once."""
        if self._dimension == 1 and self._sample.widest_hole > _COVERED * self._sample.size:
            self._widen()

    def _widen(self) -> bool:
        if self._widened:
            return False
        self._widened = True
        relaxation = self._relaxation if self._dimension == 1 else None
        at_least = 0.0 if isinstance(self._family, ReluFamily) else -np.inf
        self._sample = covering(self._sample, self._state, self._follow, self._axes, relaxation, at_least)
        return True

    def _follow(self, state: Float[np.ndarray, " units"], steps: int) -> Float[np.ndarray, "steps units"]:
        return self._family.orbits(np.array([0]), state[None]).states_along(steps)[:, 0]


def covering(
    sample: SetSample,
    state: Float[np.ndarray, " units"],
    follow: Follow,
    axes: Float[np.ndarray, "axes units"],
    relaxation: float | None,
    at_least: float = -np.inf,
) -> SetSample:
    """Return a sample that covers the set, as far as that can be had.

    An orbit that turns by nearly p/q of a circle a step stands in q places for long and drifts by a little every q
    steps: a million steps can be too few to see the curve. But q steps are nearly no step, and as the curve attracts,
    the orbit may be moved along its drift by many times that and be left to settle: what it runs through then is the
    rest of the curve.

    Parameters
    ----------
    sample, state
        What is known: points of consecutive steps, and the orbit's last state.
    follow
        Takes steps under the map.
    axes
        What the sample's coordinates are along.
    relaxation
        Steps in which a deviation from a curve shrinks by a factor e; None: the set is no curve, and is followed for
        longer.
    at_least
        The smallest activity that a unit can have.
    """
    if relaxation is None or not np.isfinite(relaxation):
        more = follow(state, _LONGER * len(sample.points)) @ axes.T
        return SetSample(np.concatenate([sample.points, more]))
    hole, (lag, drift) = sample.widest_hole, sample.nearest_return()
    slow = sample.slowness
    if slow > 1 and lag < _TURN * slow:  # not a whole turn has been seen, of which `slow` steps are a twenty-fifth
        lag, drift = 1, float(np.linalg.norm(sample.points[1:] - sample.points[:-1], axis=1).mean())
    whole = 2 * np.pi * sample.size if lag == 1 else hole
    longer = lag * whole / max(drift, 1e-300)
    if longer <= max(_PASSES * len(sample.points), _MOST_STEPS / 10):
        for _ in range(_PASSES):
            passed = follow(state, int((_TURNS if lag == 1 else 1.2) * longer) + lag)
            sample, state = SetSample(np.concatenate([sample.points, passed @ axes.T])), passed[-1]
            if sample.widest_hole <= _COVERED * sample.size:
                break
        return sample
    return _leap(sample, state, follow, axes, lag, _RELAXATIONS * relaxation, at_least)


def _leap(
    sample: SetSample,
    state: Float[np.ndarray, " units"],
    follow: Follow,
    axes: Float[np.ndarray, "axes units"],
    lag: int,
    relaxation: float,
    at_least: float,
) -> SetSample:
    """Leap along the drift until the next of the places is reached where the orbit has been."""
    settling = lag * int(np.ceil(max(relaxation, lag) / lag))
    places = sample.points[: max(len(sample.points) // lag, 1) * lag]
    # The places of the other groups, and of this one where it began: those that the drift is to reach.
    others = SetSample(np.concatenate([places[shift::lag] for shift in range(1, lag)])) if lag > 1 else None
    begun = state @ axes.T
    found, steps, gone = [sample.points], 0, 0.0
    reach = _LEAP * sample.size
    while steps < _MOST_STEPS:
        passed = follow(state, settling + lag)
        steps += settling + lag
        found.append(passed[-lag:] @ axes.T)
        before, after = passed[settling - 1], passed[-1]
        step = (after - before) * (reach / max(float(np.linalg.norm((after - before) @ axes.T)), 1e-300))
        state = np.maximum(after + step, at_least)
        gone += reach
        here = (after @ axes.T)[None]
        arrived = others is not None and gone > 3 * reach and float(others.distances_to(here)[0]) < 1.5 * reach
        round_once = gone > np.pi * sample.size and float(np.linalg.norm(here - begun)) < 1.5 * reach
        if arrived or round_once:
            return SetSample(np.concatenate(found), hole=2 * reach)
    return SetSample(np.concatenate(found), hole=sample.widest_hole)
