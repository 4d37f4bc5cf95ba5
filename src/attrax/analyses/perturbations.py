"""What a trained network's answers depend on: lesions of groups, noise, and the removal of its oscillating mode.

Every accuracy is that of the edited network on the very same trials. Beside each lesion stands one of the same size at
random.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Bool, Float, Int
from numpy.typing import ArrayLike

from attrax.analyses.lesions import cut_weights, perturb_weights, silence
from attrax.analyses.mode_removal import OscillatingMode, damp, damp_random, oscillating_mode
from attrax.analyses.perturbation_settings import ALL, PerturbationSettings
from attrax.analyses.stage_inputs import StageInputs, coherence_axes, plane_coherences
from attrax.analyses.trial_states import as_written
from attrax.dynamics import KINDS, Effort, ReluMap, classify, fixed_points
from attrax.dynamics.orbits.many_orbits import ReluOrbits
from attrax.keys import derive_key
from attrax.learning.evaluation import trial_outcomes
from attrax.networks import RecurrentNetwork
from attrax.networks.cells import Relu
from attrax.populations.functional_groups import GROUPS
from attrax.progress import Keep, OnProgress, telling
from attrax.settings import require
from attrax.tasks import TASKS, Task
from attrax.tasks.trial import OVER, STAGES, STIMULUS

_SAMPLE = 500  # steps over which an orbit is averaged
_LAST_STATES = 2  # of the orbit that lend the search for fixed points their patterns
_SOLVES, _PATIENCE = 200, 50
_SCALE_TRIALS = 200
_APPLIED = (ALL, STAGES[STIMULUS])
FOUND, DIVERGENT, NO_POINT, NO_PAIR = "found", "divergent", "no fixed point", "no complex pair"
"""Whether there is a mode to remove, or why not."""


def map_perturbations(
    task: Task,
    network: RecurrentNetwork,
    groups: ArrayLike,
    settings: PerturbationSettings | None = None,
    keep: Keep | None = None,
    on_progress: OnProgress | None = None,
) -> xr.Dataset:
    """Try a trained network on the same trials after lesions, under noise, and without its oscillating mode.

    Parameters
    ----------
    task, network
        A trained ReLU network and what it was trained on.
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
    require(
        isinstance(network.cell, Relu), f"the cell is {type(network.cell).__name__}; causes are mapped of Relu only"
    )
    n_units, settings, groups = network.n_hidden, settings or PerturbationSettings(), np.asarray(groups)
    require(groups.shape == (n_units,), f"groups have shape {groups.shape}; they must have shape ({n_units},)")
    unknown = sorted(set(groups.tolist()) - {*GROUPS, ""})
    require(not unknown, f"groups hold {unknown}; each must be one of {', '.join(GROUPS)}, or empty")
    keep = telling(keep, on_progress, "parts of the causes", 4 + task.n_contexts)
    trials = _Trials(task, network, settings)
    members = np.array([groups == group for group in GROUPS])
    known = bool((groups != "").all())
    parts = [
        trials.described(),
        keep("causes silenced", partial(_silence_groups, trials, members, known)),
        keep("causes planes", partial(_planes_of_lesions, trials, members, known)),
        keep("causes cut", partial(_cut_groups, trials, members, known)),
        keep("causes robustness", partial(_robustness, trials)),
        xr.concat(
            [
                keep(f"causes mode {context}", partial(_remove_mode, trials, context))
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
        cause_applied=list(_APPLIED),
        cause_modality=np.arange(task.n_modalities),
        attractor_kind=list(KINDS),
    )


class _Trials:
    """The trials on which a network and all its edited versions are tried, and the draws that these share."""

    def __init__(self, task: Task, network: RecurrentNetwork, settings: PerturbationSettings) -> None:
        self.task, self.network, self.settings = task, network, settings
        self._name = TASKS.name_of(task)
        self.key = derive_key(self._name, 0, "trials for causes")
        outcomes = trial_outcomes(task, network, self.key, settings.trials)
        self._context = np.asarray(outcomes.context)
        relevant = np.take_along_axis(np.asarray(outcomes.coherence), self._context[:, None], axis=1)[:, 0]
        self.strengths = np.unique(as_written(np.abs(task.stimuli()[0]).astype(np.float32)))
        self._at = np.searchsorted(self.strengths, as_written(np.abs(relevant)))
        self.counts, self.intact = self._counts(None), self._by_strength(outcomes.right, None)
        contexts = range(task.n_contexts)
        self.counts_of = [self._counts(context) for context in contexts]
        self.intact_of = [self._by_strength(outcomes.right, context) for context in contexts]

    def accuracy(
        self,
        network: RecurrentNetwork,
        stage: str = ALL,
        context: int | None = None,
        state_noise: float = 0.0,
    ) -> Float[np.ndarray, " strengths"]:
        """Return the accuracy by strength of an edited network: in one stage alone it stands in for the intact one."""
        if stage == ALL:
            outcomes = trial_outcomes(self.task, network, self.key, self.settings.trials, state_noise=state_noise)
        else:
            stages = jnp.asarray(np.array(STAGES) == stage)
            outcomes = trial_outcomes(
                self.task, self.network, self.key, self.settings.trials, stand_in=network, stages=stages
            )
        return self._by_strength(outcomes.right, context)

    def _counted(self, context: int | None) -> Bool[np.ndarray, " trials"]:
        return np.ones(self._at.size, bool) if context is None else self._context == context

    def _counts(self, context: int | None) -> Int[np.ndarray, " strengths"]:
        return np.bincount(self._at[self._counted(context)], minlength=self.strengths.size)

    def _by_strength(self, right: Bool[Array, " trials"], context: int | None) -> Float[np.ndarray, " strengths"]:
        counted, counts = self._counted(context), self._counts(context)
        rights = np.bincount(self._at[counted], weights=np.asarray(right)[counted], minlength=self.strengths.size)
        return np.where(counts > 0, rights / np.maximum(counts, 1), np.nan)

    def unit_orders(self) -> Int[np.ndarray, "draws units"]:
        """Return a random order of the units for each draw."""
        return self._orders(self.network.n_hidden, "random units")

    def weight_orders(self) -> Int[np.ndarray, "draws weights"]:
        """Return a random order of the places of all recurrent weights that exist, for each draw."""
        places = np.flatnonzero(self.existing())
        return places[self._orders(places.size, "random weights")]

    def existing(self) -> Bool[np.ndarray, "units units"]:
        """Return which recurrent weights there are."""
        n_units = self.network.n_hidden
        return np.ones((n_units, n_units), bool) if self.network.mask is None else np.asarray(self.network.mask)

    def _orders(self, size: int, purpose: str) -> Int[np.ndarray, "draws size"]:
        generator = np.random.default_rng(np.asarray(jax.random.key_data(derive_key(self._name, 0, purpose))))
        return np.array([generator.permutation(size) for _ in range(self.settings.draws)])

    def draw_key(self, purpose: str, draw: int) -> Array:
        """Return the key of one draw: the same for every network and every size."""
        return jax.random.fold_in(derive_key(self._name, 0, purpose), draw)

    def described(self) -> xr.Dataset:
        """Return how many trials there are, and the accuracy of the intact network."""
        return xr.Dataset(
            {"cause_trials": ("cause_strength", self.counts), "cause_intact": ("cause_strength", self.intact)}
        )


def _silence_groups(trials: _Trials, members: Bool[np.ndarray, "groups units"], known: bool) -> xr.Dataset:
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


def _planes_of_lesions(trials: _Trials, members: Bool[np.ndarray, "groups units"], known: bool) -> xr.Dataset:
    network, n_contexts = trials.network, trials.task.n_contexts
    silenced, random = np.full((2, len(members), n_contexts, len(KINDS)), np.nan)
    order = trials.unit_orders()[0]
    for number, group in enumerate(members if known else ()):
        for context in range(n_contexts):
            for shares, units in ((silenced, np.flatnonzero(group)), (random, order[: group.sum()])):
                lesioned = silence(network, units)
                shares[number, context] = _kind_shares(_label(trials.task, lesioned, context, trials.settings))
    over = ("cause_group", "context", "attractor_kind")
    return xr.Dataset({"cause_silenced_kinds": (over, silenced), "cause_silenced_kinds_random": (over, random)})


def _cut_groups(trials: _Trials, members: Bool[np.ndarray, "groups units"], known: bool) -> xr.Dataset:
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


def _robustness(trials: _Trials) -> xr.Dataset:
    settings, network = trials.settings, trials.network
    activity = float(_root_mean_square(trials.task, network, trials.key, min(_SCALE_TRIALS, settings.trials)))
    noise = np.array([trials.accuracy(network, state_noise=size * activity) for size in settings.noise_sizes])
    keys = [trials.draw_key("noise on weights", draw) for draw in range(settings.draws)]
    weights = np.array(
        [[trials.accuracy(perturb_weights(network, size, key)) for key in keys] for size in settings.weight_sizes]
    )
    orders = trials.unit_orders()
    lesions = np.array(
        [
            [trials.accuracy(silence(network, order[: round(share * network.n_hidden)])) for order in orders]
            for share in settings.lesion_shares
        ]
    )

    def area(sizes: tuple[float, ...], accuracies: np.ndarray) -> float:
        overall = _overall(accuracies, trials.counts)
        return _area(sizes, overall.mean(axis=1) if overall.ndim > 1 else overall)

    return xr.Dataset(
        {
            "cause_activity": activity,
            "cause_noise": (("cause_noise_size", "cause_strength"), noise),
            "cause_weights": (("cause_weight_size", "cause_draw", "cause_strength"), weights),
            "cause_lesions": (("cause_lesion_share", "cause_draw", "cause_strength"), lesions),
            "cause_noise_area": area(settings.noise_sizes, noise),
            "cause_weights_area": area(settings.weight_sizes, weights),
            "cause_lesions_area": area(settings.lesion_shares, lesions),
        }
    )


@partial(jax.jit, static_argnums=(0, 3))
def _root_mean_square(task: Task, network: RecurrentNetwork, key: Array, n_trials: int) -> Float[Array, ""]:
    """Return the root mean square activity over units and the steps of trials, as if no answer ended a trial."""
    trials = jax.vmap(task.trial)(jax.random.split(key, n_trials))

    def act(carry: Any, step: Array) -> tuple[Any, None]:
        hidden, total = carry
        hidden = network.step(hidden, trials.observation[:, step])
        squares = jnp.mean(hidden[:, : network.n_hidden] ** 2, axis=1)
        return (hidden, total + jnp.where(trials.stage[:, step] < OVER, squares, 0.0)), None

    start = (jnp.zeros((n_trials, network.n_state)), jnp.zeros(n_trials))
    (_, total), _ = jax.lax.scan(act, start, jnp.arange(task.longest_trial))
    return jnp.sqrt(jnp.sum(total) / jnp.sum(trials.length))


def _overall(
    accuracies: Float[np.ndarray, "*any strengths"], counts: Int[np.ndarray, " strengths"]
) -> Float[np.ndarray, "*any"]:
    """Return the accuracy of all trials; NaN where there are none."""
    right = np.where(counts > 0, accuracies * counts, 0.0).sum(axis=-1)
    return np.asarray(right / counts.sum() if counts.any() else np.full(right.shape, np.nan))


def _area(sizes: tuple[float, ...], accuracies: Float[np.ndarray, " sizes"]) -> float:
    """Return the mean of an accuracy over the logarithm of a size; of a single size its own."""
    if len(sizes) == 1:
        return float(accuracies[0])
    places = np.log(sizes)
    return float(np.trapezoid(accuracies, places) / (places[-1] - places[0]))


def _remove_mode(trials: _Trials, context: int) -> xr.Dataset:
    """Damp the oscillating mode of one context, and do the same to planes turned at random."""
    settings, network = trials.settings, trials.network
    inputs, n_strengths = StageInputs(trials.task, network), trials.strengths.size
    n_factors, n_applied = len(settings.damping), len(_APPLIED)
    labelled = _label(trials.task, network, context, settings)
    coherence, winds = _where_it_winds(trials.task, labelled, settings)
    found, state, mode, numbers = _mode_at(inputs, context, coherence, settings.effort)
    damped = np.full((n_factors, n_applied, n_strengths), np.nan)
    random = np.full((n_factors, n_applied, settings.draws, n_strengths), np.nan)
    kinds_damped, kinds_random = np.full((2, n_factors, len(KINDS)), np.nan)
    for row, factor in enumerate(settings.damping):
        if mode is None:
            break
        without = damp(network, mode, state, factor)
        keys = [trials.draw_key("random planes", draw) for draw in range(settings.draws)]
        controls = [damp_random(network, mode, state, key, factor) for key in keys]
        for column, stage in enumerate(_APPLIED):
            damped[row, column] = trials.accuracy(without, stage, context)
            random[row, column] = [trials.accuracy(control, stage, context) for control in controls]
        kinds_damped[row] = _kind_shares(_label(trials.task, without, context, settings))
        kinds_random[row] = _kind_shares(_label(trials.task, controls[0], context, settings))
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
            "cause_mode_kinds": ("attractor_kind", _kind_shares(labelled)),
            "cause_mode_kinds_damped": (("cause_damping", "attractor_kind"), kinds_damped),
            "cause_mode_kinds_random": (("cause_damping", "attractor_kind"), kinds_random),
        }
    )


def _mode_at(
    inputs: StageInputs, context: int, coherence: Float[np.ndarray, " modalities"], effort: Effort
) -> tuple[str, Float[np.ndarray, " units"], OscillatingMode | None, dict[str, float]]:
    """Find the fixed point about which the stimulus stage's orbit winds at a coherence, and its oscillating mode.

    Returns
    -------
    Whether there is one, or why not; the fixed point; the mode; and numbers about both, NaN where there are none.
    """
    stage, at = STAGES[STIMULUS], coherence[None]
    bias, start = inputs.biases(stage, at, context), inputs.starts(stage, at, context)
    names = ("cause_mode_modulus", "cause_mode_angle", "cause_mode_norm", "cause_point_radius", "cause_point_distance")
    numbers = dict.fromkeys(names, float("nan"))
    if not np.isfinite(start).all():
        return DIVERGENT, start[0], None, numbers
    orbit = ReluOrbits(inputs.weights, bias, inputs.leak, start)
    orbit.follow(effort.settling_steps)
    recorded = orbit.record(_SAMPLE)[:, 0]
    mean = recorded.mean(axis=0)
    if orbit.left_at[0] >= 0:
        return DIVERGENT, mean, None, numbers
    points = fixed_points(
        ReluMap(inputs.weights, bias[0], inputs.leak),
        starts=np.concatenate([start, mean[None], recorded[-_LAST_STATES:]]),
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
    mode = oscillating_mode(inputs.weights, bias[0], inputs.leak, state)
    if mode is None:
        return NO_PAIR, state, None, numbers
    numbers["cause_mode_modulus"] = abs(mode.eigenvalue)
    numbers["cause_mode_angle"] = float(np.angle(mode.eigenvalue))
    numbers["cause_mode_norm"] = float(np.linalg.norm(mode.matrix) / inputs.leak / np.linalg.norm(inputs.weights))
    return FOUND, state, mode, numbers


def _label(task: Task, network: RecurrentNetwork, context: int, settings: PerturbationSettings) -> xr.Dataset:
    """Label the small plane of a context's stimulus stage: kind, period and amplitude over "point"."""
    inputs, stage = StageInputs(task, network), STAGES[STIMULUS]
    coherences = plane_coherences(task, coherence_axes(task, settings.points))
    biases, starts = inputs.biases(stage, coherences, context), inputs.starts(stage, coherences, context)
    finite = np.isfinite(starts).all(axis=1)
    kind, period, amplitude = (
        np.full(len(starts), "divergent", dtype="U14"),
        np.zeros(len(starts)),
        np.zeros(len(starts)),
    )
    found = classify(inputs.weights, biases[finite], inputs.leak, starts[finite], settings.effort)
    kind[finite], period[finite], amplitude[finite] = found.kind, found.period, found.amplitude
    return xr.Dataset({"kind": ("point", kind), "period": ("point", period), "amplitude": ("point", amplitude)})


def _kind_shares(labelled: xr.Dataset) -> Float[np.ndarray, " kinds"]:
    return np.array([np.mean(labelled.kind.values == name) for name in KINDS])


def _where_it_winds(
    task: Task, labelled: xr.Dataset, settings: PerturbationSettings
) -> tuple[Float[np.ndarray, " modalities"], bool]:
    """Return the coherence with the widest oscillation, and whether there is any; if not, coherence zero."""
    winds = np.isin(labelled.kind, ("quasi-periodic", "chaotic")) | ((labelled.kind == "cycle") & (labelled.period > 2))
    if not winds.any():
        return np.zeros(task.n_modalities), False
    widest = int(np.where(winds, labelled.amplitude, -1.0).argmax())
    return plane_coherences(task, coherence_axes(task, settings.points))[widest], True


def _lost_beyond(
    edited: Float[np.ndarray, "*any strengths"],
    random: Float[np.ndarray, "*any draws strengths"],
    counts: Int[np.ndarray, " strengths"],
) -> Float[np.ndarray, "*any"]:
    """Return the accuracy lost by an edit, less that lost by its random controls."""
    return np.asarray(_overall(random, counts).mean(axis=-1) - _overall(edited, counts))


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
    able = float(_overall(causes.cause_intact.values, counts)) > _CHANCE
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
