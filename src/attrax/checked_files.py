"""Files that are either whole and as they were written, or not there; a power cut included.

A disk keeps what a file holds and what a folder calls it apart: a renamed file may be back under its old name after a
power cut, or a new folder gone, until the folder that holds the name was confirmed as well.
"""

import errno
import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from attrax.settings import SettingsError

_NOT_FOR_FOLDERS = (errno.EINVAL, errno.EBADF, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
"""How file systems answer that cannot confirm a folder, as some of networks: there is nothing more that can be done."""
_ATTEMPTS = 3


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a file under a temporary name, let the disk confirm it, and rename it: all of it or nothing.

    What was written stays through a power cut once this has returned.

    Raises
    ------
    OSError
        If the disk is full or refuses; nothing is left behind then.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write_through(temporary, content)
        rename(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_through(path: Path, content: bytes | memoryview) -> None:
    """Write a file and let the disk confirm it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def rename(source: Path, target: Path) -> None:
    """Rename a file or a folder, over what has the name, and let the disk confirm that it is called so now."""
    source.replace(target)
    sync_folder(target.parent)
    if source.parent != target.parent:  # in this order: rather under both names than under none
        sync_folder(source.parent)


def make_folders(folder: Path) -> None:
    """Make a folder and those above it, as far as they are missing, and let the disk confirm their names.

    A folder that is there already is confirmed too: whoever made it may have been killed before doing that.
    """
    for _ in range(_ATTEMPTS):
        if folder.is_dir():
            break
        make_folders(folder.parent)
        with suppress(FileNotFoundError):  # another process has just removed the folder above, which was empty
            folder.mkdir(exist_ok=True)
    else:
        folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Let the disk confirm the names in a folder."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # Windows opens no folders; elsewhere, one that may be entered and not be listed
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_FOR_FOLDERS:
            raise
    finally:
        os.close(descriptor)


def refusal(folder: Path) -> str | None:
    """Return why no file can be made in a folder, which is made if need be; None if one can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # permissions do not tell of a disk that is read-only or full
            return None
    except OSError as error:
        return error.strerror or str(error)


def make_writable(folder: Path, otherwise: str) -> None:
    """Make a folder, and refuse one that cannot be written, before any work is done for it.

    Raises
    ------
    SettingsError
        If it cannot be written; `otherwise` says what would be right.
    """
    refused = refusal(folder)
    if refused is not None:
        raise SettingsError(f"{folder} cannot be written: {refused}; {otherwise}")


def checksum(content: bytes | memoryview) -> str:
    """Return the SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


def write_checked(folder: Path, stem: str, suffix: str, content: bytes | memoryview) -> Path:
    """Write a file whose name holds its checksum, so that it can be told from a damaged one without any other file.

    Parameters
    ----------
    folder
        Is made if it is not there.
    stem, suffix
        The file is called ``STEM.CHECKSUM.SUFFIX``; earlier ones of the same stem and suffix are removed.
    content
        All of it.
    """
    make_folders(folder)
    path = folder / checked_name(stem, suffix, content)
    write_whole(path, content)
    for other in _versions(folder, stem, suffix):
        if other != path:
            other.unlink(missing_ok=True)
    return path


def checked_name(stem: str, suffix: str, content: bytes | memoryview) -> str:
    """Return what `write_checked` calls a file of this content."""
    return f"{stem}.{checksum(content)[:32]}.{suffix}"


def read_checked(folder: Path, stem: str, suffix: str) -> bytes | None:
    """Return what `write_checked` wrote; None if it is not there or damaged."""
    for path in _versions(folder, stem, suffix):
        try:
            content = path.read_bytes()
        except OSError:  # it was removed meanwhile, or the disk refuses
            continue
        if path.name == checked_name(stem, suffix, content):
            return content
    return None


def _versions(folder: Path, stem: str, suffix: str) -> list[Path]:
    pattern = f"{stem}.{'?' * 32}.{suffix}"
    return sorted(folder.glob(pattern), key=lambda path: path.name)
