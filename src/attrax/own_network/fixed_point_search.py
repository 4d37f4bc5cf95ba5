"""The fixed points under one input, stable or not, and which of them are attractors that starts went to."""

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from attrax.dynamics import ReluMap, SmoothMap, fixed_points

_FEW_STARTS = 7
"""Orbits that lend the search their states. Where orbits are chaotic each costs dozens of solves: more leave none."""
_ON_BORDER = 1e-10
_SAME = 1e-7


def find_points(
    one_map: ReluMap | SmoothMap,
    attractor_states: dict[int, Float[np.ndarray, " units"]],
    starts: Float[np.ndarray, "starts units"],
    solves: int,
    seed: int,
) -> xr.Dataset:
    """Search for fixed points from the fixed points that attract, and from some starts.

    Parameters
    ----------
    one_map
        The map.
    attractor_states
        The state of each attractor that is a fixed point, by its number.
    starts
        Where orbits begin; the first few of them lend their states to the search.
    solves, seed
        As in `attrax.dynamics.fixed_points`.

    Returns
    -------
    Dataset over "point": attractors first, by number, then by the number of unstable directions:

    - point_state (point, unit); point_radius, point_unstable, point_instability, point_certified, point_residual,
      point_margin: as `attrax.dynamics.fixed_points` returns them;
    - point_eigenvalue_real, point_eigenvalue_imag (point, eigenvalue): the leading ones;
    - point_relaxation: steps in which a push shrinks to 1/e, -1 / ln(radius); NaN where the point is not stable;
    - point_attractor: the number of the attractor that it is; -1 if no start went there.

    A point of a ReLU network with a drive of zero (margin below 1e-10) lies on the border of linear pieces: no one
    Jacobian says whether it is stable. Its instability is "border", `point_unstable` -1, radius and eigenvalues NaN.
    Attributes: solves_spent; still_new, 1 if the last tenth of them still found new points.
    """
    states = [state[None] for state in attractor_states.values()]
    found = fixed_points(one_map, seed, starts=np.concatenate([*states, starts[:_FEW_STARTS]]), solves=solves)
    instability, radius = found.instability.values.astype("U12"), found.radius.values.copy()
    unstable, eigenvalues = found.unstable.values.copy(), found.eigenvalues.values.astype(complex)
    on_border = np.nan_to_num(found.margin.values, nan=np.inf) < _ON_BORDER
    instability[on_border], unstable[on_border] = "border", -1
    radius[on_border], eigenvalues[on_border] = np.nan, complex(np.nan, np.nan)
    attractor = _which_attractor(found.state.values, attractor_states, float(np.abs(starts).max()))
    order = np.lexsort((unstable, np.where(attractor > 0, attractor, np.iinfo(int).max)))
    points = xr.Dataset(
        {
            "point_state": (("point", "unit"), found.state.values),
            "point_attractor": ("point", attractor),
            "point_instability": ("point", instability),
            "point_unstable": ("point", unstable),
            "point_radius": ("point", radius),
            "point_eigenvalue_real": (("point", "eigenvalue"), eigenvalues.real),
            "point_eigenvalue_imag": (("point", "eigenvalue"), eigenvalues.imag),
            "point_relaxation": ("point", _relaxation(radius, instability == "stable")),
            "point_certified": ("point", found.certified.values),
            "point_residual": ("point", found.residual.values),
            "point_margin": ("point", found.margin.values),
        },
        attrs={"solves_spent": found.attrs["solves"], "still_new": found.attrs["still_new"]},
    )
    return points.isel(point=order)


def _which_attractor(
    states: Float[np.ndarray, "points units"], attractor_states: dict[int, np.ndarray], size: float
) -> Int[np.ndarray, " points"]:
    """Return the attractor that each point is; an orbit that only comes near zero is as far as its start was large."""
    numbers = np.full(len(states), -1)
    for number, state in attractor_states.items():
        distance = np.abs(states - state).max(axis=1)
        if distance.size and distance.min() <= _SAME * max(size, float(np.abs(state).max())):
            numbers[distance.argmin()] = number
    return numbers


def _relaxation(radius: Float[np.ndarray, " points"], stable: np.ndarray) -> Float[np.ndarray, " points"]:
    with np.errstate(divide="ignore"):
        return np.where(stable, -1 / np.log(np.where(stable, radius, 0.5)) + 0.0, np.nan)
