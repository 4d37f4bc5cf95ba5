"""The page of one network's attractors: one self-contained file."""

from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from attrax.checked_files import write_whole
from attrax.own_network.weights_analysis import AnalysedWeights
from attrax.reports.appearance import KIND_LOOKS
from attrax.reports.pages.page_templates import embed, template
from attrax.reports.plots.attractor_plots import (
    DRAWN_STEPS,
    attractor_figure,
    has_a_shape,
    overview_figure,
    principal_axes,
    projection_figure,
    shares_figure,
)
from attrax.reports.words.attractor_words import (
    analysis_findings,
    attractor_title,
    eigenvalue_words,
    exponent,
    input_title,
    network_words,
    number,
    percent,
    points_sentence,
    rotation,
    share_words,
    solves_words,
    stability_words,
    starts_words,
)

_MOST_DRAWN = 30
"""Inputs with figures of their own; more would make the page slow to open."""
_MOST_POINTS = 200
"""Fixed points in the table."""
_MOST_ALONE = 8
"""Attractors of one input with a figure of their own."""


def write_attractor_page(analysed: AnalysedWeights) -> Path:
    """Write ``index.html`` in the analysis's folder; return its path."""
    page = analysed.directory / "index.html"
    write_whole(page, render_attractors(analysed).encode())
    return page


def render_attractors(analysed: AnalysedWeights) -> str:
    """Return the page as text: nothing in it is fetched from elsewhere."""
    table = analysed.table
    titles = [input_title(analysed, index) for index in range(len(analysed.results))]
    drawn = titles[:_MOST_DRAWN]
    figures: dict[str, Any] = {"overview": overview_figure(table, titles)} if len(titles) > 1 else {}
    alone: list[dict[int, str]] = []
    for index in range(len(drawn)):
        rows = table[table.input == index + 1]
        figures[f"shares/{index}"] = shares_figure(rows)
        points = analysed.points[analysed.points.input == index + 1]
        figures[f"projection/{index}/0"] = projection_figure(analysed.results[index], rows, points)
        shaped = [row for _, row in rows.iterrows() if has_a_shape(row)][:_MOST_ALONE]
        for row in shaped:
            figures[f"projection/{index}/{row.attractor}"] = attractor_figure(analysed.results[index], row)
        alone.append({int(row.attractor): attractor_title(row) for row in shaped})
    return template("attractors.html").render(
        title=analysed.analysis.title,
        network=network_words(analysed),
        remark=analysed.analysis.network.remark,
        unused=analysed.analysis.network.unused,
        findings=[sentence.replace(" %", "\N{NO-BREAK SPACE}%") for sentence in analysis_findings(analysed)],
        starts=starts_words(analysed),
        zip=lambda columns: list(zip(*columns, strict=True)),
        attractors=_columns_of_attractors(table),
        points=_columns_of_points(analysed.points.head(_MOST_POINTS), len(titles) > 1),
        points_found=len(analysed.points),
        points_shown=min(len(analysed.points), _MOST_POINTS),
        points_sentence=points_sentence(analysed),
        solves=solves_words(analysed),
        looks=KIND_LOOKS,
        inputs=titles,
        drawn=drawn,
        drawn_steps=DRAWN_STEPS,
        alone=alone,
        axes_from=[principal_axes(result).source for result in analysed.results[:_MOST_DRAWN]],
        figures=embed(figures),
        seed=analysed.analysis.seed,
        version=metadata.version("attrax"),
        identity=analysed.analysis.weights_identity,
    )


def _columns_of_attractors(table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the table of attractors as people read it: heading to cells, columns that would be empty left out."""
    columns: dict[str, list[str]] = {}
    if table.input.nunique() > 1:
        columns["input"] = [str(i) for i in table.input]
    columns["attractor"] = [str(n) if n > 0 else "–" for n in table.attractor]
    columns["kind"] = [
        f"{kind} (neutral)" if neutral else str(kind) for kind, neutral in zip(table.kind, table.neutral, strict=True)
    ]
    columns["share of starts"] = [
        text for _, rows in table.groupby("input", sort=False) for text in share_words(rows.share.tolist())
    ]
    columns["95 % interval"] = [
        f"{percent(low)} to {percent(high)}" for low, high in zip(table.share_low, table.share_high, strict=True)
    ]
    if table.from_zero.any():
        columns["from zero"] = ["yes" if yes else "" for yes in table.from_zero]
    columns["period"] = [str(p) if p else "–" for p in table.period]
    columns["certified"] = [
        "–" if n < 0 else "yes" if yes else "no" for n, yes in zip(table.attractor, table.certified, strict=True)
    ]
    for i in (1, 2):
        pairs = zip(table[f"exponent_{i}"], table[f"exponent_{i}_error"], strict=True)
        columns[f"exponent {i}"] = [exponent(value, error) for value, error in pairs]
    columns["rotation number"] = [
        rotation(*pair) for pair in zip(table.rotation_number, table.rotation_digits, strict=True)
    ]
    columns["no period up to"] = [f"{k:,}" if k else "–" for k in table.period_excluded]
    columns["relaxation (steps)"] = [number(steps) for steps in table.relaxation_steps]
    columns["amplitude"] = [number(amplitude) for amplitude in table.amplitude]
    columns["mean activity"] = [number(activity) for activity in table.mean_activity]
    columns["active units"] = ["–" if np.isnan(count) else f"{count:.0f}" for count in table.active_units]
    kept_when_empty = ("input", "attractor", "kind", "period")
    return {name: cells for name, cells in columns.items() if name in kept_when_empty or set(cells) != {"–"}}


def _columns_of_points(points: pd.DataFrame, several_inputs: bool) -> dict[str, list[str]]:
    """Return the table of fixed points as people read it."""
    columns: dict[str, list[str]] = {}
    if several_inputs:
        columns["input"] = [str(i) for i in points.input]
    columns["point"] = [str(n) for n in points.point]
    columns["stability"] = [stability_words(name) for name in points.instability]
    columns["attractor"] = [str(n) if n > 0 else "–" for n in points.attractor]
    columns["unstable directions"] = [str(n) if n >= 0 else "–" for n in points.unstable]
    columns["spectral radius"] = [number(radius) for radius in points.radius]
    columns["leading eigenvalue"] = [eigenvalue_words(row) for _, row in points.iterrows()]
    columns["certified"] = ["yes" if yes else "no" for yes in points.certified]
    columns["residual"] = [number(residual, 2) for residual in points.residual]
    columns["margin"] = [number(margin, 2) for margin in points.margin]
    columns["mean activity"] = [number(activity) for activity in points.mean_activity]
    columns["active units"] = ["–" if np.isnan(count) else f"{count:.0f}" for count in points.active_units]
    return {name: cells for name, cells in columns.items() if set(cells) != {"–"} or name == "attractor"}
