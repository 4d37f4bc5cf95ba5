"""What is done of a piece of work that is not finished yet, so that an interruption loses only the step it was at."""

import shutil
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

import xarray as xr

from attrax.checked_files import read_checked, write_checked

_FOLDER = "unfinished"


class Unfinished:
    """The folder of one piece of work until its result is written.

    It is named by all that the work depends on, its code included. Every file's name holds its checksum: what is
    damaged is computed again.

    Parameters
    ----------
    directory
        Where the result will be.
    identity
        Name of the work.
    """

    def __init__(self, directory: Path, identity: str) -> None:
        self._folder = directory / _FOLDER / identity

    def dataset(self, name: str, compute: Callable[[], xr.Dataset]) -> xr.Dataset:
        """Return a part of the work: as it was kept, or else computed now and kept."""
        kept = read_checked(self._folder, name, "nc")
        if kept is None:
            computed = compute().to_netcdf(engine="h5netcdf")
            write_checked(self._folder, name, "nc", computed)
            kept = bytes(computed)
        with xr.open_dataset(kept, engine="h5netcdf") as dataset:
            # What is read remembers its type, longest text included, and would be cut to it when it is written again.
            return dataset.load().drop_encoding()

    def discard(self) -> None:
        """Remove the folder: the result holds it all."""
        shutil.rmtree(self._folder, ignore_errors=True)
        _remove_if_empty(self._folder.parent)


def discard_finished(directory: Path, finished: Callable[[], Collection[str]]) -> None:
    """Discard what was kept of work whose result is written: who wrote it may have been killed before doing that.

    Parameters
    ----------
    directory
        Where the results are.
    finished
        Returns the names of finished work; only called if anything was kept.
    """
    kept = directory / _FOLDER
    begun = {folder.name for folder in kept.glob("[!.]*")}
    for identity in begun and begun.intersection(finished()):
        Unfinished(directory, identity).discard()
    _remove_if_empty(kept)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # another piece of work is not finished yet, or it is not there
        folder.rmdir()
