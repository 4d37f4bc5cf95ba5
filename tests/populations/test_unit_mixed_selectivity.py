"""Units that are tuned to one of two features that hang together, to both, and to neither."""

import numpy as np
from scipy.stats import binom

from attrax.populations import mixed_selectivity, selectivity

TRIALS, STEPS = 240, 6
TRIAL, STEP = np.repeat(np.arange(TRIALS), STEPS), np.tile(np.arange(STEPS), TRIALS)


def recording(seed=0, units=6):
    rng = np.random.default_rng(seed)
    coherence = rng.choice([-0.6, -0.3, -0.1, 0.1, 0.3, 0.6], TRIALS)
    choice = np.where(coherence + 0.3 * rng.normal(size=TRIALS) > 0, 1, 2)
    context = rng.integers(0, 2, TRIALS)
    noise = rng.normal(size=(TRIALS, units))[TRIAL] * 0.3 + rng.normal(size=(TRIALS * STEPS, units)) * 0.5
    return noise, {"coherence": coherence[TRIAL], "choice": choice[TRIAL], "context": context[TRIAL]}


def test_a_unit_tuned_to_one_of_two_related_features_is_not_mixed():
    activity, features = recording()
    activity[:, 0] += 2 * features["coherence"]
    activity[:, 1] += features["choice"] == 1
    activity[:, 2] += (features["choice"] == 1) + 1.0 * features["context"]
    activity[:, 5] = 0.0
    by_itself = selectivity(activity, features, TRIAL, shuffles=1000)
    assert by_itself.significant.values[:2, :2].all()  # each looks tuned to both
    found = mixed_selectivity(activity, features, TRIAL, shuffles=1000)
    assert found.feature_count.values.tolist() == [1, 1, 2, 0, 0, 0]
    assert float(found.mixed_share) == 1 / 5
    assert np.argwhere(found.tuned.values).tolist() == [[0, 0], [1, 1], [2, 1], [2, 2]]
    within = found.conditional_information.sel(given="choice", feature="coherence").values
    assert within[0] > 10 * within[1]
    reasons = found.conditional_reason.values
    assert (reasons[0] == "the feature itself is given").sum() == 3
    assert (reasons[5] == "the unit is silent").all()
    np.testing.assert_array_equal(np.isnan(found.conditional_p.values), reasons != "")


def test_what_another_feature_determines_has_no_information_left():
    activity, features = recording(1)
    features["side"] = features["coherence"] > 0
    activity[:, 0] += features["side"]
    found = mixed_selectivity(activity, features, TRIAL, shuffles=200).sel(feature="side", given="coherence")
    assert (found.conditional_information.values == 0).all()
    assert (found.conditional_p.values == 1).all()


def test_given_one_feature_unrelated_units_are_found_at_the_nominal_rate():
    p = []
    for seed in range(60):
        activity, features = recording(seed, units=10)
        activity += (features["choice"] == 1)[:, None]  # all tuned to the choice, none to the coherence beyond it
        chosen = {name: features[name] for name in ("coherence", "choice")}
        found = mixed_selectivity(activity, chosen, TRIAL, seed, shuffles=200)
        p.append(found.conditional_p_uncorrected.sel(feature="coherence", given="choice").values)
    found = np.concatenate(p)
    assert binom.sf((found <= 0.05).sum() - 1, found.size, 0.05) > 1e-4


def test_pairs_that_no_shuffle_can_test_say_why():
    activity, features = recording(2, units=2)
    found = mixed_selectivity(activity, {"time": STEP, "late": STEP > 3, **features}, TRIAL, shuffles=50)
    reasons = found.conditional_reason.sel(unit=0)
    assert reasons.sel(feature="time", given="late").item() == "both features change within trials"
    assert reasons.sel(feature="choice", given="time").item() == ""
    assert reasons.sel(feature="time", given="choice").item() == ""


def test_given_a_feature_that_changes_within_trials_unrelated_units_are_found_at_the_nominal_rate():
    """A unit's level in a trial is much the same at all of its steps: they are not so many independent tests."""
    p = []
    for seed in range(25):
        rng = np.random.default_rng([seed, 3])
        trial, time = np.repeat(np.arange(60), 8), np.tile(np.arange(8), 60)
        activity = rng.normal(size=(60, 20))[trial] + 0.5 * rng.normal(size=(480, 20))
        features = {"context": (rng.permutation(60) % 2)[trial], "time": time}
        found = mixed_selectivity(activity, features, trial, seed, shuffles=200)
        p.append(found.conditional_p_uncorrected.sel(feature="context", given="time").values)
    p = np.concatenate(p)
    assert binom.sf((p <= 0.05).sum() - 1, p.size, 0.05) > 1e-4
    assert binom.sf((p <= 0.01).sum() - 1, p.size, 0.01) > 1e-4


def test_a_quantity_of_many_values_is_held_fixed_too():
    """Within a fifth of its values a unit still follows it, and with it whatever goes along."""
    p = []
    for seed in range(25):
        rng = np.random.default_rng([seed, 4])
        trial, x = np.repeat(np.arange(100), 4), rng.normal(size=100)
        y = x + 0.5 * rng.normal(size=100)
        activity = x[trial][:, None] + 0.5 * rng.normal(size=(100, 20))[trial]
        found = mixed_selectivity(activity, {"x": x[trial], "y": y[trial]}, trial, seed, shuffles=200)
        p.append(found.conditional_p_uncorrected.sel(feature="y", given="x").values)
        assert (found.conditional_p.sel(feature="x", given="y").values < 0.05).mean() > 0.6
    p = np.concatenate(p)
    assert binom.sf((p <= 0.05).sum() - 1, p.size, 0.05) > 1e-4
