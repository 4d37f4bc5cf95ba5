"""From a condition to a finished network: train, map the planes."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from attrax.analyses.decision_groups import groups_in_trials, map_groups
from attrax.analyses.perturbations import map_perturbations, perturbation_summary
from attrax.analyses.stage_atlases import atlas_shares, map_atlases
from attrax.analyses.stage_planes import map_planes, plane_shares
from attrax.analyses.training_course import first_oscillation, map_course
from attrax.analyses.unit_analysis import map_units, unit_summary
from attrax.analyses.unit_course import map_unit_course
from attrax.analyses.unit_recording import record_units
from attrax.learning import Progress, Trained, train
from attrax.networks import RecurrentNetwork
from attrax.studies.conditions import Condition
from attrax.studies.machine import describe_machine
from attrax.studies.shards import NetworkResult
from attrax.studies.unfinished_network import UnfinishedNetwork


def finish_network(
    directory: Path, condition: Condition, report: Callable[[str, Progress | None], None]
) -> NetworkResult:
    """Train and analyse one network.

    The trained network is kept as soon as it is there, and each plane as well: whatever interrupts the work, the next
    run goes on from them (then the seconds of the planes are those of that run alone).

    Parameters
    ----------
    directory
        The study's folder.
    condition
        The network.
    report
        Told the stage of the work ("compiling", "training", "attractors", "units", "causes") and, while training, how
        far it is.
    """
    unfinished = UnfinishedNetwork(directory, condition.identity)
    kept = unfinished.trained()
    if kept is None:
        report("compiling", None)
        started = time.perf_counter()
        trained = train(
            condition.task, condition.network, condition.learner, condition.stopping, condition.seed,
            on_progress=lambda progress: report("training", progress),
        )  # fmt: skip
        kept = trained, time.perf_counter() - started
        unfinished.keep(*kept)
    return analyse_network(directory, condition, *kept, report)


def analyse_network(
    directory: Path,
    condition: Condition,
    trained: Trained,
    training_seconds: float,
    report: Callable[[str, Progress | None], None],
) -> NetworkResult:
    """Map the planes of a trained network, and put together all that is kept of it; arguments as `finish_network`."""
    unfinished = UnfinishedNetwork(directory, condition.identity)
    report("attractors", None)
    started = time.perf_counter()
    planes = map_planes(condition.task, trained.network, condition.planes, unfinished.dataset)
    shares = plane_shares(planes)
    groups = map_groups(
        condition.task, trained.network, condition.planes.effort, condition.populations.threshold,
        condition.populations.trials,
    )  # fmt: skip
    planes = planes.merge(groups)
    if condition.planes.atlas:
        atlases = map_atlases(condition.task, trained.network, condition.planes, unfinished.dataset)
        planes, shares = planes.merge(atlases), shares | atlas_shares(atlases)
    checkpoints = {**trained.checkpoints, "final": trained.network}
    last = Progress(trained.updates, trained.trials, float(trained.history["accuracy"][-1]))
    progress = {**trained.checkpoint_progress, "final": last}
    if condition.planes.course:
        course = map_course(condition.task, checkpoints, progress, condition.planes, unfinished.dataset)
        planes, shares = planes.merge(course), shares | first_oscillation(course)
    units, of_units = _populations(condition, checkpoints, progress, unfinished, report)
    factors = condition.factors
    summary = {
        "network": condition.identity,
        **{name: factors[name] for name in ("task", "learner", "delta", "seed")},
        "n_hidden": condition.network.n_hidden,
        **{name: level for name, level in condition.treatment.levels.items() if name != "n_hidden"},
        "reached": trained.status == "reached",
        "status": trained.status,
        "accuracy": trained.accuracy,
        "accuracy_in_a_row": trained.accuracy_in_a_row,
        "early_answers": trained.early_answers,
        "updates": trained.updates,
        "trials": trained.trials,
        "spectral_radius": trained.history["spectral_radius"][-1],
        **shares,
        **of_units,
    }
    timing = {
        "network": condition.identity,
        "training_seconds": training_seconds,
        "planes_seconds": time.perf_counter() - started,
        **describe_machine(),
    }
    arrays = planes.merge(_history(trained.history)).expand_dims(network=[condition.identity])
    networks = {"final": trained.network, **trained.checkpoints}
    if units is not None:
        units = units.expand_dims(network=[condition.identity])
    return NetworkResult(condition.identity, condition.settings, summary, timing, arrays, networks, units)


def _populations(
    condition: Condition,
    checkpoints: Mapping[str, RecurrentNetwork],
    progress: Mapping[str, Progress],
    unfinished: UnfinishedNetwork,
    report: Callable[[str, Progress | None], None],
) -> tuple[xr.Dataset | None, dict[str, float]]:
    """Return what is asked for of the units, and columns for the summary; None and none where nothing is."""
    task, settings, network = condition.task, condition.populations, checkpoints["final"]
    parts: list[xr.Dataset] = []
    columns: dict[str, float] = {}
    if settings.units:
        report("units", None)
        units = map_units(task, network, settings, checkpoints["initial"], unfinished.dataset)
        parts += [units, map_unit_course(task, checkpoints, progress, settings, unfinished.dataset)]
        columns |= unit_summary(units)
    if settings.causes:
        report("causes", None)
        grouped = groups_in_trials(record_units(task, network, settings.trials), settings.threshold)
        causes = map_perturbations(task, network, grouped.group, settings.cause, unfinished.dataset)
        parts.append(causes)
        columns |= perturbation_summary(causes)
    merged = xr.merge(parts, compat="no_conflicts", join="exact", combine_attrs="drop") if parts else None
    return merged, columns


def _history(history: dict[str, np.ndarray]) -> xr.Dataset:
    updates = history["updates"].astype(int)
    columns = {name: ("update", values.astype(float)) for name, values in history.items() if name != "updates"}
    return xr.Dataset(columns, coords={"update": updates})
