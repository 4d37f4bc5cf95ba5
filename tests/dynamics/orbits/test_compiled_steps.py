"""What is compiled for every kind of orbit, with steps whose outcome is known."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.dynamics.orbits.compiled_steps import MapStep, _orthonormalise, follow, push


@dataclass(frozen=True)
class Doubling(MapStep):
    """h' = 2 h; a unit counts as active where it is above zero."""

    def __call__(self, parameters, hidden, vectors):
        return 2 * hidden, None if vectors is None else 2 * vectors, hidden > 0

    def woken(self, parameters, states):
        """The first unit, where it is above 8: as if one that is left out came near to switching."""
        return states[..., :1] > 8


def test_an_orbit_that_leaves_stands_still_where_it_left():
    with jax.enable_x64(True):
        start, weights = jnp.array([[1.0, 0.0], [-1e-3, 0.0]]), jnp.array([5, 7], jnp.uint64)
        limits = jnp.array([1e6, 1e6])
        found = jax.tree.map(np.asarray, follow(Doubling(), 30, 25, None, start, jnp.array([-1, -1]), limits, weights))
    assert found["left"].tolist() == [20, -1]
    assert found["hidden"][:, 0].tolist() == [2.0**20, -1e-3 * 2.0**25]
    assert found["states"][18:22, 0, 0].tolist() == [2.0**19, 2.0**20, 2.0**20, 2.0**20]
    assert found["codes"][:25].T.tolist() == [[5] * 25, [0] * 25]
    assert found["seen"][0].tolist() == [True, False]
    assert found["seen"][1].tolist() == [True]


def test_only_states_before_a_step_wake_units():
    """From 1 the third step begins at 4 and the fifth at 16; the room behind the steps means nothing."""
    with jax.enable_x64(True):
        start, weights = jnp.array([[1.0, 0.0]]), jnp.array([5, 7], jnp.uint64)
        woken = [
            follow(Doubling(), 30, steps, None, start, jnp.array([-1]), jnp.array([1e6]), weights)["seen"][1].item()
            for steps in (3, 4, 5)
        ]
    assert woken == [False, False, True]


def test_each_orbit_takes_its_own_number_of_steps():
    with jax.enable_x64(True):
        start = jnp.array([[1.0], [1.0], [3.0]])
        hidden, vectors, _ = push(Doubling(), None, start, jnp.ones((3, 2, 1)), jnp.array([0, 3, 1]))
    assert np.asarray(hidden).ravel().tolist() == [1, 8, 6]
    assert np.asarray(vectors)[:, :, 0].tolist() == [[1, 1], [8, 8], [2, 2]]


def test_vectors_are_made_orthonormal_and_their_growth_is_told():
    with jax.enable_x64(True):
        grown = jnp.array([[[3.0, 0.0, 0.0], [4.0, 2.0, 0.0], [1.0, 1.0, 0.5]]])
        vectors, growths = (np.asarray(found) for found in _orthonormalise(grown, jnp.eye(3)))
    np.testing.assert_allclose(vectors[0], np.eye(3), atol=1e-15)
    np.testing.assert_allclose(growths[0], np.log([3.0, 2.0, 0.5]))


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_a_direction_that_is_lost_is_drawn_anew(precision):
    with jax.enable_x64(True):
        grown = jnp.array([[[1.0, 1.0], [2.0, 2.0]]], precision)
        vectors, growths = (np.asarray(found) for found in _orthonormalise(grown, jnp.eye(2, dtype=precision)))
    np.testing.assert_allclose(vectors[0] @ vectors[0].T, np.eye(2), atol=1e-6)
    assert growths[0, 0] == pytest.approx(np.log(np.sqrt(2)))
    assert np.isneginf(growths[0, 1])
