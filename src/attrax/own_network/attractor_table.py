"""What was found under one input, a row per attractor: how often it is reached, and what it is like."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from attrax.dynamics.attractors.basin_fractions import wilson_interval


def attractor_table(result: xr.Dataset) -> pd.DataFrame:
    """Return a row per attractor, and one each for the starts that diverge, stay undecided, or are neutral.

    Parameters
    ----------
    result
        As `attrax.own_network.weights_analysis.analyse_input` returns it.

    Returns
    -------
    Columns:

    - attractor: its number, 1 for the one that most starts reach; -1 in the rows that stand for no attractor;
    - kind, period, certified, neutral, torus_dimension, rotation_number, rotation_digits, period_excluded, amplitude:
      as in `attrax.dynamics.Classification`;
    - starts, share, share_low, share_high: how many of the starts get there (without the zero state, where it was
      added), as a share of all, with its 95 % interval by Wilson;
    - from_zero: whether the zero state that was added gets there;
    - exponent_1 ... exponent_4, and exponent_1_error ...: Lyapunov exponents with standard errors, 0 where exact;
    - relaxation_steps: see `attrax.dynamics.Classification.relaxation_time`;
    - mean_activity: over its units and states; active_units.

    The last four are missing (NaN) in the rows that stand for no attractor.
    """
    counted = ~result.zero_state.values
    total = int(counted.sum())
    rows = []
    for number in range(1, int(result.attractor.max()) + 1):
        members = result.attractor.values == number
        first = int(np.flatnonzero(members)[0])
        rows.append(_shares(result, members, counted, total) | _description(result, first, number))
    kind, neutral = result.kind.values, result.neutral.values
    for name, is_neutral in (("divergent", False), ("undecided", True), ("undecided", False)):
        members = (kind == name) & ((neutral == is_neutral) | (name == "divergent"))
        if members.any():
            nothing = _NOTHING | {"kind": name, "neutral": is_neutral}
            rows.append(_shares(result, members, counted, total) | nothing)
    return pd.DataFrame(rows)[[*_FIRST, *(name for name in rows[0] if name not in _FIRST)]]


_FIRST = ("attractor", "kind", "period", "certified", "share", "share_low", "share_high", "starts", "from_zero")
_COPIED = ("torus_dimension", "rotation_number", "rotation_digits", "period_excluded", "amplitude")
_N_EXPONENTS = 4
_EXPONENTS = tuple(f"exponent_{i + 1}{end}" for end in ("", "_error") for i in range(_N_EXPONENTS))
_NAN = float("nan")
_NOTHING: dict[str, Any] = {
    "attractor": -1, "kind": "", "period": 0, "certified": False, "neutral": False,
    **dict.fromkeys(_EXPONENTS, _NAN),
    "torus_dimension": 0, "rotation_number": _NAN, "rotation_digits": _NAN, "period_excluded": 0, "amplitude": _NAN,
    "relaxation_steps": _NAN, "mean_activity": _NAN, "active_units": _NAN,
}  # fmt: skip


def _shares(result: xr.Dataset, members: np.ndarray, counted: np.ndarray, total: int) -> dict[str, Any]:
    count = int((members & counted).sum())
    low, high = wilson_interval(count, total)
    return {
        "starts": count,
        "share": count / total,
        "share_low": low,
        "share_high": high,
        "from_zero": bool((members & ~counted).any()),
    }


def _description(result: xr.Dataset, start: int, number: int) -> dict[str, Any]:
    one = result.isel(start=start)
    exponents, errors = one.exponents.values[:_N_EXPONENTS], one.exponent_error.values[:_N_EXPONENTS]
    return {
        "attractor": number,
        "kind": str(one.kind.values),
        "period": int(one.period),
        "certified": bool(one.certified),
        "neutral": bool(one.neutral),
        **dict(zip(_EXPONENTS, [*exponents.tolist(), *errors.tolist()], strict=True)),
        **{name: one[name].item() for name in _COPIED},
        "relaxation_steps": float(one.relaxation_time),
        "mean_activity": float(result.mean_activity[number - 1]),
        "active_units": float(result.active_units[number - 1]),
    }


def start_table(result: xr.Dataset) -> pd.DataFrame:
    """Return a row per start: what it went to, with the evidence; states are left to the dataset."""
    columns: dict[str, Any] = {"start": np.arange(result.sizes["start"])}
    for name, values in result.data_vars.items():
        if values.dims == ("start",):
            columns[str(name)] = values.values
    for i in range(_N_EXPONENTS):
        columns[f"exponent_{i + 1}"] = result.exponents.values[:, i]
        columns[f"exponent_{i + 1}_error"] = result.exponent_error.values[:, i]
    return pd.DataFrame(columns)
