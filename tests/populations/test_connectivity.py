"""Connectivity where it is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma

from attrax.populations import functional_connectivity
from attrax.settings import SettingsError
from tests.populations.made_up_recordings import recording

PAIRS = np.triu_indices(20, 1)


@pytest.mark.parametrize("correlation", [0.0, 0.5, -0.8])
def test_the_information_of_a_bivariate_normal_is_known(correlation):
    rng = np.random.default_rng(0)
    found = np.empty(200)
    for draw in range(200):
        pair = rng.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], 400)
        found[draw] = functional_connectivity(pair).information.values[0, 1]
    expected = -0.5 * np.log2(1 - correlation**2)
    # cut at 0: where there is none, the mean is a little above it
    assert found.mean() == pytest.approx(expected, abs=0.001 if correlation == 0 else 4 * found.std() / np.sqrt(200))


def test_the_bias_is_that_of_the_entropies_of_gaussians():
    rng = np.random.default_rng(0)
    pair = rng.normal(size=(12, 2)) + rng.normal(size=(12, 1))
    found = functional_connectivity(pair, np.arange(12), permutations=2)
    # of one variable and of two, as Ince et al. write them
    nats = [sum(0.5 * (np.log(2 / 11) + digamma((12 - np.arange(1, k + 1)) / 2))) for k in (1, 2)]
    raw = -0.5 * np.log(1 - found.correlation.values[0, 1] ** 2)
    assert found.information.values[0, 1] == pytest.approx((raw - (2 * nats[0] - nats[1])) / np.log(2))


def test_a_pair_that_is_planted_is_found_and_its_sign_is_right():
    rng = np.random.default_rng(0)
    activity, trial = recording(rng, [25] * 60)
    shared = np.repeat(rng.normal(size=60), 25)
    activity[:, 3] += 2 * shared
    activity[:, 7] -= 2 * shared
    found = functional_connectivity(activity, trial)
    assert np.argwhere(np.triu(found.p_value.values <= 0.01)).tolist() == [[3, 7]]
    assert found.sign.values[3, 7] == found.sign.values[7, 3] == -1
    assert found.p_rank.values[3, 7] == pytest.approx(1 / 201)
    for name in ("correlation", "information", "p_uncorrected"):
        np.testing.assert_array_equal(found[name], found[name].T)
        assert np.isnan(np.diag(found[name])).all()


@pytest.mark.parametrize(
    ("lengths", "settings_of_units"),
    [
        ([25] * 40, {}),
        ([20, 21, 22, 23, 24] * 8, {}),
        ([25] * 12, {}),
        ([25] * 30, {"offset": 5.0}),
        ([25] * 40, {"course": 2.0}),
    ],
    ids=["alike", "of five lengths", "few", "offsets", "a common course"],
)
def test_independent_units_are_found_connected_as_often_as_they_should_be(lengths, settings_of_units):
    rng = np.random.default_rng(2)
    p_values, ranks = [], []
    for seed in range(30):
        activity, trial = recording(rng, lengths, **settings_of_units)
        found = functional_connectivity(activity, trial, permutations=100, seed=seed)
        p_values.append((found.p_uncorrected.values[PAIRS] < 0.05).mean())
        ranks.append((found.p_rank.values[PAIRS] < 0.05).mean())
    for rates in (p_values, ranks):
        assert np.mean(rates) == pytest.approx(0.05, abs=4 * np.std(rates) / np.sqrt(30))


def test_shifts_of_recordings_without_trials_are_nominal_too():
    rng = np.random.default_rng(0)
    rates = []
    for _ in range(25):
        activity, _ = recording(rng, [3000], offset=0.0)
        rates.append((functional_connectivity(activity).p_uncorrected.values[PAIRS] < 0.05).mean())
    assert np.mean(rates) == pytest.approx(0.05, abs=4 * np.std(rates) / np.sqrt(25))


def test_what_two_units_owe_to_the_course_of_the_trial_is_in_the_null():
    activity, trial = recording(np.random.default_rng(0), [25] * 40, course=2.0)
    found = functional_connectivity(activity, trial)
    assert found.correlation.values[PAIRS].mean() > 0.4
    np.testing.assert_allclose(found.null_correlation, found.correlation, atol=0.35)
    removed = functional_connectivity(activity, trial, signal_removed=True)
    assert abs(removed.correlation.values[PAIRS].mean()) < 0.05
    assert abs(removed.null_correlation.values[PAIRS].mean()) < 0.02


def test_what_two_units_owe_to_the_stimulus_is_evidence_unless_the_condition_is_given():
    rng = np.random.default_rng(0)
    activity, trial = recording(rng, [20] * 48)
    condition = trial % 4
    activity += 3.0 * np.cos(condition)[:, None]
    without = functional_connectivity(activity, trial)
    assert (without.p_value.values[PAIRS] < 0.05).all()
    for removed in (False, True):
        found = functional_connectivity(activity, trial, condition, signal_removed=removed)
        assert (found.p_value.values[PAIRS] < 0.05).sum() == 0
        assert found.attrs["null"].endswith("length and condition")


def test_units_that_cannot_be_tested_say_why():
    rng = np.random.default_rng(0)
    activity, trial = recording(rng, [10] * 20, n_units=5)
    activity[:, 0] = 0.0
    activity[:, 1] = 1.5
    activity[:, 2] = np.tile(rng.random(10), 20)
    found = functional_connectivity(activity, trial)
    assert found.reason.values.tolist() == [
        "silent", "constant at 1.5", "the same in every trial of a condition and length", "", ""
    ]  # fmt: skip
    assert found.testable.values.tolist() == [False, False, False, True, True]
    assert np.isfinite(found.p_value.values).sum() == 2
    assert (found.sign.values[:3] == 0).all()
    few = functional_connectivity(activity, np.repeat(np.arange(4), 50))
    assert few.reason.values[3].startswith("4 of 4 trials share length and condition with another; needed: 10 or more")
    alone = functional_connectivity(activity, np.repeat(np.arange(20), 10), np.repeat(np.arange(20), 10))
    assert alone.reason.values[4].startswith("0 of 20 trials share length and condition with another")
    activity[7, 3] = np.nan
    assert functional_connectivity(activity, trial).reason.values[3:].tolist() == ["not finite", ""]
    slow = functional_connectivity(np.cumsum(rng.normal(size=(300, 3)), axis=0))
    assert all("for a correlation time of" in reason for reason in slow.reason.values)
    assert np.isnan(slow.information.values).all()
    silent = functional_connectivity(np.zeros((50, 2)))
    assert silent.reason.values.tolist() == ["silent"] * 2


def test_trials_whose_length_no_other_has_are_left_out():
    activity, trial = recording(np.random.default_rng(0), [12] * 20 + [5], n_units=3)
    found = functional_connectivity(activity, trial)
    other = functional_connectivity(activity[:240], trial[:240])
    assert found.attrs["trials_left_out"] == 1
    assert found.attrs["samples"] == 240
    np.testing.assert_array_equal(found.p_uncorrected, other.p_uncorrected)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.sampled_from([0.1, 3.0]))
def test_monotone_changes_of_activity_change_nothing_and_signs_turn(seed, scale):
    activity, trial = recording(np.random.default_rng(seed), [8] * 12, n_units=4)
    one = functional_connectivity(activity, trial, permutations=20)
    other = functional_connectivity(np.sinh(scale * activity) * [1, 1, 1, -1], trial, permutations=20)
    for name in ("information", "p_uncorrected"):
        np.testing.assert_allclose(other[name], one[name], atol=1e-5)
    np.testing.assert_array_equal(other.sign[:3, :3], one.sign[:3, :3])
    np.testing.assert_array_equal(other.sign[3, :3], -one.sign[3, :3])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"activity": np.zeros(5)}, r"activity has shape \(5,\); it must be \(samples, units\)"),
        ({"trial": [0, 1]}, r"trial has shape \(2,\); it must be \(6,\)"),
        ({"trial": [0, 0, 1, 1, 0, 0]}, "a trial comes back after another"),
        ({"condition": [0, 1, 0, 0, 0, 0]}, "condition changes within a trial"),
        ({"trial": None, "signal_removed": True}, "condition and signal_removed need trial"),
        ({"permutations": 1}, "permutations is 1; it must be 2 or more"),
    ],
)
def test_recordings_that_cannot_be_are_refused(change, words):
    sound = {"activity": np.zeros((6, 2)), "trial": [0, 0, 1, 1, 2, 2]}
    with pytest.raises(SettingsError, match=words):
        functional_connectivity(**{**sound, **change})
