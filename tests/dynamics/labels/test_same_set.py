"""Whether two orbits are told to run on one attractor or on two: curves, tori, chaos, cycles."""

import numpy as np
import pytest

from attrax.dynamics.labels.same_set import compare, is_same_cycle
from attrax.dynamics.labels.set_samples import SetSample

GOLDEN = (np.sqrt(5) - 1) / 2
N = 5000


def circle(turn=GOLDEN, radius=1.0, phase=0.0, centre=(0.0, 0.0), n=N):
    angle = 2 * np.pi * (turn * np.arange(n) + phase)
    return SetSample(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1) + centre)


def henon(start, n=N, shift=0.0):
    states = np.empty((n, 3))
    x, y = start
    for step in range(-100, n):
        x, y = 1 - 1.4 * x * x + y, 0.3 * x
        states[max(step, 0)] = x, y, shift
    return SetSample(states)


@pytest.mark.parametrize("turn", [GOLDEN, 1 / 20 + 1e-4, 1 / 1003.3, 0.303651])
def test_orbits_of_one_curve_are_told_from_those_of_curves_beside_it(turn):
    known = circle(turn)
    assert compare(known, circle(turn, phase=0.4), dimension=1) == "same"
    assert compare(known, circle(turn, 1.01, 0.4), dimension=1) == "other"
    assert compare(known, circle(turn, 0.99, 0.4), dimension=1) == "other"
    assert compare(known, circle(turn, 1.0, 0.4, (0.03, 0.0)), dimension=1) != "same"
    assert compare(known, circle(turn, 1.0, 0.4, (3.0, 0.0)), dimension=1) == "other"


def test_an_orbit_that_leaves_holes_proves_no_difference():
    """A turn by a third and a millionth: the other orbit stands in the holes of the first one."""
    turn = 1 / 3 + 1e-6
    assert compare(circle(turn), circle(turn, phase=0.17), dimension=1) == "unclear"


def test_chaotic_orbits_are_told_apart_by_where_they_are_and_by_their_averages():
    known = henon((0.1, 0.1))
    assert compare(known, henon((0.2, -0.1)), dimension=0) == "same"
    assert compare(known, henon((0.2, -0.1), shift=0.5), dimension=0) == "other"
    mirrored = SetSample(-henon((0.2, -0.1)).points)
    assert compare(known, mirrored, dimension=0) == "other"


def test_where_all_neighbours_are_far_the_averages_decide():
    one, other = np.random.default_rng(0).standard_normal((2, N, 16))
    assert compare(SetSample(one), SetSample(other), dimension=0) == "same"
    assert compare(SetSample(one), SetSample(other + 0.3), dimension=0) == "other"
    assert compare(SetSample(one), SetSample(0.7 * other), dimension=0) == "other"


def test_a_chaotic_orbit_that_has_seen_a_part_only_is_unclear():
    """Two wells of which the second orbit has seen one: it may cross over later."""
    rng = np.random.default_rng(0)
    well = rng.standard_normal((N, 2)) * 0.1
    both = np.where(np.arange(N) // 500 % 2, 1.0, -1.0)[:, None] + well
    assert compare(SetSample(well + 1.0), SetSample(both), dimension=0) == "unclear"


def test_a_state_belongs_to_a_cycle_within_rounding():
    cycle = np.array([[1.0, 2.0], [2.0, 0.5]])
    assert is_same_cycle(cycle, np.array([2.0, 0.5 + 1e-8]))
    assert not is_same_cycle(cycle, np.array([2.0, 0.5 + 1e-5]))
    assert is_same_cycle(cycle, np.array([2.0, 0.5 + 1e-5]), scale=1e3)
