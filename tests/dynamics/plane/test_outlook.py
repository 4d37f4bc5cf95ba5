"""What is said of an atlas beforehand: right where regions are spread evenly, and told once."""

import numpy as np
import pytest

from attrax.dynamics import atlas
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.plane.half_planes import rectangle
from attrax.dynamics.plane.input_plane import Plane
from attrax.dynamics.plane.outlook import Outlook, Pilot
from tests.dynamics.plane.made_up_planes import QUICK

WINDOW = np.array([[-1.0, 1.0], [-1.0, 1.0]])


def stripes(units):
    """Unit i is active where x is above its threshold, and hears nobody: units + 1 stripes, each a fixed point's."""
    thresholds = np.linspace(-1, 1, units + 2)[1:-1]
    return np.zeros((units, units)), -thresholds, np.stack([np.ones(units), np.zeros(units)])


def looked_at(units, inputs, unstable=False, limit=50_000):
    weights, bias, directions = stripes(units)
    plane = Plane(ReluMap(weights, bias), directions)
    met = [[(bias + x * directions[0] > 0)[None]] for x in inputs]
    return Pilot(plane, rectangle(WINDOW), unstable, limit).outlook(met, 0.5, 48)


def test_stripes_are_counted_from_a_few_of_them():
    assert looked_at(300, [-0.7, -0.2, 0.3, 0.6]).regions == pytest.approx(301, rel=0.05)


def test_unstable_regions_are_reckoned_with_where_they_are_walked_through():
    assert looked_at(300, [0.1], unstable=True).regions == pytest.approx(3 * 301, rel=0.05)


def test_no_more_is_expected_than_is_kept():
    assert looked_at(300, [0.1], limit=100).regions == 100


def test_seconds_are_those_of_the_inputs_to_come_and_more_where_nothing_was_met():
    known = looked_at(20, [0.1]).seconds
    assert 24 <= known < 30
    weights, bias, directions = stripes(20)
    pilot = Pilot(Plane(ReluMap(weights, bias), directions), rectangle(WINDOW), False, 100)
    nothing = pilot.outlook([[], []], 0.5, 48)
    assert nothing.regions == 0
    assert nothing.seconds == pytest.approx(0.5 * (48 + 50), abs=1)


@pytest.mark.parametrize(("seconds", "words"), [(12.4, "12 s in all"), (200.0, "3 min in all")])
def test_words(seconds, words):
    assert str(Outlook(1234, seconds)) == f"about 1,234 regions are expected, and {words} until they are found"


def test_an_atlas_says_it_once_and_then_how_far_it_is():
    steps = []
    found = atlas(*stripes(40), samples=32, starts=1, solves=0, effort=QUICK, on_progress=steps.append)
    said = [number for number, step in enumerate(steps) if step.outlook]
    assert len(said) == 1
    assert steps[said[0]].done == 24
    assert "regions are expected" in steps[said[0]].outlook
    walked = [step for step in steps if step.what == "regions met"]
    assert walked
    assert all(step.about and step.done <= step.total for step in walked)
    assert len(found.regions.found) == 41
