"""Which orbits share an attractor, and what cannot be a start."""

import numpy as np
import pytest

from attrax.dynamics import ReluMap, find_attractors
from tests.dynamics.known_systems import border_collision


def test_two_attractors_are_told_apart_and_numbered():
    """Two units that excite themselves and silence the other: two fixed points, by who was first."""
    weights = np.array([[0.5, -2.0], [-2.0, 0.5]])
    found = find_attractors(ReluMap(weights, [1.0, 1.0]), [[1.0, 0.0], [0.0, 1.0], [2.0, 0.1]])
    assert found.kind.values.tolist() == ["fixed point"] * 3
    assert found.attractor.values.tolist() == [0, 1, 0]


def test_starts_on_one_curve_share_its_number_and_its_evidence():
    system = border_collision(0.0540905, 0.59820461, -0.80434312, 1.09224173)
    starts = np.array([system.state(z) for z in ([0.1, 0.1], [0.5, -0.2], [-0.4, 0.3])])
    found = find_attractors(system.relu_map(), starts)
    assert (found.kind == "quasi-periodic").all()
    assert found.attractor.values.tolist() == [0, 0, 0]
    np.testing.assert_array_equal(found.exponents.values[0], found.exponents.values[2])


def test_starts_of_the_wrong_width_or_not_finite_are_refused():
    relu_map = ReluMap(np.eye(3) / 2, np.ones(3))
    with pytest.raises(ValueError, match=r"starts have shape \(1, 2\); they must be \(starts, 3\)"):
        find_attractors(relu_map, [[0.0, 0.0]])
    with pytest.raises(ValueError, match="not finite"):
        find_attractors(relu_map, [[0.0, 0.0, np.inf]])
