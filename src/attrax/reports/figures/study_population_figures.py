"""The figures of a study's populations, as the report shows them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from attrax.reports.drawn_cells import choose, left_out, say_left_out, shown
from attrax.reports.figures.perturbation_figures import perturbations_figure
from attrax.reports.figures.population_figures import (
    bars_size,
    blocks_size,
    draw_block_matrix,
    draw_group_bars,
    group_flow,
)
from attrax.reports.figures.population_panels import cells, legend_below, rule_titles, shape
from attrax.reports.figures.unit_figures import draw_heat_map, draw_raster, raster_legend, unit_order
from attrax.studies import Condition, Store
from attrax.studies.stored_parts import MissingPartError

BALANCE = (
    "balance_share", "balance_size_expected", "balance_reason", "balance_block_mean", "balance_block_mean_z",
    "balance_block_mean_q", "balance_block_mean_reason",
)  # fmt: skip
"""What the figure of groups is drawn from."""


def study_figures(store: Store) -> dict[str, Figure]:
    """Draw what is known of a study's units and of what its answers depend on; nothing where nothing is.

    Returns
    -------
    "groups", "units" and "flow" where units were looked at, "causes" where networks were tried with lesions.
    """
    found, titles = {}, rule_titles(store)
    choice = choose(store.conditions)
    drawn_cells = [condition for condition in store.conditions if choice.has(condition)]
    with_units = [condition.identity for condition in drawn_cells if condition.populations.units]
    with_causes = [condition.identity for condition in drawn_cells if condition.populations.causes]
    # Settings say what was asked for; what an earlier version of the code made may lack it all the same.
    with suppress(MissingPartError):
        groups = store.units(with_units, BALANCE) if with_units else None
        if groups is not None and set(BALANCE) <= set(groups.data_vars):
            found["groups"] = _groups_figure(groups, titles, choice.left_out)
    with suppress(MissingPartError):
        drawn = _drawn(store, with_units)
        units = store.units([condition.identity for condition in drawn]) if drawn else None
        if units is not None and {"unit_group", "unit_tuning"} <= set(units.data_vars):
            found["units"] = _units_figure(store, units, [c for c in drawn if c.identity in units.network.values])
        if units is not None and "units_course_group" in units:
            found["flow"] = group_flow(units, titles)
    with suppress(MissingPartError):
        if with_causes:
            found["causes"] = perturbations_figure(store.causes(with_causes), titles, choice.left_out)
    return found


def _groups_figure(units: xr.Dataset, titles: Mapping[str, str], left_out: str) -> Figure:
    """Draw `group_bars` and `block_matrix`, one above the other."""
    found = cells(units, titles)
    (width, high), (wide, height) = bars_size(len(found)), blocks_size(len(found))
    figure = Figure(figsize=(max(width, wide), high + height), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=[high, height])
    above, below = parts
    draw_group_bars(above, found)
    draw_block_matrix(below, found, "trained")
    say_left_out(figure, left_out)
    return figure


def _units_figure(store: Store, known: xr.Dataset, drawn: Sequence[Condition]) -> Figure:
    """Draw `activity_heat_map` and `selectivity_raster` side by side; units are in the same order in both."""
    rows, columns = shape(len(drawn), 2)
    figure = Figure(figsize=(6.6 * columns, 4.3 * rows + 0.4), layout="constrained")
    parts = np.atleast_1d(figure.subfigures(rows, columns, squeeze=False)).ravel()
    for part, condition in zip(parts, drawn, strict=False):
        one = cells(known.sel(network=[condition.identity]))[0].networks[0]
        curves, groups = one.unit_tuning.values, one.unit_group.values
        order = unit_order(groups, curves)
        axes = part.subplots(2, 4, height_ratios=[1, 6], width_ratios=[1.3, 0.06, 0.9, 0.18])
        for column in (0, 1, 3):
            axes[0, column].set_axis_off()
        conditions = one.unit_tuning_context.values.astype(int), one.unit_tuning_coherence.values
        draw_heat_map(axes[1, 0], axes[1, 1], curves, conditions, groups, order)
        draw_raster(axes[0, 2], axes[1, 2], axes[1, 3], one, order, named=False)
        part.suptitle(
            f"{store.study.learner_title(condition.learner_label)}, δ = {condition.network.delta:g}", fontsize=9
        )
    legend_below(figure, raster_legend())
    say_left_out(figure, left_out(store))
    return figure


def _drawn(store: Store, with_units: Sequence[str]) -> list[Condition]:
    """Return which networks are drawn one by one, of those whose units were looked at."""
    there = set(with_units)
    chosen = [condition for condition in shown(store) if condition.identity in there]
    chosen = chosen or [condition for condition in store.conditions if condition.identity in there][:1]
    learners = list(dict.fromkeys(condition.learner_label for condition in chosen))
    return sorted(chosen, key=lambda c: (learners.index(c.learner_label), c.network.delta))
