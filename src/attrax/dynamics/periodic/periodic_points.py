"""All fixed points and cycles of a map that can be found, stable or not."""

import xarray as xr
from numpy.typing import ArrayLike

from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.maps.smooth_map import SmoothMap
from attrax.dynamics.periodic.found_cycles import find_periodic


def fixed_points(
    m: ReluMap | SmoothMap,
    seed: int = 0,
    *,
    starts: ArrayLike | None = None,
    solves: int = 500,
    patience: int | None = None,
) -> xr.Dataset:
    """Find the fixed points of a map, stable or not.

    A ReLU map is solved exactly, piece by piece; `attrax.dynamics.periodic.relu_search` says how pieces are chosen. A
    smooth map is searched by Newton's method. Neither proves that nothing else exists.

    Parameters
    ----------
    m
        The map.
    seed
        Of the random starts.
    starts
        Own states to begin orbits from, shape (starts, units); by default zero and six random ones. Patterns and
        states that these orbits visit are tried first.
    solves
        How many linear solves may be spent.
    patience
        Stop after this many solves that found nothing new; by default only when `solves` are spent.

    Returns
    -------
    Dataset over "point", in the order in which they were found:

    state (point, unit)
        The fixed point.
    radius, unstable, instability
        Spectral radius of the Jacobian, the number of eigenvalues outside the unit circle, and what kind leads:
        "stable", "+1" (a real one above 1), "-1" (a real one below -1: a flip), "complex pair", or "neutral" (on the
        circle).
    eigenvalues (point, eigenvalue)
        The leading ones, complex, by size.
    residual, margin
        Largest |f(h) - h|, and smallest |drive| of any unit (NaN for a smooth map), in units of the state's scale.
    certified
        Whether it surely exists: residual at most 1e-10, and every unit's drive at least a thousand times its rounding
        error away from zero; for a smooth map by Newton-Kantorovich, if the map knows its curvature.

    Attributes: `solves` and `starts` that were used; `singular`, the number of solves without an answer: I - J had
    no inverse, as where fixed points form a continuum; and `still_new`, 1 if the last tenth of the solves found points
    that none before had found: then there are more than these, or a continuum.

    Raises
    ------
    ValueError
        For starts of the wrong width or that are not finite, or a budget below 1.

    References
    ----------
    Eisenmann, Monfared, Göring, Durstewitz, NeurIPS 2023 (SCYFI).
    """
    found = find_periodic(m, 1, seed, starts, solves, patience)
    return found.isel(step=0).rename(cycle="point")


def cycles(
    m: ReluMap | SmoothMap,
    period: int,
    seed: int = 0,
    *,
    starts: ArrayLike | None = None,
    solves: int = 500,
    patience: int | None = None,
) -> xr.Dataset:
    """Find the cycles of one minimal period, stable or not.

    Parameters
    ----------
    m
        The map.
    period
        Number of steps after which a cycle is back, and not before.
    seed, starts, solves, patience
        As in `fixed_points`.

    Returns
    -------
    Dataset over "cycle", each once, whichever of its states comes first:

    state (cycle, step, unit)
        Its states in the order in which the map visits them.
    radius, unstable, instability, eigenvalues
        Those of the Jacobian over one period, as in `fixed_points`.
    residual, margin
        The largest and the smallest over its steps.
    certified
        Whether it surely exists, and with this minimal period.

    Attributes as in `fixed_points`.

    Raises
    ------
    ValueError
        For a period below 1, and as in `fixed_points`.
    """
    return find_periodic(m, period, seed, starts, solves, patience)
