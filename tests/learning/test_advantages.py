"""By hand: two trials in five steps, and which flag belongs where."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.learning.advantages import generalised_advantages
from attrax.learning.compiled_training import initial_network
from attrax.learning.ppo import PPO
from attrax.networks import NetworkSettings
from attrax.tasks.perceptual_decision import PerceptualDecision

GAMMA, LAMBDA = 0.9, 0.5
REWARD = [0.0, 1.0, 0.0, 0.0, -0.5]
VALUE = [0.4, 0.8, 0.1, 0.3, 0.2]
END = [False, True, False, False, False]
BOOTSTRAP = 0.7


def test_two_trials_by_hand():
    """The first trial ends with step 1: nothing of the second one enters its returns; the second one is cut.

    delta = reward + gamma * next value - value, where the next value is 0 after the end:
    step 4: -0.5 + 0.9 * 0.7 - 0.2 = -0.07
    step 3: 0 + 0.9 * 0.2 - 0.3 = -0.12, advantage -0.12 + 0.45 * -0.07 = -0.1515
    step 2: 0 + 0.9 * 0.3 - 0.1 = 0.17, advantage 0.17 + 0.45 * -0.1515 = 0.101825
    step 1: 1 + 0 - 0.8 = 0.2, advantage 0.2 (the end cuts the trace)
    step 0: 0 + 0.9 * 0.8 - 0.4 = 0.32, advantage 0.32 + 0.45 * 0.2 = 0.41
    """
    advantage = generalised_advantages(
        jnp.array(REWARD), jnp.array(VALUE), jnp.array(BOOTSTRAP), jnp.array(END), GAMMA, LAMBDA
    )
    np.testing.assert_allclose(advantage, [0.41, 0.2, 0.101825, -0.1515, -0.07], rtol=1e-5)


def test_the_flag_of_the_previous_step_would_give_something_else():
    """The known mistake: the end flag shifted by one. The example above tells the two apart."""
    shifted = jnp.array([False, *END[:-1]])
    wrong = generalised_advantages(jnp.array(REWARD), jnp.array(VALUE), jnp.array(BOOTSTRAP), shifted, GAMMA, LAMBDA)
    assert not np.allclose(wrong, [0.41, 0.2, 0.101825, -0.1515, -0.07], atol=1e-3)


@pytest.mark.parametrize("gae_lambda", [0.0, 0.6, 1.0])
def test_with_lambda_one_the_returns_are_the_discounted_sums(gae_lambda):
    keys = jax.random.split(jax.random.key(0), 4)
    steps, batch = 12, 5
    reward, value = jax.random.normal(keys[0], (steps, batch)), jax.random.normal(keys[1], (steps, batch))
    end, bootstrap = jax.random.bernoulli(keys[2], 0.3, (steps, batch)), jax.random.normal(keys[3], (batch,))
    advantage = generalised_advantages(reward, value, bootstrap, end, GAMMA, gae_lambda)
    following = np.concatenate([value[1:], bootstrap[None]])
    error = np.asarray(reward + GAMMA * following * ~end - value)
    for t in range(steps):
        total, factor = np.zeros(batch), np.ones(batch)
        for k in range(t, steps):
            total += factor * error[k]
            factor = factor * GAMMA * gae_lambda * ~np.asarray(end[k])
        np.testing.assert_allclose(advantage[t], total, rtol=1e-4, atol=1e-5)


@pytest.fixture
def short_trials():
    """Trials of exactly four steps, of which the last one is the decision."""
    return PerceptualDecision(fixation=1, stimulus=1, delay=1, decision=1)


@pytest.mark.parametrize("reset_hidden", [True, False])
def test_the_hidden_state_restarts_on_the_step_after_the_end_and_only_if_set(short_trials, reset_hidden):
    """By hand: ends are at steps 3, 7, 11, ..., so restarts are at steps 4, 8, 12, ..., also across rollouts."""
    learner = PPO(environments=2, steps=10, minibatches=1, reset_hidden=reset_hidden)
    network = initial_network(short_trials, NetworkSettings(delta=0.3, n_hidden=8), 0)
    state = learner.start(short_trials, network, jax.random.key(0), jax.random.key(1))
    ends, restarts, hiddens = [], [], []
    for rollout_number in range(3):
        start = state.hidden
        rollout, state = learner._collect(short_trials, state, jax.random.key(rollout_number))
        ends.append(np.asarray(rollout.experience.end))
        restarts.append(np.asarray(rollout.experience.restart))
        hidden = start
        for step in range(10):  # the states, one step at a time, with the reset written out
            previous_ended = ends[-1][step - 1] if step else (ends[-2][-1] if rollout_number else np.zeros(2, bool))
            if reset_hidden:
                hidden = jnp.where(previous_ended[:, None], 0.0, hidden)
            hidden = network.step(hidden, rollout.experience.observation[step])
            hiddens.append(hidden)
            np.testing.assert_allclose(rollout.experience.value[step], network.value(hidden), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(state.hidden, hidden, rtol=1e-5, atol=1e-6)
    end, restart = np.concatenate(ends), np.concatenate(restarts)
    by_hand = np.arange(30) % 4 == 3
    np.testing.assert_array_equal(end, np.stack([by_hand, by_hand], axis=1))
    expected = np.concatenate([[False], by_hand[:-1]]) & reset_hidden
    np.testing.assert_array_equal(restart, np.stack([expected, expected], axis=1))
    assert int(state.trials) == 2 * 7
