"""Basins in a plane of starts, against a switch whose border is known."""

import re

import numpy as np
import pytest

from attrax.dynamics import Effort, ReluMap, basin_plane, tanh_map

QUICK = Effort(settling_steps=500, steps=1000, extension=1)


def switch():
    """Two units that silence each other: by symmetry the border is the diagonal."""
    return ReluMap([[0.4, -1.2], [-1.2, 0.4]], [1.0, 1.0])


def test_the_border_of_two_choices_is_the_stable_manifold_of_the_saddle_between_them():
    found = basin_plane(switch(), [0.5, 0.5], 0.4 * np.eye(2), points=10, effort=QUICK)
    assert found.sizes["u"] == found.sizes["v"] == 10
    for u, v in np.ndindex(10, 10):
        if u != v:
            assert found.attractor[u, v] == found.attractor[9 if u > v else 0, 0 if u > v else 9]
    assert (found.kind == "fixed point").all()
    assert found.sizes["border"] >= 8
    np.testing.assert_allclose(found.border_point[:, 0], found.border_point[:, 1], atol=1e-6)
    assert found.sizes["saddle"] == 1
    np.testing.assert_allclose(found.saddle_state[0], [1 / 1.8] * 2, atol=1e-12)
    np.testing.assert_allclose(found.saddle_point[0], [(1 / 1.8 - 0.5) / 0.4] * 2, atol=1e-12)
    assert (found.border_saddle == 0).all()
    assert {tuple(sorted(pair)) for pair in found.border_sides.values.tolist()} == {(0, 1)}


def test_basins_of_a_smooth_map():
    """h' = tanh(2 h) in two units: four attractors, and the border between two of them is an axis."""
    found = basin_plane(
        tanh_map(2 * np.eye(2), np.zeros(2)), [0.01, 0.02], np.eye(2), points=6, effort=QUICK, solves=3000
    )
    assert len(np.unique(found.attractor)) == 4
    away = np.abs(found.border_point.values + np.array([0.01, 0.02])).min(axis=1)
    assert away.max() < 1e-3
    assert found.sizes["saddle"] == 4


def test_divergence_has_a_border_too():
    """h' = relu(1.5 h - 0.5): from above 1 it grows without bound, from below it comes to rest at 0."""
    found = basin_plane(
        ReluMap([[1.5, 0.0], [0.0, 0.0]], [-0.5, 0.0]),
        [1.0, 0.0],
        np.eye(2),
        points=5,
        effort=QUICK,
        window=((-1, 1.1), (0, 1)),
    )
    np.testing.assert_allclose(found.border_point[:, 0], 0.0, atol=1e-3)
    assert set(found.border_sides.values.ravel().tolist()) == {-1, 0}
    assert (found.border_saddle == 0).all()


def test_one_basin_has_no_border():
    found = basin_plane(ReluMap(0.5 * np.eye(3), np.ones(3)), np.ones(3), np.eye(3)[:2], points=3, effort=QUICK)
    assert found.sizes["border"] == 0
    assert (found.attractor == 0).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"centre": np.zeros(3)}, "centre has shape (3,); with 2 units it must be (2,)"),
        ({"axes": np.eye(3)}, "axes have shape (3, 3); with 2 units they must be (2, 2)"),
        ({"axes": np.ones((2, 2))}, "axes are parallel"),
        ({"centre": [np.nan, 0.0]}, "not finite"),
        ({"window": ((0, 0), (0, 1))}, "each from below to"),
        ({"points": 1}, "points is 1; it must be a whole number, at least 2"),
    ],
)
def test_bad_input_is_told_in_one_line(change, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        basin_plane(**({"network_map": switch(), "centre": np.zeros(2), "axes": np.eye(2)} | change))
