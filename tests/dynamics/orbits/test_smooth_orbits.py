"""Orbits of a smooth map, against steps that are written out."""

import numpy as np

from attrax.dynamics.orbits.smooth_orbits import SmoothOrbits
from tests.dynamics.known_systems import henon


def step(state):
    x, y = state
    return np.array([1 - 1.4 * x**2 + y, 0.3 * x])


def test_orbits_of_the_henon_map_and_vectors_along_them():
    system, start = henon(), np.array([[0.1, 0.1], [0.3, -0.1]])
    vectors, steps = np.random.default_rng(0).standard_normal((2, 2, 2)), np.array([3, 8])
    followed, pushed = (SmoothOrbits(system.function, system.arguments, start) for _ in range(2))
    states, images = followed.record(12), pushed.push(vectors, steps)
    for orbit in range(2):
        state, expected = start[orbit], vectors[orbit].T
        for time in range(12):
            if time < steps[orbit]:
                expected = np.array([[-2.8 * state[0], 1.0], [0.3, 0.0]]) @ expected
            state = step(state)
            np.testing.assert_allclose(states[time, orbit], state, rtol=1e-12)
        np.testing.assert_allclose(images[orbit].T, expected, rtol=1e-12)
        np.testing.assert_allclose(pushed.hidden[orbit], states[steps[orbit] - 1, orbit], rtol=1e-12)


def test_no_unit_is_silent():
    system = henon()
    orbits = SmoothOrbits(system.function, system.arguments, np.zeros((1, 2)))
    orbits.forget_silent_units()
    np.testing.assert_allclose(orbits.record(2)[:, 0], [[1.0, 0.0], [-0.4, 0.3]])
