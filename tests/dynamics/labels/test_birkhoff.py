import numpy as np
import pytest

from attrax.dynamics.labels.birkhoff import digits_gained_per_decade, rotation_number, weights
from tests.dynamics.labels.known_series import GOLDEN, logistic, rotate


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
