"""One checkpoint of every network of a study, as a table like the summary."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from attrax.analyses.settings import LOCKED_FROM
from attrax.learning import Progress

if TYPE_CHECKING:
    import pandas as pd

_SHARES = {
    "frac_fixed": "fixed point", "frac_cycle": "cycle", "frac_quasi": "quasi-periodic", "frac_chaotic": "chaotic",
    "frac_divergent": "divergent", "frac_undecided": "undecided",
}  # fmt: skip


def course_table(checkpoint: xr.Dataset) -> "pd.DataFrame":
    """Return a row for each network of one checkpoint of `Store.course`: see `Store.summary_at`."""
    import pandas as pd

    checkpoint = checkpoint.assign(
        {name: ("network", np.full(checkpoint.sizes["network"], np.nan))
         for name in (f"course_{field}" for field in Progress._fields) if name not in checkpoint}
    )  # fmt: skip
    reached = np.isfinite(checkpoint.course_updates.values)
    unknown = np.full(len(reached), np.nan)  # what an earlier version of the code did not look at
    columns = {
        "network": checkpoint.network.values,
        **{name: checkpoint[name].values for name in ("task", "learner", "delta", "seed")},
        "reached": reached,
        **{field: checkpoint[f"course_{field}"].values for field in Progress._fields},
    }
    for name, kind in _SHARES.items():
        known = "course_share" in checkpoint
        columns[name] = checkpoint.course_share.sel(attractor_kind=kind).values if known else unknown
    over = ("context", "coherence_1", "coherence_2")
    locked = unknown
    if "course_period" in checkpoint:
        long = (checkpoint.course_kind == "cycle") & (checkpoint.course_period > LOCKED_FROM)
        # planes of another task are of another size
        locked = long.where(checkpoint.course_kind.notnull()).mean(over).values
    columns["frac_locked"] = np.where(reached, locked, np.nan)
    for stage in ("delay", "decision"):
        known = "course_wrong_side" in checkpoint and stage in checkpoint.side_stage.values
        sides = checkpoint.course_wrong_side.mean("strength").sel(side_stage=stage).values if known else unknown
        columns[f"wrong_side_{stage}"] = sides
    return pd.DataFrame(columns)
