"""The exact atlas of a user's own network over two of its inputs, computed in parts that an interruption leaves."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from attrax.dynamics import Effort, atlas
from attrax.networks import OwnNetwork
from attrax.progress import Keep, OnProgress
from attrax.settings import require, to_mapping
from attrax.source_version import source_version
from attrax.unfinished import Unfinished

if TYPE_CHECKING:
    from attrax.dynamics import Atlas


@dataclass(frozen=True, eq=False)
class InputAtlas:
    """A network of one's own over two of its inputs: what its atlas is of.

    Parameters
    ----------
    title
        What the network is called.
    network
        The network.
    values
        All inputs; x and y are added to two of them.
    vary
        Which two inputs, from 1.
    span
        From where to where x and y go.
    effort
        How long sampled orbits are followed.

    Raises
    ------
    SettingsError
        If the network is no ReLU network, or has no such inputs.
    """

    title: str
    network: OwnNetwork
    values: Float[np.ndarray, " inputs"]
    vary: tuple[int, int] = (1, 2)
    span: tuple[float, float] = (-1.0, 1.0)
    effort: Effort | None = None
    remark: str = ""
    """What is said of it before it is computed."""

    def __post_init__(self) -> None:
        network, vary, span = self.network, self.vary, self.span
        require(network.kind == "relu", f"an atlas needs a ReLU network: one of kind {network.kind} has no polygons")
        count = network.n_inputs
        require(
            network.input_weights is not None and all(1 <= number <= count for number in vary) and vary[0] != vary[1],
            f"--vary is {vary[0]} {vary[1]}; it must be two different inputs of the {count} that the input weights U "
            "have",
        )
        require(
            bool(np.isfinite(span).all()) and span[0] < span[1],
            f"--span is {span[0]:g} {span[1]:g}; it must go from a number to a larger one",
        )

    @property
    def n_units(self) -> int:
        """How large the network is."""
        return self.network.n_units

    @property
    def labels(self) -> tuple[str, str]:
        """What x and y are."""
        return f"input {self.vary[0]}", f"input {self.vary[1]}"

    @property
    def directions(self) -> Float[np.ndarray, "2 units"]:
        """The weights of the two inputs."""
        weights = self.network.input_weights
        assert weights is not None
        return weights[:, [number - 1 for number in self.vary]].T

    def unfinished(self, folder: Path) -> Unfinished:
        """Return where its parts are kept in a folder until it is written, by all that they depend on."""
        network = self.network
        numbers = (network.recurrent_weights, network.drive(self.values), self.directions)
        digest = hashlib.sha256(b"".join(array.tobytes() for array in numbers)).hexdigest()
        asked = [digest, network.leak, self.span, to_mapping(self.effort or Effort())]
        text = json.dumps([asked, source_version("dynamics")])
        return Unfinished(folder, f"atlas-{hashlib.sha256(text.encode()).hexdigest()[:16]}")

    def compute(self, on_progress: OnProgress | None = None, keep: Keep | None = None) -> "Atlas":
        """Map it; arguments as in `attrax.dynamics.atlas`."""
        network, span = self.network, self.span
        return atlas(
            network.recurrent_weights, network.drive(self.values), self.directions, network.leak, (span, span),
            effort=self.effort, on_progress=on_progress, keep=keep,
        )  # fmt: skip
