"""Convex polygons in the plane as intersections of many half-planes, each edge with the half-plane that made it.

Many polygons at once: the atlas of a network has thousands, each cut out by some hundred half-planes of which a handful
remain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

WINDOW = -1
"""Stands for the window's own sides, where an edge says which half-plane made it."""
_SAME_LINE = 1e-11
_ROUNDING = 1e-14
"""Rounding error of a value, against the sum of the sizes of its three terms."""


@dataclass(frozen=True, eq=False)
class Polygon:
    """A convex polygon.

    Parameters
    ----------
    corners
        In order, counter-clockwise.
    sides
        Number of the half-plane on whose line the edge from each corner to the next one lies; `WINDOW` on the window.
    """

    corners: Float[np.ndarray, "corners 2"]
    sides: Int[np.ndarray, " corners"]

    def also_on(self, half_planes: Float[np.ndarray, "half_planes 3"]) -> dict[int, list[int]]:
        """Return, for each edge that lies on the lines of several half-planes, the numbers of all of them."""
        largest = np.append(1.0, np.abs(self.corners).max(axis=0))
        values = np.abs(half_planes @ np.column_stack([np.ones(len(self.corners)), self.corners]).T)
        size = np.abs(half_planes) @ largest
        on = values <= _SAME_LINE * size[:, None]
        if np.count_nonzero(on.sum(axis=1) > 1) <= np.count_nonzero(self.sides >= 0):  # each edge has its own alone
            return {}
        on &= (np.hypot(half_planes[:, 1], half_planes[:, 2]) > _SAME_LINE * size)[:, None]
        both = on & np.roll(on, -1, axis=1)
        shared = (both.sum(axis=0) > 1) & (self.sides >= 0)
        return {int(edge): np.flatnonzero(both[:, edge]).tolist() for edge in np.flatnonzero(shared)}

    @property
    def area(self) -> float:
        """Its area."""
        x, y = (self.corners - self.corners[:1]).T
        return float(0.5 * (x @ np.roll(y, -1) - y @ np.roll(x, -1)))

    @property
    def middle(self) -> Float[np.ndarray, " 2"]:
        """Mean of the corners: a point inside."""
        return self.corners.mean(axis=0)

    def contains(self, points: Float[np.ndarray, "points 2"]) -> Bool[np.ndarray, " points"]:
        """Whether each point is inside or on the edge."""
        along = np.roll(self.corners, -1, axis=0) - self.corners
        away = points[:, None] - self.corners
        return (along[:, 0] * away[..., 1] - along[:, 1] * away[..., 0] >= 0).all(axis=1)


def rectangle(window: Float[np.ndarray, "2 2"]) -> Polygon:
    """Return a window [[x from, x to], [y from, y to]] as a polygon."""
    (left, right), (bottom, top) = window
    return Polygon(np.array([[left, bottom], [right, bottom], [right, top], [left, top]]), np.full(4, WINDOW))


def intersect(
    window: Polygon, half_planes: Float[np.ndarray, "polygons half_planes 3"], shortest: float = 0.0
) -> list[Polygon | None]:
    """Cut a polygon down to where a + b x + c y >= 0 for every row (a, b, c), once for each of many sets of rows.

    Parameters
    ----------
    window
        What is cut.
    half_planes
        The rows of each set.
    shortest
        Corners nearer to each other than this share of the window, along its two sides, become one; what has fewer
        than three left is nothing.

    Returns
    -------
    What is left by each set; None where nothing is.
    """
    count, size = half_planes.shape[0], len(window.corners)
    sides_of_window = np.ptp(window.corners, axis=0)
    corners = np.broadcast_to(window.corners, (count, size, 2)).copy()
    sides = np.broadcast_to(window.sides, (count, size)).copy()
    sizes = np.full(count, size)
    # Half-planes behind each other in memory: what is done with all of them at once is fastest so.
    constant, along_x, along_y = (np.ascontiguousarray(half_planes[..., column]) for column in range(3))
    steep = np.maximum(np.hypot(along_x, along_y), 1e-300)
    widest = np.abs(window.corners).max(axis=0)
    error = _ROUNDING * (np.abs(constant) + np.abs(along_x) * widest[0] + np.abs(along_y) * widest[1])
    numbers = np.broadcast_to(np.arange(half_planes.shape[1]), constant.shape)
    working = np.arange(count)
    while working.size:
        # Beyond a polygon's own corners its last one is repeated: that changes no minimum.
        depth = (_lowest(constant, along_x, along_y, corners[working]) + error) / steep
        deepest = depth.argmin(axis=1)
        each = np.flatnonzero((depth[np.arange(working.size), deepest] < 0) & (sizes[working] > 0))
        chosen, cut = (each, deepest[each]), working[each]
        values = along_x[chosen][:, None] * corners[cut, :, 0]
        values += along_y[chosen][:, None] * corners[cut, :, 1]
        values += constant[chosen][:, None]
        corners, sides, sizes = _cut(
            corners, sides, sizes, cut, values, numbers[chosen], error[chosen], shortest * sides_of_window
        )
        error[chosen] = np.inf  # not again
        # What holds on all of a polygon holds on what is left of it: only the others need be looked at again.
        below = depth[each] < 0
        again = (below.sum(axis=1) > 1) & (sizes[cut] > 0)
        each, below = each[again], below[again]
        most = int(below.sum(axis=1).max(initial=0))
        if 2 * each.size * most <= constant.size:
            left = each[:, None], np.argsort(~below, axis=1, kind="stable")[:, :most]
            constant, along_x, along_y = constant[left], along_x[left], along_y[left]
            error, steep, numbers, working = error[left], steep[left], numbers[left], working[each]
    return [
        Polygon(corners[row, :size].copy(), sides[row, :size].copy()) if size else None
        for row, size in enumerate(sizes.tolist())
    ]


def may_share(
    polygons: Sequence[Polygon], half_planes: Float[np.ndarray, "polygons half_planes 3"]
) -> Bool[np.ndarray, " polygons"]:
    """Whether `Polygon.also_on` may find anything, which is seldom: all polygons at once.

    It cannot where no more half-planes go through two corners than the polygon has edges of its own.
    """
    most = max(len(polygon.corners) for polygon in polygons)
    corners = np.full((len(polygons), most, 2), np.nan)
    for number, polygon in enumerate(polygons):
        corners[number, : len(polygon.corners)] = polygon.corners
    constant, along_x, along_y = (np.ascontiguousarray(half_planes[..., column]) for column in range(3))
    widest = np.nanmax(np.abs(corners), axis=1)
    size = np.abs(constant) + np.abs(along_x) * widest[:, :1] + np.abs(along_y) * widest[:, 1:]
    size *= 2 * _SAME_LINE
    on = np.zeros(constant.shape, np.int8)
    value, part = np.empty_like(constant), np.empty_like(constant)
    for corner in range(most):
        np.multiply(along_x, corners[:, corner, :1], out=value)
        value += np.multiply(along_y, corners[:, corner, 1:], out=part)
        value += constant
        on += np.abs(value, out=value) <= size
    own = np.array([np.count_nonzero(polygon.sides >= 0) for polygon in polygons])
    return np.count_nonzero(on > 1, axis=1) > own


def _lowest(
    constant: Float[np.ndarray, "polygons half_planes"],
    along_x: Float[np.ndarray, "polygons half_planes"],
    along_y: Float[np.ndarray, "polygons half_planes"],
    corners: Float[np.ndarray, "polygons corners 2"],
) -> Float[np.ndarray, "polygons half_planes"]:
    """Return the least value at any corner."""
    lowest = np.full(constant.shape, np.inf)
    value, part = np.empty_like(lowest), np.empty_like(lowest)
    for corner in range(corners.shape[1]):
        np.multiply(along_x, corners[:, corner, :1], out=value)
        value += np.multiply(along_y, corners[:, corner, 1:], out=part)
        value += constant
        np.minimum(lowest, value, out=lowest)
    return lowest


def _cut(
    corners: Float[np.ndarray, "polygons corners 2"],
    sides: Int[np.ndarray, "polygons corners"],
    sizes: Int[np.ndarray, " polygons"],
    working: Int[np.ndarray, " working"],
    values: Float[np.ndarray, "working corners"],
    numbers: Int[np.ndarray, " working"],
    errors: Float[np.ndarray, " working"],
    shortest: Float[np.ndarray, " 2"],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keep the part of some polygons where a function, linear between the corners, is not below zero."""
    if not working.size:
        return corners, sides, sizes
    width = corners.shape[1]
    places = np.arange(width)
    after = np.where(places + 1 < sizes[working, None], places + 1, 0)
    own = places < sizes[working, None]
    values = np.where(np.abs(values) <= errors[:, None], 0.0, values)
    following = np.take_along_axis(values, after, axis=1)
    here, there = corners[working], np.take_along_axis(corners[working], after[..., None], axis=1)
    stays = own & (values >= 0)
    crosses = own & (values * following < 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(crosses, values / (values - following), 0.0)
    # Each corner that stays, and behind it the point where its edge is crossed: twice the places, then closed up.
    points = np.stack([here, here + share[..., None] * (there - here)], axis=2).reshape(len(working), -1, 2)
    side, number = sides[working], numbers[:, None]
    # An edge that leaves from a corner on the line and goes outside is the line's own.
    made = np.stack(
        [np.where((values == 0) & (following < 0), number, side), np.where(values > 0, number, side)], axis=2
    ).reshape(len(working), -1)
    some = (values > 0).any(axis=1, keepdims=True)
    kept = np.stack([stays, crosses], axis=2).reshape(len(working), -1) & some
    points, made, size = _closed_up(points, made, kept)
    if shortest.any():
        places = np.arange(points.shape[1])
        after = np.where(places + 1 < size[:, None], places + 1, 0)
        edges = (np.take_along_axis(points, after[..., None], axis=1) - points) / shortest
        points, made, size = _closed_up(points, made, (places < size[:, None]) & ((edges**2).sum(axis=2) > 1))
    size[size < 3] = 0
    if points.shape[1] > width:
        wider = points.shape[1] - width
        corners = np.concatenate([corners, np.repeat(corners[:, -1:], wider, axis=1)], axis=1)
        sides = np.concatenate([sides, np.repeat(sides[:, -1:], wider, axis=1)], axis=1)
    corners[working, : points.shape[1]], sides[working, : points.shape[1]] = points, made
    corners[working, points.shape[1] :] = points[:, -1:]
    sizes = sizes.copy()
    sizes[working] = size
    return corners, sides, sizes


def _closed_up(
    points: Float[np.ndarray, "polygons places 2"],
    made: Int[np.ndarray, "polygons places"],
    kept: Bool[np.ndarray, "polygons places"],
) -> tuple[np.ndarray, np.ndarray, Int[np.ndarray, " polygons"]]:
    """Move what is kept to the front, in its order, and repeat the last of it behind."""
    size = kept.sum(axis=1)
    order = np.argsort(~kept, axis=1, kind="stable")[:, : max(int(size.max(initial=0)), 1)]
    last = np.take_along_axis(order, np.maximum(size - 1, 0)[:, None], axis=1)
    order = np.where(np.arange(order.shape[1]) < size[:, None], order, last)
    return np.take_along_axis(points, order[..., None], axis=1), np.take_along_axis(made, order, axis=1), size
