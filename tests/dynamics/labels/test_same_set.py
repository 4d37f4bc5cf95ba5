"""Which orbits run on the same attractor: circles, clouds and cycles."""

import numpy as np
import pytest

from attrax.dynamics.labels.same_set import SAMPLE, is_same_cycle, is_same_set
from tests.dynamics.labels.known_series import GOLDEN


def circle(radius=1.0, phase=0.0, centre=0.0):
    angle = 2 * np.pi * GOLDEN * np.arange(SAMPLE) + phase
    return centre + radius * np.column_stack([np.cos(angle), np.sin(angle)])


@pytest.mark.parametrize(
    ("other", "same"),
    [(circle(phase=0.3), True), (circle(1.001), True), (circle(1.2), False), (circle(centre=0.2), False)],
)
def test_a_circle_is_the_same_wherever_an_orbit_begins_on_it(other, same):
    assert is_same_set(circle(), other) == same


def test_clouds_in_many_dimensions_are_told_apart_by_centre_and_size():
    one, other = np.random.default_rng(0).standard_normal((2, SAMPLE, 40))
    assert is_same_set(one, other)
    assert not is_same_set(one, other + 0.3)
    assert not is_same_set(one, 0.7 * other)


def test_a_state_of_a_cycle_is_one_up_to_rounding():
    cycle = np.array([[0.0, 1.0], [2.0, 0.5]])
    assert is_same_cycle(cycle, np.array([2.0, 0.5 + 1e-8]))
    assert not is_same_cycle(cycle, np.array([2.0, 0.5 + 1e-5]))
    assert is_same_cycle(cycle, np.array([2.0, 0.5 + 1e-5]), scale=1e3)
