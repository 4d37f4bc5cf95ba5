"""Fixed points that attract nothing, as marks in the drawing of the attractors."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import xarray as xr
from jaxtyping import Float

from attrax.reports.words.attractor_words import eigenvalue_words, number, stability_words

_MARKS = (
    ("unstable fixed point", "triangle-up-open", "#D55E00"),
    ("stable fixed point, not reached", "circle-open", "#222222"),
    ("other fixed point", "square-open", "#777777"),
)
_FAR = 1.5
"""Points are drawn up to this many times the drawing's size beyond it; further ones would make all else small."""


def widened(
    ranges: list[list[float]], points: Float[np.ndarray, "points axes"]
) -> tuple[list[list[float]], np.ndarray]:
    """Return ranges of the axes with the points that are not far off, and which those are."""
    low, high = np.array(ranges).T
    size = high - low
    near = ((points >= low - _FAR * size) & (points <= high + _FAR * size)).all(axis=1)
    if near.any():
        pad = 0.06 * size
        low = np.minimum(low, points[near].min(axis=0) - pad)
        high = np.maximum(high, points[near].max(axis=0) + pad)
    return [[float(low[i]), float(high[i])] for i in range(2)], near


def unattracting(result: xr.Dataset) -> Float[np.ndarray, "points units"]:
    """Return the fixed points that are not on the drawing as attractors."""
    if "point_state" not in result:
        return np.empty((0, result.sizes["unit"]))
    return result.point_state.values[result.point_attractor.values < 0]


def add_fixed_points(
    figure: go.Figure, points: Float[np.ndarray, "points axes"], near: np.ndarray, rows: pd.DataFrame
) -> None:
    """Add a mark for each fixed point that is no attractor.

    Parameters
    ----------
    figure
        The drawing.
    points, near
        Where they are on its axes, and which are within it.
    rows
        Those of `AnalysedWeights.points` for the points.
    """
    group = np.select([rows.unstable > 0, rows.instability == "stable"], [0, 1], 2)
    for which, (words, symbol, colour) in enumerate(_MARKS):
        chosen = near & (group == which)
        missed = int((~near & (group == which)).sum())
        if not chosen.any() and not missed:
            continue
        outside = f" ({missed} outside)" if missed else ""
        figure.add_scatter(
            x=points[chosen, 0].tolist() or [None], y=points[chosen, 1].tolist() or [None], mode="markers",
            name=words + outside, marker={"symbol": symbol, "size": 11, "color": colour, "line": {"width": 2}},
            text=[_describe(row) for _, row in rows[chosen].iterrows()], hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip


def _describe(row: pd.Series) -> str:
    grows = "direction grows" if row.unstable == 1 else "directions grow"
    lines = [f"<b>fixed point {row.point}: {stability_words(row.instability)}</b>"]
    if row.unstable >= 0:
        lines.append(f"{row.unstable} {grows}; eigenvalue {eigenvalue_words(row)}")
    lines.append("certified" if row.certified else "not certified")
    lines.append(f"mean activity {number(row.mean_activity)}")
    return "<br>".join(lines)
