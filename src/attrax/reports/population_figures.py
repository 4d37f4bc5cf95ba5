"""Which units do what: their groups, what they respond to, and how they came to it, by matplotlib.

Datasets may be of one network or of many (over "network", as `attrax.studies.Store.units` gives them).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Float, Int, Shaped
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize, PowerNorm
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from attrax.populations import GROUPS
from attrax.reports.appearance import GROUP_LOOKS
from attrax.reports.shown import shown
from attrax.settings import require
from attrax.studies import Condition, Store
from attrax.studies.packing import unpack
from attrax.studies.unit_analysis import tuning_curves
from attrax.studies.unit_recording import UnitRecording, record_units

SIGNIFICANT = 0.05
"""Above this corrected p, a number is drawn as one that chance may give."""
Canvas = Figure | SubFigure
_LABELS = list(GROUP_LOOKS)
_CHARACTER, _HANDLE = 0.058, 0.55  # inches of a legend's letter and of what stands before its words
_MOST_COLUMNS = 4
_NARROW = 0.045  # of a picture's height: group names that are nearer are moved apart
_DIVERGING = LinearSegmentedColormap.from_list("blue-vermillion", ["#0072B2", "#FFFFFF", "#D55E00"])
_RISING = LinearSegmentedColormap.from_list("white-blue", ["#FFFFFF", "#56B4E9", "#0072B2", "#00263D"])
_SIGNS = {
    1: ("more active at larger values", ["#D6EAF5", "#0072B2"]),
    -1: ("less active at larger values", ["#FBE3D3", "#D55E00"]),
    0: ("neither, or no order", ["#E6E6E6", "#000000"]),
}
_FEATURES = {"coherence_1": "coherence 1", "coherence_2": "coherence 2", "choice": "choice “−”"}


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


def group_bars(units: xr.Dataset, titles: Mapping[str, str] | None = None) -> Figure:
    """Draw what share of the units is in each functional group, beside that of the untrained network.

    Parameters
    ----------
    units
        As `attrax.studies.map_units` or `Store.units` returns it: balance_share and balance_size_expected, by
        balance_of.
    titles
        What rules are called.

    Returns
    -------
    A panel for each rule and δ: bars are means over networks, dots are networks, black lines what would be expected if
    activity for the two choices were independent.
    """
    found = cells(units, titles)
    figure = Figure(figsize=_bars_size(len(found)), layout="constrained")
    _draw_group_bars(figure, found)
    return figure


def _bars_size(n_cells: int) -> tuple[float, float]:
    rows, columns = shape(n_cells)
    return max(2.3 * columns + 0.5, 5.6), 2.1 * rows + 0.9


def shape(n_panels: int, most: int = _MOST_COLUMNS) -> tuple[int, int]:
    """Return rows and columns for so many panels."""
    columns = min(n_panels, most)
    return -(-n_panels // columns), columns


def panels(figure: Canvas, n_panels: int, most: int = _MOST_COLUMNS, **options: Any) -> list[Axes]:
    """Return so many axes in rows; places that are left over stay empty."""
    axes = figure.subplots(*shape(n_panels, most), squeeze=False, **options).ravel().tolist()
    for axis in axes[n_panels:]:
        axis.set_axis_off()
    return list(axes[:n_panels])


def _draw_group_bars(figure: Canvas, found: Sequence[Cell]) -> None:
    axes = panels(figure, len(found), sharey=True)
    has_untrained = any("untrained" in one.balance_of.values for cell in found for one in cell.networks)
    for number, (axis, cell) in enumerate(zip(axes, found, strict=True)):
        known = 0
        for of, offset in (("trained", -0.2), ("untrained", 0.2)):
            shares, expected = _shares(cell.networks, of)
            known = len(shares) if of == "trained" else known
            if len(shares):
                _draw_shares(axis, shares, expected, offset, of == "trained")
        if not known:
            reason = next((str(r) for one in cell.networks if (r := one.balance_reason.values.flat[0])), "unknown")
            axis.text(0.5, 0.6, f"no groups:\n{reason}", transform=axis.transAxes, ha="center", fontsize=7)
        without = len(cell.networks) - known
        axis.set_title(cell.title + (f"\n{without} of {len(cell.networks)} without groups" if without else ""),
                       fontsize=8)  # fmt: skip
        axis.set_xticks(range(len(GROUPS)), [f"{GROUP_LOOKS[g].letter}" for g in GROUPS], fontsize=9)
        axis.set_xlim(-0.6, len(GROUPS) - 0.4)
        axis.set_ylim(0, 100)
        axis.tick_params(axis="y", labelsize=7)
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_xlabel("functional group", fontsize=7.5)
        if number % shape(len(found))[1] == 0:
            axis.set_ylabel("share of units (%)", fontsize=7.5)
    handles: list[Any] = [Patch(facecolor="#777777", edgecolor="#777777", label="trained")]
    if has_untrained:
        handles.append(Patch(facecolor="#FFFFFF", edgecolor="#777777", hatch="////", label="untrained"))
    if any(len(cell.networks) > 1 for cell in found):
        handles.append(Line2D([], [], marker="o", markersize=3, color="#000000", linestyle="none", label="one network"))
    handles.append(Line2D([], [], color="#000000", linewidth=1.6, label="if “+” and “−” were independent"))
    meanings = [f"{GROUP_LOOKS[group].letter} {GROUP_LOOKS[group].meaning}" for group in GROUPS]
    legend_below(figure, handles, title=";  ".join(meanings[:2]) + ";\n" + ";  ".join(meanings[2:]))


def legend_below(figure: Canvas, handles: Sequence[Any], title: str = "") -> None:
    """Put a legend below a figure, in as many columns as there is room for."""
    longest = max(len(str(handle.get_label())) for handle in handles)
    columns = int(figure.bbox.width / figure.dpi / (longest * _CHARACTER + _HANDLE))
    figure.legend(
        handles=list(handles), loc="outside lower center", ncols=max(1, min(columns, len(handles))), fontsize=7.5,
        frameon=False, title=title or None, title_fontsize=7.5, borderaxespad=0.6,
    )  # fmt: skip


def _shares(
    networks: Sequence[xr.Dataset], of: str
) -> tuple[Float[np.ndarray, "networks group"], Float[np.ndarray, "networks group"]]:
    """Return the shares of each group in percent, and what is expected, of the networks that have groups."""
    there = [one.sel(balance_of=of) for one in networks if of in one.balance_of.values]
    shares = np.array([one.balance_share.values for one in there]).reshape(len(there), len(GROUPS))
    sizes = np.array([one.balance_size_expected.values for one in there]).reshape(shares.shape)
    kept = np.isfinite(shares).all(axis=1)
    return 100 * shares[kept], 100 * sizes[kept] / np.maximum(sizes[kept].sum(axis=1, keepdims=True), 1e-300)


def _draw_shares(
    axis: Axes, shares: Float[np.ndarray, "n group"], expected: Float[np.ndarray, "n group"], offset: float, solid: bool
) -> None:
    places = np.arange(len(GROUPS)) + offset
    for place, group, share, chance in zip(places, GROUPS, shares.T, expected.T, strict=True):
        colour = GROUP_LOOKS[group].colour
        look: dict[str, Any] = {"color": colour} if solid else {
            "facecolor": "#FFFFFF", "edgecolor": colour, "hatch": "////", "linewidth": 0.8,
        }  # fmt: skip
        axis.bar(place, share.mean(), 0.36, **look)
        axis.plot([place - 0.18, place + 0.18], [chance.mean()] * 2, color="#000000", linewidth=1.6)
        if len(share) > 1:
            across = place + np.linspace(-0.11, 0.11, len(share))
            axis.plot(across, share, "o", color="#000000", markersize=2.4, markeredgecolor="#FFFFFF",
                      markeredgewidth=0.3)  # fmt: skip


def block_matrix(units: xr.Dataset, titles: Mapping[str, str] | None = None, of: str = "trained") -> Figure:
    """Draw the mean recurrent weight from each functional group to each.

    Parameters
    ----------
    units
        As `attrax.studies.map_units` or `Store.units` returns it: balance_block_mean and its null.
    titles
        What rules are called.
    of
        Whose weights: one of `attrax.studies.unit_analysis.BALANCE_OF`.

    Returns
    -------
    A matrix for each rule and δ, the colour saying the mean weight (over networks too). Its text: z against permuted
    labels, in brackets where q > 0.05; of several networks the mean z, and in how many q is 0.05 or less. Blocks
    without a weight are hatched, and the reason stands below.
    """
    found = cells(units, titles)
    figure = Figure(figsize=_blocks_size(len(found)), layout="constrained")
    _draw_block_matrix(figure, found, of)
    return figure


def _blocks_size(n_cells: int) -> tuple[float, float]:
    rows, columns = shape(n_cells)
    return max(2.3 * columns + 1.0, 4.0), 2.55 * rows + 0.7


class _Block(NamedTuple):
    """One group to another, over the networks of a cell."""

    mean: float
    z: float
    shown: int
    """Networks in which q is at most `SIGNIFICANT`."""
    n: int
    """Networks that have it."""


def _blocks(networks: Sequence[xr.Dataset], of: str) -> tuple[list[list[_Block]], list[str]]:
    """Return blocks over (target, source), and why some are empty."""
    there = [one.sel(balance_of=of) for one in networks if of in one.balance_of.values]
    n_groups = len(GROUPS)
    shape = (len(there), n_groups, n_groups)
    mean, z, q = (
        np.array([one[f"balance_block_mean{end}"].values for one in there]).reshape(shape) for end in ("", "_z", "_q")
    )
    blocks = []
    for target in range(n_groups):
        row = []
        for source in range(n_groups):
            kept = np.isfinite(mean[:, target, source])
            zs = z[kept, target, source]
            zs = zs[np.isfinite(zs)]
            row.append(
                _Block(
                    float(mean[kept, target, source].mean()) if kept.any() else float("nan"),
                    float(zs.mean()) if zs.size else float("nan"),
                    int((q[kept, target, source] <= SIGNIFICANT).sum()), int(kept.sum()),
                )
            )  # fmt: skip
        blocks.append(row)
    whole = [str(one.balance_reason.values) for one in there]
    reasons: list[str] = []
    for number, one in enumerate(there):
        empty = ~np.isfinite(mean[number])
        reasons += [whole[number]] if whole[number] else one.balance_block_mean_reason.values[empty].tolist()
    return blocks, list(dict.fromkeys(filter(None, map(_in_words, reasons))))


def _in_words(reason: str) -> str:
    for group in GROUPS:
        reason = reason.replace(group, GROUP_LOOKS[group].letter)
    return reason


def _draw_block_matrix(figure: Canvas, found: Sequence[Cell], of: str) -> None:
    axes = panels(figure, len(found))
    per_cell = [_blocks(cell.networks, of) for cell in found]
    sizes = [abs(block.mean) for blocks, _ in per_cell for row in blocks for block in row if np.isfinite(block.mean)]
    largest = max([*sizes, 0.0]) or 1.0
    image, several = None, any(len(cell.networks) > 1 for cell in found)
    letters = [GROUP_LOOKS[group].letter for group in GROUPS]
    for number, (axis, cell, (blocks, reasons)) in enumerate(zip(axes, found, per_cell, strict=True)):
        means = np.array([[block.mean for block in row] for row in blocks])
        image = axis.imshow(np.ma.masked_invalid(means), cmap=_DIVERGING, vmin=-largest, vmax=largest)
        for target, row in enumerate(blocks):
            for source, block in enumerate(row):
                _draw_block(axis, source, target, block, len(cell.networks) > 1, abs(block.mean) > 0.7 * largest)
        axis.set_xticks(range(len(GROUPS)), letters, fontsize=9)
        axis.set_yticks(range(len(GROUPS)), letters, fontsize=9)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        words = "\n".join(_joined(reasons))
        before = "\nhatched: " if len(cell.networks) == 1 else "\nin some networks: "
        axis.set_xlabel("from (source)" + (before + words if words else ""), fontsize=7.5)
        if number % shape(len(found))[1] == 0:
            axis.set_ylabel("to (target)", fontsize=7.5)
        axis.set_title(cell.title, fontsize=8)
    if image is not None:
        bar = figure.colorbar(image, ax=axes, shrink=0.75, aspect=18, pad=0.02)
        bar.set_label("mean recurrent weight\n(dimensionless)", fontsize=7.5)
        bar.ax.tick_params(labelsize=7)
        bar.ax.locator_params(nbins=5)
    frame = Patch(facecolor="#FFFFFF", edgecolor="#000000", linewidth=1.5)
    frame.set_label("frame: q ≤ 0.05" + (" in more than half of them" if several else ""))
    plain = Patch(facecolor="#FFFFFF", edgecolor="#CCCCCC", linewidth=0.5)
    plain.set_label("(z): q > 0.05" + (" in all" if several else ", not different from permuted labels"))
    over = ", mean over networks;\nbelow it: in how many q ≤ 0.05" if several else ""
    legend_below(figure, [frame, plain], title=f"\nz against permuted labels{over}")


def _joined(reasons: Sequence[str]) -> list[str]:
    """Say "no unit in A" and "no unit in B" in one line."""
    empty = [reason.removeprefix("no unit in ") for reason in reasons if reason.startswith("no unit in ")]
    others = [reason for reason in reasons if not reason.startswith("no unit in ")]
    return ([f"no unit in {', '.join(empty)}"] if empty else []) + others


def _draw_block(axis: Axes, source: int, target: int, block: _Block, several: bool, dark: bool) -> None:
    corner = (source - 0.5, target - 0.5)
    if not np.isfinite(block.mean):
        axis.add_patch(Rectangle(corner, 1, 1, facecolor="#F2F2F2", edgecolor="#AAAAAA", hatch="////", linewidth=0))
        return
    words = "−" if not np.isfinite(block.z) else f"{round(block.z, 1) + 0.0:+.1f}".replace("-", "−")
    if np.isfinite(block.z) and not block.shown:
        words = f"({words})"
    if several:
        words += f"\n{block.shown} of {block.n}"
    axis.text(source, target, words, ha="center", va="center", fontsize=6.5, color="#FFFFFF" if dark else "#000000")
    if 2 * block.shown > block.n:
        inside = (corner[0] + 0.05, corner[1] + 0.05)
        axis.add_patch(Rectangle(inside, 0.9, 0.9, facecolor="none", edgecolor="#000000", linewidth=1.5))


def unit_order(
    groups: ArrayLike, curves: Float[np.ndarray, "units conditions"], lead: ArrayLike | None = None
) -> Int[np.ndarray, " units"]:
    """Sort units by group, and within each by their lead (falling), or without one by the condition of their peak.

    Parameters
    ----------
    groups
        One of `attrax.populations.GROUPS` for each unit, or "".
    curves
        Tuning curves.
    lead
        See `attrax.populations.balance`.
    """
    place = np.array([_LABELS.index(str(group)) for group in np.asarray(groups)])
    if lead is not None:
        return np.lexsort((-np.asarray(lead, float), place))
    sizes = np.nan_to_num(np.abs(np.asarray(curves, float)), posinf=0.0)
    largest = sizes.max(axis=1)
    peak = np.where(largest > 0, sizes.argmax(axis=1), sizes.shape[1])  # silent ones last
    return np.lexsort((-largest, peak, place))


def activity_heat_map(
    recording: UnitRecording, groups: ArrayLike, lead: ArrayLike | None = None, title: str = ""
) -> Figure:
    """Draw how active each unit is in each condition of the decision stage.

    Parameters
    ----------
    recording
        As `attrax.studies.record_units` returns it.
    groups
        Of each unit, as `attrax.populations.groups` names them; "" where it is not known.
    lead
        See `unit_order`.
    title
        Above the figure.

    Returns
    -------
    Units, sorted by group and then by lead or peak, over contexts and coherences of their modality. Each unit's mean
    activity is divided by its largest (in absolute value): what can be compared is its tuning, not its strength.
    """
    figure = Figure(figsize=(4.2, 4.2), layout="constrained")
    axis, scale = figure.subplots(1, 2, width_ratios=[1, 0.05])
    curves = tuning_curves(recording)
    _draw_heat_map(axis, scale, recording, curves, np.asarray(groups), unit_order(groups, curves, lead))
    figure.suptitle(title, fontsize=8.5)
    return figure


def _draw_heat_map(
    axis: Axes,
    scale: Axes,
    recording: UnitRecording,
    curves: Float[np.ndarray, "units conditions"],
    groups: Shaped[np.ndarray, " units"],
    order: Int[np.ndarray, " units"],
) -> None:
    context, coherence = conditions_of(recording)
    finite = np.isfinite(curves).all(axis=1, keepdims=True)
    shown_curves = np.where(finite, curves, 0.0)
    largest = np.abs(shown_curves).max(axis=1, keepdims=True)
    scaled = np.divide(shown_curves, largest, out=np.zeros_like(shown_curves), where=largest > 0)
    signed = bool((scaled < 0).any())
    masked = np.ma.array(scaled, mask=np.broadcast_to(~finite, scaled.shape))[order]
    norm = Normalize(-1 if signed else 0, 1)
    image = axis.imshow(masked, aspect="auto", cmap=_DIVERGING if signed else _RISING, norm=norm,
                        interpolation="nearest")  # fmt: skip
    _hatch(axis, ~np.broadcast_to(finite, curves.shape)[order])
    _draw_groups_beside(axis, groups[order])
    words = [f"{c:g}".replace("-", "−") for c in coherence]
    axis.set_xticks(range(len(coherence)), words, rotation=90, fontsize=6.5 if len(coherence) <= 12 else 5.5)
    axis.tick_params(axis="x", length=2)
    axis.set_xlabel("coherence of the context’s modality", fontsize=7.5)
    several = np.unique(context).size > 1
    for number in np.unique(context):
        first, last = np.flatnonzero(context == number)[[0, -1]]
        if first > 0:
            axis.axvline(first - 0.5, color="#000000", linewidth=1.2)
        if several:
            axis.text((first + last) / 2, 1.01, f"context {int(number) + 1}", ha="center", va="bottom", fontsize=7,
                      transform=axis.get_xaxis_transform())  # fmt: skip
    bar = axis.figure.colorbar(image, cax=scale)
    bar.set_label("mean activity in the decision stage\n(1: the unit’s largest)", fontsize=7)
    bar.ax.tick_params(labelsize=6.5)


def conditions_of(recording: UnitRecording) -> tuple[Int[np.ndarray, " conditions"], Float[np.ndarray, " conditions"]]:
    """Return context and coherence of each condition of `attrax.studies.unit_analysis.tuning_curves`."""
    n_modalities = sum(name.startswith("coherence_") for name in recording.features)
    coherences = np.stack([recording.features[f"coherence_{m + 1}"] for m in range(n_modalities)], axis=1)
    context = recording.features.get("context", np.zeros(len(coherences), int))
    counted = coherences[np.arange(len(coherences)), context]
    # The same averages of context and coherence themselves, so that the two cannot be in different orders.
    both = tuning_curves(recording._replace(activity=np.column_stack([context, counted]).astype(float)))
    return np.round(both[0]).astype(int), np.round(both[1], 7)


def _hatch(axis: Axes, marked: Shaped[np.ndarray, "units columns"]) -> None:
    """Hatch marked entries of a picture, a rectangle for each run of units."""
    for column in range(marked.shape[1]):
        for first, length in _runs(marked[:, column]):
            axis.add_patch(Rectangle((column - 0.5, first - 0.5), 1, length, facecolor="#F2F2F2", edgecolor="#AAAAAA",
                                     hatch="////", linewidth=0))  # fmt: skip


def _runs(marked: Shaped[np.ndarray, " units"]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(int), [0]])))
    yield from ((int(first), int(last - first)) for first, last in edges.reshape(-1, 2))


def _draw_groups_beside(axis: Axes, groups: Shaped[np.ndarray, " units"], named: bool = True) -> None:
    """Mark the groups of sorted units to the left of a picture of them, with lines between and numbers of units."""
    n_units = len(groups)
    axis.set_yticks([])
    if named:
        axis.set_ylabel(f"{n_units} units, sorted by group", fontsize=7.5, labelpad=54)
    beside = axis.get_yaxis_transform()
    present = [label for label in _LABELS if (groups == label).any()]
    runs = [next(_runs(groups == label)) for label in present]
    middles = [first - 0.5 + length / 2 for first, length in runs]
    for label, (first, length), place in zip(
        present, runs, _apart(middles, _NARROW * n_units, float(n_units)), strict=True
    ):
        look = GROUP_LOOKS[label]
        axis.add_patch(Rectangle((-0.06, first - 0.5), 0.04, length, facecolor=look.colour, edgecolor="none",
                                 transform=beside, clip_on=False))  # fmt: skip
        name = f"{look.letter} ({length})" if label else "no groups"
        if named:
            axis.text(-0.08, place, name, ha="right", va="center", fontsize=7.5, transform=beside)
        if first:
            axis.plot([-0.06, 1], [first - 0.5] * 2, color="#000000", linewidth=0.7, transform=beside, clip_on=False)


def _apart(places: Sequence[float], least: float, end: float) -> list[float]:
    """Move places (ascending) apart until no two are nearer than `least`, without leaving the picture."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + least) if moved else place)
    limit = end - 0.5
    for number in reversed(range(len(moved))):
        moved[number] = min(moved[number], limit)
        limit = moved[number] - least
    return moved


def selectivity_raster(units: xr.Dataset, order: ArrayLike | None = None, title: str = "") -> Figure:
    """Draw which units are selective for what.

    Parameters
    ----------
    units
        Of one network, as `attrax.studies.map_units` returns it.
    order
        Of the units; by default by group, and within each by the feature about which they carry most information.
    title
        Above the figure.

    Returns
    -------
    Units over features: the colour says whether a unit is more or less active at larger values, the shade how much
    information it carries; white where it is not selective, hatched where that could not be tested. Above, the share of
    the units that can be tested which are selective.
    """
    figure = Figure(figsize=(4.8, 4.6), layout="constrained")
    axes = figure.subplots(2, 2, height_ratios=[1, 6], width_ratios=[1, 0.17])
    one = _single(units)
    given = unit_order(one.unit_group.values, np.nan_to_num(one.unit_information.values))
    _draw_raster(axes[0, 0], axes[1, 0], axes[1, 1], one, given if order is None else np.asarray(order))
    axes[0, 1].set_axis_off()
    figure.suptitle(title, fontsize=8.5)
    legend_below(figure, _raster_legend())
    return figure


def _single(found: xr.Dataset) -> xr.Dataset:
    if "network" not in found.dims:
        return found
    require(found.sizes["network"] == 1, f"there are {found.sizes['network']} networks; this figure is of one")
    return cells(found)[0].networks[0]


def _draw_raster(
    top: Axes, axis: Axes, scale: Axes, one: xr.Dataset, order: Int[np.ndarray, " units"], named: bool = True
) -> None:
    testable, significant = one.unit_testable.values[order], one.unit_significant.values[order]
    # Of a unit that is most active in the middle the plain information may be 0: it would look like none.
    names_of_bits = [name for name in ("unit_information", "unit_information_any") if name in one]
    bits = np.max([np.nan_to_num(one[name].values[order]) for name in names_of_bits], axis=0)
    largest = float(bits[significant].max(initial=0.0)) or 1.0
    norm = PowerNorm(0.5, 0.0, largest)
    for value, (words, shades) in _SIGNS.items():
        masked = np.ma.array(bits, mask=~(significant & (one.unit_sign.values[order] == value)))
        colours = LinearSegmentedColormap.from_list(words, shades)
        axis.imshow(masked, aspect="auto", cmap=colours, norm=norm, interpolation="nearest")
    _hatch(axis, ~testable)
    _draw_groups_beside(axis, one.unit_group.values[order], named)
    names = [_FEATURES.get(str(name), str(name)) for name in one.feature.values]
    axis.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor", fontsize=7.5)
    axis.set_xticks(np.arange(len(names) - 1) + 0.5, minor=True)
    axis.grid(which="minor", axis="x", color="#CCCCCC", linewidth=0.5)
    axis.tick_params(which="minor", length=0)
    axis.set_xlabel("feature of the trial", fontsize=7.5)
    axis.set_xlim(-0.5, len(names) - 0.5)
    _draw_selective_shares(top, testable, significant & testable)
    _draw_information_scale(scale, largest)


def _draw_selective_shares(
    axis: Axes, testable: Shaped[np.ndarray, "units features"], chosen: Shaped[np.ndarray, "units features"]
) -> None:
    tested = testable.sum(axis=0)
    share = 100 * np.divide(chosen.sum(axis=0), tested, out=np.zeros(len(tested)), where=tested > 0)
    axis.bar(range(len(tested)), share, 0.7, color="#777777")
    for place in range(len(tested)):
        words = f"{share[place]:.0f}" if tested[place] else "not\ntested"
        axis.text(place, share[place] + 5, words, ha="center", va="bottom", fontsize=6.5)
    axis.set_xlim(-0.5, len(tested) - 0.5)
    axis.set_ylim(0, 140)
    axis.set_yticks([0, 50, 100])
    axis.set_xticks([])
    axis.tick_params(axis="y", labelsize=6.5)
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_ylabel("selective\nunits (%)", fontsize=7)


def _draw_information_scale(axis: Axes, largest: float) -> None:
    """Draw the three scales of shades side by side; equal steps in the square root of the information."""
    for column, (words, shades) in enumerate(_SIGNS.values()):
        colours = LinearSegmentedColormap.from_list(words, shades)
        axis.imshow(np.linspace(0, 1, 64)[:, None], cmap=colours, aspect="auto", origin="lower",
                    extent=(column - 0.5, column + 0.5, 0, 1))  # fmt: skip
    axis.set_xlim(-0.5, len(_SIGNS) - 0.5)
    axis.set_xticks(range(len(_SIGNS)), ["+", "−", "0"], fontsize=7.5)
    axis.xaxis.tick_top()
    axis.tick_params(axis="x", length=0, pad=1)
    bits = [value for value in MaxNLocator(4).tick_values(0.0, largest) if 0 <= value <= largest]
    axis.set_yticks([(value / largest) ** 0.5 for value in bits], [f"{value:g}" for value in bits], fontsize=6.5)
    axis.yaxis.tick_right()
    axis.yaxis.set_label_position("right")
    axis.set_ylabel("information (bits)", fontsize=7)


def _raster_legend() -> list[Patch]:
    return [
        *(
            Patch(facecolor=_SIGNS[value][1][1], label=f"{mark} {_SIGNS[value][0]}")
            for value, mark in ((1, "+"), (-1, "−"), (0, "0"))
        ),
        Patch(facecolor="#FFFFFF", edgecolor="#AAAAAA", linewidth=0.5, label="not selective"),
        Patch(facecolor="#F2F2F2", edgecolor="#AAAAAA", hatch="////", label="not testable"),
    ]


def group_flow(units: xr.Dataset, titles: Mapping[str, str] | None = None) -> Figure:
    """Draw how units move between functional groups along training.

    Parameters
    ----------
    units
        As `attrax.studies.map_unit_course` or `Store.units` returns it: units_course_group and the rest.
    titles
        What rules are called.

    Returns
    -------
    A panel for each network: at each checkpoint a block for each group, as high as it has units, and between them the
    units that go from group to group. Below, the share of the units that have taken their final group for good by then.
    Checkpoints of one moment are one network, and are drawn once.
    """
    found = cells(units, titles)
    n_networks = sum(len(cell.networks) for cell in found)
    figure = Figure(figsize=_flow_size(n_networks, _most_checkpoints(found)), layout="constrained")
    _draw_flows(figure, found)
    return figure


def _most_checkpoints(found: Sequence[Cell]) -> int:
    return max(np.unique(one.units_course_updates.values).size for cell in found for one in cell.networks)


def _flow_size(n_networks: int, n_checkpoints: int) -> tuple[float, float]:
    rows, columns = shape(n_networks, _flow_columns(n_checkpoints))
    return max((0.95 * n_checkpoints + 1.1) * columns, 4.2), 3.3 * rows + 0.5


def _flow_columns(n_checkpoints: int) -> int:
    return max(1, min(_MOST_COLUMNS, round(11 / (0.95 * n_checkpoints + 1.1))))


def _draw_flows(figure: Canvas, found: Sequence[Cell]) -> None:
    named = [pair for cell in found for pair in zip(cell.names, cell.networks, strict=True)]
    rows, columns = shape(len(named), _flow_columns(_most_checkpoints(found)))
    parts = figure.subfigures(rows, columns, squeeze=False).ravel()
    unknown = False
    for part, (name, one) in zip(parts, named, strict=False):
        _draw_flow(part, one, name)
        unknown |= bool((one.units_course_group.values == "").any())
    handles = [
        Patch(facecolor=look.colour, edgecolor="#999999", label=f"{look.letter} {look.meaning}",
              hatch="" if label else "////")
        for label, look in GROUP_LOOKS.items() if label or unknown
    ]  # fmt: skip
    legend_below(figure, handles)


def _draw_flow(figure: Canvas, one: xr.Dataset, title: str) -> None:
    moments = np.unique(one.units_course_updates.values, return_index=True)[1]
    settled, at = one.units_course_settled.values, one.isel(checkpoint=moments)
    axis, below = figure.subplots(2, 1, height_ratios=[4, 1], sharex=True)
    number = np.array([[_LABELS.index(str(g)) for g in row] for row in at.units_course_group.values])
    n_checkpoints, n_units = number.shape
    sizes = np.array([[(row == label).sum() for label in range(len(_LABELS))] for row in number])
    floor = np.cumsum(sizes, axis=1) - sizes
    half = 0.09
    for place in range(n_checkpoints):
        for label, look in enumerate(GROUP_LOOKS.values()):
            size = sizes[place, label]
            if not size:
                continue
            known = _LABELS[label] != ""
            axis.bar(place, size, 2 * half, floor[place, label], facecolor=look.colour, linewidth=0.5,
                     edgecolor="#FFFFFF" if known else "#999999", hatch="" if known else "////")  # fmt: skip
            if size >= 0.06 * n_units:
                axis.text(place, floor[place, label] + size / 2, look.letter, ha="center", va="center", fontsize=6.5,
                          color=look.text_colour)  # fmt: skip
    for place in range(n_checkpoints - 1):
        _draw_between(axis, place, number[place : place + 2], floor[place : place + 2], half)
    axis.set_ylim(n_units, 0)
    axis.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axis.set_ylabel("number of units", fontsize=7.5)
    axis.spines[["top", "right", "bottom"]].set_visible(False)
    axis.tick_params(axis="x", length=0, labelbottom=False)
    axis.tick_params(axis="y", labelsize=6.5)
    axis.set_title(title, fontsize=8)
    share = [100 * (settled <= updates).mean() for updates in at.units_course_updates.values]
    below.plot(range(n_checkpoints), share, "o-", color="#000000", markersize=3, linewidth=1)
    below.set_ylim(0, 108)
    below.set_yticks([0, 50, 100])
    below.tick_params(labelsize=6.5)
    below.set_ylabel("settled\nunits (%)", fontsize=7)
    below.spines[["top", "right"]].set_visible(False)
    below.set_xticks(range(n_checkpoints), [_moment(at.isel(checkpoint=c)) for c in range(n_checkpoints)], fontsize=6.5)
    below.set_xlim(-0.5, n_checkpoints - 0.5)
    below.set_xlabel("checkpoint", fontsize=7.5)


def _moment(at: xr.Dataset) -> str:
    accuracy = float(at.units_course_accuracy)
    words = f"{100 * accuracy:.0f} % right" if np.isfinite(accuracy) else "accuracy\nunknown"
    return f"{int(at.units_course_updates):,}\nupdates\n{words}"


def _draw_between(
    axis: Axes, place: int, number: Int[np.ndarray, "two units"], floor: Int[np.ndarray, "two labels"], half: float
) -> None:
    """Draw the units that go from each group to each, from one checkpoint to the next."""
    left, right = floor[0].astype(float).copy(), floor[1].astype(float).copy()
    along = np.linspace(0.0, 1.0, 30)
    smooth = along**2 * (3 - 2 * along)
    across = place + half + along * (1 - 2 * half)
    for source in range(len(_LABELS)):
        for target in range(len(_LABELS)):
            count = int(((number[0] == source) & (number[1] == target)).sum())
            if not count:
                continue
            upper = left[source] + smooth * (right[target] - left[source])
            # Those that stay are paler: what changes is what one looks for.
            axis.fill_between(across, upper, upper + count, color=GROUP_LOOKS[_LABELS[source]].colour, linewidth=0,
                              alpha=0.25 if source == target else 0.65)  # fmt: skip
            left[source] += count
            right[target] += count


def study_figures(store: Store) -> dict[str, Figure]:
    """Draw what is known of a study's units and of what its answers depend on; nothing where nothing is.

    Returns
    -------
    "groups", "units" and "flow" where units were looked at, "causes" where networks were tried with lesions.
    """
    from attrax.reports.cause_figures import causes_figure  # which has its panels and legends from here

    found = {}
    if any(condition.populations.units for condition in store.conditions):
        units, titles = store.units(), rule_titles(store)
        drawn = _drawn(store, units)
        found = {
            "groups": _groups_figure(units, titles),
            "units": _units_figure(store, units, drawn),
            "flow": group_flow(units.sel(network=[condition.identity for condition in drawn]), titles),
        }
    if any(condition.populations.causes for condition in store.conditions):
        found["causes"] = causes_figure(store)
    return found


def _groups_figure(units: xr.Dataset, titles: Mapping[str, str]) -> Figure:
    """Draw `group_bars` and `block_matrix`, one above the other."""
    found = cells(units, titles)
    (width, high), (wide, height) = _bars_size(len(found)), _blocks_size(len(found))
    figure = Figure(figsize=(max(width, wide), high + height), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=[high, height])
    above, below = parts
    _draw_group_bars(above, found)
    _draw_block_matrix(below, found, "trained")
    return figure


def rule_titles(store: Store) -> dict[str, str]:
    """Say what the rules of a study are called."""
    return {label: store.study.learner_title(label) for label in store.study.learners}


def _units_figure(store: Store, known: xr.Dataset, drawn: Sequence[Condition]) -> Figure:
    """Draw `activity_heat_map` and `selectivity_raster` side by side; units are in the same order in both."""
    rows, columns = shape(len(drawn), 2)
    figure = Figure(figsize=(6.6 * columns, 4.3 * rows + 0.4), layout="constrained")
    parts = np.atleast_1d(figure.subfigures(rows, columns, squeeze=False)).ravel()
    for part, condition in zip(parts, drawn, strict=False):
        one = cells(known.sel(network=[condition.identity]))[0].networks[0]
        network = store.network(condition.identity)
        recording = record_units(condition.task, network, condition.populations.trials)
        curves, groups = tuning_curves(recording), one.unit_group.values
        order = unit_order(groups, curves)
        axes = part.subplots(2, 4, height_ratios=[1, 6], width_ratios=[1.3, 0.06, 0.9, 0.18])
        for column in (0, 1, 3):
            axes[0, column].set_axis_off()
        _draw_heat_map(axes[1, 0], axes[1, 1], recording, curves, groups, order)
        _draw_raster(axes[0, 2], axes[1, 2], axes[1, 3], one, order, named=False)
        part.suptitle(
            f"{store.study.learner_title(condition.learner_label)}, δ = {condition.network.delta:g}", fontsize=9
        )
    legend_below(figure, _raster_legend())
    return figure


def _drawn(store: Store, known: xr.Dataset) -> list[Condition]:
    """Return which networks are drawn one by one, of those whose units were looked at."""
    there = set(known.network.values.tolist())
    chosen = [condition for condition in shown(store) if condition.identity in there]
    chosen = chosen or [condition for condition in store.conditions if condition.identity in there][:1]
    learners = list(dict.fromkeys(condition.learner_label for condition in chosen))
    return sorted(chosen, key=lambda c: (learners.index(c.learner_label), c.network.delta))
