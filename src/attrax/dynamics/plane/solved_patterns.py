"""The fixed points and cycles of given activation patterns over a plane of inputs, each solved from its neighbour."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.linalg
from jaxtyping import Bool, Float

from attrax.dynamics.periodic.linear_pieces import SINGULAR, Piece
from attrax.dynamics.plane.input_plane import Plane, block

_ACCURATE = 1e-12  # residual of a solution against its size, above which an updated inverse is made anew


class Solved(ABC):
    """A sequence of patterns, solved, from which its neighbours can be."""

    pattern: Bool[np.ndarray, "steps units"]
    index: int
    """Sign of det(I - J)."""

    @staticmethod
    @abstractmethod
    def drives(batch: "Sequence[Any]") -> Float[np.ndarray, "batch 3 steps units"]:
        """Return the drives of some, all of one period: at the origin, and how they change along x and y."""

    @abstractmethod
    def jacobian(self) -> tuple[Float[np.ndarray, "n n"], float]:
        """Return the Jacobian over one period, and a bound on its rounding in the Frobenius norm."""

    @abstractmethod
    def neighbour(self, numbers: list[int]) -> "Solved | None":
        """Solve the patterns in which some drives have the other sign; None where that is singular."""


def solve(plane: Plane, pattern: Bool[np.ndarray, "steps units"]) -> Solved | None:
    """Solve a sequence of patterns; None where it has no cycle, or more than one."""
    if pattern.shape[0] == 1:
        return _FixedPoint.of(plane, pattern[0])
    piece = Piece(plane.origin, pattern)
    return None if piece.singular else _Cycle(plane, piece)


class _FixedPoint(Solved):
    """The fixed points of one pattern, with (I - W)^-1 on the active units, which a switched unit changes by rank 1."""

    def __init__(self, plane: Plane, active: np.ndarray, inverse: np.ndarray, index: int) -> None:
        self._plane, self._active, self._inverse, self.index = plane, active, inverse, index
        self.pattern = np.zeros((1, plane.n_units), bool)
        self.pattern[0, active] = True
        self._states = inverse @ plane.columns[active]  # now: later the inverse has left the processor's cache

    @classmethod
    def of(cls, plane: Plane, pattern: Bool[np.ndarray, " units"]) -> "_FixedPoint | None":
        active = np.flatnonzero(pattern)
        matrix = np.eye(active.size) - block(plane.origin.weights, active)
        if not active.size:
            return cls(plane, active, matrix, 1)
        piece = Piece(plane.origin, pattern[None])
        if piece.singular:
            return None
        return cls(plane, active, np.linalg.inv(matrix), piece.sign)

    @staticmethod
    def drives(batch: "Sequence[_FixedPoint]") -> Float[np.ndarray, "batch 3 steps units"]:
        drives, accurate = _FixedPoint._by_states(batch)
        for number in np.flatnonzero(~accurate).tolist():  # rounding of many updates in a row has added up
            solved = batch[number]
            jacobian = block(solved._plane.origin.weights, solved._active)
            solved._inverse = np.linalg.inv(np.eye(len(jacobian)) - jacobian)
            solved._states = solved._inverse @ solved._plane.columns[solved._active]
            drives[number] = _FixedPoint._by_states([solved])[0][0]
        return drives

    @staticmethod
    def _by_states(batch: "Sequence[_FixedPoint]") -> tuple[np.ndarray, Bool[np.ndarray, " batch"]]:
        """Return the drives, and whether they solve the equations."""
        plane = batch[0]._plane
        states = np.zeros((len(batch), 3, plane.n_units))  # of all units: one product gives the drives of the batch
        for number, solved in enumerate(batch):
            states[number][:, solved._active] = solved._states.T
        drives = (states.reshape(-1, plane.n_units) @ plane.origin.weights.T).reshape(states.shape)
        drives += plane.columns.T
        active = np.array([solved.pattern for solved in batch])
        wrong = np.where(active, np.abs(drives - states), 0.0).max(axis=(1, 2), initial=0.0)
        accurate = wrong <= _ACCURATE * np.abs(states).max(axis=(1, 2), initial=0.0)
        return drives[:, :, None], accurate

    def jacobian(self) -> tuple[Float[np.ndarray, "n n"], float]:
        matrix, leak = self._plane.jacobian(self.pattern), self._plane.origin.leak
        # With a leak each number is rounded up to three times; without, they are the weights themselves.
        return matrix, 0.0 if leak == 1 else 2 * float(np.finfo(float).eps * np.linalg.norm(matrix))

    def neighbour(self, numbers: list[int]) -> "_FixedPoint | None":
        if len(numbers) > 1:
            return _FixedPoint.of(self._plane, switched(self.pattern, numbers)[0])
        number, weights, active, inverse = numbers[0], self._plane.origin.weights, self._active, self._inverse
        if self.pattern[0, number]:
            place = int(np.flatnonzero(active == number)[0])
            pivot = float(inverse[place, place])
            if abs(pivot) <= SINGULAR * max(float(inverse.max()), -float(inverse.min())):
                return None
            changed, active = inverse.copy(), active.copy()
            _add_product(changed, inverse[:, place] / -pivot, inverse[place])
            # Nothing is left in the unit's own row and column: the last ones take their place.
            active[place], changed[place] = active[-1], changed[-1]
            changed[:, place] = changed[:, -1]
            active, changed = active[:-1], changed[:-1, :-1].copy()
        else:
            column, row = inverse @ weights[active, number], weights[number, active] @ inverse
            own = 1 - weights[number, number]
            pivot = float(own - weights[number, active] @ column)
            if abs(pivot) <= SINGULAR * (1 + abs(own) + float(np.abs(weights[number, active]) @ np.abs(column))):
                return None
            changed = np.zeros((active.size + 1, active.size + 1))
            changed[:-1, :-1] = inverse
            _add_product(changed, np.concatenate([column, [1.0]]) / pivot, np.concatenate([row, [1.0]]))
            active = np.append(active, number)
        return _FixedPoint(self._plane, active, changed, self.index * int(np.sign(pivot)))


def _add_product(
    matrix: Float[np.ndarray, "n m"], column: Float[np.ndarray, " n"], row: Float[np.ndarray, " m"]
) -> None:
    """Add column times row to a matrix, in place: a fifth of the time of np.outer and a sum."""
    scipy.linalg.blas.dger(1.0, row, column, a=matrix.T, overwrite_a=True)


class _Cycle(Solved):
    """The cycles of one sequence of patterns."""

    def __init__(self, plane: Plane, piece: Piece) -> None:
        self._plane, self._piece = plane, piece
        self.pattern, self.index = piece.pattern, piece.sign

    @staticmethod
    def drives(batch: "Sequence[_Cycle]") -> Float[np.ndarray, "batch 3 steps units"]:
        result = []
        for solved in batch:
            piece, directions = solved._piece, solved._plane.directions
            result.append([piece.drives, *(piece.respond(np.broadcast_to(d, piece.pattern.shape)) for d in directions)])
            piece.let_go()
        return np.array(result)

    def jacobian(self) -> tuple[Float[np.ndarray, "n n"], float]:
        return self._piece.jacobian_within(self._plane.largest_stretch)

    def neighbour(self, numbers: list[int]) -> Solved | None:
        return solve(self._plane, switched(self.pattern, numbers))


def switched(pattern: Bool[np.ndarray, "steps units"], numbers: list[int]) -> Bool[np.ndarray, "steps units"]:
    """Return patterns in which the drives of some numbers, step * units + unit, have the other sign."""
    other = pattern.copy()
    other.flat[numbers] ^= True
    return other
