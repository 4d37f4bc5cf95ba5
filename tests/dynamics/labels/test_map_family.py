"""What the labelling asks of a map, ReLU or smooth: periods, and Jacobians along returns."""

import numpy as np
import pytest

from attrax.dynamics.labels.map_family import SmoothFamily, pattern_period
from attrax.dynamics.orbits.smooth_orbits import SmoothOrbits
from tests.dynamics.known_systems import henon


def test_jacobians_along_returns_of_a_smooth_map_are_those_of_its_steps():
    system = henon()
    states = SmoothOrbits(system.function, system.arguments, np.array([[0.1, 0.1]])).record(40)
    ((found,),) = SmoothFamily(system).jacobians_along(np.array([0]), np.eye(2)[None], states, [[7]])
    expected = np.eye(2)
    for x, _ in states[-8:-1, 0]:
        expected = np.array([[-2.8 * x, 1.0], [0.3, 0.0]]) @ expected
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("period", [1, 2, 7, 30])
def test_the_period_of_repeating_patterns_is_found(period):
    codes = np.random.default_rng(0).integers(0, 2**60, period, dtype=np.uint64)[np.arange(100) % period]
    assert pattern_period(codes, 50) == period
    assert pattern_period(codes, period - 1) == 0


def test_patterns_that_never_repeat_have_no_period():
    assert pattern_period(np.arange(100, dtype=np.uint64), 50) == 0
