"""Regions of a plane of inputs, against a grid, against all patterns there are, and kept and read back."""

from itertools import product

import numpy as np
import pytest
import shapely
import xarray as xr

from attrax.dynamics.periodic.linear_pieces import minimal_period
from attrax.dynamics.plane.borders import find_borders
from attrax.dynamics.plane.half_planes import rectangle
from attrax.dynamics.plane.regions import Regions, pattern_key
from attrax.dynamics.plane.sheets import coexistence, number_sheets
from tests.dynamics.plane.made_up_planes import SQUARE, plane_of, shape_of


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


def test_a_limit_ends_the_walk_and_is_told():
    regions = Regions(plane_of(0, 8), rectangle(SQUARE), 7)
    regions.walk([np.array(rows)[None] > 0 for rows in product([0, 1], repeat=8)])
    assert len(regions.found) == 7
    assert not regions.complete


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
