"""The fixed points under one input, a row each."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

_COPIED = ("instability", "unstable", "radius", "certified", "residual", "margin")


def fixed_point_table(result: xr.Dataset) -> pd.DataFrame:
    """Return a row per fixed point.

    Parameters
    ----------
    result
        As `attrax.own_network.weights_analysis.analyse_input` returns it.

    Returns
    -------
    Columns:

    - point: its number, from 1;
    - attractor: the number of the attractor that it is; -1 if no start went there;
    - instability, unstable, radius: what leads, how many directions grow, spectral radius;
    - eigenvalue_real, eigenvalue_imag: the leading eigenvalue, the one above the axis of a pair;
    - relaxation_steps: missing where it is not stable;
    - certified, residual, margin;
    - mean_activity; active_units: those with a drive above zero, missing if the network is no ReLU network.

    No rows if no search was made.
    """
    count = result.sizes.get("point", 0)
    searched = "point_state" in result

    def values(name: str) -> np.ndarray:
        return result[name].values if searched else np.empty((0, 1))

    columns: dict[str, Any] = {
        "point": np.arange(1, count + 1),
        "attractor": values("point_attractor").reshape(count).astype(int),
    }
    columns |= {name: values(f"point_{name}").reshape(count) for name in _COPIED}
    columns["eigenvalue_real"] = values("point_eigenvalue_real")[:, 0]
    columns["eigenvalue_imag"] = values("point_eigenvalue_imag")[:, 0]
    columns["relaxation_steps"] = values("point_relaxation").reshape(count)
    columns["mean_activity"] = values("point_state").mean(axis=1)
    columns["active_units"] = values("point_active_units").reshape(count)
    frame = pd.DataFrame(columns)
    order = [
        "point", "attractor", "instability", "unstable", "radius", "eigenvalue_real", "eigenvalue_imag",
        "relaxation_steps", "certified", "residual", "margin", "mean_activity", "active_units",
    ]  # fmt: skip
    return frame[order].astype({"instability": str, "unstable": int, "certified": bool})
