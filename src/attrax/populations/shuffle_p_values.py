"""p values from shuffles, and what is beyond the largest shuffle: a tail fitted to the shuffles themselves.

k shuffles cannot show a p below 1 / (k + 1). Where hundreds of pairs are tested that is not small enough to survive a
correction, so the upper tail of the shuffles is continued by a generalised Pareto distribution.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

_FEW = 10
"""Shuffles at least as large as what was observed: with so many their share is a good estimate, and no tail is used."""
_TAIL = 250
"""Largest shuffles that the tail is fitted to, and at most this share of all:"""
_TAIL_SHARE = 0.1
_DISTINCT = 10
"""Different values that these must have: a statistic of few possible values has no tail that goes on."""
_SAME = 1e-9  # relative: arithmetic in another order
_FEWEST_SHUFFLES = 100
"""With fewer no tail is fitted."""


class PValues(NamedTuple):
    """p of each unit, and whether it is of a fitted tail."""

    p: Float[np.ndarray, " units"]
    fitted: Bool[np.ndarray, " units"]


def shuffle_p_values(
    observed: Float[np.ndarray, " units"], shuffled: Float[np.ndarray, "shuffles units"], fit_tail: bool = True
) -> PValues:
    """Return the probability, without any dependence, of a value at least as large as the one observed.

    Parameters
    ----------
    observed
        A statistic of each unit: large where there is dependence.
    shuffled
        The same of shuffled data; -inf where there was none.
    fit_tail
        Whether to fit a tail where fewer than 10 shuffles are as large, and the largest of them are of ten different
        values or more.

    Notes
    -----
    (b + 1) / (k + 1), b of k shuffles being as large. In the tail: a threshold t between the 250 largest shuffles (at
    most a tenth) and the others, and the probability of exceeding it, times (1 + ξ (x - t) / σ)^(-1/ξ). The shape ξ is
    kept at 0 or above: a bounded tail (ξ < 0) would give p = 0 for whatever lies beyond its bound. To it is added 1/n,
    n being how often the shuffles in a row rise above t: σ is estimated from so many independent excesses, and the
    ratio of a new one to their mean has just this tail (of an F distribution). Of random shuffles n is nearly 250; of
    a recording's shifts, of which neighbours are alike, much less.

    References
    ----------
    Knijnenburg, Wessels, Reinders, Shmulevich, *Fewer permutations, more accurate P-values*, Bioinformatics 25, i161
    (2009); fitted by moments: Hosking, Wallis, Technometrics 29, 339 (1987).
    """
    count = len(shuffled)
    # Arithmetic in another order gives equal statistics that differ in the last digits: they count as equal.
    least = observed - _SAME * np.abs(observed)
    as_large = (shuffled >= least).sum(axis=0)
    p = (as_large + 1.0) / (count + 1)
    beyond = as_large < _FEW
    if not fit_tail or count < _FEWEST_SHUFFLES or not beyond.any():
        return PValues(p, np.zeros(len(p), bool))
    of_tail = min(_TAIL, int(_TAIL_SHARE * count))
    some = np.partition(shuffled[:, beyond], count - of_tail - 1, axis=0)[count - of_tail - 1 :]
    threshold = some[0]
    above = np.sort(some[1:] - threshold, axis=0)
    above[above <= _SAME * np.abs(threshold)] = 0.0  # equal but for rounding
    distinct = 1 + (np.diff(above, axis=0) > _SAME * np.abs(threshold)).sum(axis=0)
    mean, variance = above.mean(axis=0), above.var(axis=0, ddof=1)
    usable = (distinct >= _DISTINCT) & (variance > 0) & np.isfinite(mean) & np.isfinite(observed[beyond])
    ratio = np.divide(mean**2, variance, out=np.ones_like(mean), where=usable)
    shape = np.clip(0.5 * (1 - ratio), 0.0, 0.45)
    scale = mean * (1 - shape)  # keeps the mean where the shape was kept at 0
    rises = shuffled[:, beyond] > threshold
    shape += 1 / np.maximum(rises[0] + (rises[1:] & ~rises[:-1]).sum(axis=0), 1)
    excess = np.maximum(observed[beyond] - threshold, 0.0)
    reach = np.divide(excess, scale, out=np.zeros_like(scale), where=usable)
    continued = (1 + shape * reach) ** (-1 / shape)
    p[beyond] = np.where(usable, of_tail / (count + 1) * continued, p[beyond])
    fitted = beyond.copy()
    fitted[beyond] = usable
    return PValues(p, fitted)
