"""PPO's neighbours: each is held against PPO, or against its formula, on one and the same rollout."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.learning.a2c_and_reinforce import A2C, Reinforce
from attrax.learning.closed_loop_supervised import ClosedLoopSupervised
from attrax.learning.compiled_training import initial_network
from attrax.learning.losses import label_loss
from attrax.learning.ppo import PPO
from attrax.settings import SettingsError
from attrax.tasks import reset, step
from attrax.tasks.stream import stream_keys

HERE = {"environments": 6, "steps": 14}


@pytest.fixture
def network(easy_task, small_network):
    return initial_network(easy_task, small_network, 0)


def rollout_of(learner, task, network):
    state = learner.start(task, network, jax.random.key(0), jax.random.key(1))
    return learner._collect(task, state, jax.random.key(2))[0]


def test_a2c_goes_along_the_gradient_that_ppo_begins_with(easy_task, network):
    """At ratio 1 nothing is cut: the gradient of ratio x advantage is that of log-probability x advantage."""
    one, other = A2C(**HERE), PPO(**HERE, minibatches=1)
    rollout = rollout_of(one, easy_task, network)
    advantage = jax.random.normal(jax.random.key(5), rollout.value.shape)
    returns = advantage + rollout.value
    mine, _ = jax.grad(one._loss, has_aux=True)(
        network, rollout.hidden, rollout.experience, advantage, returns, jnp.ones_like(advantage)
    )
    theirs, _ = jax.grad(other._loss, has_aux=True)(network, rollout.hidden, rollout.experience, advantage, returns)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-6), mine, theirs)


def test_reinforce_counts_discounted_rewards_to_the_end_of_each_trial_and_no_cut_trial(easy_task, network):
    learner = Reinforce(**HERE, discount=0.9)
    rollout = rollout_of(learner, easy_task, network)
    advantage, counted = learner._taught(rollout)
    reward, end = np.asarray(rollout.experience.reward), np.asarray(rollout.experience.end)
    assert 0 < float(counted.mean()) < 1
    for environment in range(HERE["environments"]):
        for start in range(HERE["steps"]):
            rest = np.flatnonzero(end[start:, environment])
            assert bool(counted[start, environment]) == bool(rest.size)
            if rest.size:
                earned = sum(0.9**k * reward[start + k, environment] for k in range(rest[0] + 1))
                value = float(rollout.value[start, environment])
                assert float(advantage[start, environment]) == pytest.approx(earned - value, abs=1e-5)


def test_steps_that_do_not_count_leave_no_trace_in_the_gradient(easy_task, network):
    learner = Reinforce(**HERE)
    rollout = rollout_of(learner, easy_task, network)
    advantage, counted = learner._taught(rollout)
    returns = advantage + rollout.value
    gradient = jax.grad(
        lambda a, r: learner._loss(network, rollout.hidden, rollout.experience, a, r, counted)[0], (0, 1)
    )
    for part in gradient(advantage, returns):
        assert (np.asarray(part)[np.asarray(counted) == 0] == 0).all()


def test_without_a_value_loss_there_is_no_critic(easy_task, network):
    learner = A2C(**HERE, value_weight=0.0, gae_lambda=1.0)
    rollout = rollout_of(learner, easy_task, network)
    loud = rollout._replace(
        experience=rollout.experience._replace(value=rollout.value + 100.0), bootstrap=rollout.bootstrap - 50.0
    )
    np.testing.assert_array_equal(learner._advantages(rollout), learner._advantages(loud))
    assert np.abs(np.asarray(A2C(**HERE)._advantages(rollout) - A2C(**HERE)._advantages(loud))).max() > 1


def test_a_higher_temperature_makes_actions_more_random(easy_task, network):
    sharp = dataclasses.replace(network, policy_weights=20 * network.policy_weights)
    shares = []
    for temperature in (0.2, 1.0, 50.0):
        learner = A2C(environments=64, steps=14, temperature=temperature)
        rollout = rollout_of(learner, easy_task, sharp)
        shares.append(np.bincount(np.asarray(rollout.experience.action).ravel(), minlength=3) / rollout.value.size)
        hidden = sharp.run(rollout.hidden, rollout.experience.observation, rollout.experience.restart)
        policy = jax.nn.softmax(sharp.logits(hidden) / temperature)
        taken = jnp.take_along_axis(policy, rollout.experience.action[..., None], axis=-1)[..., 0]
        np.testing.assert_allclose(rollout.experience.log_probability, jnp.log(taken), atol=1e-3)
    assert np.ptp(shares[2]) < 0.1
    assert np.ptp(shares[0]) > np.ptp(shares[2])


def test_in_closed_loop_the_target_is_that_of_the_step_that_the_actions_led_to(easy_task, network):
    learner = ClosedLoopSupervised(**HERE, fixation_weight=0.3)
    rollout = rollout_of(learner, easy_task, network)
    environments = jax.vmap(lambda key: reset(easy_task, key))(stream_keys(jax.random.key(0), HERE["environments"]))
    each = jnp.arange(HERE["environments"])
    for number in range(HERE["steps"]):
        right = environments.trial.target[each, environments.step]
        np.testing.assert_array_equal(rollout.experience.target[number], right)
        environments, _ = jax.vmap(lambda s, a: step(easy_task, s, a))(environments, rollout.experience.action[number])
    hidden = network.run(rollout.hidden, rollout.experience.observation, rollout.experience.restart)
    log_policy = np.asarray(jax.nn.log_softmax(network.logits(hidden)))
    target = np.asarray(rollout.experience.target)
    weight = np.where(target == 0, 0.3, 1.0)
    taken = np.take_along_axis(log_policy, target[..., None], axis=-1)[..., 0]
    assert float(learner._loss(network, rollout)[0]) == pytest.approx(-(weight * taken).sum() / weight.sum(), rel=1e-4)


def test_squared_error_is_the_distance_of_the_logits_from_the_right_one():
    logits = jnp.array([[[1.0, 0.0, 0.0]], [[0.0, 2.0, 0.0]]])
    target, weight = jnp.array([[0], [2]]), jnp.array([[1.0], [3.0]])
    assert float(label_loss("squared error", logits, target, weight)) == pytest.approx((0 + 3 * (4 + 1)) / 4)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Reinforce(gae_lambda=0.9), "gae_lambda is 0.9"),
        (lambda: A2C(temperature=0.0), "temperature is 0"),
        (lambda: ClosedLoopSupervised(fixation_weight=-1.0), "fixation_weight is -1"),
    ],
)
def test_impossible_settings_are_refused(make, words):
    with pytest.raises(SettingsError, match=words):
        make()
