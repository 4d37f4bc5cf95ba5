"""The exact atlas of one network of a study: found by its name, computed in parts that an interruption leaves."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from attrax.analyses import NetworkOnTask, stage_atlas
from attrax.analyses.stage_basins import readout_axes
from attrax.dynamics import Effort
from attrax.networks import RecurrentNetwork
from attrax.progress import Keep, OnProgress
from attrax.settings import SettingsError, require, to_mapping
from attrax.source_version import source_version
from attrax.studies.conditions import Condition
from attrax.studies.store import Store
from attrax.unfinished import Unfinished

if TYPE_CHECKING:
    from attrax.dynamics import Atlas


class NetworkAtlas(NamedTuple):
    """The stimulus stage of one network of a study in one context: what its atlas is of."""

    condition: Condition
    network: RecurrentNetwork
    context: int
    """From 1."""
    checkpoint: str
    effort: Effort
    remark: str
    """Which network it is, for whoever named none."""

    @property
    def n_units(self) -> int:
        """How large the network is."""
        return self.network.n_hidden

    @property
    def title(self) -> str:
        """What a person calls it."""
        return f"{self.condition.title}, {self.checkpoint}: stimulus stage, context {self.context}"

    @property
    def labels(self) -> tuple[str, str]:
        """What x and y are."""
        if self.condition.task.n_modalities > 1:
            return "coherence 1", "coherence 2"
        return "coherence", "(nothing changes)"

    @property
    def readout(self) -> Float[np.ndarray, "2 units"]:
        """Weights of the two numbers that states are seen by."""
        return readout_axes(self.network)

    @property
    def readout_names(self) -> tuple[str, str]:
        """What these numbers are."""
        return "logit “+” − logit “−”", "mean answer logit − fixation logit"

    @property
    def page(self) -> str:
        """Name of its page."""
        return f"atlas-{self.condition.identity}-{self.context}-{self.checkpoint.replace(' ', '-')}.html"

    def unfinished(self, folder: Path) -> Unfinished:
        """Return where its parts are kept in a folder until it is written, by all that they depend on."""
        samples = self.condition.planes.atlas_samples
        asked = [self.condition.identity, self.context, self.checkpoint, to_mapping(self.effort), samples]
        text = json.dumps([asked, source_version("dynamics")])
        return Unfinished(folder, f"atlas-{hashlib.sha256(text.encode()).hexdigest()[:16]}")

    def compute(self, on_progress: OnProgress | None = None, keep: Keep | None = None) -> "Atlas":
        """Map it; arguments as in `attrax.dynamics.atlas`."""
        condition = self.condition
        return stage_atlas(
            NetworkOnTask(condition.task, self.network), self.context - 1, self.effort,
            samples=condition.planes.atlas_samples, on_progress=on_progress, keep=keep,
        )  # fmt: skip


def network_atlas(
    store: Store, name: str | None = None, context: int = 1, checkpoint: str = "final", effort: Effort | None = None
) -> NetworkAtlas:
    """Find the network of a study that an atlas is asked for.

    Parameters
    ----------
    store
        The study.
    name
        The network's name, or enough of its beginning; None: the first.
    context
        From 1.
    checkpoint
        "final", "initial", "accuracy 0.8" and so on.
    effort
        How long sampled orbits are followed; None: as the study says.

    Raises
    ------
    SettingsError
        If there is no such network, context or checkpoint.
    """
    condition = _find(store, name)
    contexts = condition.task.n_contexts
    require(1 <= context <= contexts, f"--context is {context}; this task has {contexts}, counted from 1")
    networks = store.networks(condition.identity)
    if checkpoint not in networks:
        raise SettingsError(f"{condition.title} has no checkpoint {checkpoint!r}; it has {', '.join(sorted(networks))}")
    found = NetworkAtlas(
        condition, networks[checkpoint], context, checkpoint, effort or condition.planes.effort, remark=""
    )
    of_several = f", the first of {len(store.conditions)}: --network chooses another"
    several = of_several if name is None and len(store.conditions) > 1 else ""
    return found._replace(remark=f"network {condition.identity} ({found.title}){several}")


def _find(store: Store, name: str | None) -> Condition:
    require(bool(store.conditions), f"no network in {store.directory} is finished; run the study first")
    if name is None:
        return store.conditions[0]
    found = [condition for condition in store.conditions if condition.identity.startswith(name)]
    if len(found) != 1:
        have = ", ".join(f"{condition.identity} ({condition.title})" for condition in store.conditions)
        what = "no network" if not found else f"{len(found)} networks"
        raise SettingsError(f"{what} in {store.directory} begin with {name!r}; it has {have}")
    return found[0]
