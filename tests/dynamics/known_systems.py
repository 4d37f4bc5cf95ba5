"""Maps with known attractors: piecewise-linear ones as ReLU networks of any size, and smooth ones.

A piecewise-linear map z' = V relu(U z + c) + d becomes h' = relu(U V h + U d + c) for h = relu(U z + c), and each unit
can be split into several that share its weight.
"""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from attrax.dynamics import ReluMap, SmoothMap, find_attractors


@dataclass
class PiecewiseLinear:
    U: np.ndarray
    V: np.ndarray
    c: np.ndarray
    d: np.ndarray

    def widened(self, n_units: int, seed: int = 0) -> "PiecewiseLinear":
        """Split the units into n_units with random gains and shares: the same map of z."""
        rng = np.random.default_rng(seed)
        base = self.U.shape[0]
        copy = np.concatenate([np.arange(base), rng.integers(0, base, n_units - base)])
        gain = rng.uniform(0.5, 2.0, n_units)
        share = rng.uniform(0.5, 1.5, n_units)
        share /= np.bincount(copy, share)[copy]
        return PiecewiseLinear(
            gain[:, None] * self.U[copy], self.V[:, copy] * share / gain, gain * self.c[copy], self.d
        )

    def relu_map(self) -> ReluMap:
        return ReluMap(self.U @ self.V, self.U @ self.d + self.c)

    def state(self, z) -> np.ndarray:
        return np.maximum(self.U @ np.asarray(z, float) + self.c, 0.0)


PAIRS = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
"""relu(x), relu(-x), relu(y), relu(-y)."""


def border_collision(tau_l, delta_l, tau_r, delta_r, mu=1.0) -> PiecewiseLinear:
    """x' = tau x + y + mu, y' = -delta x, with (tau, delta) by the sign of x."""
    V = np.array([[tau_r, -tau_l, 1, -1], [-delta_r, delta_l, 0, 0]])
    return PiecewiseLinear(PAIRS, V, np.zeros(4), np.array([mu, 0.0]))


def lozi(a, b) -> PiecewiseLinear:
    """x' = 1 - a |x| + y, y' = b x."""
    return PiecewiseLinear(PAIRS, np.array([[-a, -a, 1, -1], [b, -b, 0, 0]]), np.zeros(4), np.array([1.0, 0.0]))


def knuth() -> PiecewiseLinear:
    """x'' = |x'| - x: every orbit has period 9."""
    return PiecewiseLinear(PAIRS, np.array([[1.0, 1, -1, 1], [1, -1, 0, 0]]), np.zeros(4), np.zeros(2))


def skew_tent(a) -> PiecewiseLinear:
    """x' = x / a below a, (1 - x) / (1 - a) above."""
    V = np.array([[1 / a, -(1 / a + 1 / (1 - a))]])
    return PiecewiseLinear(np.ones((2, 1)), V, np.array([0.0, -a]), np.zeros(1))


def two_cycle(w, b) -> ReluMap:
    """h' = relu(b - w h): for w > 1 the superstable 2-cycle {0, b}."""
    return ReluMap(np.array([[-w]]), np.array([b]))


def henon(a=1.4, b=0.3) -> SmoothMap:
    """x' = 1 - a x² + y, y' = b x."""
    return SmoothMap(lambda z: jnp.array([1 - a * z[0] ** 2 + z[1], b * z[0]]), 2, curvature=2 * a)


def delayed_logistic(a) -> SmoothMap:
    """x'' = a x' (1 - x)."""
    return SmoothMap(lambda z: jnp.array([a * z[0] * (1 - z[1]), z[0]]), 2, curvature=a)


def on_a_circle(turn) -> SmoothMap:
    """A circle map theta -> theta + turn(theta), in turns, in the plane, where every orbit is pulled to the circle."""

    def function(z):
        theta = jnp.arctan2(z[1], z[0]) / (2 * jnp.pi)
        theta = theta + turn(theta % 1.0)
        radius = 1 + 0.5 * (jnp.sqrt(z @ z) - 1)
        return radius * jnp.array([jnp.cos(2 * jnp.pi * theta), jnp.sin(2 * jnp.pi * theta)])

    return SmoothMap(function, 2)


def arnold(omega, k) -> SmoothMap:
    """theta' = theta + omega - k / (2 pi) sin(2 pi theta)."""
    return on_a_circle(lambda theta: omega - k / (2 * jnp.pi) * jnp.sin(2 * jnp.pi * theta))


def two_intervals(a, b) -> SmoothMap:
    """The affine circle map of two intervals: slope (1 - b) / a below a, and b / (1 - a) above."""
    slope_1, slope_2 = (1 - b) / a, b / (1 - a)
    return on_a_circle(lambda theta: jnp.where(theta < a, b + slope_1 * theta, slope_2 * (theta - a)) - theta)


def lifted(smooth_map, n_units, kappa=0.5, seed=0) -> tuple[SmoothMap, np.ndarray]:
    """H' = Q f(Qᵀ H) + kappa (I - Q Qᵀ) H, which adds exponents ln kappa; and Q."""
    basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((n_units, smooth_map.n_units)))[0]
    function = smooth_map.function

    def wide(hidden):
        inside = basis.T @ hidden
        return basis @ function(inside) + kappa * (hidden - basis @ inside)

    return SmoothMap(wide, n_units, curvature=smooth_map.curvature), basis


def attractor(system: PiecewiseLinear, n_units: int, start=(0.1, 0.1)):
    """What the orbit of a start settles to, in a network of so many units."""
    system = system.widened(n_units)
    return find_attractors(system.relu_map(), system.state(start)[None]).isel(start=0)


def rotate(angle) -> np.ndarray:
    """Turn the plane."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
