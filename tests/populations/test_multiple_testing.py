"""p values corrected for the number of tests."""

import numpy as np
from scipy import stats

from attrax.populations.multiple_testing import corrected_p_values, holm, second_stage


def test_holm():
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])
    found = corrected_p_values(np.array([[0.01, np.nan], [0.04, 0.03]]), "family-wise")
    np.testing.assert_allclose(found, [[0.03, np.nan], [0.06, 0.06]])


def test_the_second_stage_fits_the_gamma_distribution_that_scipy_fits():
    rng = np.random.default_rng(0)
    shuffled = stats.gamma(0.7, scale=2.0).rvs(size=(2000, 5), random_state=rng)
    shuffled[:300] = 0.0
    observed = np.full(5, shuffled.max() + 1)
    expected = []
    for column in shuffled.T:
        shape, _, scale = stats.gamma.fit(column[column > 0], floc=0)
        expected.append((column > 0).mean() * stats.gamma(shape, scale=scale).sf(observed[0]))
    np.testing.assert_allclose(second_stage(observed, shuffled), expected, rtol=1e-4)
    assert (second_stage(np.full(5, 1.0), shuffled) == 1.0).all()  # not among the largest
