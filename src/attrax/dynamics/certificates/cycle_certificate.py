"""Exact certificates of cycles of ReLU networks.

While an orbit keeps the activation pattern of each step, a ReLU network is an affine map. Solve that map for its
cycle, check that the cycle really has those patterns, that it attracts, and that the orbit is so close to it that
no unit can ever switch again: then the orbit's future is known for good.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from attrax.dynamics.certificates.certificate import (
    LARGEST_RADIUS,
    MARGIN_OVER_ROUNDING,
    NEUTRAL_BAND,
    RESIDUAL,
    Certificate,
    eigen,
    error_growth,
    growth_bound,
    inverse_norm,
    is_minimal,
    leading_exponents,
)
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.orbits.relu_orbits import ReluOrbits


def certify_cycle(
    relu_map: ReluMap, hidden: Float[np.ndarray, " units"], period: int, generator: np.random.Generator
) -> Certificate:
    """Certify that the orbit of a state goes to a cycle of a given minimal period.

    Parameters
    ----------
    relu_map, hidden
        The map, and the state.
    period
        Candidate: after this many steps the orbit comes back near `hidden`.
    generator
        For the directions that find the range of the Jacobian over one long period, which has few dimensions.
    """
    cycle = _find_cycle(relu_map, hidden, period, generator)
    if isinstance(cycle, Certificate):
        return cycle
    drives = np.abs(cycle.states[:-1] @ relu_map.weights.T + relu_map.bias)
    scale = max(float(np.abs(cycle.states).max()), 1e-300)
    rounding = np.finfo(float).eps * (
        np.abs(relu_map.weights) @ np.abs(cycle.states).max(axis=0) + np.abs(relu_map.bias)
    )
    moving = relu_map.weights.any(axis=1)  # a unit without input never switches
    eigenvalues = cycle.eigenvalues
    radius = float(np.abs(eigenvalues).max(initial=0.0))
    exists = bool((drives >= MARGIN_OVER_ROUNDING * rounding).all()) and radius < LARGEST_RADIUS
    # From the second period on the deviation is P_t basis C^n y: bound it at every step by the growth of C. That
    # holds for this orbit, which has kept the cycle's patterns for a period, if no unit is active that is silent there.
    silent = np.setdiff1d(np.arange(relu_map.n_units), cycle.linear.units)
    stays = exists and not hidden[silent].any()
    steps_to_go = np.nan
    if stays:
        approach = _Approach.of(cycle, relu_map)
        reach, growth, deviation = approach.reach, approach.growth, approach.deviation
        stays = bool(np.isfinite(growth)) and bool(((reach * growth * deviation < drives) | ~moving).all())
        if not stays and np.isfinite(growth) and radius > 0:
            with np.errstate(divide="ignore", invalid="ignore"):  # a unit without input from active units
                too_far = float((reach[:, moving] * growth * deviation / drives[:, moving]).max())
            steps_to_go = period * (1 + np.log(max(too_far, 1.0)) / -np.log(radius))
    if stays:
        off, noise = _off_by_rounding(cycle, relu_map, approach, float(np.linalg.norm(rounding)))
        stays = bool(((off < drives) | ~moving).all() and approach.growth * noise < 1 - radius)
        eigenvalues = np.where(np.abs(eigenvalues) > noise, eigenvalues, 0.0)  # below it, an eigenvalue is none
        radius = float(np.abs(eigenvalues).max(initial=0.0))
    lost = np.zeros(relu_map.n_units - eigenvalues.size)
    return Certificate(
        period=period,
        certified=stays,
        state=cycle.states[0],
        radius=radius,
        residual=float(np.abs(cycle.states[-1] - cycle.states[0]).max()) / scale,
        margin=float(drives[:, moving].min(initial=np.inf)) / scale,
        steps_to_go=float(steps_to_go),
        exponents=leading_exponents(np.concatenate([eigenvalues, lost]), period),
    )


@dataclass(frozen=True)
class _Approach:
    """How an orbit that is near a cycle comes nearer to it, were there no rounding."""

    deviation: float
    """Its distance from the cycle after one period."""
    growth: float
    """By how much deviations can grow before they shrink, at most."""
    reach: Float[np.ndarray, "period units"]
    """How far a deviation of norm 1 moves each drive at each step."""
    gaps: Float[np.ndarray, " period1"]
    """What is left after each step of the gap where the solved cycle should close."""
    largest: float
    """By how much the directions that last a period grow within it, at most."""

    @classmethod
    def of(cls, cycle: "_Cycle", relu_map: ReluMap) -> "_Approach":
        units, gap = cycle.linear.units, cycle.states[-1] - cycle.states[0]
        deviation = float(np.linalg.norm(cycle.near - cycle.states[-1]))
        growth = growth_bound(cycle.jacobian, cycle.vectors)
        return cls(deviation, growth, *_reach(cycle, relu_map.weights[:, units], gap[units]))


def _off_by_rounding(
    cycle: "_Cycle", relu_map: ReluMap, approach: _Approach, error: float
) -> tuple[Float[np.ndarray, "period units"], float]:
    """Return how far each drive may be off at each step with rounding, and the noise of the period's Jacobian.

    What rounding does, to the states of the cycle and to the orbit: errors of this period and of the one before, in any
    direction, and those from before, which are left on the range of the period's Jacobian alone.

    Parameters
    ----------
    cycle, relu_map, approach
        The cycle, its map, and how the orbit comes nearer without rounding.
    error
        Norm of the rounding error of one step.
    """
    first, second = error_growth(cycle.linear.push_roughly, len(cycle.linear.active), cycle.linear.units.size)
    before = inverse_norm(cycle.jacobian) * float(error * second[-1] + approach.gaps[-1])
    deviation = approach.deviation + (2 * error * float(first[-1]) + 3 * before)
    rows = np.linalg.norm(relu_map.weights[:, cycle.linear.units], axis=1)
    recent = error * np.concatenate([first[-1:], second[:-1]]) + approach.gaps[:-1]
    with np.errstate(invalid="ignore"):  # errors without a bound
        off = approach.reach * approach.growth * deviation + 2 * rows * recent[:, None]
    return off, np.finfo(float).eps * float(first[-1]) * approach.largest


def rounding_growth(relu_map: ReluMap, states: Float[np.ndarray, "period units"]) -> float:
    """Return by how much rounding errors can have grown anywhere along a cycle (see `error_growth`)."""
    patterns = states @ relu_map.weights.T + relu_map.bias > 0
    linear = _FrozenMap(relu_map, patterns)
    return float(error_growth(linear.push_roughly, len(linear.active), linear.units.size)[1].max())


def _reach(
    cycle: "_Cycle", to_drives: Float[np.ndarray, "units active"], gap: Float[np.ndarray, " active"]
) -> tuple[Float[np.ndarray, "period units"], Float[np.ndarray, " period1"], float]:
    """Follow the directions that last a period along the cycle, and the gap that is left where it should close.

    Returns
    -------
    How far a deviation of norm 1 along those directions moves each drive at each step, the length of the gap after
    each step, and by how much the directions grow at most.
    """
    period, rank = cycle.states.shape[0] - 1, cycle.basis.shape[1]
    reach, gaps, largest = np.zeros((period, to_drives.shape[0])), np.empty(period + 1), 1.0
    gaps[0], now = np.linalg.norm(gap), np.column_stack([cycle.basis, gap])
    together = max(_TOGETHER // now.size, 1)
    for first in range(0, period, together):
        along = np.empty((min(together, period - first), *now.shape))
        for step in range(len(along)):
            along[step] = now
            now = cycle.linear.push(first + step, now)
            gaps[first + step + 1] = np.linalg.norm(now[:, rank])
        for direction in range(rank):
            reach[first : first + together] += (along[:, :, direction] @ to_drives.T) ** 2
        sizes = np.einsum("sud,sud->s", along[:, :, :rank], along[:, :, :rank])
        largest = max(largest, float(np.sqrt(sizes.max(initial=0.0))))
    return np.sqrt(reach), gaps, largest


_TOGETHER = 1_000_000  # numbers of directions that are multiplied with the weights at once


@dataclass(frozen=True)
class _Cycle:
    """A cycle that has the patterns it was solved with, and its Jacobian over one period on its range."""

    states: Float[np.ndarray, "steps1 units"]
    linear: "_FrozenMap"
    basis: np.ndarray
    jacobian: np.ndarray
    eigenvalues: np.ndarray
    vectors: np.ndarray
    near: Float[np.ndarray, " units"]
    """Where the orbit is after one period."""


_FARTHEST = 0.3  # of the orbit's diameter: a solution beyond it belongs to no return of this orbit


def _find_cycle(
    relu_map: ReluMap, hidden: np.ndarray, period: int, generator: np.random.Generator
) -> _Cycle | Certificate:
    """Solve for the cycle of the patterns of an orbit; a certificate that certifies nothing where there is none.

    A cycle with other patterns than the orbit's (SCYFI would take those, and solve again) proves nothing yet about
    this orbit.
    """
    nothing = Certificate(period, certified=False)
    orbit, patterns = follow_with_patterns(relu_map, hidden, period)
    if _goes_far(relu_map, hidden, orbit):
        return nothing
    linear = _FrozenMap(relu_map, patterns)
    reduced = _reduce(linear, hidden[linear.units], orbit[-1, linear.units], generator)
    if reduced is None:
        return nothing
    basis, jacobian, offset, image = reduced
    eigenvalues, vectors = eigen(jacobian)
    if abs(float(np.abs(eigenvalues).max(initial=0.0)) - 1) < NEUTRAL_BAND:
        closes = np.abs(orbit[-1] - hidden).max() <= RESIDUAL * max(np.abs(hidden).max(), 1e-300)
        return Certificate(period, certified=False, neutral=bool(closes))
    # Every state after one period is `offset + basis y`; the cycle is the fixed point of that affine map.
    state = np.zeros_like(hidden)
    try:
        state[linear.units] = offset + basis @ np.linalg.solve(np.eye(jacobian.shape[0]) - jacobian, image)
    except np.linalg.LinAlgError:
        return nothing
    diameter = float(np.linalg.norm(orbit - hidden, axis=1).max())
    if not (np.linalg.norm(state - hidden) <= max(_FARTHEST * diameter, 1e-9 * float(np.linalg.norm(hidden)))):
        return nothing
    states, found = follow_with_patterns(relu_map, state, period)
    scale = max(float(np.abs(states).max()), 1e-300)
    residual = float(np.abs(states[-1] - states[0]).max()) / scale
    if not ((found == patterns).all() and residual <= RESIDUAL and is_minimal(states[:-1], scale)):
        return nothing
    return _Cycle(states, linear, basis, jacobian, eigenvalues, vectors, orbit[-1])


_FAR = 1.0  # times what a solution may be away


def _goes_far(relu_map: ReluMap, hidden: Float[np.ndarray, " units"], orbit: Float[np.ndarray, "steps1 units"]) -> bool:
    """Whether an orbit that moves by about as much in a period as in the one before goes beyond all that is near it.

    Where deviations along its own step shrink by μ a period, it ends |step| / (1 - μ) away (Aitken). Orbits on curves
    that keep their patterns for a while are told so, without the range of the Jacobian.
    """
    period = orbit.shape[0] - 1
    after = ReluOrbits(relu_map.weights, relu_map.bias[None], relu_map.leak, orbit[-1:]).states_along(period)[-1, 0]
    step, next_step = orbit[-1] - hidden, after - orbit[-1]
    length = float(step @ step)
    if not length > 0:
        return False
    shrinks = 1 - float(step @ next_step) / length
    diameter = float(np.linalg.norm(orbit - hidden, axis=1).max())
    allowed = _FAR * max(_FARTHEST * diameter, 1e-9 * float(np.linalg.norm(hidden)))
    return bool(np.sqrt(length) > allowed * abs(shrinks))


class _FrozenMap:
    """The affine map of a sequence of activation patterns, on the units that are ever active in it."""

    def __init__(self, relu_map: ReluMap, patterns: Bool[np.ndarray, "steps units"]) -> None:
        self.leak = relu_map.leak
        used = patterns.any(axis=0) if self.leak == 1 else np.ones(relu_map.n_units, bool)
        self.units = np.flatnonzero(used)
        self.block = np.ascontiguousarray(relu_map.weights[np.ix_(self.units, self.units)])
        self.active = patterns[:, self.units].astype(float)

    def push_roughly(self, step: int, vectors: Float[np.ndarray, "units count"]) -> Float[np.ndarray, "units count"]:
        """Apply the Jacobian of one step in single precision: half the time, where sizes are all that is asked."""
        block, active = self._rough
        pushed = active[step] * (block @ vectors)
        return pushed if self.leak == 1 else (1 - self.leak) * vectors + self.leak * pushed

    @cached_property
    def _rough(self) -> tuple[Float[np.ndarray, "units units"], Float[np.ndarray, "steps units 1"]]:
        return self.block.astype(np.float32), self.active.astype(np.float32)[:, :, None]

    def push(self, step: int, vectors: Float[np.ndarray, "units count"]) -> Float[np.ndarray, "units count"]:
        """Apply the Jacobian of one step."""
        pushed = self.active[step][:, None] * (self.block @ vectors)
        return pushed if self.leak == 1 else (1 - self.leak) * vectors + self.leak * pushed

    def push_all(self, vectors: Float[np.ndarray, "units count"]) -> Float[np.ndarray, "units count"]:
        """Apply the Jacobian of all steps."""
        with np.errstate(over="ignore", invalid="ignore"):  # along a chaotic orbit; the caller looks
            for step in range(self.active.shape[0]):
                vectors = self.push(step, vectors)
        return vectors


def _reduce(
    linear: _FrozenMap, start: np.ndarray, offset: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
    """Write the affine map over all steps, M h + c, as one of few dimensions.

    Parameters
    ----------
    linear, start, offset
        The map, a state, and f, the state's image.
    generator
        Of the directions that find the range.

    Returns
    -------
    basis Q with orthonormal columns that span the range of M; C = Qᵀ M Q; f; and Qᵀ (M f + c - f) = Qᵀ M (f - start):
    the map takes f + Q y to f + Q (C y + Qᵀ(M f + c - f)).

    Notes
    -----
    Over a long period all but a few directions contract below rounding, and the range is found from the images of
    random directions (Halko, Martinsson, Tropp, SIAM Review 53, 2011). None if the map grows without bound.
    """
    units, steps = linear.units.size, linear.active.shape[0]
    probes = units if units <= 24 or steps <= 8 else 16 if steps <= 200 else 6
    while True:
        directions = np.eye(units) if probes == units else generator.standard_normal((units, probes))
        image = linear.push_all(directions)
        if not np.isfinite(image).all():  # grows without bound: no attracting cycle
            return None
        left, sizes, _ = np.linalg.svd(image, full_matrices=False)
        largest = float(sizes.max(initial=0.0))
        rank = int((sizes > 1e-14 * largest).sum()) if largest > 1e-290 else 0
        if rank < probes or probes == units:
            break
        probes = min(4 * probes, units)  # more directions survive than were probed
    basis = left[:, :rank]
    pushed = linear.push_all(np.column_stack([basis, offset - start]))
    if not np.isfinite(pushed).all():
        return None
    return basis, basis.T @ pushed[:, :-1], offset, basis.T @ pushed[:, -1]


def follow_with_patterns(
    relu_map: ReluMap, hidden: Float[np.ndarray, " units"], steps: int
) -> tuple[Float[np.ndarray, "steps1 units"], Bool[np.ndarray, "steps units"]]:
    """Return the states of an orbit (the start included) and the pattern of each step.

    An orbit that diverges stands still from there on.
    """
    orbits = ReluOrbits(relu_map.weights, relu_map.bias[None], relu_map.leak, hidden[None])
    after = orbits.states_along(steps)[:, 0]
    orbit = np.concatenate([hidden[None], after])
    # Without a leak term a unit is active if it is not zero after the step.
    patterns = after > 0 if relu_map.leak == 1 else orbit[:-1] @ relu_map.weights.T + relu_map.bias > 0
    return orbit, patterns
