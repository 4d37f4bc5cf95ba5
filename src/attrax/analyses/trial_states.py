"""The states that real trials, with noise, leave a network in when each stage ends."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from attrax.keys import derive_key
from attrax.learning.greedy_trials import Moment, run_trials
from attrax.networks import RecurrentNetwork
from attrax.tasks import TASKS, Task
from attrax.tasks.trial import STAGES, Trial

_TRIALS_AT_ONCE = 512


class TrialStates(NamedTuple):
    """Trials, each from the zero state, and what the network was and did in them."""

    context: Int[np.ndarray, " trials"]
    coherence: Float[np.ndarray, "trials modalities"]
    choice: Int[np.ndarray, " trials"]
    """The right answer: 1 is "+", 2 is "-"."""
    answer: Int[np.ndarray, " trials"]
    """The first greedy answer in the decision stage; 0 where there is none."""
    ends: dict[str, Float[np.ndarray, "trials units"]]
    """The state when each stage ends (of a stage without steps: when the one before it ends), as if no answer ended the
    trial."""


def states_of_trials(task: Task, network: RecurrentNetwork, n_trials: int, seed: int = 0) -> TrialStates:
    """Run a network through trials as the task draws them.

    Parameters
    ----------
    task, network
        A trained network and what it was trained on.
    n_trials, seed
        How many trials, and which: the same for every network.
    """
    keys = jax.random.split(derive_key(TASKS.name_of(task), seed, "trials for their states"), n_trials)
    parts = [
        jax.tree.map(np.asarray, _run(task, network, _draw(task, keys[first : first + _TRIALS_AT_ONCE])))
        for first in range(0, n_trials, _TRIALS_AT_ONCE)
    ]
    trials, ends, answers = jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)
    return TrialStates(
        trials.context.astype(int), as_written(trials.coherence), trials.choice.astype(int), answers.astype(int),
        dict(zip(STAGES, np.moveaxis(ends.astype(float), 1, 0), strict=True)),
    )  # fmt: skip


def as_written(numbers: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Return single-precision numbers as the short decimals that they were made from: 0.1, not 0.10000000149."""
    return np.round(numbers.astype(float), 7)


def states_at_stage_ends(
    task: Task,
    network: RecurrentNetwork,
    coherences: Float[np.ndarray, "points modalities"],
    context: int,
    n_trials: int,
) -> dict[str, Float[np.ndarray, "points trials units"]]:
    """Return the states of trials of given coherences and context.

    Parameters
    ----------
    task, network
        A trained network and what it was trained on.
    coherences, context
        Of the trials; durations and noise are drawn, the same for every network.
    n_trials
        Trials at each point.
    """
    keys = jax.random.split(derive_key(TASKS.name_of(task), 0, "trials at points of a plane"), n_trials)
    at_once = max(1, _TRIALS_AT_ONCE // n_trials)
    parts = []
    for first in range(0, len(coherences), at_once):
        some = jnp.asarray(coherences[first : first + at_once])
        ends = np.asarray(_run(task, network, _draw_at(task, keys, some, context))[1])
        parts.append(ends.reshape(len(some), n_trials, *ends.shape[1:]))
    states = np.moveaxis(np.concatenate(parts).astype(float), 2, 0)
    return dict(zip(STAGES, states, strict=True))


@partial(jax.jit, static_argnums=0)
def _draw(task: Task, keys: Array) -> Trial:
    return jax.vmap(task.trial)(keys)


@partial(jax.jit, static_argnums=0)
def _draw_at(task: Task, keys: Array, coherences: Float[Array, "points modalities"], context: int | Array) -> Trial:
    """Draw trials of all points, one point after the other."""
    trials = jax.vmap(lambda c: jax.vmap(lambda key: task.trial_at(key, c, context))(keys))(coherences)
    return jax.tree.map(lambda array: array.reshape(-1, *array.shape[2:]), trials)


@partial(jax.jit, static_argnums=0)
def _run(
    task: Task, network: RecurrentNetwork, trials: Trial
) -> tuple[Trial, Float[Array, "trials stages units"], Int[Array, " trials"]]:
    """Return the trials, the states at the ends of their stages, and the greedy answers."""
    n_stages = len(STAGES)

    def observe(ends: Array, moment: Moment) -> tuple[Array, None]:
        # Later stages too: one without any step ends in the state before it.
        here = jnp.arange(n_stages) >= trials.stage[:, moment.step, None]
        return jnp.where(here[:, :, None], moment.hidden[:, None], ends), None

    none = jnp.zeros((trials.context.shape[0], n_stages, network.n_hidden))
    run = run_trials(task, network, trials, observe, none)
    return trials, run.seen, run.answer
