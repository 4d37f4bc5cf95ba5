"""The portrait of one trained network: everything that a study asks of it, each thing computed once."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import xarray as xr

from attrax.analyses.decision_groups import map_groups
from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.perturbations import map_perturbations, perturbation_summary
from attrax.analyses.settings import PlaneSettings, PopulationSettings
from attrax.analyses.stage_atlases import atlas_shares, map_atlases
from attrax.analyses.stage_planes import map_planes, plane_shares
from attrax.analyses.training_course import first_oscillation, map_course
from attrax.analyses.unit_analysis import map_units, unit_summary
from attrax.analyses.unit_course import map_unit_course
from attrax.learning import Progress
from attrax.networks import RecurrentNetwork
from attrax.progress import Keep, compute_always
from attrax.tasks import Task

ATTRACTORS, UNITS, CAUSES = "attractors", "units", "causes"
"""What is being looked at, in this order."""


class Portrait(NamedTuple):
    """What was found of one network."""

    arrays: xr.Dataset
    """Planes, groups, and where they are asked for atlases and the course of training."""
    units: xr.Dataset | None
    """What single units do, and what the answers depend on; None where neither is asked for."""
    columns: dict[str, float]
    """Columns of the summary."""


def portrait(
    task: Task,
    checkpoints: Mapping[str, RecurrentNetwork],
    progress: Mapping[str, Progress],
    planes: PlaneSettings,
    populations: PopulationSettings,
    keep: Keep = compute_always,
    say: Callable[[str], None] | None = None,
) -> Portrait:
    """Find out what a network has become, and how.

    Parameters
    ----------
    task
        What it was trained on.
    checkpoints
        Name to network: "initial", "final", and those between.
    progress
        When each was taken, and its accuracy. That of "initial" may be missing: it is not part of a course then.
    planes, populations
        What is asked.
    keep
        Keeps every part that takes more than a moment: whoever is interrupted repeats only the one that he was at.
    say
        Told what is being looked at: `ATTRACTORS`, `UNITS`, `CAUSES`.
    """
    say = say or (lambda stage: None)
    on_task = NetworkOnTask(task, checkpoints["final"])
    say(ATTRACTORS)
    arrays, columns = _attractors(on_task, checkpoints, progress, planes, populations, keep)
    parts: list[xr.Dataset] = []
    if populations.units:
        say(UNITS)
        initial = checkpoints.get("initial")
        units = map_units(on_task, populations, None if initial is None else NetworkOnTask(task, initial), keep)
        parts += [units, map_unit_course(task, checkpoints, progress, populations, on_task, keep)]
        columns |= unit_summary(units)
    if populations.causes:
        say(CAUSES)
        groups = on_task.trial_groups(populations.trials, populations.threshold).group
        causes = map_perturbations(on_task, groups, populations.cause, keep)
        parts.append(causes)
        columns |= perturbation_summary(causes)
    merged = xr.merge(parts, compat="no_conflicts", join="exact", combine_attrs="drop") if parts else None
    return Portrait(arrays, merged, columns)


def _attractors(
    on_task: NetworkOnTask,
    checkpoints: Mapping[str, RecurrentNetwork],
    progress: Mapping[str, Progress],
    settings: PlaneSettings,
    populations: PopulationSettings,
    keep: Keep,
) -> tuple[xr.Dataset, dict[str, float]]:
    planes = map_planes(on_task, settings, keep)
    columns = plane_shares(planes)
    groups = partial(map_groups, on_task, settings.effort, populations.threshold, populations.trials)
    arrays, atlases = planes.merge(keep("groups", groups)), None
    if settings.atlas:
        atlases = map_atlases(on_task, settings, keep)
        arrays, columns = arrays.merge(atlases), columns | atlas_shares(atlases)
    if settings.course:
        course = map_course(on_task.task, checkpoints, progress, settings, (planes, atlases), keep)
        arrays, columns = arrays.merge(course), columns | first_oscillation(course)
    return arrays, columns
