"""Statistics of shuffles, counted one by one."""

import numpy as np

from attrax.populations import category_information
from attrax.populations.normal_scores import normal_scores
from attrax.populations.shuffles import ShiftsWithinTrials, TrialPermutations, WholeShifts


def recording(seed):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(3, 7, 12)
    trial = np.repeat(np.arange(12), lengths)
    activity = np.maximum(rng.normal(size=(trial.size, 4)), 0)
    return rng, trial, activity


def test_sums_over_trials_are_what_shuffled_features_give():
    rng, trial, activity = recording(0)
    scores = normal_scores(activity)
    shuffling = TrialPermutations(trial, 30, rng)
    category = (rng.permutation(12) % 3)[trial]
    found = shuffling.of_category(scores, category)
    for row, index in enumerate(shuffling.arrangements(30)):
        shuffled = category_information(activity, category[index])
        np.testing.assert_allclose(np.maximum(found.shuffled[row] / trial.size, 0), shuffled, atol=1e-12)
    quantity = rng.normal(size=12)[trial]
    found = shuffling.of_quantity(scores, quantity)
    expected = [np.corrcoef(scores.mean.T, quantity[index])[-1, :-1] for index in shuffling.arrangements(30)]
    spread = scores.mean.std(axis=0) / np.sqrt(scores.variance)  # equal values have less of it
    np.testing.assert_allclose(found.shuffled, np.array(expected) * spread, atol=1e-12)


def test_shifts_within_trials_are_what_rolled_features_give():
    rng, trial, activity = recording(1)
    scores, feature = normal_scores(activity), rng.normal(size=trial.size)
    shuffling = ShiftsWithinTrials(trial, 30, rng)
    found = shuffling.of_quantity(scores, feature)
    centred = feature - (np.bincount(trial, feature) / np.bincount(trial))[trial]

    def studentised(values):
        sums = np.array([values[trial == k] @ scores.mean[trial == k] for k in range(12)])
        return sums.mean(axis=0) / (sums.std(axis=0, ddof=1) / np.sqrt(12))

    np.testing.assert_allclose(found.observed, studentised(centred), rtol=1e-9)
    for row, index in enumerate(shuffling.arrangements(30)):
        assert (trial[index] == trial).all()
        np.testing.assert_allclose(found.shuffled[row], studentised(centred[index]), rtol=1e-9)


def test_all_shifts_of_a_recording_at_once_are_what_each_gives():
    rng, _, activity = recording(2)
    scores, n = normal_scores(activity), len(activity)
    shuffling = WholeShifts(n, 3)
    feature, category = rng.normal(size=n), rng.permutation(np.arange(n) % 3)
    quantity = shuffling.of_quantity(scores, feature)
    classes = shuffling.of_category(scores, category)
    assert len(quantity.shuffled) == n - 5
    for row, index in enumerate(shuffling.arrangements(n - 5)):
        rolled = np.roll(feature, row + 3)
        np.testing.assert_array_equal(feature[index], rolled)
        direct = (rolled - rolled.mean()) @ scores.mean / (n * rolled.std() * np.sqrt(scores.variance))
        np.testing.assert_allclose(quantity.shuffled[row], direct, atol=1e-12)
        shuffled = category_information(activity, category[index])
        np.testing.assert_allclose(np.maximum(classes.shuffled[row] / n, 0), shuffled, atol=1e-12)
