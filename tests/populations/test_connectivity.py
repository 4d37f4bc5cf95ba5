"""Connectivity, communities and their relation to weights where all are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal, stats
from scipy.special import digamma

from attrax.populations import GROUPS, communities, functional_connectivity, modularity
from attrax.settings import SettingsError

PAIRS = np.triu_indices(20, 1)


def recording(rng, lengths, n_units=20, slowness=0.9, offset=1.0, course=0.0):
    """Independent units: slow noise, an offset of each in each trial, and a course that every trial repeats."""
    trials = []
    for length in lengths:
        noise = signal.lfilter([1], [1, -slowness], rng.normal(size=(length + 50, n_units)), axis=0)[50:]
        common = course * np.sin(np.arange(length) / 4)[:, None]
        trials.append(noise * np.sqrt(1 - slowness**2) + offset * rng.normal(size=n_units) + common)
    return np.concatenate(trials), np.repeat(np.arange(len(lengths)), lengths)


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


def test_communities_need_neither_groups_nor_weights():
    rng = np.random.default_rng(0)
    activity, trial = recording(rng, [10] * 40, n_units=6)
    activity[:, :3] += 2 * rng.normal(size=40)[trial][:, None]
    found = modularity(functional_connectivity(activity, trial), permutations=20, rewirings=2)
    assert len(set(found.community.values[:3])) == 1
    assert found.groups_reason.item() != ""
    areas = modularity(functional_connectivity(activity, trial), ["V1"] * 3 + ["V4"] * 3, permutations=20, rewirings=2)
    assert areas.groups_reason.item() == ""


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


def in_communities(rng, n_each=8, n_trials=60):
    """Units in three communities, each with a source of its own, and one unit that is alone."""
    place = np.repeat([0, 1, 2], n_each)
    activity, trial = recording(rng, [10] * n_trials, n_units=3 * n_each + 1)
    activity[:, :-1] += 3 * np.repeat(rng.normal(size=(n_trials, 3)), 10, axis=0)[:, place]
    return activity, trial, place


def test_planted_communities_come_back():
    rng = np.random.default_rng(0)
    activity, trial, place = in_communities(rng)
    connectivity = functional_connectivity(activity, trial)
    labels = np.append(np.array(GROUPS)[place], "G_s")
    weights = np.zeros((25, 25))
    weights[:-1, :-1] = place[:, None] == place
    found = modularity(connectivity, labels, weights, significance=0.001, permutations=200)
    assert found.agreement == pytest.approx(1.0)
    assert found.agreement_p == pytest.approx(1 / 201)
    assert found.community.values[-1] == -1
    assert len(set(found.community.values[:-1])) == 3
    assert found.group_modularity == pytest.approx(found.modularity)
    assert found.modularity > 0.6
    assert found.modularity_p == pytest.approx(1 / 21)
    assert found.modularity_z > 10
    assert (found.weight_correlation > 0.5).all()
    assert (found.weight_p < 0.01).all()


def test_modularity_is_that_of_networkx_and_the_rewired_keep_degrees():
    import networkx as nx

    rng = np.random.default_rng(0)
    graph = np.triu(rng.random((15, 15)) * (rng.random((15, 15)) < 0.4), 1)
    graph += graph.T
    labels = rng.integers(0, 3, 15)
    parts = [set(np.flatnonzero(labels == part)) for part in range(3)]
    expected = nx.community.modularity(nx.from_numpy_array(graph), parts, weight="weight")
    assert communities._quality(graph, labels) == pytest.approx(expected)
    rewired = communities._rewired(graph, rng)
    np.testing.assert_array_equal((rewired > 0).sum(0), (graph > 0).sum(0))
    np.testing.assert_allclose(np.sort(rewired.ravel()), np.sort(graph.ravel()))
    np.testing.assert_array_equal(rewired, rewired.T)
    assert ((rewired > 0) != (graph > 0)).any()
    assert not np.diag(rewired).any()


def test_without_an_edge_there_are_reasons():
    activity, trial = recording(np.random.default_rng(0), [10] * 20, n_units=6)
    activity[:, :3] = 0.0
    connectivity = functional_connectivity(activity, trial)
    found = modularity(connectivity, ["G_a"] * 6, np.ones((6, 6)), significance=1e-9, permutations=9)
    assert found.edges == 0
    assert set(found.community.values) == {-1}
    assert np.isnan(found.modularity)
    assert np.isnan(found.agreement)
    assert found.modularity_reason == found.groups_reason == "no two units are connected"
    assert found.weights_reason.values.tolist() == ["3 units are testable; needed: 4 or more"] * 2
    activity, trial = recording(np.random.default_rng(0), [10] * 20, n_units=6)
    activity += np.repeat(np.random.default_rng(1).normal(size=20), 10)[:, None] * 5
    found = modularity(functional_connectivity(activity, trial), [""] * 6, np.ones((6, 6)), permutations=9)
    assert found.edges > 0
    assert found.groups_reason == "no two units of known groups are connected"
    assert found.weights_reason.values.tolist() == ["connectivity or weights are the same for every pair"] * 2


def test_weights_that_have_nothing_to_do_with_connectivity_give_uniform_p_values():
    rng = np.random.default_rng(0)
    activity, trial = recording(rng, [10] * 30, n_units=12)
    connectivity = functional_connectivity(activity, trial, permutations=20)
    p_values = []
    for seed in range(150):
        # strong and weak units: pairs are far from independent
        weights = rng.normal(size=(12, 12)) * np.exp(rng.normal(size=12)) + rng.normal(size=12)
        found = modularity(connectivity, ["G_a"] * 12, weights, 1e-12, permutations=99, seed=seed)
        p_values.append(found.weight_p.values)
    for relation in np.array(p_values).T:
        assert stats.kstest(relation, "uniform").pvalue > 1e-3
        low, high = stats.binom.interval(0.999, 150, 0.05)
        assert low <= (relation <= 0.05).sum() <= high


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


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"groups": ["G_a"]}, r"groups has shape \(1,\); it must be \(2,\)"),
        ({"weights": np.zeros((2, 3))}, r"weights has shape \(2, 3\); it must be \(2, 2\)"),
        ({"weights": np.full((2, 2), np.inf)}, "weights must be finite"),
        ({"significance": 1.0}, "significance is 1.0; it must be between 0 and 1"),
        ({"rewirings": 0}, "rewirings is 0; it must be 2 or more"),
    ],
)
def test_comparisons_that_cannot_be_are_refused(change, words):
    connectivity = functional_connectivity(np.zeros((6, 2)))
    sound = {"groups": ["G_a", "G_s"], "weights": np.zeros((2, 2))}
    with pytest.raises(SettingsError, match=words):
        modularity(connectivity, **{**sound, **change})
