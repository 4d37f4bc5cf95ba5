"""Figures for the page, by plotly."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import xarray as xr
from plotly.subplots import make_subplots

from attrax.reports.appearance import KIND_LOOKS, LEARNER_COLOURS
from attrax.reports.drawn_cells import choose, has_planes, shown
from attrax.studies import Condition, Store

_KINDS = list(KIND_LOOKS)
MOST_CURVES = 200
_DASHES = ("solid", "dash", "dot", "dashdot")
_FONT = {"family": "system-ui, sans-serif", "size": 13, "color": "#222"}
_LAYOUT: dict[str, Any] = {
    "font": _FONT, "paper_bgcolor": "white", "plot_bgcolor": "white", "margin": {"l": 60, "r": 20, "t": 60, "b": 55},
}  # fmt: skip


def networks_with_curves(store: Store) -> list[Condition]:
    """Return whose learning is drawn: of the rules and widths that are drawn, the `MOST_CURVES` of the first seeds."""
    choice = choose(store.conditions)
    return sorted(filter(choice.has, store.conditions), key=lambda c: c.seed)[:MOST_CURVES]


def learning_curves(store: Store) -> go.Figure:
    """Draw accuracy on held-out trials against updates and against trials, of `networks_with_curves`."""
    figure = make_subplots(rows=1, cols=2, subplot_titles=("by updates", "by training trials"), shared_yaxes=True)
    learners = list(store.study.learners)
    seen = set()
    choice = choose(store.conditions)
    names = [condition.identity for condition in networks_with_curves(store)]
    curves = {condition.identity: (condition, found) for condition, found in store.each("histories", names)}
    for condition, arrays in (curves[name] for name in names if name in curves):
        delta, learner = condition.network.delta, condition.learner_label
        name = f"{store.study.learner_title(learner)}, δ = {delta:g}"
        line = {
            "color": LEARNER_COLOURS[learners.index(learner) % len(LEARNER_COLOURS)],
            "dash": _DASHES[choice.deltas.index(delta) % len(_DASHES)],
        }
        known = [history for history in ("accuracy", "trials") if history in arrays]
        history = arrays.isel(network=0)[known].dropna("update")
        for column, x in ((1, "update"), (2, "trials")):
            if x == "trials" and x not in known:
                continue  # of an earlier version of the code
            figure.add_scatter(
                x=history[x].values, y=history.accuracy.values, mode="lines", name=name, legendgroup=name, line=line,
                showlegend=column == 1 and name not in seen, row=1, col=column,
                hovertemplate=f"{name}, seed {condition.seed}<br>%{{x:,}}: %{{y:.3f}}<extra></extra>",
            )  # fmt: skip
        seen.add(name)
    criterion = store.study.stopping.accuracy
    if criterion is not None:
        dotted = {"color": "#888", "width": 1.5, "dash": "dot"}
        figure.add_hline(y=criterion, line=dotted)
        figure.add_scatter(x=[None], y=[None], mode="lines", line=dotted, name=f"criterion {criterion:g}", row=1, col=1)
    figure.update_xaxes(title_text="updates", row=1, col=1)
    figure.update_xaxes(title_text="trials", row=1, col=2)
    figure.update_yaxes(title_text="accuracy (greedy, held out)", row=1, col=1)
    figure.update_yaxes(range=[0, 1.02])
    return _finish(figure, height=380)


def planes(store: Store, stage: str, start: str) -> go.Figure:
    """Draw the label at every coherence of a stage: a row for each δ, rules and contexts side by side.

    Those of `attrax.reports.drawn_cells.shown` that have planes of it.
    """
    conditions = [c for c in shown(store) if has_planes(store.arrays(c.identity), stage)]
    if not conditions:
        missing = go.Figure().update_xaxes(visible=False).update_yaxes(visible=False)
        missing.add_annotation(text=f"no network drawn here has planes of the {stage} stage", showarrow=False)
        return _finish(missing, height=200)
    learners = list(dict.fromkeys(c.learner_label for c in conditions))
    deltas = sorted({c.network.delta for c in conditions})
    n_contexts = conditions[0].task.n_contexts
    titles = [
        f"{store.study.learner_title(learner)}, δ = {delta:g}<br>context {context + 1}"
        for delta in deltas for learner in learners for context in range(n_contexts)
    ]  # fmt: skip
    columns = n_contexts * len(learners)
    figure = make_subplots(
        rows=len(deltas), cols=columns, subplot_titles=titles,
        horizontal_spacing=min(0.035, 0.5 / columns), vertical_spacing=min(0.2, 0.5 / len(deltas)),
        shared_yaxes=True,
    )  # fmt: skip
    colours = [[edge, look.colour] for i, look in enumerate(KIND_LOOKS.values())
               for edge in (i / len(_KINDS), (i + 1) / len(_KINDS))]  # fmt: skip
    for condition in conditions:
        arrays = store.arrays(condition.identity).isel(network=0)
        row = 1 + deltas.index(condition.network.delta)
        for context in range(n_contexts):
            column = 1 + n_contexts * learners.index(condition.learner_label) + context
            plane = arrays.sel(stage=stage, start=start, context=context)
            kind = plane.kind.values.T
            figure.add_heatmap(
                x=plane.coherence_1.values, y=plane.coherence_2.values, z=np.vectorize(_KINDS.index)(kind),
                zmin=-0.5, zmax=len(_KINDS) - 0.5, colorscale=colours, showscale=False, xgap=1, ygap=1,
                text=np.vectorize(lambda k: KIND_LOOKS[k].letter)(kind), texttemplate="%{text}", textfont_size=9,
                customdata=_evidence(plane), hovertemplate="%{customdata}<extra></extra>", row=row, col=column,
            )  # fmt: skip
            figure.update_xaxes(title_text="coherence 1", row=row, col=column, title_standoff=4)
        figure.update_yaxes(title_text="coherence 2", row=row, col=1, title_standoff=4)
    figure.update_xaxes(tickvals=[-1, 0, 1], showgrid=False, zeroline=False, constrain="domain")
    figure.update_yaxes(tickvals=[-1, 0, 1], showgrid=False, zeroline=False)
    figure.update_annotations(font_size=12)
    return _finish(figure, height=90 + 270 * len(deltas))


def orbits(store: Store) -> go.Figure | None:
    """Draw the most oscillating points of the stimulus stage in the readout plane; None where nothing oscillates."""
    conditions = [c for c in shown(store) if _oscillates(store, c)]
    if not conditions:
        return None
    figure = make_subplots(
        rows=1, cols=len(conditions), horizontal_spacing=min(0.07, 0.5 / len(conditions)),
        subplot_titles=[f"{store.study.learner_title(c.learner_label)}, δ = {c.network.delta:g}" for c in conditions],
    )  # fmt: skip
    for column, condition in enumerate(conditions, start=1):
        arrays = _orbit_set(store, condition)
        for index in range(arrays.sizes["orbit"]):
            orbit = arrays.isel(orbit=index)
            if np.isnan(orbit.orbit_context):
                continue
            where = f"context {int(orbit.orbit_context) + 1}, c = ({float(orbit.orbit_coherence_1):.2g}, " \
                    f"{float(orbit.orbit_coherence_2):.2g})"  # fmt: skip
            points = orbit.readout_orbit.values
            figure.add_scatter(
                x=points[:, 0], y=points[:, 1], mode="markers", name=where, legend=f"legend{column}",
                marker={"size": 3, "color": LEARNER_COLOURS[index % len(LEARNER_COLOURS)],
                        "symbol": ("circle", "diamond", "x")[index % 3]},
                hovertemplate=f"{where}<br>step %{{pointNumber}}<extra></extra>", row=1, col=column,
            )  # fmt: skip
        figure.update_xaxes(title_text="logit “+” − logit “−”", row=1, col=column)
    figure.update_yaxes(title_text="larger answer logit − fixation logit", row=1, col=1)
    figure = _finish(figure, height=430)
    for column in range(1, len(conditions) + 1):
        domain = figure.layout["xaxis" if column == 1 else f"xaxis{column}"].domain
        figure.update_layout(
            {
                f"legend{column}": {
                    "x": domain[0],
                    "y": -0.2,
                    "yanchor": "top",
                    "font": {"size": 11},
                    "itemsizing": "constant",
                }
            }
        )
    return figure


_ORBIT = ["readout_orbit", "orbit_context", "orbit_coherence_1", "orbit_coherence_2"]


def _oscillates(store: Store, condition: Condition) -> bool:
    """Whether an orbit of a network was kept; an earlier version of the code may have kept none."""
    arrays = store.arrays(condition.identity)
    return set(_ORBIT) <= set(arrays.data_vars) and not np.isnan(arrays.orbit_context.values).all()


def _orbit_set(store: Store, condition: Condition) -> xr.Dataset:
    return store.arrays(condition.identity).isel(network=0)[_ORBIT]


def _evidence(plane: xr.Dataset) -> list[list[str]]:
    """Return the text that is shown on hover, for each (coherence 2, coherence 1)."""
    axes = plane.coherence_1.values, plane.coherence_2.values
    # Arrays once, not a dataset a point: a page has tens of thousands of points. What is not there is not told.
    over = {"coherence_1", "coherence_2"}
    fields = {str(name): array.transpose("coherence_1", "coherence_2", ...).values
              for name, array in plane.data_vars.items() if over <= set(array.dims)}  # fmt: skip
    steps = plane.stage_steps.item() if "stage_steps" in plane else None
    return [
        [_describe({name: values[x, y] for name, values in fields.items()}, (axes[0][x], axes[1][y]), steps)
         for x in range(len(axes[0]))]
        for y in range(len(axes[1]))
    ]  # fmt: skip


def _describe(point: dict[str, Any], at: tuple[float, float], stage_steps: int | None) -> str:
    """Say what is known of a point: less, where an earlier version of the code labelled it."""
    kind, period, excluded = str(point["kind"]), _whole(point, "period"), _whole(point, "period_excluded")
    margin, amplitude, rotation, relaxation, distance = (
        float(point.get(name, np.nan))
        for name in ("margin", "amplitude", "rotation_number", "relaxation_time", "trial_distance")
    )
    lines = [f"<b>{kind}</b> at c = ({at[0]:.3g}, {at[1]:.3g})"]
    certified = "certified" if point.get("certified", False) else "not certified"
    if kind in ("cycle", "fixed point"):
        lines.append(f"period {period}, {certified}; margin {margin:.1e}")
    elif excluded:
        lines.append(f"no period up to K = {excluded}")
    if point.get("neutral", False):
        lines.append("neutral: a continuum of states")
    exponents = point.get("exponents", np.array([np.nan]))
    if not np.isnan(exponents).all():
        values = ", ".join("−∞" if np.isneginf(e) else f"{e:.4f}" for e in exponents if not np.isnan(e))
        lines.append(f"exponents {values.replace('-', '−')}")
    torus = _whole(point, "torus_dimension")
    if torus:
        lines.append(f"invariant {'curve' if torus == 1 else 'torus'} (dimension {torus})")
    if not np.isnan(rotation):
        lines.append(f"rotation number {rotation:.6f}")
    if not np.isnan(amplitude) and kind != "fixed point":
        lines.append(f"amplitude {amplitude:.3g}")
    if not np.isnan(relaxation):
        stage = f"; the stage has {stage_steps}" if stage_steps is not None else ""
        lines.append(f"a deviation shrinks by a factor e in {relaxation:.3g} steps{stage}")
    if not np.isnan(distance):
        lines.append(f"real trials end the stage at {100 * distance:.2g} % of its size from it")
    if "steps" in point:
        lines.append(f"after {int(point['steps']):,} steps")
    return "<br>".join(lines)


def _whole(point: dict[str, Any], name: str) -> int:
    return int(point.get(name, 0))


def _finish(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(**_LAYOUT, height=height)
    figure.update_xaxes(linecolor="#999", ticks="outside", gridcolor="#eee")
    figure.update_yaxes(linecolor="#999", ticks="outside", gridcolor="#eee")
    return figure
