"""Units along training: their groups and selectivity at each checkpoint, and when each takes its final group."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import xarray as xr

from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.settings import PopulationSettings
from attrax.analyses.unit_analysis import balance_in_trials
from attrax.learning import Progress
from attrax.networks import RecurrentNetwork
from attrax.populations import GROUPS, balance_summary, crystallisation, group_entropy, selectivity, turnover
from attrax.progress import Keep, OnProgress, telling
from attrax.tasks import Task

_MEASURES = ("imbalance", "heterogeneity", "drive_asymmetry", "largest_block_z")


def map_unit_course(
    task: Task,
    checkpoints: Mapping[str, RecurrentNetwork],
    progress: Mapping[str, Progress],
    settings: PopulationSettings,
    final: NetworkOnTask | None = None,
    keep: Keep | None = None,
    on_progress: OnProgress | None = None,
) -> xr.Dataset:
    """Follow the units of a network along its training.

    Parameters
    ----------
    task, checkpoints, progress, keep, on_progress
        As in `map_course`.
    settings
        Trials, shuffles (its permutations: there are many tests) and thresholds.
    final
        The last checkpoint on its task, with what is known of it already.

    Returns
    -------
    Dataset over "checkpoint", in the order of training:

    units_course_updates, units_course_accuracy (checkpoint)
        When it was taken.
    units_course_group (checkpoint, unit), units_course_reason (checkpoint)
        Groups by what units do in real trials, and why there are none; see `groups_in_trials`.
    units_course_size (checkpoint, functional_group), units_course_entropy (checkpoint)
        Units in each group; entropy over groups in bits, NaN where there are none.
    units_course_balance (checkpoint, balance_measure)
        imbalance, heterogeneity, drive_asymmetry and largest_block_z: see `attrax.populations.balance_summary`.
    units_course_selective (checkpoint, unit, feature)
        Whether each unit is selective (`attrax.populations.selectivity`); False where that could not be tested.
    units_course_changed (checkpoint)
        Share of the units whose group is another one than at the checkpoint before; NaN at the first, and where one of
        the two has none.
    units_course_settled (unit)
        Updates of the checkpoint from which on a unit keeps its final group ("crystallisation"); NaN where that is not
        known.
    """
    names = sorted(checkpoints, key=lambda name: progress[name].updates)
    moments = {progress[name].updates: name for name in reversed(names)}  # two of one moment are one network
    keep = telling(keep, on_progress, "checkpoints whose units are tested", len(moments))
    last = max(moments)
    mapped = {
        updates: keep(
            f"units at {updates}",
            partial(_at, task, checkpoints[name], settings, final if updates == last else None),
        )
        for updates, name in moments.items()
    }
    result = xr.concat([mapped[progress[name].updates] for name in names], dim="checkpoint", combine_attrs="drop")
    groups = result.units_course_group.values
    changed, settled = turnover(groups), crystallisation(groups)
    updates = np.array([progress[name].updates for name in names], float)
    return result.assign(
        units_course_updates=("checkpoint", updates),
        units_course_accuracy=("checkpoint", np.array([progress[name].accuracy for name in names])),
        units_course_changed=("checkpoint", np.concatenate([[np.nan], changed.share.values])),
        units_course_settled=("unit", np.where(settled < 0, np.nan, updates[settled])),
    ).assign_coords(checkpoint=names)


def _at(task: Task, network: RecurrentNetwork, settings: PopulationSettings, known: NetworkOnTask | None) -> xr.Dataset:
    on_task = known or NetworkOnTask(task, network)
    recording = on_task.recording(settings.trials)
    grouped = on_task.trial_groups(settings.trials, settings.threshold)
    sizes = np.array([(grouped.group == name).sum() for name in GROUPS])
    balance = balance_summary(balance_in_trials(network, recording, grouped, settings.permutations))
    tested = recording.answered()
    found = selectivity(tested.activity, tested.features, tested.trial, shuffles=settings.permutations)
    return xr.Dataset(
        {
            "units_course_group": ("unit", grouped.group),
            "units_course_reason": ((), np.array(grouped.reason, dtype="U60")),
            "units_course_size": ("functional_group", sizes.astype(float)),
            "units_course_entropy": ((), group_entropy(grouped.group) if not grouped.reason else np.nan),
            "units_course_balance": ("balance_measure", np.array([balance[name] for name in _MEASURES])),
            "units_course_selective": found.significant,
        },
        coords={"functional_group": list(GROUPS), "balance_measure": list(_MEASURES)},
    )
