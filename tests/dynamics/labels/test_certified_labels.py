"""Labels that a certificate proves, and what is noted of orbits that leave."""

import numpy as np
import pytest

from attrax.dynamics import Effort, ReluMap, SmoothMap, find_attractors
from tests.dynamics.known_systems import attractor, border_collision

SIZES = pytest.mark.parametrize("n_units", [4, 250])


@SIZES
def test_locked_border_collision_is_certified_and_not_quasi_periodic(n_units):
    found = attractor(border_collision(0.43101732, 0.4763399, 0.14795075, 1.17435556), n_units)
    assert found.kind == "cycle"
    assert found.period == 283
    assert found.certified
    assert found.exponents.values[0] == pytest.approx(-3.651e-4, rel=0.02)
    assert float(found.rotation_number) * 283 == pytest.approx(round(float(found.rotation_number) * 283), abs=1e-6)
    assert found.residual <= 1e-10
    assert found.radius < 1


def test_a_slow_spiral_into_a_fixed_point_is_certified_as_one():
    """A rotation that shrinks by 1e-4 a step looks quasi-periodic for thousands of steps; the certificate knows."""
    angle = 1.0
    rotation = 0.9999 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array([2.0, 3.0])
    found = find_attractors(ReluMap(rotation, centre - rotation @ centre), [[2.5, 3.0]]).isel(start=0)
    assert found.kind == "fixed point"
    assert found.certified
    np.testing.assert_allclose(found.state, centre, rtol=1e-9)
    np.testing.assert_allclose(found.exponents.values[:2], np.log(0.9999), rtol=1e-6)


def test_leaky_fixed_point():
    weights, bias = np.array([[-1.7, 0.3], [0.2, 0.4]]), np.array([1.0, 0.5])
    expected = np.linalg.solve(np.eye(2) - weights, bias)
    for leak in (0.1, 0.5):
        found = find_attractors(ReluMap(weights, bias, leak), [[0.0, 0.0]]).isel(start=0)
        assert found.kind == "fixed point"
        np.testing.assert_allclose(found.state, expected, rtol=1e-9)
        jacobian = (1 - leak) * np.eye(2) + leak * weights
        np.testing.assert_allclose(
            found.exponents.values[:2], np.sort(np.log(np.abs(np.linalg.eigvals(jacobian))))[::-1], rtol=1e-9
        )


def test_leaky_cycles_are_certified_too():
    """h' = (1 - a) h + a relu(b - w h) overshoots into a 2-cycle when 1 - a - a w < -1."""
    found = find_attractors(ReluMap([[-4.0]], [1.0], 0.6), [[0.1]]).isel(start=0)
    assert found.kind == "cycle"
    assert found.certified
    state, images = float(found.state[0]), []
    for _ in range(int(found.period)):
        state = 0.4 * state + 0.6 * max(1 - 4 * state, 0)
        images.append(state)
    assert images[-1] == pytest.approx(float(found.state[0]), rel=1e-9)


def test_a_unit_that_grows_beside_a_neutral_one_is_followed_until_it_diverges():
    relu_map = ReluMap(np.diag([1 - 5e-10, 1.01]), [5e-10, -0.01])
    assert find_attractors(relu_map, [[1.0, 1.0001]]).kind == "divergent"


def test_a_divergent_orbit_keeps_the_state_and_the_step_at_which_it_left():
    """A smooth map, whose divergence is told by its size alone."""
    growing = SmoothMap(lambda h: 1.01 * h + 1, 1)
    found = find_attractors(growing, [[0.0]], effort=Effort(extension=1)).isel(start=0)
    hidden, steps = 0.0, 0
    while hidden <= 1e9:
        hidden, steps = 1.01 * hidden + 1, steps + 1
    assert (str(found.kind.values), bool(found.certified)) == ("divergent", False)
    assert steps <= int(found.steps) <= steps + 5  # looked at every fifth step
    assert 1e9 < float(found.state[0]) < 2e9
