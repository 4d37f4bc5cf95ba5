"""Maps of the attractors over a plane of inputs, and bifurcation diagrams, by matplotlib."""

from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from attrax.dynamics import KINDS, Atlas
from attrax.reports.appearance import KIND_LOOKS

BORDER_LOOKS: dict[str, tuple[str, Any, float]] = {
    "switch": ("#FFFFFF", "-", 0.25),
    "fold": ("#000000", "-", 1.0),
    "Neimark-Sacker": ("#0072B2", "-", 1.4),
    "flip": ("#D55E00", (0, (4, 1.5)), 1.4),
    "exchange": ("#009E73", (0, (1, 1)), 1.4),
    "merging": ("#E69F00", (0, (6, 1.5, 1, 1.5)), 1.2),
    "singular": ("#CC79A7", "-", 1.8),
}
"""Colour, dashes and width of each kind of border."""
_BORDER_WORDS = {
    "switch": "a unit switches, nothing else",
    "fold": "the attractor meets a saddle and ends",
    "Neimark-Sacker": "becomes unstable: complex pair",
    "flip": "becomes unstable: eigenvalue below −1",
    "exchange": "becomes unstable: eigenvalue above 1",
    "merging": "the cycle shrinks to one of lower period",
    "singular": "neutral beyond",
}
_FIXED = ("#DCE6EE", "#A9C0D2", "#7C9DB8", "#567C9C")
"""One, two, three, and more fixed points one above the other."""
_CYCLE = "#F3CF8B"
_MARKERS = {"cycle": "s", "quasi-periodic": "o", "chaotic": "X", "divergent": "v", "undecided": "D"}


def atlas_figure(atlas: Atlas, labels: tuple[str, str] = ("coherence 1", "coherence 2"), title: str = "") -> Figure:
    """Draw where each attractor exists, what happens at the borders, and what sampled orbits found besides.

    Parameters
    ----------
    atlas
        As `attrax.dynamics.atlas` returns it.
    labels
        What x and y are.
    title
        Above the map.

    Returns
    -------
    A figure: polygons of fixed points, darker where several lie one above the other, and of cycles; borders of
    attractors by kind; and, at the sampled inputs, the attractors without a formula.
    """
    figure = Figure(figsize=(8.8, 5.2), layout="constrained")
    axis = figure.subplots()
    draw_atlas(axis, atlas, labels)
    axis.set_title(title, fontsize=10, loc="left")
    figure.legend(handles=_legend(atlas), loc="outside right upper", fontsize=7.5, frameon=False, handlelength=2.2)
    return figure


def draw_atlas(axis: Any, atlas: Atlas, labels: tuple[str, str]) -> None:
    """Draw a map into axes."""
    found, sheets = atlas.regions.found, atlas.sheets
    axis.set_facecolor("#FFFFFF")
    fixed = [number for number, region in enumerate(found) if region.stable and region.period == 1]
    # Sheets are drawn one over the other, each as a veil that darkens what is below it.
    fixed.sort(key=lambda number: sheets[number])
    shapes = [found[number].polygon.corners for number in fixed]
    axis.add_collection(PolyCollection(shapes, facecolors="#567C9C", alpha=0.28, linewidths=0))
    cycles = [region.polygon.corners for region in found if region.stable and region.period > 1]
    axis.add_collection(PolyCollection(cycles, facecolors=_CYCLE, alpha=0.8, linewidths=0))
    for kind, (colour, dashes, width) in BORDER_LOOKS.items():
        lines = [border.ends for border in atlas.borders if border.kind == kind and found[border.regions[0]].stable]
        axis.add_collection(LineCollection(lines, colors=colour, linestyles=dashes, linewidths=width))
    for kind, points in _without_formula(atlas).items():
        look = KIND_LOOKS[kind]
        axis.plot(
            *points.T, _MARKERS[kind], color=look.colour, markeredgecolor="#222222", markeredgewidth=0.5,
            markersize=4.5, linestyle="none",
        )  # fmt: skip
    low, high = atlas.regions.window.corners.min(axis=0), atlas.regions.window.corners.max(axis=0)
    axis.set_xlim(low[0], high[0])
    axis.set_ylim(low[1], high[1])
    axis.set_xlabel(labels[0], fontsize=9)
    axis.set_ylabel(labels[1], fontsize=9)
    axis.tick_params(labelsize=8)
    axis.set_box_aspect(1)


def _without_formula(atlas: Atlas) -> dict[str, Float[np.ndarray, "points 2"]]:
    """Return the sampled inputs at which a kind was met that has no polygon there."""
    kinds = atlas.samples.kind.values
    known = atlas.samples.certified.values & (atlas.samples.period.values <= _longest(atlas))
    result = {}
    for kind in KINDS[1:]:
        met = ((kinds == kind) & ~(known & (kind == "cycle"))).any(axis=1)
        if met.any():
            result[kind] = atlas.samples.point.values[met]
    return result


def _longest(atlas: Atlas) -> int:
    return max((region.period for region in atlas.stable), default=1)


def _legend(atlas: Atlas) -> list[Any]:
    veil: dict[str, Any] = {"facecolor": "#567C9C", "linewidth": 0}
    handles: list[Any] = [Patch(alpha=0.28, label="one fixed point attracts", **veil)]
    if max(atlas.coexistence(), default=0) > 1:
        handles.append(Patch(alpha=1 - (1 - 0.28) ** 2, label="two, one above the other", **veil))
    if any(region.period > 1 for region in atlas.stable):
        handles.append(Patch(facecolor=_CYCLE, linewidth=0, label=f"a cycle of period 2 to {_longest(atlas)}"))
    for kind in _without_formula(atlas):
        look = KIND_LOOKS[kind]
        handles.append(
            Line2D([], [], marker=_MARKERS[kind], color=look.colour, markeredgecolor="#222222", linestyle="none",
                   markersize=5, label=f"{kind}, at a sampled input")
        )  # fmt: skip
    there = {border.kind for border in atlas.borders if atlas.regions.found[border.regions[0]].stable}
    for kind, (colour, dashes, width) in BORDER_LOOKS.items():
        if kind in there:
            shown = "#BBBBBB" if kind == "switch" else colour
            handles.append(
                Line2D([], [], color=shown, linestyle=dashes, linewidth=max(width, 0.8),
                       label=f"{kind}: {_BORDER_WORDS[kind]}")
            )  # fmt: skip
    return handles


def sweep_figure(
    sweep: xr.Dataset, readout: Float[np.ndarray, " units"], labels: tuple[str, str] = ("input", "readout")
) -> Figure:
    """Draw a bifurcation diagram: one number of the states of every branch, against the input.

    Parameters
    ----------
    sweep
        As `attrax.dynamics.sweep` returns it.
    readout
        Weights of that number.
    labels
        What x and the number are.

    Returns
    -------
    A figure: full lines attract, dashed ones do not; marks where branches end or lose their stability; and ticks below,
    where sampled orbits went to an attractor that has no formula.
    """
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axis = figure.subplots()
    values = sweep.state.values @ readout
    for (stable, cycle), (colour, dashes, width) in {
        (False, False): ("#8C9BA8", (0, (3, 2)), 1.0), (False, True): ("#E3B45B", (0, (3, 2)), 1.0),
        (True, False): ("#33526B", "-", 1.8), (True, True): ("#C77C00", "-", 1.8),
    }.items():  # fmt: skip
        rows = (sweep.stable.values == stable) & ((sweep.period.values > 1) == cycle)
        lines = [
            np.stack([sweep.x.values[row], values[row, :, step]], axis=1)
            for row in np.flatnonzero(rows)
            for step in range(int(sweep.period[row]))
        ]
        name = f"{'cycle' if cycle else 'fixed point'}, {'stable' if stable else 'unstable'}"
        axis.add_collection(
            LineCollection(lines, colors=colour, linestyles=dashes, linewidths=width, label=name if lines else None)
        )
    _mark_borders(axis, sweep, values)
    axis.autoscale_view()
    low, high = axis.get_ylim()
    for kind in KINDS[2:]:
        met = (sweep.sample_kind.values == kind).any(axis=1)
        if met.any():
            axis.plot(
                sweep.sample_x.values[met], np.full(met.sum(), low - 0.04 * (high - low)), _MARKERS[kind],
                color=KIND_LOOKS[kind].colour, markeredgecolor="#222222", markeredgewidth=0.5, markersize=5,
                linestyle="none", label=f"{kind}, sampled",
            )  # fmt: skip
    axis.set_xlabel(labels[0], fontsize=9)
    axis.set_ylabel(labels[1], fontsize=9)
    axis.tick_params(labelsize=8)
    figure.legend(loc="outside right upper", fontsize=7.5, frameon=False)
    return figure


def _mark_borders(axis: Any, sweep: xr.Dataset, values: Float[np.ndarray, "pieces 2 steps"]) -> None:
    """Put a mark where an attractor ends or loses its stability."""
    marks = {"fold": "|", "Neimark-Sacker": "o", "flip": "s", "exchange": "x", "merging": "^", "singular": "*"}
    for kind, marker in marks.items():
        at = [
            (sweep.x.values[row, end], value)
            for row, end in zip(*np.nonzero(sweep.border.values == kind), strict=True)
            if sweep.stable[row]
            for value in values[row, end, : int(sweep.period[row])]
        ]
        if at:
            colour = BORDER_LOOKS[kind][0]
            axis.plot(*np.array(at).T, marker, color=colour, markersize=7, markeredgewidth=1.6, fillstyle="none",
                      linestyle="none", label=kind)  # fmt: skip
