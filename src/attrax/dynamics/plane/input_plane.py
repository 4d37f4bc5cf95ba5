"""A plane of inputs, and the map at each of them."""

from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.periodic.linear_pieces import Piece


class Plane:
    """The maps over a plane of inputs: h' = (1 - leak) h + leak relu(W h + b + x d1 + y d2).

    Parameters
    ----------
    origin
        The map at x = y = 0.
    directions
        d1 and d2.
    """

    def __init__(self, origin: ReluMap, directions: Float[np.ndarray, "2 units"]) -> None:
        self.origin, self.directions = origin, directions
        self.columns = np.stack([origin.bias, *directions], axis=1)
        self.hearing = origin.weights.any(axis=1)
        """Units that hear others, or themselves."""

    @cached_property
    def largest_stretch(self) -> float:
        """The largest singular value of W, for bounds of errors."""
        return float(np.linalg.norm(self.origin.weights, 2)) * (1 + 1e-9)

    @cached_property
    def rounding(self) -> float:
        """What rounding adds to the product of W and a vector, at most, in units of the vector's norm."""
        return self.n_units * float(np.finfo(float).eps) * float(np.linalg.norm(self.origin.weights)) + 1e-15

    @property
    def n_units(self) -> int:
        """Number of units."""
        return self.origin.n_units

    def biases(self, points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "points units"]:
        """Return the bias at some inputs."""
        return self.origin.bias + points @ self.directions

    def at(self, point: Float[np.ndarray, " 2"]) -> ReluMap:
        """Return the map at one input."""
        return ReluMap(self.origin.weights, self.biases(point[None])[0], self.origin.leak)

    def jacobian(self, pattern: Bool[np.ndarray, "steps units"]) -> Float[np.ndarray, "n n"]:
        """Return the Jacobian over one period of some patterns, on the units that carry a state from one to the next.

        A piece leaves the leak out for a fixed point, whose place does not depend on it; its stability does.
        """
        weights, leak = self.origin.weights, self.origin.leak
        if pattern.shape[0] > 1:
            return Piece(self.origin, pattern).jacobian()
        if leak == 1:
            active = np.flatnonzero(pattern[0])
            return block(weights, active)
        return (1 - leak) * np.eye(self.n_units) + leak * pattern[0][:, None] * weights


def block(matrix: Float[np.ndarray, "n n"], chosen: Int[np.ndarray, " k"]) -> Float[np.ndarray, "k k"]:
    """Return some rows of a matrix, and of these the same columns: a third of the time of np.ix_."""
    return matrix[chosen].take(chosen, axis=1)


def pattern_of(
    plane: Plane, point: Float[np.ndarray, " 2"], state: Float[np.ndarray, " units"], period: int
) -> Bool[np.ndarray, "steps units"]:
    """Return which units are active in each step of the cycle through a state."""
    relu_map, rows = plane.at(point), []
    for _ in range(period):
        rows.append(relu_map.weights @ state + relu_map.bias > 0)
        state = relu_map(state)
    return np.array(rows)
