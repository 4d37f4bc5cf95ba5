"""Estimates over networks, each with its bootstrap interval."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats

from attrax.studies.resampling import RESAMPLES, mean_intervals

CONFIDENCE = 0.95
Statistic = Any
"""A function of values (or two sets of them) that takes ``axis``: `numpy.mean`, `numpy.median`."""
_MANY_NUMBERS = 2**22  # that a statistic other than the mean is given at a time


class Interval(NamedTuple):
    """An estimate with its bootstrap interval."""

    value: float
    low: float
    """NaN where there are fewer than two values."""
    high: float
    n: int


def interval(
    values: Float[np.ndarray, " networks"],
    statistic: Statistic = np.mean,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Interval:
    """Estimate a mean (or median) over networks, with a bootstrap interval.

    Parameters
    ----------
    values
        One a network, shape (networks,); values that are not finite are left out.
    statistic
        `numpy.mean`, `numpy.median` or another that takes ``axis``.
    confidence
        Of the interval, between 0 and 1.
    seed
        Of the resampling.

    Returns
    -------
    The estimate, and the bias-corrected and accelerated interval (percentiles for statistics whose acceleration does
    not exist, such as the median).

    References
    ----------
    Efron, *Better bootstrap confidence intervals*, JASA 82, 171 (1987), as in `scipy.stats.bootstrap`.
    """
    return intervals([values], statistic, confidence, seed)[0]


def intervals(
    samples: Sequence[Float[np.ndarray, " _"]],
    statistic: Statistic = np.mean,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> list[Interval]:
    """Estimate many means (or medians) at once: each as `interval` does, and faster, since they share their draws."""
    kept = [values[np.isfinite(values)] for values in (np.asarray(sample, float) for sample in samples)]
    ends = np.full((len(kept), 2), np.nan)
    spread = [place for place, values in enumerate(kept) if values.size > 1 and np.ptp(values) > 0]
    if statistic is np.mean:
        ends[spread] = mean_intervals([kept[place] for place in spread], confidence, seed)
    else:
        for place in spread:
            ends[place] = _percentile_interval(kept[place], statistic, confidence, seed)
    found = []
    for values, (low, high) in zip(kept, ends.tolist(), strict=True):
        value = float(statistic(values)) if values.size else np.nan
        if values.size > 1 and np.ptp(values) == 0:
            low = high = value  # equal values: every resample is the sample
        found.append(Interval(value, low, high, int(values.size)))
    return found


def _percentile_interval(
    values: Float[np.ndarray, " networks"], statistic: Statistic, confidence: float, seed: int
) -> tuple[float, float]:
    found = stats.bootstrap(
        (values,), statistic, n_resamples=RESAMPLES, confidence_level=confidence, method="percentile",
        vectorized=True, batch=max(1, min(500, _MANY_NUMBERS // values.size)), rng=np.random.default_rng(seed),
    ).confidence_interval  # fmt: skip
    return float(found.low), float(found.high)
