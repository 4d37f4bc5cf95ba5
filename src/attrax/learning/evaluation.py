"""How good a network is: greedy answers on trials that no learner has seen; the same for every rule."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from attrax.networks import RecurrentNetwork
from attrax.tasks import TrialTask, draw_queues
from attrax.tasks.stream import stream_keys
from attrax.tasks.trial import STAGES


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


IN_A_ROW = 10
"""Trials that follow one another in a stream where the hidden state is carried on; numbers of trials divide by it."""
_NOISE = 2**32 - 1  # what the noise's key is folded with: no stream has this number


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
    outcomes = _act_on_trials(task, network, key, n_trials, carry_hidden, None, None, None)
    # Summed row by row: sums of rewards depend on the order.
    right, early, reward = (values.reshape(IN_A_ROW, -1) for values in outcomes[:3])
    return Evaluation(jnp.mean(right, dtype=float), jnp.mean(early, dtype=float), jnp.mean(reward))


def trial_outcomes(
    task: TrialTask,
    network: RecurrentNetwork,
    key: Array,
    n_trials: int,
    carry_hidden: bool | Bool[Array, ""] = False,
    stand_in: RecurrentNetwork | None = None,
    stages: Bool[Array, " stages"] | None = None,
    state_noise: float | Float[Array, ""] = 0.0,
) -> Outcomes:
    """Let the network act greedily on the trials of `evaluate`, and tell what came of each.

    Parameters
    ----------
    task, network, key, n_trials, carry_hidden
        As in `evaluate`: its accuracy is the mean of `right`.
    stand_in
        A network of the same shape that acts instead, and whose readout is asked, in some stages: a lesion can so be
        limited to a stage. The state is handed over as it is.
    stages
        In which of `attrax.tasks.trial.STAGES` the stand-in acts; None: in all.
    state_noise
        Standard deviation of independent Gaussian noise on each number of the state after each step, before the readout
        sees it. It depends on `key` alone, and is not rectified: a unit can be pushed below zero.

    Returns
    -------
    Arrays over the trials, in the same order whoever acts.

    Notes
    -----
    Compiled once for a task and a number of trials, once more with a stand-in, and once more with noise; weights,
    stages and the size of the noise are inputs. Where all trials are in the same stage only one network takes the step.
    """
    silent = isinstance(state_noise, int | float) and state_noise == 0
    noise = None if silent else jnp.asarray(state_noise, float)
    if stand_in is None:
        stages = None
    elif stages is None:
        stages = jnp.ones(len(STAGES), bool)
    return _compiled(task, network, key, n_trials, carry_hidden, stand_in, stages, noise)


def _act_on_trials(
    task: TrialTask,
    network: RecurrentNetwork,
    key: Array,
    n_trials: int,
    carry_hidden: bool | Bool[Array, ""],
    stand_in: RecurrentNetwork | None,
    stages: Bool[Array, " stages"] | None,
    state_noise: Float[Array, ""] | None,
) -> Outcomes:
    """See `trial_outcomes`; a stand-in comes with its stages, and without noise nothing is drawn."""
    streams = n_trials // IN_A_ROW
    keys = stream_keys(key, streams)
    judge = jax.vmap(task.judge, in_axes=(0, None, 0))
    # After the end of a trial (stage 4) nobody stands in.
    stood_in = None if stages is None else jnp.append(stages, jnp.zeros(1, bool))

    def run_trial(hidden: Array, number: Array) -> tuple[Array, Outcomes]:
        hidden = jnp.where(carry_hidden, hidden, 0.0)
        queue = draw_queues(task, keys, jnp.full(streams, number), 1)
        trials = jax.tree.map(lambda values: values[:, 0], queue)
        if state_noise is not None:
            shape = (task.longest_trial, *hidden.shape)
            drawn = jax.random.normal(
                jax.random.fold_in(jax.random.fold_in(key, _NOISE), number), (hidden.size * shape[0],)
            )
            noise = state_noise * drawn.reshape(shape)

        def move(acting: RecurrentNetwork, hidden: Array, step: Array) -> tuple[Array, Array]:
            moved = acting.step(hidden, trials.observation[:, step])
            if state_noise is not None:
                moved = moved + noise[step]
            return moved, jnp.argmax(acting.logits(moved), axis=-1)

        def move_both(
            other: RecurrentNetwork, instead: Bool[Array, " rows"], hidden: Array, step: Array
        ) -> tuple[Array, Array]:
            (moved, action), (others, other_action) = move(network, hidden, step), move(other, hidden, step)
            return jnp.where(instead[:, None], others, moved), jnp.where(instead, other_action, action)

        def act(carry: Any, step: Array) -> tuple[Any, None]:
            hidden, going, right, early, reward = carry
            if stand_in is None or stood_in is None:
                moved, action = move(network, hidden, step)
            else:
                instead = stood_in[trials.stage[:, step]]
                some, not_all = jnp.any(going & instead), jnp.any(going & ~instead)
                ways = (partial(move, network), partial(move, stand_in), partial(move_both, stand_in, instead))
                moved, action = jax.lax.switch(jnp.where(some, 1 + not_all, 0), ways, hidden, step)
            feedback = judge(trials, step, action)
            hidden = jnp.where(going[:, None], moved, hidden)
            right = right | (going & (feedback.answer == trials.choice))
            early = early | (going & feedback.early)
            reward = reward + jnp.where(going, feedback.reward, 0.0)
            return (hidden, going & ~feedback.end, right, early, reward), None

        none = jnp.zeros(streams, bool)
        start = (hidden, ~none, none, none, jnp.zeros(streams))
        (hidden, _, right, early, reward), _ = jax.lax.scan(act, start, jnp.arange(task.longest_trial))
        return hidden, Outcomes(right, early, reward, trials.context, trials.coherence)

    hidden = jnp.zeros((streams, network.n_state))
    _, outcomes = jax.lax.scan(run_trial, hidden, jnp.arange(IN_A_ROW))
    return jax.tree.map(lambda values: values.reshape(n_trials, *values.shape[2:]), outcomes)


_compiled = jax.jit(_act_on_trials, static_argnums=(0, 3))
