"""The atlas as its users see it: labels, what coexists, and what it must refuse."""

import re

import numpy as np
import pytest
import shapely

import attrax
from attrax.dynamics import KINDS, atlas, find_attractors
from tests.dynamics.plane.made_up_planes import QUICK, network, one_unit, shape_of


def test_the_name_that_scripts_rely_on():
    found = attrax.dynamics.atlas(*one_unit(0.5), samples=4, effort=QUICK)
    assert attrax.dynamics.atlas is atlas
    assert found.label([[0.5, 0.5], [-0.5, 0.0]]).tolist() == ["fixed point", "fixed point"]
    assert found.areas() == {kind: pytest.approx(float(kind == "fixed point")) for kind in KINDS}


def test_starts_lead_to_attractors_that_coexist():
    """Two units that silence each other: a choice of either is an attractor, and x favours one of them."""
    weights = np.array([[0.4, -1.5], [-1.5, 0.4]])
    found = atlas(weights, [1.0, 1.0], [[1.0, -1.0], [0.0, 0.0]], window=((-0.3, 0.3), (0, 1)), samples=8, effort=QUICK)
    assert found.coexistence() == {2: pytest.approx(1.0)}
    assert found.sheets.max() == 1
    point = np.array([[0.1, 0.5]] * 2)
    reached = found.reach(point, np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert (reached.kind.values == "fixed point").all()
    np.testing.assert_allclose(reached.state[0], [1.1 / 0.6, 0], atol=1e-12)
    np.testing.assert_allclose(reached.state[1], [0, 0.9 / 0.6], atol=1e-12)
    pairs, numbers = found.above(point[:1])
    assert pairs.tolist() == [0, 0]
    assert set(numbers.tolist()) == set(reached.region.values.tolist())
    assert len(found.above(point[:1], stable=False)[0]) == 3  # and the saddle between them


@pytest.mark.parametrize(("seed", "units", "leak"), [(0, 4, 1.0), (1, 6, 1.0), (2, 8, 1.0), (3, 6, 0.5)])
def test_labels_and_states_agree_with_the_engine(seed, units, leak):
    weights, bias, directions = network(seed, units)
    found = atlas(weights, bias, directions, leak=leak, samples=32, effort=QUICK)
    points = np.random.default_rng(seed).uniform(-1, 1, (20, 2))
    reached = found.reach(points)
    for index, (x, y) in enumerate(points):
        relu_map = attrax.dynamics.ReluMap(weights, bias + x * directions[0] + y * directions[1], leak)
        there = find_attractors(relu_map, np.zeros(units), effort=QUICK)
        assert reached.kind[index] == there.kind[0]
        number = int(reached.region[index])
        if number >= 0:
            region = found.regions.found[number]
            assert region.stable
            assert number in found.above(points[index])[1]
            cycle = region.states(points[index][None], leak)[0]
            scale = 1e-8 * (1 + np.abs(cycle).max())
            assert np.abs(cycle - there.state.values[0]).max(axis=1).min() < scale
            np.testing.assert_allclose(relu_map(cycle), np.roll(cycle, -1, axis=0), atol=scale)


def test_a_plane_of_neutral_points_is_no_attractor():
    """h' = relu(h + x d): where x d = 0 every state is a fixed point, elsewhere there is none but silence."""
    found = atlas([[1.0]], [0.0], [[0.0], [0.0]], samples=4, effort=QUICK)
    assert found.areas()["fixed point"] == pytest.approx(0.0)
    assert found.areas()["undecided"] == pytest.approx(1.0)
    assert found.label([[0.3, 0.3]]).tolist() == ["undecided"]


def test_a_line_of_neutral_points_cuts_nothing_off():
    """w = 1: silent for x < 0; at x = 0 all states are neutral, and for x > 0 they grow by x at every step."""
    found = atlas(*one_unit(1.0), samples=16, effort=QUICK)
    assert found.areas()["fixed point"] == pytest.approx(0.5)
    assert "singular" in {border.kind for border in found.borders}
    assert found.label([[0.5, 0.0]]).item() == "divergent"


def test_polygons_of_all_stable_regions_lie_in_the_window():
    found = atlas(*network(1, 7), window=((0, 2), (-3, -1)), samples=16, effort=QUICK)
    window = shapely.box(0, -3, 2, -1).buffer(1e-9)
    assert found.stable
    assert all(window.contains(shape_of(region.polygon)) for region in found.regions.found)


def test_bad_points_are_told_in_one_line():
    found = atlas(*one_unit(0.5), samples=4, effort=QUICK)
    with pytest.raises(ValueError, match=re.escape("points have shape (1, 3); they must be (points, 2)")):
        found.label([[0.0, 1.0, 2.0]])
    with pytest.raises(ValueError, match="not finite"):
        found.above([[0.0, np.inf]])
    with pytest.raises(ValueError, match=re.escape("starts have shape (2,); they must be (1, 2)")):
        found.reach([[0.0, 0.0]], [0.0, 0.0])


def test_what_cannot_be_proved_is_no_bifurcation():
    """A chain of large weights: all eigenvalues are zero, and no eigenvectors are independent."""
    weights = np.diag(np.full(5, 40.0), -1)
    found = atlas(weights, np.full(6, 1e-6), 5e-6 * np.eye(2, 6), samples=8, effort=QUICK)
    assert {border.kind for border in found.borders} <= {"switch", "unproved"}
