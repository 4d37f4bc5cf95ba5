"""How good a network is: greedy answers on trials that no learner has seen; the same for every rule."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from attrax.learning.greedy_trials import Moment, Move, run_trials
from attrax.networks import RecurrentNetwork
from attrax.tasks import TrialTask, draw_queues
from attrax.tasks.stream import stream_keys
from attrax.tasks.trial import Trial


class Evaluation(NamedTuple):
    """Shares and means over the evaluated trials."""

    accuracy: Float[Array, ""]
    """Share of trials whose first answer in the decision stage is right; none is wrong."""
    early_answers: Float[Array, ""]
    """Share of trials with at least one answer before the decision stage."""
    reward: Float[Array, ""]
    """Mean reward of a trial."""


class Outcomes(NamedTuple):
    """What came of each trial: all first trials of the rows, then all second ones, and so on."""

    right: Bool[Array, " trials"]
    """Whether the first answer in the decision stage is right; none is wrong."""
    early: Bool[Array, " trials"]
    """Whether there was an answer before the decision stage."""
    reward: Float[Array, " trials"]
    """Sum of the rewards."""
    context: Int[Array, " trials"]
    """Which modality counts."""
    coherence: Float[Array, "trials modalities"]
    """Signed coherence of each modality."""
    answer: Int[Array, " trials"]
    """The first answer in the decision stage; 0 where there is none."""


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
    outcomes = act_in_rows(task, network, key, n_trials, carry_hidden)
    # Summed row by row: sums of rewards depend on the order.
    right, early, reward = (values.reshape(IN_A_ROW, -1) for values in outcomes[:3])
    return Evaluation(jnp.mean(right, dtype=float), jnp.mean(early, dtype=float), jnp.mean(reward))


def act_in_rows(
    task: TrialTask,
    network: RecurrentNetwork,
    key: Array,
    n_trials: int,
    carry_hidden: bool | Bool[Array, ""] = False,
    way: Callable[[Trial, Int[Array, ""]], Move] | None = None,
) -> Outcomes:
    """Let the network act greedily in rows of `IN_A_ROW` trials, and tell what came of each trial.

    Parameters
    ----------
    task, network, key, n_trials, carry_hidden
        As in `evaluate`: its accuracy is the mean of `right`.
    way
        Given the trials that are run side by side, and their number in the rows: how a step is taken in them. None: the
        network's own step.

    Returns
    -------
    Arrays over the trials, in the same order whoever acts.
    """
    streams = n_trials // IN_A_ROW
    keys = stream_keys(key, streams)

    def run_trial(hidden: Array, number: Array) -> tuple[Array, Outcomes]:
        hidden = jnp.where(carry_hidden, hidden, 0.0)
        queue = draw_queues(task, keys, jnp.full(streams, number), 1)
        trials = jax.tree.map(lambda values: values[:, 0], queue)

        def judge(seen: tuple[Array, Array, Array], moment: Moment) -> tuple[tuple[Array, Array, Array], None]:
            right, early, reward = seen
            feedback, going = moment.feedback, moment.going
            right = right | (going & (feedback.answer == trials.choice))
            early = early | (going & feedback.early)
            return (right, early, reward + jnp.where(going, feedback.reward, 0.0)), None

        none = jnp.zeros(streams, bool)
        run = run_trials(
            task, network, trials, judge, (none, none, jnp.zeros(streams)), hidden,
            None if way is None else way(trials, number), stop_at_end=True,
        )  # fmt: skip
        right, early, reward = run.seen
        return run.hidden, Outcomes(right, early, reward, trials.context, trials.coherence, run.answer)

    hidden = jnp.zeros((streams, network.n_state))
    _, outcomes = jax.lax.scan(run_trial, hidden, jnp.arange(IN_A_ROW))
    return jax.tree.map(lambda values: values.reshape(n_trials, *values.shape[2:]), outcomes)
