"""Borders between kinds of attractors that have no formula."""

import numpy as np
import pytest

from attrax.dynamics import Effort, atlas
from tests.dynamics.known_systems import border_collision
from tests.dynamics.plane.made_up_planes import QUICK, one_unit


def test_the_border_between_two_kinds_without_a_formula_is_found_by_bisection():
    """A quasi-periodic map beside a unit h' = relu(1.5 h + y - 0.2): for y above 0.2 all diverges, whatever x does."""
    curve = border_collision(0.0540905, 0.59820461, -0.80434312, 1.09224173).relu_map()
    units = len(curve.bias)
    weights = np.zeros((units + 1, units + 1))
    weights[:units, :units], weights[units, units] = curve.weights, 1.5
    bias = np.append(curve.bias, -0.2)
    directions = np.zeros((2, units + 1))
    directions[0, :units] = 0.1 * curve.bias  # the map at another scale: the same attractor
    directions[1, units] = 1.0
    start = np.append(curve(np.full(units, 0.3)), 0.0)
    found = atlas(weights, bias, directions, start=start, samples=32, starts=1, effort=Effort(extension=1))
    assert set(found.label([[0.0, 0.5], [0.0, -0.5]])) == {"divergent", "quasi-periodic"}
    borders = found.sampled_borders(edges=12, precision=1e-4)
    assert borders.sizes["border"] >= 8
    assert {frozenset(kinds) for kinds in borders.kind.values} == {frozenset({"divergent", "quasi-periodic"})}
    heights = borders.ends.sel(axis="y").values
    assert (heights.min(axis=1) <= 0.2).all()
    assert (heights.max(axis=1) >= 0.2).all()
    assert np.ptp(heights, axis=1).max() <= 2e-4


def test_a_window_without_formulas_of_two_kinds_has_no_such_border():
    found = atlas(*one_unit(0.5), samples=4, effort=QUICK)
    assert found.sampled_borders().sizes["border"] == 0
    for wrong in ({"edges": 0}, {"precision": 0.0}):
        with pytest.raises(ValueError, match="it must be"):
            found.sampled_borders(**wrong)
