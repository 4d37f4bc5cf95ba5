"""Certificates of fixed points and cycles of smooth maps: Newton's method, and a ball that no orbit leaves.

For F = f^k with Jacobian J and |F(x + u) - F(x) - J u| <= c |u|² / 2, Newton-Kantorovich proves a fixed point near the
solved one. If S solves the Lyapunov equation of J, then in the norm of S the map contracts in a ball around it, and
an orbit inside that ball converges to it.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from attrax.dynamics.certificates.certificate import (
    LARGEST_RADIUS,
    NEUTRAL_BAND,
    RESIDUAL,
    Certificate,
    is_minimal,
    leading_exponents,
)
from attrax.dynamics.maps.smooth_map import SmoothMap

_NEWTON_STEPS = 20
_TINY = 1e-6  # of the state that Newton's method began with
_FARTHEST = 0.3  # of the orbit's diameter: a solution beyond it belongs to no return of this orbit
_AT_IT = 1e-6  # of the state's scale: so near, an orbit is at an attracting cycle for all that can be measured


@dataclass(frozen=True)
class SmoothCycle:
    """A cycle that Newton's method has found."""

    states: Float[np.ndarray, "period units"]
    jacobian: Float[np.ndarray, "units units"]
    """Over one period, at the first state."""
    residual: float
    """Distance between the first state and its image after one period, in units of the states' scale."""
    norms: Float[np.ndarray, " period"]
    """Spectral norms of the Jacobians of the steps."""
    curvature_of_a_step: float
    """Bound on the second derivative of one step; infinite where the map gives none."""
    within: float | None
    """A cycle is proved to exist within this distance of the solved one (see `proven_within`)."""


def certify_smooth_cycle(smooth_map: SmoothMap, hidden: Float[np.ndarray, " units"], period: int) -> Certificate:
    """Certify that the orbit of a state goes to a cycle of a given minimal period (1: a fixed point).

    Parameters
    ----------
    smooth_map, hidden
        The map, and the state. Without a bound on the map's curvature nothing is certified; then `reached`
        says that the orbit is at an attracting one.
    period
        Candidate: after this many steps the orbit comes back near `hidden`.
    """
    nothing = Certificate(period, certified=False)
    cycle = solve_smooth_cycle(smooth_map, hidden, period)
    if cycle is None:
        return nothing
    state, scale = cycle.states[0], max(float(np.abs(cycle.states).max()), 1e-300)
    eigenvalues = np.linalg.eigvals(cycle.jacobian)
    radius = float(np.abs(eigenvalues).max())
    distance = float(np.linalg.norm(hidden - state))
    if abs(radius - 1) < NEUTRAL_BAND:
        return Certificate(period, certified=False, neutral=distance <= _AT_IT * scale)
    diameter = float(np.linalg.norm(cycle.states - state, axis=1).max())
    if distance > max(_FARTHEST * diameter, _AT_IT * scale) and period > 1:
        return nothing
    exists = radius < LARGEST_RADIUS
    return Certificate(
        period=period,
        certified=exists and _is_trapped(cycle, hidden),
        reached=exists and distance <= _AT_IT * scale,
        state=state,
        radius=radius,
        residual=cycle.residual,
        exponents=leading_exponents(eigenvalues, period),
    )


def solve_smooth_cycle(smooth_map: SmoothMap, hidden: Float[np.ndarray, " units"], period: int) -> SmoothCycle | None:
    """Solve f^period(x) = x by Newton's method from a state; None where it does not converge to minimal period."""
    state, previous = np.array(hidden, dtype=float), np.inf
    for _ in range(_NEWTON_STEPS):
        states = _follow(smooth_map, state, period)
        if not np.isfinite(states).all():
            return None
        jacobians = smooth_map.jacobian(states[:-1])
        jacobian = over_one_period(jacobians)
        difference = states[-1] - state
        scale = max(float(np.abs(states).max()), 1e-300)
        residual = float(np.abs(difference).max()) / scale
        if residual >= previous or residual < 1e-16:  # Newton's method has come to the end of its digits
            break
        previous = residual
        try:
            state = state + np.linalg.solve(np.eye(state.size) - jacobian, difference)
        except np.linalg.LinAlgError:
            return None
        if not np.isfinite(state).all():
            return None
    zero = np.zeros_like(state)
    if scale <= _TINY * float(np.abs(hidden).max()) and not smooth_map(zero).any():
        # Newton comes ever nearer to zero, where nothing is small; but zero itself is a fixed point exactly.
        states, residual, scale = np.zeros_like(states), 0.0, 1e-300
        jacobians = smooth_map.jacobian(states[:-1])
        jacobian = over_one_period(jacobians)
    if residual > RESIDUAL or not is_minimal(states[:-1], scale):
        return None
    norms = np.array([np.linalg.norm(step, ord=2) for step in jacobians])
    of_a_step = np.inf if smooth_map.curvature is None else float(smooth_map.curvature)
    return SmoothCycle(states[:-1], jacobian, residual, norms, of_a_step, proven_within(smooth_map, states[:-1]))


_LARGEST_PROOF = 2000  # unknowns: the proof takes the singular values of a matrix of that size


def proven_within(smooth_map: SmoothMap, states: Float[np.ndarray, "steps units"]) -> float | None:
    """Return within which distance a cycle is proved to exist, with the minimal period that the states have.

    Newton-Kantorovich on f(h_j) - h_{j+1} = 0 for all steps at once: with β the norm of the inverse derivative, η that
    of the first Newton step and c the map's curvature, β η c <= 1/2 proves a solution within 2 η, and only one there.
    None where nothing is proved: by these numbers, or without a bound on the curvature.

    Notes
    -----
    How far the function's own rounding reaches cannot be known; each unit is taken to lose a digit a term of a sum.

    References
    ----------
    Ortega, *The Newton-Kantorovich theorem*, American Mathematical Monthly 75, 658 (1968).
    """
    if smooth_map.curvature is None or states.size > _LARGEST_PROOF:
        return None
    steps, units = states.shape
    derivative = np.zeros((steps, units, steps, units))
    for step, jacobian in enumerate(smooth_map.jacobian(states)):
        derivative[step, :, step] += jacobian
        derivative[step, :, (step + 1) % steps] -= np.eye(units)
    smallest = float(np.linalg.svd(derivative.reshape(steps * units, -1), compute_uv=False)[-1])
    gap = float(np.linalg.norm(smooth_map(states) - np.roll(states, -1, axis=0)))
    scale = max(float(np.abs(states).max()), 1.0)
    rounding = 8 * units * np.finfo(float).eps
    smallest -= rounding * float(np.linalg.norm(derivative))
    if not smallest > 0:
        return None
    reach = (gap + rounding * scale * np.sqrt(states.size)) / smallest
    if not reach * smooth_map.curvature / smallest <= 0.5:
        return None
    minimal = all(
        float(np.linalg.norm(states - np.roll(states, shift, axis=0))) > 8 * reach
        for shift in range(1, steps // 2 + 1)
        if steps % shift == 0
    )
    return 2 * reach if minimal else None


def _is_trapped(cycle: SmoothCycle, hidden: np.ndarray) -> bool:
    """Whether the orbit is in a ball in which the map contracts towards the cycle."""
    matrix = _lyapunov_matrix(cycle.jacobian)
    if matrix is None or cycle.within is None:
        return False
    sizes = np.linalg.eigvalsh(matrix)
    largest, smallest = float(sizes[-1]), float(sizes[0])
    # In the norm of S, J contracts by q = sqrt(1 - 1 / largest), and the rest adds at most c' |u| / 2 with
    # c' = c sqrt(largest) / smallest.
    contraction = math.sqrt(max(1 - 1 / largest, 0.0))
    away = hidden - cycle.states[0]
    with np.errstate(over="ignore"):  # far away, along a map that expands: no ball is that large
        distance = math.sqrt(largest) * cycle.within + math.sqrt(float(away @ matrix @ away))
    curvature = _curvature(cycle.norms, cycle.curvature_of_a_step, distance / math.sqrt(smallest))
    return bool(contraction + curvature * math.sqrt(largest) / smallest * distance / 2 < 1 - 1e-12)


def _lyapunov_matrix(jacobian: Float[np.ndarray, "units units"]) -> np.ndarray | None:
    """Return S = sum over k of (J^k)ᵀ J^k, by doubling; None where the powers do not shrink."""
    total, power = np.eye(jacobian.shape[0]), jacobian
    for _ in range(40):
        norm = float(np.linalg.norm(power))
        if norm < 1e-9:
            return (total + total.T) / 2
        if not norm < 1e12:
            return None
        total = total + power.T @ total @ power
        power = power @ power
    return None


def _curvature(norms: Float[np.ndarray, " period"], of_a_step: float, radius: float) -> float:
    """Bound the second derivative of f^k within some distance of the cycle, by the chain rule."""
    if not np.isfinite(of_a_step):
        return np.inf
    nearby = np.empty_like(norms)  # norms of the Jacobians as far from the cycle as a state of the ball can get
    for step, norm in enumerate(norms.tolist()):
        nearby[step] = min(norm + of_a_step * radius, 1e150)  # Python's numbers: they become infinite without a word
        radius = min(radius * float(nearby[step]), 1e150)
    with np.errstate(over="ignore", invalid="ignore"):
        before = np.concatenate([[1.0], np.cumprod(nearby[:-1])])
        after = np.concatenate([np.cumprod(nearby[:0:-1])[::-1], [1.0]])
        return float(np.nan_to_num((after * of_a_step * before**2).sum(), nan=np.inf))


def _follow(smooth_map: SmoothMap, state: np.ndarray, steps: int) -> Float[np.ndarray, "steps1 units"]:
    states = np.empty((steps + 1, state.size))
    states[0] = state
    for step in range(steps):
        states[step + 1] = smooth_map(states[step])
    return states


def over_one_period(jacobians: Float[np.ndarray, "period units units"]) -> Float[np.ndarray, "units units"]:
    """Return the Jacobian over one period, from those of its steps."""
    product = np.eye(jacobians.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        for jacobian in jacobians:
            product = jacobian @ product
    return product
