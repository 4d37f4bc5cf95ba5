"""One run at a time in a study's folder.

Where the file system has locks, the operating system lets go of a run's when its process ends, however that is. Where
it has none, as some of networks, a file marks the folder as held; a run that is killed leaves it behind. It names its
process, so that the next run on that machine sees that there is no such process any more, and takes the folder over.
Of another machine's process only this is known: while it is alive it writes the run's record every few seconds.
"""

import errno
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Literal, NamedTuple

from filelock import FileLock, Timeout

from attrax.settings import SettingsError
from attrax.studies.process_identity import ProcessIdentity
from attrax.studies.run_record import HEARTBEAT, RECORD, RunRecord, read_record

if sys.platform != "win32":
    import fcntl

_LOCK = ".lock"
_MARK = ".held"
_PATIENCE = 1.0
"""Seconds: `attrax status` holds the lock for a moment to see whether anybody else does."""
SILENCE = 300.0
"""Seconds without a word after which a run on another machine is no longer believed to be alive. Many times the
heartbeat, since other nodes may see what a node wrote a minute later."""
_WITHOUT_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)


class Holder(NamedTuple):
    """A run that holds a folder, or seems to."""

    process: str
    """Which, in words; empty where nothing says so."""
    silent: float | None = None
    """Seconds since it was heard of; None where it is known to be alive."""
    mark: Path | None = None
    """The file that marks the folder as held; None where the operating system does."""

    @property
    def is_overdue(self) -> bool:
        """Whether it should have been heard of, if it were alive."""
        return self.silent is not None and self.silent > SILENCE

    def describe(self, directory: Path) -> str:
        """Say in a line what is known of it, and what can be done."""
        if not self.is_overdue:
            heard = "" if self.silent is None else f"last heard of {_span(self.silent)} ago"
            about = ", ".join(part for part in (self.process, heard) if part)
            return (
                f"another run is at work in {directory}{f' ({about})' if about else ''}; wait until it has ended, or "
                "stop it, or name another folder"
            )
        return (
            f"{directory} is held by a run{f' ({self.process})' if self.process else ''} that was last heard of "
            f"{_span(self.silent or 0)} ago; it would write every {HEARTBEAT:.0f} seconds if it were alive. If it is "
            f"dead, remove {self.mark}, and the same command goes on from there"
        )


@contextmanager
def folder_lock(directory: Path) -> Iterator[None]:
    """Hold a study's folder until the block ends, or this process.

    Raises
    ------
    SettingsError
        If another run holds it, or may do so.
    """
    file = directory / _LOCK
    try:
        file.open("ab").close()
    except OSError as error:
        raise SettingsError(f"{directory} cannot be written: {error.strerror}; name another folder") from None
    if _state_of(file) != "no locks":
        lock = FileLock(file)
        try:
            lock.acquire(timeout=_PATIENCE)
        except Timeout:
            raise SettingsError(_locked(directory).describe(directory)) from None
        try:
            _take_over_mark(directory)  # left behind, or of a node whose file system has no locks
            yield
        finally:
            lock.release()
        return
    own = ProcessIdentity.own()
    _refuse_beside_a_run_with_a_lock(directory)
    if not _put_mark(directory, own):
        _take_over_mark(directory)
        if not _put_mark(directory, own):  # somebody was faster
            raise SettingsError((_marked(directory) or Holder("")).describe(directory))
    try:
        yield
    finally:
        if _read_mark(directory) == own:
            (directory / _MARK).unlink(missing_ok=True)


def _refuse_beside_a_run_with_a_lock(directory: Path) -> None:
    """Refuse a folder without locks here in which a run is at work that has a lock where it is, and so made no mark.

    Raises
    ------
    SettingsError
        If a run that has not said that it ended was heard of a moment ago.
    """
    record = read_record(directory)
    if record is None or record.is_over() or record.identity == ProcessIdentity.own():
        return
    holder = Holder(_words(record.identity, record), _silence(directory, directory / RECORD))
    if not holder.is_overdue:
        raise SettingsError(holder.describe(directory))


def find_holder(directory: Path) -> Holder | None:
    """Return the run that holds a folder, or seems to; None if there is none."""
    file = directory / _LOCK
    with suppress(OSError):  # a folder that cannot be read, or has just gone
        if file.is_file() and _state_of(file) == "held":
            return _locked(directory)
    return _marked(directory)


def is_held(directory: Path) -> bool:
    """Whether a run is at work in a folder, as far as can be known: one that is overdue is not believed to be."""
    holder = find_holder(directory)
    return holder is not None and not holder.is_overdue


def _state_of(file: Path) -> Literal["free", "held", "no locks"]:
    """Try the lock of a file for a moment, which takes no right to write."""
    if sys.platform == "win32":  # where files can always be locked
        try:
            FileLock(file).acquire(timeout=0).lock.release()
        except Timeout:
            return "held"
        return "free"
    with file.open("rb") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _WITHOUT_LOCKS:
                return "no locks"
            if error.errno in (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES):
                return "held"
            raise
    return "free"


def _locked(directory: Path) -> Holder:
    record = read_record(directory)
    return Holder("" if record is None or record.is_over() else _words(record.identity, record))


def _marked(directory: Path) -> Holder | None:
    """Return the run that has marked a folder as held; None if there is none, or it is known to be dead."""
    mark = directory / _MARK
    if not mark.is_file():
        return None
    identity, record = _read_mark(directory), read_record(directory)
    if identity is None:  # it is being written, or was never finished
        return Holder("", _silence(directory, mark), mark)
    if identity.is_dead():
        return None
    its_record = record if record is not None and record.identity == identity else None
    who = _words(identity, its_record)
    if identity.is_of_this_machine():
        return Holder(who, None, mark)
    files = [mark, *([directory / RECORD] if its_record is not None else [])]
    return Holder(who, min(_silence(directory, file) for file in files), mark)


def _words(identity: ProcessIdentity, record: RunRecord | None) -> str:
    return f"process {identity.process} on {identity.host}{f', since {record.started}' if record is not None else ''}"


def _put_mark(directory: Path, own: ProcessIdentity) -> bool:
    """Mark a folder as held by this process; return whether that was possible."""
    mark = directory / _MARK
    try:
        file = mark.open("x", encoding="utf-8")
    except FileExistsError:
        return False
    try:
        with file:
            file.write(json.dumps(asdict(own)))
    except BaseException:  # a full disk: nobody is to wait for a run that has not begun
        mark.unlink(missing_ok=True)
        raise
    return True


def _read_mark(directory: Path) -> ProcessIdentity | None:
    try:
        identity = ProcessIdentity(**json.loads((directory / _MARK).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return identity if type(identity.process) is int else None


def _take_over_mark(directory: Path) -> None:
    """Remove the mark of a run that is known to be dead.

    Raises
    ------
    SettingsError
        If the run may be alive.
    """
    mark = directory / _MARK
    while mark.is_file():
        holder, identity = _marked(directory), _read_mark(directory)
        if holder is not None:
            raise SettingsError(holder.describe(directory))
        if identity is not None and identity.is_dead() and not _remove_mark(directory, identity):
            raise SettingsError(
                f"{directory} is held by {_words(identity, None)}, which has ended; remove {mark}, and the same "
                "command goes on from there"
            )


def _remove_mark(directory: Path, dead: ProcessIdentity) -> bool:
    """Remove the mark of a dead process, unless another one has done so; return whether that could be tried.

    Two runs may find the same mark, and the second must not remove that of the first. Both are on the dead one's
    machine, or they would not know of the death: a lock among that machine's temporary files keeps them apart.
    """
    name = hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:32]
    guard = Path(tempfile.gettempdir()) / f"attrax-{name}.lock"
    try:
        guard.touch()
        if _state_of(guard) == "no locks":
            return False
        with FileLock(guard):
            if _read_mark(directory) == dead:
                (directory / _MARK).unlink()
    except OSError:  # no right to it: it was another user who needed it first
        return False
    return True


def _silence(directory: Path, file: Path) -> float:
    """Return how many seconds ago a file was written: by the clock of its disk, where that can be asked."""
    now = time.time()
    probe = directory / f".clock.{os.getpid()}"
    with suppress(OSError):
        probe.write_bytes(b"?")
        now = probe.stat().st_mtime
    with suppress(OSError):
        probe.unlink()
    try:
        with file.open("rb") as opened:  # opening asks the server anew
            return max(0.0, now - os.fstat(opened.fileno()).st_mtime)
    except OSError:
        return 0.0


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"
