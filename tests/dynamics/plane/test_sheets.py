"""Sheets of regions, and the areas that they cover."""

from itertools import product

import numpy as np
import pytest
import shapely

from attrax.dynamics.plane.borders import find_borders
from attrax.dynamics.plane.half_planes import rectangle
from attrax.dynamics.plane.regions import Regions
from attrax.dynamics.plane.sheets import coexistence, covered, draw_points, number_sheets, remaining
from tests.dynamics.plane.made_up_planes import SQUARE, plane_of, shape_of


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
