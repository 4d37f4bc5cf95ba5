"""Orbits at sampled inputs: what they met, and that nothing which was kept is followed again."""

import numpy as np

from attrax.dynamics.plane.input_survey import Survey
from attrax.progress import compute_always, ignore_progress
from tests.dynamics.plane.made_up_planes import QUICK, two_axes

POINTS = np.array([[0.4, 0.5], [-0.4, -0.5], [0.7, 0.5]])


def survey(keep=compute_always, tell=ignore_progress):
    """h' = relu(x - 1.5 h): a 2-cycle for x > 0, silence for x < 0; unit 1 hears y alone."""
    return Survey(two_axes(-1.5), np.zeros(2), 2, QUICK, np.random.default_rng(0), tell, keep)


def test_the_patterns_of_what_was_met_each_once():
    found = survey()
    found.add(POINTS, everywhere=True)
    assert sorted(pattern.tolist() for pattern in found.patterns(1)) == [[[False, False]]]
    both = found.patterns(2)
    assert sorted(pattern.shape[0] for pattern in both) == [1, 2]
    assert [pattern[:, 1].all() for pattern in both if pattern.shape[0] == 2] == [True]


def test_what_was_met_at_each_input():
    found = survey()
    found.add(POINTS[:2], everywhere=True)
    found.add(POINTS[2:], everywhere=False)
    assert [[pattern.shape[0] for pattern in here] for here in found.met(2)] == [[2], [1], [2]]
    assert [len(here) for here in found.met(1)] == [0, 1, 0]


def test_each_group_says_how_long_it_took():
    found, seconds = survey(), []
    for taken in found.in_groups(np.tile(POINTS, (4, 1)), everywhere=True):
        seconds.append(taken)
        assert len(found.points) == min(8 * len(seconds), 12)
    assert len(seconds) == 2
    assert min(seconds) > 0


def test_samples_come_in_order_and_say_where_they_were_drawn():
    found = survey()
    found.add(POINTS[:2], everywhere=True)
    found.add(POINTS[2:], everywhere=False)
    found.add(POINTS[:0], everywhere=False)
    samples = found.to_dataset()
    assert samples.kind.values.tolist() == [["cycle"] * 2, ["fixed point"] * 2, ["cycle"] * 2]
    assert samples.everywhere.values.tolist() == [True, True, False]
    np.testing.assert_array_equal(samples.point, POINTS)


def test_what_was_kept_is_not_followed_again():
    kept, computed = {}, []

    def keep(name, compute):
        if name not in kept:
            computed.append(name)
            kept[name] = compute()
        return kept[name]

    said = []
    once, again = survey(keep, said.append), survey(keep)
    for one in (once, again):
        one.add(POINTS[:2], everywhere=True)
        one.add(POINTS[2:], everywhere=False)
    assert computed == ["samples 0", "samples 2"]
    assert once.to_dataset().identical(again.to_dataset())
    assert [(step.what, step.done, step.total) for step in said] == [("inputs sampled", 2, 2), ("inputs sampled", 1, 1)]
