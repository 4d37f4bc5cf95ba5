"""One run at a time in a study's folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from attrax.settings import SettingsError
from attrax.studies.run_record import read_record

_LOCK = ".lock"
_PATIENCE = 1.0
"""Seconds: `attrax status` holds the lock for a moment to see whether anybody else does."""


@contextmanager
def folder_lock(directory: Path) -> Iterator[None]:
    """Hold a study's folder; the operating system lets go of it when this process ends, however that is.

    Raises
    ------
    SettingsError
        If another run holds it.
    """
    lock = FileLock(directory / _LOCK)
    try:
        lock.acquire(timeout=_PATIENCE)
    except Timeout:
        record = read_record(directory)
        who = f" (process {record.process} on {record.host}, since {record.started})" if record else ""
        raise SettingsError(
            f"another run is at work in {directory}{who}; wait until it has ended, or stop it, or name another folder"
        ) from None
    try:
        yield
    finally:
        lock.release()


def is_held(directory: Path) -> bool:
    """Whether a run is at work in a folder."""
    if not (directory / _LOCK).is_file():
        return False
    lock = FileLock(directory / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:  # a folder that cannot be written to: nobody can run there
        return False
    lock.release()
    return False
