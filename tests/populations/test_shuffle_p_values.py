"""p values of shuffles, and tails that are fitted to them."""

import numpy as np
import pytest
from scipy import stats

from attrax.populations.shuffle_p_values import shuffle_p_values


@pytest.mark.parametrize(
    "law",
    [stats.chi2(1), stats.expon(), stats.gamma(5), stats.chi2(20)],
    ids=["chi2 1", "exponential", "gamma 5", "chi2 20"],
)
def test_a_fitted_tail_goes_on_as_the_true_one(law):
    """At p = 1e-5, which 2,000 shuffles cannot show: not too small, and at most ten times too large."""
    rng = np.random.default_rng(0)
    wanted = 1e-5
    shuffled = law.rvs(size=(2000, 200), random_state=rng)
    found = shuffle_p_values(np.full(200, law.isf(wanted)), shuffled)
    assert found.fitted.all()
    ratio = np.median(found.p) / wanted
    assert 0.5 < ratio < 10
    assert (found.p > 0).all()


def test_shuffles_that_are_equal_but_for_rounding_have_no_tail():
    rng = np.random.default_rng(0)
    found = shuffle_p_values(np.array([2.0]), 1 + 1e-13 * rng.normal(size=(200, 1)))
    np.testing.assert_allclose(found.p, [1 / 201])
    few = shuffle_p_values(np.array([20.0]), rng.integers(0, 4, (1000, 1)).astype(float))
    np.testing.assert_allclose(few.p, [1 / 1001])
    assert not found.fitted.any()
    assert not few.fitted.any()


def test_p_values_without_a_tail_are_counted():
    shuffled = np.arange(99.0)[:, None] * np.ones((1, 3))
    found = shuffle_p_values(np.array([98.5, 50.0, -1.0]), shuffled, fit_tail=False)
    np.testing.assert_allclose(found.p, [0.01, 0.5, 1.0])
    assert not found.fitted.any()
