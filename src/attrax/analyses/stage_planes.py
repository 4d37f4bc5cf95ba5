"""Attractors of a trained network over the plane of coherences, stage by stage.

In the stimulus stage each point of the plane is another constant input, so another map. In the delay and decision
stages the input is the same everywhere, and the plane varies the start: the state in which a noise-free stimulus of
that coherence leaves the network.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from attrax.analyses.coherence_planes import coherence_axes, plane_coherences
from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.settings import LOCKED_FROM, PlaneSettings
from attrax.analyses.trial_distance import distance_from_attractors
from attrax.dynamics import Classification, classify
from attrax.dynamics.orbits.relu_orbits import ReluOrbits
from attrax.progress import Keep, OnProgress, telling
from attrax.tasks.trial import STAGES, STIMULUS

_KEPT = (
    "kind", "period", "period_excluded", "certified", "neutral", "exponents", "exponent_error", "torus_dimension",
    "rotation_number", "rotation_digits", "digits_gained", "chaos_test", "amplitude", "radius", "residual",
    "margin", "steps",
)  # fmt: skip


def map_planes(
    on_task: NetworkOnTask,
    settings: PlaneSettings,
    keep: Keep | None = None,
    on_progress: OnProgress | None = None,
) -> xr.Dataset:
    """Label the attractor at every point of every stage's plane.

    Parameters
    ----------
    on_task
        A trained network on its task.
    settings
        Stages, points and effort.
    keep
        Given a plane's name and how to compute it: returns it as it was kept, or computes and keeps it (see
        `Unfinished.dataset`). None: nothing is kept.
    on_progress
        Told how many planes are mapped.

    Returns
    -------
    Dataset over (stage, context, start, coherence_1, coherence_2), with the fields of
    `attrax.dynamics.Classification` and `relaxation_time`; "start" is "stage" (the state the network is really in when
    the stage begins: noise-free stages before it, from the zero state) or "zero". `stage_steps` is a stage's typical
    length, and `trial_distance` how far real trials are from the attractor of start "stage" when the stage ends (see
    `distance_from_attractors`). And `readout_orbit` over (orbit, step, readout): the most oscillating points of the
    stimulus stage, seen as (logit of "+" minus logit of "-", larger of the two minus logit of fixation), with their
    context and coherences.
    """
    task = on_task.task
    axes = coherence_axes(task, settings.points)
    coherences = plane_coherences(task, axes)
    shape = tuple(axis.size for axis in axes)
    keep = telling(keep, on_progress, "planes mapped", task.n_contexts * len(settings.stages))
    planes = {
        (stage, context): keep(f"{stage} {context}", partial(_map_plane, on_task, stage, context, coherences, settings))
        for context in range(task.n_contexts)
        for stage in settings.stages
    }
    shaped = [_reshaped(plane, shape, stage, context) for (stage, context), plane in planes.items()]
    result = xr.combine_by_coords(shaped, combine_attrs="drop").reindex(stage=list(settings.stages))
    result = result.assign_coords(start=["stage", "zero"], coherence_1=axes[0], coherence_2=axes[1])
    result["stage_steps"] = ("stage", [task.stage_steps(stage) for stage in settings.stages])
    return result.merge(_readout_orbits(on_task, coherences, planes, settings))


def _map_plane(
    on_task: NetworkOnTask,
    stage: str,
    context: int,
    coherences: Float[np.ndarray, "points modalities"],
    settings: PlaneSettings,
) -> xr.Dataset:
    """Label each point of one plane from the stage's start and from zero.

    Returns
    -------
    Dataset over (start, point), with `state` (point, unit) of start "stage", and `trial_distance` (point).
    """
    n_points = len(coherences)
    biases, starts = on_task.biases(stage, coherences, context), on_task.starts(stage, coherences, context)
    # Without stimulus all points have one map, and zero is one start.
    zero = np.zeros_like(starts) if stage == STAGES[STIMULUS] else np.zeros((1, starts.shape[1]))
    found = classify(
        on_task.weights,
        np.concatenate([biases, biases[: len(zero)]]),
        on_task.leak,
        np.concatenate([starts, zero]),
        settings.effort,
    )
    from_zero = n_points + (np.arange(n_points) if len(zero) > 1 else np.zeros(n_points, int))
    rows = np.stack([np.arange(n_points), from_zero])
    fields: dict[str, Any] = {
        name: (("start", "point", "exponent")[: getattr(found, name).ndim + 1], getattr(found, name)[rows])
        for name in _KEPT
    }
    fields["relaxation_time"] = (("start", "point"), found.relaxation_time()[rows])
    fields["state"] = (("point", "unit"), found.state[:n_points])
    ends = on_task.states_at(coherences, context, settings.trials)[stage]
    from_starts = Classification(**{name: values[:n_points] for name, values in vars(found).items()})
    distance = distance_from_attractors(on_task.weights, biases, on_task.leak, from_starts, ends)
    fields["trial_distance"] = ("point", distance)
    return xr.Dataset(fields)


def _reshaped(plane: xr.Dataset, shape: tuple[int, ...], stage: str, context: int) -> xr.Dataset:
    """Return a plane over its two coherences instead of its points, without the states."""
    fields = {}
    for name, values in plane.drop_vars("state").data_vars.items():
        at = values.dims.index("point")
        dims = (*values.dims[:at], "coherence_1", "coherence_2", *values.dims[at + 1 :])
        fields[name] = (dims, values.values.reshape(*values.shape[:at], *shape, *values.shape[at + 1 :]))
    return xr.Dataset(fields).expand_dims(stage=[stage], context=[context])


def _readout_orbits(
    on_task: NetworkOnTask,
    coherences: np.ndarray,
    planes: dict[tuple[str, int], xr.Dataset],
    settings: PlaneSettings,
) -> xr.Dataset:
    """Follow the most oscillating points of the stimulus stage a little longer, in the readout plane."""
    policy = np.asarray(on_task.network.policy_weights, dtype=float)
    policy_bias = np.asarray(on_task.network.policy_bias, dtype=float)
    from_start = {
        context: plane.isel(start=0) for (stage, context), plane in planes.items() if stage == STAGES[STIMULUS]
    }
    candidates: Iterator[tuple[float, int, int]] = (
        (float(plane.amplitude[point]), context, point)
        for context, plane in from_start.items()
        for point in range(len(coherences))
        if plane.kind[point] in ("quasi-periodic", "cycle", "chaotic") and plane.period[point] != 2
    )
    chosen = sorted(candidates, reverse=True)[: settings.orbits_kept]
    orbits = np.full((settings.orbits_kept, settings.orbit_steps, 2), np.nan)
    where = np.full((settings.orbits_kept, 2 + coherences.shape[1]), np.nan)
    for row, (_, context, point) in enumerate(chosen):
        biases = on_task.biases(STAGES[STIMULUS], coherences[point : point + 1], context)
        followed = ReluOrbits(
            on_task.weights, biases, on_task.leak, from_start[context].state.values[point : point + 1]
        )
        logits = followed.record(settings.orbit_steps)[:, 0] @ policy.T + policy_bias
        orbits[row, :, 0] = logits[:, 1] - logits[:, 2]
        orbits[row, :, 1] = logits[:, 1:].max(axis=1) - logits[:, 0]
        where[row, 0], where[row, 1], where[row, 2:] = context, point, coherences[point]
    coherence_2 = where[:, 3] if coherences.shape[1] > 1 else np.where(np.isnan(where[:, 0]), np.nan, 0.0)
    return xr.Dataset(
        {
            "readout_orbit": (("orbit", "step", "readout"), orbits),
            "orbit_context": ("orbit", where[:, 0]),
            "orbit_coherence_1": ("orbit", where[:, 2]),
            "orbit_coherence_2": ("orbit", coherence_2),
        },
        coords={"readout": ["choice", "answer"]},
    )


def plane_shares(planes: xr.Dataset) -> dict[str, float]:
    """Return the share of each kind over the stimulus-stage planes of all contexts, started where the stage begins.

    Returns
    -------
    frac_fixed, frac_cycle, frac_locked (the cycles of period above 10: oscillations), frac_quasi, frac_chaotic,
    frac_divergent, frac_undecided; period_excluded, the smallest K of the quasi-periodic points (0: none); and the
    medians of relaxation_time (steps) and trial_distance (see `map_planes`).
    """
    plane = planes.sel(stage=STAGES[STIMULUS], start="stage")
    kind, period = plane.kind.values, plane.period.values

    def share(mask: np.ndarray) -> float:
        return float(np.mean(mask))

    quasi = kind == "quasi-periodic"

    def median(values: np.ndarray) -> float:
        return float(np.nanmedian(values)) if np.isfinite(values).any() else float("nan")

    return {
        "frac_fixed": share(kind == "fixed point"),
        "frac_cycle": share(kind == "cycle"),
        "frac_locked": share((kind == "cycle") & (period > LOCKED_FROM)),
        "frac_quasi": share(quasi),
        "frac_chaotic": share(kind == "chaotic"),
        "frac_divergent": share(kind == "divergent"),
        "frac_undecided": share(kind == "undecided"),
        "period_excluded": int(plane.period_excluded.values[quasi].min()) if quasi.any() else 0,
        "relaxation_time": median(plane.relaxation_time.values),
        "trial_distance": median(plane.trial_distance.values),
    }
