import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.learning.compiled_training import initial_network
from attrax.learning.ppo import PPO
from attrax.settings import SettingsError
from tests.learning.first_rollout import first_rollout, start

LEARNER = PPO(environments=4, steps=12, minibatches=2)


@pytest.fixture(scope="module")
def started(easy_task, small_network):
    return start(LEARNER, easy_task, initial_network(easy_task, small_network, 0))


@pytest.fixture(scope="module")
def rollout(easy_task, started):
    return first_rollout(LEARNER, easy_task, started.network)


def test_before_the_first_step_the_ratio_is_one_and_the_loss_is_the_formula(started, rollout):
    experience = rollout.experience
    advantage = jax.random.normal(jax.random.key(5), experience.reward.shape)
    returns = advantage + experience.value
    _, metrics = jax.jit(LEARNER._loss)(started.network, rollout.hidden, experience, advantage, returns)
    assert float(metrics["clipped"]) == 0
    assert float(metrics["policy_loss"]) == pytest.approx(-float(advantage.mean()), abs=1e-5)
    assert float(metrics["value_loss"]) == pytest.approx(float((advantage**2).mean()), rel=1e-4)
    expected = metrics["policy_loss"] + 0.5 * metrics["value_loss"] - 0.01 * metrics["entropy"]
    assert float(metrics["loss"]) == pytest.approx(float(expected), rel=1e-5)


def test_the_clip_cuts_the_gradient_where_the_ratio_has_left_the_band(started, rollout):
    """A ratio far above 1 with a positive advantage adds no gradient to the policy; with a negative one it does."""
    experience = rollout.experience._replace(log_probability=rollout.experience.log_probability - 1.0)
    learner = dataclasses.replace(LEARNER, value_weight=0.0, entropy_weight=0.0)

    @jax.jit
    def gradient(advantage):
        grads, _ = jax.grad(learner._loss, has_aux=True)(
            started.network, rollout.hidden, experience, advantage, experience.value
        )
        return jnp.abs(grads.recurrent_weights).max()

    ones = jnp.ones(experience.reward.shape)
    assert gradient(ones) == 0
    assert gradient(-ones) > 0


@pytest.mark.parametrize("critic_gradient", [True, False])
def test_the_critic_reaches_the_recurrent_weights_only_if_set(started, rollout, critic_gradient):
    learner = dataclasses.replace(LEARNER, critic_gradient=critic_gradient, entropy_weight=0.0)
    nothing = jnp.zeros(rollout.experience.reward.shape)
    gradient, _ = jax.jit(jax.grad(learner._loss, has_aux=True))(
        started.network, rollout.hidden, rollout.experience, nothing, nothing + 1.0
    )
    assert bool(jnp.abs(gradient.recurrent_weights).max() > 0) is critic_gradient
    assert float(jnp.abs(gradient.value_weights).max()) > 0


def test_an_update_is_reproducible_and_changes_every_array(easy_task, started):
    update = jax.jit(lambda state: LEARNER.update(easy_task, state))
    (first, metrics), (second, _) = update(started), update(started)
    jax.tree.map(np.testing.assert_array_equal, first.network, second.network)
    for before, after in zip(jax.tree.leaves(started.network), jax.tree.leaves(first.network), strict=True):
        assert np.abs(np.asarray(before) - np.asarray(after)).max() > 0
    assert int(first.updates) == 1
    assert all(np.isfinite(float(value)) for value in metrics.values())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"minibatches": 3}, "minibatches is 3; it must divide the 64 environments"),
        ({"steps": 0}, "steps is 0"),
        ({"discount": 1.5}, r"must lie in \[0, 1\]"),
        ({"learning_rate": 0.0}, "must be above 0"),
        ({"entropy_weight": -0.1}, "must be 0 or more"),
    ],
)
def test_impossible_settings_are_refused(settings, words):
    with pytest.raises(SettingsError, match=words):
        PPO(**settings)
