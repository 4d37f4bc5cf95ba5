import numpy as np
import pytest

from attrax.dynamics.labels.birkhoff import digits_gained_per_decade, rotation_number, weights
from attrax.dynamics.labels.zero_one_test import zero_one_test

GOLDEN = (np.sqrt(5) - 1) / 2


def rotate(rotation, steps, squeeze=(1.0, 0.4)):
    angle = 2 * np.pi * rotation * np.arange(steps)
    return np.column_stack([squeeze[0] * np.cos(angle), squeeze[1] * np.sin(angle)]) + 3.0


def logistic(steps, x=0.3):
    values = np.empty(steps)
    for i in range(steps):
        values[i] = x = 3.99 * x * (1 - x)
    return values


def test_weights_are_a_symmetric_bump_with_sum_one():
    w = weights(501)
    assert w.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(w, w[::-1])
    assert w[0] < 1e-100 < w[250]


@pytest.mark.parametrize("rotation", [GOLDEN, 0.1234567, 0.49, 0.9])
def test_rotation_number_of_a_rotation_folded(rotation):
    folded = min(rotation, 1 - rotation)
    assert rotation_number(rotate(rotation, 10_000)) == pytest.approx(folded, abs=1e-9)


def test_rotation_number_of_a_circle_map_with_zero_coupling_is_its_frequency():
    omega = 0.2718281828
    phase = np.cumsum(np.full(5000, omega)) % 1
    points = np.column_stack([np.cos(2 * np.pi * phase), np.sin(2 * np.pi * phase)])
    assert rotation_number(points) == pytest.approx(omega, abs=1e-9)


def test_rotation_number_of_a_cycle_is_exact():
    points = rotate(3 / 11, 12)
    assert rotation_number(points, period=11) == pytest.approx(3 / 11, abs=1e-12)


def test_a_curve_that_winds_twice_has_no_rotation_number_in_its_projection():
    angle = 2 * np.pi * GOLDEN * np.arange(5000)
    points = np.column_stack([np.cos(2 * angle), np.sin(2 * angle), 0.8 * np.cos(angle)])
    assert np.isnan(rotation_number(points))


def test_digits_grow_on_a_rotation_and_hardly_in_chaos():
    """The first is smooth, so its averages even super-converge; the second gains half a digit a decade."""
    regular = digits_gained_per_decade(rotate(GOLDEN, 10_000))
    chaotic = digits_gained_per_decade(logistic(10_000)[:, None])
    assert regular > 2
    assert chaotic == pytest.approx(0.5, abs=0.35)


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
