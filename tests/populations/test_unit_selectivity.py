"""Units whose tuning was planted, and units that have none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter
from scipy.stats import binom

from attrax.populations import selectivity
from attrax.settings import SettingsError

TRIALS, STEPS = 200, 20
TRIAL = np.repeat(np.arange(TRIALS), STEPS)
STEP = np.tile(np.arange(STEPS), TRIALS)


def slow(correlation, steps, units, rng):
    """Stationary activity with a correlation from step to step."""
    noise = np.sqrt(1 - correlation**2) * rng.normal(size=(steps + 300, units))
    return lfilter([1.0], [1.0, -correlation], noise, axis=0)[300:]


def task_features(rng, trials=TRIALS, trial=TRIAL, step=STEP):
    strengths = rng.choice([0.05, 0.15, 0.3, 0.6, 1.0], (2, trials)) * rng.choice([-1, 1], (2, trials))
    context = rng.integers(0, 2, trials)
    return {
        "coherence_1": strengths[0][trial],
        "coherence_2": strengths[1][trial],
        "context": context[trial],
        "correct": rng.random(trials)[trial] < 0.8,
        "time": step,
    }


def test_planted_tuning_is_recovered_and_nothing_else():
    rng = np.random.default_rng(0)
    features = task_features(rng)
    c1, c2, context = (features[name] for name in ("coherence_1", "coherence_2", "context"))
    late = (STEP >= STEPS // 2) * 1.0
    tuned = {
        "rises with coherence 1": (2 * c1, "coherence_1", 1),
        "falls with coherence 2": (-2 * c2, "coherence_2", -1),
        "bends with coherence 1": (2 * np.abs(c1), "coherence_1", 0),
        "rises with context": (context, "context", 1),
        "falls with being right": (-1.0 * features["correct"], "correct", -1),
        "rises with time": (late, "time", 1),
        "most in mid-trial": (1.0 * ((STEP >= 6) & (STEP < 14)), "time", 0),
    }
    noise = slow(0.7, TRIALS * STEPS, len(tuned) + 13, rng) + 0.3 * rng.normal(size=(TRIALS, len(tuned) + 13))[TRIAL]
    activity = noise.copy()
    for unit, (signal, _, _) in enumerate(tuned.values()):
        activity[:, unit] += signal
    found = selectivity(np.maximum(activity, 0), features, TRIAL, correction="family-wise", shuffles=2000)
    expected = np.zeros((20, 5), bool)
    signs = np.zeros((20, 5), int)
    for unit, (_, name, sign) in enumerate(tuned.values()):
        column = list(features).index(name)
        expected[unit, column], signs[unit, column] = True, sign
    np.testing.assert_array_equal(found.significant.values, expected)
    np.testing.assert_array_equal(found.sign.values, signs)
    assert (found.information_any.values[expected] > 0.01).all()
    assert found.kind.values.tolist() == ["quantity", "quantity", "category", "category", "quantity"]
    monotone = selectivity(np.maximum(activity, 0), features, TRIAL, tuning="monotone", shuffles=500)
    assert not monotone.significant.values[2, 0]  # tuned to the middle: a rank correlation is blind to it


NULLS = {
    "constant within trials": ("coherence", {}),
    "category of trials": ("category", {}),
    "time in trial": ("time", {}),
    "category within trials": ("third of trial", {}),
    "quantity, tail fitted to few shuffles": ("coherence", {"shuffles": 200}),
}


def null_p_values(which, runs=100, units=10, plain_shift=False, **more):
    """Return uncorrected p of units that are slow, and have a level of their own in each trial."""
    found = []
    trials, steps = 50, 30
    trial, step = np.repeat(np.arange(trials), steps), np.tile(np.arange(steps), trials)
    for run in range(runs):
        rng = np.random.default_rng([run, 7])
        activity = slow(0.9, trials * steps, units, rng) + rng.normal(size=(trials, units))[trial]
        feature = {
            "coherence": rng.uniform(-1, 1, trials)[trial],
            "category": rng.integers(0, 2, trials)[trial],
            "time": step.astype(float),
            "third of trial": step // 10,
        }[which]
        given = None if plain_shift else trial
        found.append(selectivity(activity, {which: feature}, given, seed=run, **more).p_uncorrected.values)
    return np.concatenate(found).ravel()


@pytest.mark.parametrize("case", NULLS)
def test_unrelated_units_are_found_at_the_nominal_rate(case):
    which, more = NULLS[case]
    p = null_p_values(which, **({"shuffles": 1000} | more))
    assert p.size == 1000
    assert np.isfinite(p).all()
    # with 1 in 10,000 a run of this test fails though all is well
    assert binom.sf((p <= 0.05).sum() - 1, p.size, 0.05) > 1e-4
    assert binom.sf((p <= 0.001).sum() - 1, p.size, 0.001) > 1e-4
    assert (p <= 0.2).mean() > 0.08  # and not because nothing is ever found


def test_a_plain_circular_shift_finds_too_much_where_features_are_constant_within_trials():
    p = null_p_values("category", plain_shift=True)
    p = p[np.isfinite(p)]
    assert p.size > 500
    assert (p <= 0.05).mean() > 0.08


def test_recordings_without_trials_are_shifted_as_a_whole():
    rng = np.random.default_rng(3)
    quantity, labels = slow(0.8, 4000, 1, rng)[:, 0], np.array(["rest", "run"])[(slow(0.8, 4000, 1, rng)[:, 0] > 0) * 1]
    activity = slow(0.8, 4000, 40, rng)
    activity[:, 0] -= quantity
    activity[:, 1] += 2 * (labels == "run")
    found = selectivity(activity, {"position": quantity, "state": labels})
    assert set(found.shuffled.values) == {"shifts of the whole recording"}
    assert np.argwhere(found.significant.values).tolist() == [[0, 0], [1, 1]]
    assert found.sign.values[0].tolist() == [-1, 0]
    assert found.sign.values[1, 1] == 0  # texts have no order


def test_what_cannot_be_tested_says_why_and_is_never_a_bare_nan():
    rng = np.random.default_rng(0)
    features = {
        "coherence": rng.normal(size=TRIALS)[TRIAL],
        "always the same": np.ones(TRIALS * STEPS),
        "rare": (TRIAL < 2) * 1,
    }
    activity = rng.normal(size=(TRIALS * STEPS, 3))
    activity[:, 1], activity[:, 2] = 0.0, 0.7
    found = selectivity(activity, features, TRIAL, shuffles=100)
    assert found.testable.values.tolist() == [[True, False, False], [False] * 3, [False] * 3]
    assert found.reason.values[0].tolist() == ["", "the feature is constant", "value 1.0 has 2 trials; needed: 5"]
    assert found.reason.values[1, 0] == "the unit is silent"
    assert found.reason.values[2, 0] == "the unit's activity is constant"
    wild = selectivity(np.full_like(activity, np.inf), features, TRIAL)
    assert (wild.reason.values == "the unit's activity is not finite").all()
    for name in ("information", "information_any", "p_uncorrected", "p_value"):
        np.testing.assert_array_equal(np.isnan(found[name].values), ~found.testable.values)
    assert not found.significant.values[~found.testable.values].any()
    few = selectivity(activity[:100], {"coherence": features["coherence"][:100]}, TRIAL[:100])
    assert few.reason.values[0, 0] == "there are 5 trials; needed: 10"
    short = selectivity(slow(0.99, 1000, 1, rng), {"slow": slow(0.99, 1000, 1, rng)[:, 0]})
    assert "1000 samples; with a correlation time of" in short.reason.values[0, 0]


def test_one_slow_unit_leaves_the_others_testable():
    rng = np.random.default_rng(0)
    activity = np.column_stack([slow(0.5, 4000, 3, rng), slow(0.9995, 4000, 1, rng)])
    found = selectivity(activity, {"position": slow(0.5, 4000, 1, rng)[:, 0]})
    assert found.testable.values[:, 0].tolist() == [True, True, True, False]
    assert "with a correlation time of" in found.reason.values[3, 0]


def test_the_first_of_two_stages_passes_one_unrelated_pair_in_a_hundred_without_trials_too():
    rng, passed = np.random.default_rng(0), []
    for _ in range(20):
        activity = slow(0.9, 3000, 40, rng)
        found = selectivity(activity, {"position": slow(0.9, 3000, 1, rng)[:, 0]}, correction="two-stage")
        passed.append(found.p_uncorrected.values < 1)
    assert np.mean(passed) < 0.03


def test_units_that_are_active_in_few_trials_are_not_found_by_the_tail():
    """A statistic of few possible values: its largest shuffles are equal but for rounding."""
    smallest = []
    for seed in range(10):
        rng = np.random.default_rng([seed, 5])
        activity = np.zeros((100, 60))
        for unit in range(60):
            activity[rng.choice(100, 3, replace=False), unit] = 1.0
        feature = np.zeros(100, int)
        feature[rng.choice(100, 5, replace=False)] = 1
        found = selectivity(activity, {"correct": feature}, np.arange(100), seed, shuffles=200)
        smallest.append(found.p_uncorrected.values.min())
        assert not found.significant.values.any()
    assert min(smallest) > 1e-4


def test_a_feature_that_changes_within_few_trials_is_not_tested():
    rng = np.random.default_rng(0)
    coherence = rng.normal(size=TRIALS)[TRIAL]
    coherence[5] += 1e-6
    found = selectivity(rng.normal(size=(TRIAL.size, 2)), {"coherence": coherence}, TRIAL, shuffles=100)
    assert found.reason.values[0, 0] == "it changes within 1 trials; needed: within 10, or within none"


def test_texts_of_any_type_are_categories():
    import pandas as pd

    rng = np.random.default_rng(0)
    side = rng.permutation(np.array(["left", "right"] * (TRIALS // 2)))[TRIAL]
    activity = rng.normal(size=(TRIAL.size, 2)) + (side == "left")[:, None]
    plain = selectivity(activity, {"side": side}, TRIAL, shuffles=100)
    for other in (pd.Series(side), pd.Series(side).astype("category"), side.astype(object), list(side)):
        table = pd.DataFrame(activity, columns=["n7", "n9"])
        found = selectivity(table, {"side": other}, pd.Series(TRIAL), shuffles=100)
        assert found.unit.values.tolist() == ["n7", "n9"]
        np.testing.assert_array_equal(found.p_value.values, plain.p_value.values)


def test_long_trials_are_rolled_in_little_memory():
    rng = np.random.default_rng(0)
    trial, length = np.repeat(np.arange(12), 300), 300
    ramp = np.tile(np.arange(length), 12)
    activity = rng.normal(size=(trial.size, 3))
    activity[:, 0] += ramp / 100
    short = selectivity(activity[ramp < 250], {"time": ramp[ramp < 250]}, trial[ramp < 250], shuffles=200)
    long = selectivity(activity, {"time": ramp}, trial, shuffles=200)
    assert long.significant.values[:, 0].tolist() == short.significant.values[:, 0].tolist() == [True, False, False]


def test_nothing_can_be_tested():
    found = selectivity(np.zeros((100, 2)), {"constant": np.ones(100)})
    assert not found.testable.values.any()
    assert (found.reason.values == "the unit is silent").all()


@given(seed=st.integers(0, 1000), power=st.sampled_from([0.5, 3.0]))
@settings(max_examples=10)
def test_only_the_order_of_activity_counts(seed, power):
    rng = np.random.default_rng(seed)
    trial = np.repeat(np.arange(30), 4)
    coherence = rng.choice([-0.6, -0.3, 0.3, 0.6], 30)[trial]
    activity = np.maximum(rng.normal(size=(120, 3)) + coherence[:, None], 0.0)
    features = {"coherence": coherence, "side": coherence > 0}
    plain = selectivity(activity, features, trial, shuffles=200)
    bent = selectivity(activity**power, features, trial, shuffles=200)
    for name in ("information", "p_value", "sign"):
        np.testing.assert_allclose(plain[name].values, bent[name].values, rtol=1e-9)
    reversed_ = selectivity(-activity, features, trial, shuffles=200)
    np.testing.assert_allclose(plain.information.values, reversed_.information.values, atol=1e-9)
    np.testing.assert_array_equal(plain.sign.values, -reversed_.sign.values)


@given(seed=st.integers(0, 1000))
@settings(max_examples=10)
def test_neither_the_order_of_trials_nor_that_of_units_counts(seed):
    rng = np.random.default_rng(seed)
    trial = np.repeat(np.arange(20), rng.integers(2, 6, 20))
    features = {"coherence": rng.normal(size=20)[trial], "side": rng.permutation(np.arange(20) % 2)[trial]}
    activity = rng.normal(size=(trial.size, 3))
    plain = selectivity(activity, features, trial, shuffles=100)
    order = np.argsort(rng.random(20)[trial], kind="stable")  # trials in another order
    names = np.array([f"trial {number:02}" for number in trial])
    other = selectivity(
        activity[order][:, ::-1], {k: v[order] for k, v in features.items()}, names[order], shuffles=100
    )
    for name in ("information", "p_uncorrected", "p_value", "sign"):
        np.testing.assert_allclose(plain[name].values, other[name].values[::-1], rtol=1e-9)


def test_neighbours_see_what_a_copula_does_not():
    rng = np.random.default_rng(1)
    trial = np.repeat(np.arange(60), 5)
    angle = rng.uniform(0, 2 * np.pi, 60)
    activity = rng.normal(size=(300, 3)) * 0.3
    activity[:, 0] += np.sin(3 * angle)[trial]  # three times up and down: neither rising nor bending
    features = {"angle": angle[trial]}
    copula = selectivity(activity, features, trial, shuffles=500)
    neighbours = selectivity(activity, features, trial, shuffles=100, estimator="neighbours")
    assert not copula.significant.values[0, 0]
    assert neighbours.significant.values[:, 0].tolist() == [True, False, False]
    assert neighbours.information.values[0, 0] > 0.5


@pytest.mark.parametrize("correction", ["fdr", "fdr-dependent", "family-wise", "two-stage"])
def test_corrections_are_made_over_all_pairs(correction):
    rng = np.random.default_rng(2)
    features = {"coherence": rng.normal(size=TRIALS)[TRIAL]} | {
        f"other {n}": rng.normal(size=TRIALS)[TRIAL] for n in "abc"
    }
    activity = rng.normal(size=(TRIALS * STEPS, 30))
    activity[:, :3] += features["coherence"][:, None]
    found = selectivity(activity, features, TRIAL, correction=correction, shuffles=1000)
    plain = selectivity(activity, features, TRIAL, correction="none", shuffles=1000)
    assert found.significant.values[:3, 0].all()
    assert found.significant.values.sum() <= 5
    assert plain.significant.values.sum() > 5
    if correction != "two-stage":
        assert (found.p_value.values >= plain.p_value.values - 1e-12).all()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"activity": np.zeros(5)}, r"activity has shape \(5,\); it must be \(samples, units\), trials one after"),
        ({"features": {}}, "there are no features"),
        ({"features": {"c": ["a", "b"] * 10}, "kinds": {"c": "quantity"}}, "texts, which have no order"),
        ({"features": {"c": np.zeros(3)}}, r"feature 'c' has shape \(3,\); it must have one value a sample: \(20,\)"),
        ({"features": {"c": np.full(20, np.inf)}}, "feature 'c' holds values that are not finite"),
        ({"activity": np.zeros((20, 0))}, r"activity has shape \(20, 0\); needed: at least one unit"),
        ({"trial": np.full(20, np.nan)}, "trial has samples without a number or name"),
        ({"features": {"c": np.array([None] * 20)}}, "feature 'c' is of type object; needed: numbers or texts"),
        ({"trial": np.zeros(3)}, r"trial has shape \(3,\)"),
        ({"estimator": "copla"}, "unknown estimator 'copla'; did you mean 'copula'?"),
        ({"correction": "bonferroni"}, "unknown correction 'bonferroni'"),
        ({"shuffles": 5}, "shuffles is 5; it must be a whole number, 20 or more"),
        ({"shuffles": 100, "correction": "two-stage"}, "the two-stage rule needs more than the 100"),
        ({"significance": 1.5}, "significance is 1.5; it must lie between 0 and 1"),
        ({"kinds": {"d": "category"}}, "kinds names 'd', which is no feature; there are c"),
        ({"kinds": {"c": "number"}}, "the kind of 'c' is 'number'; it is 'quantity' or 'category'"),
    ],
)
def test_bad_input_gets_one_line(more, words):
    rng = np.random.default_rng(0)
    arguments = {"activity": rng.normal(size=(20, 2)), "features": {"c": rng.normal(size=20)}} | more
    with pytest.raises(SettingsError, match=words):
        selectivity(**arguments)
