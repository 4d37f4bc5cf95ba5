"""What comes of each trial when a network is lesioned or disturbed: on the very trials of training's criterion."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from attrax.learning.evaluation import Outcomes, act_in_rows
from attrax.learning.greedy_trials import Move
from attrax.networks import RecurrentNetwork
from attrax.tasks import TrialTask
from attrax.tasks.trial import STAGES, Trial

_NOISE = 2**32 - 1  # what the noise's key is folded with: no stream has this number


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
    """Let the network act greedily on the trials of `attrax.learning.evaluate`, and tell what came of each.

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


@partial(jax.jit, static_argnums=(0, 3))
def _compiled(
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

    def way(trials: Trial, number: Int[Array, ""]) -> Move:
        noise = None
        if state_noise is not None:
            shape = (task.longest_trial, trials.context.shape[0], network.n_state)
            drawn = jax.random.normal(
                jax.random.fold_in(jax.random.fold_in(key, _NOISE), number), (shape[0] * shape[1] * shape[2],)
            )
            noise = state_noise * drawn.reshape(shape)
        return disturbed_move(network, trials, noise, stand_in, stages)

    return act_in_rows(task, network, key, n_trials, carry_hidden, way)


def disturbed_move(
    network: RecurrentNetwork,
    trials: Trial,
    noise: Float[Array, "steps trials state"] | None,
    stand_in: RecurrentNetwork | None,
    stages: Bool[Array, " stages"] | None,
) -> Move:
    """Return how a step is taken under noise, and by a stand-in in some stages."""
    # After the end of a trial (stage 4) nobody stands in.
    stood_in = None if stages is None else jnp.append(stages, jnp.zeros(1, bool))

    def move(acting: RecurrentNetwork, hidden: Array, step: Array) -> tuple[Array, Array]:
        moved = acting.step(hidden, trials.observation[:, step])
        if noise is not None:
            moved = moved + noise[step]
        return moved, jnp.argmax(acting.logits(moved), axis=-1)

    def move_both(
        other: RecurrentNetwork, instead: Bool[Array, " trials"], hidden: Array, step: Array
    ) -> tuple[Array, Array]:
        (moved, action), (others, other_action) = move(network, hidden, step), move(other, hidden, step)
        return jnp.where(instead[:, None], others, moved), jnp.where(instead, other_action, action)

    def take(hidden: Array, step: Array, going: Array) -> tuple[Array, Array]:
        if stand_in is None or stood_in is None:
            return move(network, hidden, step)
        instead = stood_in[trials.stage[:, step]]
        some, not_all = jnp.any(going & instead), jnp.any(going & ~instead)
        ways = (partial(move, network), partial(move, stand_in), partial(move_both, stand_in, instead))
        return jax.lax.switch(jnp.where(some, 1 + not_all, 0), ways, hidden, step)

    return take
