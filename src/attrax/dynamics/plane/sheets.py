"""The sheets of attractors over a plane: regions that hang together, one above each point; and the areas they cover.

Areas are united and cut by shapely, always on a grid of 1e-12 of the window: without one, polygons whose
edges coincide up to rounding, as those of neighbours do, can get lost whole (https://github.com/libgeos/geos/issues/1344).
"""

import numpy as np
import shapely
from jaxtyping import Float, Int

from attrax.dynamics.plane.borders import Border
from attrax.dynamics.plane.half_planes import Polygon
from attrax.dynamics.plane.regions import Regions

_OVERLAP = 1e-12
"""Share of the window by which two regions may overlap, for rounding."""
GRID = 1e-12
"""Size of the grid of overlays, where the window is the unit square."""


def shape_of(polygon: Polygon, window: Polygon) -> shapely.Polygon:
    """Return a polygon as one of shapely's, with the window as the unit square: so no scale or place is special."""
    return shapely.Polygon(to_square(polygon.corners, window))


def to_square(points: Float[np.ndarray, "points 2"], window: Polygon) -> Float[np.ndarray, "points 2"]:
    """Return inputs as they lie in a window that is taken as the unit square."""
    return (points - window.corners.min(axis=0)) / np.ptp(window.corners, axis=0)


def number_sheets(regions: Regions, borders: list[Border]) -> Int[np.ndarray, " regions"]:
    """Return the number of the sheet of each stable region, the largest sheet first; -1 for unstable ones.

    A sheet goes on across every border at which its attractor goes on ("switch"). Around the end of a fold it can come
    back above itself, as a winding staircase does: there it is cut, so that no sheet has two regions above one point.
    """
    found = regions.found
    beside: dict[int, list[int]] = {number: [] for number, region in enumerate(found) if region.stable}
    for border in borders:
        one, two = border.regions
        if border.kind == "switch" and one in beside and two in beside:
            beside[one].append(two)
            beside[two].append(one)
    areas = np.array([region.polygon.area for region in found])
    overlaps = _overlaps(regions, list(beside))
    sheets: list[list[int]] = []
    left = dict.fromkeys(sorted(beside, key=lambda number: -areas[number]))
    while left:
        sheet, edge, taken = [], [next(iter(left))], set()
        blocked: set[int] = set()
        while edge:
            number = edge.pop(0)
            if number in taken or number in blocked or number not in left:
                continue
            taken.add(number)
            sheet.append(number)
            blocked |= overlaps.get(number, set())
            edge += [other for other in beside[number] if other in left and other not in taken]
        for number in sheet:
            del left[number]
        sheets.append(sheet)
    sheets.sort(key=lambda sheet: -areas[sheet].sum())
    numbers = np.full(len(found), -1)
    for number, sheet in enumerate(sheets):
        numbers[sheet] = number
    return numbers


def _overlaps(regions: Regions, numbers: list[int]) -> dict[int, set[int]]:
    """Return which of some regions have more than a border in common."""
    shapes = np.array([shape_of(regions.found[number].polygon, regions.window) for number in numbers], dtype=object)
    if not shapes.size:
        return {}
    one, two = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, two = one[one < two], two[one < two]
    common = shapely.intersection(shapes[one], shapes[two], grid_size=GRID)
    apart = shapely.area(common) <= _OVERLAP
    result: dict[int, set[int]] = {}
    for a, b in zip(one[~apart].tolist(), two[~apart].tolist(), strict=True):
        result.setdefault(numbers[a], set()).add(numbers[b])
        result.setdefault(numbers[b], set()).add(numbers[a])
    return result


def covered(regions: Regions, period: int | None = None) -> shapely.Geometry:
    """Return where in the window, as the unit square, a stable region lies: of a fixed point (1), a cycle (2), any."""
    shapes = [
        shape_of(region.polygon, regions.window)
        for region in regions.found
        if region.stable and (period is None or min(region.period, 2) == period)
    ]
    return _areas_of(shapely.union_all(shapes, grid_size=GRID))


def coexistence(regions: Regions, sheets: Int[np.ndarray, " regions"]) -> dict[int, float]:
    """Return, for each number of stable regions one above the other, its share of the window."""
    parts: list[shapely.Geometry] = [shapely.box(0, 0, 1, 1)]
    for sheet in range(int(sheets.max(initial=-1)) + 1):
        members = [
            shape_of(regions.found[number].polygon, regions.window) for number in np.flatnonzero(sheets == sheet)
        ]
        shape = _areas_of(shapely.union_all(members, grid_size=GRID))
        deeper = [_areas_of(shapely.intersection(part, shape, grid_size=GRID)) for part in parts]
        parts = [_areas_of(shapely.difference(part, shape, grid_size=GRID)) for part in parts]
        nothing = shapely.Polygon()
        parts = [
            _areas_of(shapely.union(part, more, grid_size=GRID))
            for part, more in zip([*parts, nothing], [nothing, *deeper], strict=True)
        ]
    shares = {count: float(shapely.area(part)) for count, part in enumerate(parts)}
    return {count: share for count, share in shares.items() if share > _OVERLAP}


def remaining(regions: Regions) -> shapely.Geometry:
    """Return the part of the window, as the unit square, above which no stable region lies."""
    window = shapely.box(0, 0, 1, 1)
    return _areas_of(shapely.difference(window, covered(regions), grid_size=GRID))


def _areas_of(shape: shapely.Geometry) -> shapely.Geometry:
    """Leave out points and lines, which overlays return where shapes touch, and do not take again."""
    parts = shapely.get_parts(shape)
    return shapely.multipolygons(parts[shapely.get_dimensions(parts) == 2])


def draw_points(shape: shapely.Geometry, count: int, generator: np.random.Generator) -> Float[np.ndarray, "points 2"]:
    """Draw points from a shape, uniformly."""
    triangles = np.array(
        [
            shapely.get_coordinates(triangle)[:3]
            for part in shapely.get_parts(shape)
            if shapely.area(part) > 0
            for triangle in shapely.get_parts(shapely.constrained_delaunay_triangles(part))
        ]
    ).reshape(-1, 3, 2)
    if not triangles.size:
        return np.empty((0, 2))
    side = triangles[:, 1:] - triangles[:, :1]
    areas = np.abs(side[:, 0, 0] * side[:, 1, 1] - side[:, 0, 1] * side[:, 1, 0])
    chosen = generator.choice(len(triangles), count, p=areas / areas.sum())
    shares = generator.random((count, 2))
    shares = np.where(shares.sum(axis=1, keepdims=True) > 1, 1 - shares, shares)
    return triangles[chosen, 0] + np.einsum("ps,psc->pc", shares, side[chosen])
