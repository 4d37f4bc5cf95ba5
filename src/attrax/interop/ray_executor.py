"""Workers on a Ray cluster: actors of one core each, which keep their compiled programs from shard to shard.

The study's folder must be on a disk that every node reaches under the same path: workers write their shards there.
"""

import logging
import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrax.one_thread import ONE_THREAD
from attrax.settings import SettingsError, StoppedError
from attrax.studies.conditions import Condition
from attrax.studies.execution import Died, DiskFull, Done, Job, Said, Waiting, Worker
from attrax.studies.shard_run import DiskFullError, log_failure, run_shard

PATIENCE = 600.0
"""Seconds that a run waits for a worker to begin: a cluster that is full frees a core now and then, or never."""
_FIRST_WORD, _WORDS_EVERY = 10.0, 60.0
"""Seconds of waiting before it is told, and between tellings; a worker that has its core takes some to begin. Where
others are at work it is told once."""
_LOOK_EVERY = 1.0


class RayExecutor:
    """Runs workers as Ray actors.

    Parameters
    ----------
    directory
        The study's folder, on a disk that all nodes share.
    n_workers
        Actors at a time; None: as many as the cluster has cores.
    address
        Of the cluster (``"auto"``, ``"10.0.0.1:6379"``); None: one is started on this machine.
    patience
        Seconds after which a run is given up in which no worker can begin.

    Raises
    ------
    SettingsError
        If Ray is not installed, or there is no cluster at the address.
    """

    def __init__(
        self,
        directory: Path,
        n_workers: int | None = None,
        address: str | None = None,
        *,
        patience: float = PATIENCE,
    ) -> None:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before Ray is imported
        # what a task's time is spent on is ours to know; otherwise Ray looks for accelerators of its own accord
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        try:
            import ray
        except ImportError:
            raise SettingsError("Ray is not installed; pip install 'attrax[ray]'") from None
        self._ray, self._directory, self._wanted = ray, directory.resolve(), n_workers
        if not ray.is_initialized():
            if address is not None:
                _check_reachable(address)
            options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
            options |= {"address": address} if address else {"include_dashboard": False}
            try:
                ray.init(**options)
            except (ConnectionError, ValueError, RuntimeError) as error:
                first = (str(error).splitlines() or [""])[0]
                raise SettingsError(
                    f"there is no Ray cluster at {address!r}: {first}. One that asks for a token wants "
                    "RAY_AUTH_MODE=token in this shell too"
                ) from None
        self._patience = patience
        self._idle_since: float | None = None  # no worker has a core, since then
        self._short_since: float | None = None  # some worker has none, since then
        self._next_word = 0.0
        self._actor = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(_Actor)

    @property
    def n_workers(self) -> int:
        """How many work at a time: as wanted, but no more than there are cores, now that some node may be lost."""
        cores = int(_cores(self._ray.cluster_resources))
        return max(1, cores) if self._wanted is None else max(1, min(self._wanted, cores))

    def start(self) -> "_RayWorker":
        """Start an actor; it waits for a free core."""
        made = self._actor.options(runtime_env={"env_vars": ONE_THREAD}).remote(str(self._directory))
        return _RayWorker(self._ray, made)

    def wait(self, workers: Sequence[Worker]) -> list[tuple[Worker, Said]]:
        """Wait for messages, and tell whoever waits for a core; see `attrax.studies.execution.Executor`."""
        asked = [worker for worker in workers if isinstance(worker, _RayWorker)]
        streams = {worker.stream: worker for worker in asked}
        while True:
            ready, _ = self._ray.wait(list(streams), num_returns=1, timeout=_LOOK_EVERY, fetch_local=False)
            if ready:
                self._idle_since = None
                return [(streams[stream], streams[stream].next()) for stream in ready]
            without = [worker for worker in asked if not worker.has_begun()]
            if (line := self._waiting(len(without), len(asked))) is not None:
                return [(without[0], Waiting(line))]

    def _waiting(self, without: int, asked: int) -> str | None:
        """Return a line to be told of workers that have no core; None while there is nothing to tell.

        Raises
        ------
        StoppedError
            If none has one for too long.
        """
        now = time.monotonic()
        self._idle_since = (self._idle_since or now) if without == asked else None
        if not without:
            self._short_since = None
            return None
        if self._short_since is None:
            self._short_since, self._next_word = now, now + _FIRST_WORD
        if self._idle_since is not None and now > self._idle_since + self._patience:
            raise StoppedError(
                f"no worker could begin within {self._patience:g} seconds: {self._cores()}. Let others end, or add "
                "nodes, or run without --executor ray; what is finished is kept, and the same command goes on from "
                "there"
            )
        if now < self._next_word:
            return None
        self._next_word = now + _WORDS_EVERY if self._idle_since is not None else float("inf")
        end = ""
        if self._idle_since is not None:
            end = f"; given up in {max(0.0, self._idle_since + self._patience - now):.0f} seconds"
        return f"{without} of {asked} workers have not begun: {self._cores()}{end}"

    def _cores(self) -> str:
        there, free = _cores(self._ray.cluster_resources), _cores(self._ray.available_resources)
        return f"each asks for 1 CPU of the Ray cluster, which has {there:g}, of which {free:g} are free"


def _cores(resources: Callable[[], Mapping[str, float]]) -> float:
    return resources().get("CPU", 0.0)


def _check_reachable(address: str) -> None:
    """Refuse an address where nobody listens; Ray would try for minutes."""
    host, separator, port = address.removeprefix("ray://").rpartition(":")
    if not separator:
        return  # "auto", "local"
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except (OSError, ValueError, OverflowError) as error:
        raise SettingsError(
            f"there is no Ray cluster at {address!r} ({error}); start one with `ray start --head`, and give the "
            "address that it prints"
        ) from None


class _RayWorker:
    """A worker: an actor, and the stream of what it says of its job."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self._actor = ray, actor
        self._begun: Any = actor.begin.remote()  # comes back once the actor has its core
        self.stream: Any = None

    def has_begun(self) -> bool:
        """Whether the actor runs, or has run; one that has not waits for a core."""
        if self._begun is not None and self._ray.wait([self._begun], timeout=0, fetch_local=False)[0]:
            self._begun = None
        return self._begun is None

    def give(self, job: Job) -> None:
        """Start a job."""
        self.stream = self._actor.work.options(num_returns="streaming").remote(job.conditions)

    def next(self) -> Said:
        """Return what the actor says, or how it ended."""
        try:
            said: Said = self._ray.get(next(self.stream))
        except StopIteration:
            return Done()
        except self._ray.exceptions.RayError as error:
            return Died(f"its Ray actor ended: {(str(error).splitlines() or [type(error).__name__])[0]}")
        return said

    def stop(self) -> None:
        """Kill the actor."""
        self._ray.kill(self._actor)


class _Actor:
    """Lives in a process of its own, somewhere in the cluster."""

    def __init__(self, directory: str) -> None:
        from attrax.compilation_cache import use_compilation_cache

        use_compilation_cache()
        self._directory = Path(directory)

    def begin(self) -> None:
        """Do nothing, which takes a core as everything does."""

    def work(self, conditions: tuple[Condition, ...]) -> Iterator[Said]:
        """Compute a shard; yield what there is to say of its networks."""
        said: queue.SimpleQueue[Said | None] = queue.SimpleQueue()

        def compute() -> None:
            try:
                run_shard(self._directory, conditions, said.put)
            except DiskFullError:
                said.put(DiskFull())
            except BaseException as error:
                said.put(Died(log_failure(self._directory, conditions[0].identity, error)))
            said.put(None)

        threading.Thread(target=compute, daemon=True).start()
        while (message := said.get()) is not None:
            yield message
