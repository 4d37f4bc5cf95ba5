"""Tables that compare the rules of a study, with what can be said of their differences."""

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from typing import Any, NamedTuple

import pandas as pd

from attrax.studies import Store, compare, corrected, describe, power_of_pairs, trend

MEASURES = ("frac_fixed", "frac_quasi", "frac_locked", "frac_chaotic", "frac_divergent", "frac_undecided")
WORDS = {
    "frac_fixed": "fixed points", "frac_quasi": "quasi-periodic", "frac_locked": "locked", "frac_chaotic": "chaotic",
    "frac_divergent": "divergent", "frac_undecided": "undecided",
}  # fmt: skip


POPULATION_WORDS = {
    "unequal": "unequal G₊ and G₋", "group_entropy": "entropy of groups (bits)",
    "group_heterogeneity": "heterogeneity within groups", "mixed_share": "mixed selectivity (share)",
    "robustness_noise": "accuracy, noise on the state", "robustness_weights": "accuracy, noise on the weights",
    "robustness_lesions": "accuracy, random lesions", "mode_removal_effect": "accuracy lost without the mode",
}  # fmt: skip
"""What is compared of units and causes, where a study has them: a family of tests of its own.

"unequal" is made from the column group_imbalance, whose sign only says which of the two groups is the larger one.
"""


class RulesCompared(NamedTuple):
    """What is said of a study's rules; empty tables where there is nothing to compare."""

    cells: pd.DataFrame
    """See `attrax.studies.describe`."""
    pairs: pd.DataFrame
    """See `attrax.studies.compare`; for each two rules, which are called one and other."""
    trends: pd.DataFrame
    """See `attrax.studies.trend`."""
    power: str
    """What so many seeds can show, in a sentence; empty where nothing is compared."""


def compare_rules(store: Store) -> RulesCompared:
    """Compare the rules of a study in every cell: the shares of the stimulus-stage planes, and units where it has them.

    The planes are one family of tests, and the units another one: q is corrected within each.
    """
    summary, levels = store.summary(), [name for name in store.study.levels if name != "n_hidden"]
    levels += ["n_hidden"] if "n_hidden" in store.study.levels else []
    if "group_imbalance" in summary:
        summary = summary.assign(unequal=summary.group_imbalance.abs())
    of_units = tuple(name for name in POPULATION_WORDS if name in summary and summary[name].notna().any())
    # An earlier version of the code may not have had one of them.
    of_planes = tuple(name for name in MEASURES if name in summary and summary[name].notna().any())
    families = [measures for measures in (of_planes, of_units) if measures]
    cells = describe(summary, (*of_planes, *of_units), ("task", "learner", "delta", *levels))
    empty = pd.DataFrame()
    if summary.seed.nunique() < 2 or not families:
        return RulesCompared(cells, empty, empty, "")
    of_families = [_pairs(summary, measures, levels) for measures in families]
    pairs = pd.concat(of_families, ignore_index=True)
    widths = summary.delta.nunique() > 1
    trends = (
        pd.concat(
            [trend(summary, measures, "delta", ("task", "learner", *levels)) for measures in families],
            ignore_index=True,
        )
        if widths
        else empty
    )
    power = ""
    most = int(pairs.pairs.max()) if len(pairs) else 0
    if most:
        found = power_of_pairs(most)
        power = (
            f"With {most} seeds no paired test gives less than p = {2.0 ** (1 - most):.2g}; an effect of one half, 0.8 "
            f"and 1.2 standard deviations would be shown (p ≤ 0.05, one test) with a probability of "
            + ", ".join(f"{value:.2f}" for value in found.values())
            + "."
        )
    return RulesCompared(cells, pairs, trends, power)


def _pairs(summary: pd.DataFrame, measures: Sequence[str], levels: list[str]) -> pd.DataFrame:
    """Compare each two rules; one family of tests for all pairs of rules."""
    tables = []
    for one, other in combinations(dict.fromkeys(summary.learner), 2):
        for rows, within, where in _pairable(summary, one, other, levels):
            table = compare(rows, measures, one, other, within)
            table.insert(0, "other", other)
            table.insert(0, "one", one)
            for name, value in where.items():
                table.insert(2, name, value)
            tables.append(table)
    pairs = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    for name in [name for name in pairs.columns if name.startswith("q_")]:
        pairs[name] = corrected(pairs[f"p_{name[2:]}"].to_numpy(float))
    return pairs


def _pairable(
    summary: pd.DataFrame, one: str, other: str, levels: list[str]
) -> Iterator[tuple[pd.DataFrame, list[str], dict[str, Any]]]:
    """Yield tables in which two rules can be paired: what is varied of one rule only has one level in each."""
    sides = [summary[summary.learner == learner] for learner in (one, other)]
    shared = [name for name in levels if all(side[name].notna().any() for side in sides)]
    own = [[name for name in levels if name not in shared and side[name].notna().any()] for side in sides]
    choices: list[list[dict[str, Any]]] = [
        [dict(zip(names, row, strict=True)) for row in side[names].drop_duplicates().itertuples(index=False)]
        if names
        else [{}]
        for side, names in zip(sides, own, strict=True)
    ]  # fmt: skip
    for chosen in product(*choices):
        parts = []
        for side, levels_of in zip(sides, chosen, strict=True):
            part = side
            for name, value in levels_of.items():
                part = part[part[name] == value]
            parts.append(part)
        yield pd.concat(parts), ["task", "delta", *shared], {name: v for each in chosen for name, v in each.items()}
