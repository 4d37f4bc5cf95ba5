"""What is done of a network that is not finished yet, so that an interruption loses only the step that it was at."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from attrax.learning import Progress, Trained
from attrax.networks import load_networks, networks_as_bytes
from attrax.studies.checked_files import read_checked, write_checked

_ARRAYS = ("network", "checkpoints", "history")


class Unfinished:
    """The folder of one network until its shard is written; it is named like the network, so it is of the same code.

    Every file's name holds its checksum: what is damaged is computed again.

    Parameters
    ----------
    directory
        The study's folder.
    identity
        The network's name.
    """

    def __init__(self, directory: Path, identity: str) -> None:
        self._folder = directory / "unfinished" / identity

    def trained(self) -> tuple[Trained, float] | None:
        """Return the trained network as it was kept, and the seconds that training took; None if it was not."""
        parts = [read_checked(self._folder, *name) for name in _PARTS]
        weights, history, numbers = parts
        if weights is None or history is None or numbers is None:
            return None
        networks = load_networks(weights)
        with np.load(io.BytesIO(history), allow_pickle=False) as arrays:
            values = json.loads(numbers)
            seconds = values.pop("seconds")
            values["checkpoint_progress"] = {
                name: Progress(*progress) for name, progress in values["checkpoint_progress"].items()
            }
            trained = Trained(network=networks.pop("final"), checkpoints=networks, history=dict(arrays), **values)
        return trained, seconds

    def keep(self, trained: Trained, seconds: float) -> None:
        """Keep a trained network."""
        history = io.BytesIO()
        np.savez(history, allow_pickle=False, **trained.history)
        numbers = {name: value for name, value in trained._asdict().items() if name not in _ARRAYS}
        contents = (
            networks_as_bytes({"final": trained.network, **trained.checkpoints}),
            history.getvalue(),
            json.dumps({**numbers, "seconds": seconds}).encode(),
        )
        for (stem, suffix), content in zip(_PARTS, contents, strict=True):
            write_checked(self._folder, stem, suffix, content)

    def dataset(self, name: str, compute: Callable[[], xr.Dataset]) -> xr.Dataset:
        """Return a part of the analysis: as it was kept, or else computed now and kept."""
        kept = read_checked(self._folder, name, "nc")
        if kept is None:
            computed = compute().to_netcdf(engine="h5netcdf")
            write_checked(self._folder, name, "nc", computed)
            kept = bytes(computed)
        with xr.open_dataset(kept, engine="h5netcdf") as dataset:
            # What is read remembers its type, longest text included, and would be cut to it when it is written again.
            return dataset.load().drop_encoding()

    def discard(self) -> None:
        """Remove the folder: the shard holds it all."""
        shutil.rmtree(self._folder, ignore_errors=True)
        try:
            self._folder.parent.rmdir()
        except OSError:  # another network is not finished yet
            return


_PARTS = (("weights", "safetensors"), ("history", "npz"), ("trained", "json"))
