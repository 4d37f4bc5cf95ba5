"""In what share of a plane of inputs an attractor of each kind exists, and in what share of trials it is reached."""

import numpy as np
import shapely
import xarray as xr
from jaxtyping import Float, Int, Shaped

from attrax.dynamics.attractors.basin_fractions import wilson_interval
from attrax.dynamics.labels.classification import KINDS
from attrax.dynamics.plane.regions import Regions
from attrax.dynamics.plane.sheets import covered, to_square

_EXACT = {"fixed point": 1, "cycle": 2}


def area_table(regions: Regions, samples: xr.Dataset) -> xr.Dataset:
    """Return for each kind the share of the window where it exists, with its interval: see `Atlas.area_table`."""
    points = shapely.points(to_square(samples.point.values, regions.window))
    everything = covered(regions)
    bare, rest = ~shapely.intersects(everything, points), 1 - float(shapely.area(everything))
    # What was drawn where nothing stable was known yet is no fair sample of the rest of the window.
    parts = ((1 - rest, ~bare & samples.everywhere.values), (rest, bare))
    rows = []
    for kind in KINDS:
        exact, met = 0.0, (samples.kind.values == kind).any(axis=1)
        if kind in _EXACT:
            there = covered(regions, _EXACT[kind])
            exact = float(shapely.area(there))
            met &= ~shapely.intersects(there, points)
        estimate = np.zeros(3)
        for weight, part in parts:
            total = int(part.sum())
            share = met[part].mean() if total else 0.0
            bounds = wilson_interval(int(met[part].sum()), total) if total else (0.0, 1.0)
            estimate += weight * np.array([share, *bounds])
        rows.append([exact, *np.minimum(exact + estimate, 1.0)])
    return xr.Dataset(
        dict(zip(("exact", "share", "low", "high"), (("kind", column) for column in np.array(rows).T), strict=True)),
        coords={"kind": list(KINDS)},
    )


def shares_of_inputs(
    regions: Regions,
    sheets: Int[np.ndarray, " regions"],
    above: tuple[Int[np.ndarray, " pairs"], Int[np.ndarray, " pairs"]],
    reached: Shaped[np.ndarray, " points"],
    weights: Float[np.ndarray, " points"],
) -> xr.Dataset:
    """Return for each kind the share of inputs where it exists and where it is reached: see `Atlas.shares_at`.

    Parameters
    ----------
    regions, sheets
        The regions, and the number of each one's sheet.
    above
        Pairs of the number of an input and that of a region above it.
    reached
        Kind of the attractor that is reached at each input.
    weights
        How much each of them counts.
    """
    which, numbers = above
    periods = np.array([regions.found[number].period for number in numbers.tolist()], dtype=int)
    rows = []
    for kind in KINDS:
        there = reached == kind
        exists = there.copy()
        if kind in _EXACT:
            exists[which[np.minimum(periods, 2) == _EXACT[kind]]] = True
        rows.append([exists @ weights, there @ weights])
    exists, reaches = np.array(rows).T / weights.sum()
    # On a border two regions of one sheet meet: one attractor.
    on_sheets = np.unique(np.stack([which, sheets[numbers]]), axis=1)[0]
    several = np.bincount(on_sheets, minlength=len(reached)) > 1
    return xr.Dataset(
        {
            "exists": ("kind", exists),
            "reached": ("kind", reaches),
            "coexist": float(several @ weights / weights.sum()),
        },
        coords={"kind": list(KINDS)},
    )
