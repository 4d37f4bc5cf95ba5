"""Statistics on tables whose answers are known."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from attrax.settings import SettingsError
from attrax.studies import compare, corrected, describe, interval, power_of_pairs, trend
from attrax.studies.significance_tests import cliffs_delta, sign_flip_test


def ensemble(effect=0.0, seeds=8, deltas=(0.1,), rng=None, noise=1.0):
    """Networks of two rules, of which one is higher by an effect at each seed."""
    rng = rng or np.random.default_rng(0)
    rows = []
    for delta, seed in product(deltas, range(seeds)):
        common = rng.normal()
        for learner, shift in (("ppo", effect), ("supervised", 0.0)):
            value = common + shift + noise * rng.normal()
            rows.append({"task": "t", "learner": learner, "delta": delta, "seed": seed, "measure": value,
                         "reached": True, "status": "reached"})  # fmt: skip
    return pd.DataFrame(rows)


VALUES = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=8)


@given(one=VALUES, other=VALUES)
def test_cliffs_delta_is_the_difference_of_the_shares_of_pairs(one, other):
    pairs = list(product(one, other))
    counted = (sum(x > y for x, y in pairs) - sum(x < y for x, y in pairs)) / len(pairs)
    assert cliffs_delta(np.array(one), np.array(other)) == pytest.approx(counted, abs=1e-12)


@given(differences=st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=8))
@settings(deadline=None)
def test_the_sign_flip_test_is_exact_for_few_pairs(differences):
    """All 2^n ways to flip the signs, counted; two-sided as twice the smaller tail."""
    d = np.array(differences)
    means = np.array([np.mean(d * signs) for signs in product((-1, 1), repeat=len(d))])
    tail = min(np.mean(means >= d.mean() - 1e-12), np.mean(means <= d.mean() + 1e-12))
    assert sign_flip_test(d) == pytest.approx(min(1.0, 2 * tail))


def test_the_smallest_p_is_reached_when_all_pairs_agree():
    found = compare(ensemble(effect=100), ["measure"], "ppo", "supervised")
    assert set(found.of) == {"all", "reached"}
    assert (found.p_sign_flip == found.p_smallest).all()
    assert (found.p_wilcoxon == found.p_smallest).all()
    assert (found.cliffs_delta == 1).all()
    assert (found.difference > 90).all()


def test_p_values_of_no_effect_are_uniform():
    """Over many ensembles without any effect, a p of 0.05 or below comes in 5 % of them or fewer (it is discrete)."""
    rng = np.random.default_rng(1)
    p_values = np.array([sign_flip_test(rng.normal(size=8)) for _ in range(400)])
    for level in (0.05, 0.2, 0.5):
        assert stats.binomtest(int((p_values <= level).sum()), 400, level, alternative="greater").pvalue > 0.001


def test_intervals_of_means_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(2)
    held = [(found := interval(rng.normal(3, 1, 30))).low <= 3 <= found.high for _ in range(150)]
    assert 0.86 <= np.mean(held) <= 0.99  # BCa holds a little less than 95 % at 30 values


def test_intervals_of_few_or_equal_values():
    assert np.isnan(interval(np.array([])).value)
    one = interval(np.array([2.0]))
    assert (one.value, one.n) == (2.0, 1)
    assert np.isnan(one.low)
    assert interval(np.array([2.0, 2.0, np.nan])) == (2.0, 2.0, 2.0, 2)
    median = interval(np.array([1.0, 2.0, 9.0]), np.median)
    assert median.value == 2.0
    assert 1.0 <= median.low <= median.high <= 9.0


def test_networks_that_did_not_reach_are_counted_and_both_in_and_out():
    """The lost network is the one that makes the difference."""
    table = ensemble(seeds=6, noise=0.0)
    lost = (table.learner == "ppo") & (table.seed == 0)
    table.loc[lost, ["measure", "reached", "status"]] = [100.0, False, "diverged"]
    found = compare(table, ["measure"], "ppo", "supervised").set_index("of")
    assert found.loc["all", "pairs"] == 6
    assert found.loc["reached", "pairs"] == 5
    assert found.loc["all", "lost_one"] == 1
    assert found.loc["all", "difference"] > 10
    assert found.loc["reached", "difference"] == 0
    assert found.loc["reached", "p_sign_flip"] == found.loc["reached", "p_wilcoxon"] == 1
    cells = describe(table, ["measure"]).set_index(["learner", "of"])
    assert cells.loc[("ppo", "all"), ["networks", "reached", "diverged", "n"]].tolist() == [6, 5, 1, 6]
    assert cells.loc[("ppo", "reached"), "n"] == 5


def test_a_network_without_a_value_is_in_no_pair():
    table = ensemble(seeds=5)
    table.loc[(table.learner == "ppo") & (table.seed == 3), "measure"] = np.nan
    found = compare(table, ["measure"], "ppo", "supervised").iloc[0]
    assert (found.pairs, found.n_one, found.n_other) == (4, 4, 5)


@given(
    p_values=st.lists(st.one_of(st.just(np.nan), st.floats(1e-6, 1.0)), min_size=1, max_size=20),
    method=st.sampled_from(["bh", "by"]),
)
def test_the_correction_is_that_of_benjamini_and_hochberg_or_yekutieli(p_values, method):
    """By their definition: the smallest level of the step-up procedure that rejects."""
    p = np.array(p_values)
    known = p[np.isfinite(p)]
    m = len(known)
    factor = 1.0 if method == "bh" else sum(1 / k for k in range(1, m + 1))
    ordered = np.sort(known)
    for value, q in zip(p, corrected(p, method), strict=True):
        if np.isnan(value):
            assert np.isnan(q)
        else:
            ranks = [k for k in range(1, m + 1) if ordered[k - 1] >= value]
            assert q == pytest.approx(min(1.0, *(factor * m * ordered[k - 1] / k for k in ranks), 1.0))


def test_the_family_is_all_rows():
    table = ensemble(effect=0.8, seeds=8, deltas=(0.1, 0.2, 0.3))
    found = compare(table, ["measure"], "ppo", "supervised")
    assert len(found) == 6
    assert found.q_wilcoxon.tolist() == pytest.approx(corrected(found.p_wilcoxon.to_numpy()).tolist())


def test_a_trend_is_spearmans_correlation():
    rng = np.random.default_rng(3)
    table = ensemble(seeds=6, deltas=(0.05, 0.1, 0.15, 0.2))
    table["measure"] = table.delta * 10 + rng.normal(size=len(table))
    found = trend(table, ["measure"]).set_index(["learner", "of"])
    for learner in ("ppo", "supervised"):
        mine = table[table.learner == learner]
        rho, p = stats.spearmanr(mine.delta, mine.measure)
        row = found.loc[(learner, "all")]
        assert row.rho == pytest.approx(rho)
        assert row.low < rho < row.high
        assert row.p == pytest.approx(p, abs=0.03)
        assert (row.n, row.levels) == (24, 4)


def test_a_trend_needs_several_levels_and_values():
    found = trend(ensemble(), ["measure"])
    assert found.rho.isna().all()
    assert found.q.isna().all()


def test_power_is_what_it_is_known_to_be():
    """At 20 pairs and 0.8 the t test has 0.924 (two-sided, 0.05), and Wilcoxon's is 0.955 as efficient."""
    assert power_of_pairs(5) == {0.5: 0.0, 0.8: 0.0, 1.2: 0.0}
    found = power_of_pairs(20)
    assert found[0.8] == pytest.approx(0.91, abs=0.03)
    assert found[0.5] < found[0.8] < found[1.2]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda table: compare(table, ["mesure"], "ppo", "supervised"), "has no column 'mesure'; it has task"),
        (lambda table: compare(table, ["measure"], "ppo", "sl"), "no network of the rule 'sl'; there are ppo"),
        (lambda table: compare(pd.concat([table, table]), ["measure"], "ppo", "supervised"),
         "several networks of ppo share a seed within task t, delta 0.1; name what else is varied"),
        (lambda table: power_of_pairs(0), "pairs is 0; it must be 1 or more"),
    ],
)  # fmt: skip
def test_a_comparison_that_cannot_be_is_told(call, words):
    with pytest.raises(SettingsError, match=words):
        call(ensemble())


@pytest.mark.parametrize(("n", "exact"), [(3, 0.1), (4, 2 / 70), (5, 2 / 252)])
def test_shares_that_are_all_one_against_all_zero_have_the_exact_p(n, exact):
    table = ensemble(seeds=n)
    table["measure"] = (table.learner == "ppo").astype(float)
    assert compare(table, ["measure"], "ppo", "supervised").p_mann_whitney.iloc[0] == pytest.approx(exact, rel=1e-6)


def test_values_that_are_not_finite_are_missing():
    table = ensemble(effect=3.0, seeds=6)
    table.loc[(table.learner == "ppo") & (table.seed == 2), "measure"] = np.inf
    found = compare(table, ["measure"], "ppo", "supervised").iloc[0]
    assert found.pairs == 5
    assert found.p_sign_flip >= found.p_smallest


def test_values_that_are_not_finite_are_missing_in_a_trend():
    table = ensemble(seeds=12)
    table["level"] = table.seed % 4
    table["measure"] = table.level + 0.01 * table.seed
    whole = trend(table[table.seed != 3], ["measure"], "level", ("learner",))
    table.loc[table.seed == 3, "measure"] = -np.inf
    found = trend(table, ["measure"], "level", ("learner",))
    assert found.rho.tolist() == pytest.approx(whole.rho.tolist())


def test_one_network_against_several_with_ties():
    table = ensemble(seeds=4)
    table = table[(table.learner == "supervised") | (table.seed == 0)]
    table["measure"] = np.where(table.learner == "ppo", 0.5, [0.1, 0.1, 0.2, 0.5, 0.5][: len(table)])
    row = compare(table, ["measure"], "ppo", "supervised").iloc[0]
    values, single = table.measure.to_numpy(), 0.5
    expected = 2 * min((values >= single).mean(), (values <= single).mean())
    assert row.p_mann_whitney == pytest.approx(min(1.0, expected))
