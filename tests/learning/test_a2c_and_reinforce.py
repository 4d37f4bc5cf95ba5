"""PPO's neighbours: each is held against PPO, or against its formula, on one and the same rollout."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.learning.a2c_and_reinforce import A2C, Reinforce
from attrax.learning.compiled_training import initial_network
from attrax.learning.ppo import PPO
from attrax.settings import SettingsError
from tests.learning.first_rollout import first_rollout

HERE = {"environments": 6, "steps": 14}


@pytest.fixture(scope="module")
def network(easy_task, small_network):
    return initial_network(easy_task, small_network, 0)


@partial(jax.jit, static_argnums=0)
def taught(learner, rollout):
    return learner._advantages(rollout), learner._counted(rollout)


def test_a2c_goes_along_the_gradient_that_ppo_begins_with(easy_task, network):
    """At ratio 1 nothing is cut: the gradient of ratio x advantage is that of log-probability x advantage."""
    one, other = A2C(**HERE), PPO(**HERE, minibatches=1)
    rollout = first_rollout(one, easy_task, network)
    advantage = jax.random.normal(jax.random.key(5), rollout.value.shape)
    returns = advantage + rollout.value
    mine, _ = jax.jit(jax.grad(one._loss, has_aux=True))(
        network, rollout.hidden, rollout.experience, advantage, returns, jnp.ones_like(advantage)
    )
    theirs, _ = jax.jit(jax.grad(other._loss, has_aux=True))(
        network, rollout.hidden, rollout.experience, advantage, returns
    )
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-6), mine, theirs)


def test_reinforce_counts_discounted_rewards_to_the_end_of_each_trial_and_no_cut_trial(easy_task, network):
    learner = Reinforce(**HERE, discount=0.9)
    rollout = first_rollout(learner, easy_task, network)
    advantage, counted, values = map(np.asarray, (*taught(learner, rollout), rollout.value))
    reward, end = np.asarray(rollout.experience.reward), np.asarray(rollout.experience.end)
    assert 0 < float(counted.mean()) < 1
    for environment in range(HERE["environments"]):
        for start in range(HERE["steps"]):
            rest = np.flatnonzero(end[start:, environment])
            assert bool(counted[start, environment]) == bool(rest.size)
            if rest.size:
                earned = sum(0.9**k * reward[start + k, environment] for k in range(rest[0] + 1))
                value = float(values[start, environment])
                assert float(advantage[start, environment]) == pytest.approx(earned - value, abs=1e-5)


def test_steps_that_do_not_count_leave_no_trace_in_the_gradient(easy_task, network):
    learner = Reinforce(**HERE)
    rollout = first_rollout(learner, easy_task, network)
    advantage, counted = taught(learner, rollout)
    returns = advantage + rollout.value
    gradient = jax.jit(
        jax.grad(lambda a, r: learner._loss(network, rollout.hidden, rollout.experience, a, r, counted)[0], (0, 1))
    )
    for part in gradient(advantage, returns):
        assert (np.asarray(part)[np.asarray(counted) == 0] == 0).all()


def test_without_a_value_loss_there_is_no_critic(easy_task, network):
    learner = A2C(**HERE, value_weight=0.0, gae_lambda=1.0)
    rollout = first_rollout(learner, easy_task, network)
    loud = rollout._replace(
        experience=rollout.experience._replace(value=rollout.value + 100.0), bootstrap=rollout.bootstrap - 50.0
    )
    np.testing.assert_array_equal(taught(learner, rollout)[0], taught(learner, loud)[0])
    assert np.abs(np.asarray(taught(A2C(**HERE), rollout)[0] - taught(A2C(**HERE), loud)[0])).max() > 1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Reinforce(gae_lambda=0.9), "gae_lambda is 0.9"),
        (lambda: A2C(temperature=0.0), "temperature is 0"),
    ],
)
def test_impossible_settings_are_refused(make, words):
    with pytest.raises(SettingsError, match=words):
        make()
