"""The exact atlas of a trained network's stimulus stage: its attractors at every coherence."""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.settings import PlaneSettings
from attrax.dynamics import KINDS, Effort, atlas
from attrax.progress import Keep, OnProgress, telling
from attrax.tasks.trial import STAGES, STIMULUS

if TYPE_CHECKING:
    from attrax.dynamics import Atlas

_MOST_COUNTED = 6  # attractors one above the other; more are counted as so many
_CHECKED_AT = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-0.37, 0.61]])


def stage_atlas(
    on_task: NetworkOnTask, context: int, effort: Effort | None = None, seed: int = 0, **more: Any
) -> "Atlas":
    """Map a network's attractors over all coherences of the stimulus stage, in one context.

    Parameters
    ----------
    on_task
        A trained network, or one of its checkpoints, on its task.
    context
        Number of the context, from 0.
    effort, seed, more
        As in `attrax.dynamics.atlas`; among `more` are on_progress and keep.

    Returns
    -------
    The atlas over (coherence 1, coherence 2) from -1 to 1, started from the state in which a noise-free fixation stage
    leaves the network. A task of one modality has no second coherence: its plane does not change along y, from 0 to 1.

    Raises
    ------
    ValueError
        If the stage's input is no affine function of the coherences: then there are no polygons.
    """
    stage, task = STAGES[STIMULUS], on_task.task
    points = _CHECKED_AT[:, : task.n_modalities]
    at = on_task.biases(stage, points, context)
    directions = at[1:3] - at[0]
    window = ((-1.0, 1.0), (-1.0, 1.0))
    if task.n_modalities == 1:
        directions[1], window = 0.0, ((-1.0, 1.0), (0.0, 1.0))
    if np.abs(at[0] + _CHECKED_AT @ directions - at).max() > 1e-9 * (1 + np.abs(at).max()):
        raise ValueError("the stage's input is no affine function of the coherences; an atlas needs one")
    start = on_task.starts(stage, points[:1], context)[0]
    return atlas(on_task.weights, at[0], directions, on_task.leak, window, start, seed, effort=effort, **more)


def map_atlases(
    on_task: NetworkOnTask,
    settings: PlaneSettings,
    keep: Keep | None = None,
    on_progress: OnProgress | None = None,
) -> xr.Dataset:
    """Map the atlas of each context, as arrays for the store.

    Parameters
    ----------
    on_task, keep, on_progress
        As in `map_planes`.
    settings
        How many inputs are sampled, and how long orbits are followed.

    Returns
    -------
    Dataset over "context":

    atlas_share, atlas_low, atlas_high, atlas_exact (context, atlas_kind)
        As `Atlas.area_table`.
    atlas_coexisting (context, attractors)
        Share of the plane with so many fixed points and short cycles that attract, from 0 to 6 or more.
    atlas_stimuli_exists, atlas_stimuli_reached (context, atlas_kind), atlas_stimuli_coexist (context)
        The same for the coherences that the task's trials have, each as often as they have it: share of trials at whose
        coherences an attractor of each kind exists, and that are led to it from where the stage begins, without noise
        (see `Atlas.shares_at`).
    atlas_complete, atlas_regions, atlas_sheets
        Whether no limit was met; numbers of regions, unstable ones included, and of sheets.
    atlas_corner (context, region, corner, axis), atlas_period, atlas_sheet (context, region)
        The polygons of the attractors; NaN, 0 and -1 behind the last.
    atlas_border (context, border, end, axis), atlas_border_kind (context, border)
        The borders of attractors but for those at which only a unit switches.
    atlas_sample (context, sample, axis), atlas_sample_kind (context, sample)
        The sampled inputs at which an orbit went to an attractor without a formula, and its kind.
    atlas_window (context, axis, end)
        From where to where the plane goes.
    """
    keep = telling(keep, on_progress, "atlases mapped", on_task.task.n_contexts)
    found = [
        keep(f"atlas {context}", partial(_arrays, on_task, context, settings))
        for context in range(on_task.task.n_contexts)
    ]
    fill: dict[str, Any] = dict.fromkeys(("atlas_corner", "atlas_border", "atlas_sample"), np.nan)
    fill |= {"atlas_period": 0, "atlas_sheet": -1, "atlas_border_kind": "", "atlas_sample_kind": ""}
    sizes = {name: max(part.sizes[name] for part in found) for name in ("region", "corner", "border", "sample")}
    padded = [
        part.pad({name: (0, size - part.sizes[name]) for name, size in sizes.items()}, constant_values=fill)
        for part in found
    ]
    return xr.concat(padded, dim="context").assign_coords(context=np.arange(on_task.task.n_contexts))


def _arrays(on_task: NetworkOnTask, context: int, settings: PlaneSettings) -> xr.Dataset:
    found = stage_atlas(on_task, context, settings.effort, samples=settings.atlas_samples)
    task = on_task.task
    table, coexisting = found.area_table(), coexisting_shares(found)
    stimuli, probability = task.stimuli()
    asked = found.shares_at(np.pad(stimuli, ((0, 0), (0, 2 - task.n_modalities))), probability)
    stable = [number for number, region in enumerate(found.regions.found) if region.stable]
    polygons = [found.regions.found[number].polygon.corners for number in stable]
    corners = np.full((len(stable), max((len(polygon) for polygon in polygons), default=3), 2), np.nan)
    for row, polygon in enumerate(polygons):
        corners[row, : len(polygon)] = polygon
    borders = [b for b in found.borders if b.kind != "switch" and found.regions.found[b.regions[0]].stable]
    samples = [(kind, point) for kind, points in found.without_formula().items() for point in points]
    window = found.regions.window.corners
    return xr.Dataset(
        {f"atlas_{name}": ("atlas_kind", table[name].values) for name in ("share", "low", "high", "exact")}
        | {
            "atlas_coexisting": ("attractors", coexisting),
            "atlas_stimuli_exists": ("atlas_kind", asked.exists.values),
            "atlas_stimuli_reached": ("atlas_kind", asked.reached.values),
            "atlas_stimuli_coexist": asked.coexist,
            "atlas_complete": found.complete,
            "atlas_regions": len(found.regions.found),
            "atlas_sheets": int(found.sheets.max(initial=-1)) + 1,
            "atlas_corner": (("region", "corner", "axis"), corners),
            "atlas_period": ("region", np.array([found.regions.found[n].period for n in stable], dtype=int)),
            "atlas_sheet": ("region", found.sheets[stable]),
            "atlas_border": (("border", "end", "axis"), np.array([b.ends for b in borders]).reshape(-1, 2, 2)),
            "atlas_border_kind": ("border", np.array([b.kind for b in borders], dtype="U14")),
            "atlas_sample": (("sample", "axis"), np.array([point for _, point in samples]).reshape(-1, 2)),
            "atlas_sample_kind": ("sample", np.array([kind for kind, _ in samples], dtype="U14")),
            "atlas_window": (("axis", "end"), np.stack([window.min(axis=0), window.max(axis=0)], axis=1)),
        },
        coords={"atlas_kind": list(KINDS), "attractors": np.arange(_MOST_COUNTED + 1), "axis": ["x", "y"]},
    )


def coexisting_shares(found: "Atlas") -> Float[np.ndarray, " attractors"]:
    """Return the share of the plane with 0, 1, ... and with 6 or more fixed points and short cycles that attract."""
    shares = np.zeros(_MOST_COUNTED + 1)
    for count, share in found.coexistence().items():
        shares[min(count, _MOST_COUNTED)] += share
    return shares


def atlas_shares(atlases: xr.Dataset) -> dict[str, float]:
    """Return columns for the summary, means over the contexts.

    Returns
    -------
    atlas_fixed, atlas_cycle, atlas_quasi, atlas_chaotic, atlas_divergent: shares of the plane where such an attractor
    exists; atlas_coexist: where two or more fixed points or short cycles attract; atlas_complete.
    """
    share = atlases.atlas_share.mean("context")
    names = {"fixed": "fixed point", "cycle": "cycle", "quasi": "quasi-periodic"}
    names |= {"chaotic": "chaotic", "divergent": "divergent"}
    return {f"atlas_{name}": float(share.sel(atlas_kind=kind)) for name, kind in names.items()} | {
        "atlas_coexist": float(atlases.atlas_coexisting.sel(attractors=slice(2, None)).sum("attractors").mean()),
        "atlas_complete": bool(atlases.atlas_complete.all()),
    }
