"""Tests of whether networks of two kinds differ, corrections for many of them, and their power."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy import stats

from attrax.settings import require
from attrax.studies.resampling import has_few_ties, rank_sum_p_values, sign_flip_p_values, signed_rank_p_values

Correction = Literal["bh", "by"]


def sign_flip_test(differences: Float[np.ndarray, " pairs"], seed: int = 0) -> float:
    """Return the two-sided p of a mean difference of zero, by flipping the signs of paired differences.

    Exact up to 13 pairs, else of 9,999 random flips. NaN without pairs.
    """
    return float(sign_flips([np.asarray(differences, float)], seed)[0])


def sign_flips(samples: Sequence[np.ndarray], seed: int) -> Float[np.ndarray, " samples"]:
    """Return `sign_flip_test` of many samples of differences at once."""
    found = np.array([1.0 if len(sample) else np.nan for sample in samples])
    told = [place for place, sample in enumerate(samples) if len(sample) > 1 and np.any(sample)]
    found[told] = sign_flip_p_values([samples[place] for place in told], seed)
    return found


def mann_whitney(pairs: Sequence[tuple[np.ndarray, np.ndarray]], seed: int) -> Float[np.ndarray, " pairs"]:
    """Return the two-sided p; by permutation where few values have ties: the normal approximation is wrong there."""
    found, permuted = np.full(len(pairs), np.nan), []
    for place, (x, y) in enumerate(pairs):
        joined, fewer = np.concatenate([x, y]), min(len(x), len(y))
        if not fewer:
            continue
        if fewer > 20 or len(np.unique(joined)) == len(joined):
            found[place] = stats.mannwhitneyu(x, y).pvalue
        elif fewer == 1:  # each place among all is as likely; SciPy permutes two values or more
            single = (x if len(x) == 1 else y)[0]
            found[place] = min(1.0, 2 * min((joined <= single).mean(), (joined >= single).mean()))
        else:
            permuted.append(place)
    found[permuted] = rank_sum_p_values([pairs[place] for place in permuted], seed)
    return found


def wilcoxon(samples: Sequence[np.ndarray]) -> Float[np.ndarray, " samples"]:
    """Return the two-sided p of signed ranks for many samples of differences; by flipping signs where few are tied."""
    found, flipped = np.full(len(samples), np.nan), []
    for place, sample in enumerate(samples):
        if len(sample) and not np.any(sample):
            found[place] = 1.0
        elif len(sample) and has_few_ties(sample):
            flipped.append(place)
        elif len(sample):
            found[place] = stats.wilcoxon(sample).pvalue
    found[flipped] = signed_rank_p_values([samples[place] for place in flipped])
    return found


def cliffs_delta(
    one: Float[np.ndarray, "*resamples n"], other: Float[np.ndarray, "*resamples m"], axis: int = -1
) -> Float[np.ndarray, "*resamples"]:
    """Return P(one > other) - P(one < other), from Mann and Whitney's U: 2 U / (n m) - 1.

    From -1 (all of one below all of other) to 1.
    """
    found = stats.mannwhitneyu(one, other, axis=axis, method="asymptotic").statistic  # p is not used
    return np.asarray(2 * found / (one.shape[axis] * other.shape[axis]) - 1)


def corrected(p_values: Float[np.ndarray, " tests"], method: Correction = "bh") -> Float[np.ndarray, " tests"]:
    """Correct the p values of a family of tests for their number; NaN stays, and does not count.

    Parameters
    ----------
    p_values
        Shape (tests,).
    method
        "bh" or "by", see `compare`.

    Raises
    ------
    SettingsError
        For another method.
    """
    require(method in ("bh", "by"), f"correction is {method!r}; it must be 'bh' or 'by'")
    known = np.isfinite(p_values)
    result = np.full(p_values.shape, np.nan)
    if known.any():
        result[known] = stats.false_discovery_control(p_values[known], method=method)
    return result


def power_of_pairs(
    pairs: int,
    effects: Sequence[float] = (0.5, 0.8, 1.2),
    significance: float = 0.05,
    simulations: int = 4000,
    seed: int = 0,
) -> dict[float, float]:
    """Say how likely so many seeds are to show an effect of a size: the power of Wilcoxon's signed ranks.

    Parameters
    ----------
    pairs
        Seeds, each trained under both rules.
    effects
        Mean difference in units of the differences' standard deviation (0.5 medium, 0.8 large, by convention).
    significance
        The p below which an effect counts as shown.
    simulations
        Ensembles that are drawn for each effect, with normal differences.
    seed
        Of the draws.

    Returns
    -------
    Effect to power. With fewer than six pairs it is 0 at 0.05: 2^(1 - pairs) is the smallest p that there is.
    """
    require(pairs >= 1, f"pairs is {pairs}; it must be 1 or more")
    rng = np.random.default_rng(seed)
    found = {}
    for effect in effects:
        differences = rng.normal(effect, 1.0, (simulations, pairs))
        p_values = stats.wilcoxon(differences, axis=-1).pvalue
        found[effect] = float(np.mean(np.asarray(p_values) <= significance))
    return found
