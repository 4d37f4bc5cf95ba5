"""Certificates: this orbit goes to this fixed point or cycle, and to no other.

What a certificate says, and the bounds that its proofs use.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

RESIDUAL = 1e-10
"""Largest residual of a certified cycle, in units of the state's scale."""
MARGIN_OVER_ROUNDING = 1e3
"""Smallest ratio of a unit's distance from switching to the rounding error of its drive."""
LARGEST_RADIUS = 1 - 1e-9
"""Largest spectral radius of a certified cycle's Jacobian."""
NEUTRAL_BAND = 1e-9
"""A spectral radius this close to 1 is neutral: a continuum of states, and nothing attracts."""


@dataclass(frozen=True)
class Certificate:
    """What is known of one candidate cycle (period 1: a fixed point) near an orbit."""

    period: int
    certified: bool
    """The orbit converges to the cycle, or diverges: everything below is proof."""
    reached: bool = False
    """Of a smooth map: the orbit is so near it that nothing else can be measured; no proof."""
    neutral: bool = False
    """The orbit keeps its patterns, and the spectral radius is 1 there: a continuum of states that attracts nothing."""
    divergent: bool = False
    """The orbit grows without bound, and keeps its pattern for ever: certified then means that."""
    state: Float[np.ndarray, " units"] = field(default_factory=lambda: np.zeros(0))
    """A state of the cycle: the one that the orbit is near."""
    radius: float = float("nan")
    """Spectral radius of the Jacobian over one period."""
    residual: float = float("nan")
    """Distance between the state and its image after one period, in units of the state's scale."""
    margin: float = float("nan")
    """Smallest distance of a unit's drive from zero, over units and steps, in units of the state's scale; NaN for a
    smooth map."""
    steps_to_go: float = float("nan")
    """About how many more steps the orbit takes until it is near enough to be certain; NaN where that is not known."""
    exponents: Float[np.ndarray, " exponents"] = field(default_factory=lambda: np.zeros(0))
    """The four largest Lyapunov exponents, from the eigenvalues; NaN where there are fewer units."""


def inverse_norm(jacobian: Float[np.ndarray, "n n"]) -> float:
    """Return a bound on the norm of the inverse of I - J: how far an error in an equation moves its solution."""
    return float(np.linalg.norm(np.linalg.inv(np.eye(jacobian.shape[0]) - jacobian))) if jacobian.size else 1.0


def leading_exponents(eigenvalues: np.ndarray, period: int, count: int = 4) -> Float[np.ndarray, " exponents"]:
    """Return the largest exponents ln|eigenvalue| / period; NaN where there are fewer than `count` units."""
    sizes = np.sort(np.abs(eigenvalues))[::-1][:count]
    sizes[sizes < 1e-15 * max(sizes[0], 1.0) if sizes.size else slice(0)] = 0.0
    exponents = np.full(count, np.nan)
    with np.errstate(divide="ignore"):
        exponents[: sizes.size] = np.log(sizes) / period
    return exponents


def growth_bound(jacobian: Float[np.ndarray, "n n"], vectors: np.ndarray) -> float:
    """Return a bound on the norm of every power of a matrix whose spectral radius is below 1.

    The condition of its eigenvectors is one. So is the largest norm among the powers up to the first that
    contracts, since every further power is a product of those.
    """
    if not jacobian.size:
        return 1.0
    condition = np.linalg.cond(vectors)
    bound = float(condition) if np.isfinite(condition) else np.inf
    power, largest = np.eye(jacobian.shape[0]), 1.0
    for _ in range(32):
        power = power @ jacobian
        norm = float(np.linalg.norm(power))
        if norm < 1:
            return min(bound, largest)
        largest = max(largest, norm)
    return bound


_DRAWN = 16
_UNLUCKY = 30.0
"""A mean of 16 squares of random numbers falls this far below what is expected with a chance below 1e-8."""


def error_growth(
    push: Callable[[int, Float[np.ndarray, "n drawn"]], Float[np.ndarray, "n drawn"]], period: int, size: int
) -> tuple[Float[np.ndarray, " steps"], Float[np.ndarray, " steps"]]:
    """Bound the sum, after each step, of errors of norm 1 that are made at every step and grow from there on.

    An error made at step s has grown by P_{t<-s} at step t. The sum of the norms is at most sqrt(t) times the root of
    the sum of their squares (Frobenius), which is the expected square of what random errors of unit variance in every
    direction add up to. So random errors (uniform, of unit variance) are made at every step and pushed along, 16
    times, which tells the expected square but for a factor of 30 (in the bound: of 5.5), except with a chance below
    1e-8 (where what adds up is normal, it is 5e-10). Following the sum of squares itself takes a product of matrices
    at each step, which is ten times as long at 100 units.

    Parameters
    ----------
    push
        Applies the Jacobian of a step of the period, by its number, to vectors.
    period
        Steps of a period.
    size
        Number of units n.

    Returns
    -------
    The bounds after each step of a period before which no error was made, and after those of the period that follows.
    A period has no beginning: what has grown since the last flat piece by the end of the first period goes on
    growing in the second one until the next, and neither the first period nor the period's Jacobian shows it.
    """
    generator = np.random.default_rng(0)
    total: np.ndarray = np.zeros((size, _DRAWN), np.float32)
    squares = np.empty(2 * period)
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(2 * period):
            drawn = generator.random(total.shape, np.float32)  # a fifth of the time that normal numbers take
            total = push(step % period, total) + np.float32(np.sqrt(12)) * (drawn - np.float32(0.5))
            squares[step] = np.vdot(total, total)
        bounds = np.sqrt(_UNLUCKY * np.arange(1, 2 * period + 1) * squares / _DRAWN)
    first, second = np.split(np.nan_to_num(bounds, nan=np.inf), 2)
    return first, second


def is_minimal(states: Float[np.ndarray, "period units"], scale: float) -> bool:
    """Whether no proper divisor of the period shifts a cycle onto itself."""
    period = states.shape[0]
    return all(
        np.abs(np.roll(states, shift, axis=0) - states).max() > 1e-8 * scale
        for shift in range(1, period // 2 + 1)
        if period % shift == 0
    )


def eigen(matrix: Float[np.ndarray, "n n"]) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues and eigenvectors; of an empty matrix none."""
    return np.linalg.eig(matrix) if matrix.size else (np.zeros(0), np.zeros((0, 0)))
