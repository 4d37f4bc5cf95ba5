"""A network that acts greedily in trials side by side: one scan, whoever looks on."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from attrax.networks import RecurrentNetwork
from attrax.tasks import TrialTask
from attrax.tasks.trial import Feedback, Trial

Hidden: TypeAlias = Float[Array, "trials state"]
Seen = TypeVar("Seen")
"""What an onlooker has gathered so far: any tree of arrays."""
Move: TypeAlias = Callable[[Hidden, Int[Array, ""], Bool[Array, " trials"]], tuple[Hidden, Int[Array, " trials"]]]
"""Given the state, the step and which trials are going on: the next state, and the action."""


class Moment(NamedTuple):
    """One step of all trials."""

    step: Int[Array, ""]
    before: Hidden
    hidden: Hidden
    """After the step: what the readout sees."""
    feedback: Feedback
    going: Bool[Array, " trials"]
    """Whether no answer has ended the trial before this step."""


class TrialsRun(NamedTuple):
    """What is left of trials that were run."""

    hidden: Hidden
    """The last states."""
    answer: Int[Array, " trials"]
    """The first answer in the decision stage; 0 where there is none."""
    seen: Any
    """What the onlooker has gathered over all steps."""
    kept: Any
    """What the onlooker kept of each step, stacked on a leading axis."""


def run_trials(
    task: TrialTask,
    network: RecurrentNetwork,
    trials: Trial,
    observe: Callable[[Seen, Moment], tuple[Seen, Any]],
    seen: Seen,
    hidden: Hidden | None = None,
    move: Move | None = None,
    *,
    stop_at_end: bool = False,
) -> TrialsRun:
    """Run a network through trials, side by side, for as many steps as the longest trial can have.

    Parameters
    ----------
    task, network
        What to do, and who does it.
    trials
        Stacked on one leading axis.
    observe
        Told of each step; returns what it has gathered, and what is to be kept of this step (None: nothing).
    seen
        What it has gathered before the first step.
    hidden
        States to start from; None: zero.
    move
        How a step is taken; None: the network's own step, and its greedy action.
    stop_at_end
        Whether the state stays as it is when an answer ends a trial. Otherwise the trial goes on as if it had not.

    Notes
    -----
    To be called while something is compiled: it compiles nothing itself. What nobody asks for is not computed.
    """
    n_trials = trials.context.shape[0]
    judge = jax.vmap(task.judge, in_axes=(0, None, 0))
    take = move or greedy_move(network, trials)

    def step(carry: Any, number: Array) -> tuple[Any, Any]:
        before, going, answer, seen = carry
        moved, action = take(before, number, going)
        feedback = judge(trials, number, action)
        seen, kept = observe(seen, Moment(number, before, moved, feedback, going))
        answer = jnp.where(going, feedback.answer, answer)
        hidden = jnp.where(going[:, None], moved, before) if stop_at_end else moved
        return (hidden, going & ~feedback.end, answer, seen), kept

    first = jnp.zeros((n_trials, network.n_state)) if hidden is None else hidden
    start = (first, jnp.ones(n_trials, bool), jnp.zeros(n_trials, jnp.int32), seen)
    (last, _, answer, seen), kept = jax.lax.scan(step, start, jnp.arange(task.longest_trial))
    return TrialsRun(last, answer, seen, kept)


def greedy_move(network: RecurrentNetwork, trials: Trial) -> Move:
    """Return the way in which a network takes a step of trials by itself."""

    def move(hidden: Array, step: Array, going: Array) -> tuple[Array, Array]:
        moved = network.step(hidden, trials.observation[:, step])
        return moved, jnp.argmax(network.logits(moved), axis=-1)

    return move
