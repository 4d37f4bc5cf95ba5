"""Normal scores, against ranks that are drawn."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.populations.information import scattered_scores
from attrax.populations.normal_scores import normal_scores


@given(seed=st.integers(0, 1000), levels=st.integers(1, 6))
@settings(max_examples=10)
def test_scores_of_equal_values_are_those_of_random_ranks_on_average(seed, levels):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, levels, (12, 2)).astype(float)
    found = normal_scores(values)
    drawn = np.array([scattered_scores(values, rng) for _ in range(1000)])
    np.testing.assert_allclose(found.mean, drawn.mean(axis=0), atol=0.17)
    np.testing.assert_allclose(found.square, (drawn**2).mean(axis=0), atol=0.27)
    np.testing.assert_allclose(found.square.mean(axis=0), found.variance)
    assert all(np.unique(column).size == 12 for column in drawn[0].T)
