"""The rest of a curve that an orbit has sampled in part: followed, or leapt along."""

import numpy as np
import pytest

from attrax.dynamics.labels.covering import covering
from attrax.dynamics.labels.set_samples import SetSample

AXES = np.eye(2)


def on_a_bumpy_curve(turn, bump=0.2, pull=0.9):
    """Follow r = 1 + bump cos 3θ, turned by a part of a turn a step; deviations in r shrink by `pull`."""

    def follow(state, steps):
        begin = np.arctan2(state[1], state[0])
        off = np.hypot(*state) / (1 + bump * np.cos(3 * begin)) - 1
        step = np.arange(1, steps + 1)
        angle = begin + 2 * np.pi * turn * step
        level = (1 + off * pull**step) * (1 + bump * np.cos(3 * angle))
        return np.stack([level * np.cos(angle), level * np.sin(angle)], axis=1)

    return follow


@pytest.mark.parametrize("turn", [1 / 3 + 1e-6, 2 / 7 - 1e-7, 1 / 20 + 1e-6, 1 / 152 + 1e-7, 1 / 10_000 + 1e-9])
def test_the_whole_curve_is_covered_however_slowly_the_orbit_drifts(turn):
    follow = on_a_bumpy_curve(turn)
    passed = follow(np.array([1.2, 0.0]), 5000)
    sample = SetSample(passed)
    covered = covering(sample, passed[-1], follow, AXES, relaxation=1 / -np.log(0.9))
    angle = 2 * np.pi * np.linspace(0, 1, 500)
    level = 1 + 0.2 * np.cos(3 * angle)
    curve = np.stack([level * np.cos(angle), level * np.sin(angle)], axis=1)
    assert covered.distances_to(curve).max() < 0.02
    assert covered.widest_hole < 0.02
    level = 1 + 0.2 * np.cos(3 * np.arctan2(covered.points[:, 1], covered.points[:, 0]))
    assert np.abs(np.linalg.norm(covered.points, axis=1) - level).max() < 1e-3
    assert len(covered.points) < 120_000


def test_what_is_no_curve_is_followed_for_longer():
    rng = np.random.default_rng(0)
    sample = SetSample(rng.standard_normal((1000, 2)))
    longer = covering(sample, np.zeros(2), lambda state, steps: rng.standard_normal((steps, 2)), AXES, None)
    assert len(longer.points) == 5000


def test_an_orbit_that_has_not_turned_once_is_followed_until_it_has():
    """13,700 steps a turn: what comes back nearest after it has left is only where it left to."""
    follow = on_a_bumpy_curve(7.3e-5)
    passed = follow(np.array([1.2, 0.0]), 10_000)
    covered = covering(SetSample(passed), passed[-1], follow, AXES, relaxation=1 / -np.log(0.9))
    assert covered.widest_hole < 0.01
    assert covered.spacing < 0.01
