"""Lesions of functional groups, each beside one of the same size at random."""

import numpy as np
import xarray as xr
from jaxtyping import Bool

from attrax.analyses.lesions import cut_weights, silence
from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.perturbed_planes import kind_shares, label_small_plane
from attrax.analyses.perturbed_trials import PerturbedTrials
from attrax.dynamics import KINDS


def silence_groups(trials: PerturbedTrials, members: Bool[np.ndarray, "groups units"], known: bool) -> xr.Dataset:
    """Silence each group, in all stages and in each alone; without known groups everything is NaN."""
    settings, network = trials.settings, trials.network
    shape = (len(settings.stages), len(members), settings.draws, trials.strengths.size)
    silenced, random = np.full((*shape[:2], shape[3]), np.nan), np.full(shape, np.nan)
    for number, group in enumerate(members if known else ()):
        if not group.any():  # a lesion of nothing: weights are equal bit for bit
            silenced[:, number], random[:, number] = trials.intact, trials.intact
            continue
        alike = [silence(network, order[: group.sum()]) for order in trials.unit_orders()]
        lesioned = silence(network, group)
        for row, stage in enumerate(settings.stages):
            silenced[row, number] = trials.accuracy(lesioned, stage)
            random[row, number] = [trials.accuracy(control, stage) for control in alike]
    return xr.Dataset(
        {
            "cause_group_units": ("cause_group", members.sum(axis=1) if known else np.full(len(members), np.nan)),
            "cause_silenced": (("cause_stage", "cause_group", "cause_strength"), silenced),
            "cause_silenced_random": (("cause_stage", "cause_group", "cause_draw", "cause_strength"), random),
        }
    ).astype(float)


def planes_of_lesions(trials: PerturbedTrials, members: Bool[np.ndarray, "groups units"], known: bool) -> xr.Dataset:
    """Label the small plane of the stimulus stage with each group silenced."""
    network, n_contexts = trials.network, trials.task.n_contexts
    silenced, random = np.full((2, len(members), n_contexts, len(KINDS)), np.nan)
    order = trials.unit_orders()[0]
    for number, group in enumerate(members if known else ()):
        for context in range(n_contexts):
            for shares, units in ((silenced, np.flatnonzero(group)), (random, order[: group.sum()])):
                lesioned = silence(network, units)
                shares[number, context] = kind_shares(
                    label_small_plane(NetworkOnTask(trials.task, lesioned), context, trials.settings)
                )
    over = ("cause_group", "context", "attractor_kind")
    return xr.Dataset({"cause_silenced_kinds": (over, silenced), "cause_silenced_kinds_random": (over, random)})


def cut_groups(trials: PerturbedTrials, members: Bool[np.ndarray, "groups units"], known: bool) -> xr.Dataset:
    """Cut the weights from each group to each."""
    settings, network, existing = trials.settings, trials.network, trials.existing()
    n_groups, n_strengths = len(members), trials.strengths.size
    counts = np.full((n_groups, n_groups), np.nan)
    severed = np.full((n_groups, n_groups, n_strengths), np.nan)
    random = np.full((n_groups, n_groups, settings.draws, n_strengths), np.nan)
    orders = trials.weight_orders()
    for source, target in np.ndindex(n_groups, n_groups) if known else ():
        block = existing & members[target][:, None] & members[source]
        counts[source, target] = block.sum()
        if not block.any():
            severed[source, target], random[source, target] = trials.intact, trials.intact
            continue
        severed[source, target] = trials.accuracy(cut_weights(network, block))
        for draw, order in enumerate(orders):
            drawn = np.zeros(existing.size, bool)
            drawn[order[: block.sum()]] = True
            random[source, target, draw] = trials.accuracy(cut_weights(network, drawn.reshape(existing.shape)))
    pair = ("cause_source", "cause_target")
    return xr.Dataset(
        {
            "cause_cut_weights": (pair, counts),
            "cause_cut": ((*pair, "cause_strength"), severed),
            "cause_cut_random": ((*pair, "cause_draw", "cause_strength"), random),
        }
    )
