"""Which networks of a study are drawn one by one: a figure has no room for all."""

from attrax.studies import Condition, Store


def shown(store: Store) -> list[Condition]:
    """Return one finished network for each rule and δ, all of one task and one seed.

    Of the first task with finished networks, the seed with networks of most rules and widths, the first of several; of
    whatever else is varied, the first that is there.
    """
    task = next((condition.task_label for condition in store.conditions), None)
    of_task = [condition for condition in store.conditions if condition.task_label == task]
    by_seed: dict[int, dict[tuple[str, float], Condition]] = {}
    for condition in of_task:
        cells = by_seed.setdefault(condition.seed, {})
        cells.setdefault((condition.learner_label, condition.network.delta), condition)
    best = max(by_seed.values(), key=len, default={})
    return list(best.values())


def shown_words(store: Store) -> str:
    """Say which these are."""
    drawn = shown(store)
    if not drawn:
        return "no network"
    levels = drawn[0].treatment.levels
    varied = "".join(f", {name} {value}" for name, value in levels.items())
    return f"task {drawn[0].task_label}, seed {drawn[0].seed}{varied}"
