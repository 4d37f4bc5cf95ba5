"""Balance of groups whose weights, readout, inputs and tuning were planted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from attrax.populations import GROUPS
from attrax.populations.group_balance import balance, balance_summary
from attrax.settings import SettingsError

SIZES = (4, 3, 5, 6)
LABELS = np.repeat(GROUPS, SIZES)
PLANTED = np.array([[1.0, 2, -3, 0], [0, -1, 4, 0.5], [-2, 0, 1, 1], [3, -1, 0, 2]])
"""Weight from each group (column) to each (row)."""


def planted(seed=0, labels=LABELS):
    """Weights, lead and activity that are the same all over each block; a diagonal that must not count."""
    place = np.array([GROUPS.index(label) for label in labels])
    weights = PLANTED[place][:, place]
    np.fill_diagonal(weights, 100.0)
    lead = np.array([0.5, 2.0, -1.0, 7.0])[place]
    activity = np.array([[1.0, 2.0, 0.0, 0.0], [1.0, 0.0, 3.0, 0.0]])[:, place]
    return weights, lead, activity


def random_network(rng, n_units=30):
    labels = rng.choice(GROUPS, n_units)
    return labels, rng.normal(size=(n_units, n_units)), rng.normal(size=n_units), rng.random((2, n_units))


def test_planted_blocks_come_back_exactly():
    found = balance(LABELS, *planted(), permutations=200)
    assert found["size"].values.tolist() == list(SIZES)
    np.testing.assert_allclose(found.block_mean, PLANTED, atol=1e-12)
    pairs = np.outer(SIZES, SIZES) - np.diag(SIZES)
    np.testing.assert_allclose(found.block_total, PLANTED * pairs, atol=1e-12)
    np.testing.assert_array_equal(found.block_pairs, pairs)
    np.testing.assert_array_equal(found.block_positive, PLANTED > 0)
    assert (found.block_mean_reason == "").all()
    assert found.block_mean_q.values[PLANTED == 4].item() < 0.05
    assert found.block_mean_z.sel(target="G_+", source="G_-") > 3


def test_readout_and_drive_are_what_was_planted():
    found = balance(LABELS, *planted(), permutations=50)
    np.testing.assert_allclose(found.lead_mean, [0.5, 2, -1, 7])
    np.testing.assert_allclose(found.lead_total, [2, 6, -5, 42])
    np.testing.assert_allclose(found.drive, [[2, 12, 0, 0], [2, 0, -15, 0]])
    np.testing.assert_allclose(found.drive_total, [14, -13])
    assert found.drive_asymmetry == pytest.approx(1 / 27)


def test_excitation_and_inhibition_are_what_was_planted():
    found = balance(LABELS, *planted(), permutations=50)
    plain = found.sel(weighting="weights")
    # a unit of G_a: three others of its group at 1, three of G_+ at 2, five of G_- at -3
    assert plain.excitation[0] == pytest.approx(9)
    assert plain.inhibition[0] == pytest.approx(15)
    assert plain.ei_index[0] == pytest.approx(-6 / 24)
    # by activity: G_a is at 1, G_+ at 1, G_- at 1.5
    weighted = found.sel(weighting="activity")
    assert weighted.ei_index[0] == pytest.approx((9 - 22.5) / (9 + 22.5))
    np.testing.assert_allclose(plain.ei_spread, 0, atol=1e-7)
    assert plain.ei_mean[0] == pytest.approx(-6 / 24)


def test_sizes_that_are_known():
    found = balance(LABELS, *planted(), permutations=5)
    assert found.imbalance == pytest.approx(-2 / 8)
    assert found.imbalance_p == pytest.approx(stats.binomtest(3, 8).pvalue)
    # seven units are active for "+", nine for "-", of eighteen
    np.testing.assert_allclose(found.size_expected, [3.5, 3.5, 5.5, 5.5])
    assert found.overlap_p == pytest.approx(stats.fisher_exact([[4, 3], [5, 6]]).pvalue)
    assert found.entropy == pytest.approx(stats.entropy(SIZES, base=2))
    assert found.entropy_p == pytest.approx(1.0, abs=0.3)  # the sizes are nearest to those expected


def test_the_null_of_the_sizes_is_that_of_permuted_activity():
    rng = np.random.default_rng(1)
    labels = np.repeat(GROUPS, (9, 4, 2, 8))
    weights, lead, activity = planted(labels=labels)
    found = balance(labels, weights, lead, activity, permutations=5)
    plus, minus = np.isin(labels, ("G_a", "G_+")), np.isin(labels, ("G_a", "G_-"))
    other = [rng.permutation(minus) for _ in range(4000)]
    sizes = np.array([[(plus & m).sum(), (plus & ~m).sum(), (~plus & m).sum(), (~plus & ~m).sum()] for m in other])
    np.testing.assert_allclose(found.size_expected, sizes.mean(0), atol=0.1)
    entropies = stats.entropy(sizes, base=2, axis=1)
    assert found.entropy_expected == pytest.approx(entropies.mean(), abs=0.01)
    middle = found.entropy_expected.item()
    simulated = np.mean(np.abs(entropies - middle) >= abs(found.entropy.item() - middle) - 1e-9)
    assert found.entropy_p == pytest.approx(simulated, abs=0.03)


def test_tuning_that_is_alike_is_told_from_tuning_that_is_not():
    rng = np.random.default_rng(0)
    curves = rng.normal(size=(len(LABELS), 40))
    curves[:4] = np.outer([1, 2, 3, 4], curves[0]) + 5  # one shape in G_a
    curves[4] = 3.0  # a constant curve leaves two of G_+
    found = balance(LABELS, *planted(), curves, permutations=500)
    assert found.heterogeneity[0] == pytest.approx(0)
    assert found.heterogeneity_q[0] < 0.05
    for group, name in ((2, "G_-"), (3, "G_s")):
        between = np.corrcoef(curves[name == LABELS])
        assert found.heterogeneity[group] == pytest.approx(1 - between[np.triu_indices(len(between), 1)].mean())
    assert np.isnan(found.heterogeneity[1])
    assert found.heterogeneity_reason.values[1] == "fewer than 3 units in G_+ with a curve that varies"
    assert found.constant_curves.values.tolist() == [0, 1, 0, 0]


def test_variation_of_activity_is_that_of_a_loop():
    rng = np.random.default_rng(0)
    weights, lead, _ = planted()
    activity = rng.random((2, len(LABELS)))
    activity[:, LABELS == "G_s"] = 0.0
    found = balance(LABELS, weights, lead, activity, permutations=20)
    mean = activity.mean(0)
    expected = [np.std(mean[group == LABELS], ddof=1) / mean[group == LABELS].mean() for group in GROUPS[:3]]
    np.testing.assert_allclose(found.activity_variation[:3], expected)
    assert found.activity_variation_reason.values[3] == "mean activity is zero"


def test_nothing_is_nan_without_a_reason():
    labels = np.array(["G_+"] * 3 + ["G_s"])
    found = balance(labels, np.zeros((4, 4)), np.zeros(4), np.zeros((2, 4)), permutations=9)
    assert found.block_mean_reason.sel(target="G_a", source="G_+") == "no unit in G_a"
    assert found.block_mean_reason.sel(target="G_s", source="G_s") == "one unit in G_s only"
    assert found.block_mean_reason.sel(target="G_s", source="G_+") == "no z: every permutation gives the same"
    assert found.imbalance == 1.0
    assert found.drive_asymmetry_reason == "no unit drives a choice"
    assert (found.ei_index_reason != "").all()
    assert found.heterogeneity_reason.values.tolist() == ["no tuning curves were given"] * 4
    for name, values in found.data_vars.items():
        stem = next((stem for stem in found if f"{stem}_reason" in found and str(name).startswith(str(stem))), None)
        if values.dtype.kind == "f" and stem is not None:
            assert ((found[f"{stem}_reason"] != "") | values.notnull()).all(), name
    both_empty = balance(["G_a"] * 3, np.eye(3), np.ones(3), np.ones((2, 3)), permutations=9)
    assert np.isnan(both_empty.imbalance)
    assert np.isnan(both_empty.imbalance_p)
    assert both_empty.imbalance_reason == "no unit is active for one choice only"


def test_labels_dealt_at_random_are_found_out_as_often_as_they_should_be():
    rng = np.random.default_rng(3)
    names = ("block_mean", "block_positive", "lead_mean", "drive", "ei_mean", "ei_spread", "heterogeneity")
    p_values = {name: [] for name in names}
    for seed in range(300):
        labels, weights, lead, activity = random_network(rng, 24)
        labels = rng.permutation(np.repeat(GROUPS, 6))
        found = balance(labels, weights, lead, activity, rng.normal(size=(24, 8)), permutations=99, seed=seed)
        for name in names:
            p_values[name].append(found[f"{name}_p"].values.flat[1])  # one a network: draws that are independent
    for name, values in p_values.items():
        low, high = stats.binom.interval(0.9999, 300, 0.05)
        assert low <= np.sum(np.array(values) <= 0.05) <= high, name
        # shares have ties, and p values that are larger for them
        side = "greater" if name == "block_positive" else "two-sided"
        assert stats.kstest(values, "uniform", alternative=side).pvalue > 1e-4, name


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_units_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    labels, weights, lead, activity = random_network(rng)
    tuning = rng.normal(size=(30, 5))
    order = rng.permutation(30)
    one = balance(labels, weights, lead, activity, tuning, permutations=20)
    moved = (labels[order], weights[order][:, order], lead[order], activity[:, order], tuning[order])
    other = balance(*moved, permutations=20)
    for name, values in one.data_vars.items():
        if values.dtype.kind in "fi" and not str(name).endswith(("_z", "_p", "_q", "_null_mean", "_null_sd")):
            expected = values[..., order] if "unit" in values.dims else values
            np.testing.assert_allclose(other[name].values, expected.values, atol=1e-9, err_msg=str(name))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), factor=st.sampled_from([2.0, 0.5]))
def test_the_scale_of_the_weights_scales_totals_and_nothing_else(seed, factor):
    labels, weights, lead, activity = random_network(np.random.default_rng(seed))
    one = balance(labels, weights, lead, activity, permutations=20)
    other = balance(labels, factor * weights, lead, activity, permutations=20)
    np.testing.assert_array_equal(other.block_total, factor * one.block_total)
    np.testing.assert_array_equal(other.excitation, factor * one.excitation)
    for name in ("block_mean_z", "block_mean_p", "ei_index", "ei_mean_z"):
        np.testing.assert_allclose(other[name], one[name])


def test_the_summary_holds_plain_numbers():
    found = balance(LABELS, *planted(), permutations=50)
    summary = balance_summary(found)
    assert all(type(value) is float for value in summary.values())
    assert summary["share_plus"] == pytest.approx(3 / 18)
    assert summary["imbalance"] == pytest.approx(-0.25)
    assert summary["largest_block_z"] == pytest.approx(np.abs(found.block_mean_z).max().item())
    assert np.isnan(summary["heterogeneity"])  # no tuning was given


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"groups": ["G_a", "", "G_x"]}, r"2 of 3 units have no known group; each must be G_a, G_\+, G_-, G_s"),
        ({"groups": []}, r"groups has shape \(0,\)"),
        ({"recurrent_weights": np.zeros((3, 2))}, r"recurrent_weights has shape \(3, 2\).*it must be \(3, 3\)"),
        ({"lead": [0, np.inf, 0]}, "lead must be finite"),
        ({"activity": np.zeros(3)}, r"activity has shape \(3,\)"),
        ({"tuning": np.zeros((3, 2))}, r"tuning has shape \(3, 2\); it must be \(3, conditions\), three conditions"),
        ({"tuning": np.full((3, 3), np.nan)}, "tuning must be finite"),
        ({"permutations": 0}, "permutations is 0; it must be 1 or more"),
    ],
)
def test_what_cannot_be_is_refused(change, words):
    sound = {
        "groups": ["G_a"] * 3, "recurrent_weights": np.zeros((3, 3)), "lead": np.zeros(3), "activity": np.zeros((2, 3))
    }  # fmt: skip
    with pytest.raises(SettingsError, match=words):
        balance(**{**sound, **change})
