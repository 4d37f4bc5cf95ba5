"""Statistics on tables whose answers are known."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from attrax.settings import SettingsError
from attrax.studies import compare, corrected, describe, power_of_pairs, trend


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


def test_the_smallest_p_is_reached_when_all_pairs_agree():
    found = compare(ensemble(effect=100), ["measure"], "ppo", "supervised")
    assert set(found.of) == {"all", "reached"}
    assert (found.p_sign_flip == found.p_smallest).all()
    assert (found.p_wilcoxon == found.p_smallest).all()
    assert (found.cliffs_delta == 1).all()
    assert (found.difference > 90).all()


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
