"""Many tests at once give what SciPy gives for each of them."""

import tracemalloc

import numpy as np
import pytest
from scipy import stats

from attrax.studies import resampling
from attrax.studies.resampling import RESAMPLES

SEED = 3


def samples(sizes, seed=0):
    """Shares of a plane of eleven by eleven points in two contexts: with ties and zeros."""
    rng = np.random.default_rng(seed)
    return [rng.binomial(242, 0.02, size) / 242 - 0.01 * (rng.random(size) < 0.7) for size in sizes]


def pairs(sizes):
    return list(zip(samples([n for n, _ in sizes], 1), samples([m for _, m in sizes], 2), strict=True))


def spearman(x, y, axis=-1):
    ranks = [stats.rankdata(values, axis=axis) for values in (x, y)]
    ranks = [values - values.mean(axis, keepdims=True) for values in ranks]
    scale = np.sqrt(np.prod([np.sum(values**2, axis) for values in ranks], axis=0))
    return np.divide(np.sum(ranks[0] * ranks[1], axis), scale, out=np.zeros_like(scale), where=scale > 0)


def cliff(x, y, axis=-1):
    return 2 * stats.mannwhitneyu(x, y, axis=axis, method="asymptotic").statistic / (x.shape[axis] * y.shape[axis]) - 1


def bootstrap(data, statistic, **options):
    found = stats.bootstrap(
        data, statistic, n_resamples=RESAMPLES, vectorized=True, batch=500, rng=np.random.default_rng(SEED), **options
    ).confidence_interval
    return found.low, found.high


def test_intervals_of_means_are_those_of_scipy():
    data = samples([5, 12, 5, 40])
    found = resampling.mean_intervals(data, 0.95, SEED)
    for row, sample in zip(found, data, strict=True):
        assert row == pytest.approx(bootstrap((sample,), np.mean, method="BCa"), abs=1e-12)


def test_intervals_of_cliffs_delta_are_those_of_scipy():
    data = pairs([(5, 7), (30, 21), (5, 7)])
    found = resampling.dominance_intervals(data, 0.95, SEED)
    for row, pair in zip(found, data, strict=True):
        assert row == pytest.approx(bootstrap(pair, cliff, method="percentile"), abs=1e-12)


def test_intervals_of_rank_correlations_are_those_of_scipy():
    data = pairs([(8, 8), (25, 25)])
    found = resampling.rank_correlation_intervals(data, 0.9, SEED)
    for row, pair in zip(found, data, strict=True):
        expected = bootstrap(pair, spearman, method="percentile", paired=True, confidence_level=0.9)
        assert row == pytest.approx(expected, abs=1e-12)


def test_p_values_of_flipped_signs_are_those_of_scipy_exact_or_random():
    data = samples([4, 13, 14, 30, 14])
    found = resampling.sign_flip_p_values(data, SEED)
    for p, sample in zip(found, data, strict=True):
        expected = stats.permutation_test(
            (sample,), np.mean, permutation_type="samples", vectorized=True, n_resamples=RESAMPLES, batch=1000,
            rng=np.random.default_rng(SEED),
        )  # fmt: skip
        assert p == expected.pvalue


def test_p_values_of_signed_ranks_with_ties_are_those_of_scipy():
    data = [sample for sample in samples([3, 6, 8, 8, 10]) if resampling.has_few_ties(sample)]
    assert len(data) > 2
    found = resampling.signed_rank_p_values(data)
    assert found.tolist() == [stats.wilcoxon(sample).pvalue for sample in data]


def test_p_values_of_rank_sums_are_those_of_scipy_exact_or_random():
    data = pairs([(3, 4), (7, 7), (8, 12), (8, 12), (20, 20)])
    found = resampling.rank_sum_p_values(data, SEED)
    for p, pair in zip(found, data, strict=True):
        method = stats.PermutationMethod(n_resamples=RESAMPLES, rng=np.random.default_rng(SEED))
        assert p == stats.mannwhitneyu(*pair, method=method).pvalue


def test_p_values_of_rank_correlations_are_those_of_scipy_exact_or_random():
    data = pairs([(4, 4), (7, 7), (8, 8), (30, 30)])
    correlations, found = resampling.rank_correlation_p_values(data, SEED)
    for rho, p, (x, y) in zip(correlations, found, data, strict=True):
        expected = stats.permutation_test(
            (x,), lambda x, axis, y=y: spearman(x, np.broadcast_to(y, x.shape), axis), permutation_type="pairings",
            vectorized=True, n_resamples=RESAMPLES, batch=500, rng=np.random.default_rng(SEED),
        )  # fmt: skip
        assert (rho, p) == (pytest.approx(expected.statistic), expected.pvalue)


def all_of_them():
    both = pairs([(40, 30), (15, 16)])
    equal = pairs([(40, 40), (9, 9)])
    return [
        resampling.mean_intervals(samples([40, 9]), 0.95, SEED), resampling.dominance_intervals(both, 0.95, SEED),
        resampling.rank_correlation_intervals(equal, 0.95, SEED), resampling.sign_flip_p_values(samples([40, 9]), SEED),
        resampling.rank_sum_p_values(both, SEED), *resampling.rank_correlation_p_values(equal, SEED),
    ]  # fmt: skip


def test_no_number_depends_on_how_much_is_held_at_a_time(monkeypatch):
    whole = all_of_them()
    monkeypatch.setattr(resampling, "_NUMBERS", 2**13)
    monkeypatch.setattr(resampling, "_HELD", RESAMPLES)  # one sample at a time
    for one, other in zip(whole, all_of_them(), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("n", [300, 2000])
def test_what_is_held_does_not_grow_with_the_number_of_networks(n):
    """Resamples of 2,000 networks hold 20 million numbers, 160 MB; a block of them holds a million."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, n))
    tracemalloc.start()
    resampling.mean_intervals([x], 0.95, SEED)
    resampling.dominance_intervals([(x, y)], 0.95, SEED)
    resampling.rank_correlation_intervals([(x, y)], 0.95, SEED)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
