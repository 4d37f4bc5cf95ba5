"""How well points cover a set: passes, holes, returns, and long-run averages with their errors."""

import numpy as np
import pytest

from attrax.dynamics.labels.set_samples import N_COMMON_AXES, SetSample, common_axes, spread


def circle(turn, n=10_000):
    angle = 2 * np.pi * turn * np.arange(n)
    return SetSample(np.stack([np.cos(angle), np.sin(angle)], axis=1))


@pytest.mark.parametrize(
    ("turn", "lag"), [(1 / 3 + 1e-6, 3), (1 / 20 + 1e-6, 20), (1 / 400 + 1e-8, 400), (2 / 7 - 1e-7, 7)]
)
def test_a_drift_that_has_not_gone_round_leaves_holes(turn, lag):
    sample = circle(turn)
    found, drift = sample.nearest_return()
    away = abs(turn * lag - round(turn * lag))
    assert found == lag
    assert drift == pytest.approx(2 * np.pi * away, rel=1e-3)
    hole = 2 * np.sin(np.pi / lag) - 2 * np.pi * away * 10_000 / lag
    assert sample.widest_hole == pytest.approx(hole, rel=0.2, abs=0.02)


@pytest.mark.parametrize("turn", [(np.sqrt(5) - 1) / 2, 1 / 20 + 1e-4, 1 / 152 + 1e-5, 1 / 2250.3])
def test_a_drift_that_has_gone_round_leaves_none(turn):
    assert circle(turn).widest_hole < 0.01


def test_what_an_orbit_does_next_is_no_other_pass():
    """One turn of 10,000 steps: its points are near one another, and it has not come back."""
    slow = circle(1 / 10_000 + 1e-9)
    assert slow.slowness == pytest.approx(400, rel=0.05)
    assert slow.spacing > 0.2
    assert circle(1 / 1000.3).spacing < 0.01


def test_averages_know_how_sure_they_are():
    rng = np.random.default_rng(0)
    chaotic = [SetSample(rng.standard_normal((2000, 3)) + 1.0) for _ in range(200)]
    found = [sample.averages(np.ones(3), 1.0) for sample in chaotic]
    z = np.array([(values - [0, 0, 0, 1, 1, 1]) / errors for values, errors in found])
    assert np.quantile(np.abs(z), 0.99) < 4
    values, errors = circle((np.sqrt(5) - 1) / 2).averages(np.zeros(2), 1.0)
    assert np.abs(values - [0, 0, 0.5, 0.5]).max() < 1e-4
    assert errors.max() < 1e-2


def test_axes_are_those_of_few_units_and_keep_distances_of_many():
    np.testing.assert_array_equal(common_axes(3)[:3], np.eye(3))
    assert not common_axes(3)[3:].any()
    states: np.ndarray = np.random.default_rng(1).standard_normal((500, 250))
    kept = np.linalg.norm(states @ common_axes(250).T, axis=1) / np.linalg.norm(states, axis=1)
    assert common_axes(250).shape == (N_COMMON_AXES, 250)
    assert np.median(kept) == pytest.approx(1, abs=0.05)


def test_probes_lie_all_over_and_in_no_rhythm():
    places = spread(10_000, 200)
    assert len(places) == 200
    assert np.diff(places).max() < 150
    assert len(set((places % 6).tolist())) == 6
    assert len(spread(3, 200)) >= 2
