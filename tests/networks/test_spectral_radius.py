import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.networks.spectral_radius import spectral_radius


@given(st.integers(1, 40), st.integers(0, 10_000), st.floats(1e-3, 1e3))
@settings(max_examples=30, deadline=None)
def test_it_is_that_of_a_decomposition(size, seed, scale):
    weights = scale * np.random.default_rng(seed).uniform(-1, 1, (size, size)).astype(np.float32)
    expected = np.abs(np.linalg.eigvals(weights.astype(float))).max()
    assert float(spectral_radius(jnp.asarray(weights))) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (np.zeros((3, 3)), 0.0),
        (np.triu(np.ones((4, 4)), 1), 0.0),  # nilpotent: all paths end
        (np.array([[0.0, -2.0], [2.0, 0.0]]), 2.0),  # a complex pair
        (np.diag([0.5, -3.0]), 3.0),
        (np.array([[1.0, 100.0], [0.0, 1.0]]), 1.0),  # far from normal
    ],
)
def test_known_matrices(weights, expected):
    assert float(spectral_radius(jnp.asarray(weights, jnp.float32))) == pytest.approx(expected, rel=2e-3, abs=1e-6)
