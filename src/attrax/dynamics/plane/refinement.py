"""Borders between attractors that have no formula, by bisection between sampled inputs."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import shapely
import xarray as xr
from jaxtyping import Float, Int, Shaped
from scipy.spatial import Delaunay, QhullError

from attrax.dynamics.plane.regions import Regions
from attrax.dynamics.plane.sheets import covered, to_square


def sampled_borders(
    regions: Regions,
    samples: xr.Dataset,
    label: Callable[[Float[np.ndarray, "points 2"]], Shaped[np.ndarray, " points"]],
    edges: int,
    precision: float,
) -> xr.Dataset:
    """Find where one kind of attractor without a formula gives way to another: see `Atlas.sampled_borders`.

    Parameters
    ----------
    regions, samples
        Those of the atlas.
    label
        Says the kind of attractor that the orbit reaches at each input.
    edges, precision
        How many ways are followed, and how near to each other their ends come.
    """
    points = samples.point.values
    everything = covered(regions)
    bare = np.flatnonzero(~shapely.intersects(everything, shapely.points(to_square(points, regions.window))))
    kinds = samples.kind.values[bare, 0].astype(object)
    points = points[bare]
    pairs = _neighbours(to_square(points, regions.window))
    pairs = pairs[kinds[pairs[:, 0]] != kinds[pairs[:, 1]]]
    ways = to_square(points[pairs].reshape(-1, 2), regions.window).reshape(-1, 2, 2)
    open_ways = ~shapely.intersects(everything, shapely.linestrings(ways)) if len(ways) else np.empty(0, bool)
    pairs, ways = pairs[open_ways], ways[open_ways]
    shortest = np.argsort(np.linalg.norm(ways[:, 1] - ways[:, 0], axis=1))[:edges]
    ends, sides = points[pairs[shortest]], kinds[pairs[shortest]]
    window = np.ptp(regions.window.corners, axis=0)
    for _ in range(int(np.ceil(np.log2(1 / precision))) + 1 if len(ends) else 0):
        wide = np.flatnonzero((np.abs(ends[:, 1] - ends[:, 0]) / window).max(axis=1) > precision)
        if not wide.size:
            break
        middle = ends[wide].mean(axis=1)
        there = label(middle)
        # What lies between may be a third kind: then the way to it is followed, from the first of the two.
        near = (there == sides[wide, 0]).astype(int)
        ends[wide, 1 - near] = middle
        sides[wide, 1 - near] = there
    return xr.Dataset(
        {
            "ends": (("border", "side", "axis"), ends),
            "kind": (("border", "side"), sides.astype("U14")),
        },
        coords={"axis": ["x", "y"]},
    )


def _neighbours(points: Float[np.ndarray, "points 2"]) -> Int[np.ndarray, "pairs 2"]:
    """Return pairs of points that are next to each other: edges of Delaunay's triangles, or all pairs of a few."""
    if len(points) > 3:
        try:
            triangles = Delaunay(points).simplices
            sides = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
            return np.unique(sides, axis=0).astype(int)
        except QhullError:  # all in one line
            order = np.lexsort(points.T)
            return np.stack([order[:-1], order[1:]], axis=1)
    return np.array(list(combinations(range(len(points)), 2)), dtype=int).reshape(-1, 2)
