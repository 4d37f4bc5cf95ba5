"""The regions of a plane of inputs in which one activation pattern holds a fixed point or cycle, and their borders.

While a cycle keeps the activation patterns of its steps, its states are affine functions of the input, and its
Jacobian is constant. So each sequence of patterns has a convex polygon in the plane of inputs b + x d1 + y d2: there,
and nowhere else, it holds a cycle, by one formula. On an edge one unit's drive is zero, and the cycle is also that of
the patterns in which this unit is switched. On that other side of the pair lies the next polygon: beyond the edge if
det(I - J) has the same sign in both, and on this side of it if not, where the two cycles meet and annihilate. Crossing
edge after edge visits all that is connected with the first polygon, and no continuation can fail to converge.

References
----------
Simpson, *Border-collision bifurcations in R^N*, SIAM Review 58, 177 (2016), for what can happen at a border.
"""

import json
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
import scipy.linalg
import xarray as xr
from jaxtyping import Bool, Float, Int

from attrax.dynamics.certificates.certificate import LARGEST_RADIUS
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.periodic.linear_pieces import SINGULAR, Piece, minimal_period, states_of
from attrax.dynamics.plane.half_planes import Polygon, intersect, may_share
from attrax.progress import OnProgress, Step, ignore_progress

_AT_ONCE = 128
_ZERO = 1e-13
_ACCURATE = 1e-12  # residual of a solution against its size, above which an updated inverse is made anew
SHORTEST = 1e-10
"""Edges shorter than this share of the window's width are left out, and what lies behind such a one alone."""


@dataclass(frozen=True, eq=False)
class Region:
    """Where in the plane one sequence of patterns holds a fixed point or cycle.

    Parameters
    ----------
    pattern
        Which units are active in which step.
    polygon
        Where it exists. The number of a side is step * units + unit, of the drive that is zero there.
    drives
        Of each step: at the plane's origin, and how they change along x and along y.
    index
        Sign of det(I - J), J the Jacobian over one period.
    stable
        Whether the spectral radius is proved to lie below 1.
    shared
        Of each edge on which more than one drive is zero: the numbers of all of them.
    """

    pattern: Bool[np.ndarray, "steps units"]
    polygon: Polygon
    drives: Float[np.ndarray, "3 steps units"]
    index: int
    stable: bool
    shared: dict[int, list[int]] = field(default_factory=dict)

    @property
    def period(self) -> int:
        """How many steps."""
        return self.pattern.shape[0]

    @cached_property
    def key(self) -> bytes:
        """The same for the same cycle begun at another step."""
        return pattern_key(self.pattern)

    def switches(self, edge: int) -> list[list[int]]:
        """Return which drives may change their sign at an edge, the likeliest first; nothing on the window's own.

        Mostly there is one, but units that always have the same drive switch at the same time.
        """
        side = int(self.polygon.sides[edge])
        if side < 0:
            return []
        together = self.shared.get(edge, [])
        return [together, *[[number] for number in together]] if together else [[side]]

    def drives_at(self, points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "points steps units"]:
        """Return the drives at some inputs, by the formula."""
        return self.drives[0] + np.tensordot(points, self.drives[1:], axes=1)

    def states(self, points: Float[np.ndarray, "points 2"], leak: float) -> Float[np.ndarray, "points steps units"]:
        """Return the cycle's states at some inputs, by the formula."""
        return states_of(self.drives_at(points), leak, self.pattern)


def pattern_key(pattern: Bool[np.ndarray, "steps units"]) -> bytes:
    """Return a key of a sequence of patterns that does not depend on the step that it begins at."""
    rows = [row.tobytes() for row in np.packbits(pattern, axis=1)]
    return min(b"".join(rows[shift:] + rows[:shift]) for shift in range(len(rows)))


def block(matrix: Float[np.ndarray, "n n"], chosen: Int[np.ndarray, " k"]) -> Float[np.ndarray, "k k"]:
    """Return some rows of a matrix, and of these the same columns: a third of the time of np.ix_."""
    return matrix[chosen].take(chosen, axis=1)


def _joined(patterns: Sequence[Bool[np.ndarray, "_ units"]], n_units: int) -> Bool[np.ndarray, "steps units"]:
    return np.concatenate([np.empty((0, n_units), bool), *patterns])


def _flipped(key: bytes, numbers: list[int]) -> bytes:
    """Return the key of a pattern of one step in which some units are switched, from that of the pattern."""
    bits = bytearray(key)
    for number in numbers:
        bits[number >> 3] ^= 0x80 >> (number & 7)
    return bytes(bits)


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

    def solve(self, pattern: Bool[np.ndarray, "steps units"]) -> Solved | None:
        """Solve a sequence of patterns; None where it has no cycle, or more than one."""
        if pattern.shape[0] == 1:
            return _FixedPoint.of(self, pattern[0])
        piece = Piece(self.origin, pattern)
        return None if piece.singular else _Cycle(self, piece)


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
        return self._plane.solve(switched(self.pattern, numbers))


def switched(pattern: Bool[np.ndarray, "steps units"], numbers: list[int]) -> Bool[np.ndarray, "steps units"]:
    """Return patterns in which the drives of some numbers, step * units + unit, have the other sign."""
    other = pattern.copy()
    other.flat[numbers] ^= True
    return other


@dataclass(eq=False)
class Regions:
    """All regions met so far, and how they hang together.

    Parameters
    ----------
    plane, window
        The maps, and the part of the plane that is looked at.
    limit
        Regions are no longer added beyond this number.
    unstable
        Whether the walk goes on through regions in which the cycle is unstable; else it notes the first of them.
    tell
        Told how many regions have been met.
    """

    plane: Plane
    window: Polygon
    limit: int
    unstable: bool = True
    tell: OnProgress = ignore_progress
    found: list[Region] = field(default_factory=list)
    number_of: dict[bytes, int] = field(default_factory=dict)
    """By key; -1 for patterns that hold nothing in the window, and -2 for singular ones."""
    complete: bool = True
    """Whether the limit was never met."""

    def walk(self, patterns: Iterable[Bool[np.ndarray, "_ units"]]) -> None:
        """Add all that is connected with the regions of some patterns."""
        queue: deque[Solved] = deque()
        for pattern in patterns:
            self._add(queue, pattern, partial(self.plane.solve, pattern))
        while queue:
            if len(self.found) >= self.limit:
                self.complete = False
                return
            self.tell(Step("regions met", len(self.found)))
            batch = [queue.popleft() for _ in range(min(_AT_ONCE, len(queue), self.limit - len(self.found)))]
            for solved, region in self._regions(batch):
                self.number_of[region.key] = len(self.found)
                self.found.append(region)
                if not (region.stable or self.unstable):
                    continue
                for edge in range(len(region.polygon.sides)):
                    for numbers in region.switches(edge):
                        if region.period == 1 and _flipped(region.key, numbers) in self.number_of:
                            continue
                        self._add(queue, switched(region.pattern, numbers), partial(solved.neighbour, numbers))

    def to_dataset(self) -> xr.Dataset:
        """Return all that a walk has found, to be kept: `restore` reads it back."""
        corners = [region.polygon.corners for region in self.found]
        keys = list(self.number_of)
        return xr.Dataset(
            {
                "period": ("region", np.array([region.period for region in self.found], int)),
                "index": ("region", np.array([region.index for region in self.found], int)),
                "stable": ("region", np.array([region.stable for region in self.found], bool)),
                "shared": ("region", np.array([json.dumps(region.shared) for region in self.found], dtype=object)),
                "pattern": (("step", "unit"), _joined([region.pattern for region in self.found], self.plane.n_units)),
                "drives": (
                    ("step", "part", "unit"),
                    np.concatenate(
                        [np.empty((0, 3, self.plane.n_units)), *(np.moveaxis(r.drives, 0, 1) for r in self.found)]
                    ),
                ),
                "corners": ("region", np.array([len(polygon) for polygon in corners], int)),
                "corner": (("edge", "axis"), np.concatenate([np.empty((0, 2)), *corners])),
                "side": ("edge", np.concatenate([np.empty(0, int), *(r.polygon.sides for r in self.found)])),
                "key": ("known", np.array([key.hex() for key in keys], dtype=object)),
                "number": ("known", np.array([self.number_of[key] for key in keys], int)),
                "complete": self.complete,
            }
        )

    def restore(self, kept: xr.Dataset) -> None:
        """Take what `to_dataset` returned of these regions in the place of what is known now."""
        steps, edges = np.cumsum(kept.period.values)[:-1], np.cumsum(kept.corners.values)[:-1]
        parts = zip(
            np.split(kept.pattern.values.astype(bool), steps), np.split(kept.drives.values, steps),
            np.split(kept.corner.values, edges), np.split(kept.side.values, edges),
            kept["index"].values.tolist(), kept.stable.values.tolist(), kept.shared.values.tolist(),
            strict=False,  # splitting nothing makes one empty part
        )  # fmt: skip
        self.found = [
            Region(
                pattern, Polygon(corners, sides), np.moveaxis(drives, 1, 0), index, bool(stable),
                {int(edge): numbers for edge, numbers in json.loads(shared).items()},
            )
            for pattern, drives, corners, sides, index, stable, shared in parts
        ]  # fmt: skip
        keys = [bytes.fromhex(key) for key in kept.key.values.tolist()]
        self.number_of = dict(zip(keys, kept.number.values.tolist(), strict=True))
        self.complete = bool(kept.complete)

    def _add(
        self, queue: deque[Solved], pattern: Bool[np.ndarray, "steps units"], solve: Callable[[], Solved | None]
    ) -> None:
        period = minimal_period(pattern)
        if period < pattern.shape[0]:  # a shorter cycle, where this one has shrunk to it
            pattern = pattern[:period]
            solve = partial(self.plane.solve, pattern)
        key = pattern_key(pattern)
        if key in self.number_of:
            return
        solved = solve()
        self.number_of[key] = -2 if solved is None else -1
        if solved is not None:
            queue.append(solved)

    def _regions(self, batch: list[Solved]) -> list[tuple[Solved, Region]]:
        """Return those of a batch that hold anything in the window."""
        by_period: dict[int, list[Solved]] = {}
        for solved in batch:
            by_period.setdefault(solved.pattern.shape[0], []).append(solved)
        result = []
        for alike in by_period.values():
            drives = type(alike[0]).drives(alike)
            signs = np.where(np.stack([solved.pattern for solved in alike]), 1.0, -1.0)
            half_planes = np.moveaxis((signs[:, None] * drives).reshape(len(alike), 3, -1), 1, 2)
            # Where a drive is zero everywhere, the cycle is on the border for good, and what happens on this side of it
            # proves nothing.
            sizes = np.abs(drives).sum(axis=1)
            zero = sizes <= _ZERO * sizes.max(axis=(1, 2), keepdims=True)
            settled = ~(zero.any(axis=1) & self.plane.hearing).any(axis=1)
            polygons = intersect(self.window, half_planes, SHORTEST)
            inside = {row: polygon for row, polygon in enumerate(polygons) if polygon is not None}
            shared = may_share(list(inside.values()), half_planes[list(inside)]).tolist() if inside else []
            for (row, polygon), some in zip(inside.items(), shared, strict=True):
                solved = alike[row]
                # det(I - J) < 0: an odd number of real eigenvalues above 1.
                stable = bool(settled[row]) and solved.index > 0 and contracts(*solved.jacobian())
                together = polygon.also_on(half_planes[row]) if some else {}
                region = Region(solved.pattern, polygon, drives[row], solved.index, stable, together)
                result.append((solved, region))
        return result


_CONTRACTED = 0.99
_ROUNDING_OF = {precision: 0.51 * float(np.finfo(precision).eps) for precision in (np.float32, np.float64)}
_GROWN = 1e70  # the squares of what its square holds are numbers still
_SQUARINGS = 22
"""Where the power 2^22 has a norm of 0.99, the radius is 2e-9 below 1: more than `LARGEST_RADIUS` asks for."""
_ROUGH_BELOW = 5.5


def contracts(matrix: Float[np.ndarray, "n n"], error: float = 0.0) -> bool:
    """Prove that the spectral radius of a matrix is below 1: by squaring it until a power is small.

    A tenth of the time of all eigenvalues. What rounding may have added is bounded along the way: an error E of P and
    the product's own make one of at most 2 |P| E + E² + n u |P|² of its square. Single precision is enough for most and
    twice as fast, but not where the norm is large: the first powers are squared in double precision down to a norm of
    5.5, and all where that proves nothing. Where that bound outgrows the powers, near radius 1, all eigenvalues are
    computed, with the bound of Bauer and Fike on their error: the condition of the eigenvectors times n eps |A|.

    Parameters
    ----------
    matrix
        The matrix, shape (n, n).
    error
        How far it may be from the one that is meant, in the Frobenius norm: what is proved holds for all of those.

    Returns
    -------
    False where that proves nothing: the radius is 1 or above it, or too near below it, or the eigenvectors are nearly
    dependent.
    """
    for rough_below in (_ROUGH_BELOW, 0.0):
        inside = _powers_shrink(matrix, rough_below, error)
        if inside is not None:
            return inside
    if np.abs(np.linalg.eigvals(matrix)).max() >= 1:
        return False
    values, vectors = np.linalg.eig(matrix)
    wrong = np.linalg.cond(vectors) * (len(matrix) * np.finfo(float).eps * np.linalg.norm(matrix) + error)
    return bool(np.abs(values).max() + wrong < LARGEST_RADIUS)


def _powers_shrink(matrix: Float[np.ndarray, "n n"], rough_below: float, error: float) -> bool | None:
    """Say whether some power is small, or shows an eigenvalue outside the circle; None where rounding hides it.

    Powers of a norm below `rough_below` are squared in single precision.
    """
    power, size, rounding = matrix, len(matrix), _ROUNDING_OF[np.float64]
    for squaring in range(_SQUARINGS + 1):
        norm = float(np.sqrt(np.vdot(power, power)))
        if norm < rough_below and power.dtype != np.float32:
            power, rounding = power.astype(np.float32), _ROUNDING_OF[np.float32]
            error += rounding * norm
        norm *= 1 + size**2 * rounding  # it was summed up with rounding as well
        if norm + error < _CONTRACTED:
            return True
        if not norm < _GROWN:
            return False
        if norm > size and abs(float(power.trace())) > size * (1 + error + size * rounding * norm):
            return False  # the eigenvalues' sum is more than the circle allows
        error = (2 * norm + error) * error + size * rounding * norm**2
        if error >= _CONTRACTED and (power.dtype == np.float32 or norm < _CONTRACTED):
            return None
        if squaring < _SQUARINGS:
            power = power @ power
    return None
