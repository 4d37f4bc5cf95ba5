"""A network that is trained and not yet analysed, kept until its shard is written."""

import io
import json

import numpy as np

from attrax.checked_files import read_checked, write_checked
from attrax.learning import Progress, Trained
from attrax.networks import load_networks, networks_as_bytes
from attrax.unfinished import Unfinished

_ARRAYS = ("network", "checkpoints", "history")


class UnfinishedNetwork(Unfinished):
    """The folder of one network until its shard is written; it is named like the network, so it is of the same code."""

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


_PARTS = (("weights", "safetensors"), ("history", "npz"), ("trained", "json"))
