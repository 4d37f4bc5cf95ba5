"""Honest comparisons of ensembles: the network is the unit, networks are paired by seed, and none is left out unseen.

Every function takes a table with a row a network, as `attrax.studies.Store.summary` returns it, and makes each
statement twice: of all networks, and of those that reached the criterion. Comparing survivors only can mislead, and so
can comparing networks that never learned.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from attrax.settings import SettingsError, require
from attrax.studies.interval_estimates import CONFIDENCE, Statistic, intervals
from attrax.studies.resampling import dominance_intervals, rank_correlation_intervals, rank_correlation_p_values
from attrax.studies.significance_tests import (
    Correction,
    cliffs_delta,
    corrected,
    mann_whitney,
    sign_flips,
    wilcoxon,
)

WITHIN = ("task", "delta")
"""What two networks that are compared have in common."""


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
    flips, ranks = sign_flips(differences, seed), wilcoxon(differences)
    sums = mann_whitney([(side.one, side.other) for side in sides], seed)
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
