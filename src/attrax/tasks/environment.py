"""A task as an environment: observation, action, reward, end of trial; one trial follows the other.

For batches, `jax.vmap` over both functions.
"""

from typing import NamedTuple

from jaxtyping import Bool, Float, Int

from attrax._lazy import Array, jax, jnp
from attrax.tasks.trial import Feedback, Trial, TrialTask


class EnvironmentState(NamedTuple):
    """Where an environment is in its stream of trials."""

    stream_key: Array
    number: Int[Array, ""]
    """Index of the current trial in the stream."""
    step: Int[Array, ""]
    trial: Trial

    @property
    def observation(self) -> Float[Array, " inputs"]:
        """What the agent sees before it acts."""
        return self.trial.observation[self.step]


def reset(task: TrialTask, stream_key: Array) -> EnvironmentState:
    """Start at the first trial of a stream; the observation is `EnvironmentState.observation`."""
    start = jnp.zeros((), jnp.int32)
    return EnvironmentState(stream_key, start, start, task.trial(jax.random.fold_in(stream_key, start)))


def step(task: TrialTask, state: EnvironmentState, action: Int[Array, ""]) -> tuple[EnvironmentState, Feedback]:
    """Judge an action and go on; where a trial ends, the next state is the first step of the next one.

    Returns
    -------
    state
        With the next observation.
    feedback
        Of the action: reward, whether it ended the trial, whether it came early.
    """
    feedback = task.judge(state.trial, state.step, action)
    end: Bool[Array, ""] = feedback.end
    number = state.number + end
    following = task.trial(jax.random.fold_in(state.stream_key, number))
    trial = jax.tree.map(lambda new, old: jnp.where(end, new, old), following, state.trial)
    return EnvironmentState(state.stream_key, number, jnp.where(end, 0, state.step + 1), trial), feedback
