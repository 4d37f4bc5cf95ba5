"""Resamples of many samples at once: those of one size share their draws, and are gone through in blocks.

A study of many networks makes thousands of tests, and most of their time goes into drawing resamples. A draw says which
networks are in a resample, or which change places, and depends on their number and on the seed alone; so it is made
once for all samples of a size. The draws are those of `scipy.stats.bootstrap` and `scipy.stats.permutation_test`, in
their order, and the tests are the same at every size: no number differs from SciPy's but by rounding. What is held at a
time does not grow with the number of samples, or of networks.
"""

import copy
from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations, permutations
from math import comb, factorial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse, special, stats

RESAMPLES = 9999
_BATCH = 500  # resamples that `scipy.stats.bootstrap` draws of one sample before it goes on to the other one
_NUMBERS = 2**20  # of a block of draws
_HELD = 2**22  # numbers that are kept of all samples of a chunk: their resampled statistics
_EXACT_FLIPS = 13  # 2^13 is below the number of resamples: all flips are gone through
_TOLERANCE = 100 * np.finfo(float).eps  # of the observed statistic: nearer ones count as equal, as SciPy has it

Sample = Float[np.ndarray, " _"]  # each of its own size
Pair = tuple[Sample, Sample]


def mean_intervals(samples: Sequence[Sample], confidence: float, seed: int) -> Float[np.ndarray, "samples ends"]:
    """Return bias-corrected and accelerated bootstrap intervals of means, (low, high) for each sample.

    Parameters
    ----------
    samples
        Each of two finite values or more, not all equal.
    confidence, seed
        Of the interval, and of the draws.

    Returns
    -------
    Shape (samples, 2); NaN where such an interval does not exist.
    """
    result = np.full((len(samples), 2), np.nan)
    for size, places in _alike([len(sample) for sample in samples]):
        values = np.array([samples[place] for place in places], float)
        means = np.empty((len(places), RESAMPLES))
        rng = np.random.default_rng(seed)
        for block in _blocks(RESAMPLES, size):
            index = rng.integers(0, size, (block.stop - block.start, size))
            for row, sample in enumerate(values):
                means[row, block] = np.take(sample, index).mean(axis=-1)
        result[places] = _bias_corrected(values, means, confidence)
    return result


def _bias_corrected(
    values: Float[np.ndarray, "samples networks"], means: Float[np.ndarray, "samples resamples"], confidence: float
) -> Float[np.ndarray, "samples ends"]:
    """Return the interval of Efron, JASA 82, 171 (1987), with the acceleration from leaving out one network each."""
    n = values.shape[1]
    observed = values.mean(axis=-1, keepdims=True)
    below = (means < observed).sum(axis=-1) + (means <= observed).sum(axis=-1)
    bias = special.ndtri(below / (2 * means.shape[1]))
    without = (values.sum(axis=-1, keepdims=True) - values) / (n - 1)
    influence = (n - 1) * (without.mean(axis=-1, keepdims=True) - without)
    cubes, squares = (influence**3).sum(axis=-1) / n**3, (influence**2).sum(axis=-1) / n**2
    end = special.ndtri((1 - confidence) / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        acceleration = 1 / 6 * cubes / squares**1.5
        shifted = [bias + z for z in (end, -end)]
        levels = np.stack([special.ndtr(bias + z / (1 - acceleration * z)) for z in shifted], axis=-1)
    return np.asarray(stats.quantile(means, levels, axis=-1))


def dominance_intervals(pairs: Sequence[Pair], confidence: float, seed: int) -> Float[np.ndarray, "pairs ends"]:
    """Return bootstrap intervals (percentiles) of Cliff's delta, for pairs of samples that are resampled apart.

    A resample is how often it holds each network; P(one > other) follows from counts of what lies below, without
    sorting it.
    """
    result = np.full((len(pairs), 2), np.nan)
    for (n, m), places in _alike([(len(one), len(other)) for one, other in pairs]):
        deltas = np.empty((len(places), RESAMPLES))
        orders = [_standing(*pairs[place]) for place in places]
        for block, one, other in _counts_of_two(n, m, seed):
            for row, (order, below, up_to) in enumerate(orders):
                under = np.zeros((m + 1, one.shape[1]))
                np.cumsum(other[order], axis=0, out=under[1:])
                twice = np.einsum("ib,ib->b", one, under[below] + under[up_to])
                deltas[row, block] = twice / (n * m) - 1
        result[places] = _percentiles(deltas, confidence)
    return result


def _standing(one: Sample, other: Sample) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the order of the second sample, and how much of it is below, and not above, each value of the first."""
    order = np.argsort(other, kind="stable")
    return order, np.searchsorted(other[order], one, "left"), np.searchsorted(other[order], one, "right")


def _counts_of_two(
    n: int, m: int, seed: int
) -> Iterator[tuple[slice, Float[np.ndarray, "n resamples"], Float[np.ndarray, "m resamples"]]]:
    """Yield how often resamples of two samples hold each of their values."""
    ahead = np.random.default_rng(seed)
    for first in range(0, RESAMPLES, _BATCH):
        size = min(_BATCH, RESAMPLES - first)
        behind = copy.deepcopy(ahead)
        for block in _blocks(size, n):  # gone over: the second sample's draws come after all of the first one's
            ahead.integers(0, n, (block.stop - block.start, n))
        for block in _blocks(size, max(n, m)):
            rows = block.stop - block.start
            one, other = (_counts(rng.integers(0, k, (rows, k))) for rng, k in ((behind, n), (ahead, m)))
            yield slice(first + block.start, first + block.stop), one, other


def _counts(index: Int[np.ndarray, "resamples n"]) -> Float[np.ndarray, "n resamples"]:
    rows, n = index.shape
    flat = index * rows + np.arange(rows)[:, None]
    return np.bincount(flat.ravel(), minlength=rows * n).reshape(n, rows).astype(float)


def rank_correlation_intervals(pairs: Sequence[Pair], confidence: float, seed: int) -> Float[np.ndarray, "pairs ends"]:
    """Return bootstrap intervals (percentiles) of Spearman's rank correlation, over networks.

    Ranks in a resample follow from how often it holds each network, so that nothing is sorted again.
    """
    result = np.full((len(pairs), 2), np.nan)
    for n, places in _alike([len(x) for x, _ in pairs]):
        found = np.empty((len(places), RESAMPLES))
        levels = [[_levels(values) for values in pairs[place]] for place in places]
        rng = np.random.default_rng(seed)
        for block in _blocks(RESAMPLES, n):
            counts = _counts(rng.integers(0, n, (block.stop - block.start, n)))
            for row, (x, y) in enumerate(levels):
                found[row, block] = _correlations(counts, x, y)
        result[places] = _percentiles(found, confidence)
    return result


class _Levels(NamedTuple):
    """The different values of a sample."""

    members: Any
    """Sparse, over (values, networks): 1 where a network has the value."""
    which: Int[np.ndarray, " networks"]
    """Which of the values, ascending, each network has."""


def _levels(sample: Sample) -> _Levels:
    different, which = np.unique(sample, return_inverse=True)
    there = (np.ones(len(sample)), (which, np.arange(len(sample))))
    return _Levels(sparse.csr_array(there, shape=(len(different), len(sample))), which)


def _correlations(
    counts: Float[np.ndarray, "networks resamples"], x: _Levels, y: _Levels
) -> Float[np.ndarray, " resamples"]:
    """Return rank correlations of resamples; zero where one has one value only."""
    n, ranks, squares = len(counts), [], []
    for levels in (x, y):
        held = levels.members @ counts
        rank = np.cumsum(held, axis=0) - held / 2 - n / 2  # of equal values the mean one, less the mean of all
        ranks.append(rank)
        squares.append(np.einsum("kb,kb,kb->b", held, rank, rank))
    weighed = x.members @ (counts * ranks[1][y.which])
    together = np.einsum("kb,kb->b", ranks[0], weighed)
    scale = np.sqrt(squares[0] * squares[1])
    return np.divide(together, scale, out=np.zeros_like(scale), where=scale > 0)


def sign_flip_p_values(samples: Sequence[Sample], seed: int) -> Float[np.ndarray, " samples"]:
    """Return two-sided p values of means of zero, by flipping signs: exact up to 13 values, else of random flips.

    Parameters
    ----------
    samples
        Each of two values or more.
    seed
        Of the flips.
    """
    result = np.full(len(samples), np.nan)
    for size, places in _alike([len(sample) for sample in samples]):
        values = np.array([samples[place] for place in places], float)
        observed = values.mean(axis=-1)
        exact = size <= _EXACT_FLIPS
        null = np.empty((len(places), 2**size if exact else RESAMPLES))
        for block, signs in _signs(size, seed):
            # One value after the other, as SciPy adds them: equal sums stay equal whatever they are rounded to.
            sums = np.zeros((len(places), signs.shape[1]))
            for column, sign in zip(values.T, signs, strict=True):
                sums += column[:, None] * sign
            null[:, block] = sums / size
        result[places] = _two_sided(null, observed, exact)
    return result


def _signs(size: int, seed: int) -> Iterator[tuple[slice, Float[np.ndarray, "networks flips"]]]:
    """Yield flips in blocks: all that there are, or as many random ones as there are resamples."""
    if size <= _EXACT_FLIPS:
        yield slice(0, 2**size), _all_signs(size)
        return
    rng = np.random.default_rng(seed)
    for block in _blocks(RESAMPLES, 2 * size):
        places = np.broadcast_to(np.arange(2), (block.stop - block.start, size, 2))
        flipped = rng.permuted(places, axis=-1)[..., 0]
        yield block, (1.0 - 2.0 * flipped).T


def _all_signs(size: int) -> Float[np.ndarray, "networks flips"]:
    return 1.0 - 2.0 * (np.arange(2**size) >> np.arange(size)[:, None] & 1)


def signed_rank_p_values(samples: Sequence[Sample]) -> Float[np.ndarray, " samples"]:
    """Return exact two-sided p of Wilcoxon's signed ranks, for samples with ties or zeros: see `has_few_ties`."""
    result = np.full(len(samples), np.nan)
    for size, places in _alike([len(sample) for sample in samples]):
        values = np.array([samples[place] for place in places], float)
        there = values != 0
        ranks = np.array([_ranks_of(sizes, at) for sizes, at in zip(np.abs(values), there, strict=True)])
        null = ranks @ (_all_signs(size) > 0)
        observed = (ranks * (values > 0)).sum(axis=-1)
        result[places] = _two_sided(null, observed, exact=True)
    return result


def _ranks_of(sizes: Sample, there: np.ndarray) -> Sample:
    ranks = np.zeros(len(sizes))
    ranks[there] = stats.rankdata(sizes[there])
    return ranks


def has_few_ties(sample: Sample) -> bool:
    """Whether Wilcoxon's p of a sample needs all flips: it has ties or zeros, and few enough values.

    For others SciPy's own choice is fast: the exact distribution up to 50 values without ties, else the normal one.
    """
    return len(sample) <= _EXACT_FLIPS and (not sample.all() or len(np.unique(np.abs(sample))) < len(sample))


def rank_sum_p_values(pairs: Sequence[Pair], seed: int) -> Float[np.ndarray, " pairs"]:
    """Return two-sided p values of Mann and Whitney's U by permutation, for samples of two values or more.

    Exact where there are no more partitions than resamples (up to 7 and 7 values), else of random ones.
    """
    result = np.full(len(pairs), np.nan)
    for (n, m), places in _alike([(len(one), len(other)) for one, other in pairs]):
        ranks = np.array([stats.rankdata(np.concatenate(pairs[place])) for place in places])
        observed = ranks[:, :n].sum(axis=-1) - n * (n + 1) / 2
        exact = comb(n + m, n) <= RESAMPLES
        null = np.empty((len(places), comb(n + m, n) if exact else RESAMPLES))
        if exact:
            chosen = np.array(list(combinations(range(n + m), n)))
            null[:] = ranks[:, chosen].sum(axis=-1) - n * (n + 1) / 2
        else:
            rng = np.random.default_rng(seed)
            for block in _blocks(RESAMPLES, n + m):
                chosen = np.array([rng.permutation(n + m)[:n] for _ in range(block.start, block.stop)])
                for row, of_row in enumerate(ranks):
                    null[row, block] = of_row[chosen].sum(axis=-1) - n * (n + 1) / 2
        result[places] = _two_sided(null, observed, exact)
    return result


def rank_correlation_p_values(
    pairs: Sequence[Pair], seed: int
) -> tuple[Float[np.ndarray, " pairs"], Float[np.ndarray, " pairs"]]:
    """Return Spearman's rank correlations and their two-sided p values, by permutation of the first of each pair.

    Parameters
    ----------
    pairs
        Each of two samples of equal size, 3 or more, with different values.
    seed
        Of the permutations; all of them are gone through up to 7 values.
    """
    correlations, result = np.full((2, len(pairs)), np.nan)
    for n, places in _alike([len(x) for x, _ in pairs]):
        ranks = np.array([[stats.rankdata(values) for values in pairs[place]] for place in places])
        ranks -= ranks.mean(axis=-1, keepdims=True)
        x, y = (np.ascontiguousarray(ranks[:, side]) for side in (0, 1))
        scale = np.sqrt((x**2).sum(axis=-1) * (y**2).sum(axis=-1))
        exact = factorial(n) <= RESAMPLES
        null = np.empty((len(places), factorial(n) if exact else RESAMPLES))
        rng = np.random.default_rng(seed)
        for block in _blocks(null.shape[1], n):
            if exact:
                order = np.array(list(permutations(range(n))))[block]
            else:
                order = rng.permuted(np.broadcast_to(np.arange(n), (block.stop - block.start, n)), axis=-1)
            for row in range(len(places)):
                null[row, block] = np.einsum("bi,i->b", np.take(x[row], order), y[row]) / scale[row]
        correlations[places] = (x * y).sum(axis=-1) / scale
        result[places] = _two_sided(null, correlations[places], exact)
    return correlations, result


def _two_sided(
    null: Float[np.ndarray, "samples resamples"], observed: Float[np.ndarray, " samples"], exact: bool
) -> Float[np.ndarray, " samples"]:
    """Return twice the smaller share of resamples: not above, or not below; random ones count the observed one too."""
    slack = np.abs(_TOLERANCE * observed)[:, None]
    less = (null <= observed[:, None] + slack).sum(axis=-1)
    greater = (null >= observed[:, None] - slack).sum(axis=-1)
    more = 0 if exact else 1
    return np.minimum(1.0, 2 * (np.minimum(less, greater) + more) / (null.shape[1] + more))


def _percentiles(found: Float[np.ndarray, "samples resamples"], confidence: float) -> Float[np.ndarray, "samples ends"]:
    end = (1 - confidence) / 2
    return np.asarray(stats.quantile(found, np.broadcast_to([end, 1 - end], (len(found), 2)), axis=-1))


def _alike(sizes: Sequence[Hashable]) -> Iterator[tuple[Any, list[int]]]:
    """Yield each size with the places where it is, a chunk of them at a time."""
    by_size: dict[Hashable, list[int]] = {}
    for place, size in enumerate(sizes):
        by_size.setdefault(size, []).append(place)
    at_once = _HELD // RESAMPLES
    for size, places in by_size.items():
        for first in range(0, len(places), at_once):
            yield size, places[first : first + at_once]


def _blocks(resamples: int, numbers: int) -> Iterator[slice]:
    """Yield slices of resamples of so many numbers each, as many as fit in a block."""
    rows = max(1, _NUMBERS // numbers)
    for first in range(0, resamples, rows):
        yield slice(first, min(first + rows, resamples))
