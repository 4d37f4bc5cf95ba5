"""What a run would do, and how long that takes, in lines: before anything is computed."""

from pathlib import Path

import pandas as pd

from attrax.reports.terminal.study_progress import duration
from attrax.settings import SettingsError
from attrax.studies import Store, Study
from attrax.studies.estimate import estimate

_ROWS = 5


def plan_lines(study: Study, directory: Path, n_workers: int) -> list[str]:
    """Return how many networks there are and are missing, what they will take, and the first of them as a table.

    Nothing is computed, and nothing is written but the folder's index where that is out of date. Times are known only
    where networks of the study are finished.
    """
    store = _store_in(directory)
    seeds = len(study.seeds)
    return [
        f"{study.name}: {study.n_networks} networks, {study.n_networks // seeds} conditions with {seeds} seeds each",
        time_words(study, directory, n_workers)
        or f"nothing is missing; what is there is in {directory}, and `attrax report {directory}` writes its page",
        _first_rows(study, store),
    ]


def time_words(study: Study, directory: Path, n_workers: int) -> str:
    """Return how many networks are missing, and how long they and their results will take; nothing if none is."""
    store = _store_in(directory)
    guess = None if store is None else estimate(study, store, n_workers)
    if guess is None:
        return (
            f"{study.n_networks} are missing; how long they take is not known before the first of them is there "
            "(--most 1 computes one shard and says it)"
        )
    if not guess.missing:
        return ""
    size = f"{guess.bytes / 1e9:.2g} GB" if guess.bytes >= 1e9 else f"{guess.bytes / 1e6:.2g} MB"
    workers = "1 worker" if n_workers == 1 else f"{n_workers} workers"
    return (
        f"{guess.missing} are missing: about {duration(guess.seconds)} on {workers} and {size} on disk, as measured of "
        f"{guess.measured} finished (those of other rules and widths may differ)"
    )


def _store_in(directory: Path) -> Store | None:
    """Return the store in a folder; None if there is none, or nothing in it is finished."""
    try:
        store = Store(directory)
        return store if store.conditions else None
    except SettingsError:
        return None


def _first_rows(study: Study, store: Store | None) -> str:
    """Return the first networks of a study as a table: what is varied, and whether they are there."""
    there = set() if store is None else {condition.identity for condition in store.conditions}
    table = pd.DataFrame(
        [
            {**condition.factors, "there": "yes" if condition.identity in there else "no"}
            for condition in study.conditions()[:_ROWS]
        ]
    )
    return str(table.to_string(index=False, na_rep=""))
