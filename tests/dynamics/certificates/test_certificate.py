"""How far powers of a matrix can grow, and errors that are made at every step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.dynamics.certificates.certificate import error_growth, growth_bound


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


@pytest.mark.parametrize("seed", range(5))
def test_the_growth_of_errors_is_bounded_from_above_and_not_wildly(seed):
    """Against the sum of squares itself, S' = A S Aᵀ + I, along random steps that contract on the whole."""
    rng = np.random.default_rng(seed)
    steps = rng.standard_normal((40, 12, 12)) * 0.26 * np.exp(rng.normal(0, 0.3, (40, 1, 1)))
    first, second = error_growth(lambda step, vectors: (steps[step] @ vectors).astype(np.float32), 40, 12)
    exact, total = [], np.zeros((12, 12))
    for step in (*range(40), *range(40)):
        total = steps[step] @ total @ steps[step].T + np.eye(12)
        exact.append(np.sqrt((len(exact) + 1) * np.trace(total)))
    ratio = np.concatenate([first, second]) / exact
    assert ratio.min() > 1
    assert ratio.max() < 20
    assert np.median(ratio) == pytest.approx(np.sqrt(30), rel=0.2)
