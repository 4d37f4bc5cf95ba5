"""Groups of units whose activity is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrax.populations import GROUPS, groups
from attrax.settings import SettingsError


@given(
    planted=st.lists(st.sampled_from(GROUPS), min_size=1, max_size=30),
    threshold=st.sampled_from([0.0, 0.5]),
    seed=st.integers(0, 9),
)
def test_planted_groups_come_back(planted, threshold, seed):
    rng = np.random.default_rng(seed)
    active = threshold + 0.1 + rng.random((2, len(planted)))
    silent = threshold * rng.random((2, len(planted)))
    is_active = np.array([[name in ("G_a", sign) for name in planted] for sign in ("G_+", "G_-")])
    plus, minus = np.where(is_active, active, silent)
    assert groups(plus, minus, threshold).tolist() == planted


@pytest.mark.parametrize(
    ("plus", "minus", "threshold", "words"),
    [
        (np.zeros(3), np.zeros(2), 0.0, r"activities have shapes \(3,\) and \(2,\)"),
        (np.zeros((2, 2)), np.zeros((2, 2)), 0.0, "both must have one value a unit"),
        (np.array([np.nan]), np.zeros(1), 0.0, "activities must be finite"),
        (np.zeros(1), np.zeros(1), float("nan"), "threshold is nan"),
    ],
)
def test_activities_that_cannot_be_are_refused(plus, minus, threshold, words):
    with pytest.raises(SettingsError, match=words):
        groups(plus, minus, threshold)
