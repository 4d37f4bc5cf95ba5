"""What a run says of itself in its folder, for `attrax status` in another terminal.

It is written as soon as a run holds its folder, and again every few seconds until it has ended, whether anything
happens or not: its age says whether a run that cannot be asked is alive.
"""

import json
import os
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import TracebackType

from attrax.checked_files import write_whole
from attrax.studies.execution import Event
from attrax.studies.process_identity import ProcessIdentity

RECORD = "run.json"
_EVERY = 2.0  # seconds, while something happens
HEARTBEAT = 10.0
"""Seconds between writings while nothing happens."""


def _own(name: str) -> str:
    return str(getattr(ProcessIdentity.own(), name))


@dataclass
class RunRecord:
    """How far a run is."""

    process: int = field(default_factory=os.getpid)
    host: str = field(default_factory=lambda: _own("host"))
    machine: str = field(default_factory=lambda: _own("machine"))
    begun: str = field(default_factory=lambda: _own("begun"))
    """Of the process: see `attrax.studies.process_identity.ProcessIdentity`."""
    started: str = field(default_factory=lambda: time.strftime("%Y-%m-%d %H:%M:%S"))
    phase: str = ""
    """What it is at, before and after the networks; empty while they are computed."""
    waiting: str = ""
    """What it waits for, such as a free core of a cluster; empty while it works."""
    missing: int = 0
    """Networks that were missing when it began."""
    finished: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    """Name of each network that failed: why."""
    running: dict[str, str] = field(default_factory=dict)
    """Name of each network that is being worked on: what is being done."""
    seconds: float = 0.0
    """Since it began with the networks."""
    ended: bool = False

    @property
    def identity(self) -> ProcessIdentity:
        """Whose record it is."""
        return ProcessIdentity(self.process, self.host, self.machine, self.begun)

    def is_over(self) -> bool:
        """Whether the run has ended, as far as can be known."""
        return self.ended or self.identity.is_dead()

    def seconds_left(self) -> float | None:
        """Return how long the rest will take at the rate so far; None before anything is finished."""
        done = self.finished + len(self.failed)
        return self.seconds / done * (self.missing - done) if self.finished else None


class RunRecorder:
    """Keeps the record of a run: a context manager, and a function that is told its events.

    Parameters
    ----------
    directory
        The study's folder, which the run holds.
    missing
        How many networks are to be computed, if that is known already.
    """

    def __init__(self, directory: Path, missing: int = 0) -> None:
        self.record = RunRecord(missing=missing)
        self._file = directory / RECORD
        self._begun = time.monotonic()
        self._written = 0.0
        self._one_at_a_time = threading.Lock()
        self._ended = threading.Event()
        self._write()
        self._heart = threading.Thread(target=self._beat, daemon=True)
        self._heart.start()

    def __enter__(self) -> "RunRecorder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def enter(self, phase: str) -> None:
        """Take note of what the run is at."""
        with self._one_at_a_time:
            self.record.phase, self.record.waiting = phase, ""
            self._write()

    def begin(self, missing: int) -> None:
        """Take note of how many networks are to be computed, now."""
        with self._one_at_a_time:
            self._begun = time.monotonic()
            self.record.missing, self.record.phase = missing, ""
            self._write()

    def wait(self, waiting: str) -> None:
        """Take note of what the run waits for; the next event ends that."""
        with self._one_at_a_time:
            self.record.waiting = waiting
            self._write()

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        with self._one_at_a_time:
            name, record = event.condition.identity, self.record
            record.running.pop(name, None)
            record.waiting = ""
            if event.kind == "working":
                record.running[name] = event.stage
            elif event.kind == "finished":
                record.finished += 1
            elif event.kind == "failed":
                record.failed[name] = event.stage
            record.seconds = time.monotonic() - self._begun
            if record.seconds > self._written + _EVERY:
                self._write()

    def _beat(self) -> None:
        while not self._ended.wait(HEARTBEAT):
            with self._one_at_a_time:
                if not self.record.ended:
                    self._write()

    def _write(self) -> None:
        self._written = self.record.seconds
        try:
            write_whole(self._file, json.dumps(asdict(self.record), indent=1).encode())
        except OSError:  # of a full disk the workers tell; this file is for looking on only
            with suppress(OSError):
                os.utime(self._file)  # which takes no room, and says that the run is alive

    def close(self) -> None:
        """Write what is left to say."""
        self._ended.set()
        with self._one_at_a_time:
            self.record.running.clear()
            self.record.phase = self.record.waiting = ""
            self.record.ended = True
            self._write()
        self._heart.join()


def read_record(directory: Path) -> RunRecord | None:
    """Return what the last run in a folder said of itself; None if that cannot be read."""
    try:
        said = json.loads((directory / RECORD).read_text(encoding="utf-8"))
        nobody = {"machine": "", "begun": ""}  # of records that do not name them
        return RunRecord(**nobody | {each.name: said[each.name] for each in fields(RunRecord) if each.name in said})
    except (OSError, ValueError, TypeError):
        return None
