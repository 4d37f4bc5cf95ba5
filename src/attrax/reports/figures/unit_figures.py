"""Single units of a network: when each is active, and what each says of the features of a trial, by matplotlib."""

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr
from jaxtyping import Float, Int, Shaped
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize, PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from attrax.analyses.unit_recording import UnitRecording
from attrax.analyses.unit_tuning import conditions_of, tuning_curves
from attrax.reports.appearance import GROUP_LOOKS
from attrax.reports.figures.population_figures import DIVERGING, LABELS
from attrax.reports.figures.population_panels import cells, legend_below
from attrax.settings import require

_NARROW = 0.045  # of a picture's height: group names that are nearer are moved apart
_RISING = LinearSegmentedColormap.from_list("white-blue", ["#FFFFFF", "#56B4E9", "#0072B2", "#00263D"])
_SIGNS = {
    1: ("more active at larger values", ["#D6EAF5", "#0072B2"]),
    -1: ("less active at larger values", ["#FBE3D3", "#D55E00"]),
    0: ("neither, or no order", ["#E6E6E6", "#000000"]),
}
_FEATURES = {"coherence_1": "coherence 1", "coherence_2": "coherence 2", "choice": "choice “−”"}


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
    place = np.array([LABELS.index(str(group)) for group in np.asarray(groups)])
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
        As `attrax.analyses.record_units` returns it.
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
    draw_heat_map(axis, scale, curves, conditions_of(recording), np.asarray(groups), unit_order(groups, curves, lead))
    figure.suptitle(title, fontsize=8.5)
    return figure


def draw_heat_map(
    axis: Axes,
    scale: Axes,
    curves: Float[np.ndarray, "units conditions"],
    conditions: tuple[Int[np.ndarray, " conditions"], Float[np.ndarray, " conditions"]],
    groups: Shaped[np.ndarray, " units"],
    order: Int[np.ndarray, " units"],
) -> None:
    """Draw `activity_heat_map` on one axis, and its scale on another."""
    context, coherence = conditions
    finite = np.isfinite(curves).all(axis=1, keepdims=True)
    shown_curves = np.where(finite, curves, 0.0)
    largest = np.abs(shown_curves).max(axis=1, keepdims=True)
    scaled = np.divide(shown_curves, largest, out=np.zeros_like(shown_curves), where=largest > 0)
    signed = bool((scaled < 0).any())
    masked = np.ma.array(scaled, mask=np.broadcast_to(~finite, scaled.shape))[order]
    norm = Normalize(-1 if signed else 0, 1)
    image = axis.imshow(masked, aspect="auto", cmap=DIVERGING if signed else _RISING, norm=norm,
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
    present = [label for label in LABELS if (groups == label).any()]
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
        Of one network, as `attrax.analyses.map_units` returns it; or of any recording, as
        `attrax.populations.selectivity` does: then there are no groups.
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
    one = _single(_as_units(units))
    given = unit_order(one.unit_group.values, np.nan_to_num(one.unit_information.values))
    draw_raster(axes[0, 0], axes[1, 0], axes[1, 1], one, given if order is None else np.asarray(order))
    axes[0, 1].set_axis_off()
    figure.suptitle(title, fontsize=8.5)
    legend_below(figure, raster_legend())
    return figure


def _as_units(found: xr.Dataset) -> xr.Dataset:
    """Return what `selectivity` found under the names of `map_units`."""
    if "unit_information" in found:
        return found
    require(
        "information" in found, "this figure needs what attrax.analyses.map_units or populations.selectivity returns"
    )
    named = found.rename({name: f"unit_{name}" for name in found.data_vars})
    return named.assign(unit_group=("unit", np.full(named.sizes["unit"], "")))


def _single(found: xr.Dataset) -> xr.Dataset:
    if "network" not in found.dims:
        return found
    require(found.sizes["network"] == 1, f"there are {found.sizes['network']} networks; this figure is of one")
    return cells(found)[0].networks[0]


def draw_raster(
    top: Axes, axis: Axes, scale: Axes, one: xr.Dataset, order: Int[np.ndarray, " units"], named: bool = True
) -> None:
    """Draw `selectivity_raster`: shares on top, units below, and the scale beside."""
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


def raster_legend() -> list[Patch]:
    """Return what stands in the legend of a raster."""
    return [
        *(
            Patch(facecolor=_SIGNS[value][1][1], label=f"{mark} {_SIGNS[value][0]}")
            for value, mark in ((1, "+"), (-1, "−"), (0, "0"))
        ),
        Patch(facecolor="#FFFFFF", edgecolor="#AAAAAA", linewidth=0.5, label="not selective"),
        Patch(facecolor="#F2F2F2", edgecolor="#AAAAAA", hatch="////", label="not testable"),
    ]
