"""The functional groups of a trained network: units by their activity where each of the two decisions is held."""

import numpy as np
import xarray as xr

from attrax.dynamics import Effort
from attrax.dynamics.orbits import ReluOrbits
from attrax.networks import RecurrentNetwork
from attrax.populations import groups
from attrax.studies.planes import StageInputs
from attrax.tasks import Task
from attrax.tasks.trial import STAGES

_SAMPLE = 500  # steps over which an attractor's activity is averaged
_PLUS, _MINUS = 1, 2
_CHOICES = ("+", "-")


def map_groups(
    task: Task, network: RecurrentNetwork, effort: Effort | None = None, threshold: float = 0.0
) -> xr.Dataset:
    """Sort a network's units by the decision-stage attractors in which they are active.

    The attractor of a choice is the one that the decision stage leads to after noise-free stages of typical length in
    which the evidence for that choice is full (coherence 1 or -1 in the context's modality, 0 in the other).

    Parameters
    ----------
    task, network
        A trained network, or one of its checkpoints, and what it was trained on.
    effort
        How long orbits are followed before their activity is taken (its settling_steps).
    threshold
        See `attrax.populations.groups`.

    Returns
    -------
    Dataset over "context", "choice" ("+", "-") and "unit":

    choice_activity (context, choice, unit)
        Mean activity over 500 steps on the attractor (it may oscillate); NaN where it was not found.
    choice_found (context, choice)
        Whether the orbit stayed finite and the readout favours that choice there.
    group (context, unit)
        "G_a", "G_+", "G_-" or "G_s" (see `attrax.populations.groups`); empty where one of the two was not found.
    """
    inputs = StageInputs(task, network)
    lead = np.asarray(network.policy_weights, float)[_PLUS] - np.asarray(network.policy_weights, float)[_MINUS]
    bias = float(network.policy_bias[_PLUS] - network.policy_bias[_MINUS])
    n_units = len(inputs.weights)
    activity = np.full((task.n_contexts, 2, n_units), np.nan)
    group = np.full((task.n_contexts, n_units), "", dtype="U3")
    for context in range(task.n_contexts):
        coherences = np.zeros((2, task.n_modalities))
        coherences[:, context] = (1.0, -1.0)
        stage = STAGES[-1]
        starts = inputs.starts(stage, coherences, context)
        finite = np.isfinite(starts).all(axis=1)
        biases = inputs.biases(stage, coherences, context)
        orbits = ReluOrbits(inputs.weights, biases, inputs.leak, np.where(finite[:, None], starts, 0.0))
        orbits.follow((effort or Effort()).settling_steps)
        recorded = orbits.record(_SAMPLE)
        favoured = np.sign((recorded @ lead + bias).mean(axis=0))
        found = finite & (orbits.left_at < 0) & (favoured == (1, -1))
        activity[context, found] = recorded.mean(axis=0)[found]
        if found.all():
            group[context] = groups(activity[context, 0], activity[context, 1], threshold)
    return xr.Dataset(
        {
            "choice_activity": (("context", "choice", "unit"), activity),
            "choice_found": (("context", "choice"), np.isfinite(activity).all(axis=2)),
            "group": (("context", "unit"), group),
        },
        coords={"context": np.arange(task.n_contexts), "choice": list(_CHOICES)},
    )
