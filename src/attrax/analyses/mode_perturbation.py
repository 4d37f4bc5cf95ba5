"""The oscillating mode taken out of a network, beside planes of the same size turned at random."""

import numpy as np
import xarray as xr
from jaxtyping import Float

from attrax.analyses.mode_removal import OscillatingMode, damp, damp_random, oscillating_mode
from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.perturbation_settings import ALL
from attrax.analyses.perturbed_planes import kind_shares, label_small_plane, where_it_winds
from attrax.analyses.perturbed_trials import PerturbedTrials
from attrax.dynamics import KINDS, Effort, ReluMap, fixed_points
from attrax.dynamics.orbits.settling import settle
from attrax.tasks.trial import STAGES, STIMULUS

_SAMPLE = 500  # steps over which an orbit is averaged
_LAST_STATES = 2  # of the orbit that lend the search for fixed points their patterns
_SOLVES, _PATIENCE = 200, 50
APPLIED = (ALL, STAGES[STIMULUS])
"""In which stages the mode is damped."""
FOUND, DIVERGENT, NO_POINT, NO_PAIR = "found", "divergent", "no fixed point", "no complex pair"
"""Whether there is a mode to remove, or why not."""


def remove_mode(trials: PerturbedTrials, context: int) -> xr.Dataset:
    """Damp the oscillating mode of one context, and do the same to planes turned at random."""
    settings, network = trials.settings, trials.network
    n_strengths = trials.strengths.size
    n_factors, n_applied = len(settings.damping), len(APPLIED)
    labelled = label_small_plane(trials.on_task, context, settings)
    coherence, winds = where_it_winds(trials.task, labelled, settings)
    found, state, mode, numbers = _mode_at(trials.on_task, context, coherence, settings.effort)
    damped = np.full((n_factors, n_applied, n_strengths), np.nan)
    random = np.full((n_factors, n_applied, settings.draws, n_strengths), np.nan)
    kinds_damped, kinds_random = np.full((2, n_factors, len(KINDS)), np.nan)
    for row, factor in enumerate(settings.damping):
        if mode is None:
            break
        without = damp(network, mode, state, factor)
        keys = [trials.draw_key("random planes", draw) for draw in range(settings.draws)]
        controls = [damp_random(network, mode, state, key, factor) for key in keys]
        for column, stage in enumerate(APPLIED):
            damped[row, column] = trials.accuracy(without, stage, context)
            random[row, column] = [trials.accuracy(control, stage, context) for control in controls]
        kinds_damped[row] = kind_shares(label_small_plane(NetworkOnTask(trials.task, without), context, settings))
        kinds_random[row] = kind_shares(label_small_plane(NetworkOnTask(trials.task, controls[0]), context, settings))
    edited = ("cause_damping", "cause_applied")
    return xr.Dataset(
        {
            "cause_mode_found": ((), np.array(found, dtype="U15")),
            "cause_mode_winds": ((), np.array(winds)),
            "cause_mode_coherence": ("cause_modality", coherence),
            **numbers,
            "cause_mode_trials": ("cause_strength", trials.counts_of[context]),
            "cause_mode_intact": ("cause_strength", trials.intact_of[context]),
            "cause_mode_accuracy": ((*edited, "cause_strength"), damped),
            "cause_mode_random": ((*edited, "cause_draw", "cause_strength"), random),
            "cause_mode_kinds": ("attractor_kind", kind_shares(labelled)),
            "cause_mode_kinds_damped": (("cause_damping", "attractor_kind"), kinds_damped),
            "cause_mode_kinds_random": (("cause_damping", "attractor_kind"), kinds_random),
        }
    )


def _mode_at(
    on_task: NetworkOnTask, context: int, coherence: Float[np.ndarray, " modalities"], effort: Effort
) -> tuple[str, Float[np.ndarray, " units"], OscillatingMode | None, dict[str, float]]:
    """Find the fixed point about which the stimulus stage's orbit winds at a coherence, and its oscillating mode.

    Returns
    -------
    Whether there is one, or why not; the fixed point; the mode; and numbers about both, NaN where there are none.
    """
    stage, at = STAGES[STIMULUS], coherence[None]
    bias, start = on_task.biases(stage, at, context), on_task.starts(stage, at, context)
    names = ("cause_mode_modulus", "cause_mode_angle", "cause_mode_norm", "cause_point_radius", "cause_point_distance")
    numbers = dict.fromkeys(names, float("nan"))
    settled = settle(on_task.weights, bias, on_task.leak, start, effort.settling_steps, _SAMPLE)
    orbit = [states[:, 0] for _, states in settled if states.shape[1]]
    if not orbit:
        return DIVERGENT, start[0], None, numbers
    mean = orbit[0].mean(axis=0)
    points = fixed_points(
        ReluMap(on_task.weights, bias[0], on_task.leak),
        starts=np.concatenate([start, mean[None], orbit[0][-_LAST_STATES:]]),
        solves=_SOLVES,
        patience=_PATIENCE,
    )
    if not points.sizes["point"]:
        return NO_POINT, mean, None, numbers
    distance = np.linalg.norm(points.state.values - mean, axis=1)
    nearest = int(distance.argmin())
    state = points.state.values[nearest]
    numbers["cause_point_radius"] = float(points.radius[nearest])
    numbers["cause_point_distance"] = float(distance[nearest] / max(float(np.linalg.norm(mean)), 1e-300))
    mode = oscillating_mode(on_task.weights, bias[0], on_task.leak, state)
    if mode is None:
        return NO_PAIR, state, None, numbers
    numbers["cause_mode_modulus"] = abs(mode.eigenvalue)
    numbers["cause_mode_angle"] = float(np.angle(mode.eigenvalue))
    numbers["cause_mode_norm"] = float(np.linalg.norm(mode.matrix) / on_task.leak / np.linalg.norm(on_task.weights))
    return FOUND, state, mode, numbers
