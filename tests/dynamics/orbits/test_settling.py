"""Orbits that have settled, by known maps."""

import numpy as np
import pytest

from attrax.dynamics import settle
from attrax.dynamics.orbits.many_orbits import PIECE
from attrax.dynamics.orbits.relu_orbits import ReluOrbits
from tests.dynamics.known_systems import knuth


def collected(biases, starts, weights, steps, sample, leak=1.0):
    """All that settle yields, NaN where it yields nothing."""
    states = np.full((sample, *starts.shape), np.nan)
    for rows, recorded in settle(weights, biases, leak, starts, steps, sample):
        states[:, rows] = recorded
    return states


def test_a_contraction_is_recorded_at_its_fixed_point():
    states = collected(np.array([[1.0], [3.0]]), np.zeros((2, 1)), np.array([[0.5]]), 200, 7)
    assert states.shape == (7, 2, 1)
    assert (states == np.array([2.0, 6.0])[:, None]).all()


def test_what_diverges_and_what_is_not_finite_is_not_yielded():
    starts = np.array([[1.0], [np.nan], [0.0]])
    states = collected(np.array([[0.1], [0.1], [-1.0]]), starts, np.array([[1.5]]), 300, 4)
    assert np.isnan(states[:, :2]).all()
    assert (states[:, 2] == 0).all()


@pytest.mark.parametrize("steps", [3, PIECE, 3 * PIECE + 7])
def test_they_are_the_states_of_the_orbits_followed_in_one_go(steps):
    """Whether they come to rest on the way or wind for ever; more orbits than are followed at a time."""
    generator = np.random.default_rng(0)
    weights = generator.normal(size=(20, 20)) * 1.2 / np.sqrt(20)
    biases, starts = generator.normal(size=(70, 20)), generator.random((70, 20))
    orbits = ReluOrbits(weights, biases, 0.7, starts)
    orbits.follow(steps)
    expected, found = orbits.record(50), collected(biases, starts, weights, steps, 50, 0.7)
    stays = orbits.left_at < 0
    assert np.isnan(found[:, ~stays]).all()
    np.testing.assert_allclose(found[:, stays], expected[:, stays], rtol=1e-9, atol=1e-12)


def test_a_cycle_goes_on_at_the_right_phase():
    """Its period divides the steps after which an orbit is compared with itself, and not those that come before."""
    states = collected(np.array([[1.0]]), np.array([[0.25]]), np.array([[-1.0]]), PIECE + 1, 4)[:, 0, 0]
    assert states.tolist() == [0.25, 0.75, 0.25, 0.75]
    system = knuth()
    of_nine, start = system.relu_map(), system.state([0.3, 0.7])
    for steps in (PIECE, 2 * PIECE + 5):
        states = collected(of_nine.bias[None], start[None], of_nine.weights, steps, 9)[:, 0]
        expected = start
        for _ in range(steps % 9 + 1):
            expected = of_nine(expected)
        np.testing.assert_allclose(states[0], expected, atol=1e-9)
