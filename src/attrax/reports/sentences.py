"""What a study found, in sentences made from its numbers."""

import pandas as pd

from attrax.studies import Store


def findings(store: Store) -> list[str]:
    """Return sentences: how training went, and for each width what the stimulus stage became under each rule.

    Each sentence about attractors gives the quasi-periodic and locked share beside the chaotic, divergent and
    undecided ones. Means over seeds; the number of networks is said where it is more than one.
    """
    summary = store.summary()
    if summary.empty:
        return ["No network is finished yet."]
    learners = {label: store.study.learner_title(label) for label in dict.fromkeys(summary.learner)}
    sentences = []
    for task in dict.fromkeys(summary.task):
        rows = summary[summary.task == task]
        parts = [task] if len(set(summary.task)) > 1 else []
        parts += [f"over all levels of {', '.join(store.study.levels)}"] if store.study.levels else []
        where = f" ({', '.join(parts)})" if parts else ""
        sentences.append(f"Training{where}: " + _training(rows, learners, store.study.stopping.accuracy))
        for delta in sorted(set(rows.delta), reverse=True):
            sentences.append(
                f"Stimulus stage at δ = {delta:g}{where}: " + _attractors(rows[rows.delta == delta], learners)
            )
        sentences.append(f"Do trials get there{where}? " + _reach(rows, learners))
    return sentences


def _training(summary: pd.DataFrame, learners: dict[str, str], criterion: float | None) -> str:
    parts = []
    for learner, name in learners.items():
        rows = summary[summary.learner == learner]
        if rows.empty:
            continue
        reached = f"{int(rows.reached.sum())} of {len(rows)} networks"
        goal = f"{name} met the criterion in {reached}, after"
        if criterion is None:
            accuracy = rows.accuracy.median()
            goal = f"{name} went through its set training in {reached}, to an accuracy of {accuracy:.3f} in"
        parts.append(
            f"{goal} a median of {rows.updates.median():,.0f} updates ({rows.trials.median():,.0f} trials), with an "
            f"answer before its time in {_percent(rows.early_answers.mean())} of the trials"
        )
    return "; ".join(parts) + "."


def _attractors(rows: pd.DataFrame, learners: dict[str, str]) -> str:
    parts = []
    for learner, name in learners.items():
        mine = rows[rows.learner == learner]
        if mine.empty:
            continue
        count = f" (mean of {len(mine)} networks)" if len(mine) > 1 else ""
        parts.append(
            f"under {name} {_percent(mine.frac_quasi.mean())} of the plane is quasi-periodic and "
            f"{_percent(mine.frac_locked.mean())} locked oscillation, beside {_percent(mine.frac_fixed.mean())} fixed "
            f"points, {_percent(mine.frac_chaotic.mean())} chaotic, {_percent(mine.frac_divergent.mean())} divergent "
            f"and {_percent(mine.frac_undecided.mean())} undecided{count}"
        )
    return "; ".join(parts) + "."


def _reach(rows: pd.DataFrame, learners: dict[str, str]) -> str:
    """Say how long attractors take to be reached, and how far from them real trials end the stimulus stage."""
    parts = []
    for learner, name in learners.items():
        mine = rows[rows.learner == learner]
        if mine.empty or mine.relaxation_time.isna().all():
            continue
        parts.append(
            f"under {name} a deviation from an attractor of the stimulus stage shrinks by a factor e in "
            f"{mine.relaxation_time.median():.3g} steps (median over points, then networks), and real trials leave the "
            f"stage at {_percent(mine.trial_distance.median())} of the attractor's size from it"
        )
    return "; ".join(parts) + "." if parts else "No attractor was decided."


def _percent(share: float) -> str:
    return "no value" if pd.isna(share) else f"{100 * share:.0f} %"
