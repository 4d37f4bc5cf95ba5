"""Weights on disk, as safetensors: plain arrays and text, nothing that could run."""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from attrax.networks.recurrent_network import RecurrentNetwork
from attrax.networks.settings import CELLS, NetworkSettings

_HEADER = "attrax"
_ARRAYS = tuple(field.name for field in fields(RecurrentNetwork) if field.name != "cell")


def save_networks(
    path: Path, networks: Mapping[str, RecurrentNetwork], metadata: Mapping[str, str] | None = None
) -> None:
    """Write networks under their names, as tensors called ``NAME/recurrent_weights`` and so on.

    Parameters
    ----------
    path
        The file.
    networks
        Name to network, for instance a final network and its checkpoints.
    metadata
        Texts kept in the file's header (settings as JSON, for instance).

    Notes
    -----
    The header holds one text, itself JSON: the format's writer puts several in a random order, and equal networks are
    to give equal files.
    """
    tensors = {
        f"{name}/{array}": np.asarray(getattr(network, array), order="C")
        for name, network in networks.items()
        for array in _ARRAYS
        if getattr(network, array) is not None
    }
    header = {
        "leak": {name: network.leak for name, network in networks.items()},
        "cell": {name: CELLS.name_of(network.cell) for name, network in networks.items()},
        "metadata": dict(metadata or {}),
    }
    save_file(tensors, path, metadata={_HEADER: json.dumps(header)})


def read_metadata(path: Path) -> dict[str, str]:
    """Return the texts that were saved beside the networks."""
    metadata: dict[str, str] = _read_header(path)["metadata"]
    return metadata


def read_leaks(path: Path) -> dict[str, float]:
    """Return the leak of each network that `save_networks` wrote, by name."""
    leaks: dict[str, float] = _read_header(path)["leak"]
    return leaks


def read_cells(path: Path) -> dict[str, str]:
    """Return the kind of cell of each network that `save_networks` wrote, by name."""
    header = _read_header(path)
    cells: dict[str, str] = header.get("cell", dict.fromkeys(header["leak"], "relu"))  # once there was one kind only
    return cells


def _read_header(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="numpy") as file:
        header: dict[str, Any] = json.loads(file.metadata()[_HEADER])
        return header


def load_networks(path: Path) -> dict[str, RecurrentNetwork]:
    """Read back what `save_networks` wrote."""
    leaks, cells = read_leaks(path), read_cells(path)
    with safe_open(path, framework="numpy") as file:
        stored = set(file.keys())
        return {
            name: RecurrentNetwork(
                **{
                    array: jnp.asarray(file.get_tensor(f"{name}/{array}"))
                    for array in _ARRAYS
                    if f"{name}/{array}" in stored
                },
                cell=NetworkSettings(delta=1.0, leak=leak, cell=cells[name]).make_cell(),
            )
            for name, leak in leaks.items()
        }
