"""Intervals of estimates."""

import numpy as np

from attrax.studies import interval


def test_intervals_of_means_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(2)
    held = [(found := interval(rng.normal(3, 1, 30))).low <= 3 <= found.high for _ in range(150)]
    assert 0.86 <= np.mean(held) <= 0.99  # BCa holds a little less than 95 % at 30 values


def test_intervals_of_few_or_equal_values():
    assert np.isnan(interval(np.array([])).value)
    one = interval(np.array([2.0]))
    assert (one.value, one.n) == (2.0, 1)
    assert np.isnan(one.low)
    assert interval(np.array([2.0, 2.0, np.nan])) == (2.0, 2.0, 2.0, 2)
    median = interval(np.array([1.0, 2.0, 9.0]), np.median)
    assert median.value == 2.0
    assert 1.0 <= median.low <= median.high <= 9.0
