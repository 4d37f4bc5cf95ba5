"""Borders between regions: known ones, and none without a neighbour."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.plane.borders import find_borders, leading_eigenvalue
from attrax.dynamics.plane.half_planes import rectangle
from attrax.dynamics.plane.input_plane import Plane
from attrax.dynamics.plane.regions import Regions
from attrax.dynamics.plane.sheets import covered
from tests.dynamics.plane.made_up_planes import SQUARE, plane_of, shape_of, two_axes


@given(st.integers(0, 100_000), st.integers(2, 9), st.sampled_from([1.0, 0.4]))
@settings(max_examples=25, deadline=None)
def test_a_walk_leaves_no_edge_without_a_neighbour(seed, units, leak):
    """Each edge inside the window is one of the next region as well, on the side that the index says."""
    plane = plane_of(seed, units, leak)
    regions = Regions(plane, rectangle(SQUARE), 10_000)
    regions.walk([np.zeros((1, units), bool), np.ones((1, units), bool), np.arange(units)[None] % 2 > 0])
    for region in regions.found:
        middle = region.polygon.middle
        state = region.states(middle[None], leak)[0]
        np.testing.assert_allclose(plane.at(middle)(state), state, atol=1e-9 * (1 + np.abs(state).max()))
    for border in find_borders(regions):
        here, there = border.regions
        if there < 0:
            continue
        one, two = regions.found[here], regions.found[there]
        middle, along = border.ends.mean(axis=0), np.diff(border.ends, axis=0)[0]
        assert shape_of(two.polygon).distance(shapely.Point(middle)) < 1e-8
        near = 1e-6 * (1 + np.abs(one.drives).max())  # one solution on the border itself
        np.testing.assert_allclose(one.states(middle[None], leak), two.states(middle[None], leak), rtol=0, atol=near)
        sides = [np.sign(np.cross(np.append(along, 0), np.append(r.polygon.middle - middle, 0))[2]) for r in (one, two)]
        assert (sides[0] == sides[1]) == (border.kind == "fold")
        if border.kind not in ("fold", "switch"):
            assert one.stable
            assert not two.stable
            assert abs(leading_eigenvalue(plane, two)) >= 1


@pytest.mark.parametrize(("weight", "kind"), [(0.5, "switch"), (1.5, "fold"), (-1.5, "flip"), (1.0, "singular")])
def test_known_borders_of_one_unit(weight, kind):
    """h' = relu(w h + x) at x = 0: at rest for x < 0, and for x > 0 at x / (1 - w) if that is not negative."""
    regions = Regions(two_axes(weight), rectangle(SQUARE), 100)
    regions.walk([np.zeros((1, 2), bool)])
    borders = [border for border in find_borders(regions) if border.unit == 0]
    assert {border.kind for border in borders} == {kind}
    assert all(np.abs(border.ends[:, 0]).max() < 1e-12 for border in borders)
    stable = shapely.union_all([shape_of(region.polygon) for region in regions.found if region.stable], grid_size=1e-12)
    assert stable.area == pytest.approx(4 if weight == 0.5 else 2)


def test_the_two_cycle_of_one_unit_ends_where_it_merges_with_the_fixed_point():
    """h' = relu(x - 1.5 h) has the 2-cycle {0, x} for x > 0."""
    regions = Regions(two_axes(-1.5), rectangle(SQUARE), 100)
    regions.walk([np.array([[True, False], [False, False]])])
    assert {region.period for region in regions.found} == {1, 2}
    assert covered(regions, 2).area == pytest.approx(0.5)
    borders = [border for border in find_borders(regions) if border.unit == 0]
    assert {border.kind for border in borders} == {"merging", "flip"}
    states = regions.found[0].states(np.array([[0.4, -0.5]]), 1.0)[0, :, 0]
    np.testing.assert_allclose(np.sort(states), [0, 0.4], atol=1e-12)


def test_units_with_the_same_drive_switch_together():
    """Two copies of one unit: on their common border a pattern with one of them alone holds nothing."""
    weights = np.array([[0.3, 0.2, 0.0], [0.3, 0.2, 0.0], [0.4, 0.1, 0.0]])
    plane = Plane(ReluMap(weights, np.zeros(3)), np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    regions = Regions(plane, rectangle(SQUARE), 100)
    regions.walk([np.zeros((1, 3), bool)])
    assert covered(regions).area == pytest.approx(1)
    assert {border.kind for border in find_borders(regions)} == {"switch"}


def test_a_complex_pair_that_leaves_the_circle_is_named():
    """Units 0 and 1 spiral; unit 2, which x switches on, drives the spiral out of the circle."""
    weights = np.zeros((3, 3))
    weights[:2, :2] = 0.9 * np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    weights[0, 2], weights[2, 0] = 1.0, -0.8
    state = np.array([2.0, 2.0])
    bias = np.append(state - weights[:2, :2] @ state, 0.8 * 2.0)
    plane = Plane(ReluMap(weights, bias), np.array([[0.0, 0, 1], [0, 0.1, 0]]))
    regions = Regions(plane, rectangle(SQUARE), 1000)
    regions.walk([np.array([[True, True, False]])])
    borders = [border for border in find_borders(regions) if border.unit == 2 and border.regions[0] == 0]
    assert [border.kind for border in borders] == ["Neimark-Sacker"]
