"""The 0-1 test for chaos, against its definition."""

import numpy as np
import pytest

from attrax.dynamics.labels.zero_one_test import zero_one_test
from tests.dynamics.labels.known_series import GOLDEN, logistic, rotate


@pytest.mark.parametrize("steps", [2000, 5000])
def test_the_zero_one_test_tells_chaos_from_rotation(steps):
    rng = np.random.default_rng(0)
    assert zero_one_test(logistic(steps), rng) > 0.95
    assert zero_one_test(rotate(GOLDEN, steps)[:, 0], rng) < 0.1


def test_the_zero_one_test_is_its_definition():
    """The mean square displacement by transforms against the double sum that defines it."""
    series, frequency = logistic(300), 1.3
    n_cut = 30
    path = np.cumsum(series * np.exp(1j * frequency * np.arange(1, 301)))
    lags = np.arange(1, n_cut + 1)
    displacement = [np.mean(np.abs(path[n : n + 270] - path[:270]) ** 2) for n in lags]
    oscillation = series.mean() ** 2 * (1 - np.cos(lags * frequency)) / (1 - np.cos(frequency))
    expected = np.corrcoef(lags, displacement - oscillation)[0, 1]

    class OneFrequency(np.random.Generator):
        def uniform(self, low, high, size):
            return np.array([frequency])

    assert zero_one_test(series, OneFrequency(np.random.PCG64())) == pytest.approx(expected, abs=1e-9)
