"""How strongly units depend on a feature, where that is planted."""

import numpy as np
import pytest

from attrax.populations.dependence import DependenceTest, folded, without
from attrax.populations.features import read_recording
from attrax.populations.normal_scores import normal_scores

TRIAL = np.repeat(np.arange(40), 5)


def planted(seed=0):
    """Unit 0 falls with a quantity of each trial, unit 1 follows its distance from 0, unit 2 nothing; 3 is silent."""
    rng = np.random.default_rng(seed)
    quantity, noise = rng.normal(size=40)[TRIAL], rng.normal(size=(200, 3))
    activity = np.column_stack([noise[:, 0] - 2 * quantity, noise[:, 1] + 3 * np.abs(quantity), noise[:, 2]])
    return np.column_stack([activity, np.zeros(200)]), quantity


def test_planted_dependence_is_larger_than_in_all_shuffles_and_its_direction_is_right():
    activity, quantity = planted()
    recording = read_recording(activity, {"it": quantity}, TRIAL)
    (feature,) = recording.features
    test = DependenceTest(recording, 0, "copula", "any", 50)
    assert test.active.tolist() == [True, True, True, False]
    assert test.reasons()[:, 0].tolist() == ["", "", "", "the unit is silent"]
    assert test.words(feature) == "trials permuted"
    found = test.of(feature)
    above = (found.strength.observed > found.strength.shuffled).mean(axis=0)
    assert above[:2].tolist() == [1, 1]
    assert found.direction.observed[0] < found.direction.shuffled[:, 0].min()
    assert found.information_any[1] > found.information[1] + 0.2  # a line does not see tuning to the middle
    monotone = DependenceTest(recording, 0, "copula", "monotone", 50).of(feature)
    assert monotone.strength.observed[1] < found.strength.observed[1]


def test_recordings_without_trials_must_be_many_correlation_times_long():
    activity, _ = planted()
    activity[:, 2] = np.cumsum(activity[:, 2])
    recording = read_recording(activity, {"time": np.arange(200.0)}, None)
    test = DependenceTest(recording, 0, "copula", "any", 50)
    assert test.active.tolist() == [True, True, False, False]
    assert "with a correlation time of" in test.reasons()[0, 0]
    assert test.words(recording.features[0]) == ""


def test_what_is_left_without_another_feature_is_uncorrelated_with_it():
    rng = np.random.default_rng(0)
    other = rng.normal(size=300)
    units = normal_scores(np.column_stack([other + rng.normal(size=300), rng.normal(size=300)]))
    left = without(units, other)
    np.testing.assert_allclose(left.mean.T @ (other - other.mean()), 0, atol=1e-9)
    np.testing.assert_allclose(left.square.mean(axis=0), units.variance)


@pytest.mark.parametrize("levels", [2, 7])
def test_the_distance_from_the_median_is_what_the_scores_do_not_say(levels):
    own = normal_scores((np.arange(140) % levels)[:, None].astype(float))
    away = folded(own)
    if levels == 2:  # both values are equally far
        assert away is None
    else:
        assert away @ own.mean[:, 0] == pytest.approx(0, abs=1e-9)
        assert np.ptp(away[np.arange(140) % 7 == 3]) == 0
