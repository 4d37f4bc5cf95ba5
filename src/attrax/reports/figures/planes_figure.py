"""Figures for print, by matplotlib."""

import io
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from attrax.checked_files import write_whole
from attrax.reports.appearance import KIND_LOOKS
from attrax.reports.drawn_cells import has_planes, left_out, say_left_out, shown
from attrax.settings import SettingsError
from attrax.studies import Condition, Store

_KINDS = list(KIND_LOOKS)


def planes_figure(store: Store, stage: str = "stimulus") -> Figure:
    """Draw the attractor at every coherence, a row for each δ, the rules side by side, and an orbit of each.

    Parameters
    ----------
    store
        A study with finished networks; those of `attrax.reports.drawn_cells.shown` that have planes are drawn.
    stage
        Whose planes.

    Returns
    -------
    A matplotlib figure: for each network the plane of each context, and the most oscillating orbit in the readout
    plane (empty where nothing oscillates).

    Raises
    ------
    SettingsError
        If none of them has planes: see `any_planes`.
    """
    conditions = _with_planes(store, stage)
    if not conditions:
        raise SettingsError(f"no network that would be drawn has planes of the {stage} stage; run the study again")
    learners = list(dict.fromkeys(c.learner_label for c in conditions))
    deltas = sorted({c.network.delta for c in conditions})
    n_contexts = conditions[0].task.n_contexts
    per_learner = n_contexts + 1
    figure = Figure(figsize=(2.05 * per_learner * len(learners), 2.15 * len(deltas) + 0.9), layout="constrained")
    axes = figure.subplots(len(deltas), per_learner * len(learners), squeeze=False)
    for condition in conditions:
        row = deltas.index(condition.network.delta)
        first = per_learner * learners.index(condition.learner_label)
        arrays = store.arrays(condition.identity).isel(network=0)
        name = store.study.learner_title(condition.learner_label)
        for context in range(n_contexts):
            axis = axes[row, first + context]
            _draw_plane(axis, arrays.sel(stage=stage, start="stage", context=context))
            axis.set_title(f"{name}, δ = {condition.network.delta:g}\ncontext {context + 1}", fontsize=8)
            if context == 0:
                axis.set_ylabel("coherence 2", fontsize=8)
        _draw_orbit(axes[row, first + n_contexts], arrays)
    for axis in axes[-1]:
        if axis.get_xlabel() == "":
            axis.set_xlabel("coherence 1", fontsize=8)
    patches = [
        Patch(facecolor=look.colour, edgecolor="0.5", label=f"{look.letter}  {kind}".strip())
        for kind, look in KIND_LOOKS.items()
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=len(patches), fontsize=8, frameon=False)
    say_left_out(figure, left_out(store))
    return figure


def any_planes(store: Store, stage: str = "stimulus") -> bool:
    """Whether there is anything for `planes_figure` to draw."""
    return len(_with_planes(store, stage)) > 0


def _with_planes(store: Store, stage: str) -> list[Condition]:
    return [c for c in shown(store) if has_planes(store.arrays(c.identity), stage)]


def _draw_plane(axis: Any, plane: Any) -> None:
    kind = np.vectorize(_KINDS.index)(plane.kind.values).T  # the second coherence runs upwards
    colours = ListedColormap([look.colour for look in KIND_LOOKS.values()])
    norm = BoundaryNorm(np.arange(len(_KINDS) + 1) - 0.5, len(_KINDS))
    x, y = plane.coherence_1.values, plane.coherence_2.values
    axis.pcolormesh(x, y if y.size > 1 else [0.0], kind, cmap=colours, norm=norm, edgecolors="white", linewidth=0.4)
    for column, row in np.ndindex(plane.kind.shape):
        look = KIND_LOOKS[str(plane.kind.values[column, row])]
        if look.letter:
            axis.text(x[column], y[row], look.letter, color=look.text_colour, fontsize=5, ha="center", va="center")
    axis.set_xticks([-1, 0, 1])
    axis.set_yticks([-1, 0, 1] if y.size > 1 else [])
    axis.tick_params(labelsize=7)
    axis.set_box_aspect(1)


def _draw_orbit(axis: Any, arrays: Any) -> None:
    known = "readout_orbit" in arrays
    orbit = arrays.readout_orbit.isel(orbit=0).values if known else np.full((1, 2), np.nan)
    axis.set_box_aspect(1)
    axis.tick_params(labelsize=7)
    axis.set_xlabel("logit “+” − logit “−”", fontsize=7)
    axis.locator_params(axis="x", nbins=4)  # small orbits have long numbers
    if np.isnan(orbit).any():
        axis.set_xticks([])
        axis.set_yticks([])
        axis.set_title("\nnothing oscillates" if known else "\nno orbit was kept", fontsize=8)
        return
    axis.plot(orbit[:, 0], orbit[:, 1], ".", color="#0072B2", markersize=1.5)
    axis.set_ylabel("answer − fixation", fontsize=7)
    where = f"context {int(arrays.orbit_context[0]) + 1}, c = ({float(arrays.orbit_coherence_1[0]):.2g}, " \
            f"{float(arrays.orbit_coherence_2[0]):.2g})"  # fmt: skip
    axis.set_title(f"largest orbit\n{where}", fontsize=8)


def save(figure: Figure, path: Path) -> None:
    """Write a figure without the date, so that the same numbers give the same file."""
    drawn = io.BytesIO()
    metadata = {"Software": None} if path.suffix == ".png" else {"Date": None}
    with matplotlib.rc_context({"svg.hashsalt": "attrax"}):
        figure.savefig(drawn, format=path.suffix[1:], dpi=160, metadata=metadata)
    write_whole(path, drawn.getvalue())
