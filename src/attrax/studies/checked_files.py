"""Files that are either whole and as they were written, or not there."""

import hashlib
import os
from pathlib import Path


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a file under a temporary name, let the disk confirm it, and rename it: all of it or nothing.

    Raises
    ------
    OSError
        If the disk is full or refuses; nothing is left behind then.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write_through(temporary, content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_through(path: Path, content: bytes | memoryview) -> None:
    """Write a file and let the disk confirm it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


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
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.{checksum(content)[:32]}.{suffix}"
    write_whole(path, content)
    for other in _versions(folder, stem, suffix):
        if other != path:
            other.unlink(missing_ok=True)
    return path


def read_checked(folder: Path, stem: str, suffix: str) -> bytes | None:
    """Return what `write_checked` wrote; None if it is not there or damaged."""
    for path in _versions(folder, stem, suffix):
        try:
            content = path.read_bytes()
        except OSError:  # it was removed meanwhile, or the disk refuses
            continue
        if path.name == f"{stem}.{checksum(content)[:32]}.{suffix}":
            return content
    return None


def _versions(folder: Path, stem: str, suffix: str) -> list[Path]:
    pattern = f"{stem}.{'?' * 32}.{suffix}"
    return sorted(folder.glob(pattern), key=lambda path: path.name)
