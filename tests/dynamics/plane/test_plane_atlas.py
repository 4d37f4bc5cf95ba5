"""The atlas as its users see it: labels, areas, what coexists, and what it must refuse."""

import re

import numpy as np
import pytest
import shapely

import attrax
from attrax.dynamics import KINDS, Effort, atlas, find_attractors
from tests.dynamics.known_systems import border_collision


def shape_of(polygon):
    return shapely.Polygon(polygon.corners)


QUICK = Effort(settling_steps=500, steps=1000, extension=1)


def network(seed, units, gain=1.3):
    rng = np.random.default_rng(seed)
    weights = gain * rng.standard_normal((units, units)) / np.sqrt(units / 2)
    return weights, 0.5 * rng.standard_normal(units), rng.standard_normal((2, units))


def one_unit(weight):
    """h' = relu(w h + x); y drives another unit, which hears nothing else."""
    return np.array([[weight, 0.0], [0.0, 0.0]]), np.zeros(2), np.eye(2)


def test_the_name_that_scripts_rely_on():
    found = attrax.dynamics.atlas(*one_unit(0.5), samples=4, effort=QUICK)
    assert attrax.dynamics.atlas is atlas
    assert found.label([[0.5, 0.5], [-0.5, 0.0]]).tolist() == ["fixed point", "fixed point"]
    assert found.areas() == {kind: pytest.approx(float(kind == "fixed point")) for kind in KINDS}


def test_known_areas():
    """w = -1.5: a fixed point for x < 0, the 2-cycle {0, x} for x > 0. w = 1.5: growth without bound for x > 0."""
    window = ((-1.0, 2.0), (-1.0, 1.0))
    flip = atlas(*one_unit(-1.5), window=window, samples=8, effort=QUICK)
    assert flip.areas()["fixed point"] == pytest.approx(1 / 3)
    assert flip.areas()["cycle"] == pytest.approx(2 / 3)
    assert flip.coexistence() == {1: pytest.approx(1.0)}
    assert {border.kind for border in flip.borders} == {"switch", "flip", "merging"}
    points = np.array([[0.6, 0.3], [-0.6, 0.3]])
    reached = flip.reach(points)
    assert reached.kind.values.tolist() == ["cycle", "fixed point"]
    assert reached.period.values.tolist() == [2, 1]
    assert set(reached.state.values[0, :1].round(12)) <= {0.0, 0.6}

    fold = atlas(*one_unit(1.5), window=window, samples=64, starts=2, effort=QUICK)
    table = fold.area_table()
    assert table.exact.sel(kind="fixed point") == pytest.approx(1 / 3)
    low, share, high = (float(table[name].sel(kind="divergent")) for name in ("low", "share", "high"))
    assert high >= 2 / 3
    assert low <= share <= high
    # from large random starts it diverges for negative x as well: the fold's other branch is the basin's border
    assert low >= 0.6
    assert fold.label(points).tolist() == ["divergent", "fixed point"]
    assert fold.coexistence() == {0: pytest.approx(2 / 3), 1: pytest.approx(1 / 3)}


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


def test_what_orbits_reach_lies_on_the_sheets():
    """Attractors that the engine finds from many starts at many inputs: each has its polygon."""
    missed, met = 0, 0
    for seed in range(5):
        weights, bias, directions = network(seed, 8, gain=0.9)
        found = atlas(weights, bias, directions, samples=64, effort=QUICK)
        rng = np.random.default_rng(seed)
        points = rng.uniform(-1, 1, (40, 2))
        reached = found.reach(np.repeat(points, 20, axis=0), 3 * rng.random((800, 8)))
        exact = reached.certified.values & (reached.period.values <= 12)
        missed += int((reached.region.values[exact] < 0).sum())
        met += int(exact.sum())
    assert met > 2000
    assert missed == 0


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
    assert found.label([[0.5, 0.0]]).item() == "undecided"


def test_slivers_by_the_thousand_end_at_the_limit_and_what_is_left_is_sampled():
    units = 400
    weights = np.zeros((units, units))
    thresholds = np.sort(np.random.default_rng(0).uniform(-1, 1, units))
    found = atlas(
        weights, -thresholds, np.stack([np.ones(units), np.zeros(units)]), samples=16, limit=100, effort=QUICK
    )
    assert not found.complete
    assert len(found.regions.found) == 100
    table = found.area_table().sel(kind="fixed point")
    assert table.exact < 0.9
    assert table.share == pytest.approx(1.0)
    whole = atlas(weights, -thresholds, np.stack([np.ones(units), np.zeros(units)]), samples=16, effort=QUICK)
    assert whole.complete
    assert whole.areas()["fixed point"] == pytest.approx(1.0)
    assert len(whole.regions.found) == units + 1


def test_the_same_seed_gives_the_same_atlas():
    one, two = (atlas(*network(3, 6), samples=16, seed=5, effort=QUICK) for _ in range(2))
    assert [region.key for region in one.regions.found] == [region.key for region in two.regions.found]
    assert one.samples.identical(two.samples)
    assert one.areas() == two.areas()


def test_polygons_of_all_stable_regions_lie_in_the_window():
    found = atlas(*network(1, 7), window=((0, 2), (-3, -1)), samples=16, effort=QUICK)
    window = shapely.box(0, -3, 2, -1).buffer(1e-9)
    assert found.stable
    assert all(window.contains(shape_of(region.polygon)) for region in found.regions.found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"directions": np.ones((2, 3))}, "directions have shape (2, 3); with 2 units they must be (2, 2)"),
        ({"directions": np.full((2, 2), np.nan)}, "directions or start hold values that are not finite"),
        ({"start": np.zeros(3)}, "start has shape (3,); with 2 units it must be (2,)"),
        ({"window": ((1, -1), (0, 1))}, "window is ((1, -1), (0, 1)); it must be"),
        ({"window": ((0, 0), (0, 1))}, "each from below to"),
        ({"samples": 0}, "samples is 0; it must be a whole number, at least 1"),
        ({"bias": np.zeros(3)}, "bias has shape (3,)"),
        ({"leak": 0.0}, "leak is 0.0"),
    ],
)
def test_bad_input_is_told_in_one_line(change, message):
    weights, bias, directions = one_unit(0.5)
    given = {"weights": weights, "bias": bias, "directions": directions} | change
    with pytest.raises(ValueError, match=re.escape(message)):
        atlas(**given)


def test_bad_points_are_told_in_one_line():
    found = atlas(*one_unit(0.5), samples=4, effort=QUICK)
    with pytest.raises(ValueError, match=re.escape("points have shape (1, 3); they must be (points, 2)")):
        found.label([[0.0, 1.0, 2.0]])
    with pytest.raises(ValueError, match="not finite"):
        found.above([[0.0, np.inf]])
    with pytest.raises(ValueError, match=re.escape("starts have shape (2,); they must be (1, 2)")):
        found.reach([[0.0, 0.0]], [0.0, 0.0])


@pytest.mark.parametrize(("shift", "half"), [(0.0, 1e-9), (1e5, 1.0), (0.0, 1e9)])
def test_no_scale_or_place_is_special(shift, half):
    """The same maps, under other names for x and y."""
    weights, bias, directions = network(1, 6)
    plain = atlas(weights, bias, directions, samples=16, effort=QUICK)
    moved = directions / np.array([[half], [1.0]])
    window = ((shift - half, shift + half), (-1, 1))
    found = atlas(weights, bias - shift * moved[0], moved, window=window, samples=16, effort=QUICK)
    assert len(found.regions.found) == len(plain.regions.found)
    near = 1e-6
    assert found.coexistence() == {
        count: pytest.approx(share, abs=near) for count, share in plain.coexistence().items()
    }
    assert found.areas()["fixed point"] == pytest.approx(plain.areas()["fixed point"], abs=near)


def test_what_cannot_be_proved_is_no_bifurcation():
    """A chain of large weights: all eigenvalues are zero, and no eigenvectors are independent."""
    weights = np.diag(np.full(5, 40.0), -1)
    found = atlas(weights, np.full(6, 1e-6), 5e-6 * np.eye(2, 6), samples=8, effort=QUICK)
    assert {border.kind for border in found.borders} <= {"switch", "unproved"}


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


def test_shares_at_the_inputs_of_trials():
    """As above: a fixed point for x < 0, a 2-cycle for x > 0."""
    flip = atlas(*one_unit(-1.5), samples=8, effort=QUICK)
    points = [[-0.5, 0.0], [0.5, 0.0], [0.7, 0.1], [-0.2, 0.3]]
    shares = flip.shares_at(points, [1, 2, 4, 1])
    assert float(shares.exists.sel(kind="cycle")) == pytest.approx(6 / 8)
    assert float(shares.reached.sel(kind="fixed point")) == pytest.approx(2 / 8)
    assert float(shares.coexist) == 0
    assert float(flip.shares_at(points).exists.sel(kind="cycle")) == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"weights have shape \(2,\)"):
        flip.shares_at(points, [1, 2])
    with pytest.raises(ValueError, match="below zero"):
        flip.shares_at(points, [1, 2, -1, 1])


def test_what_exists_is_more_than_what_is_reached_where_two_choices_coexist():
    weights = np.array([[0.4, -1.5], [-1.5, 0.4]])
    found = atlas(weights, [1.0, 1.0], [[1.0, -1.0], [0.5, 0.5]], samples=8, starts=8, effort=QUICK)
    axis = np.linspace(-1, 1, 42)[:-1] + 1 / 41
    shares = found.shares_at(np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2))
    assert float(shares.exists.sel(kind="fixed point")) == 1
    assert float(shares.coexist) == pytest.approx(found.coexistence()[2], abs=0.03)
