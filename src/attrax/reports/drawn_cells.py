"""Which networks and which cells of a study are drawn: a figure has no room for all.

Every figure takes its choice from here, and what is left out is said in words: `left_out`.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from attrax.studies import Condition, Store

MOST_RULES = 6
"""Rules that are drawn: the first of the study. So many colours can be told apart."""
MOST_WIDTHS = 12
"""Widths of the first weights that are drawn of any rule."""
MOST_CELLS = 24
"""Panels of a figure: rules times widths, times tasks and levels of whatever else is varied."""
Value = TypeVar("Value")


def evenly(values: Sequence[Value], most: int) -> list[Value]:
    """Return so many of the values at the most, evenly spread, the first and the last among them."""
    n = len(values)
    if n <= most:
        return list(values)
    return [values[round(k * (n - 1) / max(1, most - 1))] for k in range(most)]


class Choice(NamedTuple):
    """Some of the rules and widths of a study, and of what else is varied."""

    learners: list[str]
    deltas: list[float]
    others: list[tuple[Any, ...]]
    """Task and levels."""
    left_out: str
    """What is not among them, in words; empty where all are."""

    def has(self, condition: Condition) -> bool:
        """Whether a network is of these cells."""
        rule, delta = condition.learner_label, condition.network.delta
        return rule in self.learners and delta in self.deltas and _other(condition) in self.others


def choose(conditions: Iterable[Condition]) -> Choice:
    """Choose cells for a figure with a panel for each: no more than `MOST_CELLS`.

    The first rules; of the widths, in order, evenly spread ones, the narrowest and the broadest among them; and in the
    same way of the tasks and the levels of what else is varied, in the order of the study.
    """
    there = list(conditions)
    rules, widths, words = _rules_and_widths(there)
    others = list(dict.fromkeys(_other(condition) for condition in there))
    kept = evenly(others, max(1, MOST_CELLS // max(1, len(rules) * len(widths))))
    return Choice(rules, widths, kept, _sentence([*words, *_some("tasks and levels", kept, others)]))


def _rules_and_widths(there: Sequence[Condition]) -> tuple[list[str], list[float], list[str]]:
    """Return those that are drawn, and in words how many of how many they are where some are not."""
    learners = list(dict.fromkeys(condition.learner_label for condition in there))
    deltas = sorted({condition.network.delta for condition in there})
    rules = learners[:MOST_RULES]
    widths = evenly(deltas, min(MOST_WIDTHS, MOST_CELLS // max(1, len(rules))))
    return rules, widths, [*_some("rules", rules, learners), *_some("widths", widths, deltas)]


def _some(words: str, some: Sequence[Any], all_of_them: Sequence[Any]) -> list[str]:
    return [f"{len(some)} of {len(all_of_them)} {words}"] if len(some) < len(all_of_them) else []


def _sentence(words: Sequence[str]) -> str:
    return f"{' and '.join(words)} are drawn; all are in the store" if words else ""


def _other(condition: Condition) -> tuple[Any, ...]:
    return condition.task_label, *sorted(condition.treatment.levels.items())


def shown(store: Store) -> list[Condition]:
    """Return one finished network for each rule and δ that is drawn, all of one task and one seed.

    Of the first task with finished networks, the seed with networks of most rules and widths, the first of several; of
    whatever else is varied, the first that is there; of many rules and widths those of `choose`.
    """
    return _shown(store)[0]


def _shown(store: Store) -> tuple[list[Condition], list[str]]:
    task = next((condition.task_label for condition in store.conditions), None)
    of_task = [condition for condition in store.conditions if condition.task_label == task]
    by_seed: dict[int, dict[tuple[str, float], Condition]] = {}
    for condition in of_task:
        cells = by_seed.setdefault(condition.seed, {})
        cells.setdefault((condition.learner_label, condition.network.delta), condition)
    best = list(max(by_seed.values(), key=len, default={}).values())
    rules, widths, words = _rules_and_widths(best)
    return [c for c in best if c.learner_label in rules and c.network.delta in widths], words


def left_out(store: Store) -> str:
    """Say which rules and widths have no network in `shown`: "12 of 400 widths are drawn; all are in the store"."""
    return _sentence(_shown(store)[1])


def say_left_out(figure: Any, words: str) -> None:
    """Write above a figure what is not drawn, where that is anything."""
    if words:
        figure.suptitle(words, fontsize=9)


def shown_words(store: Store) -> str:
    """Say which these are."""
    drawn, some = _shown(store)
    if not drawn:
        return "no network"
    levels = drawn[0].treatment.levels
    varied = "".join(f", {name} {value}" for name, value in levels.items())
    return f"task {drawn[0].task_label}, seed {drawn[0].seed}{varied}" + "".join(f", {words}" for words in some)


def has_planes(arrays: Any, stage: str) -> bool:
    """Whether a network has labelled planes of a stage: one that an earlier version of the code made may not."""
    return "kind" in arrays and stage in arrays.stage.values
