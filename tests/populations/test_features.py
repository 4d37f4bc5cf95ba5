"""Features of recordings: what kind they are of, and why some cannot be tested."""

import numpy as np
import pytest

from attrax.populations.features import part_of, read_recording, unit_names
from attrax.settings import SettingsError

TRIAL = np.repeat(np.arange(12), 3)
ACTIVITY = np.random.default_rng(0).normal(size=(36, 2))


def feature_of(values, trial=TRIAL, kinds=None):
    return read_recording(ACTIVITY, {"it": values}, trial, kinds and {"it": kinds}).features[0]


def test_kinds_follow_from_the_values():
    assert feature_of(np.arange(36.0)).kind == "quantity"
    assert feature_of(np.arange(36) % 3).kind == "category"
    assert feature_of(np.arange(36) % 11).kind == "quantity"
    assert feature_of(np.arange(36) % 2 * 0.3).kind == "category"
    assert feature_of(np.arange(36) % 3, kinds="quantity").kind == "quantity"
    texts = feature_of(np.array(["b", "a", "c"] * 12))
    assert (texts.kind, texts.ordered) == ("category", False)
    assert texts.codes.tolist() == [1, 0, 2] * 12


def test_samples_are_put_in_the_order_of_their_trials():
    order = np.random.default_rng(1).permutation(36)
    names = np.array([f"t{number:02}" for number in TRIAL])
    found = read_recording(ACTIVITY[order], {"it": TRIAL[order] * 1.5}, names[order])
    assert found.trial.tolist() == TRIAL.tolist()
    assert found.features[0].values.tolist() == (TRIAL * 1.5).tolist()
    assert found.features[0].constant_in_trials
    for trial in range(12):
        rows = found.activity[trial == TRIAL]
        assert sorted(rows[:, 0]) == sorted(ACTIVITY[trial == TRIAL, 0])


@pytest.mark.parametrize(
    ("values", "trial", "reason"),
    [
        (np.ones(36), TRIAL, "the feature is constant"),
        (np.arange(36), TRIAL // 2, "there are 6 trials; needed: 10"),
        ((TRIAL < 2) * 1, TRIAL, "value 1.0 has 2 trials; needed: 5"),
        (np.where(np.arange(36) == 4, 0.5, TRIAL * 1.1), TRIAL, "it changes within 1 trials; needed: within 10"),
        ((np.arange(36) < 4) * 1, None, "value 1.0 has 4 samples; needed: 5"),
        (TRIAL % 2, TRIAL, ""),
    ],
)
def test_features_that_no_shuffle_can_test_say_why(values, trial, reason):
    found = feature_of(values, trial).untestable
    assert found.startswith(reason)
    assert bool(found) == bool(reason)


def test_units_that_cannot_be_tested_say_why():
    activity = np.column_stack([ACTIVITY[:, 0], np.zeros(36), np.full(36, 0.7), np.full(36, np.nan)])
    found = read_recording(activity, {"it": TRIAL}, TRIAL).untestable
    assert found == ("", "the unit is silent", "the unit's activity is constant", "the unit's activity is not finite")


def test_a_part_of_a_recording_is_looked_at_anew():
    whole = read_recording(ACTIVITY, {"side": TRIAL % 2, "time": np.arange(36) * 0.1}, TRIAL)
    part = part_of(whole, TRIAL % 2 == 0)
    assert part.trial.tolist() == np.repeat(np.arange(6), 3).tolist()
    assert [feature.untestable for feature in part.features] == [
        "the feature is constant", "there are 6 trials; needed: 10"
    ]  # fmt: skip


def test_units_have_the_names_of_a_tables_columns():
    import pandas as pd

    assert unit_names(pd.DataFrame(ACTIVITY, columns=["n7", "n9"]))["unit"].tolist() == ["n7", "n9"]
    assert unit_names(ACTIVITY) == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((ACTIVITY[:, 0], {"it": TRIAL}, TRIAL), "activity has shape"),
        ((ACTIVITY, {}, TRIAL), "there are no features"),
        ((ACTIVITY, {"it": TRIAL[:5]}, TRIAL), "feature 'it' has shape"),
        ((ACTIVITY, {"it": TRIAL}, np.where(TRIAL == 3, np.nan, TRIAL)), "trial has samples without a number"),
        ((ACTIVITY, {"it": TRIAL}, TRIAL, {"other": "category"}), "kinds names 'other', which is no feature"),
        ((ACTIVITY, {"it": np.array(["a", "b"] * 18)}, TRIAL, {"it": "quantity"}), "texts, which have no order"),
    ],
)
def test_recordings_that_cannot_be_are_refused(arguments, words):
    with pytest.raises(SettingsError, match=words):
        read_recording(*arguments)
