"""Rollouts against the environment stepped one by one, the policy that acts in them, and resets by hand."""

import dataclasses

import jax
import numpy as np
import pytest

from attrax.learning.a2c_and_reinforce import A2C
from attrax.learning.compiled_training import initial_network
from attrax.learning.ppo import PPO
from attrax.networks import NetworkSettings
from attrax.tasks import reset, step
from attrax.tasks.perceptual_decision import PerceptualDecision
from attrax.tasks.stream import stream_keys
from tests.learning.first_rollout import collect_rollout, first_rollout, policy_of, start

LEARNER = PPO(environments=4, steps=12, minibatches=2)


def test_a_rollout_is_what_the_environment_does(easy_task, small_network):
    """The queue of trials that a rollout draws beforehand is the same as stepping the environment, over rollouts."""
    environments = jax.jit(jax.vmap(lambda key: reset(easy_task, key)))(stream_keys(jax.random.key(0), 4))
    advance = jax.jit(jax.vmap(lambda state, action: step(easy_task, state, action)))
    observe = jax.jit(jax.vmap(lambda state: state.observation))
    state = start(LEARNER, easy_task, initial_network(easy_task, small_network, 0))
    for number in range(3):
        rollout, state = collect_rollout(LEARNER, easy_task, state, jax.random.key(10 + number))
        steps = jax.tree.map(np.asarray, rollout.experience)
        for index in range(LEARNER.steps):
            experience = jax.tree.map(lambda a, i=index: a[i], steps)
            np.testing.assert_allclose(experience.observation, observe(environments), atol=1e-6)
            environments, feedback = advance(environments, experience.action)
            np.testing.assert_allclose(experience.reward, feedback.reward)
            np.testing.assert_array_equal(experience.end, feedback.end)
        np.testing.assert_array_equal(state.number, environments.number)
        np.testing.assert_array_equal(state.step, environments.step)


def test_actions_are_drawn_from_the_policy(easy_task, small_network):
    learner = PPO(environments=256, steps=40, minibatches=1)
    network = initial_network(easy_task, small_network, 0)
    rollout = first_rollout(learner, easy_task, network)
    experience = rollout.experience
    n = experience.action.size
    policy = np.asarray(policy_of(network, rollout))
    for action in range(3):
        expected = float(policy[..., action].mean())
        assert float((experience.action == action).mean()) == pytest.approx(expected, abs=5 * np.sqrt(0.25 / n))
    log_policy = np.log(np.take_along_axis(policy, np.asarray(experience.action)[..., None], axis=-1))[..., 0]
    np.testing.assert_allclose(experience.log_probability, log_policy, atol=1e-4)


def test_a_higher_temperature_makes_actions_more_random(easy_task, small_network):
    network = initial_network(easy_task, small_network, 0)
    sharp = dataclasses.replace(network, policy_weights=20 * network.policy_weights)
    shares = []
    for temperature in (0.2, 1.0, 50.0):
        learner = A2C(environments=64, steps=14, temperature=temperature)
        rollout = first_rollout(learner, easy_task, sharp)
        shares.append(np.bincount(np.asarray(rollout.experience.action).ravel(), minlength=3) / rollout.value.size)
        policy = np.asarray(policy_of(sharp, rollout, temperature))
        taken = np.take_along_axis(policy, np.asarray(rollout.experience.action)[..., None], axis=-1)[..., 0]
        np.testing.assert_allclose(rollout.experience.log_probability, np.log(taken), atol=1e-3)
    assert np.ptp(shares[2]) < 0.1
    assert np.ptp(shares[0]) > np.ptp(shares[2])


@pytest.fixture
def short_trials():
    """Trials of exactly four steps, of which the last one is the decision."""
    return PerceptualDecision(fixation=1, stimulus=1, delay=1, decision=1)


@pytest.mark.parametrize("reset_hidden", [True, False])
def test_the_hidden_state_restarts_on_the_step_after_the_end_and_only_if_set(short_trials, reset_hidden):
    """By hand: ends are at steps 3, 7, 11, ..., so restarts are at steps 4, 8, 12, ..., also across rollouts."""
    learner = PPO(environments=2, steps=10, minibatches=1, reset_hidden=reset_hidden)
    network = initial_network(short_trials, NetworkSettings(delta=0.3, n_hidden=8), 0)
    state = start(learner, short_trials, network)
    following = jax.jit(lambda hidden, observation: network.step(hidden, observation))
    value_of = jax.jit(lambda hidden: network.value(hidden))
    ends, restarts = [], []
    for rollout_number in range(3):
        hidden = state.hidden
        rollout, state = collect_rollout(learner, short_trials, state, jax.random.key(rollout_number))
        experience = jax.tree.map(np.asarray, rollout.experience)
        ends.append(experience.end)
        restarts.append(experience.restart)
        for index in range(10):  # the states, one step at a time, with the reset written out
            previous_ended = ends[-1][index - 1] if index else (ends[-2][-1] if rollout_number else np.zeros(2, bool))
            if reset_hidden:
                hidden = np.where(previous_ended[:, None], np.float32(0), hidden)
            hidden = following(hidden, experience.observation[index])
            np.testing.assert_allclose(experience.value[index], value_of(hidden), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(state.hidden, hidden, rtol=1e-5, atol=1e-6)
    end, restart = np.concatenate(ends), np.concatenate(restarts)
    by_hand = np.arange(30) % 4 == 3
    np.testing.assert_array_equal(end, np.stack([by_hand, by_hand], axis=1))
    expected = np.concatenate([[False], by_hand[:-1]]) & reset_hidden
    np.testing.assert_array_equal(restart, np.stack([expected, expected], axis=1))
    assert int(state.trials) == 2 * 7
