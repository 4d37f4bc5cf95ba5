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
    sentences = [_training(summary, learners)]
    for delta in sorted(set(summary.delta), reverse=True):
        sentences.append(_attractors(delta, summary[summary.delta == delta], learners))
    return sentences


def _training(summary: pd.DataFrame, learners: dict[str, str]) -> str:
    parts = []
    for learner, name in learners.items():
        rows = summary[summary.learner == learner]
        reached = int(rows.reached.sum())
        parts.append(
            f"{name} met the criterion in {reached} of {len(rows)} networks, after a median of "
            f"{rows.updates.median():,.0f} updates ({rows.trials.median():,.0f} trials), with an answer before its "
            f"time in {_percent(rows.early_answers.mean())} of the trials"
        )
    return "Training: " + "; ".join(parts) + "."


def _attractors(delta: float, rows: pd.DataFrame, learners: dict[str, str]) -> str:
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
    return f"Stimulus stage at δ = {delta:g}: " + "; ".join(parts) + "."


def _percent(share: float) -> str:
    return "no value" if pd.isna(share) else f"{100 * share:.0f} %"
