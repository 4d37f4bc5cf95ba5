"""How good a network is: greedy answers on trials that no learner has seen; the same for every rule."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from attrax.networks import RecurrentNetwork
from attrax.tasks import TrialTask, draw_queues
from attrax.tasks.stream import stream_keys


class Evaluation(NamedTuple):
    """Shares and means over the evaluated trials."""

    accuracy: Float[Array, ""]
    """Share of trials whose first answer in the decision stage is right; none is wrong."""
    early_answers: Float[Array, ""]
    """Share of trials with at least one answer before the decision stage."""
    reward: Float[Array, ""]
    """Mean reward of a trial."""


IN_A_ROW = 10
"""Trials that follow one another in a stream where the hidden state is carried on; numbers of trials divide by it."""


@partial(jax.jit, static_argnums=(0, 3))
def evaluate(
    task: TrialTask,
    network: RecurrentNetwork,
    key: Array,
    n_trials: int,
    carry_hidden: bool | Bool[Array, ""] = False,
) -> Evaluation:
    """Let the network act greedily on trials.

    Parameters
    ----------
    task, network
        What to do, and who does it.
    key
        Of the trials.
    n_trials
        How many; a multiple of `IN_A_ROW`.
    carry_hidden
        Whether a trial starts from the state in which the one before it was answered, over rows of `IN_A_ROW` trials.
        The criterion of training has it off, for every learner: each trial starts from the zero state, whatever
        training did.

    Notes
    -----
    Greedy actions; the answer is the first action other than fixation in the decision stage, and ends the trial.
    Compiled once for a task and a number of trials.
    """
    streams = n_trials // IN_A_ROW
    keys = stream_keys(key, streams)
    judge = jax.vmap(task.judge, in_axes=(0, None, 0))

    def run_trial(hidden: Array, number: Array) -> tuple[Array, tuple[Array, Array, Array]]:
        hidden = jnp.where(carry_hidden, hidden, 0.0)
        queue = draw_queues(task, keys, jnp.full(streams, number), 1)
        trials = jax.tree.map(lambda values: values[:, 0], queue)

        def act(carry: Any, step: Array) -> tuple[Any, None]:
            hidden, going, right, early, reward = carry
            moved = network.step(hidden, trials.observation[:, step])
            feedback = judge(trials, step, jnp.argmax(network.logits(moved), axis=-1))
            hidden = jnp.where(going[:, None], moved, hidden)
            right = right | (going & (feedback.answer == trials.choice))
            early = early | (going & feedback.early)
            reward = reward + jnp.where(going, feedback.reward, 0.0)
            return (hidden, going & ~feedback.end, right, early, reward), None

        none = jnp.zeros(streams, bool)
        start = (hidden, ~none, none, none, jnp.zeros(streams))
        (hidden, _, right, early, reward), _ = jax.lax.scan(act, start, jnp.arange(task.longest_trial))
        return hidden, (right, early, reward)

    hidden = jnp.zeros((streams, network.n_state))
    _, (right, early, reward) = jax.lax.scan(run_trial, hidden, jnp.arange(IN_A_ROW))
    return Evaluation(jnp.mean(right, dtype=float), jnp.mean(early, dtype=float), jnp.mean(reward))
