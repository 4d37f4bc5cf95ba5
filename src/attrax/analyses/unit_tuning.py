"""Tuning: what each unit does in the decision stage, by the evidence that counted."""

import numpy as np
from jaxtyping import Float, Int

from attrax.analyses.unit_recording import UnitRecording
from attrax.tasks.trial import DECISION


def tuning_curves(recording: UnitRecording) -> Float[np.ndarray, "units conditions"]:
    """Return each unit's mean activity in the decision stage, for each context and coherence of its modality.

    Conditions without a trial are left out.
    """
    there = recording.stage == DECISION
    n_modalities = sum(name.startswith("coherence_") for name in recording.features)
    coherences = np.stack([recording.features[f"coherence_{m + 1}"] for m in range(n_modalities)], axis=1)
    context = recording.features.get("context", np.zeros(len(there), int))
    counted = coherences[np.arange(len(there)), context]
    conditions = np.column_stack([context, counted])[there]
    _, number = np.unique(conditions, axis=0, return_inverse=True)
    member = (number[:, None] == np.arange(number.max() + 1)).astype(float)
    with np.errstate(invalid="ignore", over="ignore"):  # a unit that diverges has no mean
        return (recording.activity[there].T @ member) / member.sum(axis=0)


def conditions_of(recording: UnitRecording) -> tuple[Int[np.ndarray, " conditions"], Float[np.ndarray, " conditions"]]:
    """Return context and coherence of each condition of `tuning_curves`."""
    n_modalities = sum(name.startswith("coherence_") for name in recording.features)
    coherences = np.stack([recording.features[f"coherence_{m + 1}"] for m in range(n_modalities)], axis=1)
    context = recording.features.get("context", np.zeros(len(coherences), int))
    counted = coherences[np.arange(len(coherences)), context]
    # The same averages of context and coherence themselves, so that the two cannot be in different orders.
    both = tuning_curves(recording._replace(activity=np.column_stack([context, counted]).astype(float)))
    return np.round(both[0]).astype(int), np.round(both[1], 7)
