"""What a trained network's answers depend on: lesions of groups, noise, and the removal of its oscillating mode.

Every accuracy is that of the edited network on the very same trials. Beside each lesion stands one of the same size at
random.
"""

from functools import partial

import numpy as np
import xarray as xr
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from attrax.analyses.group_lesions import cut_groups, planes_of_lesions, silence_groups
from attrax.analyses.mode_perturbation import APPLIED, FOUND, remove_mode
from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.perturbation_settings import ALL, PerturbationSettings
from attrax.analyses.perturbed_trials import PerturbedTrials, overall
from attrax.analyses.robustness import robustness
from attrax.dynamics import KINDS
from attrax.networks.cells import Relu
from attrax.populations.functional_groups import GROUPS
from attrax.progress import Keep, OnProgress, telling
from attrax.settings import require


def map_perturbations(
    on_task: NetworkOnTask,
    groups: ArrayLike,
    settings: PerturbationSettings | None = None,
    keep: Keep | None = None,
    on_progress: OnProgress | None = None,
) -> xr.Dataset:
    """Try a trained network on the same trials after lesions, under noise, and without its oscillating mode.

    Parameters
    ----------
    on_task
        A trained ReLU network on its task.
    groups
        Of each unit, one of `attrax.populations.GROUPS`; "" where it is unknown, and then nothing is known by group.
    settings
        How many trials and random controls, and what sizes.
    keep, on_progress
        As in `map_planes`.

    Returns
    -------
    Dataset over "cause_strength", here called strength: the absolute coherence of the modality of the context (NaN
    where no trial has it):

    cause_trials, cause_intact (strength)
        How many trials there are, and the accuracy of the network as it is.
    cause_group_units (cause_group), cause_cut_weights (cause_source, cause_target)
        Units of each group, and recurrent weights from each group to each.
    cause_silenced (cause_stage, cause_group, strength), cause_silenced_random (..., cause_draw, strength)
        Accuracy with a group silenced, in all stages or in one alone, and with as many units drawn among all.
    cause_silenced_kinds, cause_silenced_kinds_random (cause_group, context, attractor_kind)
        Share of each kind of attractor over a small plane of the stimulus stage with a group silenced, and with as many
        units at random (one draw); beside cause_mode_kinds, the shares of the network as it is.
    cause_cut (cause_source, cause_target, strength), cause_cut_random (..., cause_draw, strength)
        Accuracy with the weights from a group to a group cut, and with as many drawn among all that exist.
    cause_activity
        Root mean square activity of the units over the steps of 200 trials, as if no answer ended them.
    cause_noise (cause_noise_size, strength)
        Accuracy under noise on the state, in units of that activity. Each trial has its own noise: one draw is enough.
    cause_weights (cause_weight_size, cause_draw, strength), cause_lesions (cause_lesion_share, cause_draw, strength)
        Accuracy with noise on the weights, and with random units silenced. A draw is the same noise, or the same order
        of units, at each size; the controls of groups follow the same orders.
    cause_noise_area, cause_weights_area, cause_lesions_area
        Mean of the accuracy of all trials over the logarithm of the size, by the trapezoid rule between the sizes.
    cause_mode_winds, cause_mode_coherence (context, cause_modality)
        Whether anything oscillates on the small plane of the stimulus stage (quasi-periodic, chaotic, a cycle longer
        than 2), and at which coherence most; where nothing does, zero: what is removed then is a mode that dies away.
    cause_mode_found (context)
        "found", or why there is none: "divergent" (the orbit at that coherence), "no fixed point", "no complex pair".
    cause_mode_modulus, cause_mode_angle, cause_mode_norm (context)
        Of the leading complex pair at the fixed point about which the orbit at that coherence winds (that nearest to
        its mean, stable or not): modulus, radians a step, and the Frobenius norm of the change that takes it out in
        units of that of W.
    cause_point_radius, cause_point_distance (context)
        Spectral radius at that fixed point, and how far it is from the mean of the orbit, in units of the mean's norm.
    cause_mode_trials, cause_mode_intact (context, strength)
        How many trials a context has, and the accuracy of the network as it is in them.
    cause_mode_accuracy (context, cause_damping, cause_applied, strength), cause_mode_random (..., cause_draw, strength)
        The same with the eigenvalue of that context's mode multiplied by `damping`, in all stages or in the stimulus
        stage alone; and after a change of the same norm in planes turned at random (see `damp_random`).
    cause_mode_kinds (context, attractor_kind), cause_mode_kinds_damped (context, cause_damping, attractor_kind),
    cause_mode_kinds_random (context, cause_damping, attractor_kind)
        Share of each kind of attractor over a small plane of the context's stimulus stage: as it is, with the mode
        damped in all stages, and after the first of the random changes.

    Raises
    ------
    SettingsError
        For another cell, or groups that do not fit the network.
    """
    network, task = on_task.network, on_task.task
    require(
        isinstance(network.cell, Relu), f"the cell is {type(network.cell).__name__}; causes are mapped of Relu only"
    )
    n_units, settings, groups = network.n_hidden, settings or PerturbationSettings(), np.asarray(groups)
    require(groups.shape == (n_units,), f"groups have shape {groups.shape}; they must have shape ({n_units},)")
    unknown = sorted(set(groups.tolist()) - {*GROUPS, ""})
    require(not unknown, f"groups hold {unknown}; each must be one of {', '.join(GROUPS)}, or empty")
    keep = telling(keep, on_progress, "parts of the causes", 4 + task.n_contexts)
    trials = PerturbedTrials(on_task, settings)
    members = np.array([groups == group for group in GROUPS])
    known = bool((groups != "").all())
    parts = [
        trials.described(),
        keep("causes silenced", partial(silence_groups, trials, members, known)),
        keep("causes planes", partial(planes_of_lesions, trials, members, known)),
        keep("causes cut", partial(cut_groups, trials, members, known)),
        keep("causes robustness", partial(robustness, trials)),
        xr.concat(
            [
                keep(f"causes mode {context}", partial(remove_mode, trials, context))
                for context in range(task.n_contexts)
            ],
            dim="context",
        ),
    ]
    return xr.merge(parts, compat="no_conflicts", join="exact").assign_coords(
        cause_strength=trials.strengths,
        context=np.arange(task.n_contexts),
        cause_group=list(GROUPS),
        cause_source=list(GROUPS),
        cause_target=list(GROUPS),
        cause_stage=list(settings.stages),
        cause_noise_size=list(settings.noise_sizes),
        cause_weight_size=list(settings.weight_sizes),
        cause_lesion_share=list(settings.lesion_shares),
        cause_damping=list(settings.damping),
        cause_applied=list(APPLIED),
        cause_modality=np.arange(task.n_modalities),
        attractor_kind=list(KINDS),
    )


def _lost_beyond(
    edited: Float[np.ndarray, "*any strengths"],
    random: Float[np.ndarray, "*any draws strengths"],
    counts: Int[np.ndarray, " strengths"],
) -> Float[np.ndarray, "*any"]:
    """Return the accuracy lost by an edit, less that lost by its random controls."""
    return np.asarray(overall(random, counts).mean(axis=-1) - overall(edited, counts))


_CURVES = ("noise", "weights", "lesions")
_CHANCE = 0.5  # two answers
_COLUMNS = {
    "G_a": "lesion_effect_a",
    "G_+": "lesion_effect_plus",
    "G_-": "lesion_effect_minus",
    "G_s": "lesion_effect_s",
}


def perturbation_summary(causes: xr.Dataset) -> dict[str, float]:
    """Return columns for the summary from what `map_perturbations` returns.

    Returns
    -------
    robustness_noise, robustness_weights, robustness_lesions
        The areas under the three curves. These and the effects of lesions are NaN where the network as it is answers no
        more than half of the trials rightly: there is nothing to lose.
    lesion_effect_a, lesion_effect_plus, lesion_effect_minus, lesion_effect_s
        Accuracy lost with a group silenced in all stages, less that lost with as many random units silenced; NaN where
        the groups are unknown, or it is empty.
    mode_removal_effect
        Accuracy lost with the oscillating mode damped the most, in all stages, less that lost by random changes of the
        same norm: the mean over the contexts where something oscillates about a mode; NaN where none does.
    mode_removal_quasi
        Change of the share of quasi-periodic attractors by it, the mean over the same contexts.
    """
    counts = causes.cause_trials.values
    able = float(overall(causes.cause_intact.values, counts)) > _CHANCE
    everywhere = causes.sel(cause_stage=ALL)
    effects = _lost_beyond(everywhere.cause_silenced.values, everywhere.cause_silenced_random.values, counts)
    removed = causes.sel(cause_applied=ALL).isel(cause_damping=int(causes.cause_damping.values.argmin()))
    there = np.flatnonzero((causes.cause_mode_found.values == FOUND) & causes.cause_mode_winds.values)
    modes = [removed.isel(context=context) for context in there]
    costs = [
        _lost_beyond(one.cause_mode_accuracy.values, one.cause_mode_random.values, one.cause_mode_trials.values)
        for one in modes
    ]
    quasi = [
        (one.cause_mode_kinds_damped - one.cause_mode_kinds).sel(attractor_kind="quasi-periodic").item()
        for one in modes
    ]
    return {
        **{f"robustness_{name}": float(causes[f"cause_{name}_area"]) if able else float("nan") for name in _CURVES},
        **{
            _COLUMNS[group]: float(effect) if size and able else float("nan")
            for group, effect, size in zip(GROUPS, effects, causes.cause_group_units.values, strict=True)
        },
        "mode_removal_effect": float(np.mean(costs)) if modes else float("nan"),
        "mode_removal_quasi": float(np.mean(quasi)) if modes else float("nan"),
    }
