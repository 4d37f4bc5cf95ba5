"""Certificates of smooth maps: the 2-cycle of the logistic map, whose place and multiplier are known."""

import numpy as np
import pytest

from attrax.dynamics import SmoothMap
from attrax.dynamics.certificates.newton_certificate import (
    certify_smooth_cycle,
    over_one_period,
    proven_within,
    solve_smooth_cycle,
)


def logistic(rate, bounded=True):
    return SmoothMap(lambda x: rate * x * (1 - x), 1, curvature=2 * rate if bounded else None)


def two_cycle(rate):
    return (rate + 1 + np.array([-1, 1]) * np.sqrt((rate - 3) * (rate + 1))) / (2 * rate)


def test_the_two_cycle_is_certified_where_it_attracts():
    found = certify_smooth_cycle(logistic(3.2), two_cycle(3.2)[:1] + 1e-5, 2)
    assert found.certified
    assert found.radius == pytest.approx(abs(4 + 2 * 3.2 - 3.2**2))
    assert found.state == pytest.approx(two_cycle(3.2)[:1], abs=1e-12)
    assert found.exponents[0] == pytest.approx(np.log(found.radius) / 2)


@pytest.mark.parametrize(
    ("rate", "bounded", "away", "period"),
    [(3.5, True, 0.0, 2), (3.2, False, 1e-5, 2), (3.2, True, 0.06, 2), (3.2, True, 0.0, 4)],
    ids=["unstable", "no bound on the curvature", "too far", "not the minimal period"],
)
def test_what_must_not_be_certified(rate, bounded, away, period):
    assert not certify_smooth_cycle(logistic(rate, bounded), two_cycle(rate)[:1] + away, period).certified


def test_without_a_bound_an_orbit_that_is_there_has_reached_it():
    found = certify_smooth_cycle(logistic(3.2, bounded=False), two_cycle(3.2)[:1] + 1e-9, 2)
    assert (found.certified, found.reached) == (False, True)


def test_newtons_method_solves_for_unstable_cycles_too():
    cycle = solve_smooth_cycle(logistic(3.5), np.array([0.4]), 2)
    assert sorted(cycle.states.ravel()) == pytest.approx(sorted(two_cycle(3.5)), abs=1e-12)
    assert cycle.jacobian.item() == pytest.approx(4 + 2 * 3.5 - 3.5**2)
    assert solve_smooth_cycle(logistic(3.2), np.array([1 - 1 / 3.2]), 2) is None  # a fixed point, passed twice


def test_a_solution_is_proved_near_its_place_and_a_double_root_is_not():
    within = proven_within(logistic(3.2), two_cycle(3.2)[:, None])
    assert 0 < within < 1e-12
    assert proven_within(SmoothMap(lambda h: h + h**2, 1, curvature=2.0), np.zeros((1, 1))) is None


def test_the_jacobian_over_a_period_is_the_product_of_its_steps_the_last_one_first():
    first, second = np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[0.0, 1.0], [3.0, 0.0]])
    np.testing.assert_array_equal(over_one_period(np.stack([first, second])), second @ first)
