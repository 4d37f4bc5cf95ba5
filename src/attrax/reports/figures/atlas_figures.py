"""Maps of the attractors over a plane of inputs, and bifurcation diagrams, by matplotlib."""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from attrax.dynamics import KINDS, Atlas
from attrax.reports.appearance import KIND_LOOKS
from attrax.reports.drawn_cells import left_out, say_left_out, shown
from attrax.studies import Store

BORDER_LOOKS: dict[str, tuple[str, Any, float]] = {
    "switch": ("#FFFFFF", "-", 0.25),
    "fold": ("#000000", "-", 1.0),
    "Neimark-Sacker": ("#0072B2", "-", 1.4),
    "flip": ("#D55E00", (0, (4, 1.5)), 1.4),
    "exchange": ("#009E73", (0, (1, 1)), 1.4),
    "merging": ("#E69F00", (0, (6, 1.5, 1, 1.5)), 1.2),
    "singular": ("#CC79A7", "-", 1.8),
    "unproved": ("#777777", (0, (1, 2)), 1.2),
}
"""Colour, dashes and width of each kind of border."""
BORDER_WORDS = {
    "switch": "a unit switches, nothing else",
    "fold": "the attractor meets a saddle and ends",
    "Neimark-Sacker": "becomes unstable: complex pair",
    "flip": "becomes unstable: eigenvalue below −1",
    "exchange": "becomes unstable: eigenvalue above 1",
    "merging": "the cycle shrinks to one of lower period",
    "singular": "neutral beyond",
    "unproved": "goes on, not proved to attract",
}
VEIL, ALPHA = "#567C9C", 0.28
CYCLE = "#F3CF8B"
MARKERS = {"fixed point": "P", "cycle": "s", "quasi-periodic": "o", "chaotic": "X", "divergent": "v", "undecided": "D"}


def atlas_figure(
    atlas: Atlas,
    labels: tuple[str, str] = ("coherence 1", "coherence 2"),
    title: str = "",
    sampled_borders: xr.Dataset | None = None,
) -> Figure:
    """Draw where each attractor exists, what happens at the borders, and what sampled orbits found besides.

    Parameters
    ----------
    atlas
        As `attrax.dynamics.atlas` returns it.
    labels
        What x and y are.
    title
        Above the map.
    sampled_borders
        Of `Atlas.sampled_borders`, to be drawn as points.

    Returns
    -------
    A figure: polygons of fixed points, darker where several lie one above the other, and of cycles; borders of
    attractors by kind; and, at the sampled inputs, the attractors without a formula.
    """
    figure = Figure(figsize=(8.8, 5.2), layout="constrained")
    axis = figure.subplots()
    drawn = _drawn(atlas)
    _draw(axis, drawn, labels)
    axis.set_title(title, fontsize=10, loc="left")
    handles = _legend([drawn])
    if sampled_borders is not None and sampled_borders.sizes["border"]:
        look: dict[str, Any] = {"marker": "x", "color": "#000000", "linestyle": "none", "markersize": 3.5}
        axis.plot(*sampled_borders.ends.mean("side").values.T, **look)
        handles.append(Line2D([], [], **look, label="between two kinds without a formula"))
    figure.legend(handles=handles, loc="outside right upper", fontsize=7.5, frameon=False, handlelength=2.2)
    return figure


class _Drawn(NamedTuple):
    """What is drawn of one atlas."""

    fixed: list[np.ndarray]
    cycles: list[np.ndarray]
    longest_cycle: int
    coexist: bool
    borders: dict[str, list[np.ndarray]]
    samples: dict[str, np.ndarray]
    window: Float[np.ndarray, "2 2"]


def _drawn(atlas: Atlas) -> _Drawn:
    found, sheets = atlas.regions.found, atlas.sheets
    # Sheets are drawn one over the other, each as a veil that darkens what is below it.
    order = sorted((n for n, region in enumerate(found) if region.stable), key=lambda n: sheets[n])
    borders: dict[str, list[np.ndarray]] = {}
    for border in atlas.borders:
        if found[border.regions[0]].stable:
            borders.setdefault(border.kind, []).append(border.ends)
    corners = atlas.regions.window.corners
    return _Drawn(
        fixed=[found[n].polygon.corners for n in order if found[n].period == 1],
        cycles=[found[n].polygon.corners for n in order if found[n].period > 1],
        longest_cycle=max((found[n].period for n in order), default=1),
        coexist=max(atlas.coexistence(), default=0) > 1,
        borders=borders,
        samples=atlas.without_formula(),
        window=np.stack([corners.min(axis=0), corners.max(axis=0)], axis=1),
    )


def _drawn_of_store(arrays: xr.Dataset) -> _Drawn:
    """Read one network's atlas of one context, as `attrax.analyses.map_atlases` writes it."""
    periods = arrays.atlas_period.values
    polygons = [polygon[~np.isnan(polygon[:, 0])] for polygon in arrays.atlas_corner.values]
    borders: dict[str, list[np.ndarray]] = {}
    for kind, ends in zip(arrays.atlas_border_kind.values.tolist(), arrays.atlas_border.values, strict=True):
        if kind:
            borders.setdefault(kind, []).append(ends)
    kinds = arrays.atlas_sample_kind.values
    return _Drawn(
        fixed=[polygons[n] for n in np.argsort(arrays.atlas_sheet.values, kind="stable") if periods[n] == 1],
        cycles=[polygons[n] for n in np.flatnonzero(periods > 1)],
        longest_cycle=int(periods.max(initial=1)),
        coexist=bool(arrays.atlas_coexisting.sel(attractors=slice(2, None)).sum() > 0),
        borders=borders,
        samples={kind: arrays.atlas_sample.values[kinds == kind] for kind in KINDS if (kinds == kind).any()},
        window=arrays.atlas_window.values,
    )


def _draw(axis: Any, drawn: _Drawn, labels: tuple[str, str]) -> None:
    axis.add_collection(PolyCollection(drawn.fixed, facecolors=VEIL, alpha=ALPHA, linewidths=0))
    axis.add_collection(PolyCollection(drawn.cycles, facecolors=CYCLE, alpha=0.8, linewidths=0))
    for kind, (colour, dashes, width) in BORDER_LOOKS.items():
        lines = LineCollection(drawn.borders.get(kind, []), colors=colour, linestyles=dashes, linewidths=width)
        axis.add_collection(lines)
    for kind, points in drawn.samples.items():
        axis.plot(
            *points.T, MARKERS[kind], color=KIND_LOOKS[kind].colour, markeredgecolor="#222222", markeredgewidth=0.5,
            markersize=4.5, linestyle="none",
        )  # fmt: skip
    axis.set_xlim(drawn.window[0])
    axis.set_ylim(drawn.window[1])
    axis.set_xlabel(labels[0], fontsize=9)
    axis.set_ylabel(labels[1], fontsize=9)
    axis.tick_params(labelsize=8)
    axis.set_box_aspect(1)


def _legend(drawn: list[_Drawn]) -> list[Any]:
    """Explain what is there."""
    handles: list[Any] = [Patch(facecolor=VEIL, linewidth=0, alpha=ALPHA, label="one fixed point attracts")]
    if any(one.coexist for one in drawn):
        twice = 1 - (1 - ALPHA) ** 2
        handles.append(Patch(facecolor=VEIL, linewidth=0, alpha=twice, label="two, one above the other"))
    longest = max(one.longest_cycle for one in drawn)
    if longest > 1:
        handles.append(Patch(facecolor=CYCLE, linewidth=0, label=f"a cycle of period 2 to {longest}"))
    for kind in KINDS:
        if any(kind in one.samples for one in drawn):
            handles.append(
                Line2D([], [], marker=MARKERS[kind], color=KIND_LOOKS[kind].colour, markeredgecolor="#222222",
                       linestyle="none", markersize=5, label=f"{kind}, at a sampled input")
            )  # fmt: skip
    for kind, (colour, dashes, width) in BORDER_LOOKS.items():
        if any(kind in one.borders for one in drawn):
            shown = "#BBBBBB" if kind == "switch" else colour
            handles.append(
                Line2D([], [], color=shown, linestyle=dashes, linewidth=max(width, 0.8),
                       label=f"{kind}: {BORDER_WORDS[kind]}")
            )  # fmt: skip
    return handles


def stored_atlases_figure(store: Store) -> Figure | None:
    """Draw the atlases of those networks that are shown, a row for each δ; None where the study has none."""
    # An earlier version of the code may have made a network without one.
    conditions = [c for c in shown(store) if c.planes.atlas and "atlas_corner" in store.arrays(c.identity)]
    if not conditions:
        return None
    learners = list(dict.fromkeys(c.learner_label for c in conditions))
    deltas = sorted({c.network.delta for c in conditions})
    n_contexts = conditions[0].task.n_contexts
    figure = Figure(figsize=(2.4 * n_contexts * len(learners), 2.5 * len(deltas) + 1.2), layout="constrained")
    axes = figure.subplots(len(deltas), n_contexts * len(learners), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    everything = []
    for condition in conditions:
        arrays = store.arrays(condition.identity).isel(network=0)
        for context in range(n_contexts):
            axis = axes[
                deltas.index(condition.network.delta), n_contexts * learners.index(condition.learner_label) + context
            ]
            axis.set_axis_on()
            everything.append(_drawn_of_store(arrays.sel(context=context)))
            _draw(axis, everything[-1], ("coherence 1", "coherence 2" if context == 0 else ""))
            name = store.study.learner_title(condition.learner_label)
            axis.set_title(f"{name}, δ = {condition.network.delta:g}\ncontext {context + 1}", fontsize=8)
    figure.legend(handles=_legend(everything), loc="outside lower center", ncols=2, fontsize=7.5, frameon=False)
    say_left_out(figure, left_out(store))
    return figure


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
                sweep.sample_x.values[met], np.full(met.sum(), low - 0.04 * (high - low)), MARKERS[kind],
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
