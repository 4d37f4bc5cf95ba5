"""Trials in a row: the stream that every learner draws from, as a queue or as labelled sequences.

Trial k of a stream is drawn from ``fold_in(stream_key, k)``: the same for an environment, which consumes
trials as answers end them, and for a supervised sequence, which shows them in full.
"""

from typing import NamedTuple

from jaxtyping import Bool, Float, Int

from attrax._lazy import Array, jax, jnp
from attrax.tasks.trial import OVER, Trial, TrialTask


def stream_keys(key: Array, n_streams: int) -> Array:
    """Return the keys of several streams, shape (streams,): stream s from ``fold_in(key, s)``."""
    return jax.vmap(lambda s: jax.random.fold_in(key, s))(jnp.arange(n_streams))


def draw_trials(task: TrialTask, stream_key: Array, first: int | Int[Array, ""], count: int) -> Trial:
    """Draw the trials ``first, ..., first + count - 1`` of a stream, stacked on a leading axis."""
    numbers = first + jnp.arange(count)
    return jax.vmap(lambda number: task.trial(jax.random.fold_in(stream_key, number)))(numbers)


def draw_queues(task: TrialTask, stream_keys: Array, first: Int[Array, " streams"], count: int) -> Trial:
    """Draw the next `count` trials of several streams, stacked on two leading axes (streams, count).

    The same as `draw_trials` of each stream. All trials are drawn along a single axis: XLA takes several times as long
    to compile random bits for arrays of more axes.
    """
    numbers = first[:, None] + jnp.arange(count)
    keys = jax.vmap(jax.random.fold_in)(jnp.repeat(stream_keys, count), numbers.reshape(-1))
    trials = jax.vmap(task.trial)(keys)
    return jax.tree.map(lambda values: values.reshape(*numbers.shape, *values.shape[1:]), trials)


class Sequence(NamedTuple):
    """Trials in a row, with the right action at each step."""

    observation: Float[Array, "*batch steps inputs"]
    target: Int[Array, "*batch steps"]
    weight: Float[Array, "*batch steps"]
    """How much each step counts in the loss; 0 after the end of the last trial."""
    start: Bool[Array, "*batch steps"]
    """The step is the first of a trial."""


def labelled_sequence(trials: Trial, n_steps: int, fixation_weight: float | Float[Array, ""]) -> Sequence:
    """Lay trials end to end, as a labelled sequence of a fixed number of steps.

    Parameters
    ----------
    trials
        Stacked on one leading axis, shown in full and in order.
    n_steps
        Length of the sequence: a trial that does not fit is cut, steps after the last trial weigh nothing.
    fixation_weight
        Weight of the steps at which the right action is to keep fixating; the decision steps weigh 1.
        (Weighted evenly, a task with long fixation hardly teaches its decision.)
    """
    ends = jnp.cumsum(trials.length)
    steps = jnp.arange(n_steps)
    number = jnp.sum(steps[:, None] >= ends[None, :], axis=1)
    within = steps - jnp.where(number > 0, ends[number - 1], 0)
    over = number >= ends.shape[0]
    number, within = jnp.where(over, 0, number), jnp.where(over, 0, within)
    target = jnp.where(over, 0, trials.target[number, within])
    stage = jnp.where(over, OVER, trials.stage[number, within])
    weight = jnp.where(stage == OVER, 0.0, jnp.where(target == 0, fixation_weight, 1.0))
    observation = jnp.where(over[:, None], 0.0, trials.observation[number, within])
    return Sequence(observation, target, weight, (within == 0) & ~over)
