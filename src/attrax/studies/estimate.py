"""How long a study will take and how much it will store, from what is measured of it."""

from typing import NamedTuple

from attrax.studies.store import Store
from attrax.studies.study import Study


class Estimate(NamedTuple):
    """What the networks that are missing will take."""

    missing: int
    seconds: float
    """On so many workers, all networks alike to the measured ones of their rule and δ (or of all, where none is)."""
    bytes: float
    measured: int
    """Networks that the estimate is made from."""


def estimate(study: Study, store: Store, n_workers: int) -> Estimate | None:
    """Estimate time and disk for the networks of a study that are missing in a store; None if none can be measured.

    The store may be of the study as it was before something was added to it. Medians of the finished networks of the
    same rule and δ; where there is none, of the same rule; else of all.
    """
    there = {condition.identity: condition for condition in store.conditions}
    if not there:
        return None
    timing = store.timing().merge(store.summary()[["network", "learner", "delta"]], on="network")
    timing["seconds"] = timing.training_seconds + timing.planes_seconds
    by_cell = timing.groupby(["learner", "delta"]).seconds.median().to_dict()
    by_rule = timing.groupby("learner").seconds.median().to_dict()
    missing = [c for c in study.conditions() if c.identity not in there]
    seconds = sum(
        by_cell.get((c.learner_label, c.network.delta), by_rule.get(c.learner_label, float(timing.seconds.median())))
        for c in missing
    )
    stored = sum((shard.folder / file).stat().st_size for shard in store.shards for file in shard.checksums())
    busy = max(min(n_workers, len(missing)), 1)
    return Estimate(len(missing), seconds / busy, stored / len(there) * len(missing), len(there))
