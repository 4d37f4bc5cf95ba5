"""How an atlas is made: nothing is missed, nothing is special, and the limit holds."""

import re

import numpy as np
import pytest

from attrax.dynamics import atlas
from tests.dynamics.plane.made_up_planes import QUICK, network, one_unit


def test_what_orbits_reach_lies_on_the_sheets():
    """Attractors that the engine finds from many starts at many inputs: each has its polygon."""
    missed, met = 0, 0
    for seed in range(5):
        weights, bias, directions = network(seed, 8, gain=0.9)
        found = atlas(weights, bias, directions, samples=64, effort=QUICK)
        rng = np.random.default_rng(seed)
        points = rng.uniform(-1, 1, (40, 2))
        reached = found.reach(np.repeat(points, 20, axis=0), 3 * rng.random((800, 8)))
        periods = reached.period.values
        exact = reached.certified.values & (periods > 0) & (periods <= 12)
        missed += int((reached.region.values[exact] < 0).sum())
        met += int(exact.sum())
    assert met > 2000
    assert missed == 0


@pytest.mark.parametrize(("units", "limit"), [(100, 25), pytest.param(400, 100, marks=pytest.mark.slow)])
def test_slivers_by_the_hundred_end_at_the_limit_and_what_is_left_is_sampled(units, limit):
    weights = np.zeros((units, units))
    thresholds = np.sort(np.random.default_rng(0).uniform(-1, 1, units))
    found = atlas(
        weights, -thresholds, np.stack([np.ones(units), np.zeros(units)]), samples=16, limit=limit, effort=QUICK
    )
    assert not found.complete
    assert len(found.regions.found) == limit
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
