"""Figures of one network's attractors for its page, by plotly."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import xarray as xr
from jaxtyping import Float

from attrax.reports.appearance import KIND_LOOKS
from attrax.reports.plots.fixed_point_marks import add_fixed_points, unattracting, widened
from attrax.reports.words.attractor_words import (
    attractor_title,
    exponent,
    kind_words,
    number,
    percent,
    rotation,
    share_words,
)

_LAYOUT: dict[str, Any] = {
    "font": {"family": "system-ui, sans-serif", "size": 13, "color": "#222"},
    "paper_bgcolor": "white", "plot_bgcolor": "white",
}  # fmt: skip
_TITLE: dict[str, Any] = {"title_standoff": 6, "title_font_size": 13}
_EDGE = "#333"
_MOST_BARS = 15


def shares_figure(rows: pd.DataFrame) -> go.Figure:
    """Draw which share of the starts goes to each attractor, diverges or stays undecided, with intervals.

    Parameters
    ----------
    rows
        Those of `AnalysedWeights.table` for one input.
    """
    hidden = rows[rows.attractor > _MOST_BARS]
    shown = rows.drop(hidden.index)
    figure = go.Figure()
    titles = [attractor_title(row) for _, row in shown.iterrows()]
    texts = share_words([*shown.share, *([hidden.share.sum()] if len(hidden) else [])])
    for title, text, (_, row) in zip(titles, texts, shown.iterrows(), strict=False):
        edge = "#777" if row.kind == "divergent" else _EDGE
        interval = {"array": [row.share_high - row.share], "arrayminus": [row.share - row.share_low],
                    "color": edge, "thickness": 1.3, "width": 4}  # fmt: skip
        colour = KIND_LOOKS[row.kind].colour
        _add_bar(figure, title, row.share, row.share_high, text, colour, describe(row), interval)
    if len(hidden):
        titles.append(f"{len(hidden)} more")
        share = float(hidden.share.sum())
        hover = f"{len(hidden)} attractors: see the table"
        _add_bar(figure, titles[-1], share, share, texts[-1], "#BBBBBB", hover, None)
    figure.update_xaxes(
        title_text="share of starts", range=[0, 1.18], tickvals=[0, 0.25, 0.5, 0.75, 1],
        tickformat=".0%", ticks="outside", linecolor="#999", gridcolor="#eee", **_TITLE,
    )  # fmt: skip
    figure.update_yaxes(
        autorange="reversed", automargin=True, ticksuffix="  ", categoryorder="array", categoryarray=titles
    )
    figure.update_layout(
        **_LAYOUT, height=110 + 34 * max(len(titles), 2), margin={"l": 20, "r": 25, "t": 12, "b": 50}, bargap=0.3
    )
    return figure


def _add_bar(
    figure: go.Figure,
    title: str,
    share: float,
    end: float,
    text: str,
    colour: str,
    hover: str,
    interval: dict[str, Any] | None,
) -> None:
    figure.add_bar(
        x=[share], y=[title], orientation="h", width=0.62, showlegend=False, error_x=interval,
        marker={"color": colour, "line": {"color": _EDGE, "width": 1}}, hovertemplate=f"{hover}<extra></extra>",
    )  # fmt: skip
    figure.add_annotation(x=end, y=title, text=text, showarrow=False, xanchor="left", xshift=6, font_size=12)


def overview_figure(table: pd.DataFrame, titles: list[str]) -> go.Figure:
    """Draw the share of each kind for every input, one below the other.

    Parameters
    ----------
    table
        That of `AnalysedWeights`.
    titles
        What the inputs are called, in their order.
    """
    figure = go.Figure()
    for kind, look in KIND_LOOKS.items():
        shares = table[table.kind == kind].groupby("input").share.sum().reindex(range(1, len(titles) + 1), fill_value=0)
        if not shares.any():
            continue
        figure.add_bar(
            x=shares.to_numpy(), y=titles, orientation="h", name=kind, showlegend=False,
            text=[look.letter if share > 0.04 else "" for share in shares], textposition="inside", textangle=0,
            insidetextanchor="middle", textfont={"color": look.text_colour, "size": 11},
            marker={"color": look.colour, "line": {"color": _EDGE, "width": 0.8}},
            hovertemplate=f"%{{y}}<br>{kind}: %{{x:.1%}}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(
        title_text="share of starts", range=[0, 1.01], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%",
        ticks="outside", linecolor="#999", **_TITLE,
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", automargin=True, ticksuffix="  ")
    figure.update_layout(
        **_LAYOUT, barmode="stack", bargap=0.25, height=90 + 24 * max(len(titles), 2),
        margin={"l": 20, "r": 25, "t": 12, "b": 50},
    )  # fmt: skip
    return figure


class Projection(NamedTuple):
    """Two axes on which the attractors spread most."""

    centre: Float[np.ndarray, " units"]
    axes: Float[np.ndarray, "axes units"]
    explained: Float[np.ndarray, " axes"]
    """Share of the variance along each axis; zero where there is no second one."""
    source: str
    """Whose variance."""

    def __call__(self, states: Float[np.ndarray, "*batch units"]) -> Float[np.ndarray, "*batch axes"]:
        """Project states."""
        return (states - self.centre) @ self.axes.T


_FLAT = 1e-6


def principal_axes(result: xr.Dataset) -> Projection:
    """Return the first two principal axes of the states on all attractors, each attractor counted alike.

    Where these lie on a line (one fixed point, or two) or there are none, of the other fixed points as well, those that
    are not far off; and if that is not enough, of the steps towards the attractors too.
    """
    states, owner = result.sample_state.values, result.sample_attractor.values
    weights = 1 / np.bincount(owner)[owner] if owner.size else np.zeros(0)
    projection = _weighted_axes(states, weights, "the attractors")
    if projection.explained[1] >= _FLAT:
        return projection
    traces = result.trace_state.values[:, 1:].astype(float)  # the first state is noise in all directions
    steps = traces.reshape(-1, states.shape[1])
    steps = steps[np.isfinite(steps).all(axis=1)]
    others = unattracting(result)
    if len(others) and len(states):
        reach = np.linalg.norm(np.concatenate([states, steps]) - projection.centre, axis=1).max()
        others = others[np.linalg.norm(others - projection.centre, axis=1) <= reach]
        states, weights = np.concatenate([states, others]), np.concatenate([weights, np.ones(len(others))])
        projection = _weighted_axes(states, weights, "the attractors and the other fixed points")
        if len(others) and projection.explained[1] >= _FLAT:
            return projection
    everything = np.concatenate([states, steps])
    even = np.concatenate([weights, np.full(len(steps), max(weights.sum(), 1.0) / max(len(steps), 1))])
    return _weighted_axes(everything, even, "the attractors and the ways there")


def _weighted_axes(states: np.ndarray, weights: np.ndarray, source: str) -> Projection:
    if not len(states):
        units = states.shape[1]
        return Projection(np.zeros(units), np.eye(2, units), np.zeros(2), "nothing")
    centre = np.average(states, axis=0, weights=weights)
    _, singular, right = np.linalg.svd((states - centre) * np.sqrt(weights)[:, None], full_matrices=False)
    units = states.shape[1]
    axes, explained = np.zeros((2, units)), np.zeros(2)
    present = min(2, len(singular))
    largest = np.abs(right[:present]).argmax(axis=1)
    axes[:present] = right[:present] * np.sign(right[np.arange(present), largest])[:, None]
    total = float((singular**2).sum())
    if total > 0:
        explained[:present] = singular[:present] ** 2 / total
    return Projection(centre, axes, explained, source)


_SYMBOLS = {"fixed point": "circle", "cycle": "diamond", "quasi-periodic": "circle", "chaotic": "cross"}
_SIZES = {"fixed point": 13, "cycle": 9, "quasi-periodic": 3, "chaotic": 4}
_MOST_POINTS = 500
DRAWN_STEPS = 50
"""First steps that are drawn."""
_FEW = 50  # states, which are drawn large
_FATES = (
    ("towards an attractor", "#8a8a8a", "solid"),
    ("of a start that diverges", "#000000", "dot"),
    ("of an undecided start", "#009E73", "dash"),
)


def attractor_figure(result: xr.Dataset, row: pd.Series) -> go.Figure:
    """Draw the states on one attractor on its own two principal axes.

    Parameters
    ----------
    result, row
        Result of one input, and the attractor's row of the table.
    """
    states = _states_of(result, row.attractor)
    project = _weighted_axes(states, np.full(len(states), 1 / len(states)), "the attractor")
    figure = go.Figure(_marks(project(states), row).update(showlegend=False))
    _name_axes(figure, project.explained, [None, None])
    return figure


def has_a_shape(row: pd.Series) -> bool:
    """Whether an attractor is more than a point or two."""
    return bool(row.attractor > 0 and row.kind != "fixed point" and row.period != 2)


def _states_of(result: xr.Dataset, attractor: int) -> np.ndarray:
    return result.sample_state.values[result.sample_attractor.values == attractor]


def _marks(points: np.ndarray, row: pd.Series) -> go.Scatter:
    edge = 1.4 if row.kind == "fixed point" or 0 < row.period <= _FEW else 0
    size = _SIZES[row.kind] if edge or not row.period else 4
    return go.Scatter(
        x=_short(points[:, 0]), y=_short(points[:, 1]), mode="markers", name=row.kind,
        marker={"color": KIND_LOOKS[row.kind].colour, "symbol": _SYMBOLS[row.kind], "size": size,
                "line": {"color": _EDGE, "width": edge}},
        hovertemplate=f"{describe(row)}<extra></extra>",
    )  # fmt: skip


def _name_axes(figure: go.Figure, explained: np.ndarray, ranges: list[list[float] | None]) -> None:
    for axis, update in enumerate((figure.update_xaxes, figure.update_yaxes)):
        update(
            title_text=f"principal axis {axis + 1} ({percent(explained[axis])})", range=ranges[axis], ticks="outside",
            linecolor="#999", gridcolor="#eee", zeroline=False, nticks=6, **_TITLE,
        )  # fmt: skip
    figure.update_layout(
        **_LAYOUT, height=430, margin={"l": 60, "r": 15, "t": 12, "b": 50},
        legend={"orientation": "h", "y": -0.18, "yanchor": "top", "x": 0, "font": {"size": 12},
                "itemsizing": "constant"},
    )  # fmt: skip


def projection_figure(result: xr.Dataset, rows: pd.DataFrame, fixed_points: pd.DataFrame) -> go.Figure:
    """Draw attractors, other fixed points and the first steps from some starts on the attractors' two principal axes.

    Parameters
    ----------
    result, rows, fixed_points
        Result, table rows and rows of fixed points of one input.
    """
    project, figure = principal_axes(result), go.Figure()
    kinds = result.kind.values[result.trace_start.values]
    for fate, (words, colour, dash) in enumerate(_FATES):
        chosen = [t for t in _two_of_each(result) if _fate_of(str(kinds[t])) == fate]
        lines = [
            np.concatenate([project(result.trace_state.values[t, : DRAWN_STEPS + 1]), [[np.nan] * 2]]) for t in chosen
        ]
        if not lines:
            continue
        points = np.concatenate(lines)
        figure.add_scatter(
            x=_short(points[:, 0]), y=_short(points[:, 1]), mode="lines", name=f"first steps {words}",
            line={"color": colour, "width": 1, "dash": dash}, opacity=0.6, hoverinfo="skip",
        )  # fmt: skip
    drawn = rows[rows.attractor > 0]
    for place, (_, row) in enumerate(drawn.iterrows()):
        points = project(_states_of(result, row.attractor))[:_MOST_POINTS]
        first = row.kind not in drawn.kind.iloc[:place].tolist()
        figure.add_trace(_marks(points, row).update(legendgroup=row.kind, showlegend=first))
        if place < _MOST_BARS:
            corner = points[np.argmax(points[:, 0] + points[:, 1])]
            figure.add_annotation(
                x=float(corner[0]), y=float(corner[1]), text=f"<b>{row.attractor}</b>", showarrow=False,
                xshift=13, yshift=11, bgcolor="rgba(255,255,255,0.8)", font_size=12, borderpad=1,
            )  # fmt: skip
    places = project(unattracting(result))
    ranges, near = widened(_ranges(kinds, result, project), places)
    add_fixed_points(figure, places, near, fixed_points[fixed_points.attractor < 0])
    _name_axes(figure, project.explained, [*ranges])
    return figure


def _two_of_each(result: xr.Dataset) -> list[int]:
    """Return the first two traces to each attractor, and of starts that diverge or stay undecided: more hide it."""
    fates = list(zip(result.attractor.values.tolist(), result.kind.values.tolist(), strict=True))
    traced = [fates[start] for start in result.trace_start.values]
    return [trace for trace, fate in enumerate(traced) if traced[:trace].count(fate) < 2]


def _fate_of(kind: str) -> int:
    return {"divergent": 1, "undecided": 2}.get(kind, 0)


def _ranges(kinds: np.ndarray, result: xr.Dataset, project: Projection) -> list[list[float]]:
    """Return the axes' ranges: all that is drawn, but for the starts that diverge, if there are others."""
    states = [project(result.sample_state.values)]
    drawn = _two_of_each(result)
    bounded = [t for t in drawn if kinds[t] != "divergent"] or drawn
    states += [project(result.trace_state.values[t, : DRAWN_STEPS + 1]) for t in bounded]
    points = np.concatenate(states)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return [[-1.0, 1.0], [-1.0, 1.0]]
    low, high = points.min(axis=0), points.max(axis=0)
    pad = 0.08 * np.where(high > low, high - low, max(float(np.abs(points).max()), 1.0))
    return [[float(low[i] - pad[i]), float(high[i] + pad[i])] for i in range(2)]


def _short(values: np.ndarray) -> list[float | None]:
    """Return numbers with the digits that a figure can show."""
    return [None if np.isnan(value) else float(f"{value:.5g}") for value in values.tolist()]


def describe(row: pd.Series) -> str:
    """Return the evidence for a row of the table, for hovering."""
    lines = [f"<b>{attractor_title(row) if row.attractor > 0 else kind_words(row)}</b>"]
    lines.append(
        f"{row.starts} starts: {percent(row.share)} ({percent(row.share_low)} to {percent(row.share_high)})"
        + (", and the zero state" if row.from_zero else "")
    )
    if row.attractor > 0:
        lines.append("certified" if row.certified else "by measurement, not certified")
        if row.period_excluded and not row.period:
            lines.append(f"no period up to {row.period_excluded:,}")
        exponents = [(row[f"exponent_{i}"], row[f"exponent_{i}_error"]) for i in range(1, 5)]
        lines.append("exponents " + ", ".join(exponent(*pair) for pair in exponents if not np.isnan(pair[0])))
        lines.append(f"relaxation in {number(row.relaxation_steps)} steps")
        if not np.isnan(row.rotation_number):
            lines.append(f"rotation number {rotation(row.rotation_number, row.rotation_digits)}")
    return "<br>".join(lines)
