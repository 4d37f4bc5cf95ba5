"""The fixed points and cycles of given activation patterns over a plane of inputs, each solved from its neighbour."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.linalg
from jaxtyping import Bool, Float, Int

from attrax.dynamics.periodic.linear_pieces import SINGULAR, Piece, jacobian_over
from attrax.dynamics.plane.input_plane import Plane, block

_ACCURATE = 1e-12  # residual of a solution against its size, above which an updated inverse is made anew
_GONE = np.empty((0, 0))
_UNSURE = 1e-7  # bound on what rounding has done to an updated Jacobian, above which that is made anew


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

    @abstractmethod
    def let_go(self) -> None:
        """Give the memory of the matrices back: they are made anew when they are asked for."""


def solve(plane: Plane, pattern: Bool[np.ndarray, "steps units"]) -> Solved | None:
    """Solve a sequence of patterns; None where it has no cycle, or more than one."""
    if pattern.shape[0] == 1:
        return _FixedPoint.of(plane, pattern[0])
    return _Cycle.of(plane, pattern)


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
            solved._make_anew()
            solved._states = solved._inverse @ solved._plane.columns[solved._active]
            drives[number] = _FixedPoint._by_states([solved])[0][0]
        return drives

    def _make_anew(self) -> None:
        jacobian = block(self._plane.origin.weights, self._active)
        self._inverse = np.linalg.inv(np.eye(len(jacobian)) - jacobian)

    def let_go(self) -> None:
        self._inverse = _GONE

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
        if self._inverse is _GONE:
            self._make_anew()
        number, weights, active = numbers[0], self._plane.origin.weights, self._active
        if self.pattern[0, number]:
            place = int(np.flatnonzero(active == number)[0])
            left = _without(self._inverse, place)
            active = active.copy()
            active[place] = active[-1]
            active = active[:-1]
        else:
            own = float(1 - weights[number, number])
            left = _bordered(self._inverse, weights[active, number], weights[number, active], own)
            active = np.append(active, number)
        if left is None:
            return None
        inverse, pivot = left
        return _FixedPoint(self._plane, active, inverse, self.index * int(np.sign(pivot)))


def _add_product(
    matrix: Float[np.ndarray, "n m"], column: Float[np.ndarray, " n"], row: Float[np.ndarray, " m"]
) -> None:
    """Add column times row to a matrix, in place: a fifth of the time of np.outer and a sum."""
    if matrix.size:
        scipy.linalg.blas.dger(1.0, row, column, a=matrix.T, overwrite_a=True)


class _Cycle(Solved):
    """The cycles of one sequence of patterns, with the Jacobian J over one period and (I - J)^-1.

    Both change by rank 1 where a unit is switched in one step. With A_t the Jacobian of step t and w the unit's
    weights, J changes by ± A_{p-1} ... A_{s+1} e_i (wᵀ A_{s-1} ... A_0): products of a matrix and a vector, where J
    itself is one of p matrices. Where a state is carried by the active units of the last step alone (no leak),
    switching one of those adds or drops a row.

    Parameters
    ----------
    plane, pattern, index
        See `Solved`.
    kept
        The units that carry a state from the last step to the first, in the order of the rows.
    rows
        J, from the first states of all units to those of `kept`.
    inverse
        (I - J)^-1, on `kept`.
    error
        Bound on what rounding has done to J, in the Frobenius norm.
    """

    def __init__(
        self,
        plane: Plane,
        pattern: Bool[np.ndarray, "steps units"],
        kept: Int[np.ndarray, " n"],
        rows: Float[np.ndarray, "n units"],
        inverse: Float[np.ndarray, "n n"],
        error: float,
        index: int,
    ) -> None:
        self._plane, self.pattern, self.index = plane, pattern, index
        self._kept, self._rows, self._inverse, self._error = kept, rows, inverse, error

    @classmethod
    def of(cls, plane: Plane, pattern: Bool[np.ndarray, "steps units"]) -> "_Cycle | None":
        piece = Piece(plane.origin, pattern)
        return None if piece.singular else cls(plane, pattern, *_matrices(plane, pattern), piece.sign)

    @staticmethod
    def drives(batch: "Sequence[_Cycle]") -> Float[np.ndarray, "batch 3 steps units"]:
        drives, accurate = _Cycle._by_inverse(batch)
        for number in np.flatnonzero(~accurate).tolist():  # rounding of many updates in a row has added up
            batch[number]._make_anew()
            drives[number] = _Cycle._by_inverse([batch[number]])[0][0]
        return drives

    @staticmethod
    def _by_inverse(batch: "Sequence[_Cycle]") -> tuple[np.ndarray, Bool[np.ndarray, " batch"]]:
        """Return the drives, and whether the cycles close."""
        plane, patterns = batch[0]._plane, np.array([solved.pattern for solved in batch])
        states = np.zeros((len(batch), 3, plane.n_units))
        with np.errstate(over="ignore", invalid="ignore"):  # over a long unstable period
            for solved in batch:
                if solved._inverse is _GONE:
                    solved._make_anew()
            gaps = _once_round(plane, patterns, states)[1]
            for _ in range(2):  # solved, and refined: over an unstable period rounding grows
                for solved, state, gap in zip(batch, states, gaps, strict=True):
                    state[:, solved._kept] += gap[:, solved._kept] @ solved._inverse.T
                drives, after = _once_round(plane, patterns, states)
                gaps = after - states
            wrong, size = np.abs(gaps).max(axis=(1, 2), initial=0.0), np.abs(states).max(axis=(1, 2), initial=0.0)
        return drives, wrong <= _ACCURATE * size

    def _make_anew(self) -> None:
        self._kept, self._rows, self._inverse, self._error = _matrices(self._plane, self.pattern)

    def let_go(self) -> None:
        self._rows = self._inverse = _GONE

    def jacobian(self) -> tuple[Float[np.ndarray, "n n"], float]:
        if self._error > _UNSURE or self._rows is _GONE:
            self._make_anew()
        return self._rows[:, self._kept], self._error

    def neighbour(self, numbers: list[int]) -> Solved | None:
        pattern = switched(self.pattern, numbers)
        if len(numbers) > 1:
            return _Cycle.of(self._plane, pattern)
        if self._inverse is _GONE:
            self._make_anew()
        step, unit = divmod(numbers[0], self._plane.n_units)
        leak = self._plane.origin.leak
        row, row_error = self._pulled(step, unit)
        if leak == 1 and step == len(pattern) - 1:
            changed = self._with_row(unit, row) if pattern[step, unit] else self._without_row(unit)
            error = self._error + row_error
        else:
            column, column_error = self._pushed(step, unit)
            sign = 1.0 if pattern[step, unit] else -1.0
            changed = self._with_product(sign * column[self._kept], row)
            across, along = float(np.linalg.norm(column)), float(np.linalg.norm(row))
            error = self._error + across * row_error + along * column_error + column_error * row_error
            error += float(np.finfo(float).eps) * (float(np.linalg.norm(self._rows)) + 2 * across * along)
        if changed is None:
            return None
        kept, rows, inverse, pivot = changed
        return _Cycle(self._plane, pattern, kept, rows, inverse, error, self.index * int(np.sign(pivot)))

    def _pulled(self, step: int, unit: int) -> tuple[Float[np.ndarray, " units"], float]:
        """Return by how much a unit's drive in one step changes with the first states, and a bound on its rounding."""
        weights, leak, stretch = self._plane.origin.weights, self._plane.origin.leak, self._plane.largest_stretch
        row, error = weights[unit], 0.0
        for active in self.pattern[:step][::-1]:
            error = (1 - leak + leak * stretch) * error + self._plane.rounding * float(np.linalg.norm(row))
            pulled = (row * active) @ weights
            row = pulled if leak == 1 else (1 - leak) * row + leak * pulled
        return row, error

    def _pushed(self, step: int, unit: int) -> tuple[Float[np.ndarray, " units"], float]:
        """Return by how much the last states change with a unit's drive in one step, and a bound on its rounding."""
        weights, leak, stretch = self._plane.origin.weights, self._plane.origin.leak, self._plane.largest_stretch
        column, error = np.zeros(len(weights)), 0.0
        column[unit] = leak
        for active in self.pattern[step + 1 :]:
            error = (1 - leak + leak * stretch) * error + self._plane.rounding * float(np.linalg.norm(column))
            pushed = active * (weights @ column)
            column = pushed if leak == 1 else (1 - leak) * column + leak * pushed
        return column, error

    def _with_product(
        self, column: Float[np.ndarray, " n"], row: Float[np.ndarray, " units"]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, float] | None:
        """Return units, rows and inverse after J has changed by a product, and what det(I - J) is multiplied by."""
        across, along = self._inverse @ column, row[self._kept] @ self._inverse
        pivot = float(1 - row[self._kept] @ across)
        if not abs(pivot) > SINGULAR * (1 + float(np.abs(row[self._kept]) @ np.abs(across))):
            return None
        rows, inverse = self._rows.copy(), self._inverse.copy()
        _add_product(rows, column, row)
        _add_product(inverse, across / pivot, along)
        return self._kept, rows, inverse, pivot

    def _with_row(
        self, unit: int, row: Float[np.ndarray, " units"]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, float] | None:
        """Return the same with one more unit kept."""
        bordered = _bordered(self._inverse, self._rows[:, unit], row[self._kept], float(1 - row[unit]))
        if bordered is None:
            return None
        return np.append(self._kept, unit), np.vstack([self._rows, row]), *bordered

    def _without_row(self, unit: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float] | None:
        """Return the same with one unit less."""
        place = int(np.flatnonzero(self._kept == unit)[0])
        left = _without(self._inverse, place)
        if left is None:
            return None
        kept, rows = self._kept.copy(), self._rows.copy()
        kept[place], rows[place] = kept[-1], rows[-1]
        return kept[:-1], rows[:-1].copy(), *left


def _matrices(
    plane: Plane, pattern: Bool[np.ndarray, "steps units"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return the kept units, the rows, the inverse and the error bound of a `_Cycle`, made anew."""
    leak, everything = plane.origin.leak, np.arange(plane.n_units)
    active = [np.flatnonzero(row) for row in pattern]
    kept = active if leak == 1 else [everything] * len(pattern)
    rows, error = jacobian_over(plane.origin.weights, leak, active, kept, everything, plane.largest_stretch)
    return kept[-1], rows, np.linalg.inv(np.eye(kept[-1].size) - rows[:, kept[-1]]), error


def _once_round(
    plane: Plane, patterns: Bool[np.ndarray, "batch steps units"], states: Float[np.ndarray, "batch 3 units"]
) -> tuple[Float[np.ndarray, "batch 3 steps units"], Float[np.ndarray, "batch 3 units"]]:
    """Follow what belongs to the plane's origin, x and y once round; return the drives on the way, and the images.

    All cycles of a batch go through one product of matrices a step.
    """
    weights, leak = plane.origin.weights, plane.origin.leak
    drives = np.empty((len(states), 3, patterns.shape[1], plane.n_units))
    for step in range(patterns.shape[1]):
        drive = (states.reshape(-1, plane.n_units) @ weights.T).reshape(states.shape) + plane.columns.T
        drives[:, :, step] = drive
        moved = np.where(patterns[:, None, step], drive, 0.0)
        states = moved if leak == 1 else (1 - leak) * states + leak * moved
    return drives, states


def _bordered(
    inverse: Float[np.ndarray, "n n"], column: Float[np.ndarray, " n"], row: Float[np.ndarray, " n"], own: float
) -> tuple[Float[np.ndarray, "n1 n1"], float] | None:
    """Return the inverse of a matrix with -column, -row and `own` added to it at the end.

    And the ratio of the determinants; None where that is singular.
    """
    column, along = inverse @ column, row @ inverse
    pivot = float(own - row @ column)
    if not abs(pivot) > SINGULAR * (1 + abs(own) + float(np.abs(row) @ np.abs(column))):
        return None
    changed = np.zeros((len(inverse) + 1, len(inverse) + 1))
    changed[:-1, :-1] = inverse
    _add_product(changed, np.concatenate([column, [1.0]]) / pivot, np.concatenate([along, [1.0]]))
    return changed, pivot


def _without(inverse: Float[np.ndarray, "n n"], place: int) -> tuple[Float[np.ndarray, "n1 n1"], float] | None:
    """Return the inverse of a matrix without one row and column, where the last ones take their place.

    And the ratio of the determinants; None where that is singular.
    """
    pivot = float(inverse[place, place])
    if not abs(pivot) > SINGULAR * max(float(inverse.max()), -float(inverse.min())):
        return None
    changed = inverse.copy()
    _add_product(changed, inverse[:, place] / -pivot, inverse[place])
    changed[place] = changed[-1]
    changed[:, place] = changed[:, -1]
    return changed[:-1, :-1].copy(), pivot


def switched(pattern: Bool[np.ndarray, "steps units"], numbers: list[int]) -> Bool[np.ndarray, "steps units"]:
    """Return patterns in which the drives of some numbers, step * units + unit, have the other sign."""
    other = pattern.copy()
    other.flat[numbers] ^= True
    return other
