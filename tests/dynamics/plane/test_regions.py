"""Polygons of a plane of inputs, against a grid, against all patterns there are, and against known borders."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import shapely
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.dynamics.certificates.contraction import contracts
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.periodic.linear_pieces import minimal_period
from attrax.dynamics.plane.borders import find_borders, leading_eigenvalue
from attrax.dynamics.plane.half_planes import WINDOW, intersect, rectangle
from attrax.dynamics.plane.input_plane import Plane
from attrax.dynamics.plane.regions import Regions, pattern_key
from attrax.dynamics.plane.sheets import coexistence, covered, draw_points, number_sheets, remaining
from attrax.dynamics.plane.solved_patterns import solve


def shape_of(polygon):
    return shapely.Polygon(polygon.corners)


SQUARE = np.array([[-1.0, 1.0], [-1.0, 1.0]])


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


def plane_of(seed, units, leak=1.0, gain=1.3):
    rng = np.random.default_rng(seed)
    weights = gain * rng.standard_normal((units, units)) / np.sqrt(units / 2)
    bias, directions = 0.5 * rng.standard_normal(units), rng.standard_normal((2, units))
    return Plane(ReluMap(weights, bias, leak), directions)


def pieces_by_enumeration(plane, points, period=1):
    """For every sequence of patterns: is its cycle real at each point, and is it stable?"""
    weights, leak, units = plane.origin.weights, plane.origin.leak, plane.n_units
    biases, identity = plane.biases(points), np.eye(units)
    for rows in product(product([0.0, 1.0], repeat=units), repeat=period):
        pattern = np.array(rows)
        if minimal_period(pattern > 0) < period:
            continue
        steps = [(1 - leak) * identity + leak * row[:, None] * weights for row in pattern]
        jacobian, offset = identity, np.zeros((len(points), units))
        for step, row in zip(steps, pattern, strict=True):
            jacobian, offset = step @ jacobian, offset @ step.T + leak * row * biases
        if abs(np.linalg.det(identity - jacobian)) < 1e-9:
            continue
        state = np.linalg.solve(identity - jacobian, offset.T).T
        real = np.ones(len(points), bool)
        for step, row in zip(steps, pattern, strict=True):
            real &= ((state @ weights.T + biases > 0) == (row > 0)).all(axis=1)
            state = state @ step.T + leak * row * biases
        if real.any():
            yield pattern > 0, real, np.abs(np.linalg.eigvals(jacobian)).max() < 1


def grid(points):
    axis = -1 + (2 * np.arange(points) + 1) / points
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)


def clear_of(polygon, points, margin):
    edge = shapely.prepared.prep(shape_of(polygon).exterior.buffer(margin))
    return np.array([not edge.contains(shapely.Point(point)) for point in points])


@pytest.mark.parametrize(("seed", "units", "leak", "points"), [(0, 4, 1.0, 400), (1, 5, 0.6, 150), (2, 7, 1.0, 100)])
def test_regions_agree_with_a_grid_in_every_cell_that_no_border_crosses(seed, units, leak, points):
    plane, cells = plane_of(seed, units, leak), grid(points)
    expected = {pattern_key(pattern): (real, stable) for pattern, real, stable in pieces_by_enumeration(plane, cells)}
    regions = Regions(plane, rectangle(SQUARE), 10_000)
    regions.walk([np.array(rows)[None] > 0 for rows in product([0, 1], repeat=units)])
    found = {region.key: region for region in regions.found}
    assert len(expected) > 5
    assert set(expected) <= set(found)
    margin = 2.0 / points * np.sqrt(0.5)
    for key, region in found.items():
        real, stable = expected.get(key, (np.zeros(len(cells), bool), None))
        inside = region.polygon.contains(cells)
        differ = np.flatnonzero(inside != real)
        edge = shape_of(region.polygon).exterior
        assert all(edge.distance(shapely.Point(cells[cell])) < margin for cell in differ)
        if stable is not None:
            assert region.stable == stable
            assert region.polygon.area / 4 == pytest.approx(real.mean(), abs=4 * margin)
    counted = sum((real.astype(int) for real, stable in expected.values() if stable), np.zeros(len(cells), int))
    shares = coexistence(regions, number_sheets(regions, find_borders(regions)))
    for count in range(counted.max() + 1):
        assert shares.get(count, 0.0) == pytest.approx(np.mean(counted == count), abs=1e-3 if points == 400 else 1e-2)


@pytest.mark.parametrize(("seed", "leak"), [(5, 1.0), (10, 1.0), (10, 0.5)])
def test_two_cycles_agree_with_a_grid(seed, leak):
    plane, cells = plane_of(seed, 4, leak, gain=2.5), grid(80)
    expected = {}
    for pattern, real, stable in pieces_by_enumeration(plane, cells, 2):
        key = pattern_key(pattern)
        assert key not in expected or (expected[key][0] == real).all()
        expected[key] = (real, stable)
    regions = Regions(plane, rectangle(SQUARE), 10_000)
    every = [np.array(row) > 0 for row in product([0, 1], repeat=4)]
    regions.walk([np.array(pair) for pair in product(every, repeat=2)])
    found = {region.key: region for region in regions.found}
    assert expected
    assert set(expected) <= set(found)
    for key, region in found.items():
        if key in expected:
            real, stable = expected[key]
            differ = np.flatnonzero(region.polygon.contains(cells) != real)
            edge = shape_of(region.polygon).exterior
            assert all(edge.distance(shapely.Point(cells[cell])) < 0.02 for cell in differ)
            assert region.stable == stable


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


def two_axes(weight):
    """Unit 0 hears itself and x; unit 1 hears y alone."""
    return Plane(ReluMap([[weight, 0.0], [0.0, 0.0]], [0.0, 0.0]), np.eye(2))


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


def test_sheets_have_one_region_above_each_point():
    for seed in range(6):
        plane = plane_of(seed, 8)
        regions = Regions(plane, rectangle(SQUARE), 10_000)
        regions.walk([np.array(rows)[None] > 0 for rows in product([0, 1], repeat=8)])
        sheets = number_sheets(regions, find_borders(regions))
        for sheet in range(sheets.max() + 1):
            shapes = [shape_of(regions.found[number].polygon) for number in np.flatnonzero(sheets == sheet)]
            assert sum(shape.area for shape in shapes) - shapely.union_all(shapes, grid_size=1e-12).area < 4e-9
        assert sum(coexistence(regions, sheets).values()) == pytest.approx(1)
        rest = remaining(regions)
        assert rest.area + covered(regions).area == pytest.approx(1)
        points = draw_points(rest, 50, np.random.default_rng(0))
        assert shapely.dwithin(rest, shapely.points(points), 1e-12).all()


def test_a_limit_ends_the_walk_and_is_told():
    regions = Regions(plane_of(0, 8), rectangle(SQUARE), 7)
    regions.walk([np.array(rows)[None] > 0 for rows in product([0, 1], repeat=8)])
    assert len(regions.found) == 7
    assert not regions.complete


@given(st.integers(0, 100_000), st.floats(0.2, 1.5), st.sampled_from([7, 60]))
@settings(max_examples=40, deadline=None)
def test_what_contracts_has_its_eigenvalues_inside_the_circle(seed, radius, size):
    matrix = np.random.default_rng(seed).standard_normal((size, size)) ** 3
    matrix *= radius / np.abs(np.linalg.eigvals(matrix)).max()
    assert contracts(matrix) == (radius < 1) or abs(radius - 1) < 1e-6
    assert contracts(np.zeros((0, 0)))
    assert contracts(np.array([[0.0, 1e5], [0.0, 0.0]]))


def test_what_a_cycles_jacobian_may_be_wrong_by_is_part_of_the_proof():
    """Its entries cancel from 8e15 to about 1: the exact Jacobian is -1.04, and what is computed is -0.6."""
    weights = np.array([[0.0, 97977838.29, -90428365.42], [82611848.92, 0.0, 0.0], [89508754.66, 0.0, 0.0]])
    pattern = np.array([[False, True, True], [True, False, False]])
    plane = Plane(ReluMap(weights, np.ones(3)), np.eye(3)[:2])
    jacobian, error = solve(plane, pattern).jacobian()
    first, second = (
        Fraction(weights[0, 1]) * Fraction(weights[1, 0]),
        Fraction(weights[0, 2]) * Fraction(weights[2, 0]),
    )
    exact = float(first + second)
    assert abs(exact) > 1
    assert abs(abs(np.linalg.eigvals(jacobian)).max() - abs(exact)) <= error
    assert not contracts(jacobian, error)


@pytest.mark.parametrize("leak", [1.0, 0.4])
def test_the_bound_on_a_cycles_jacobian_holds_and_is_small(leak):
    rng = np.random.default_rng(3)
    weights = rng.standard_normal((12, 12)) / 3
    pattern = rng.random((5, 12)) < 0.6
    plane = Plane(ReluMap(weights, np.ones(12), leak), rng.standard_normal((2, 12)))
    jacobian, error = solve(plane, pattern).jacobian()
    exact = [[Fraction(int(i == j)) for j in range(12)] for i in range(12)]
    whole = [[Fraction(w) for w in row] for row in weights]
    keep, renew = Fraction(1 - leak), Fraction(leak)
    for active in pattern:
        heard = [
            [sum(a * b for a, b in zip(row, column, strict=True)) for column in zip(*exact, strict=True)]
            for row in whole
        ]
        exact = [[keep * exact[i][j] + (renew * heard[i][j] if active[i] else 0) for j in range(12)] for i in range(12)]
    exact = np.array([[float(x) for x in row] for row in exact])
    if leak == 1:
        kept = np.flatnonzero(pattern[-1])
        exact = exact[np.ix_(kept, kept)]
    assert np.linalg.norm(jacobian - exact) <= error
    assert error < 1e-10


def test_what_a_walk_has_found_can_be_kept_and_read_back():
    plane = plane_of(0, 8)
    walked, again = Regions(plane, rectangle(SQUARE), 10_000), Regions(plane, rectangle(SQUARE), 10_000)
    walked.walk(np.array([pattern], bool) for pattern in product((0, 1), repeat=8))
    content = bytes(walked.to_dataset().to_netcdf(engine="h5netcdf"))
    with xr.open_dataset(content, engine="h5netcdf") as kept:
        again.restore(kept.load())
    assert again.number_of == walked.number_of
    assert again.complete == walked.complete
    assert len(again.found) == len(walked.found) > 1
    for one, other in zip(walked.found, again.found, strict=True):
        assert one.key == other.key
        assert (one.index, one.stable, one.shared) == (other.index, other.stable, other.shared)
        assert (one.drives == other.drives).all()
        assert (one.polygon.corners == other.polygon.corners).all()
        assert (one.polygon.sides == other.polygon.sides).all()
    empty = Regions(plane, rectangle(SQUARE), 10)
    empty.restore(Regions(plane, rectangle(SQUARE), 10).to_dataset())
    assert (empty.found, empty.number_of) == ([], {})
