"""Piecewise-linear maps with known attractors, written as ReLU networks of any size.

A map z' = V relu(U z + c) + d becomes h' = relu(U V h + U d + c) for h = relu(U z + c), and each unit can be split into
several that share its weight.
"""

from dataclasses import dataclass

import numpy as np

from attrax.dynamics import ReluMap


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
