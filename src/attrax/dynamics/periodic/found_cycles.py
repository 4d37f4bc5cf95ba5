"""What is known of each fixed point or cycle that a search has found, as a dataset."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike

from attrax.dynamics.certificates.certificate import (
    LARGEST_RADIUS,
    MARGIN_OVER_ROUNDING,
    RESIDUAL,
    inverse_norm,
    is_minimal,
)
from attrax.dynamics.certificates.newton_certificate import over_one_period, proven_within
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.maps.smooth_map import SmoothMap
from attrax.dynamics.periodic.linear_pieces import Budget, Piece, states_of
from attrax.dynamics.periodic.newton_search import SAME, NewtonSearch
from attrax.dynamics.periodic.relu_search import ReluSearch

N_EIGENVALUES = 8
"""How many leading eigenvalues a dataset holds."""


@dataclass(frozen=True)
class _Solution:
    states: Float[np.ndarray, "steps units"]
    eigenvalues: np.ndarray
    residual: float
    margin: float
    certified: bool


def find_periodic(
    dynamics: ReluMap | SmoothMap,
    period: int,
    seed: int,
    starts: ArrayLike | None,
    solves: int,
    patience: int | None,
) -> xr.Dataset:
    """Search for the cycles of one minimal period; the dataset is over "cycle", "step" and "unit"."""
    if int(period) != period or period < 1:
        raise ValueError(f"period is {period}; it must be a whole number, at least 1")
    if int(solves) != solves or solves < 1:
        raise ValueError(f"solves is {solves}; it must be a whole number, at least 1")
    if patience is not None and patience < 1:
        raise ValueError(f"patience is {patience}; it must be at least 1, or None")
    period, budget = int(period), Budget(int(solves))
    generator = np.random.default_rng([seed, period])
    first = _first_states(dynamics, starts, generator)
    enough = int(solves) if patience is None else int(patience)
    if isinstance(dynamics, ReluMap):
        search = ReluSearch(dynamics, period, budget, first, generator)
        search.run(enough)
        solutions = _each_once([_of_piece(dynamics, piece) for piece in search.found if piece.minimal], period)
    else:
        newton = NewtonSearch(dynamics, period, budget, first, generator)
        newton.run(enough)
        solutions = [_of_states(dynamics, states) for states in newton.found]
    return _dataset(solutions, (period, dynamics.n_units), budget, first.shape[0])


def _first_states(
    dynamics: ReluMap | SmoothMap, starts: ArrayLike | None, generator: np.random.Generator
) -> Float[np.ndarray, "starts units"]:
    """Own starts, or zero and random states of several sizes."""
    units = dynamics.n_units
    if starts is not None:
        own = np.atleast_2d(np.asarray(starts, dtype=float))
        if own.ndim != 2 or own.shape[1] != units or not own.size:
            raise ValueError(f"starts have shape {own.shape}; they must be (starts, {units})")
        if not np.isfinite(own).all():
            raise ValueError("starts hold values that are not finite")
        return own
    size = np.repeat([0.3, 1.0, 3.0], 2)[:, None]
    drawn = size * generator.standard_normal((6, units))
    if isinstance(dynamics, ReluMap):
        bias = np.abs(dynamics.bias).mean()
        drawn = np.abs(drawn) * (bias if bias > 0 else 1.0)
    return np.concatenate([np.zeros((1, units)), drawn])


def _of_piece(relu_map: ReluMap, piece: Piece) -> _Solution:
    states = states_of(piece.drives, relu_map.leak)
    scale = max(float(np.abs(states).max(initial=0.0)), 1e-300)
    residual = float(np.abs(relu_map(states) - np.roll(states, -1, axis=0)).max()) / scale
    weights = relu_map.weights
    rounding = np.finfo(float).eps * (np.abs(states) @ np.abs(weights).T + np.abs(relu_map.bias))
    drives = np.abs(states @ weights.T + relu_map.bias)
    jacobian = _jacobian(relu_map, piece)
    # How far rounding can move the solution itself, and with it each drive.
    stray = inverse_norm(jacobian) * float(np.linalg.norm(rounding)) * _growth(relu_map, piece)
    moved = np.linalg.norm(weights, axis=1) * stray
    sure = bool((drives >= MARGIN_OVER_ROUNDING * rounding).all()) and bool((drives > moved).all())
    return _Solution(
        states, np.linalg.eigvals(jacobian) if jacobian.size else np.zeros(0), residual,
        float(drives.min(initial=np.inf)) / scale, sure and residual <= RESIDUAL,
    )  # fmt: skip


def _jacobian(relu_map: ReluMap, piece: Piece) -> np.ndarray:
    """Return the Jacobian over one period, on the units that matter."""
    if relu_map.leak == 1 or piece.pattern.shape[0] > 1:
        return piece.jacobian()
    # A fixed point is solved without the leak, but its stability depends on it.
    return _one_step(relu_map, piece.pattern[0])


def _growth(relu_map: ReluMap, piece: Piece) -> float:
    """Bound how much errors made at each step of a period amount to at its end, and that again along the next one."""
    if piece.pattern.shape[0] == 1:
        return 1.0
    identity = np.eye(relu_map.n_units)
    forward, backward, largest, total = identity, identity, 1.0, 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for early, late in zip(piece.pattern, piece.pattern[::-1], strict=True):
            total += float(np.linalg.norm(backward, 2))
            backward = backward @ _one_step(relu_map, late)
            largest = max(largest, float(np.linalg.norm(forward, 2)))
            forward = _one_step(relu_map, early) @ forward
    return total * largest if np.isfinite(total * largest) else np.inf


def _one_step(relu_map: ReluMap, active: Bool[np.ndarray, " units"]) -> Float[np.ndarray, "units units"]:
    return (1 - relu_map.leak) * np.eye(relu_map.n_units) + relu_map.leak * active[:, None] * relu_map.weights


def _of_states(smooth_map: SmoothMap, states: np.ndarray) -> _Solution:
    scale = max(float(np.abs(states).max()), 1e-300)
    residual = float(np.abs(smooth_map(states) - np.roll(states, -1, axis=0)).max()) / scale
    jacobian = over_one_period(smooth_map.jacobian(states))
    certified = residual <= RESIDUAL and proven_within(smooth_map, states) is not None
    return _Solution(states, np.linalg.eigvals(jacobian), residual, float("nan"), certified)


def _each_once(solutions: list[_Solution], period: int) -> list[_Solution]:
    """Drop what was found twice or has a smaller period: a solution on a border belongs to the pieces on both sides."""
    kept: list[_Solution] = []
    for solution in solutions:
        scale = float(np.abs(solution.states).max(initial=0.0))
        same = any(
            np.abs(np.roll(solution.states, shift, axis=0) - other.states).max()
            <= SAME * max(scale, float(np.abs(other.states).max(initial=0.0)))
            for other in kept
            for shift in range(period)
        )
        if not same and is_minimal(solution.states, scale):
            kept.append(solution)
    return kept


def _kind_of_instability(eigenvalues: np.ndarray) -> str:
    """Name the eigenvalue that leads, given in order of size."""
    size = float(np.abs(eigenvalues[0])) if eigenvalues.size else 0.0
    if size < LARGEST_RADIUS:
        return "stable"
    if size <= 2 - LARGEST_RADIUS:
        return "neutral"
    if abs(eigenvalues[0].imag) > 1e-12 * size:
        return "complex pair"
    return "+1" if eigenvalues[0].real > 0 else "-1"


def _dataset(solutions: list[_Solution], shape: tuple[int, int], budget: Budget, n_starts: int) -> xr.Dataset:
    count = min(N_EIGENVALUES, shape[1])
    spectra = []
    for solution in solutions:
        # By size, and within a pair the one above the axis first.
        padded = np.concatenate([solution.eigenvalues, np.zeros(shape[1])]).astype(complex)
        order = np.lexsort((-padded.imag, -padded.real, -np.abs(padded).round(12)))
        spectra.append(padded[order])
    leading = np.array([spectrum[:count] for spectrum in spectra]).reshape(len(solutions), count)
    radius = np.array([float(np.abs(spectrum).max()) for spectrum in spectra])
    return xr.Dataset(
        {
            "state": (
                ("cycle", "step", "unit"),
                np.array([solution.states for solution in solutions]).reshape(len(solutions), *shape),
            ),
            "radius": ("cycle", radius),
            "unstable": ("cycle", np.array([int((np.abs(s) > 2 - LARGEST_RADIUS).sum()) for s in spectra], dtype=int)),
            "instability": ("cycle", np.array([_kind_of_instability(s) for s in spectra], dtype=str)),
            "eigenvalues": (("cycle", "eigenvalue"), leading),
            "residual": ("cycle", np.array([solution.residual for solution in solutions], dtype=float)),
            "margin": ("cycle", np.array([solution.margin for solution in solutions], dtype=float)),
            "certified": ("cycle", np.array([solution.certified for solution in solutions], dtype=bool)),
        },
        attrs={
            "solves": budget.used,
            "starts": n_starts,
            "singular": budget.singular,
            "still_new": int(budget.too_small),
        },
    )
