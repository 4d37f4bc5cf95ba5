"""Basins of a trained network in the plane that its real trials spread in."""

from typing import Any, Literal

import numpy as np
import xarray as xr
from jaxtyping import Float

from attrax.analyses.network_on_task import NetworkOnTask
from attrax.dynamics import Effort, ReluMap, basin_plane
from attrax.dynamics.attractors.finding import KnownAttractors
from attrax.dynamics.labels.labelling import label_and_sample, label_orbits
from attrax.dynamics.labels.map_family import ReluFamily
from attrax.networks import RecurrentNetwork
from attrax.tasks.trial import STAGES

_MARGIN = 0.15  # of the spread of what is shown, on each side


def basins_of_stage(
    on_task: NetworkOnTask,
    stage: str,
    context: int,
    coherence: tuple[float, ...] | None = None,
    axes: Literal["components", "readout"] = "components",
    n_trials: int = 200,
    points: int = 31,
    effort: Effort | None = None,
    seed: int = 0,
    **more: Any,
) -> xr.Dataset:
    """Map which starts go where in a stage, over a plane through the states that real trials are in when it begins.

    Parameters
    ----------
    on_task
        A trained network, or one of its checkpoints, on its task.
    stage, context
        Which map: the network under the stage's constant, noise-free input.
    coherence
        Signed coherence of each modality, for the stimulus stage; zero by default. The other stages have no stimulus.
    axes
        "components": the first two principal components of the trials' states when the stage begins and of the
        attractors that they go to; "readout": the leads of "+" over "-" and of an answer over fixation (their weights,
        made orthogonal), through the mean of those states.
    n_trials, seed
        Real trials of that context, as the task draws them.
    points, effort, more
        As in `attrax.dynamics.basin_plane`.

    Returns
    -------
    As `basin_plane` returns it (u and v are distances in the state space), with

    trial_point (trial, axis), trial_choice, trial_attractor (trial)
        States of the real trials, projected on the plane; the right answer (1 for "+", 2 for "-"); and the attractor
        that each really goes to, by the numbers of `attractor`: what lies off the plane can go elsewhere than the point
        of the plane that it is drawn at. New numbers go on behind those of the plane.
    attractor_point (attracting, axis)
        A state of each attractor, projected.
    axis_share (axis)
        How much of the variance of those states lies along each axis.
    centre (unit), axes (axis, unit)
        Of the plane.

    Raises
    ------
    ValueError
        For a stage that does not exist, a context that the task has not, no trials in it, other axes, states that are
        not finite, or trials that all begin the stage in one state and go to one attractor: they span no plane.
    """
    task, network = on_task.task, on_task.network
    if axes not in ("components", "readout"):
        raise ValueError(f"axes is {axes!r}; it must be 'components' or 'readout'")
    if n_trials < 1:
        raise ValueError(f"n_trials is {n_trials}; it must be 1 or more")
    if stage not in STAGES:
        raise ValueError(f"stage is {stage!r}; it must be among {', '.join(STAGES)}")
    if not 0 <= context < task.n_contexts:
        raise ValueError(f"context is {context}; this task has {task.n_contexts}, counted from 0")
    effort = effort or Effort()
    trials = on_task.trial_states(n_trials * task.n_contexts, seed)
    there = trials.context == context
    if not there.any():
        raise ValueError(f"no trial of context {context} is among {n_trials * task.n_contexts}; ask for more trials")
    before = STAGES.index(stage) - 1
    states = (
        trials.ends[STAGES[before]][there] if before >= 0 else np.zeros((int(there.sum()), on_task.weights.shape[0]))
    )
    asked = np.array(coherence if coherence is not None else (0.0,) * task.n_modalities, dtype=float)
    if asked.shape != (task.n_modalities,):
        raise ValueError(f"coherence has {asked.size} values; this task has {task.n_modalities} modalities")
    bias = on_task.biases(stage, asked[None], context)[0]
    family = ReluFamily(on_task.weights, np.broadcast_to(bias, states.shape), on_task.leak)
    if not np.isfinite(states).all():
        raise ValueError(
            f"the states at the beginning of the {stage} stage are not finite: the network diverges before it"
        )
    found = label_orbits(family, states, effort, seed)
    settled = ~np.isin(found.kind, ("divergent", "undecided"))
    shown = np.concatenate([states, found.state[settled]])
    centre = shown.mean(axis=0)
    directions = _directions(network, shown - centre, axes)
    spread = (shown - centre) @ directions.T
    low, high = spread.min(axis=0), spread.max(axis=0)
    margin = _MARGIN * np.maximum(high - low, 1e-3 * max(float((high - low).max()), 1e-9))
    window = np.stack([low - margin, high + margin], axis=1)
    network_map = ReluMap(on_task.weights, bias, on_task.leak)
    plane = basin_plane(network_map, centre, directions, window, points, seed, effort=effort, **more)
    return plane.merge(
        _of_trials(plane, network_map, states, trials.choice[there], centre, directions, effort, seed)
    ).assign(
        axis_share=("axis", spread.var(axis=0) / max(float((shown - centre).var(axis=0).sum()), 1e-300)),
        centre=("unit", centre),
        axes=(("axis", "unit"), directions),
    )


def readout_axes(network: RecurrentNetwork) -> Float[np.ndarray, "2 units"]:
    """Return the weights of the leads of "+" over "-", and of the two answers' mean over fixation."""
    policy = np.asarray(network.policy_weights, dtype=float)
    return np.stack([policy[1] - policy[2], (policy[1] + policy[2]) / 2 - policy[0]])


def _directions(
    network: RecurrentNetwork, spread: Float[np.ndarray, "states units"], axes: str
) -> Float[np.ndarray, "2 units"]:
    """Return two orthonormal directions."""
    if axes == "components":
        _, sizes, components = np.linalg.svd(spread, full_matrices=False)
        if len(sizes) < 2 or sizes[1] <= 1e-9 * max(float(sizes[0]), 1e-9):
            raise ValueError("the trials' states and attractors lie in a line and span no plane; take axes='readout'")
        return components[:2]
    rows = readout_axes(network)
    return np.linalg.qr(rows.T)[0].T * np.sign(np.diag(np.linalg.qr(rows.T)[1]))[:, None]


def _of_trials(
    plane: xr.Dataset,
    network_map: ReluMap,
    states: Float[np.ndarray, "trials units"],
    choice: np.ndarray,
    centre: Float[np.ndarray, " units"],
    directions: Float[np.ndarray, "2 units"],
    effort: Effort,
    seed: int,
) -> xr.Dataset:
    """Follow one start of each attractor of the plane, so that it keeps its number, and then the trials' own states."""
    numbers = plane.attractor.values
    first = [
        centre + np.array([float(plane.u[u]), float(plane.v[v])]) @ directions
        for u, v in (np.argwhere(numbers == number)[0] for number in range(numbers.max() + 1))
    ]
    starts = np.concatenate([np.array(first).reshape(-1, centre.size), states])
    family = ReluFamily(network_map.weights, np.broadcast_to(network_map.bias, starts.shape), network_map.leak)
    labelled, known = label_and_sample(family, starts, effort, seed), KnownAttractors()
    sizes = np.full(len(starts), np.abs(starts).max())
    reached, _ = known.numbers_of(family, labelled, range(len(starts)), sizes)
    if reached[: len(first)].tolist() != list(range(len(first))):
        raise RuntimeError("a start of the plane went elsewhere when it was followed again")
    attracting = np.array([sample[0] for sample in known.states]).reshape(-1, centre.size)
    return xr.Dataset(
        {
            "trial_point": (("trial", "axis"), (states - centre) @ directions.T),
            "trial_choice": ("trial", choice),
            "trial_attractor": ("trial", reached[len(first) :]),
            "attractor_point": (("attracting", "axis"), (attracting - centre) @ directions.T),
            "attractor_kind": ("attracting", np.array(known.kinds, dtype="U14")),
            "attractor_perhaps_several": ("attracting", np.array(known.perhaps_several, dtype=bool)),
        }
    )
