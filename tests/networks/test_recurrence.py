"""The recurrence and its hand-written gradient, against JAX's own, for every cell."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.networks import recurrence
from attrax.networks.cells import GRU, LSTM, Relu, Saturating, Softplus, Tanh

STEPS, BATCH, UNITS = 7, 3, 5
CELLS = [Relu(), Relu(leak=0.3), Tanh(), Softplus(leak=0.5), Saturating(), GRU(), LSTM()]

# Compiled once for each cell: one operation at a time, every one would be compiled by itself.
unroll = jax.jit(recurrence.unroll, static_argnums=0)
advance = jax.jit(recurrence.advance, static_argnums=0)


def arrays(cell, seed):
    keys = jax.random.split(jax.random.key(seed), 4)
    return (
        jax.random.normal(keys[0], (cell.gates * UNITS, UNITS)),
        jax.random.normal(keys[1], (STEPS, BATCH, cell.gates * UNITS)),
        jax.random.bernoulli(keys[2], 0.3, (STEPS, BATCH)),
        jax.random.normal(keys[3], (BATCH, cell.memories * UNITS)),
    )


def plain_unroll(cell, weights, drive, restart, state):
    states = []
    for step in range(STEPS):
        state = jnp.where(restart[step][:, None], 0.0, state)
        state = cell.step(state[:, :UNITS] @ weights.T, state, drive[step])
        states.append(state)
    return jnp.stack(states)


@partial(jax.jit, static_argnums=(0, 1))
def gradients(function, cell, weights, drive, restart, state):
    def loss(weights, drive, state):
        states = function(cell, weights, drive, restart, state)
        return jnp.sum(jnp.sin(states) * jnp.arange(1.0, STEPS + 1)[:, None, None]), states

    return jax.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True)(weights, drive, state)


@pytest.mark.parametrize("cell", CELLS, ids=repr)
@pytest.mark.parametrize("seed", range(3))
def test_values_and_gradients_are_those_of_the_plain_loop(cell, seed):
    inputs = arrays(cell, seed)
    (value, states), gradient = gradients(recurrence.unroll, cell, *inputs)
    (expected, expected_states), expected_gradient = gradients(plain_unroll, cell, *inputs)
    np.testing.assert_allclose(states, expected_states, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    for ours, theirs in zip(gradient, expected_gradient, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("cell", CELLS, ids=repr)
def test_a_restart_forgets_all_that_came_before(cell):
    weights, drive, _, state = arrays(cell, 0)
    restart = np.zeros((STEPS, BATCH), bool)
    restart[4] = True
    drive, state = np.asarray(drive), np.asarray(state)
    states = unroll(cell, weights, drive, restart, state)
    fresh = unroll(cell, weights, drive[4:], restart[4:], 100 * state)
    np.testing.assert_allclose(np.asarray(states)[4:], fresh, rtol=1e-6)


@given(st.integers(0, 10_000), st.sampled_from(CELLS))
@settings(max_examples=15, deadline=None)
def test_one_step_at_a_time_is_the_same(seed, cell):
    weights, drive, _, state = arrays(cell, seed)
    states = np.asarray(unroll(cell, weights, drive, np.zeros((STEPS, BATCH), bool), state))
    drive = np.asarray(drive)
    for step in range(STEPS):
        state = advance(cell, weights, state, drive[step])
        np.testing.assert_allclose(states[step], state, rtol=1e-5, atol=1e-5)
