"""Weights on disk, as safetensors: plain arrays and text, nothing that could run."""

import io
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load, save

from attrax.checked_files import write_whole
from attrax.networks.recurrent_network import RecurrentNetwork
from attrax.networks.settings import CELLS, NetworkSettings

_HEADER = "attrax"
_ARRAYS = tuple(field.name for field in fields(RecurrentNetwork) if field.name not in ("cell", "learns_biases"))


def save_networks(
    path: Path, networks: Mapping[str, RecurrentNetwork], metadata: Mapping[str, str] | None = None
) -> None:
    """Write networks under their names to a file: see `networks_as_bytes`."""
    write_whole(path, networks_as_bytes(networks, metadata))


def networks_as_bytes(networks: Mapping[str, RecurrentNetwork], metadata: Mapping[str, str] | None = None) -> bytes:
    """Return networks under their names, as tensors called ``NAME/recurrent_weights`` and so on.

    Parameters
    ----------
    networks
        Name to network, for instance a final network and its checkpoints.
    metadata
        Texts kept in the file's header (settings as JSON, for instance).

    Raises
    ------
    SettingsError
        For a network whose cell is not registered: it could not be read back.

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
        "cell": {name: CELLS.stored_name(network.cell) for name, network in networks.items()},
        "metadata": dict(metadata or {}),
    }
    without = sorted(name for name, network in networks.items() if not network.learns_biases)
    header |= {"without_bias": without} if without else {}
    return save(tensors, metadata={_HEADER: json.dumps(header)})


def read_metadata(source: Path | bytes) -> dict[str, str]:
    """Return the texts that were saved beside the networks, of a file or its content."""
    metadata: dict[str, str] = _read_header(source)["metadata"]
    return metadata


def read_leaks(path: Path) -> dict[str, float]:
    """Return the leak of each network that `save_networks` wrote, by name."""
    leaks: dict[str, float] = _read_header(path)["leak"]
    return leaks


def read_cells(path: Path) -> dict[str, str]:
    """Return the kind of cell of each network that `save_networks` wrote, by name."""
    return _cells(_read_header(path))


def _cells(header: Mapping[str, Any]) -> dict[str, str]:
    cells: dict[str, str] = header.get("cell", dict.fromkeys(header["leak"], "relu"))  # once there was one kind only
    return cells


def _read_header(source: Path | bytes) -> dict[str, Any]:
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")  # the format begins with the length of its header, a JSON text
        header: dict[str, Any] = json.loads(json.loads(file.read(length))["__metadata__"][_HEADER])
        return header


def load_networks(source: Path | bytes, start: str = "") -> dict[str, RecurrentNetwork]:
    """Read back what `save_networks` wrote.

    Parameters
    ----------
    source
        The file, or its content.
    start
        Only networks whose names begin like this.
    """
    header = _read_header(source)
    cells = _cells(header)
    tensors = load(source if isinstance(source, bytes) else source.read_bytes())
    return {
        name: RecurrentNetwork(
            **{array: jnp.asarray(tensors[f"{name}/{array}"]) for array in _ARRAYS if f"{name}/{array}" in tensors},
            cell=NetworkSettings(delta=1.0, leak=leak, cell=cells[name]).make_cell(),
            learns_biases=name not in header.get("without_bias", ()),
        )
        for name, leak in header["leak"].items()
        if name.startswith(start)
    }
