"""A network's dynamics along its training: the stimulus stage, and the sides of real trials, at each checkpoint."""

from collections.abc import Mapping
from functools import partial
from itertools import pairwise

import numpy as np
import xarray as xr
from jaxtyping import Float

from attrax.analyses.coherence_planes import coherence_axes, plane_coherences
from attrax.analyses.decision_sides import trial_sides, wrong_side
from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.settings import PlaneSettings
from attrax.analyses.stage_atlases import coexisting_shares, stage_atlas
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
    final: tuple[xr.Dataset, xr.Dataset | None] | None = None,
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
    final
        What `map_planes` and `map_atlases` (None: no atlas) have found of the last checkpoint; None: it is mapped
        again.
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
    last = max(moments)
    mapped = {
        updates: keep(
            f"checkpoint {updates}",
            partial(_map_checkpoint, task, checkpoints[name], settings, final if updates == last else None),
        )
        for updates, name in moments.items()
    }
    parts = [mapped[progress[name].updates] for name in names]
    result = xr.concat(parts, dim="checkpoint").assign_coords(checkpoint=names)
    for field in Progress._fields:
        result[f"course_{field}"] = ("checkpoint", np.array([getattr(progress[name], field) for name in names]))
    in_order = [name for _, name in sorted(moments.items())]
    counted = keep(
        f"turnover {len(in_order)}",
        partial(attractor_turnover, task, [checkpoints[name] for name in in_order], settings),
    )
    moment_of = {updates: row for row, updates in enumerate(sorted(moments))}
    return result.merge(counted.isel(moment=("checkpoint", [moment_of[progress[name].updates] for name in names])))


def _map_checkpoint(
    task: Task,
    network: RecurrentNetwork,
    settings: PlaneSettings,
    known: tuple[xr.Dataset, xr.Dataset | None] | None,
) -> xr.Dataset:
    on_task = NetworkOnTask(task, network)
    planes, atlases = known or (None, None)
    kind, period = _labels(on_task, settings) if planes is None else _known_labels(planes)
    dims, axes = ("context", "coherence_1", "coherence_2"), coherence_axes(task, settings.points)
    sides = wrong_side(trial_sides(on_task, settings.course_trials, effort=settings.effort))
    arrays = xr.Dataset(
        {
            "course_kind": (dims, kind),
            "course_period": (dims, period),
            "course_share": ("attractor_kind", np.array([(kind == name).mean() for name in KINDS])),
            "course_wrong_side": (("side_stage", "strength"), sides.wrong_side.values),
        },
        coords={
            "context": list(range(task.n_contexts)), "coherence_1": axes[0], "coherence_2": axes[1],
            "attractor_kind": list(KINDS), "side_stage": sides.stage.values, "strength": sides.strength.values,
        },
    )  # fmt: skip
    if settings.atlas:
        shares, coexisting = _atlas_shares(on_task, settings) if atlases is None else _known_shares(atlases)
        arrays["course_atlas_share"] = (("context", "attractor_kind"), shares)
        arrays["course_atlas_coexisting"] = ("context", coexisting[:, 2:].sum(axis=1))
    return arrays


def _labels(on_task: NetworkOnTask, settings: PlaneSettings) -> tuple[np.ndarray, np.ndarray]:
    """Return kind and period over (context, coherence 1, coherence 2) of the stimulus stage, from where it begins."""
    task = on_task.task
    axes = coherence_axes(task, settings.points)
    biases, starts = _of_all_contexts(on_task, plane_coherences(task, axes))
    found = classify(on_task.weights, biases, on_task.leak, starts, settings.effort)
    shape = (task.n_contexts, *(axis.size for axis in axes))
    return found.kind.reshape(shape), found.period.reshape(shape)


def _known_labels(planes: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the same from what `map_planes` has found."""
    plane = planes.sel(stage=STAGES[STIMULUS], start="stage")
    order = ("context", "coherence_1", "coherence_2")
    return plane.kind.transpose(*order).values, plane.period.transpose(*order).values


def _atlas_shares(on_task: NetworkOnTask, settings: PlaneSettings) -> tuple[np.ndarray, np.ndarray]:
    """Return shares of kinds over (context, kind), and of numbers of attractors over (context, attractors)."""
    atlases = [
        stage_atlas(on_task, context, settings.effort, samples=settings.atlas_samples)
        for context in range(on_task.task.n_contexts)
    ]
    shares = np.array([list(found.areas().values()) for found in atlases])
    return shares, np.array([coexisting_shares(found) for found in atlases])


def _known_shares(atlases: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the same from what `map_atlases` has found."""
    return atlases.atlas_share.values, atlases.atlas_coexisting.values


def _of_all_contexts(
    on_task: NetworkOnTask, coherences: Float[np.ndarray, "points modalities"]
) -> tuple[Float[np.ndarray, "maps units"], Float[np.ndarray, "maps units"]]:
    """Return biases and starts of the stimulus stage, one context after the other."""
    stage, contexts = STAGES[STIMULUS], range(on_task.task.n_contexts)
    biases = np.concatenate([on_task.biases(stage, coherences, context) for context in contexts])
    return biases, np.concatenate([on_task.starts(stage, coherences, context) for context in contexts])


def attractor_turnover(task: Task, networks: list[RecurrentNetwork], settings: PlaneSettings) -> xr.Dataset:
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
        on_task = NetworkOnTask(task, network)
        biases, first = _of_all_contexts(on_task, coherences)
        maps = relu_maps(on_task.weights, biases, on_task.leak)
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
