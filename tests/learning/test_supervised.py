import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.learning.compiled_training import initial_network
from attrax.learning.ppo import PPO
from attrax.learning.rollouts import collect_rollout
from attrax.learning.supervised import Supervised
from attrax.settings import SettingsError
from attrax.tasks import draw_trials
from attrax.tasks.stream import stream_keys

LEARNER = Supervised(batch_size=3, sequence_steps=20)


def start(task, settings, learner=LEARNER):
    network = initial_network(task, settings, 0)
    return learner.start(task, network, jax.random.key(0), jax.random.key(1))


def test_the_loss_is_the_step_weighted_cross_entropy(easy_task, small_network):
    state = start(easy_task, small_network)
    sequences = LEARNER._sequences(easy_task, state)
    total = weights = 0.0
    for row in range(LEARNER.batch_size):
        hidden = jnp.zeros(small_network.n_hidden)
        for step in range(LEARNER.sequence_steps):
            hidden = state.network.step(hidden, sequences.observation[row, step])
            policy = jax.nn.softmax(state.network.logits(hidden))
            weight = float(sequences.weight[row, step])
            total += weight * -float(jnp.log(policy[int(sequences.target[row, step])]))
            weights += weight
    assert float(LEARNER._loss(state.network, sequences)[0]) == pytest.approx(total / weights, rel=1e-4)


def test_with_reset_a_sequence_is_one_trial(easy_task, small_network):
    learner = dataclasses.replace(LEARNER, reset_hidden=True)
    sequences = learner._sequences(easy_task, start(easy_task, small_network, learner))
    assert sequences.target.shape == (3, easy_task.longest_trial)
    assert (np.asarray(sequences.start).sum(axis=1) == 1).all()


def test_each_update_shows_the_trials_after_those_of_the_last_one(easy_task, small_network):
    state = start(easy_task, small_network)
    update = jax.jit(lambda state: LEARNER.update(easy_task, state))
    shown = np.asarray(LEARNER._sequences(easy_task, state).start.sum(axis=1))
    after, _ = update(state)
    np.testing.assert_array_equal(after.number, shown)
    assert int(after.trials) == shown.sum()
    again = LEARNER._sequences(easy_task, after)
    key = stream_keys(jax.random.key(0), 3)[1]
    first = draw_trials(easy_task, key, int(after.number[1]), 1)
    length = int(first.length[0])
    np.testing.assert_allclose(again.observation[1, :length], first.observation[0, :length], atol=1e-6)


def test_both_rules_see_the_same_trials_at_one_seed(easy_task, small_network):
    """The k-th trial of the e-th environment is the k-th trial of the e-th sequence."""
    supervised = LEARNER._sequences(easy_task, start(easy_task, small_network))
    learner = PPO(environments=3, steps=20, minibatches=1)
    network = initial_network(easy_task, small_network, 0)
    state = learner.start(easy_task, network, jax.random.key(0), jax.random.key(1))
    # A network that never answers lets every trial run to its end.
    mute = dataclasses.replace(network, policy_bias=jnp.array([1e6, 0.0, 0.0]))
    rollout, _ = collect_rollout(learner, easy_task, state._replace(network=mute), jax.random.key(2))
    np.testing.assert_allclose(jnp.swapaxes(rollout.experience.observation, 0, 1), supervised.observation, atol=1e-6)


def test_impossible_settings_are_refused():
    with pytest.raises(SettingsError, match="batch_size is 0"):
        Supervised(batch_size=0)
    with pytest.raises(SettingsError, match="fixation_weight is -1.0"):
        Supervised(fixation_weight=-1.0)
