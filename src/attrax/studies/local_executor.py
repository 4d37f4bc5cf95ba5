"""Workers on this machine: one spawned, single-threaded process a core."""

import faulthandler
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from pathlib import Path

from attrax.one_thread import ONE_THREAD
from attrax.studies.execution import Died, DiskFull, Done, Job, Said, Worker
from attrax.studies.shard_run import DiskFullError, log_failure, run_shard


class LocalExecutor:
    """Runs workers as processes of this machine.

    Parameters
    ----------
    directory
        The study's folder.
    n_workers
        Processes at a time.
    side_by_side
        How many networks a worker trains at a time; above 1 it uses whatever device JAX finds, a GPU for instance.
    """

    def __init__(self, directory: Path, n_workers: int, side_by_side: int = 1) -> None:
        self.n_workers = n_workers
        self._directory = directory
        self._side_by_side = side_by_side

    def start(self) -> "_Process":
        """Spawn a process."""
        return _Process(self._directory, self._side_by_side)

    def wait(self, workers: Sequence[Worker]) -> list[tuple[Worker, Said]]:
        """Wait for messages; see `attrax.studies.execution.Executor`."""
        processes = {worker.connection: worker for worker in workers if isinstance(worker, _Process)}
        ready = set(wait(list(processes)))
        return [(worker, worker.next()) for connection, worker in processes.items() if connection in ready]


class _Process:
    """A worker: a process, and the connection to it."""

    def __init__(self, directory: Path, side_by_side: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(directory, side_by_side, theirs), daemon=True)
        with _environment(ONE_THREAD if side_by_side == 1 else {}):
            self._process.start()
        theirs.close()  # the worker holds the other end: when it ends, for whatever reason, receiving says so

    def give(self, job: Job) -> None:
        """Send a job."""
        try:
            self.connection.send(job.conditions)
        except OSError:  # it is dead already: `next` will say so
            return

    def next(self) -> Said:
        """Return what the process says, or how it ended."""
        try:
            said: Said = self.connection.recv()
        except (EOFError, OSError):  # its end is closed, perhaps in the middle of a message
            return self._end()
        return said

    def _end(self) -> Died:
        self._process.join()
        code = self._process.exitcode or 0
        return Died(f"its process was killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}")

    def stop(self) -> None:
        """Terminate the process."""
        self._process.terminate()
        self._process.join()
        self.connection.close()


def _work(directory: Path, side_by_side: int, connection: Connection) -> None:
    """Run in the spawned process: jobs until the connection is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    faulthandler.enable()
    from attrax.compilation_cache import use_compilation_cache
    from attrax.studies.machine import describe_machine

    use_compilation_cache()
    describe_machine()  # now: the source may be another one when a network is finished
    while True:
        try:
            conditions = connection.recv()
        except EOFError:
            return
        try:
            run_shard(directory, conditions, connection.send, side_by_side)
            connection.send(Done())
        except DiskFullError:
            connection.send(DiskFull())
        except BaseException as error:
            connection.send(Died(log_failure(directory, conditions[0].identity, error)))
            raise


def _end_with_parent() -> None:
    """End this process when the one that spawned it has ended, however that was: nobody would take its results."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


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
