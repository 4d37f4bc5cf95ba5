"""By hand: two trials in five steps, and which flag belongs where."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.learning.advantages import generalised_advantages

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
