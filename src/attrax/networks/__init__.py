"""What is trained: recurrent cells with policy and value heads, their first weights, weights in and out."""

import importlib
from typing import TYPE_CHECKING, Any

from attrax.networks.settings import NetworkSettings

if TYPE_CHECKING:
    from attrax.networks.own_weights import OwnNetwork, own_network, read_arrays
    from attrax.networks.recurrence import unroll
    from attrax.networks.recurrent_network import RecurrentNetwork, initialise
    from attrax.networks.weights import load_networks, networks_as_bytes, save_networks

_PLACES = {
    "OwnNetwork": "own_weights",
    "own_network": "own_weights",
    "read_arrays": "own_weights",
    "RecurrentNetwork": "recurrent_network",
    "initialise": "recurrent_network",
    "load_networks": "weights",
    "networks_as_bytes": "weights",
    "save_networks": "weights",
    "unroll": "recurrence",
}
__all__ = [
    "NetworkSettings",
    "OwnNetwork",
    "RecurrentNetwork",
    "initialise",
    "load_networks",
    "networks_as_bytes",
    "own_network",
    "read_arrays",
    "save_networks",
    "unroll",
]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(f"attrax.networks.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'attrax.networks' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
