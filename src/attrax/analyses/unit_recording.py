"""What every unit does in real trials, step by step, beside what is going on in the task."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from attrax.analyses.trial_states import as_written
from attrax.keys import derive_key
from attrax.learning.greedy_trials import Moment, run_trials
from attrax.networks import RecurrentNetwork
from attrax.networks.cells import Vanilla
from attrax.networks.recurrence import advance
from attrax.settings import require
from attrax.tasks import TASKS, Task
from attrax.tasks.trial import OVER, Trial

_TRIALS_AT_ONCE = 256


class UnitRecording(NamedTuple):
    """Activity at every step of some trials: what `attrax.populations.selectivity` takes."""

    activity: Float[np.ndarray, "samples units"]
    features: dict[str, Shaped[np.ndarray, " samples"]]
    """Features of each sample: see `record_units`."""
    trial: Int[np.ndarray, " samples"]
    """Number of the trial, from 0."""
    stage: Int[np.ndarray, " samples"]
    """Index into `attrax.tasks.trial.STAGES`."""
    renewed: Float[np.ndarray, "samples units"]
    """What a unit's own nonlinearity gives at each step: the activity, unless a leak lets that die away slowly. A unit
    that a leak keeps from 0 is silent all the same."""
    target: Int[np.ndarray, " samples"]
    """The right answer of the trial: 1 for "+", 2 for "-"."""

    @property
    def unanswered(self) -> int:
        """How many trials have no answer."""
        return int(np.unique(self.trial[self.features["choice"] == 0]).size)

    def answered(self) -> "UnitRecording":
        """Return the trials that have an answer; all of them where fewer than 20 have one.

        A few trials without an answer would be a choice that is too rare to test.
        """
        kept = self.features["choice"] > 0
        if np.unique(self.trial[kept]).size < FEWEST_ANSWERED:
            return self
        features = {name: values[kept] for name, values in self.features.items()}
        return UnitRecording(
            self.activity[kept], features, self.trial[kept], self.stage[kept], self.renewed[kept], self.target[kept]
        )


FEWEST_ANSWERED = 20


def record_units(task: Task, network: RecurrentNetwork, n_trials: int = 300, seed: int = 0) -> UnitRecording:
    """Record every unit in trials as the task draws them, each from the zero state, to the end of the decision stage.

    Parameters
    ----------
    task, network
        A network, trained or not, and its task.
    n_trials, seed
        How many trials, and which: the same for every network.

    Returns
    -------
    With the features coherence_1, coherence_2 (where the task has two modalities) and, where it has several, context:
    of the trial; choice: the network's greedy answer, 1 for "+", 2 for "-", 0 for none; correct: whether it is the
    right one; time: steps since the trial began. What follows an answer in a trial is recorded as if it had not ended
    the trial.
    """
    require(n_trials >= 1, f"n_trials is {n_trials}; it must be 1 or more")
    keys = jax.random.split(derive_key(TASKS.name_of(task), seed, "trials for units"), n_trials)
    parts = [
        jax.tree.map(np.asarray, _run(task, network, keys[first : first + _TRIALS_AT_ONCE]))
        for first in range(0, n_trials, _TRIALS_AT_ONCE)
    ]
    trials, activity, renewed, answer = jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)
    number, step = np.nonzero(trials.stage < OVER)
    features: dict[str, np.ndarray] = {
        f"coherence_{modality + 1}": as_written(trials.coherence[number, modality])
        for modality in range(task.n_modalities)
    }
    if task.n_contexts > 1:
        features["context"] = trials.context[number].astype(int)
    features |= {
        "choice": answer[number].astype(int),
        "correct": answer[number] == trials.choice[number],
        "time": step.astype(float),
    }
    return UnitRecording(
        activity[number, step].astype(float), features, number, trials.stage[number, step].astype(int),
        renewed[number, step].astype(float), trials.choice[number].astype(int),
    )  # fmt: skip


@partial(jax.jit, static_argnums=0)
def _run(
    task: Task, network: RecurrentNetwork, keys: Array
) -> tuple[Trial, Float[Array, "trials steps units"], Float[Array, "trials steps units"], Int[Array, " trials"]]:
    """Return the trials, activity and what is renewed of it at each step, and the first answer of each."""
    trials = jax.vmap(task.trial)(keys)

    def observe(seen: None, moment: Moment) -> tuple[None, tuple[Array, Array]]:
        renewed = moment.hidden
        if isinstance(network.cell, Vanilla) and network.leak < 1:
            at_once = type(network.cell)()  # the same cell without its leak
            drive = network.drive(trials.observation[:, moment.step])
            renewed = advance(at_once, network.recurrent_weights, moment.before, drive)
        return None, (moment.hidden[:, : network.n_hidden], renewed[:, : network.n_hidden])

    run = run_trials(task, network, trials, observe, None)
    activity, renewed = (jnp.moveaxis(values, 0, 1) for values in run.kept)
    return trials, activity, renewed, run.answer
