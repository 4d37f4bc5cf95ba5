"""Bifurcation diagrams: the fixed points and cycles of a ReLU network while its input moves along a line."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from attrax.dynamics.effort import Effort
from attrax.dynamics.plane.atlas_search import atlas
from attrax.dynamics.plane.borders import leading_eigenvalue
from attrax.dynamics.plane.plane_atlas import Atlas


def sweep(
    weights: ArrayLike,
    bias: ArrayLike,
    direction: ArrayLike,
    leak: float = 1.0,
    between: Sequence[Any] = (-1.0, 1.0),
    start: ArrayLike | None = None,
    seed: int = 0,
    *,
    longest_cycle: int = 12,
    samples: int = 64,
    starts: int = 4,
    solves: int = 200,
    limit: int = 50_000,
    effort: Effort | None = None,
) -> xr.Dataset:
    """Follow the fixed points and cycles of ReluMap(W, b + x d, leak) from one x to another, stable or not.

    The line is a plane that does not change across it, so that its regions are those of `atlas`: intervals of x, each
    with one affine formula and one Jacobian. Nothing is stepped along, and a branch that turns back is followed round.

    Parameters
    ----------
    weights, bias, leak
        W, shape (units, units), b, shape (units,), and the share of the state that is renewed at each step.
    direction
        d, shape (units,): an input weight for a sweep of that input; U (x2 - x1) from one input to another; for the
        gain of an input, U x itself.
    between
        Smallest and largest x.
    start, seed, longest_cycle, samples, starts, solves, limit, effort
        As in `atlas`: sampled orbits meet the first pieces, and what has no formula.

    Returns
    -------
    Dataset over "piece", the pieces of branches in no order, each an interval of x:

    x (piece, end), state (piece, end, step, unit)
        Where it begins and ends, smaller x first, and the cycle there; in between both are on straight lines. Steps
        beyond a piece's period are NaN.
    period, stable, radius, index
        Of the cycle: its period, whether it attracts, the spectral radius of its Jacobian, and the sign of det(I - J).
    border (piece, end)
        What happens at that end: one of `attrax.dynamics.plane.borders.BORDER_KINDS`, "end" where the line ends, or ""
        where that is not known.

    and over "sample" and "start", what sampled orbits settled to: sample_x, kind, period and exponent as in
    `Atlas.samples` ("sample_kind", "sample_period", "sample_exponent"). The attribute `complete` is 0 where the limit
    was met.

    Raises
    ------
    ValueError
        As `atlas`.
    """
    direction = np.asarray(direction, dtype=float)
    units = np.asarray(bias).shape[-1:]
    if direction.shape != units:
        raise ValueError(f"direction has shape {direction.shape}; with a bias of shape {units} it must have that too")
    if len(between) != 2:
        raise ValueError(f"between is {between!r}; it must be (from, to)")
    found = atlas(
        weights, bias, np.stack([direction, np.zeros_like(direction)]), leak, (between, (0.0, 1.0)), start, seed,
        longest_cycle=longest_cycle, samples=samples, starts=starts, solves=solves, limit=limit, effort=effort,
    )  # fmt: skip
    return _pieces(found)


def _pieces(found: Atlas) -> xr.Dataset:
    regions, plane = found.regions.found, found.regions.plane
    longest = max((region.period for region in regions), default=1)
    corners = [region.polygon.corners[:, 0] for region in regions]
    x = np.array([[places.min(), places.max()] for places in corners]).reshape(-1, 2)
    state = np.full((len(regions), 2, longest, plane.n_units), np.nan)
    for row, (region, ends) in enumerate(zip(regions, x, strict=True)):
        points = np.stack([ends, [0.5, 0.5]], axis=1)
        state[row, :, : region.period] = region.states(points, plane.origin.leak)
    border = np.full((len(regions), 2), "", dtype="U14")
    sides = found.regions.window.corners[:, 0]
    border[np.isclose(x, [sides.min(), sides.max()], rtol=0, atol=1e-12 * np.ptp(sides))] = "end"
    for edge in found.borders:
        for number in edge.regions:
            if number >= 0:
                border[number, int(np.abs(x[number] - edge.ends[:, 0].mean()).argmin())] = edge.kind
    samples = found.samples
    return xr.Dataset(
        {
            "x": (("piece", "end"), x),
            "state": (("piece", "end", "step", "unit"), state),
            "period": ("piece", np.array([region.period for region in regions], dtype=int)),
            "stable": ("piece", np.array([region.stable for region in regions], dtype=bool)),
            "radius": ("piece", np.array([abs(leading_eigenvalue(plane, region)) for region in regions], dtype=float)),
            "index": ("piece", np.array([region.index for region in regions], dtype=int)),
            "border": (("piece", "end"), border),
            "sample_x": ("sample", samples.point.values[:, 0]),
            **{f"sample_{name}": samples[name].variable for name in ("kind", "period", "exponent")},
        },
        attrs={"complete": int(found.complete)},
    )
