"""What a study found, in sentences made from its numbers."""

import pandas as pd

from attrax.reports.words.shares import PARTED_COLUMNS, PLANE_SHARES, parted, percents
from attrax.studies import Store

LARGEST_DROP = 0.05
"""Accuracy that a network may lose when trials follow each other before a sentence names it. The limit is ours: at the
default of 10,000 fresh trials it is seven standard errors of such a difference, or more."""
_MOST_NAMED = 5
_HELD_BACK = ("frac_quasi", "frac_locked")  # what a sentence tells first


def findings(store: Store) -> list[str]:
    """Return sentences: how training went, and for each width what the stimulus stage became under each rule.

    Each sentence about attractors gives every share of `PLANE_SHARES`, in whole percents that add up to 100. Means over
    seeds; the number of networks is said where it is more than one, and how many of them did not meet the criterion
    where there are such. Networks that answer much worse when trials follow each other (see `LARGEST_DROP`) are named.
    """
    summary = store.summary()
    if summary.empty:
        return ["No network is finished yet."]
    learners = {label: store.study.learner_title(label) for label in dict.fromkeys(summary.learner)}
    criterion = store.study.stopping.accuracy
    sentences = []
    for task in dict.fromkeys(summary.task):
        rows = summary[summary.task == task]
        parts = [task] if len(set(summary.task)) > 1 else []
        parts += [f"over all levels of {', '.join(store.study.levels)}"] if store.study.levels else []
        where = f" ({', '.join(parts)})" if parts else ""
        sentences.append(f"Training{where}: " + _training(rows, learners, criterion))
        for delta in sorted(set(rows.delta), reverse=True):
            found = _attractors(rows[rows.delta == delta], learners, criterion)
            sentences.append(f"Stimulus stage at δ = {delta:g}{where}: {found}")
        sentences.append(f"Do trials get there{where}? " + _reach(rows, learners, criterion))
        falls = _falls(rows, learners, store.study.levels)
        sentences += [f"Trials in a row{where}: {falls}"] if falls else []
    return sentences


def _training(summary: pd.DataFrame, learners: dict[str, str], criterion: float | None) -> str:
    parts = []
    for learner, name in learners.items():
        rows = summary[summary.learner == learner]
        if rows.empty:
            continue
        reached = f"{int(rows.reached.sum())} of {len(rows)} networks{_ended_otherwise(rows)}"
        goal = f"{name} met the criterion in {reached}, after"
        if criterion is None:
            accuracy = rows.accuracy.median()
            to = "" if pd.isna(accuracy) else f", to an accuracy of {accuracy:.3f}"
            goal = f"{name} went through its set training in {reached}{to} in"
        early = rows.early_answers.mean()
        answers = "" if pd.isna(early) else f", with an answer before its time in {_percent(early)} of the trials"
        parts.append(
            f"{goal} a median of {rows.updates.median():,.0f} updates ({rows.trials.median():,.0f} trials){answers}"
        )
    return "; ".join(parts) + "."


def _ended_otherwise(rows: pd.DataFrame) -> str:
    """Say how networks ended that did not meet what was asked for; nothing where all did."""
    spent, diverged = (int((rows.status == status).sum()) for status in ("budget spent", "diverged"))
    parts = []
    if spent:
        parts.append(f"{spent} {'was' if spent == 1 else 'were'} stopped by the budget of updates or trials")
    if diverged:
        parts.append(f"{diverged} diverged")
    return f" ({', '.join(parts)})" if parts else ""


def _attractors(rows: pd.DataFrame, learners: dict[str, str], criterion: float | None) -> str:
    parts = []
    for learner, name in learners.items():
        mine = rows[rows.learner == learner]
        if mine.empty:
            continue
        shares = parted({column: float(mine[column].mean()) for column in PARTED_COLUMNS})
        words = dict(zip(shares, percents(list(shares.values())), strict=True))
        told = [f"{text} {PLANE_SHARES[column].words}" for column, text in words.items() if column not in _HELD_BACK]
        of = _of_networks(mine, criterion)
        parts.append(
            f"under {name} {words['frac_quasi']} of the plane is quasi-periodic and {words['frac_locked']} locked "
            f"oscillation, beside {', '.join(told[:-1])} and {told[-1]}{f' (mean of {of})' if of else ''}"
        )
    return "; ".join(parts) + "."


def _of_networks(rows: pd.DataFrame, criterion: float | None) -> str:
    """Say of how many networks a number is, and how many did not do what was asked; nothing where one did."""
    met, go = ("met", "meet") if criterion is not None else ("went through", "go through")
    goal = "the criterion" if criterion is not None else "the set training"
    count, missed = len(rows), int((~rows.reached.astype(bool)).sum())
    if count == 1:
        return f"1 network, which did not {go} {goal}" if missed else ""
    if missed == count:
        return f"{count} networks, none of which {met} {goal}"
    return f"{count} networks" + (f", of which {missed} did not {go} {goal}" if missed else "")


def _reach(rows: pd.DataFrame, learners: dict[str, str], criterion: float | None) -> str:
    """Say how long attractors take to be reached, and how far from them real trials end the stimulus stage."""
    parts = []
    for learner, name in learners.items():
        mine = rows[(rows.learner == learner) & rows.relaxation_time.notna()]
        if mine.empty:
            continue
        of, distance = _of_networks(mine, criterion), mine.trial_distance.median()
        left_out = int((rows.learner == learner).sum()) - len(mine)
        over = f", then over {of}" if of else ""
        if left_out:
            verb = "is" if left_out == 1 else "are"
            over += f"; {left_out} network{'s' if left_out > 1 else ''} without a value {verb} left out"
        leave = f", and real trials leave the stage at {_percent(distance)} of the attractor's size from it"
        parts.append(
            f"under {name} a deviation from an attractor of the stimulus stage shrinks by a factor e in "
            f"{mine.relaxation_time.median():.3g} steps (median over points{over})"
            f"{'' if pd.isna(distance) else leave}"
        )
    return "; ".join(parts) + "." if parts else "No attractor was decided."


def _falls(rows: pd.DataFrame, learners: dict[str, str], levels: list[str]) -> str:
    """Name the networks whose accuracy falls much when trials follow each other; nothing where none does."""
    drop = rows.accuracy - rows.accuracy_in_a_row
    fallen = rows.assign(drop=drop)[drop > LARGEST_DROP].sort_values("drop", ascending=False, kind="stable")
    if fallen.empty:
        return ""
    named = []
    for row in fallen.head(_MOST_NAMED).to_dict("records"):
        varied = "".join(f", {level} {row[level]}" for level in levels if not pd.isna(row[level]))
        name = f"{learners[row['learner']]}, δ = {row['delta']:g}{varied}, seed {row['seed']}"
        named.append(f"{name}: {row['accuracy_in_a_row']:.3f} instead of {row['accuracy']:.3f}")
    more = len(fallen) - len(named)
    return (
        "the state carried on over ten trials, accuracy is lower than with each trial from the zero state, by more "
        f"than {LARGEST_DROP:g} (a limit of ours), in {len(fallen)} of {len(rows)} networks ({'; '.join(named)}"
        f"{f'; and {more} more, in the table' if more else ''})."
    )


def _percent(share: float) -> str:
    return "no value" if pd.isna(share) else f"{100 * share:.0f} %"
