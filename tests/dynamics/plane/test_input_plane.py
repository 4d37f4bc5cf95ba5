"""A plane of inputs: the map at each of them, and the patterns of its cycles."""

import numpy as np
import pytest

from attrax.dynamics.plane.input_plane import block, pattern_of
from tests.dynamics.plane.made_up_planes import plane_of, two_axes


def test_the_map_at_an_input_has_its_bias():
    plane = plane_of(0, 5, leak=0.4)
    there = plane.at(np.array([0.3, -0.2]))
    np.testing.assert_allclose(there.bias, plane.origin.bias + 0.3 * plane.directions[0] - 0.2 * plane.directions[1])
    np.testing.assert_array_equal(plane.biases(np.array([[0.3, -0.2]]))[0], there.bias)
    assert (there.leak, plane.n_units) == (0.4, 5)
    assert plane.largest_stretch == pytest.approx(np.linalg.svd(plane.origin.weights)[1][0])


def test_patterns_of_the_two_cycle_of_one_unit():
    """h' = relu(x - 1.5 h) has the 2-cycle {0, x}; unit 1 hears y alone."""
    plane, point = two_axes(-1.5), np.array([0.4, -0.5])
    assert pattern_of(plane, point, np.array([0.0, 0.0]), 2).tolist() == [[True, False], [False, False]]
    assert pattern_of(plane, point, np.array([0.4, 0.0]), 2).tolist() == [[False, False], [True, False]]


@pytest.mark.parametrize("leak", [1.0, 0.4])
def test_the_jacobian_of_a_pattern_has_the_eigenvalues_of_its_steps(leak):
    plane, rng = plane_of(1, 5, leak), np.random.default_rng(0)
    for steps in (1, 3):
        pattern = rng.random((steps, 5)) < 0.6
        product = np.eye(5)
        for active in pattern:
            product = ((1 - leak) * np.eye(5) + leak * active[:, None] * plane.origin.weights) @ product
        found = np.linalg.eigvals(plane.jacobian(pattern))
        for value in np.linalg.eigvals(product):
            assert np.abs(value) < 1e-6 or np.abs(found - value).min() < 1e-9


def test_a_block_is_rows_and_the_same_columns():
    matrix, chosen = np.arange(16.0).reshape(4, 4), np.array([2, 0])
    np.testing.assert_array_equal(block(matrix, chosen), matrix[np.ix_(chosen, chosen)])
