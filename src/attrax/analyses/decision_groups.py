"""The functional groups of a trained network, by three definitions: where each of the two decisions is held."""

from functools import partial
from typing import NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float, Int, Shaped

from attrax.analyses.stage_inputs import StageInputs
from attrax.analyses.trial_states import TrialStates, states_of_trials
from attrax.analyses.unit_recording import UnitRecording, record_units
from attrax.dynamics import Effort
from attrax.dynamics.orbits.many_orbits import ReluOrbits
from attrax.networks import RecurrentNetwork
from attrax.networks.cells import Relu
from attrax.populations import adjusted_rand_index, groups
from attrax.progress import OnProgress, Step, ignore_progress
from attrax.settings import require
from attrax.tasks import Task
from attrax.tasks.trial import DECISION, STAGES

DEFINITIONS = ("decision attractors", "delay attractors", "trials")
"""How units are sorted into groups: by their activity in the attractors of a stage, or in real trials."""
_SAMPLE = 500  # steps over which an attractor's activity is averaged
_SAME = 0.02  # of its size: two orbits whose mean activities are nearer are on one attractor
_PLUS, _MINUS = 1, 2
_CHOICES = ("+", "-")
_AT_ONCE = 64


def map_groups(
    task: Task,
    network: RecurrentNetwork,
    effort: Effort | None = None,
    threshold: float = 0.0,
    n_trials: int = 200,
    followed: int = 30,
    seed: int = 0,
    on_progress: OnProgress | None = None,
) -> xr.Dataset:
    """Sort a network's units by the choices for which they are active, by three definitions.

    "decision attractors": in the attractors of the decision stage, our operational definition. Where the delay ends,
    real trials and noise-free ones of full coherence are followed under the decision stage's constant input; the
    attractor of a choice is the one that most trials with that right answer go to, of those at which the readout
    favours it. "delay attractors": the same a stage earlier, where the decision has to be kept. "trials": a unit is
    active for a choice if it is at more than half of the steps of the decision stage of real trials with that right
    answer.

    Parameters
    ----------
    task, network
        A trained network, or one of its checkpoints, and what it was trained on.
    effort
        How long orbits are followed before their activity is taken (its settling_steps).
    threshold
        See `attrax.populations.groups`. Where there is a leak, compared with it is what each step renews of a unit's
        activity: what the leak leaves of it never is 0.
    n_trials, followed
        Real trials of all contexts; and those of each context, on average, that are followed to attractors.
    seed
        Of the trials.
    on_progress
        Told by how many of the definitions units have been sorted.

    Returns
    -------
    Dataset over "definition", "context", "choice" ("+", "-") and "unit":

    choice_activity (definition, context, choice, unit)
        Mean activity over 500 steps on the attractor (it may oscillate), or over the steps of the trials; NaN where it
        was not found.
    choice_least (definition, context, choice, unit)
        The least activity on the attractor; of trials the median. Where an attractor oscillates, a unit may be active
        on average and silent at times.
    choice_found (definition, context, choice)
        Whether there is an attractor (or trials) of the choice.
    choice_attractors (definition, context, choice)
        How many attractors favour the choice: the group is that of the one with most trials. 0 for "trials".
    choice_share (definition, context, choice)
        Share of trials with that right answer that go to it.
    choice_amplitude (definition, context, choice)
        Root mean square distance of the attractor's states from their mean, in units of their size: 0 at a fixed point.
    group (definition, context, unit)
        "G_a", "G_+", "G_-" or "G_s"; empty where one of the two choices was not found.
    group_reason (definition, context)
        Why there are no groups; empty where there are.
    group_agreement (definition, other_definition, context)
        Adjusted Rand index of the groups by two definitions; NaN where one has none.
    """
    require(isinstance(network.cell, Relu), f"the cell is {type(network.cell).__name__}; groups are of Relu units only")
    found_by = {
        **{
            definition: partial(_of_stage, task, network, stage, effort or Effort(), followed, seed)
            for definition, stage in zip(DEFINITIONS, ("decision", "delay"), strict=False)
        },
        DEFINITIONS[-1]: partial(_of_trials, task, network, n_trials, seed),
    }
    parts = {}
    for definition, find in found_by.items():
        parts[definition] = [found.dataset(threshold) for found in find()]
        (on_progress or ignore_progress)(Step("definitions of groups applied", len(parts), len(found_by)))
    joined = xr.concat(
        [xr.concat(of_contexts, dim="context") for of_contexts in parts.values()], dim="definition"
    ).assign_coords(
        definition=list(DEFINITIONS),
        other_definition=list(DEFINITIONS),
        context=np.arange(task.n_contexts),
        choice=list(_CHOICES),
    )
    return joined.assign(group_agreement=(("definition", "other_definition", "context"), _agreement(joined)))


class _Found(NamedTuple):
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
        if self.reason:
            return np.full(self.activity.shape[1], "", dtype="U3")
        return groups(self.judged[0], self.judged[1], threshold).astype("U3")

    def dataset(self, threshold: float) -> xr.Dataset:
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


def _of_stage(
    task: Task, network: RecurrentNetwork, stage: str, effort: Effort, followed: int, seed: int
) -> list[_Found]:
    trials = states_of_trials(task, network, followed * task.n_contexts, seed)
    return [_of_attractors(task, network, context, stage, effort, trials) for context in range(task.n_contexts)]


def _of_attractors(
    task: Task, network: RecurrentNetwork, context: int, stage: str, effort: Effort, trials: TrialStates
) -> _Found:
    inputs, n_units = StageInputs(task, network), network.n_hidden
    coherences = np.zeros((2, task.n_modalities))
    coherences[:, context] = (1.0, -1.0)
    here = trials.context == context
    starts = np.concatenate(
        [inputs.starts(stage, coherences, context), trials.ends[STAGES[STAGES.index(stage) - 1]][here]]
    )
    right = np.concatenate([[_PLUS, _MINUS], trials.choice[here]])
    biases = np.repeat(inputs.biases(stage, coherences[:1], context), len(starts), axis=0)
    mean, renewed, least, amplitude = _settled(inputs, biases, starts, effort.settling_steps)
    policy = np.asarray(network.policy_weights, float)
    lead = mean @ (policy[_PLUS] - policy[_MINUS]) + float(network.policy_bias[_PLUS] - network.policy_bias[_MINUS])
    number = _numbered(mean)
    favoured = np.where(number < 0, 0, np.sign(np.nan_to_num(lead)))
    rows = [_most(number[(right == answer) & (favoured == side)]) for answer, side in ((_PLUS, 1), (_MINUS, -1))]
    found = _Found(
        activity=np.full((2, n_units), np.nan), judged=np.full((2, n_units), np.nan),
        least=np.full((2, n_units), np.nan),
        attractors=np.array([len(set(number[favoured == side].tolist())) for side in (1, -1)]),
        share=np.array([(number[right == answer] == row).mean() if row >= 0 else 0.0
                        for answer, row in zip((_PLUS, _MINUS), rows, strict=True)]),
        amplitude=np.full(2, np.nan), reason=_why(rows, number),
    )  # fmt: skip
    for choice, row in enumerate(rows):
        if row >= 0:
            first = int(np.flatnonzero(number == row)[0])
            found.activity[choice], found.judged[choice] = mean[first], renewed[first]
            found.least[choice], found.amplitude[choice] = least[first], amplitude[first]
    return found


def _settled(
    inputs: StageInputs,
    biases: Float[np.ndarray, "orbits units"],
    starts: Float[np.ndarray, "orbits units"],
    settling_steps: int,
) -> tuple[
    Float[np.ndarray, "orbits units"],
    Float[np.ndarray, "orbits units"],
    Float[np.ndarray, "orbits units"],
    Float[np.ndarray, " orbits"],
]:
    """Return mean activity where each orbit settles, the mean of what is renewed of it, the least, and its amplitude.

    NaN where it diverges. What is renewed is the activity itself unless there is a leak, which keeps a unit that was
    once active from ever being 0.
    """
    mean, renewed, least = np.full((3, *starts.shape), np.nan)
    amplitude = np.full(len(starts), np.nan)
    finite = np.flatnonzero(np.isfinite(starts).all(axis=1))
    for first in range(0, finite.size, _AT_ONCE):
        some = finite[first : first + _AT_ONCE]
        orbits = ReluOrbits(inputs.weights, biases[some], inputs.leak, starts[some])
        orbits.follow(settling_steps)
        recorded = orbits.record(_SAMPLE)
        kept = orbits.left_at < 0
        recorded, rows = recorded[:, kept], some[kept]
        drive = recorded if inputs.leak == 1 else recorded @ inputs.weights.T + biases[rows]
        mean[rows], renewed[rows] = recorded.mean(axis=0), np.maximum(drive, 0.0).mean(axis=0)
        least[rows] = recorded.min(axis=0)
        size = np.sqrt((recorded**2).sum(axis=2).mean(axis=0))
        spread = np.sqrt(((recorded - recorded.mean(axis=0)) ** 2).sum(axis=2).mean(axis=0))
        amplitude[rows] = np.divide(spread, size, out=np.zeros_like(size), where=size > 0)
    return mean, renewed, least, amplitude


def _numbered(mean: Float[np.ndarray, "orbits units"]) -> Int[np.ndarray, " orbits"]:
    """Return numbers of attractors, by the mean activity on them, in the order of meeting; -1: none."""
    number = np.full(len(mean), -1)
    known: list[np.ndarray] = []
    for row in np.flatnonzero(np.isfinite(mean).all(axis=1)):
        size = float(np.linalg.norm(mean[row]))
        near = [n for n, other in enumerate(known) if np.linalg.norm(mean[row] - other) <= _SAME * size + 1e-9]
        number[row] = near[0] if near else len(known)
        if not near:
            known.append(mean[row])
    return number


def _most(numbers: Int[np.ndarray, " orbits"]) -> int:
    """Return the attractor that most orbits go to; -1 where there are none."""
    values, counts = np.unique(numbers, return_counts=True)
    return int(values[counts.argmax()]) if values.size else -1


def _why(rows: list[int], number: Int[np.ndarray, " orbits"]) -> str:
    """Return why there are no groups; empty where there are."""
    if (number < 0).all():
        return "every orbit diverges"
    if all(row >= 0 for row in rows):
        return ""
    if len(set(number[number >= 0].tolist())) == 1:
        return "one attractor for both choices"
    missing = " and ".join(f'"{name}"' for name, row in zip(_CHOICES, rows, strict=True) if row < 0)
    return f"no attractor at which the readout favours {missing}"


def _of_trials(task: Task, network: RecurrentNetwork, n_trials: int, seed: int) -> list[_Found]:
    recording = record_units(task, network, n_trials, seed)
    return _of_contexts(recording)


def _of_contexts(recording: UnitRecording) -> list[_Found]:
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
    contexts = _of_contexts(recording)
    reason = next((found.reason for found in contexts if found.reason), "")
    activity = np.mean([found.activity for found in contexts], axis=0)
    # The median over all contexts would be chance for a unit that only one of them silences.
    largest = np.max([found.judged for found in contexts], axis=0)
    return TrialGroups(contexts[0]._replace(judged=largest, reason=reason).group(threshold), activity, reason)


def _of_samples(recording: UnitRecording, there: Bool[np.ndarray, " samples"]) -> _Found:
    n_units = recording.activity.shape[1]
    activity, median = np.full((2, n_units), np.nan), np.full((2, n_units), np.nan)
    for row, answer in enumerate((_PLUS, _MINUS)):
        right = there & (recording.target == answer)
        samples = recording.activity[right]
        if len(samples) and np.isfinite(samples).all():
            activity[row], median[row] = samples.mean(axis=0), np.median(recording.renewed[right], axis=0)
    found = np.isfinite(activity).all(axis=1)
    reason = "" if found.all() else "no finite trials with an answer of each choice"
    return _Found(activity, median, median, np.zeros(2, int), np.where(found, 1.0, 0.0), np.full(2, np.nan), reason)


def _agreement(found: xr.Dataset) -> Float[np.ndarray, "definitions definitions contexts"]:
    n_definitions, n_contexts = found.sizes["definition"], found.sizes["context"]
    agreement = np.full((n_definitions, n_definitions, n_contexts), np.nan)
    known = found.group_reason.values == ""
    for one, other, context in np.ndindex(agreement.shape):
        if known[one, context] and known[other, context]:
            labels = found.group.values[[one, other], context]
            agreement[one, other, context] = adjusted_rand_index(labels[0], labels[1])
    return agreement
