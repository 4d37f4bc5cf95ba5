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
    take = _step(task, trials, move or greedy_move(network, trials))
    state = before_trials(network, trials)
    if hidden is not None:
        state = state._replace(hidden=hidden)

    def step(carry: Any, number: Array) -> tuple[Any, Any]:
        state, seen = carry
        after, feedback = take(state, number)
        seen, kept = observe(seen, Moment(number, state.hidden, after.hidden, feedback, state.going))
        if stop_at_end:
            after = after._replace(hidden=jnp.where(state.going[:, None], after.hidden, state.hidden))
        return (after, seen), kept

    (state, seen), kept = jax.lax.scan(step, (state, seen), jnp.arange(task.longest_trial))
    return TrialsRun(state.hidden, state.answer, seen, kept)


class TrialsState(NamedTuple):
    """How far trials that run side by side are."""

    hidden: Hidden
    going: Bool[Array, " trials"]
    """Whether no answer has ended the trial."""
    answer: Int[Array, " trials"]
    """The first answer in the decision stage; 0 where there is none yet."""


def before_trials(network: RecurrentNetwork, trials: Trial) -> TrialsState:
    """Return the state before the first step: zero."""
    n_trials = trials.context.shape[0]
    zero = jnp.zeros((n_trials, network.n_state))
    return TrialsState(zero, jnp.ones(n_trials, bool), jnp.zeros(n_trials, jnp.int32))


def run_until_answered(
    task: TrialTask,
    trials: Trial,
    move: Move,
    state: TrialsState,
    first: int | Int[Array, ""],
    last: int | Int[Array, ""],
) -> TrialsState:
    """Go on with trials from step `first` to before step `last`, and no longer than one of them is going on.

    What comes of a trial is the same as by `run_trials`, wherever the run was parted.

    Parameters
    ----------
    task, trials, move
        As in `run_trials`.
    state
        How far the trials are.
    first, last
        The steps.
    """
    take = _step(task, trials, move)

    def goes_on(carry: tuple[Array, TrialsState]) -> Array:
        return (carry[0] < last) & jnp.any(carry[1].going)

    def step(carry: tuple[Array, TrialsState]) -> tuple[Array, TrialsState]:
        number, state = carry
        return number + 1, take(state, number)[0]

    _, state = jax.lax.while_loop(goes_on, step, (jnp.asarray(first, jnp.int32), state))
    return state


def _step(
    task: TrialTask, trials: Trial, move: Move
) -> Callable[[TrialsState, Int[Array, ""]], tuple[TrialsState, Feedback]]:
    """Return how trials go on by a step."""
    judge = jax.vmap(task.judge, in_axes=(0, None, 0))

    def take(state: TrialsState, number: Array) -> tuple[TrialsState, Feedback]:
        moved, action = move(state.hidden, number, state.going)
        feedback = judge(trials, number, action)
        answer = jnp.where(state.going, feedback.answer, state.answer)
        return TrialsState(moved, state.going & ~feedback.end, answer), feedback

    return take


def greedy_move(network: RecurrentNetwork, trials: Trial) -> Move:
    """Return the way in which a network takes a step of trials by itself."""

    def move(hidden: Array, step: Array, going: Array) -> tuple[Array, Array]:
        moved = network.step(hidden, trials.observation[:, step])
        return moved, jnp.argmax(network.logits(moved), axis=-1)

    return move
