"""Carry out a study on the cores of this machine: one spawned, single-threaded process a network at a time."""

import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Literal, NamedTuple

from attrax.studies.conditions import Condition

# Training small networks is fastest with one single-threaded process a core. JAX reads this when it is imported, so the
# environment is prepared before a process is spawned. NPROC is what XLA sizes its pool of threads by; the flag for its
# matrix products alone leaves a second thread at work.
_ONE_THREAD = {
    "NPROC": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
}


class Event(NamedTuple):
    """Something that happened to one network."""

    condition: Condition
    kind: Literal["working", "finished", "failed"]
    stage: str = ""
    """Of "working": "compiling", "training" or "attractors"; of "failed": one line that says why."""
    updates: int = 0
    accuracy: float = float("nan")


@dataclass
class _Worker:
    condition: Condition
    process: multiprocessing.process.BaseProcess
    connection: Connection


def run_local(directory: Path, conditions: list[Condition], n_workers: int, on_event: Callable[[Event], None]) -> None:
    """Train and analyse networks side by side; each writes its own shard when it is done.

    Parameters
    ----------
    directory
        The study's folder; logs of failures go to ``logs/`` in it.
    conditions
        The networks that are missing.
    n_workers
        Processes at a time.
    on_event
        Told whatever happens.

    Notes
    -----
    When interrupted (`KeyboardInterrupt`) the processes are stopped, and what was finished stays.
    """
    waiting = list(conditions)
    running: list[_Worker] = []
    try:
        while waiting or running:
            while waiting and len(running) < n_workers:
                running.append(_start(directory, waiting.pop(0)))
            ready = wait([worker.connection for worker in running])
            for worker in [w for w in running if w.connection in ready]:
                try:
                    on_event(worker.connection.recv())
                except (EOFError, OSError):  # the worker's end is closed, perhaps in the middle of a message
                    running.remove(worker)
                    on_event(_outcome(directory, worker))
    finally:
        for worker in running:
            worker.process.terminate()
        for worker in running:
            worker.process.join()


def _start(directory: Path, condition: Condition) -> _Worker:
    _log_file(directory, condition).unlink(missing_ok=True)
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(directory, condition, sender), daemon=True)
    with _environment(_ONE_THREAD):
        process.start()
    sender.close()  # the worker holds the other end: when it ends, for whatever reason, receiving says so
    return _Worker(condition, process, receiver)


def _outcome(directory: Path, worker: _Worker) -> Event:
    worker.process.join()
    code = worker.process.exitcode
    if code == 0:
        return Event(worker.condition, "finished")
    if code is not None and code < 0:
        why = f"its process was killed by {signal.Signals(-code).name}"
    else:
        log = _log_file(directory, worker.condition)
        first = log.read_text(encoding="utf-8").splitlines()[:1] if log.is_file() else []
        why = first[0] if first else f"exit code {code}"
    return Event(worker.condition, "failed", why)


def _work(directory: Path, condition: Condition, connection: Connection) -> None:
    """Run in the spawned process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    try:
        from attrax.compilation_cache import use_compilation_cache
        from attrax.studies.network_run import run_network

        use_compilation_cache()

        def report(stage: str, progress: object) -> None:
            updates, accuracy = getattr(progress, "updates", 0), getattr(progress, "accuracy", float("nan"))
            connection.send(Event(condition, "working", stage, updates, accuracy))

        run_network(directory, condition, report)
    except Exception as error:  # whatever it was, it goes into the log and the parent goes on with the others
        log = _log_file(directory, condition)
        log.parent.mkdir(exist_ok=True)
        reason = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
        log.write_text(f"{reason}\n\n{traceback.format_exc()}", encoding="utf-8")
        sys.exit(1)


def _log_file(directory: Path, condition: Condition) -> Path:
    return directory / "logs" / f"{condition.identity}.log"


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
