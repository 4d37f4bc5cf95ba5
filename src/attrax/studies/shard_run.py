"""Compute a shard: train and analyse its networks, and write it."""

import errno
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from attrax.learning import Member, Progress, Trained, train_batch
from attrax.studies.conditions import Condition
from attrax.studies.network_run import finish_network
from attrax.studies.shards import SHARDS, NetworkResult, Shard, confirm_shards, shard_name, write_shard
from attrax.studies.unfinished_network import UnfinishedNetwork


class Message(NamedTuple):
    """What a worker says of one network."""

    identity: str
    kind: Literal["working", "finished", "failed"]
    stage: str = ""
    """Of "working": "compiling", "training", "attractors", "units" or "causes"; of "failed": one line that says why."""
    updates: int = 0
    accuracy: float = float("nan")


class DiskFullError(OSError):
    """There is no room left for results."""


def run_shard(
    directory: Path, conditions: Sequence[Condition], say: Callable[[Message], None], side_by_side: int = 1
) -> None:
    """Train and analyse networks and write their shard.

    A network that fails (an exception, which another attempt would meet again) goes into its log; the shard is written
    without it.

    Parameters
    ----------
    directory
        The study's folder.
    conditions
        The networks; with `side_by_side` above 1 such as one program can train (see `attrax.learning.train_batch`).
    say
        Told whatever happens to each network.
    side_by_side
        How many are trained at a time: 1 on a CPU, more on a GPU.

    Raises
    ------
    DiskFullError
        If the disk is full.
    MemoryError
        If memory does not suffice.
    """
    written = Shard(directory / SHARDS / shard_name([condition.identity for condition in conditions]))
    if written.folder.is_dir() and not written.damage():  # by an attempt that died before it could say so
        confirm_shards(directory)
        for condition in conditions:
            UnfinishedNetwork(directory, condition.identity).discard()
            say(Message(condition.identity, "finished"))
        return
    try:
        if side_by_side > 1:
            _train_side_by_side(directory, conditions, say, side_by_side)
        results = []
        for condition in conditions:
            try:
                results.append(_finish(directory, condition, say))
            except Exception as error:  # whatever it was, the others go on
                _check_resources(error)
                say(Message(condition.identity, "failed", log_failure(directory, condition.identity, error)))
        try:
            if results:
                write_shard(directory, results)
        except Exception as error:
            _check_resources(error)
            for result in results:
                say(Message(result.identity, "failed", log_failure(directory, result.identity, error)))
            return
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(error.errno, "no space left", str(directory)) from error
        raise
    for result in results:
        UnfinishedNetwork(directory, result.identity).discard()
        log_file(directory, result.identity).unlink(missing_ok=True)
        say(Message(result.identity, "finished"))


def _finish(directory: Path, condition: Condition, say: Callable[[Message], None]) -> NetworkResult:
    def report(stage: str, progress: Progress | None) -> None:
        if progress is None:
            say(Message(condition.identity, "working", stage))
        else:
            say(Message(condition.identity, "working", stage, progress.updates, progress.accuracy))

    return finish_network(directory, condition, report)


def _train_side_by_side(
    directory: Path, conditions: Sequence[Condition], say: Callable[[Message], None], width: int
) -> None:
    """Train what is not trained yet in one program, and keep it."""
    untrained = [c for c in conditions if UnfinishedNetwork(directory, c.identity).trained() is None]
    if len(untrained) < 2:
        return
    first, started = untrained[0], time.perf_counter()
    say(Message(first.identity, "working", "compiling"))

    def progressed(index: int, progress: Progress) -> None:
        say(Message(untrained[index].identity, "working", "training", progress.updates, progress.accuracy))

    def keep(index: int, trained: Trained) -> None:
        # seconds of a network are its share of the batch's so far
        share = (time.perf_counter() - started) / len(untrained)
        UnfinishedNetwork(directory, untrained[index].identity).keep(trained, share)

    members = [Member(condition.network, condition.learner, condition.seed) for condition in untrained]
    train_batch(first.task, members, first.stopping, width, on_progress=progressed, on_trained=keep)


def _check_resources(error: Exception) -> None:
    """Raise what concerns the machine and not the network."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        raise error
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        raise MemoryError(str(error)) from error


def log_file(directory: Path, identity: str) -> Path:
    """Return where it is written why a network failed."""
    return directory / "logs" / f"{identity}.log"


def log_failure(directory: Path, identity: str, error: BaseException) -> str:
    """Write an error and where it was raised into a network's log; return it in one line."""
    reason = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
    log = log_file(directory, identity)
    log.parent.mkdir(exist_ok=True)
    trace = "".join(traceback.format_exception(error))
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{reason}\n\n{trace}\n")
    return reason
