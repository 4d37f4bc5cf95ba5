"""Honest comparisons of ensembles: the network is the unit, networks are paired by seed, and none is left out unseen.

Every function takes a table with a row a network, as `attrax.studies.Store.summary` returns it, and makes each
statement twice: of all networks, and of those that reached the criterion. Comparing survivors only can mislead, and so
can comparing networks that never learned.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import stats

from attrax.settings import SettingsError, require
from attrax.studies.resampling import (
    RESAMPLES,
    dominance_intervals,
    has_few_ties,
    mean_intervals,
    rank_correlation_intervals,
    rank_correlation_p_values,
    rank_sum_p_values,
    sign_flip_p_values,
    signed_rank_p_values,
)

WITHIN = ("task", "delta")
"""What two networks that are compared have in common."""
CONFIDENCE = 0.95
Statistic = Any
"""A function of values (or two sets of them) that takes ``axis``: `numpy.mean`, `numpy.median`."""
Correction = Literal["bh", "by"]
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


def describe(
    summary: pd.DataFrame,
    measures: Sequence[str],
    by: Sequence[str] = ("task", "learner", "delta"),
    statistic: Statistic = np.mean,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> pd.DataFrame:
    """Estimate measures in each cell of a study.

    Parameters
    ----------
    summary
        A row a network.
    measures
        Columns of it.
    by
        Columns whose combinations are the cells.
    statistic, confidence, seed
        See `interval`.

    Returns
    -------
    A row for each cell, measure and choice of networks ("all", "reached"): the columns of `by`; networks, reached,
    budget_spent, diverged (how many ended so); measure, of, n, value, low, high.

    Raises
    ------
    SettingsError
        If a column is not there.
    """
    _check_columns(summary, [*by, *measures, "reached"])
    rows: list[dict[str, Any]] = []
    samples: list[np.ndarray] = []
    for cell, group in summary.groupby(list(by), sort=False, dropna=False):
        counts = {
            "networks": len(group),
            "reached": int(group.reached.sum()),
            "budget_spent": _count(group, "budget spent"),
            "diverged": _count(group, "diverged"),
        }
        choices = [(of, chosen[list(measures)].to_numpy(float)) for of, chosen in _choices(group)]
        for column, measure in enumerate(measures):
            for of, values in choices:
                rows.append({**dict(zip(by, _tuple(cell), strict=True)), **counts, "measure": measure, "of": of})
                samples.append(values[:, column])
    for row, found in zip(rows, intervals(samples, statistic, confidence, seed), strict=True):
        row |= {"n": found.n, "value": found.value, "low": found.low, "high": found.high}
    return pd.DataFrame(rows)


def compare(
    summary: pd.DataFrame,
    measures: Sequence[str],
    one: str,
    other: str,
    within: Sequence[str] = WITHIN,
    correction: Correction = "bh",
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare two learning rules, paired by seed and unpaired.

    Parameters
    ----------
    summary
        A row a network.
    measures
        Columns of it.
    one, other
        Two values of the column ``learner``.
    within
        What two compared networks have in common, besides the seed.
    correction
        For many tests: "bh" (Benjamini and Hochberg: tests independent or positively dependent) or "by" (Benjamini
        and Yekutieli: any dependence). The family is every row of the result.
    confidence, seed
        Of bootstrap intervals, and of their resampling and of the permutations.

    Returns
    -------
    A row for each combination of `within`, measure and choice of networks. Besides these:

    - n_one, n_other: networks of each rule with a value; lost_one, lost_other: those of them that did not reach the
      criterion, left out where ``of`` is "reached";
    - pairs: seeds with a value under both; difference, low, high: mean of one minus other over pairs, and its interval;
    - p_sign_flip: permutation test of the mean difference, signs flipped (exact up to 13 pairs); p_wilcoxon: Wilcoxon's
      signed ranks; p_smallest: the smallest p that so many pairs can give, 2^(1 - pairs);
    - cliffs_delta, cliffs_low, cliffs_high: P(one > other) - P(one < other) over all networks, unpaired, which is
      2 U / (n m) - 1 with Mann and Whitney's U; p_mann_whitney;
    - q_sign_flip, q_wilcoxon, q_mann_whitney: corrected over the family.

    Raises
    ------
    SettingsError
        If a column or a rule is not there, or several networks share rule, seed and `within`.

    References
    ----------
    Cliff, *Dominance statistics: ordinal analyses to answer ordinal questions*, Psychological Bulletin 114, 494 (1993).
    """
    _check_columns(summary, [*within, "seed", "learner", "reached", *measures])
    for learner in (one, other):
        require(
            learner in set(summary.learner),
            f"no network of the rule {learner!r}; there are {', '.join(sorted(set(summary.learner)))}",
        )
    rows: list[dict[str, Any]] = []
    sides: list[_Sides] = []
    compared = _finite(summary[summary.learner.isin([one, other])], measures)
    for cell, group in compared.groupby(list(within), sort=False, dropna=False):
        where = dict(zip(within, _tuple(cell), strict=True))
        of_rule = [group[group.learner == learner] for learner in (one, other)]
        lost = [int((~rows_of.reached.astype(bool)).sum()) for rows_of in of_rule]
        choices = []
        for of, chosen in _choices(group):
            tables = [chosen[chosen.learner == learner].set_index("seed")[list(measures)] for learner in (one, other)]
            for learner, table in zip((one, other), tables, strict=True):
                _check_single(table, learner, where)
            choices.append((of, _Tables(*tables)))
        for column, measure in enumerate(measures):
            for of, of_both in choices:
                rows.append({**where, "measure": measure, "of": of})
                sides.append(of_both.sides(column, lost))
    table = pd.DataFrame([row | more for row, more in zip(rows, _compared(sides, confidence, seed), strict=True)])
    for test in ("sign_flip", "wilcoxon", "mann_whitney"):
        table[f"q_{test}"] = corrected(table[f"p_{test}"].to_numpy(float), correction)
    return table


class _Sides(NamedTuple):
    """One measure of two rules."""

    one: np.ndarray
    other: np.ndarray
    differences: np.ndarray
    """Over the seeds with a value under both."""
    lost: Sequence[int]


class _Tables:
    """All measures of two rules, by seed."""

    def __init__(self, one: pd.DataFrame, other: pd.DataFrame) -> None:
        self._one, self._other = one.to_numpy(float), other.to_numpy(float)
        places = other.index.get_indexer(one.index)
        there = places >= 0
        self._differences = self._one[there] - self._other[places[there]]

    def sides(self, column: int, lost: Sequence[int]) -> _Sides:
        values = (array[:, column] for array in (self._one, self._other, self._differences))
        one, other, differences = (array[~np.isnan(array)] for array in values)
        return _Sides(one, other, differences, lost)


def _compared(sides: Sequence[_Sides], confidence: float, seed: int) -> list[dict[str, Any]]:
    """Return the numbers of each row of `compare`: every test of all rows at once."""
    differences = [side.differences for side in sides]
    means = intervals(differences, np.mean, confidence, seed)
    flips, ranks = _sign_flips(differences, seed), _wilcoxon(differences)
    sums = _mann_whitney([(side.one, side.other) for side in sides], seed)
    deltas = np.full((len(sides), 3), np.nan)
    spread = []
    for place, (x, y, _, _) in enumerate(sides):
        if len(x) and len(y):
            deltas[place, 0] = cliffs_delta(x, y)
            if len(x) > 1 and len(y) > 1:
                deltas[place, 1:] = deltas[place, 0]  # equal values: every resample is the sample
                if np.ptp(x) > 0 or np.ptp(y) > 0:
                    spread.append(place)
    deltas[spread, 1:] = dominance_intervals([(sides[k].one, sides[k].other) for k in spread], confidence, seed)
    return [
        {
            "n_one": len(side.one), "n_other": len(side.other), "lost_one": side.lost[0], "lost_other": side.lost[1],
            "pairs": mean.n, "difference": mean.value, "low": mean.low, "high": mean.high,
            "p_sign_flip": float(flip), "p_wilcoxon": float(rank),
            "p_smallest": 2.0 ** (1 - mean.n) if mean.n else np.nan,
            "cliffs_delta": float(delta[0]), "cliffs_low": float(delta[1]), "cliffs_high": float(delta[2]),
            "p_mann_whitney": float(rank_sum),
        }
        for side, mean, flip, rank, delta, rank_sum in zip(sides, means, flips, ranks, deltas, sums, strict=True)
    ]  # fmt: skip


def sign_flip_test(differences: Float[np.ndarray, " pairs"], seed: int = 0) -> float:
    """Return the two-sided p of a mean difference of zero, by flipping the signs of paired differences.

    Exact up to 13 pairs, else of 9,999 random flips. NaN without pairs.
    """
    return float(_sign_flips([np.asarray(differences, float)], seed)[0])


def _sign_flips(samples: Sequence[np.ndarray], seed: int) -> Float[np.ndarray, " samples"]:
    found = np.array([1.0 if len(sample) else np.nan for sample in samples])
    told = [place for place, sample in enumerate(samples) if len(sample) > 1 and np.any(sample)]
    found[told] = sign_flip_p_values([samples[place] for place in told], seed)
    return found


def _mann_whitney(pairs: Sequence[tuple[np.ndarray, np.ndarray]], seed: int) -> Float[np.ndarray, " pairs"]:
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


def _wilcoxon(samples: Sequence[np.ndarray]) -> Float[np.ndarray, " samples"]:
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


def trend(
    summary: pd.DataFrame,
    measures: Sequence[str],
    over: str = "delta",
    by: Sequence[str] = ("task", "learner"),
    correction: Correction = "bh",
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> pd.DataFrame:
    """Ask whether measures rise or fall with a factor: Spearman's rank correlation over networks.

    Parameters
    ----------
    summary, measures
        See `compare`.
    over
        A column of numbers: the factor.
    by
        Columns within which there is one trend each.
    correction, confidence, seed
        See `compare`; the family is every row of the result.

    Returns
    -------
    A row for each combination of `by`, measure and choice of networks: n, levels (different values of the factor), rho,
    low, high (bootstrap over networks), p (permutation), q (corrected). NaN where the factor or the measure has one
    value.

    Raises
    ------
    SettingsError
        If a column is not there.
    """
    _check_columns(summary, [*by, over, "reached", *measures])
    rows: list[dict[str, Any]] = []
    pairs: list[tuple[np.ndarray, np.ndarray]] = []
    for cell, group in _finite(summary, measures).groupby(list(by), sort=False, dropna=False):
        choices = [(of, chosen[over].to_numpy(float), chosen[list(measures)].to_numpy(float))
                   for of, chosen in _choices(group)]  # fmt: skip
        for column, measure in enumerate(measures):
            for of, factor, values in choices:
                kept = ~(np.isnan(factor) | np.isnan(values[:, column]))
                x, y = factor[kept], values[kept, column]
                rows.append(
                    {**dict(zip(by, _tuple(cell), strict=True)), "over": over, "measure": measure, "of": of,
                     "n": len(x), "levels": len(np.unique(x))}
                )  # fmt: skip
                pairs.append((x, y))
    found = np.full((len(rows), 4), np.nan)
    told = [place for place, (x, y) in enumerate(pairs) if len(x) >= 3 and np.ptp(x) > 0 and np.ptp(y) > 0]
    varied = [pairs[place] for place in told]
    found[told, 0], found[told, 3] = rank_correlation_p_values(varied, seed)
    found[told, 1:3] = rank_correlation_intervals(varied, confidence, seed)
    table = pd.DataFrame(rows)
    for column, name in enumerate(("rho", "low", "high", "p")):
        table[name] = found[:, column]
    table["q"] = corrected(table["p"].to_numpy(float), correction)
    return table


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


def _finite(summary: pd.DataFrame, measures: Sequence[str]) -> pd.DataFrame:
    """Return the table with values that are not finite as missing ones."""
    return summary.assign(
        **{name: summary[name].astype(float).where(np.isfinite(summary[name].astype(float))) for name in measures}
    )


def _choices(group: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    yield "all", group
    yield "reached", group[group.reached.astype(bool)]


def _count(group: pd.DataFrame, status: str) -> int:
    return int((group["status"] == status).sum()) if "status" in group else 0


def _tuple(cell: Any) -> tuple[Any, ...]:
    return cell if isinstance(cell, tuple) else (cell,)


def _check_columns(summary: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in summary.columns:
            raise SettingsError(f"the table has no column {name!r}; it has {', '.join(map(str, summary.columns))}")


def _check_single(side: pd.DataFrame, learner: str, cell: dict[str, Any]) -> None:
    if side.index.has_duplicates:
        where = ", ".join(f"{name} {value}" for name, value in cell.items())
        raise SettingsError(
            f"several networks of {learner} share a seed within {where}; name what else is varied under `within`"
        )
