"""What is proved to contract."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.dynamics.certificates.contraction import contracts


@given(st.integers(0, 100_000), st.floats(0.2, 1.5), st.sampled_from([7, 60]))
@settings(max_examples=40, deadline=None)
def test_what_contracts_has_its_eigenvalues_inside_the_circle(seed, radius, size):
    matrix = np.random.default_rng(seed).standard_normal((size, size)) ** 3
    matrix *= radius / np.abs(np.linalg.eigvals(matrix)).max()
    assert contracts(matrix) == (radius < 1) or abs(radius - 1) < 1e-6
    assert contracts(np.zeros((0, 0)))
    assert contracts(np.array([[0.0, 1e5], [0.0, 0.0]]))
