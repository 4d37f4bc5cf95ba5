import jax.numpy as jnp
import numpy as np
import pytest

from attrax.dynamics import Effort, ReluMap, SmoothMap, find_attractors, match_attractors, tanh_map
from attrax.dynamics.attractors.matching import Matched, MetAttractors, discover, match, relu_maps

QUICK = Effort(settling_steps=500, steps=1000, extension=1)
ROTATION = np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])


def switch(inhibition, bias=(1.0, 1.0)):
    """Two units that silence each other: bistable where the inhibition is above 0.6."""
    return ReluMap(np.array([[0.4, -inhibition], [-inhibition, 0.4]]), np.array(bias))


def test_two_choices_that_merge_die_and_one_state_is_born():
    starts = [[1.0, 0.0], [0.0, 1.0]]
    found = match_attractors(switch(1.2), switch(0.3), starts, effort=QUICK)
    assert found.before_kind.values.tolist() == ["fixed point", "fixed point"]
    assert found.leads_to.values.tolist() == [0, 0]
    assert found.sizes["after"] == 1
    # the state between them leads back to one of the two: that one lives on, the other has died
    assert sorted(found.lives_on_as.values.tolist()) == [-1, 0]


def test_nothing_changes_in_an_unchanged_map():
    found = match_attractors(switch(1.2), switch(1.2), [[1.0, 0.0], [0.0, 1.0]], effort=QUICK)
    np.testing.assert_array_equal(found.lives_on_as, [0, 1])
    np.testing.assert_array_equal(found.lived_as, [0, 1])


def test_a_choice_that_is_lost_has_died_and_the_other_lives_on():
    found = match_attractors(switch(1.2), switch(1.2, (2.0, 0.5)), [[1.0, 0.0], [0.0, 1.0]], effort=QUICK)
    assert found.leads_to.values.tolist() == [0, 0]
    assert sorted(found.lives_on_as.values.tolist()) == [-1, 0]
    winner = int(np.flatnonzero(found.lives_on_as.values == 0)[0])
    assert found.lived_as.values.tolist() == [winner]


def test_attractors_that_no_start_met_are_met_from_those_of_the_other_map():
    # From this start the second map's second choice is met only through the first map's.
    one_sided = [[2.0, 0.0]]
    found = match_attractors(switch(1.2), switch(1.2), one_sided, effort=QUICK)
    assert found.sizes["before"] == found.sizes["after"] == 1
    grown = match_attractors(switch(1.2, (2.0, 0.5)), switch(1.2), [[0.0, 1.5]], effort=QUICK)
    # the start goes to unit 1 before and to unit 2 after; unit 1's state leads to a second attractor after the change
    assert grown.sizes["before"] == 1
    assert grown.sizes["after"] == 2
    assert (grown.lived_as.values == -1).sum() == 1


def test_a_fixed_point_that_becomes_a_curve_lives_on_and_changes_its_kind():
    def spiral(gain):
        """Tanh rotation: a fixed point at 0 below gain 1, an invariant curve above."""
        return tanh_map(gain * ROTATION, np.zeros(2))

    start = np.array([[0.3, 0.1]])
    assert find_attractors(spiral(0.8), start, effort=QUICK).kind.values[0] == "fixed point"
    found = match_attractors(spiral(0.8), spiral(1.3), start, effort=QUICK)
    assert found.after_kind.values.tolist() == ["quasi-periodic"]
    assert found.lives_on_as.values.tolist() == [0]
    assert found.lived_as.values.tolist() == [0]


def test_every_match_goes_both_ways():
    rng = np.random.default_rng(5)
    for _ in range(5):
        weights = rng.standard_normal((6, 6)) * 0.9
        change = weights + 0.1 * rng.standard_normal((6, 6))
        bias = rng.standard_normal(6)
        found = match_attractors(ReluMap(weights, bias), ReluMap(change, bias), rng.random((6, 6)) * 3, effort=QUICK)
        for one, other in ((found.lives_on_as.values, found.lived_as.values),
                           (found.lived_as.values, found.lives_on_as.values)):  # fmt: skip
            for number, same in enumerate(one.tolist()):
                assert same == -1 or other[same] == number


def test_what_does_not_fit_is_told():
    with pytest.raises(ValueError, match="2 and 3 units"):
        match_attractors(switch(1.0), ReluMap(np.zeros((3, 3)), np.zeros(3)), np.zeros((1, 2)))
    with pytest.raises(ValueError, match="starts"):
        match_attractors(switch(1.0), switch(1.0), np.zeros((1, 3)))


def test_what_a_map_is_matched_to_does_not_depend_on_the_maps_beside_it():
    weights = np.array([[0.4, -1.2], [-1.2, 0.4]])
    starts = np.array([[1.0, 0.0], [0.0, 1.0]])

    def matched(biases):
        maps = np.repeat(np.arange(len(biases)), 2)
        sides = [MetAttractors(relu_maps(weights, np.array(biases), 1.0), len(biases), QUICK, 0) for _ in range(2)]
        for side in sides:
            side.reach(maps, np.tile(starts, (len(biases), 1)))
        discover(sides)
        return match(*sides)[0]

    small = [0.01, 0.01]
    for biases in ([small], [small, [1e5, 1e5]], [small, small, [1e5, 1e5]]):
        np.testing.assert_array_equal(matched(biases).lives_on_as, [0, 1])


def test_a_state_that_leads_to_an_undecided_orbit_is_neither_dead_nor_born():
    pairs = Matched(leads_to=np.array([0, -2, -1, 1]), came_from=np.array([0, -2]))
    assert pairs.lives_on_as.tolist() == [0, -2, -1, -2]
    assert pairs.lived_as.tolist() == [0, -2]


def test_slow_curves_are_matched_each_once():
    """Two circles that turn by nearly a twentieth: from four starts each, under two maps that differ a little."""

    def circles(turn):
        def function(h):
            angle, level = jnp.arctan2(h[1], h[0]), jnp.sqrt(h @ h)
            radius = jnp.where(level > 1.5, 2.0, 1.0)
            level, angle = radius + 0.5 * (level - radius), angle + 2 * jnp.pi * turn
            return level * jnp.stack([jnp.cos(angle), jnp.sin(angle)])

        return SmoothMap(function, 2)

    angle = np.arange(4.0)
    flat = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    found = match_attractors(circles(1 / 20 + 1e-6), circles(1 / 20 + 1e-5), np.concatenate([flat, 2 * flat]))
    assert found.before_kind.values.tolist() == found.after_kind.values.tolist() == ["quasi-periodic"] * 2
    assert found.lives_on_as.values.tolist() == [0, 1]
    assert not found.before_perhaps_several.any()
