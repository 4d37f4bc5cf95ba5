"""Which units of a trained network do what: selectivity, balance of its groups, connectivity, from real trials."""

from functools import partial

import numpy as np
import xarray as xr
from jaxtyping import Int

from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.settings import PopulationSettings
from attrax.analyses.trial_groups import TrialGroups
from attrax.analyses.unit_recording import UnitRecording
from attrax.analyses.unit_tuning import conditions_of, tuning_curves
from attrax.networks import RecurrentNetwork
from attrax.networks.cells import Relu
from attrax.populations import (
    balance,
    balance_summary,
    functional_connectivity,
    mixed_selectivity,
    modularity,
    selectivity,
)
from attrax.progress import Keep, OnProgress, telling
from attrax.settings import require
from attrax.tasks.trial import STAGES

BALANCE_OF = ("trained", "first weights, trained groups", "untrained")
"""Whose balance: the network's; its groups in the weights it began with; that network, with its own groups."""
_PLUS, _MINUS = 1, 2
_CONNECTIVITY_TRIALS, _REWIRINGS = 100, 5  # of thousands of pairs: enough, and seconds
_BALANCE_DIMS = {"group": "functional_group", "target": "target_group", "source": "source_group"}


def map_units(
    on_task: NetworkOnTask,
    settings: PopulationSettings | None = None,
    initial: NetworkOnTask | None = None,
    keep: Keep | None = None,
    on_progress: OnProgress | None = None,
) -> xr.Dataset:
    """Say what every unit of a network does.

    Parameters
    ----------
    on_task
        A trained network, or one of its checkpoints, on its task.
    settings
        Trials, shuffles and thresholds.
    initial
        The untrained network on the same task, for comparison.
    keep, on_progress
        As in `map_planes`.

    Returns
    -------
    Dataset over "unit", "feature" (of the trials: see `record_units`) and more:

    unit_group (unit), unit_group_reason, unit_choice_activity (choice, unit)
        Groups by what units do in the decision stage of real trials, in any context (see `groups_in_trials`).
    unit_information, unit_information_any, unit_p_value, unit_significant, unit_sign, unit_testable, unit_reason (unit,
    feature)
        As `attrax.populations.selectivity`.
    unit_conditional_information, unit_conditional_p, unit_conditional_reason (unit, feature, given), unit_feature_count
    (unit), unit_mixed_share
        As `attrax.populations.mixed_selectivity`.
    unit_tuning (unit, tuning_condition), unit_tuning_context, unit_tuning_coherence (tuning_condition)
        Mean activity in the decision stage at each context and coherence of its modality (see `tuning_curves`).
    unit_trials, unit_unanswered
        Trials recorded, and those without an answer, which are left out of the tests (unless fewer than 20 are left).
    balance_NAME (balance_of, functional_group or target_group and source_group, ...)
        As `attrax.populations.balance`, by unit_group. "balance_of": see `BALANCE_OF`; without `initial` only the
        first. Tuning curves are mean activities in the decision stage, over context and coherence of its modality.
    balance_reason (balance_of)
        Why there is none; empty where there is.
    connectivity_information, connectivity_sign, connectivity_p_value (unit, other_unit), connectivity_reason (unit)
        As `attrax.populations.functional_connectivity`, of the first 100 trials; exchanged are trials whose stages are
        all of equal lengths.
    connectivity_NAME
        As `attrax.populations.modularity`, of the pairs that are significant, with five rewirings: the mean of their
        modularity (connectivity_modularity_null_mean), and no p.
    """
    network = on_task.network
    require(isinstance(network.cell, Relu), f"the cell is {type(network.cell).__name__}; groups are of Relu units only")
    settings = settings or PopulationSettings()
    keep = telling(keep, on_progress, "tests of units", 3)
    parts = [
        keep("units selectivity", partial(_selectivity, on_task, settings)),
        keep("units balance", partial(_balance, on_task, initial, settings)),
        keep("units connectivity", partial(_connectivity, on_task, settings)),
    ]
    return xr.merge(parts, compat="no_conflicts", join="exact", combine_attrs="drop")


def _selectivity(on_task: NetworkOnTask, settings: PopulationSettings) -> xr.Dataset:
    recording = on_task.recording(settings.trials)
    tested = recording.answered()
    found = selectivity(tested.activity, tested.features, tested.trial, shuffles=settings.shuffles)
    mixed = mixed_selectivity(tested.activity, tested.features, tested.trial, shuffles=settings.permutations)
    names = ("information", "information_any", "p_value", "significant", "sign", "testable", "reason")
    named = {f"unit_{name}": found[name] for name in names} | {f"unit_{name}": mixed[name] for name in mixed.data_vars}
    grouped = on_task.trial_groups(settings.trials, settings.threshold)
    context, coherence = conditions_of(recording)
    return (
        xr.Dataset(named)
        .assign(
            unit_tuning=(("unit", "tuning_condition"), tuning_curves(recording)),
            unit_tuning_context=("tuning_condition", context),
            unit_tuning_coherence=("tuning_condition", coherence),
            unit_group=("unit", grouped.group),
            unit_group_reason=((), np.array(grouped.reason, dtype="U60")),
            unit_choice_activity=(("choice", "unit"), grouped.activity),
            unit_trials=int(recording.trial[-1]) + 1 if recording.trial.size else 0,
            unit_unanswered=recording.unanswered,
        )
        .assign_coords(choice=["+", "-"])
    )


def _balance(on_task: NetworkOnTask, initial: NetworkOnTask | None, settings: PopulationSettings) -> xr.Dataset:
    n_trials, threshold = settings.trials, settings.threshold
    trained = on_task.trial_groups(n_trials, threshold)
    found = [(on_task.network, on_task.recording(n_trials), trained)]
    if initial is not None:
        first = initial.recording(n_trials)
        as_active = initial.trial_groups(n_trials).activity
        found += [(initial.network, first, trained._replace(activity=as_active))]
        found += [(initial.network, first, initial.trial_groups(n_trials, threshold))]
    parts = [_named(balance_in_trials(*each, settings.permutations)) for each in found]
    # where one of them has no groups, its numbers are NaN and balance_reason says why
    joined = xr.concat(parts, dim="balance_of", join="outer", data_vars="all", coords="minimal", compat="equals")
    return joined.assign_coords(balance_of=list(BALANCE_OF[: len(parts)]))


def _named(found: xr.Dataset) -> xr.Dataset:
    return found.rename({name: f"balance_{name}" for name in found.data_vars}).rename(_BALANCE_DIMS)


def balance_in_trials(
    network: RecurrentNetwork, recording: UnitRecording, grouped: TrialGroups, permutations: int = 1000
) -> xr.Dataset:
    """Measure the balance of a network's groups in real trials.

    Parameters
    ----------
    network, recording, grouped
        A network, what its units do (`record_units`), and their groups (`groups_in_trials`).
    permutations
        Of the units' labels.

    Returns
    -------
    As `attrax.populations.balance` returns it, with ``reason``: why there are no groups, and all numbers are NaN; empty
    where there are.
    """
    policy, n_units = np.asarray(network.policy_weights, float), network.n_hidden
    reason = grouped.reason or ("" if np.isfinite(grouped.activity).all() else "no finite trials of each choice")
    # without groups: the same variables, which NaN then takes the place of
    labels = grouped.group if not reason else np.full(n_units, "G_s")
    activity = grouped.activity if not reason else np.zeros((2, n_units))
    curves = tuning_curves(recording) if not reason else None
    curves = None if curves is None or curves.shape[1] < 3 else curves  # no correlation of two numbers
    found = balance(
        labels, np.asarray(network.recurrent_weights, float), policy[_PLUS] - policy[_MINUS], activity, curves,
        permutations,
    )  # fmt: skip
    if reason:  # of numbers there are none, and the reason for each is this one
        for name, values in found.data_vars.items():
            nothing = reason if values.dtype.kind == "U" else np.nan
            found[name] = (values.dims, np.full(values.shape, nothing))
    return found.assign(reason=((), np.array(reason, dtype="U60")))


def stage_lengths(recording: UnitRecording) -> Int[np.ndarray, " samples"]:
    """Return, for each sample, which lengths of stages its trial has: trials of one number are alike in all of them."""
    n_trials = int(recording.trial[-1]) + 1
    lengths = np.zeros((n_trials, len(STAGES)), int)
    np.add.at(lengths, (recording.trial, recording.stage), 1)
    return np.unique(lengths, axis=0, return_inverse=True)[1].ravel()[recording.trial]


def _connectivity(on_task: NetworkOnTask, settings: PopulationSettings) -> xr.Dataset:
    recording = on_task.recording(settings.trials)
    some = recording.trial < _CONNECTIVITY_TRIALS
    diverges = ~np.isfinite(recording.activity).all(axis=0)
    found = functional_connectivity(
        np.where(diverges, 0.0, recording.activity[some]), recording.trial[some], stage_lengths(recording)[some]
    )
    found["reason"] = found.reason.where(~diverges, "the unit's activity is not finite")
    grouped = on_task.trial_groups(settings.trials, settings.threshold)
    communities = modularity(
        found, grouped.group, on_task.weights, rewirings=_REWIRINGS,
        permutations=settings.permutations,
    )  # fmt: skip
    result = xr.Dataset(
        {
            "connectivity_information": found.information.astype(np.float32),
            "connectivity_sign": found.sign.astype(np.int8),
            "connectivity_p_value": found.p_value.astype(np.float32),
            "connectivity_reason": found.reason,
        }
    )
    # with so few rewirings their spread, and p, would say little
    left = [
        name for name in communities.data_vars if name not in ("modularity_p", "modularity_z", "modularity_null_sd")
    ]
    return result.assign({f"connectivity_{name}": communities[name] for name in left})


def unit_summary(units: xr.Dataset) -> dict[str, float]:
    """Return columns for a network's row of the summary.

    Parameters
    ----------
    units
        As `map_units` returns it.

    Returns
    -------
    group_imbalance, group_entropy, share_a, share_plus, share_minus, share_silent, group_heterogeneity,
    drive_asymmetry, largest_block_z of the trained network (see `balance_summary`; NaN where it has no groups), the
    first and third also of the untrained one (untrained_...); selective_FEATURE, share of the units that can be tested
    which are selective; mixed_share; modularity.
    """
    columns = {}
    for of, before in (("trained", ""), ("untrained", "untrained_")):
        if of not in units.balance_of.values:
            continue
        one = units.sel(balance_of=of)
        back = {new: old for old, new in _BALANCE_DIMS.items()}
        names = {name: str(name).removeprefix("balance_") for name in one.data_vars if str(name).startswith("balance_")}
        found = balance_summary(one[list(names)].rename(names | {n: o for n, o in back.items() if n in one.dims}))
        for name in ("imbalance", "entropy", "heterogeneity"):
            columns[f"{before}group_{name}"] = found[name]
        if not before:
            kept = ("share_a", "share_plus", "share_minus", "share_silent", "drive_asymmetry", "largest_block_z")
            columns |= {name: found[name] for name in kept}
    for feature in units.feature.values:
        testable = units.unit_testable.sel(feature=feature).values
        chosen = units.unit_significant.sel(feature=feature).values[testable]
        columns[f"selective_{feature}"] = float(chosen.mean()) if chosen.size else float("nan")
    columns["mixed_share"] = float(units.unit_mixed_share)
    columns["modularity"] = float(units.connectivity_modularity)
    return columns
