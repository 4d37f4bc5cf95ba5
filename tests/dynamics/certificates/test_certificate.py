"""How far powers of a matrix can grow."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.dynamics.certificates.certificate import growth_bound


@given(st.integers(0, 100_000), st.floats(0.1, 0.99))
@settings(max_examples=40, deadline=None)
def test_the_growth_bound_bounds_every_power(seed, radius):
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((5, 5))
    matrix *= radius / np.abs(np.linalg.eigvals(matrix)).max()
    bound = growth_bound(matrix, np.linalg.eig(matrix)[1])
    power = np.eye(5)
    for _ in range(300):
        power = power @ matrix
        assert np.linalg.norm(power, 2) <= bound * (1 + 1e-9)


def test_a_nilpotent_jacobian_has_a_finite_bound():
    matrix = np.array([[0.0, 5.0], [0.0, 0.0]])
    assert 5.0 <= growth_bound(matrix, np.linalg.eig(matrix)[1]) < 6.0
