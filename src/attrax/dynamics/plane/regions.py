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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float

from attrax.dynamics.certificates.contraction import contracts
from attrax.dynamics.periodic.linear_pieces import minimal_period, states_of
from attrax.dynamics.plane.half_planes import Polygon, intersect, may_share
from attrax.dynamics.plane.input_plane import Plane
from attrax.dynamics.plane.solved_patterns import Solved, solve, switched
from attrax.progress import OnProgress, Step, ignore_progress

_AT_ONCE = 128
_READY = 1024  # of those that wait to be looked at: the matrices of others are let go, a third of a megabyte each
_ZERO = 1e-13
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


def _joined(patterns: Sequence[Bool[np.ndarray, "_ units"]], n_units: int) -> Bool[np.ndarray, "steps units"]:
    return np.concatenate([np.empty((0, n_units), bool), *patterns])


def _flipped(key: bytes, numbers: list[int]) -> bytes:
    """Return the key of a pattern of one step in which some units are switched, from that of the pattern."""
    bits = bytearray(key)
    for number in numbers:
        bits[number >> 3] ^= 0x80 >> (number & 7)
    return bytes(bits)


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
        Told how many regions have been met, of about how many.
    expected
        About how many there will be; None where that is not known.
    """

    plane: Plane
    window: Polygon
    limit: int
    unstable: bool = True
    tell: OnProgress = ignore_progress
    expected: int | None = None
    found: list[Region] = field(default_factory=list)
    number_of: dict[bytes, int] = field(default_factory=dict)
    """By key; -1 for patterns that hold nothing in the window, and -2 for singular ones."""
    complete: bool = True
    """Whether the limit was never met."""

    def walk(self, patterns: Iterable[Bool[np.ndarray, "_ units"]]) -> None:
        """Add all that is connected with the regions of some patterns."""
        waiting: list[Solved] = []
        for pattern in patterns:
            self._add(waiting, pattern, partial(solve, self.plane, pattern))
        while waiting:
            if len(self.found) >= self.limit:
                self.complete = False
                return
            known = len(self.found)
            self.tell(
                Step("regions met", known, None if self.expected is None else max(self.expected, known), about=True)
            )
            # The last ones first: their matrices are still there.
            first = len(waiting) - min(_AT_ONCE, len(waiting), self.limit - len(self.found))
            batch, waiting = waiting[first:], waiting[:first]
            for solved, region in self._regions(batch):
                self.number_of[region.key] = len(self.found)
                self.found.append(region)
                if not (region.stable or self.unstable):
                    continue
                for edge in range(len(region.polygon.sides)):
                    for numbers in region.switches(edge):
                        if region.period == 1 and _flipped(region.key, numbers) in self.number_of:
                            continue
                        self._add(waiting, switched(region.pattern, numbers), partial(solved.neighbour, numbers))
            for solved in waiting[:-_READY]:
                solved.let_go()

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
        self, waiting: list[Solved], pattern: Bool[np.ndarray, "steps units"], solved_by: Callable[[], Solved | None]
    ) -> None:
        period = minimal_period(pattern)
        if period < pattern.shape[0]:  # a shorter cycle, where this one has shrunk to it
            pattern = pattern[:period]
            solved_by = partial(solve, self.plane, pattern)
        key = pattern_key(pattern)
        if key in self.number_of:
            return
        solved = solved_by()
        self.number_of[key] = -2 if solved is None else -1
        if solved is not None:
            waiting.append(solved)

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
