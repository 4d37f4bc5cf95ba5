"""What figures of populations share: networks that belong together, panels that fit, legends that are not cut off."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from attrax.studies import Store
from attrax.studies.packing import unpack

Canvas = Figure | SubFigure
_CHARACTER, _HANDLE = 0.058, 0.55  # inches of a legend's letter and of what stands before its words
MOST_COLUMNS = 4


class Cell(NamedTuple):
    """Networks that differ in their seed alone."""

    title: str
    learner: str
    setting: str
    """The title without the rule."""
    delta: float
    networks: list[xr.Dataset]
    """Each without the axis "network"."""
    names: list[str]
    """Title of each network."""


def cells(found: xr.Dataset, titles: Mapping[str, str] | None = None) -> list[Cell]:
    """Sort networks by what the study varies.

    Parameters
    ----------
    found
        Of one network, or over "network" with coordinates such as learner, delta and seed.
    titles
        What rules are called; by default as in `found`.
    """
    if "network" not in found.dims:
        return [Cell("", "", "", float("nan"), [found], [""])]
    if "network" not in found.coords:
        found = found.assign_coords(network=[f"network {n + 1}" for n in range(found.sizes["network"])])
    factors = [str(name) for name in found.coords if found[name].dims == ("network",) and name not in ("network",)]
    varied = [name for name in factors if len({str(value) for value in found[name].values}) > 1]
    by_key: dict[tuple[str, ...], list[tuple[xr.Dataset, str]]] = {}
    first: dict[tuple[str, ...], tuple[str, str, str, float]] = {}
    for name in found.network.values.tolist():
        one = unpack(found, name).isel(network=0)
        values = {factor: one[factor].item() for factor in factors}
        key = tuple(str(value) for factor, value in values.items() if factor != "seed")
        learner, setting = str(values.get("learner", "")), _setting(values, varied)
        title = ", ".join(filter(None, ((titles or {}).get(learner, learner), setting)))
        by_key.setdefault(key, []).append((one, str(values.get("seed", name))))
        first.setdefault(key, (title, learner, setting, float(values.get("delta", np.nan))))
    result = []
    for key, members in by_key.items():
        title, learner, setting, delta = first[key]
        several = len(members) > 1
        names = [", ".join(filter(None, (title, f"seed {seed}" if several else ""))) for _, seed in members]
        result.append(Cell(title, learner, setting, delta, [one for one, _ in members], names))
    learners = list(dict.fromkeys(cell.learner for cell in result))
    # Stable: of one rule and δ the order stays that of the study.
    return sorted(result, key=lambda cell: (learners.index(cell.learner), cell.delta))


def _setting(values: Mapping[str, Any], varied: Sequence[str]) -> str:
    words = []
    if "delta" in values:
        words.append(f"δ = {values['delta']:g}")
    for name in varied:
        known = values[name] is not None and str(values[name]) != "nan"
        if name not in ("learner", "delta", "seed") and known:
            words.append(str(values[name]) if name == "task" else f"{name} {values[name]}")
    return ", ".join(words)


def shape(n_panels: int, most: int = MOST_COLUMNS) -> tuple[int, int]:
    """Return rows and columns for so many panels."""
    columns = min(n_panels, most)
    return -(-n_panels // columns), columns


def panels(figure: Canvas, n_panels: int, most: int = MOST_COLUMNS, **options: Any) -> list[Axes]:
    """Return so many axes in rows; places that are left over stay empty."""
    axes = figure.subplots(*shape(n_panels, most), squeeze=False, **options).ravel().tolist()
    for axis in axes[n_panels:]:
        axis.set_axis_off()
    return list(axes[:n_panels])


def legend_below(figure: Canvas, handles: Sequence[Any], title: str = "") -> None:
    """Put a legend below a figure, in as many columns as there is room for."""
    longest = max(len(str(handle.get_label())) for handle in handles)
    columns = int(figure.bbox.width / figure.dpi / (longest * _CHARACTER + _HANDLE))
    figure.legend(
        handles=list(handles), loc="outside lower center", ncols=max(1, min(columns, len(handles))), fontsize=7.5,
        frameon=False, title=title or None, title_fontsize=7.5, borderaxespad=0.6,
    )  # fmt: skip


def rule_titles(store: Store) -> dict[str, str]:
    """Say what the rules of a study are called."""
    return {label: store.study.learner_title(label) for label in store.study.learners}
