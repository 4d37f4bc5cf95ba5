"""What a run says of itself in its folder, for `attrax status` in another terminal."""

import json
import os
import platform
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from attrax.studies.checked_files import write_whole
from attrax.studies.execution import Event

_RECORD = "run.json"
_EVERY = 2.0  # seconds


@dataclass
class RunRecord:
    """How far a run is."""

    process: int = field(default_factory=os.getpid)
    host: str = field(default_factory=platform.node)
    started: str = field(default_factory=lambda: time.strftime("%Y-%m-%d %H:%M:%S"))
    missing: int = 0
    """Networks that were missing when it began."""
    finished: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    """Name of each network that failed: why."""
    running: dict[str, str] = field(default_factory=dict)
    """Name of each network that is being worked on: what is being done."""
    seconds: float = 0.0
    """Since it began."""

    def seconds_left(self) -> float | None:
        """Return how long the rest will take at the rate so far; None before anything is finished."""
        done = self.finished + len(self.failed)
        return self.seconds / done * (self.missing - done) if self.finished else None


class RunRecorder:
    """Keeps the record of a run: a function that is told its events."""

    def __init__(self, directory: Path, missing: int) -> None:
        self.record = RunRecord(missing=missing)
        self._file = directory / _RECORD
        self._begun = time.monotonic()
        self._written = 0.0
        self._write()

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        name, record = event.condition.identity, self.record
        record.running.pop(name, None)
        if event.kind == "working":
            record.running[name] = event.stage
        elif event.kind == "finished":
            record.finished += 1
        elif event.kind == "failed":
            record.failed[name] = event.stage
        record.seconds = time.monotonic() - self._begun
        if record.seconds > self._written + _EVERY:
            self._write()

    def _write(self) -> None:
        self._written = self.record.seconds
        with suppress(OSError):  # of a full disk the workers tell; this file is for looking on only
            write_whole(self._file, json.dumps(asdict(self.record), indent=1).encode())

    def close(self) -> None:
        """Write what is left to say."""
        self.record.running.clear()
        self._write()


def read_record(directory: Path) -> RunRecord | None:
    """Return what the last run in a folder said of itself; None if that cannot be read."""
    try:
        return RunRecord(**json.loads((directory / _RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
