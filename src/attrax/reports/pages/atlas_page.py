"""The atlas as a page: one self-contained file, on which every polygon answers to the pointer."""

import base64
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from attrax.checked_files import write_whole
from attrax.dynamics import Atlas
from attrax.dynamics.periodic.linear_pieces import states_of
from attrax.progress import Step
from attrax.reports.appearance import KIND_LOOKS
from attrax.reports.figures.atlas_figures import ALPHA, BORDER_LOOKS, BORDER_WORDS, CYCLE, MARKERS, VEIL
from attrax.reports.pages.page_templates import template
from attrax.reports.words.shares import percents

_TOLD_EVERY = 50
"""Regions between two words about how far it is."""
_STEPS = 400
"""How long the page follows an orbit."""
_MOST_REGIONS = 5_000
"""Regions whose states decide the principal components: the largest, by which nearly all of the window is covered."""
_LARGEST_GROWTH = 1e6
"""An orbit that grows by more than this counts as one that diverges."""
_PIXELS_PER_POINT = 96 / 72
_NOTHING, _MOST_DIGITS = 1e-12, 4
"""A share of the window up to the first is an error of rounding; others have the digits that the smallest needs."""
_ATTRACTOR_COLOURS = ("#882255", "#117733", "#332288", "#AA4499", "#999933", "#661100")
"""Of the attractors at one input: Tol's muted ones, none of which is that of a kind of border."""


def write_atlas_page(
    atlas: Atlas,
    path: Path,
    readout: ArrayLike | None = None,
    readout_names: tuple[str, str] | None = None,
    labels: tuple[str, str] = ("coherence 1", "coherence 2"),
    title: str = "",
) -> Path:
    """Write the map of an atlas as one page that needs no network, and answers to the pointer.

    Pointing at an input shows every attractor there, with its formula; a click follows the network from there, in the
    page itself.

    Parameters
    ----------
    atlas
        As `attrax.dynamics.atlas` returns it.
    path
        Of the page, ``something.html``; one that is there is replaced.
    readout
        Weights of the two numbers that states are seen by, shape (2, units); by default the first two principal
        components of the attractors' states over the window.
    readout_names
        What these numbers are.
    labels
        What x and y are.
    title
        Above the map.

    Returns
    -------
    The path.

    Raises
    ------
    ValueError
        For a readout of another shape, or that is not finite.
    """
    write_whole(path, render_atlas(atlas, readout, readout_names, labels, title).encode())
    return path


def render_atlas(
    atlas: Atlas,
    readout: ArrayLike | None = None,
    readout_names: tuple[str, str] | None = None,
    labels: tuple[str, str] = ("coherence 1", "coherence 2"),
    title: str = "",
) -> str:
    """Return the page of `write_atlas_page` as text: nothing in it is fetched from elsewhere."""
    axes, counted = _axes(atlas, readout, readout_names), atlas.coexistence()
    return template("atlas.html").render(
        title=title or "Attractors over a plane of inputs",
        labels=labels,
        complete=atlas.complete,
        units=atlas.regions.plane.n_units,
        steps=_STEPS,
        source=axes.source,
        shares=_shares(counted),
        data=_data(atlas, axes, labels) | {"most": max(counted, default=0), "bare": 0 in counted},
    )


class _Axes(NamedTuple):
    """The two numbers that states are seen by: rows @ state + offset."""

    rows: Float[np.ndarray, "2 units"]
    offset: Float[np.ndarray, " 2"]
    names: tuple[str, str]
    source: str


def _axes(atlas: Atlas, readout: ArrayLike | None, names: tuple[str, str] | None) -> _Axes:
    if readout is None:
        return _principal_axes(atlas, names)
    rows, units = np.asarray(readout, dtype=float), atlas.regions.plane.n_units
    if rows.shape != (2, units):
        raise ValueError(f"readout has shape {rows.shape}; with {units} units it must be (2, {units})")
    if not np.isfinite(rows).all():
        raise ValueError("readout holds values that are not finite")
    return _Axes(rows, np.zeros(2), names or ("readout 1", "readout 2"), "")


def _principal_axes(atlas: Atlas, names: tuple[str, str] | None) -> _Axes:
    """Return the axes along which the states spread most over the window, every part of it counted the same."""
    units, leak = atlas.regions.plane.n_units, atlas.regions.plane.origin.leak
    largest = sorted(atlas.stable, key=lambda region: -region.polygon.area)[:_MOST_REGIONS]
    parts = [region.states(region.polygon.corners, leak).reshape(-1, units) for region in largest]
    sizes = [np.full(len(part), region.polygon.area / len(part)) for part, region in zip(parts, largest, strict=True)]
    source = "the attractors’ states"
    if not parts:
        parts = [_states_of_orbits(atlas)]
        sizes = [np.ones(len(parts[0]))]
        source = "the states of sampled orbits, for there is no attractor with a formula"
    states, shares = np.concatenate(parts), np.concatenate(sizes) / np.concatenate(sizes).sum()
    mean = shares @ states
    variances, vectors = np.linalg.eigh((states - mean).T * shares @ (states - mean))
    rows = np.zeros((2, units))
    count = min(2, units)
    rows[:count] = vectors.T[::-1][:count]
    # An eigenvector has no sign of its own: the unit that weighs most counts as positive.
    heaviest = np.abs(rows).argmax(axis=1)
    rows *= np.where(rows[[0, 1], heaviest] < 0, -1.0, 1.0)[:, None]
    explained = np.append(variances[::-1], 0.0)[:2] / (variances.sum() or 1.0)
    made = tuple(f"principal component {k} ({share:.0%})".replace("%", " %") for k, share in enumerate(explained, 1))
    return _Axes(rows, -rows @ mean, names or (made[0], made[1]), source)


def _states_of_orbits(atlas: Atlas) -> Float[np.ndarray, "states units"]:
    """Return where the orbits from the atlas's start are, late, at the sampled inputs at which they do not diverge."""
    plane = atlas.regions.plane
    leak, weights, biases = plane.origin.leak, plane.origin.weights, plane.biases(atlas.samples.point.values)
    first = hidden = (1 - leak) * atlas.start + leak * np.maximum(atlas.start @ weights.T + biases, 0.0)
    limit = _LARGEST_GROWTH * (float(np.abs(first).max()) or 1.0)
    late = []
    for step in range(_STEPS):
        hidden = (1 - leak) * hidden + leak * np.maximum(hidden @ weights.T + biases, 0.0)
        bounded = np.abs(hidden).max(axis=1) < limit
        hidden, biases = hidden[bounded], biases[bounded]
        if 2 * step >= _STEPS:
            late.append(hidden)
    states = np.concatenate(late)
    return states if len(states) else first


def _shares(counted: dict[int, float]) -> list[tuple[str, str]]:
    """Return in words how much of the window has how many attractors."""
    parts = {
        word: sum(share for count, share in counted.items() if min(count, 3) == number)
        for number, word in enumerate(("none", "one", "two", "three or more"))
    }
    there = {word: share for word, share in parts.items() if share > _NOTHING}
    return list(zip(there, percents(list(there.values()), _MOST_DIGITS), strict=True))


def _data(atlas: Atlas, axes: _Axes, labels: tuple[str, str]) -> dict[str, Any]:
    """Return all that the page draws and computes with; long rows of numbers as base64, exactly as they are."""
    plane, found = atlas.regions.plane, atlas.regions.found
    weights = plane.origin.weights
    with np.errstate(over="ignore"):
        exact = bool((weights.astype(np.float32) == weights).all())
    window = atlas.regions.window.corners
    borders: dict[str, list[np.ndarray]] = {}
    for border in atlas.borders:
        if found[border.regions[0]].stable:
            borders.setdefault(border.kind, []).append(border.ends)
    samples = atlas.without_formula()
    return {
        "labels": labels,
        "names": axes.names,
        "window": np.stack([window.min(axis=0), window.max(axis=0)], axis=1).tolist(),
        "units": plane.n_units,
        "leak": plane.origin.leak,
        "steps": _STEPS,
        "growth": _LARGEST_GROWTH,
        "weights": _encoded(weights, "<f4" if exact else "<f8"),
        "single": exact,
        "bias": _encoded(plane.origin.bias),
        "directions": _encoded(plane.directions),
        "start": _encoded(atlas.start),
        "readout": _encoded(axes.rows),
        "offset": axes.offset.tolist(),
        "regions": _regions(atlas, axes),
        "borders": [
            {"kind": kind, "words": BORDER_WORDS[kind], "ends": _encoded(np.array(borders[kind])), **_line(kind)}
            for kind in BORDER_LOOKS
            if kind in borders
        ],
        "samples": [
            {"kind": kind, "points": points.tolist(), "colour": KIND_LOOKS[kind].colour, "marker": MARKERS[kind]}
            for kind, points in samples.items()
        ],
        "looks": {"fixed": VEIL, "alpha": ALPHA, "cycle": CYCLE, "attractors": _ATTRACTOR_COLOURS},
    }


def _regions(atlas: Atlas, axes: _Axes) -> dict[str, Any]:
    """Return the regions of attractors: where, which, and their formula for the readout."""
    sheets, leak = atlas.sheets, atlas.regions.plane.origin.leak
    numbers = sorted(np.flatnonzero(sheets >= 0).tolist(), key=lambda number: int(sheets[number]))
    regions = [atlas.regions.found[number] for number in numbers]
    leading = []
    for done, number in enumerate(numbers):
        leading.append(atlas.leading_eigenvalue(number))
        if done % _TOLD_EVERY == 0:
            atlas.regions.tell(Step("eigenvalues of regions", done, len(numbers)))
    # A formula is affine, and so is its mean over a cycle: at the origin, along x, along y, for each readout.
    formulas = [
        axes.rows @ states_of(region.drives, leak, region.pattern).mean(axis=1).T + np.outer(axes.offset, [1, 0, 0])
        for region in regions
    ]
    return {
        "number": numbers,
        "sheet": sheets[numbers].tolist(),
        "period": [region.period for region in regions],
        "corners": [len(region.polygon.corners) for region in regions],
        "places": _encoded(np.concatenate([np.empty((0, 2)), *(region.polygon.corners for region in regions)])),
        "patterns": _encoded(
            np.concatenate([np.empty(0), *(np.packbits(region.pattern, axis=1).ravel() for region in regions)]), "u1"
        ),
        "formulas": _encoded(np.array(formulas)),
        "leading": _encoded(np.array([[value.real, value.imag] for value in leading])),
    }


def _line(kind: str) -> dict[str, Any]:
    """Return how a border is drawn, in pixels: matplotlib counts dashes in widths of the line."""
    colour, dashes, width = BORDER_LOOKS[kind]
    width *= _PIXELS_PER_POINT
    return {"colour": colour, "width": width, "dashes": [] if dashes == "-" else [width * part for part in dashes[1]]}


def _encoded(array: np.ndarray, kind: str = "<f8") -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype=kind).tobytes()).decode()
