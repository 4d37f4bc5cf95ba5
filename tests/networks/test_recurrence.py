"""The recurrence and its hand-written gradient, against JAX's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.networks.recurrence import advance, unroll

STEPS, BATCH, UNITS = 7, 3, 5


def arrays(seed):
    keys = jax.random.split(jax.random.key(seed), 4)
    return (
        jax.random.normal(keys[0], (UNITS, UNITS)),
        jax.random.normal(keys[1], (STEPS, BATCH, UNITS)),
        jax.random.bernoulli(keys[2], 0.3, (STEPS, BATCH)),
        jax.random.normal(keys[3], (BATCH, UNITS)),
    )


def plain_unroll(weights, drive, restart, hidden, leak):
    states = []
    for step in range(STEPS):
        hidden = jnp.where(restart[step][:, None], 0.0, hidden)
        hidden = (1 - leak) * hidden + leak * jax.nn.relu(hidden @ weights.T + drive[step])
        states.append(hidden)
    return jnp.stack(states)


@pytest.mark.parametrize("leak", [1.0, 0.3])
@pytest.mark.parametrize("seed", range(3))
def test_values_and_gradients_are_those_of_the_plain_loop(leak, seed):
    weights, drive, restart, hidden = arrays(seed)

    def loss(function, weights, drive, hidden):
        states = function(weights, drive, restart, hidden, leak)
        return jnp.sum(jnp.sin(states) * jnp.arange(1.0, STEPS + 1)[:, None, None]), states

    def gradients(function):
        return jax.value_and_grad(lambda *inputs: loss(function, *inputs), argnums=(0, 1, 2), has_aux=True)(
            weights, drive, hidden
        )

    (value, states), gradient = gradients(unroll)
    (expected, expected_states), expected_gradient = gradients(plain_unroll)
    np.testing.assert_allclose(states, expected_states, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    for ours, theirs in zip(gradient, expected_gradient, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_a_restart_forgets_all_that_came_before():
    weights, drive, _, hidden = arrays(0)
    restart = jnp.zeros((STEPS, BATCH), bool).at[4].set(True)
    states = unroll(weights, drive, restart, hidden, 1.0)
    fresh = unroll(weights, drive[4:], restart[4:], 100 * hidden, 1.0)
    np.testing.assert_allclose(states[4:], fresh, rtol=1e-6)


@given(st.integers(0, 10_000), st.sampled_from([1.0, 0.5]))
@settings(max_examples=10, deadline=None)
def test_one_step_at_a_time_is_the_same(seed, leak):
    weights, drive, _, hidden = arrays(seed)
    states = unroll(weights, drive, jnp.zeros((STEPS, BATCH), bool), hidden, leak)
    for step in range(STEPS):
        hidden = advance(weights, hidden, drive[step], leak)
        np.testing.assert_allclose(states[step], hidden, rtol=1e-5, atol=1e-5)
