"""What is done of a network that is not finished yet, so that an interruption loses only the step that it was at."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from attrax.learning import Progress, Trained
from attrax.networks import load_networks, save_networks

_WEIGHTS, _HISTORY, _NUMBERS = "weights.safetensors", "history.npz", "trained.json"
_ARRAYS = ("network", "checkpoints", "history")


class Unfinished:
    """The folder of one network until its shard is written; it is named like the shard, so it is of the same code.

    Parameters
    ----------
    directory
        The study's folder.
    identity
        The network's name.
    """

    def __init__(self, directory: Path, identity: str) -> None:
        self._folder = directory / "unfinished" / identity

    def trained(self, train: Callable[[], Trained]) -> Trained:
        """Return the trained network: as it was kept, or else trained now and kept."""
        if (self._folder / _NUMBERS).is_file():  # it is written last
            return self._load()
        trained = train()
        self._save(trained)
        return trained

    def dataset(self, name: str, compute: Callable[[], xr.Dataset]) -> xr.Dataset:
        """Return a part of the analysis: as it was kept, or else computed now and kept."""
        file = self._folder / f"{name}.nc"
        if not file.is_file():
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary = file.with_suffix(f".{os.getpid()}")
            compute().to_netcdf(temporary, engine="h5netcdf")
            temporary.replace(file)
        with xr.open_dataset(file, engine="h5netcdf") as dataset:
            # What is read remembers its type, longest text included, and would be cut to it when it is written again.
            return dataset.load().drop_encoding()

    def discard(self) -> None:
        """Remove the folder: the shard holds it all."""
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._folder.parent.is_dir() and not any(self._folder.parent.iterdir()):
            self._folder.parent.rmdir()

    def _save(self, trained: Trained) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        save_networks(self._folder / _WEIGHTS, {"final": trained.network, **trained.checkpoints})
        np.savez(self._folder / _HISTORY, allow_pickle=False, **trained.history)
        numbers = {name: value for name, value in trained._asdict().items() if name not in _ARRAYS}
        temporary = (self._folder / _NUMBERS).with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(numbers), encoding="utf-8")
        temporary.replace(self._folder / _NUMBERS)

    def _load(self) -> Trained:
        networks = load_networks(self._folder / _WEIGHTS)
        with np.load(self._folder / _HISTORY, allow_pickle=False) as history:
            numbers = json.loads((self._folder / _NUMBERS).read_text(encoding="utf-8"))
            numbers["checkpoint_progress"] = {
                name: Progress(*progress) for name, progress in numbers["checkpoint_progress"].items()
            }
            return Trained(network=networks.pop("final"), checkpoints=networks, history=dict(history), **numbers)
