"""Functional groups: how large they are, what weights are between them, and how they came about, by matplotlib.

Datasets may be of one network or of many (over "network", as `attrax.studies.Store.units` gives them).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from attrax.populations import GROUPS
from attrax.reports.appearance import GROUP_LOOKS
from attrax.reports.figures.population_panels import MOST_COLUMNS, Canvas, Cell, cells, legend_below, panels, shape

SIGNIFICANT = 0.05
"""Above this corrected p, a number is drawn as one that chance may give."""
LABELS = list(GROUP_LOOKS)
DIVERGING = LinearSegmentedColormap.from_list("blue-vermillion", ["#0072B2", "#FFFFFF", "#D55E00"])


def group_bars(units: xr.Dataset, titles: Mapping[str, str] | None = None) -> Figure:
    """Draw what share of the units is in each functional group, beside that of the untrained network.

    Parameters
    ----------
    units
        As `attrax.analyses.map_units` or `Store.units` returns it: balance_share and balance_size_expected, by
        balance_of.
    titles
        What rules are called.

    Returns
    -------
    A panel for each rule and δ: bars are means over networks, dots are networks, black lines what would be expected if
    activity for the two choices were independent.
    """
    found = cells(units, titles)
    figure = Figure(figsize=bars_size(len(found)), layout="constrained")
    draw_group_bars(figure, found)
    return figure


def bars_size(n_cells: int) -> tuple[float, float]:
    """Return width and height, in inches, of `group_bars` of so many cells."""
    rows, columns = shape(n_cells)
    return max(2.3 * columns + 0.5, 5.6), 2.1 * rows + 0.9


def draw_group_bars(figure: Canvas, found: Sequence[Cell]) -> None:
    """Draw `group_bars` on a figure, or on a part of one."""
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
        As `attrax.analyses.map_units` or `Store.units` returns it: balance_block_mean and its null.
    titles
        What rules are called.
    of
        Whose weights: one of `attrax.analyses.unit_analysis.BALANCE_OF`.

    Returns
    -------
    A matrix for each rule and δ, the colour saying the mean weight (over networks too). Its text: z against permuted
    labels, in brackets where q > 0.05; of several networks the mean z, and in how many q is 0.05 or less. Blocks
    without a weight are hatched, and the reason stands below.
    """
    found = cells(units, titles)
    figure = Figure(figsize=blocks_size(len(found)), layout="constrained")
    draw_block_matrix(figure, found, of)
    return figure


def blocks_size(n_cells: int) -> tuple[float, float]:
    """Return width and height, in inches, of `block_matrix` of so many cells."""
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


def draw_block_matrix(figure: Canvas, found: Sequence[Cell], of: str) -> None:
    """Draw `block_matrix` on a figure, or on a part of one."""
    axes = panels(figure, len(found))
    per_cell = [_blocks(cell.networks, of) for cell in found]
    sizes = [abs(block.mean) for blocks, _ in per_cell for row in blocks for block in row if np.isfinite(block.mean)]
    largest = max([*sizes, 0.0]) or 1.0
    image, several = None, any(len(cell.networks) > 1 for cell in found)
    letters = [GROUP_LOOKS[group].letter for group in GROUPS]
    for number, (axis, cell, (blocks, reasons)) in enumerate(zip(axes, found, per_cell, strict=True)):
        means = np.array([[block.mean for block in row] for row in blocks])
        image = axis.imshow(np.ma.masked_invalid(means), cmap=DIVERGING, vmin=-largest, vmax=largest)
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


def group_flow(units: xr.Dataset, titles: Mapping[str, str] | None = None) -> Figure:
    """Draw how units move between functional groups along training.

    Parameters
    ----------
    units
        As `attrax.analyses.map_unit_course` or `Store.units` returns it: units_course_group and the rest.
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
    return max(1, min(MOST_COLUMNS, round(11 / (0.95 * n_checkpoints + 1.1))))


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
    number = np.array([[LABELS.index(str(g)) for g in row] for row in at.units_course_group.values])
    n_checkpoints, n_units = number.shape
    sizes = np.array([[(row == label).sum() for label in range(len(LABELS))] for row in number])
    floor = np.cumsum(sizes, axis=1) - sizes
    half = 0.09
    for place in range(n_checkpoints):
        for label, look in enumerate(GROUP_LOOKS.values()):
            size = sizes[place, label]
            if not size:
                continue
            known = LABELS[label] != ""
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
    for source in range(len(LABELS)):
        for target in range(len(LABELS)):
            count = int(((number[0] == source) & (number[1] == target)).sum())
            if not count:
                continue
            upper = left[source] + smooth * (right[target] - left[source])
            # Those that stay are paler: what changes is what one looks for.
            axis.fill_between(across, upper, upper + count, color=GROUP_LOOKS[LABELS[source]].colour, linewidth=0,
                              alpha=0.25 if source == target else 0.65)  # fmt: skip
            left[source] += count
            right[target] += count
