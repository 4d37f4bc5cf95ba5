"""Certificates of fixed points against exhaustive enumeration, and what they must never say."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.dynamics import Effort, ReluMap, find_attractors
from attrax.dynamics.certificates.fixed_point_certificate import FixedPointCertifier

QUICK = Effort(settling_steps=1000, steps=1000, extension=1)


def enumerate_stable_fixed_points(relu_map):
    """Solve for every activation pattern: exact, for a handful of units."""
    found = []
    for pattern in product([0.0, 1.0], repeat=relu_map.n_units):
        active = np.array(pattern)
        matrix = np.eye(relu_map.n_units) - active[:, None] * relu_map.weights
        if np.linalg.cond(matrix) > 1e12:
            continue
        state = np.linalg.solve(matrix, active * relu_map.bias)
        drive = relu_map.weights @ state + relu_map.bias
        radius = np.abs(np.linalg.eigvals(active[:, None] * relu_map.weights)).max()
        if ((drive > 0) == (active > 0)).all() and radius < 1:
            found.append(state)
    return found


@given(st.integers(0, 100_000), st.floats(0.5, 1.6))
@settings(max_examples=40, deadline=None)
def test_every_certified_fixed_point_is_one_of_those_that_enumeration_finds(seed, gain):
    rng = np.random.default_rng(seed)
    relu_map = ReluMap(gain * rng.standard_normal((6, 6)) / np.sqrt(3), rng.standard_normal(6))
    stable = enumerate_stable_fixed_points(relu_map)
    found = find_attractors(relu_map, 3 * rng.random((8, 6)), effort=QUICK)
    for index in np.flatnonzero(found.kind.values == "fixed point"):
        state = found.state.values[index]
        assert min((np.abs(state - other).max() for other in stable), default=np.inf) < 1e-8 * (1 + state.max())
        np.testing.assert_allclose(relu_map(state), state, atol=1e-9 * (1 + state.max()))
    # and an orbit that starts at a stable point is certified to stay there
    for state in stable:
        there = find_attractors(relu_map, state[None], effort=QUICK).isel(start=0)
        assert there.kind == "fixed point"
        np.testing.assert_allclose(there.state, state, atol=1e-8 * (1 + state.max()))


def test_an_unstable_fixed_point_is_never_certified():
    relu_map = ReluMap([[-1.7]], [0.8])
    at = np.array([[0.8 / 2.7]])
    certificate = FixedPointCertifier(relu_map.weights, 1.0).certify(relu_map.bias[None], at)[0]
    assert not certificate.certified
    assert certificate.radius == pytest.approx(1.7)


def test_an_orbit_that_is_not_near_enough_is_not_certified_yet():
    """Both states have the fixed point's pattern, but the far one leaves it before it comes back."""
    weights, bias = np.array([[0.0, -8.0], [0.5, 0.0]]), np.array([1.0, 0.3])
    relu_map = ReluMap(0.24 * weights, bias)
    state = np.linalg.solve(np.eye(2) - relu_map.weights, relu_map.bias)
    assert (state > 0).all()
    near, far = state + 1e-3, state * 1.5
    found = FixedPointCertifier(relu_map.weights, 1.0).certify(np.tile(relu_map.bias, (2, 1)), np.array([near, far]))
    assert found[0].certified
    assert not found[1].certified


def test_a_border_within_the_error_of_a_nearly_neutral_solution_is_not_certified():
    """Radius 1 - 1e-8: the solved state is only good to 1e-8, and a unit sits nearer than that to its border."""
    rng = np.random.default_rng(0)
    certified = 0
    for _ in range(200):
        basis = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        block = basis @ np.diag([1 - 10.0 ** rng.uniform(-8.7, -7), 0.5, 0.2]) @ basis.T
        target = rng.uniform(1, 2, 3)
        row = rng.standard_normal(3)
        weights = np.zeros((4, 4))
        weights[:3, :3], weights[3, :3] = block, row
        bias = np.append(target - block @ target, -row @ target - 3e-12)
        found = FixedPointCertifier(weights, 1.0).certify(bias[None], np.append(target, 0.0)[None])
        certified += any(certificate.certified for certificate in found if certificate is not None)
    assert certified == 0
