"""Many pairs, many tests: p values corrected for their number."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from scipy import special, stats

CORRECTIONS = ("fdr", "fdr-dependent", "family-wise", "two-stage", "none")

FIRST_STAGE = 100
"""Shuffles of the first stage of the two-stage rule, none of which may be as large as what was observed."""
_SECOND_STAGE = 5
"""Shuffles of the second stage, fewer than which may be as large."""


def corrected_p_values(p_values: Float[np.ndarray, "*pairs"], correction: str) -> Float[np.ndarray, "*pairs"]:
    """Correct p values for the number of tests; NaN stays, and does not count.

    Parameters
    ----------
    p_values
        Of all pairs: they are one family, whatever their shape.
    correction
        "fdr": the false discovery rate, tests being independent or positively dependent (Benjamini and Hochberg);
        "fdr-dependent": under any dependence (Benjamini and Yekutieli); "family-wise": the probability of a single
        false discovery (Holm); "none".
    """
    known = np.isfinite(p_values)
    result = np.full(p_values.shape, np.nan)
    family = p_values[known]
    if correction == "none" or not family.size:
        result[known] = family
    elif correction == "family-wise":
        result[known] = holm(family)
    else:
        method: Literal["bh", "by"] = "by" if correction == "fdr-dependent" else "bh"
        result[known] = stats.false_discovery_control(family, method=method)
    return result


def holm(p_values: Float[np.ndarray, " tests"]) -> Float[np.ndarray, " tests"]:
    """Return p values adjusted by Holm's step-down rule (Scandinavian Journal of Statistics 6, 65, 1979)."""
    order = np.argsort(p_values)
    steps = p_values[order] * (len(p_values) - np.arange(len(p_values)))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def first_stage(
    observed: Float[np.ndarray, " units"], shuffled: Float[np.ndarray, "shuffles units"]
) -> Bool[np.ndarray, " units"]:
    """Whether each unit passes the first stage of INTENSE's rule: above all of 100 shuffles.

    They are spread evenly over all: shifts of a recording are in order, and neighbours are alike.
    """
    some = np.linspace(0, len(shuffled) - 1, FIRST_STAGE).round().astype(int)
    return np.asarray((shuffled[some] < observed).all(axis=0))


def second_stage(
    observed: Float[np.ndarray, " units"], shuffled: Float[np.ndarray, "shuffles units"]
) -> Float[np.ndarray, " units"]:
    """Return p of the second stage of INTENSE's rule; 1 where five shuffles or more are as large.

    A gamma distribution is fitted by maximum likelihood to the shuffles above zero, and its tail taken times their
    share.

    References
    ----------
    Pospelov et al., INTENSE, as in DRIADA (module `driada.intense`): `get_gamma_zi_p`, `criterion1`, `criterion2`.
    """
    below = (shuffled < observed).sum(axis=0)
    ranked = (below + 1.0) / (len(shuffled) + 1) > 1 - _SECOND_STAGE / (len(shuffled) + 1)
    positive = shuffled > 1e-10
    counts = np.maximum(positive.sum(axis=0), 1)
    mean = np.where(positive, shuffled, 0.0).sum(axis=0) / counts
    mean_log = np.log(np.where(positive, shuffled, 1.0)).sum(axis=0) / counts
    usable = (positive.sum(axis=0) > 1) & (np.log(np.maximum(mean, 1e-300)) - mean_log > 1e-12)
    shape = _gamma_shape(np.where(usable, np.log(np.maximum(mean, 1e-300)) - mean_log, 1.0))
    tail = counts / len(shuffled) * special.gammaincc(shape, shape * observed / np.maximum(mean, 1e-300))
    return np.where(usable & ranked & (observed > 1e-10), np.clip(tail, 0.0, 1.0), 1.0)


def _gamma_shape(gap: Float[np.ndarray, " units"]) -> Float[np.ndarray, " units"]:
    """Solve ln(shape) - digamma(shape) = gap by Newton's method on 1 / shape (Minka 2002)."""
    shape = (3 - gap + np.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap)
    for _ in range(6):
        value = np.log(shape) - special.digamma(shape) - gap
        slope = 1 - shape * special.polygamma(1, shape)
        shape = 1 / (1 / shape + value / (slope * shape))
    return shape
