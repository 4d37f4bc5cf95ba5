"""Information of variables whose information is known, and statistics of shuffles counted one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from attrax.populations import category_information, copula_information, neighbour_information
from attrax.populations.information import scattered_scores
from attrax.populations.multiple_testing import corrected_p_values, holm, second_stage
from attrax.populations.normal_scores import normal_scores
from attrax.populations.shuffle_p_values import shuffle_p_values
from attrax.populations.shuffles import ShiftsWithinTrials, TrialPermutations, WholeShifts
from attrax.settings import SettingsError


@pytest.mark.parametrize("correlation", [0.0, 0.3, -0.8])
def test_information_of_normal_variables(correlation):
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(2, 20_000))
    y = correlation * x + np.sqrt(1 - correlation**2) * noise
    exact = -0.5 * np.log2(1 - correlation**2)
    # three standard errors: of an information from n samples about |r| / (sqrt(n) ln 2)
    error = 3 * abs(correlation) / np.sqrt(20_000) / np.log(2) + 5e-4
    assert copula_information(y[:, None], x)[0] == pytest.approx(exact, abs=error)
    assert neighbour_information(y[:, None], x)[0] == pytest.approx(exact, abs=0.03)
    bent = neighbour_information(np.exp(y)[:, None], x**3)[0]
    assert bent == pytest.approx(exact, abs=0.03)


def test_information_about_a_category():
    rng = np.random.default_rng(1)
    category = rng.integers(0, 2, 20_000)
    activity = rng.normal(size=(20_000, 1)) + 2.0 * category[:, None]

    def mixture(x):
        density = (stats.norm.pdf(x) + stats.norm.pdf(x - 2)) / 2
        return -density * np.log2(density)

    exact = integrate.quad(mixture, -10, 12)[0] - 0.5 * np.log2(2 * np.pi * np.e)
    assert neighbour_information(activity, category, categorical=True)[0] == pytest.approx(exact, abs=0.03)
    # a lower bound but for the shape of the classes; here it is within a tenth
    assert category_information(activity, category)[0] == pytest.approx(exact, rel=0.1)
    names = np.array(["left", "right"])[category]
    assert category_information(activity, names)[0] == category_information(activity, category)[0]
    assert abs(neighbour_information(rng.normal(size=(20_000, 1)), category, categorical=True)[0]) < 0.01


@given(seed=st.integers(0, 1000), levels=st.integers(1, 6))
@settings(max_examples=10)
def test_scores_of_equal_values_are_those_of_random_ranks_on_average(seed, levels):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, levels, (12, 2)).astype(float)
    found = normal_scores(values)
    drawn = np.array([scattered_scores(values, rng) for _ in range(1000)])
    np.testing.assert_allclose(found.mean, drawn.mean(axis=0), atol=0.17)
    np.testing.assert_allclose(found.square, (drawn**2).mean(axis=0), atol=0.27)
    np.testing.assert_allclose(found.square.mean(axis=0), found.variance)
    assert all(np.unique(column).size == 12 for column in drawn[0].T)


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


@pytest.mark.parametrize(
    "law",
    [stats.chi2(1), stats.expon(), stats.gamma(5), stats.chi2(20)],
    ids=["chi2 1", "exponential", "gamma 5", "chi2 20"],
)
def test_a_fitted_tail_goes_on_as_the_true_one(law):
    """At p = 1e-5, which 2,000 shuffles cannot show: not too small, and at most ten times too large."""
    rng = np.random.default_rng(0)
    wanted = 1e-5
    shuffled = law.rvs(size=(2000, 200), random_state=rng)
    found = shuffle_p_values(np.full(200, law.isf(wanted)), shuffled)
    assert found.fitted.all()
    ratio = np.median(found.p) / wanted
    assert 0.5 < ratio < 10
    assert (found.p > 0).all()


def test_shuffles_that_are_equal_but_for_rounding_have_no_tail():
    rng = np.random.default_rng(0)
    found = shuffle_p_values(np.array([2.0]), 1 + 1e-13 * rng.normal(size=(200, 1)))
    np.testing.assert_allclose(found.p, [1 / 201])
    few = shuffle_p_values(np.array([20.0]), rng.integers(0, 4, (1000, 1)).astype(float))
    np.testing.assert_allclose(few.p, [1 / 1001])
    assert not found.fitted.any()
    assert not few.fitted.any()


def test_p_values_without_a_tail_are_counted():
    shuffled = np.arange(99.0)[:, None] * np.ones((1, 3))
    found = shuffle_p_values(np.array([98.5, 50.0, -1.0]), shuffled, fit_tail=False)
    np.testing.assert_allclose(found.p, [0.01, 0.5, 1.0])
    assert not found.fitted.any()


def test_holm():
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])
    found = corrected_p_values(np.array([[0.01, np.nan], [0.04, 0.03]]), "family-wise")
    np.testing.assert_allclose(found, [[0.03, np.nan], [0.06, 0.06]])


def test_the_second_stage_fits_the_gamma_distribution_that_scipy_fits():
    rng = np.random.default_rng(0)
    shuffled = stats.gamma(0.7, scale=2.0).rvs(size=(2000, 5), random_state=rng)
    shuffled[:300] = 0.0
    observed = np.full(5, shuffled.max() + 1)
    expected = []
    for column in shuffled.T:
        shape, _, scale = stats.gamma.fit(column[column > 0], floc=0)
        expected.append((column > 0).mean() * stats.gamma(shape, scale=scale).sf(observed[0]))
    np.testing.assert_allclose(second_stage(observed, shuffled), expected, rtol=1e-4)
    assert (second_stage(np.full(5, 1.0), shuffled) == 1.0).all()  # not among the largest


@pytest.mark.parametrize(
    ("activity", "feature", "words"),
    [
        (np.zeros(5), np.zeros(5), "activity has shape"),
        (np.zeros((5, 1)), np.zeros(4), "the feature has shape"),
        (np.zeros((3, 1)), np.zeros(3), "there are 3 samples"),
        (np.full((5, 1), np.nan), np.zeros(5), "must be finite"),
    ],
)
def test_bad_input_gets_one_line(activity, feature, words):
    with pytest.raises(SettingsError, match=words):
        copula_information(activity, feature)
    if "finite" not in words:
        with pytest.raises(SettingsError, match=words):
            neighbour_information(activity, feature)
    with pytest.raises(SettingsError, match="a category has one sample"):
        category_information(np.zeros((5, 1)), np.array([0, 0, 0, 0, 1]))
