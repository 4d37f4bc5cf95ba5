"""The rules at matched accuracy, after equal updates and after equal trials, side by side."""

from typing import Any

from attrax.studies import Store
from attrax.studies.stored_parts import MissingPartError

_AT = {"accuracy": "matched accuracy", "updates": "equal updates", "trials": "equal trials"}
_COLUMNS = (
    "updates", "trials", "accuracy", "frac_fixed", "frac_cycle", "frac_quasi", "frac_locked", "frac_chaotic",
    "frac_divergent", "frac_undecided", "wrong_side_delay",
)  # fmt: skip


def comparison_rows(store: Store) -> list[dict[str, Any]]:
    """Return a row for each checkpoint that the study asked for, each task, rule and δ: means over its networks.

    Returns
    -------
    Rows with comparison ("matched accuracy"...), value, task, learner, delta, networks, reached (how many got there),
    and the means over these of the columns of `Store.summary_at`. None where nothing was mapped along training.
    """
    if not any(condition.planes.course for condition in store.conditions):
        return []
    try:
        tables = store.checkpoint_tables()
    except MissingPartError:  # of an earlier version of the code
        return []
    rows: list[dict[str, Any]] = []
    for name, (counted, value) in store.study.checkpoints.items():
        table = tables[name]
        text = f"{100 * value:g} %" if counted == "accuracy" else f"{value:,g}"
        for (task, learner, delta), group in table.groupby(["task", "learner", "delta"], sort=False):
            there = group[group.reached]
            rows.append(
                {
                    "comparison": _AT[counted], "value": text, "task": task, "learner": learner, "delta": delta,
                    "networks": len(group), "reached": len(there),
                    **{column: float(there[column].mean()) for column in _COLUMNS},
                }
            )  # fmt: skip
    return rows
