"""What a training leaves behind, as it is stored: the columns of its row, and its history."""

from typing import Any

import xarray as xr

from attrax.learning import Progress, Trained
from attrax.networks import RecurrentNetwork


def checkpoints_of(trained: Trained) -> tuple[dict[str, RecurrentNetwork], dict[str, Progress]]:
    """Return all networks of a training, the last one called "final", and when each was taken."""
    last = Progress(trained.updates, trained.trials, float(trained.history["accuracy"][-1]))
    return {**trained.checkpoints, "final": trained.network}, {**trained.checkpoint_progress, "final": last}


def training_columns(trained: Trained) -> dict[str, Any]:
    """Return columns of the summary: how the training ended, and how good the network is."""
    return {
        "reached": trained.status == "reached",
        "status": trained.status,
        "accuracy": trained.accuracy,
        "accuracy_in_a_row": trained.accuracy_in_a_row,
        "early_answers": trained.early_answers,
        "updates": trained.updates,
        "trials": trained.trials,
        "spectral_radius": trained.history["spectral_radius"][-1],
    }


def training_history(trained: Trained) -> xr.Dataset:
    """Return the history of a training over "update"."""
    updates = trained.history["updates"].astype(int)
    columns = {name: ("update", values.astype(float)) for name, values in trained.history.items() if name != "updates"}
    return xr.Dataset(columns, coords={"update": updates})
