"""A network's dynamics along its training: the stimulus stage, and the sides of real trials, at each checkpoint."""

from collections.abc import Mapping
from functools import partial
from itertools import pairwise

import numpy as np
import xarray as xr
from jaxtyping import Float

from attrax.analyses.decision_sides import trial_sides, wrong_side
from attrax.analyses.settings import PlaneSettings
from attrax.analyses.stage_atlases import coexisting_shares, stage_atlas
from attrax.analyses.stage_inputs import StageInputs, coherence_axes, plane_coherences
from attrax.dynamics import KINDS, classify
from attrax.dynamics.attractors.matching import UNDECIDED, MetAttractors, discover, match, relu_maps
from attrax.learning import Progress
from attrax.networks import RecurrentNetwork
from attrax.progress import Keep, OnProgress, telling
from attrax.tasks import Task
from attrax.tasks.trial import STAGES, STIMULUS

_TURNOVER = ("course_attractors", "course_born", "course_died", "course_changed", "course_unknown")
_RANDOM_STARTS = 3  # beside the state in which the stage begins
_WIDEST = 1e6  # activities above it are on their way to infinity, and no measure for a start


def map_course(
    task: Task,
    checkpoints: Mapping[str, RecurrentNetwork],
    progress: Mapping[str, Progress],
    settings: PlaneSettings,
    keep: Keep | None = None,
    on_progress: OnProgress | None = None,
) -> xr.Dataset:
    """Map what each checkpoint of a training does in the stimulus stage, and match attractors from one to the next.

    Parameters
    ----------
    task
        What the network is trained on.
    checkpoints
        Name to network; they are put in the order of their updates.
    progress
        When each was taken, and its accuracy.
    settings
        Points of the plane, effort, whether to map the atlas, and how many points and trials are for the course.
    keep, on_progress
        As in `map_planes`.

    Returns
    -------
    Dataset over "checkpoint":

    course_updates, course_trials, course_accuracy (checkpoint)
        When it was taken; accuracy on the held-out trials at that moment.
    course_kind (checkpoint, context, coherence_1, coherence_2), course_period
        The attractor of the stimulus stage, started where the stage begins.
    course_share (checkpoint, attractor_kind)
        Share of each kind over both.
    course_attractors, course_born, course_died, course_changed, course_unknown (checkpoint, context)
        Means over the points of a coarser plane: attractors that were met from the stage's start, from random states
        and from the attractors of the checkpoints beside it; of them born since the checkpoint before; how many of that
        one have died since; how many live on as another kind; and how many, of both, lead to an orbit that stays
        undecided, so that nothing is known (see `attrax.dynamics.match_attractors`). NaN at the first.
    course_wrong_side (checkpoint, side_stage, strength)
        Share of real trials that are on the wrong side when a stage begins (see `wrong_side`).
    course_atlas_share (checkpoint, context, attractor_kind), course_atlas_coexisting (checkpoint, context)
        With `settings.atlas`: share of the plane where an attractor of each kind exists, and where two or more do.
    """
    names = sorted(checkpoints, key=lambda name: progress[name].updates)
    # Two checkpoints of one moment are one network: it is mapped once.
    moments = {progress[name].updates: name for name in reversed(names)}
    keep = telling(keep, on_progress, "checkpoints mapped, and matched", len(moments) + 1)
    mapped = {
        updates: keep(f"checkpoint {updates}", partial(_map_checkpoint, task, checkpoints[name], settings))
        for updates, name in moments.items()
    }
    parts = [mapped[progress[name].updates] for name in names]
    result = xr.concat(parts, dim="checkpoint").assign_coords(checkpoint=names)
    for field in Progress._fields:
        result[f"course_{field}"] = ("checkpoint", np.array([getattr(progress[name], field) for name in names]))
    in_order = [name for _, name in sorted(moments.items())]
    counted = keep(
        f"turnover {len(in_order)}",
        partial(turnover, task, [checkpoints[name] for name in in_order], settings),
    )
    moment_of = {updates: row for row, updates in enumerate(sorted(moments))}
    return result.merge(counted.isel(moment=("checkpoint", [moment_of[progress[name].updates] for name in names])))


def _map_checkpoint(task: Task, network: RecurrentNetwork, settings: PlaneSettings) -> xr.Dataset:
    inputs, axes = StageInputs(task, network), coherence_axes(task, settings.points)
    coherences = plane_coherences(task, axes)
    contexts = range(task.n_contexts)
    biases, starts = _of_all_contexts(inputs, coherences)
    found = classify(inputs.weights, biases, inputs.leak, starts, settings.effort)
    shape = (task.n_contexts, *(axis.size for axis in axes))
    dims = ("context", "coherence_1", "coherence_2")
    sides = wrong_side(trial_sides(task, network, settings.course_trials, effort=settings.effort))
    arrays = xr.Dataset(
        {
            "course_kind": (dims, found.kind.reshape(shape)),
            "course_period": (dims, found.period.reshape(shape)),
            "course_share": ("attractor_kind", np.array([(found.kind == kind).mean() for kind in KINDS])),
            "course_wrong_side": (("side_stage", "strength"), sides.wrong_side.values),
        },
        coords={
            "context": list(contexts), "coherence_1": axes[0], "coherence_2": axes[1], "attractor_kind": list(KINDS),
            "side_stage": sides.stage.values, "strength": sides.strength.values,
        },
    )  # fmt: skip
    if settings.atlas:
        atlases = [
            stage_atlas(task, network, context, settings.effort, samples=settings.atlas_samples) for context in contexts
        ]
        arrays["course_atlas_share"] = (
            ("context", "attractor_kind"),
            np.array([list(found.areas().values()) for found in atlases]),
        )
        arrays["course_atlas_coexisting"] = ("context", np.array([coexisting_shares(a)[2:].sum() for a in atlases]))
    return arrays


def _of_all_contexts(
    inputs: StageInputs, coherences: Float[np.ndarray, "points modalities"]
) -> tuple[Float[np.ndarray, "maps units"], Float[np.ndarray, "maps units"]]:
    """Return biases and starts of the stimulus stage, one context after the other."""
    stage, contexts = STAGES[STIMULUS], range(inputs.task.n_contexts)
    biases = np.concatenate([inputs.biases(stage, coherences, context) for context in contexts])
    return biases, np.concatenate([inputs.starts(stage, coherences, context) for context in contexts])


def turnover(task: Task, networks: list[RecurrentNetwork], settings: PlaneSettings) -> xr.Dataset:
    """Count the attractors of networks in a row at some inputs, and what became of those of the one before.

    Returns
    -------
    Over "moment", the networks in their order: course_attractors and so on, as `map_course` describes them.
    """
    axes = coherence_axes(task, settings.course_points)
    coherences = plane_coherences(task, axes)
    n_points = len(coherences)
    met = []
    for network in networks:
        inputs = StageInputs(task, network)
        biases, first = _of_all_contexts(inputs, coherences)
        maps = relu_maps(inputs.weights, biases, inputs.leak)
        attractors = MetAttractors(maps, len(biases), settings.effort, seed=0)
        size = min(2 * float(np.abs(first).max(initial=0.0)), _WIDEST) or 1.0
        drawn = size * np.random.default_rng(0).random((_RANDOM_STARTS, *first.shape))
        attractors.reach(np.tile(np.arange(len(biases)), 1 + _RANDOM_STARTS), np.concatenate([first, *drawn]))
        met.append(attractors)
    discover(met)
    counts = np.full((len(_TURNOVER), len(networks), task.n_contexts * n_points), np.nan)
    for row, attractors in enumerate(met):
        counts[0, row] = [len(known.kinds) for known in attractors.of]
    for row, (before, after) in enumerate(pairwise(met)):
        for point, pair in enumerate(match(before, after)):
            lives_on, lived = pair.lives_on_as, pair.lived_as
            old = np.flatnonzero(lives_on >= 0)
            changed = sum(before.of[point].kinds[n] != after.of[point].kinds[lives_on[n]] for n in old.tolist())
            unknown = (lives_on == UNDECIDED).sum() + (lived == UNDECIDED).sum()
            counts[1:, row + 1, point] = (lived == -1).sum(), (lives_on == -1).sum(), changed, unknown
    means = counts.reshape(len(_TURNOVER), len(networks), task.n_contexts, n_points).mean(axis=-1)
    return xr.Dataset({name: (("moment", "context"), values) for name, values in zip(_TURNOVER, means, strict=True)})


def first_oscillation(course: xr.Dataset) -> dict[str, float]:
    """Return columns for the summary: when a quasi-periodic attractor is first there, from where the stage begins.

    Returns
    -------
    first_quasi_updates and first_quasi_accuracy, of the first checkpoint whose plane has one; NaN where none has. Those
    of the initial network are the doing of its random weights.
    """
    there = np.flatnonzero(course.course_share.sel(attractor_kind="quasi-periodic").values > 0)
    names = {"updates": "course_updates", "accuracy": "course_accuracy"}
    return {
        f"first_quasi_{name}": float(course[column].values[there[0]]) if there.size else float("nan")
        for name, column in names.items()
    }
