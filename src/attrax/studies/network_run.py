"""From a condition to a finished network: train, map the planes."""

import time
from collections.abc import Callable
from pathlib import Path

from attrax.analyses.portrait import portrait
from attrax.analyses.training_record import checkpoints_of, training_columns, training_history
from attrax.learning import Progress, Trained, train
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
    """Analyse a trained network, and put together all that is kept of it; arguments as `finish_network`."""
    unfinished = UnfinishedNetwork(directory, condition.identity)
    started = time.perf_counter()
    checkpoints, progress = checkpoints_of(trained)
    found = portrait(
        condition.task, checkpoints, progress, condition.planes, condition.populations, unfinished.dataset,
        lambda stage: report(stage, None),
    )  # fmt: skip
    factors, identity = condition.factors, condition.identity
    summary = {
        "network": identity,
        **{name: factors[name] for name in ("task", "learner", "delta", "seed")},
        "n_hidden": condition.network.n_hidden,
        **{name: level for name, level in condition.treatment.levels.items() if name != "n_hidden"},
        **training_columns(trained),
        **found.columns,
    }
    timing = {
        "network": identity,
        "training_seconds": training_seconds,
        "planes_seconds": time.perf_counter() - started,
        **describe_machine(),
    }
    arrays = found.arrays.merge(training_history(trained)).expand_dims(network=[identity])
    units = None if found.units is None else found.units.expand_dims(network=[identity])
    return NetworkResult(identity, condition.settings, summary, timing, arrays, checkpoints, units)
