"""Run a study: what is missing is computed, what is there stays."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from attrax.settings import require
from attrax.studies.conditions import Condition
from attrax.studies.execution import RETRIES, Event, Executor, carry_out, default_shard_size, plan_jobs
from attrax.studies.folder_lock import folder_lock
from attrax.studies.index import open_index
from attrax.studies.local_executor import LocalExecutor
from attrax.studies.run_record import RunRecorder
from attrax.studies.shards import remove_leftovers, shards_in
from attrax.studies.store import Store
from attrax.studies.study import Study
from attrax.studies.study_folder import (
    check_can_be_read_back,
    check_folder,
    make_folder,
    read_study_text,
    set_damaged_shards_aside,
    write_study,
)
from attrax.unfinished import discard_finished


def run_study(
    study: Study,
    directory: Path,
    n_workers: int | None = None,
    on_event: Callable[[Event], None] | None = None,
    *,
    executor: Executor | None = None,
    shard_size: int | None = None,
    retries: int = RETRIES,
    on_start: Callable[[list[Condition], list[str]], None] | None = None,
    most: int | None = None,
    on_wait: Callable[[str], None] | None = None,
) -> Store:
    """Train and analyse the networks of a study that are missing in a folder.

    Parameters
    ----------
    study
        What to run.
    directory
        Where; new, or holding this study.
    n_workers
        Processes at a time; None: one a core. Not used with an executor.
    on_event
        Told whatever happens to each network.
    executor
        Runs the workers; None: processes of this machine.
    shard_size
        How many networks are written together; None: one, or more in studies of more than a thousand.
    retries
        How often a shard whose worker died is tried again.
    on_start
        Told the networks that are missing, and what is wrong with shards that were found damaged and moved to
        ``damaged/``.
    most
        How many shards to compute; None: all.
    on_wait
        Told in a line, now and then, what the workers wait for, such as free cores of a cluster; None: the line goes to
        the standard error stream.

    Raises
    ------
    SettingsError
        Before any work: the study could not be read back, the folder holds something else, another run is at work in
        it, or the criterion is out of reach for a task.
    StoppedError
        Later: the disk is full, or workers wait in vain for a core; what is finished stays.
    """
    require(shard_size is None or shard_size >= 1, f"shard_size is {shard_size}; it must be 1 or more")
    require(retries >= 0, f"retries is {retries}; it must be 0 or more")
    check_study(study, directory)
    make_folder(directory)
    with folder_lock(directory), RunRecorder(directory) as recorder:
        check_folder(directory, study)  # another run may have been here meanwhile
        write_study(directory, study)
        remove_leftovers(directory)
        recorder.enter(f"checking {len(shards_in(directory))} shards")
        damaged = set_damaged_shards_aside(directory)
        recorder.enter("looking for what is missing")
        missing = missing_conditions(study, directory)
        open_work = {condition.identity for condition in missing}
        discard_finished(directory, lambda: {c.identity for c in study.conditions()} - open_work)
        if on_start is not None:
            on_start(missing, damaged)
        if missing:
            jobs = plan_jobs(missing, shard_size or default_shard_size(study.n_networks, "cpu"))[:most]
            recorder.begin(sum(len(job.conditions) for job in jobs))

            def told(event: Event) -> None:
                recorder(event)
                if on_event is not None:
                    on_event(event)

            def waiting(line: str) -> None:
                recorder.wait(line)
                (on_wait or _say)(line)

            workers = executor or LocalExecutor(directory, n_workers or available_cores())
            carry_out(directory, jobs, workers, told, retries, waiting)
        recorder.enter("bringing the index up to date")
        store = Store(directory)
        _ = store.damaged  # brings the index up to date
    return store


def check_study(study: Study, directory: Path) -> None:
    """Refuse a study that cannot be run in a folder; nothing is computed or written.

    Raises
    ------
    SettingsError
        If its criterion is out of reach for a task, it could not be read back, or the folder holds something else, or
        finished networks that this study has not.
    """
    asked = {(treatment.task, treatment.stopping): None for treatment in study.treatments}
    for task, stopping in asked:
        stopping.check_ceiling(task.ideal_observer_accuracy())
    check_can_be_read_back(study)
    check_folder(directory, study)


def _say(line: str) -> None:
    """Write a line where whoever waits sees it, and where it is no result."""
    print(f"attrax: {line}", file=sys.stderr, flush=True)


def missing_conditions(study: Study, directory: Path) -> list[Condition]:
    """Return the conditions of a study whose networks are not in a folder yet."""
    table = open_index(directory, read_study_text(directory), lambda: study).table
    there = set(table.column("network").to_pylist())
    return [condition for condition in study.conditions() if condition.identity not in there]


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
