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

WITHIN = ("task", "delta")
"""What two networks that are compared have in common."""
RESAMPLES = 9999
CONFIDENCE = 0.95
Statistic = Any
"""A function of values (or two sets of them) that takes ``axis``: `numpy.mean`, `numpy.median`."""
Correction = Literal["bh", "by"]


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
    kept = np.asarray(values, float)
    kept = kept[np.isfinite(kept)]
    if not kept.size:
        return Interval(np.nan, np.nan, np.nan, 0)
    value = float(statistic(kept))
    if kept.size < 2:
        return Interval(value, np.nan, np.nan, 1)
    return Interval(value, *_bootstrap((kept,), statistic, confidence, seed, False), int(kept.size))


def _bootstrap(
    data: tuple[np.ndarray, ...], statistic: Statistic, confidence: float, seed: int, paired: bool
) -> tuple[float, float]:
    if all(np.ptp(sample) == 0 for sample in data):
        value = float(statistic(*data, axis=-1))
        return value, value  # equal values: every resample is the sample
    method = "BCa" if statistic is np.mean else "percentile"
    found = stats.bootstrap(  # type: ignore[call-overload]  # its stubs want to know how many axes there are
        data, statistic, n_resamples=RESAMPLES, confidence_level=confidence, method=method, paired=paired,
        vectorized=True, batch=500, rng=np.random.default_rng(seed),
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
    rows = []
    for cell, group in summary.groupby(list(by), sort=False, dropna=False):
        counts = {
            "networks": len(group),
            "reached": int(group.reached.sum()),
            "budget_spent": _count(group, "budget spent"),
            "diverged": _count(group, "diverged"),
        }
        for measure in measures:
            for of, chosen in _choices(group):
                found = interval(chosen[measure].to_numpy(float), statistic, confidence, seed)
                row = {**dict(zip(by, _tuple(cell), strict=True)), **counts, "measure": measure, "of": of}
                rows.append({**row, "n": found.n, "value": found.value, "low": found.low, "high": found.high})
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
    rows = []
    compared = _finite(summary[summary.learner.isin([one, other])], measures)
    for cell, group in compared.groupby(list(within), sort=False, dropna=False):
        for measure in measures:
            for of, chosen in _choices(group):
                row = {**dict(zip(within, _tuple(cell), strict=True)), "measure": measure, "of": of}
                sides = [chosen[chosen.learner == learner].set_index("seed")[measure] for learner in (one, other)]
                for learner, side in zip((one, other), sides, strict=True):
                    _check_single(side, learner, dict(zip(within, _tuple(cell), strict=True)))
                lost = [int((~group[group.learner == learner].reached.astype(bool)).sum()) for learner in (one, other)]
                rows.append(row | _compared(sides[0].dropna(), sides[1].dropna(), lost, confidence, seed))
    table = pd.DataFrame(rows)
    for test in ("sign_flip", "wilcoxon", "mann_whitney"):
        table[f"q_{test}"] = corrected(table[f"p_{test}"].to_numpy(float), correction)
    return table


def _compared(
    one: "pd.Series[Any]", other: "pd.Series[Any]", lost: Sequence[int], confidence: float, seed: int
) -> dict[str, Any]:
    x, y = one.to_numpy(float), other.to_numpy(float)
    joined = pd.concat([one, other], axis=1, join="inner").to_numpy(float)
    differences = joined[:, 0] - joined[:, 1]
    mean = interval(differences, np.mean, confidence, seed)
    row: dict[str, Any] = {
        "n_one": len(x), "n_other": len(y), "lost_one": lost[0], "lost_other": lost[1], "pairs": len(differences),
        "difference": mean.value, "low": mean.low, "high": mean.high,
        "p_sign_flip": sign_flip_test(differences, seed), "p_wilcoxon": _wilcoxon(differences),
        "p_smallest": 2.0 ** (1 - len(differences)) if len(differences) else np.nan,
        "cliffs_delta": np.nan, "cliffs_low": np.nan, "cliffs_high": np.nan, "p_mann_whitney": np.nan,
    }  # fmt: skip
    if len(x) and len(y):
        row["cliffs_delta"] = float(cliffs_delta(x, y))
        row["p_mann_whitney"] = _mann_whitney(x, y, seed)
        if len(x) > 1 and len(y) > 1:
            row["cliffs_low"], row["cliffs_high"] = _bootstrap((x, y), cliffs_delta, confidence, seed, False)
    return row


def sign_flip_test(differences: Float[np.ndarray, " pairs"], seed: int = 0) -> float:
    """Return the two-sided p of a mean difference of zero, by flipping the signs of paired differences.

    Exact up to 13 pairs, else of 9,999 random flips. NaN without pairs.
    """
    if not len(differences):
        return float("nan")
    if len(differences) == 1 or not np.any(differences):
        return 1.0
    found = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", vectorized=True, n_resamples=RESAMPLES, batch=1000,
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    return float(found.pvalue)


def _mann_whitney(x: np.ndarray, y: np.ndarray, seed: int) -> float:
    """Return the two-sided p; by permutation where few values have ties: the normal approximation is wrong there."""
    joined = np.concatenate([x, y])
    if len(np.unique(joined)) == len(joined) or min(len(x), len(y)) > 20:
        return float(stats.mannwhitneyu(x, y).pvalue)
    if min(len(x), len(y)) == 1:  # each place among all is as likely; SciPy permutes two values or more
        single = (x if len(x) == 1 else y)[0]
        return float(min(1.0, 2 * min((joined <= single).mean(), (joined >= single).mean())))
    method = stats.PermutationMethod(n_resamples=RESAMPLES, rng=np.random.default_rng(seed))
    return float(stats.mannwhitneyu(x, y, method=method).pvalue)


def _wilcoxon(differences: np.ndarray) -> float:
    if not len(differences):
        return float("nan")
    return float(stats.wilcoxon(differences).pvalue) if np.any(differences) else 1.0


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
    rows = []
    for cell, group in _finite(summary, measures).groupby(list(by), sort=False, dropna=False):
        for measure in measures:
            for of, chosen in _choices(group):
                pairs = chosen[[over, measure]].astype(float).dropna().to_numpy()
                row = {**dict(zip(by, _tuple(cell), strict=True)), "over": over, "measure": measure, "of": of}
                rows.append(row | _trend(pairs[:, 0], pairs[:, 1], confidence, seed))
    table = pd.DataFrame(rows)
    table["q"] = corrected(table["p"].to_numpy(float), correction)
    return table


def _trend(x: np.ndarray, y: np.ndarray, confidence: float, seed: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        "n": len(x), "levels": len(np.unique(x)), "rho": np.nan, "low": np.nan, "high": np.nan, "p": np.nan,
    }  # fmt: skip
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return row
    found = stats.permutation_test(
        (x,), lambda x, axis: _spearman(x, np.broadcast_to(y, x.shape), axis), permutation_type="pairings",
        vectorized=True, n_resamples=RESAMPLES, batch=500, rng=np.random.default_rng(seed),
    )  # fmt: skip
    low, high = _bootstrap((x, y), _spearman, confidence, seed, True)
    return row | {"rho": float(found.statistic), "p": float(found.pvalue), "low": low, "high": high}


def _spearman(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    """Correlate ranks along an axis; zero where a resample has one value only."""
    ranks = [stats.rankdata(values, axis=axis) for values in (x, y)]
    ranks = [values - values.mean(axis, keepdims=True) for values in ranks]
    scale = np.sqrt(np.prod([np.sum(values**2, axis) for values in ranks], axis=0))
    together = np.sum(ranks[0] * ranks[1], axis)
    return np.divide(together, scale, out=np.zeros_like(scale), where=scale > 0)


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


def _check_single(side: "pd.Series[Any]", learner: str, cell: dict[str, Any]) -> None:
    if side.index.has_duplicates:
        where = ", ".join(f"{name} {value}" for name, value in cell.items())
        raise SettingsError(
            f"several networks of {learner} share a seed within {where}; name what else is varied under `within`"
        )
