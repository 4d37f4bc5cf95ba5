"""Polygons cut out by half-planes, against shapely."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.dynamics.plane.half_planes import WINDOW, intersect, rectangle
from tests.dynamics.plane.made_up_planes import SQUARE


@given(st.integers(0, 100_000), st.integers(1, 40), st.floats(-0.2, 1.0))
@settings(max_examples=40, deadline=None)
def test_polygons_are_what_is_left_of_the_window(seed, count, shift):
    """Against shapely, which cuts by one half-plane after the other."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((3, count, 3))
    rows[..., 0] += shift
    for some, polygon in zip(rows, intersect(rectangle(SQUARE), rows, 1e-9), strict=True):
        left = shapely.box(-1, -1, 1, 1)
        for a, b, c in some:
            normal = np.array([b, c]) / np.hypot(b, c)
            foot, along = -a / np.hypot(b, c) * normal, np.array([-normal[1], normal[0]])
            corners = [foot + 1e4 * along, foot - 1e4 * along, foot - 1e4 * along + 1e4 * normal]
            left = left.intersection(shapely.Polygon([*corners, foot + 1e4 * along + 1e4 * normal]))
        if polygon is None:
            assert left.area < 1e-7
            continue
        assert polygon.area == pytest.approx(left.area, abs=1e-7)
        assert polygon.contains(polygon.middle[None]).all()
        for corner, after, side in zip(
            polygon.corners, np.roll(polygon.corners, -1, axis=0), polygon.sides.tolist(), strict=True
        ):
            middle = (corner + after) / 2
            away = np.abs(middle).max() - 1 if side == WINDOW else some[side] @ [1, *middle]
            assert abs(away) < 1e-9


def test_half_planes_that_touch_a_corner_cut_nothing_off():
    rows = np.array([[[2.0, -1.0, -1.0], [2.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]])
    polygon = intersect(rectangle(SQUARE), rows)[0]
    assert polygon.area == pytest.approx(4)
    assert (polygon.sides == WINDOW).all()
