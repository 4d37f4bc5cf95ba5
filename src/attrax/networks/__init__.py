"""What is trained: recurrent cells with policy and value heads, their first weights, weights in and out."""

from typing import TYPE_CHECKING

from attrax.networks.settings import NetworkSettings
from attrax.rooms import names_of

if TYPE_CHECKING:
    from attrax.networks.own_weights import OwnNetwork, own_network, read_arrays
    from attrax.networks.recurrence import unroll
    from attrax.networks.recurrent_network import RecurrentNetwork, initialise
    from attrax.networks.weights import load_networks, networks_as_bytes, save_networks

_PLACES = {
    "own_weights": ("OwnNetwork", "own_network", "read_arrays"),
    "recurrence": ("unroll",),
    "recurrent_network": ("RecurrentNetwork", "initialise"),
    "weights": ("load_networks", "networks_as_bytes", "save_networks"),
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


__getattr__ = names_of(__name__, _PLACES)


def __dir__() -> list[str]:
    return list(__all__)
