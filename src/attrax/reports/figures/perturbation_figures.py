"""What a network's answers depend on: robustness, lesions of groups, and its oscillating mode, by matplotlib.

Datasets may be of one network or of many (over "network", as `attrax.studies.Store.causes` gives them).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation

from attrax.analyses.mode_perturbation import FOUND
from attrax.analyses.perturbation_settings import ALL
from attrax.populations import GROUPS
from attrax.reports.appearance import GROUP_LOOKS, LEARNER_COLOURS
from attrax.reports.drawn_cells import say_left_out
from attrax.reports.figures.population_panels import Canvas, Cell, cells, legend_below, panels, shape
from attrax.studies import intervals

CHANCE = 0.5
"""Accuracy of who answers "+" or "-" at random."""
_CURVES = {
    "noise": (
        "cause_noise_size",
        "noise on the state",
        "noise at each step\n(units of the activity, root mean square)",
    ),
    "weights": ("cause_weight_size", "noise on the weights", "noise on the weights\n(units of their norm)"),
    "lesions": ("cause_lesion_share", "random lesions", "silenced units (%)"),
}
_DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))
_MARKERS = ("o", "s", "^", "D")
_HATCHES = ("", "////", "....", "xxxx")
_LEGEND_BELOW = 0.5  # inches below the axis: under the words of its sizes
_FEW = 3  # networks that are drawn one by one, not as an interval


class _Looks:
    """Colour for the rule, and dashes, marker and hatch for δ: the same in every panel."""

    def __init__(self, found: Sequence[Cell]) -> None:
        self._learners = list(dict.fromkeys(cell.learner for cell in found))
        by_delta = sorted(found, key=lambda cell: cell.delta)
        self._settings = list(dict.fromkeys(cell.setting for cell in by_delta))

    def colour(self, cell: Cell) -> str:
        return LEARNER_COLOURS[self._learners.index(cell.learner) % len(LEARNER_COLOURS)]

    def number(self, cell: Cell) -> int:
        return self._settings.index(cell.setting) % len(_DASHES)


def robustness_curves(
    causes: xr.Dataset, titles: Mapping[str, str] | None = None, chance: float | None = CHANCE
) -> Figure:
    """Draw accuracy against the size of noise on the state, of noise on the weights, and of random lesions.

    Parameters
    ----------
    causes
        As `attrax.analyses.map_perturbations` or `Store.causes` returns it.
    titles
        What rules are called.
    chance
        Accuracy of who answers at random; None: not drawn.

    Returns
    -------
    A line for each rule and δ: the mean over its networks, and over draws. Of up to three networks each is drawn as a
    thin line; of more, a band is the 95 % bootstrap interval of the mean. The point at size 0 is the intact network.
    Legends hold the area under each curve: the mean accuracy over the logarithm of the size.
    """
    found = cells(causes, titles)
    figure = Figure(figsize=_curves_size(len(found)), layout="constrained")
    _draw_curves(figure, found, chance)
    return figure


def _curves_size(n_cells: int) -> tuple[float, float]:
    return 10.2, 3.0 + 0.17 * n_cells


def overall(accuracy: xr.DataArray, trials: xr.DataArray) -> xr.DataArray:
    """Return the accuracy of all trials: the mean over strengths, weighted by how many trials have them."""
    right = (accuracy * trials).where(trials > 0, 0.0).sum("cause_strength", skipna=False)
    return right / trials.sum("cause_strength")


def _curve(one: xr.Dataset, name: str) -> Float[np.ndarray, " sizes"]:
    """Return the accuracy of the intact network, and at each size."""
    found = overall(one[f"cause_{name}"], one.cause_trials)
    at_sizes = found.mean("cause_draw").values if "cause_draw" in found.dims else found.values
    return np.concatenate([[float(overall(one.cause_intact, one.cause_trials))], at_sizes])


def _draw_curves(figure: Canvas, found: Sequence[Cell], chance: float | None) -> None:
    axes, looks = figure.subplots(1, len(_CURVES), sharey=True), _Looks(found)
    for axis, (name, (dim, title, words)) in zip(axes, _CURVES.items(), strict=True):
        sizes = found[0].networks[0][dim].values * (100 if name == "lesions" else 1)
        if chance is not None:
            axis.axhline(100 * chance, color="#777777", linewidth=1, linestyle=(0, (2, 2)))
        beside = np.linspace(-0.22, 0.22, len(found)).tolist() if len(found) > 1 else [0.0]
        handles = [_draw_curve(axis, cell, name, looks, at) for cell, at in zip(found, beside, strict=True)]
        if chance is not None:
            handles.append(Line2D([], [], color="#777777", linewidth=1, linestyle=(0, (2, 2)), label="chance"))
        axis.axvline(0.5, color="#CCCCCC", linewidth=0.8)
        axis.set_xticks(range(len(sizes) + 1), ["intact", *(f"{size:g}" for size in sizes)], fontsize=7)
        axis.set_xlim(-0.35, len(sizes) + 0.35)
        axis.set_ylim(0, 103)
        axis.tick_params(axis="y", labelsize=7)
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_xlabel(words, fontsize=7.5)
        axis.set_title(title, fontsize=8.5)
        # As far below the axis in print, however high the axis becomes beside so many lines of the legend.
        below = axis.transAxes + ScaledTranslation(0, -_LEGEND_BELOW, figure.dpi_scale_trans)
        axis.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0), bbox_transform=below, fontsize=7,
                    frameon=False, handlelength=3.2)  # fmt: skip
    axes[0].set_ylabel("accuracy (% of trials)", fontsize=7.5)


def _draw_curve(axis: Axes, cell: Cell, name: str, looks: _Looks, beside: float) -> Line2D:
    curves = 100 * np.array([_curve(one, name) for one in cell.networks])
    areas = np.array([float(one[f"cause_{name}_area"]) for one in cell.networks])
    known = np.isfinite(curves).all(axis=1)
    words = f"{cell.title}: area " if cell.title else "area "
    look: dict[str, Any] = {"color": looks.colour(cell), "linestyle": _DASHES[looks.number(cell)]}
    marker: dict[str, Any] = {"marker": _MARKERS[looks.number(cell)], "markersize": 3.5}
    if not known.any():
        return Line2D([], [], **look, **marker, label=words + "not known")
    kept, places = curves[known], np.arange(curves.shape[1], dtype=float)
    places[0] = beside  # many intact networks are equally good: side by side all can be seen
    spans = (slice(0, 1), slice(1, None))  # the intact network is no size: no line leads from it
    if len(kept) > _FEW:
        band = intervals(list(kept.T))
        low, high = np.array([b.low for b in band]), np.array([b.high for b in band])
        axis.fill_between(places[1:], low[1:], high[1:], color=looks.colour(cell), alpha=0.18, linewidth=0)
        axis.plot([beside, beside], [low[0], high[0]], color=looks.colour(cell), linewidth=3, alpha=0.3)
    for curve in kept if 1 < len(kept) <= _FEW else ():
        axis.plot(places[1:], curve[1:], color=looks.colour(cell), linewidth=0.6, alpha=0.6)
    for span in spans:
        axis.plot(places[span], kept.mean(axis=0)[span], linewidth=1.6, **look, **marker)
    return Line2D([], [], **look, **marker, linewidth=1.6, label=f"{words}{100 * np.nanmean(areas[known]):.0f} %")


def lesion_bars(causes: xr.Dataset, titles: Mapping[str, str] | None = None) -> Figure:
    """Draw the accuracy lost by silencing each functional group, beside that of as many random units.

    Parameters
    ----------
    causes
        As `attrax.analyses.map_perturbations` or `Store.causes` returns it.
    titles
        What rules are called.

    Returns
    -------
    A panel for each rule and δ, with bars for each stage in which the units are silent: means over networks (of random
    units: over draws too), dots are networks. Below each pair of bars stands which group it is. A group without units
    is marked "empty"; networks whose groups are not known are left out.
    """
    found = cells(causes, titles)
    figure = Figure(figsize=_lesions_size(len(found)), layout="constrained")
    _draw_lesions(figure, found)
    return figure


def _lesions_size(n_cells: int) -> tuple[float, float]:
    rows, columns = shape(n_cells, 2)
    return 5.1 * columns, 2.1 * rows + 0.7


def _lost(one: xr.Dataset, name: str) -> Float[np.ndarray, "stages group"]:
    """Return the accuracy lost, in percent points; NaN where a group has no units or is not known."""
    intact = float(overall(one.cause_intact, one.cause_trials))
    left = overall(one[name], one.cause_trials)
    left = left.mean("cause_draw") if "cause_draw" in left.dims else left
    lost = 100 * (intact - left).transpose("cause_stage", "cause_group").values
    return np.where(one.cause_group_units.values > 0, lost, np.nan)


def _draw_lesions(figure: Canvas, found: Sequence[Cell]) -> None:
    axes = panels(figure, len(found), 2, sharey=True)
    for number, (axis, cell) in enumerate(zip(axes, found, strict=True)):
        stages = [str(stage) for stage in cell.networks[0].cause_stage.values]
        group, random = (
            np.array([_lost(one, name) for one in cell.networks])
            for name in ("cause_silenced", "cause_silenced_random")
        )
        known = [one for one in cell.networks if np.isfinite(one.cause_group_units.values).all()]
        axis.axhline(0, color="#000000", linewidth=0.8)
        axis.update_datalim([(0.0, -5.0), (0.0, 5.0)])  # where nothing is lost, there is a height all the same
        for stage in range(len(stages)):
            for place, name in enumerate(GROUPS):
                at = stage * (len(GROUPS) + 0.8) + place
                _draw_pair(axis, at, group[:, stage, place], random[:, stage, place], name, bool(known))
        middles = [stage * (len(GROUPS) + 0.8) + (len(GROUPS) - 1) / 2 for stage in range(len(stages))]
        ticks = [middle + place - (len(GROUPS) - 1) / 2 for middle in middles for place in range(len(GROUPS))]
        axis.set_xticks(ticks, [GROUP_LOOKS[name].letter for name in GROUPS] * len(stages), fontsize=7)
        axis.tick_params(axis="x", length=0)
        axis.tick_params(axis="y", labelsize=7)
        for middle, stage_name in zip(middles, stages, strict=True):
            words = "all stages" if stage_name == ALL else f"{stage_name} only"
            axis.annotate(words, (middle, 0), (0, -15), axis.get_xaxis_transform(), "offset points", ha="center",
                          va="top", fontsize=7)  # fmt: skip
        axis.set_xlabel("silenced group, and when", fontsize=7.5, labelpad=14)
        axis.spines[["top", "right"]].set_visible(False)
        without = len(cell.networks) - len(known)
        axis.set_title(cell.title + (f" ({without} of {len(cell.networks)} without groups)" if without else ""),
                       fontsize=8)  # fmt: skip
        if not known:
            axis.text(0.5, 0.5, "no groups", transform=axis.transAxes, ha="center", fontsize=8)
        if number % shape(len(found), 2)[1] == 0:
            axis.set_ylabel("accuracy lost\n(percentage points)", fontsize=7.5)
    handles: list[Any] = [
        Patch(facecolor="#777777", label="the group"),
        Patch(facecolor="#FFFFFF", edgecolor="#555555", hatch="//////", label="as many random units"),
    ]
    if any(len(cell.networks) > 1 for cell in found):
        handles.append(Line2D([], [], marker="o", markersize=2.5, color="#000000", linestyle="none",
                              label="one network"))  # fmt: skip
    legend_below(figure, handles)


def _draw_pair(
    axis: Axes, at: float, group: Float[np.ndarray, " n"], random: Float[np.ndarray, " n"], name: str, known: bool
) -> None:
    kept = np.isfinite(group)
    if not kept.any():
        if known:
            axis.text(at, 1, "empty", rotation=90, ha="center", va="bottom", fontsize=6, color="#555555")
        return
    axis.bar(at - 0.2, group[kept].mean(), 0.38, color=GROUP_LOOKS[name].colour)
    axis.bar(at + 0.2, random[kept].mean(), 0.34, facecolor="#FFFFFF", edgecolor="#555555", hatch="//////",
             linewidth=0.6)  # fmt: skip
    if kept.sum() > 1:
        for middle, values in ((at - 0.2, group[kept]), (at + 0.2, random[kept])):
            across = middle + np.linspace(-0.1, 0.1, len(values))
            axis.plot(across, values, "o", color="#000000", markersize=1.8, markeredgewidth=0)


def mode_bars(causes: xr.Dataset, titles: Mapping[str, str] | None = None) -> Figure:
    """Draw accuracy and the quasi-periodic share with the oscillating mode as it is, damped and taken out.

    Parameters
    ----------
    causes
        As `attrax.analyses.map_perturbations` or `Store.causes` returns it.
    titles
        What rules are called.

    Returns
    -------
    Two panels with a bar for each rule and δ: means over those contexts of all networks in which something oscillates
    about a mode; dots are these contexts. The random control is a change of the same size as the strongest damping.
    """
    found = cells(causes, titles)
    figure = Figure(figsize=_modes_size(len(found)), layout="constrained")
    _draw_modes(figure, found)
    return figure


def _modes_size(n_cells: int) -> tuple[float, float]:
    return max(8.0, 1.6 + 1.4 * n_cells), 2.6 + 0.1 * n_cells


class _Removed(NamedTuple):
    """A row for each context that oscillates: as it is, mode damped more and more, and the random control."""

    accuracy: Float[np.ndarray, "contexts steps"]
    quasi: Float[np.ndarray, "contexts steps"]
    contexts: int
    """How many there are, with those that do not oscillate."""


def _removed(cell: Cell) -> _Removed:
    accuracy: list[list[float]] = []
    quasi: list[list[float]] = []
    for one in cell.networks:
        ordered = one.sortby("cause_damping", ascending=False)
        there = (one.cause_mode_found.values == FOUND) & one.cause_mode_winds.values.astype(bool)
        for context in np.flatnonzero(there):
            at = ordered.isel(context=context).sel(cause_applied=ALL, attractor_kind="quasi-periodic")
            edited = overall(at.cause_mode_accuracy, at.cause_mode_trials).values.tolist()
            control = overall(at.cause_mode_random, at.cause_mode_trials).mean("cause_draw").values.tolist()
            accuracy.append([float(overall(at.cause_mode_intact, at.cause_mode_trials)), *edited, control[-1]])
            damped, control = at.cause_mode_kinds_damped.values.tolist(), at.cause_mode_kinds_random.values.tolist()
            quasi.append([float(at.cause_mode_kinds), *damped, control[-1]])
    n_steps = cell.networks[0].sizes["cause_damping"] + 2
    right, wound = (100 * np.array(rows, float).reshape(len(rows), n_steps) for rows in (accuracy, quasi))
    return _Removed(right, wound, sum(one.sizes["context"] for one in cell.networks))


def _draw_modes(figure: Canvas, found: Sequence[Cell]) -> None:
    axes, looks, removed = figure.subplots(1, 2), _Looks(found), [_removed(cell) for cell in found]
    factors = np.sort(found[0].networks[0].cause_damping.values)[::-1].tolist()
    steps = ["as it is", *("taken out" if factor == 0 else f"damped\n(×{factor:g})" for factor in factors)]
    steps += ["random\ncontrol"]
    for axis, values, words in (
        (axes[0], [one.accuracy for one in removed], "accuracy (% of trials)"),
        (axes[1], [one.quasi for one in removed], "quasi-periodic share (%)"),
    ):
        for number, (cell, rows) in enumerate(zip(found, values, strict=True)):
            if len(rows):
                _draw_steps(axis, rows, (number - (len(found) - 1) / 2) * 0.8 / len(found), 0.8 / len(found),
                            looks.colour(cell), _HATCHES[looks.number(cell)])  # fmt: skip
        if not any(len(rows) for rows in values):
            axis.text(0.5, 0.5, "nothing oscillates about a mode", transform=axis.transAxes, ha="center", fontsize=8)
        axis.set_xticks(range(len(steps)), steps, fontsize=7)
        axis.set_xlim(-0.6, len(steps) - 0.4)
        axis.set_ylim(0, 103)
        axis.tick_params(axis="y", labelsize=7)
        axis.set_ylabel(words, fontsize=7.5)
        axis.set_xlabel("oscillating mode", fontsize=7.5)
        axis.spines[["top", "right"]].set_visible(False)
    handles: list[Any] = [
        Patch(facecolor=looks.colour(cell), edgecolor="#FFFFFF", hatch=_HATCHES[looks.number(cell)], linewidth=0.5,
              label=f"{cell.title}: {len(one.quasi)} of {one.contexts} contexts oscillate".removeprefix(": "))
        for cell, one in zip(found, removed, strict=True)
    ]  # fmt: skip
    if any(len(one.quasi) for one in removed):
        handles.append(Line2D([], [], marker="o", markersize=2.5, color="#000000", linestyle="none",
                              label="one context of one network"))  # fmt: skip
    legend_below(figure, handles)


def _draw_steps(
    axis: Axes, rows: Float[np.ndarray, "contexts steps"], offset: float, width: float, colour: str, hatch: str
) -> None:
    places = np.arange(rows.shape[1]) + offset
    axis.bar(places, rows.mean(axis=0), 0.92 * width, facecolor=colour, edgecolor="#FFFFFF", hatch=hatch, linewidth=0.5)
    across = np.linspace(-0.3, 0.3, len(rows)) * width if len(rows) > 1 else np.zeros(1)
    for place, values in zip(places, rows.T, strict=True):
        axis.plot(place + across, values, "o", color="#000000", markersize=1.8, markeredgewidth=0)


def perturbations_figure(causes: xr.Dataset, titles: Mapping[str, str] | None = None, left_out: str = "") -> Figure:
    """Draw `robustness_curves`, `lesion_bars` and `mode_bars`, one above the other; `left_out`: what is not drawn."""
    found = cells(causes, titles)
    sizes = [size(len(found)) for size in (_curves_size, _lesions_size, _modes_size)]
    heights = [height for _, height in sizes]
    figure = Figure(figsize=(max(width for width, _ in sizes), sum(heights)), layout="constrained")
    parts: Any = figure.subfigures(3, 1, height_ratios=heights, hspace=0.03)
    curves, lesions, modes = parts
    for part, title in zip(
        (curves, lesions, modes),
        ("How much noise and how many lesions the answers stand", "What silencing a group costs",
         "Without the oscillating mode"), strict=True,
    ):  # fmt: skip
        part.suptitle(title, fontsize=9.5, fontweight="bold")
    _draw_curves(curves, found, CHANCE)
    _draw_lesions(lesions, found)
    _draw_modes(modes, found)
    say_left_out(figure, left_out)
    return figure
