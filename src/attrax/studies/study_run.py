"""Run a study: what is missing is computed, what is there stays."""

import os
from collections.abc import Callable
from pathlib import Path

from attrax.studies.conditions import Condition
from attrax.studies.execution import Event, run_local
from attrax.studies.store import Store, is_finished, prepare
from attrax.studies.study import Study


def run_study(
    study: Study,
    directory: Path,
    n_workers: int | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> Store:
    """Train and analyse the networks of a study that are missing in a folder.

    Parameters
    ----------
    study
        What to run.
    directory
        Where; new, or holding this study.
    n_workers
        Processes at a time; None: one a core.
    on_event
        Told whatever happens to each network.

    Raises
    ------
    SettingsError
        Before any work: the folder holds something else, or the criterion is out of reach for a task.
    """
    prepare_study(study, directory)
    missing = missing_conditions(study, directory)
    if missing:
        run_local(directory, missing, n_workers or available_cores(), on_event or (lambda event: None))
    return Store(directory)


def prepare_study(study: Study, directory: Path) -> None:
    """Check all that can be checked before any work, and make the folder; raises as `run_study`."""
    asked = {(treatment.task, treatment.stopping): None for treatment in study.treatments}
    for task, stopping in asked:
        stopping.check_ceiling(task.ideal_observer_accuracy())
    prepare(directory, study)


def missing_conditions(study: Study, directory: Path) -> list[Condition]:
    """Return the conditions of a study whose networks are not in a folder yet."""
    return [c for c in study.conditions() if not is_finished(directory, c.identity)]


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
