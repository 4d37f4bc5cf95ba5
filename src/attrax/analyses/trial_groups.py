"""Groups of units by what they do in the decision stage of real trials."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float, Int, Shaped

from attrax.analyses.unit_recording import UnitRecording
from attrax.populations import groups
from attrax.tasks.trial import DECISION

_PLUS, _MINUS = 1, 2


class ChoiceActivity(NamedTuple):
    """What was found of the two choices in one context, each over (choice, ...)."""

    activity: Float[np.ndarray, "choices units"]
    """NaN where there is none."""
    judged: Float[np.ndarray, "choices units"]
    """What is compared with the threshold."""
    least: Float[np.ndarray, "choices units"]
    attractors: Int[np.ndarray, " choices"]
    share: Float[np.ndarray, " choices"]
    amplitude: Float[np.ndarray, " choices"]
    reason: str

    def group(self, threshold: float) -> Shaped[np.ndarray, " units"]:
        """Return the group of each unit; empty texts where one of the choices was not found."""
        if self.reason:
            return np.full(self.activity.shape[1], "", dtype="U3")
        return groups(self.judged[0], self.judged[1], threshold).astype("U3")

    def dataset(self, threshold: float) -> xr.Dataset:
        """Return the fields that `attrax.analyses.map_groups` describes."""
        return xr.Dataset(
            {
                "choice_activity": (("choice", "unit"), self.activity),
                "choice_least": (("choice", "unit"), self.least),
                "choice_found": ("choice", np.isfinite(self.activity).all(axis=1)),
                "choice_attractors": ("choice", self.attractors),
                "choice_share": ("choice", self.share),
                "choice_amplitude": ("choice", self.amplitude),
                "group": ("unit", self.group(threshold)),
                "group_reason": ((), np.array(self.reason, dtype="U60")),
            }
        )


def activity_in_trials(recording: UnitRecording) -> list[ChoiceActivity]:
    """Return what units do in the decision stage of real trials of each choice, for each context."""
    decided = recording.stage == DECISION
    contexts = recording.features.get("context", np.zeros(len(decided), int))
    return [_of_samples(recording, decided & (contexts == context)) for context in np.unique(contexts)]


class TrialGroups(NamedTuple):
    """Groups by what units do in the decision stage of real trials."""

    group: Shaped[np.ndarray, " units"]
    """Empty texts where there are none."""
    activity: Float[np.ndarray, "choices units"]
    """Mean activity in trials with the right answer is "+", and "-"; NaN where there are none."""
    reason: str
    """Why there are no groups; empty where there are."""


def groups_in_trials(recording: UnitRecording, threshold: float = 0.0) -> TrialGroups:
    """Sort units by definition "trials" of `map_groups`: active for a choice is what is active for it in any context.

    Parameters
    ----------
    recording
        As `record_units` returns it.
    threshold
        See `attrax.populations.groups`.
    """
    contexts = activity_in_trials(recording)
    reason = next((found.reason for found in contexts if found.reason), "")
    activity = np.mean([found.activity for found in contexts], axis=0)
    # The median over all contexts would be chance for a unit that only one of them silences.
    largest = np.max([found.judged for found in contexts], axis=0)
    return TrialGroups(contexts[0]._replace(judged=largest, reason=reason).group(threshold), activity, reason)


def _of_samples(recording: UnitRecording, there: Bool[np.ndarray, " samples"]) -> ChoiceActivity:
    n_units = recording.activity.shape[1]
    activity, median = np.full((2, n_units), np.nan), np.full((2, n_units), np.nan)
    for row, answer in enumerate((_PLUS, _MINUS)):
        right = there & (recording.target == answer)
        samples = recording.activity[right]
        if len(samples) and np.isfinite(samples).all():
            activity[row], median[row] = samples.mean(axis=0), np.median(recording.renewed[right], axis=0)
    found = np.isfinite(activity).all(axis=1)
    reason = "" if found.all() else "no finite trials with an answer of each choice"
    return ChoiceActivity(
        activity, median, median, np.zeros(2, int), np.where(found, 1.0, 0.0), np.full(2, np.nan), reason
    )
