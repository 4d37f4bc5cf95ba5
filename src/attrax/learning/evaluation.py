"""How good a network is: greedy answers on trials that no learner has seen; the same for every rule."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from attrax.networks import RecurrentNetwork
from attrax.tasks import Task, draw_trials
from attrax.tasks.stream import stream_keys


class Evaluation(NamedTuple):
    """Shares and means over the evaluated trials."""

    accuracy: Float[Array, ""]
    """Share of trials whose first answer in the decision stage is right; none is wrong."""
    early_answers: Float[Array, ""]
    """Share of trials with at least one answer before the decision stage."""
    reward: Float[Array, ""]
    """Mean reward of a trial."""


def evaluate(
    task: Task, network: RecurrentNetwork, key: Array, n_trials: int, in_a_row: int = 1
) -> Evaluation:
    """Let the network act greedily on trials.

    Parameters
    ----------
    task, network
        What to do, and who does it.
    key
        Of the trials.
    n_trials
        How many; a multiple of `in_a_row`.
    in_a_row
        How many trials follow one another before the hidden state is set to zero again. The criterion of training
        uses 1, for every learner: each trial starts from the zero state, whatever training did.

    Notes
    -----
    Greedy actions; the answer is the first action other than fixation in the decision stage, and ends the trial:
    where trials follow one another, the next one starts from the state in which that answer was given.
    """
    streams = n_trials // in_a_row
    keys = stream_keys(key, streams)
    judge = jax.vmap(task.judge, in_axes=(0, None, 0))

    def run_trial(hidden: Array, number: Array) -> tuple[Array, tuple[Array, Array, Array]]:
        trials = jax.vmap(lambda k: jax.tree.map(lambda a: a[0], draw_trials(task, k, number, 1)))(keys)

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

    hidden = jnp.zeros((streams, network.n_hidden))
    _, (right, early, reward) = jax.lax.scan(run_trial, hidden, jnp.arange(in_a_row))
    return Evaluation(jnp.mean(right, dtype=float), jnp.mean(early, dtype=float), jnp.mean(reward))
