"""Carry out the work of a study, by whatever runs its workers: attempts, retries, and what is told of them."""

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from attrax.learning.members import Member, split_settings
from attrax.settings import StoppedError
from attrax.studies.conditions import Condition
from attrax.studies.shard_run import Message, log_file

RETRIES = 2
SIDE_BY_SIDE_ON_GPU = 64
_HOPELESS = 20
"""Deaths of workers in a row, for each of them, without a word of any: then something is wrong with all."""


class Event(NamedTuple):
    """Something that happened to one network."""

    condition: Condition
    kind: Literal["working", "finished", "failed", "again"]
    stage: str = ""
    """Of "working": what is done ("compiling", "training", "attractors", "units" or "causes"); of "failed" and "again"
    (the attempt was lost, and there will be another one): one line that says why."""
    updates: int = 0
    accuracy: float = float("nan")


class Job(NamedTuple):
    """A shard to be computed."""

    conditions: tuple[Condition, ...]
    attempt: int = 1


class Done(NamedTuple):
    """The worker has done its job."""


class Died(NamedTuple):
    """The worker is no more; its job's attempt is lost."""

    why: str


class DiskFull(NamedTuple):
    """The worker could not write: there is no room."""


class Waiting(NamedTuple):
    """The worker cannot begin yet."""

    what_for: str
    """In a line: what all that wait are waiting for."""


Said = Message | Done | Died | DiskFull | Waiting


@runtime_checkable
class Worker(Protocol):
    """Does one job at a time, and keeps its compiled programs from one to the next."""

    def give(self, job: Job) -> None:
        """Start a job."""
        ...

    def stop(self) -> None:
        """End the worker, whatever it is at."""
        ...


@runtime_checkable
class Executor(Protocol):
    """Runs workers somewhere; see `attrax.studies.local_executor` and `attrax.interop.ray_executor`."""

    @property
    def n_workers(self) -> int:
        """How many work at a time."""
        ...

    def start(self) -> Worker:
        """Return a new worker."""
        ...

    def wait(self, workers: Sequence[Worker]) -> list[tuple[Worker, Said]]:
        """Wait until one of the workers says something, or may wait in vain; return who says what.

        Raises
        ------
        StoppedError
            If none of them could begin for too long.
        """
        ...


def plan_jobs(conditions: Sequence[Condition], shard_size: int) -> list[Job]:
    """Pack networks that are missing into shards.

    Those of one shard have in common all that shapes a compiled program, and follow one another in the study.

    Parameters
    ----------
    conditions
        The networks that are missing.
    shard_size
        How many networks a shard holds at the most.
    """
    alike: dict[object, list[Condition]] = {}
    in_common: dict[int, object] = {}
    for condition in conditions:
        treatment = condition.treatment
        if id(treatment) not in in_common:
            static = split_settings(Member(treatment.network, treatment.learner))[0]
            analysis = (treatment.stopping, treatment.planes, treatment.populations)
            in_common[id(treatment)] = (treatment.task_label, treatment.task, static, *analysis)
        alike.setdefault(in_common[id(treatment)], []).append(condition)
    return [
        Job(tuple(group[first : first + shard_size]))
        for group in alike.values()
        for first in range(0, len(group), shard_size)
    ]


def default_shard_size(n_networks: int, device: str) -> int:
    """Return how many networks a shard holds: on a CPU one, but at most a thousand shards a study or so."""
    return SIDE_BY_SIDE_ON_GPU if device == "gpu" else -(-n_networks // 1000)


def carry_out(
    directory: Path,
    jobs: Sequence[Job],
    executor: Executor,
    on_event: Callable[[Event], None],
    retries: int = RETRIES,
    on_wait: Callable[[str], None] | None = None,
) -> None:
    """Compute shards side by side; each worker writes its own.

    A worker that dies costs the attempt that it was at. The job is tried again so many times; then its networks are
    tried one by one, once, so that one that cannot be computed does not cost the others; then they have failed.

    Parameters
    ----------
    directory
        The study's folder; logs of failures go to ``logs/`` in it.
    jobs
        What to compute.
    executor
        Runs the workers.
    on_event
        Told whatever happens to each network.
    retries
        How often a job whose worker died is tried again.
    on_wait
        Told in a line, now and then, what workers wait for that cannot begin.

    Raises
    ------
    StoppedError
        If there is no room for results, or no worker can begin; all workers are stopped, and what is finished stays.

    Notes
    -----
    When interrupted (`KeyboardInterrupt`) the workers are stopped, and what was finished stays.
    """
    waiting = deque(jobs)
    busy: dict[Worker, Job] = {}
    idle: list[Worker] = []
    deaths = 0  # in a row, without a word
    try:
        while waiting or busy:
            while waiting and len(busy) < executor.n_workers:
                worker = idle.pop() if idle else executor.start()
                busy[worker] = waiting.popleft()
                worker.give(busy[worker])
            while idle and not waiting:
                idle.pop().stop()  # whatever it holds, others may need
            for worker, said in executor.wait(list(busy)):
                job = busy[worker]
                if isinstance(said, Message):
                    deaths = 0
                    condition = next(c for c in job.conditions if c.identity == said.identity)
                    on_event(Event(condition, *said[1:]))
                elif isinstance(said, Done):
                    idle.append(worker)
                    del busy[worker]
                elif isinstance(said, Waiting):
                    if on_wait is not None:
                        on_wait(said.what_for)
                elif isinstance(said, DiskFull):
                    raise StoppedError(
                        f"the disk of {directory} is full; what is finished is whole. Make room, and the same command "
                        "goes on from there"
                    )
                else:
                    del busy[worker]
                    worker.stop()
                    deaths += 1
                    if deaths > _HOPELESS * executor.n_workers:
                        raise StoppedError(
                            f"no worker lives long enough to say a word ({said.why}); see {directory}/logs"
                        )
                    waiting.extendleft(reversed(_after_death(directory, job, said.why, retries, on_event)))
    finally:
        for worker in [*busy, *idle]:
            worker.stop()


def _after_death(directory: Path, job: Job, why: str, retries: int, on_event: Callable[[Event], None]) -> list[Job]:
    """Return what is to be tried again; tell what is not, and what is."""
    told = f"attempt {job.attempt}: {why}"
    for condition in job.conditions:
        log = log_file(directory, condition.identity)
        log.parent.mkdir(exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{told}\n")
    if job.attempt <= retries:
        again = [job._replace(attempt=job.attempt + 1)]
    elif len(job.conditions) > 1:
        again = [Job((condition,), job.attempt + 1) for condition in job.conditions]
    else:
        again = []
    for condition in job.conditions:
        on_event(Event(condition, "again" if again else "failed", told))
    return again
