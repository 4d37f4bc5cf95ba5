"""A small plane of the stimulus stage, labelled before and after a network is perturbed."""

import numpy as np
import xarray as xr
from jaxtyping import Float

from attrax.analyses.coherence_planes import coherence_axes, plane_coherences
from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.perturbation_settings import PerturbationSettings
from attrax.dynamics import KINDS, classify
from attrax.tasks import Task
from attrax.tasks.trial import STAGES, STIMULUS


def small_plane(task: Task, settings: PerturbationSettings) -> Float[np.ndarray, "points modalities"]:
    """Return the coherences at which the stimulus stage is labelled."""
    return plane_coherences(task, coherence_axes(task, settings.points))


def label_small_plane(on_task: NetworkOnTask, context: int, settings: PerturbationSettings) -> xr.Dataset:
    """Label the small plane of a context's stimulus stage: kind, period and amplitude over "point"."""
    stage, coherences = STAGES[STIMULUS], small_plane(on_task.task, settings)
    biases, starts = on_task.biases(stage, coherences, context), on_task.starts(stage, coherences, context)
    finite = np.isfinite(starts).all(axis=1)
    kind, period, amplitude = (
        np.full(len(starts), "divergent", dtype="U14"),
        np.zeros(len(starts)),
        np.zeros(len(starts)),
    )
    found = classify(on_task.weights, biases[finite], on_task.leak, starts[finite], settings.effort)
    kind[finite], period[finite], amplitude[finite] = found.kind, found.period, found.amplitude
    return xr.Dataset({"kind": ("point", kind), "period": ("point", period), "amplitude": ("point", amplitude)})


def kind_shares(labelled: xr.Dataset) -> Float[np.ndarray, " kinds"]:
    """Return the share of each kind over a labelled plane."""
    return np.array([np.mean(labelled.kind.values == name) for name in KINDS])


def where_it_winds(
    task: Task, labelled: xr.Dataset, settings: PerturbationSettings
) -> tuple[Float[np.ndarray, " modalities"], bool]:
    """Return the coherence with the widest oscillation, and whether there is any; if not, coherence zero."""
    winds = np.isin(labelled.kind, ("quasi-periodic", "chaotic")) | ((labelled.kind == "cycle") & (labelled.period > 2))
    if not winds.any():
        return np.zeros(task.n_modalities), False
    widest = int(np.where(winds, labelled.amplitude, -1.0).argmax())
    return small_plane(task, settings)[widest], True
