"""Basins in a plane through the state space, with the states of real trials, by matplotlib."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from attrax.reports.figures.atlas_figures import MARKERS

_BASINS = ("#CFE3F1", "#FBE0C4", "#D3EBDD", "#F3DCE9", "#FDF3C6", "#E3E3E3")
_POINTS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#B38600", "#555555")
_NOWHERE = "#FFFFFF"
_CHOICES = {1: ("^", "trial whose right answer is “+”"), 2: ("v", "trial whose right answer is “−”")}


def basin_figure(
    basins: xr.Dataset, labels: tuple[str, str] = ("component 1", "component 2"), title: str = ""
) -> Figure:
    """Draw which starts go where, the borders, the saddles, and where real trials are.

    Parameters
    ----------
    basins
        As `attrax.dynamics.basin_plane` or `attrax.analyses.basins_of_stage` returns it.
    labels
        What u and v are.
    title
        Above the figure.

    Returns
    -------
    A figure: a colour for each basin; points of the borders between basins, black where the border is the stable
    manifold of a saddle and grey elsewhere; saddles; and, where there are some, the attractors and the trials, each in
    the colour of the attractor that it really goes to.
    """
    figure = Figure(figsize=(7.6, 4.9), layout="constrained")
    axis = figure.subplots()
    numbers = basins.attractor.values
    highest = int(max(numbers.max(initial=-1), basins.trial_attractor.values.max() if "trial" in basins.dims else -1))
    # Divergent and undecided starts have no number: white. Beyond six, colours come again.
    colours = ListedColormap([_NOWHERE, *(_BASINS[n % len(_BASINS)] for n in range(highest + 1))])
    axis.pcolormesh(
        basins.u.values, basins.v.values, numbers.T + 1, cmap=colours, vmin=-0.5, vmax=highest + 1.5, shading="nearest"
    )
    handles: list[Patch | Line2D] = [
        Patch(
            facecolor=_BASINS[n % len(_BASINS)],
            edgecolor="#999999",
            label=f"goes to attractor {n + 1}{_kind(basins, n)}",
        )
        for n in range(highest + 1)
    ]
    if (numbers < 0).any():
        handles.append(Patch(facecolor=_NOWHERE, edgecolor="#999999", label="diverges, or undecided"))
    of_saddle = basins.border_saddle.values >= 0
    for rows, colour, words in (
        (of_saddle, "#000000", "border: stable manifold of a saddle"),
        (~of_saddle, "#777777", "border"),
    ):
        if rows.any():
            points = basins.border_point.values[rows]
            axis.plot(*points.T, ".", color=colour, markersize=3.5)
            handles.append(Line2D([], [], marker=".", color=colour, linestyle="none", label=words))
    if "trial" in basins.dims:
        handles += _draw_trials(axis, basins)
    if basins.sizes["saddle"]:
        axis.plot(*basins.saddle_point.values.T, "x", color="#000000", markersize=8, markeredgewidth=2)
        handles.append(Line2D([], [], marker="x", color="#000000", linestyle="none", label="saddle (projected)"))
    axis.set_xlim(*np.array([basins.u.min(), basins.u.max()]))
    axis.set_ylim(*np.array([basins.v.min(), basins.v.max()]))
    axis.set_xlabel(_with_share(labels[0], basins, 0), fontsize=9)
    axis.set_ylabel(_with_share(labels[1], basins, 1), fontsize=9)
    axis.tick_params(labelsize=8)
    axis.set_title(title, fontsize=10, loc="left")
    figure.legend(handles=handles, loc="outside right upper", fontsize=7.5, frameon=False)
    return figure


def _draw_trials(axis: Axes, basins: xr.Dataset) -> list[Patch | Line2D]:
    """Draw the trials in the colours of the attractors that they go to, and these; return lines of the legend."""
    handles: list[Patch | Line2D] = []
    for choice, (marker, words) in _CHOICES.items():
        rows = basins.trial_choice.values == choice
        reached = basins.trial_attractor.values[rows]
        faces = [_POINTS[n % len(_POINTS)] if n >= 0 else _NOWHERE for n in reached.tolist()]
        across, up = basins.trial_point.values[rows].T
        axis.scatter(across, up, marker=marker, s=16, c=faces, edgecolors="#222222", linewidths=0.4)
        handles.append(
            Line2D([], [], marker=marker, color="#BBBBBB", markeredgecolor="#222222", linestyle="none", label=words)
        )
    for number, (point, kind) in enumerate(
        zip(basins.attractor_point.values, basins.attractor_kind.values.tolist(), strict=True)
    ):
        axis.plot(
            *point, MARKERS[kind], color=_POINTS[number % len(_POINTS)], markersize=11, markeredgecolor="#FFFFFF",
            markeredgewidth=1.3,
        )  # fmt: skip
        axis.annotate(
            str(number + 1), point, textcoords="offset points", xytext=(8, 6), fontsize=9, fontweight="bold",
            color=_POINTS[number % len(_POINTS)],
        )  # fmt: skip
    return handles


def _kind(basins: xr.Dataset, number: int) -> str:
    if "attractor_kind" not in basins:
        return ""
    return f": {basins.attractor_kind.values[number]}"


def _with_share(label: str, basins: xr.Dataset, axis: int) -> str:
    if "axis_share" not in basins:
        return label
    return f"{label} ({100 * float(basins.axis_share.values[axis]):.0f} % of the variance)"
