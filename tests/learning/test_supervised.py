import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.learning.compiled_training import initial_network
from attrax.learning.ppo import PPO
from attrax.learning.supervised import Supervised
from attrax.settings import SettingsError
from attrax.tasks import draw_trials
from attrax.tasks.stream import stream_keys
from tests.learning import first_rollout
from tests.learning.first_rollout import collect_rollout

LEARNER = Supervised(batch_size=3, sequence_steps=20)


sequences_of = jax.jit(Supervised._sequences, static_argnums=(0, 1))


def start(task, settings, learner=LEARNER):
    return first_rollout.start(learner, task, initial_network(task, settings, 0))


def test_the_loss_is_the_step_weighted_cross_entropy(easy_task, small_network):
    state = start(easy_task, small_network)
    sequences = sequences_of(LEARNER, easy_task, state)
    observation, target, weight = map(np.asarray, (sequences.observation, sequences.target, sequences.weight))
    following = jax.jit(lambda hidden, observation: state.network.step(hidden, observation))
    policy_of = jax.jit(lambda hidden: jax.nn.softmax(state.network.logits(hidden)))
    total = weights = 0.0
    for row in range(LEARNER.batch_size):
        hidden = np.zeros(small_network.n_hidden, np.float32)
        for step in range(LEARNER.sequence_steps):
            hidden = following(hidden, observation[row, step])
            policy = np.asarray(policy_of(hidden))
            total += float(weight[row, step]) * -float(np.log(policy[target[row, step]]))
            weights += float(weight[row, step])
    assert float(jax.jit(LEARNER._loss)(state.network, sequences)[0]) == pytest.approx(total / weights, rel=1e-4)


def test_with_reset_a_sequence_is_one_trial(easy_task, small_network):
    learner = dataclasses.replace(LEARNER, reset_hidden=True)
    sequences = sequences_of(learner, easy_task, start(easy_task, small_network, learner))
    assert sequences.target.shape == (3, easy_task.longest_trial)
    assert (np.asarray(sequences.start).sum(axis=1) == 1).all()


def test_each_update_shows_the_trials_after_those_of_the_last_one(easy_task, small_network):
    state = start(easy_task, small_network)
    update = jax.jit(lambda state: LEARNER.update(easy_task, state))
    shown = np.asarray(sequences_of(LEARNER, easy_task, state).start).sum(axis=1)
    after, _ = update(state)
    np.testing.assert_array_equal(after.number, shown)
    assert int(after.trials) == shown.sum()
    again = np.asarray(sequences_of(LEARNER, easy_task, after).observation)
    key = stream_keys(jax.random.key(0), 3)[1]
    first = draw_trials(easy_task, key, int(np.asarray(after.number)[1]), 1)
    length = int(np.asarray(first.length)[0])
    np.testing.assert_allclose(again[1, :length], np.asarray(first.observation)[0, :length], atol=1e-6)


def test_both_rules_see_the_same_trials_at_one_seed(easy_task, small_network):
    """The k-th trial of the e-th environment is the k-th trial of the e-th sequence."""
    supervised = sequences_of(LEARNER, easy_task, start(easy_task, small_network))
    learner = PPO(environments=3, steps=20, minibatches=1)
    network = initial_network(easy_task, small_network, 0)
    state = first_rollout.start(learner, easy_task, network)
    # A network that never answers lets every trial run to its end.
    mute = dataclasses.replace(network, policy_bias=jnp.array([1e6, 0.0, 0.0]))
    rollout, _ = collect_rollout(learner, easy_task, state._replace(network=mute), jax.random.key(2))
    np.testing.assert_allclose(jnp.swapaxes(rollout.experience.observation, 0, 1), supervised.observation, atol=1e-6)


def test_impossible_settings_are_refused():
    with pytest.raises(SettingsError, match="batch_size is 0"):
        Supervised(batch_size=0)
    with pytest.raises(SettingsError, match="fixation_weight is -1.0"):
        Supervised(fixation_weight=-1.0)
