"""The functional groups of a trained network, by three definitions: where each of the two decisions is held."""

from collections.abc import Callable
from functools import partial

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.trial_groups import ChoiceActivity, activity_in_trials
from attrax.analyses.trial_states import TrialStates
from attrax.dynamics import Effort
from attrax.dynamics.orbits.settling import settle
from attrax.networks.cells import Relu
from attrax.populations import adjusted_rand_index
from attrax.progress import OnProgress, Step, ignore_progress
from attrax.settings import require
from attrax.tasks.trial import STAGES

DEFINITIONS = ("decision attractors", "delay attractors", "trials")
"""How units are sorted into groups: by their activity in the attractors of a stage, or in real trials."""
_SAMPLE = 500  # steps over which an attractor's activity is averaged
_SAME = 0.02  # of its size: two orbits whose mean activities are nearer are on one attractor
_PLUS, _MINUS = 1, 2
_CHOICES = ("+", "-")


def map_groups(
    on_task: NetworkOnTask,
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
    on_task
        A trained network, or one of its checkpoints, on its task.
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
    network, task = on_task.network, on_task.task
    require(isinstance(network.cell, Relu), f"the cell is {type(network.cell).__name__}; groups are of Relu units only")
    found_by: dict[str, Callable[[], list[ChoiceActivity]]] = {
        **{
            definition: partial(_of_stage, on_task, stage, effort or Effort(), followed, seed)
            for definition, stage in zip(DEFINITIONS, ("decision", "delay"), strict=False)
        },
        DEFINITIONS[-1]: lambda: activity_in_trials(on_task.recording(n_trials, seed)),
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


def _of_stage(on_task: NetworkOnTask, stage: str, effort: Effort, followed: int, seed: int) -> list[ChoiceActivity]:
    n_contexts = on_task.task.n_contexts
    trials = on_task.trial_states(followed * n_contexts, seed)
    return [_of_attractors(on_task, context, stage, effort, trials) for context in range(n_contexts)]


def _of_attractors(
    on_task: NetworkOnTask, context: int, stage: str, effort: Effort, trials: TrialStates
) -> ChoiceActivity:
    n_units = on_task.network.n_hidden
    coherences = np.zeros((2, on_task.task.n_modalities))
    coherences[:, context] = (1.0, -1.0)
    here = trials.context == context
    starts = np.concatenate(
        [on_task.starts(stage, coherences, context), trials.ends[STAGES[STAGES.index(stage) - 1]][here]]
    )
    right = np.concatenate([[_PLUS, _MINUS], trials.choice[here]])
    biases = np.repeat(on_task.biases(stage, coherences[:1], context), len(starts), axis=0)
    mean, renewed, least, amplitude = _settled(on_task, biases, starts, effort.settling_steps)
    weights, bias = on_task.choice_lead
    lead = mean @ weights + bias
    number = _numbered(mean)
    favoured = np.where(number < 0, 0, np.sign(np.nan_to_num(lead)))
    rows = [_most(number[(right == answer) & (favoured == side)]) for answer, side in ((_PLUS, 1), (_MINUS, -1))]
    found = ChoiceActivity(
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
    on_task: NetworkOnTask,
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
    weights, leak = on_task.weights, on_task.leak
    for rows, recorded in settle(weights, biases, leak, starts, settling_steps, _SAMPLE):
        drive = recorded if leak == 1 else recorded @ weights.T + biases[rows]
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


def _agreement(found: xr.Dataset) -> Float[np.ndarray, "definitions definitions contexts"]:
    n_definitions, n_contexts = found.sizes["definition"], found.sizes["context"]
    agreement = np.full((n_definitions, n_definitions, n_contexts), np.nan)
    known = found.group_reason.values == ""
    for one, other, context in np.ndindex(agreement.shape):
        if known[one, context] and known[other, context]:
            labels = found.group.values[[one, other], context]
            agreement[one, other, context] = adjusted_rand_index(labels[0], labels[1])
    return agreement
