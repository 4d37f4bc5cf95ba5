"""Stores that nobody trained: arrays and summaries with the names and axes of real ones, written as shards."""

import jax
import numpy as np
import xarray as xr

from attrax.analyses.decision_groups import DEFINITIONS
from attrax.analyses.stage_planes import plane_shares
from attrax.dynamics import KINDS
from attrax.networks import NetworkSettings, initialise
from attrax.populations import GROUPS
from attrax.studies import Store, parse_study
from attrax.studies.shards import NetworkResult, write_shard
from attrax.studies.study_folder import make_folder, write_study

STUDY = """
name = "made-up"
seeds = 2
[tasks.ContextDecision]
[learners.ppo]
[learners.supervised]
[network]
n_hidden = 6
delta = [0.1, 0.2]
[stopping]
checkpoint_updates = [20]
[planes]
points = 3
course = true
"""
LATER_COLUMNS = (
    "accuracy_in_a_row", "early_answers", "frac_locked", "relaxation_time", "trial_distance", "spectral_radius",
)  # fmt: skip
"""Columns of the summary that early versions of the code had not."""


def made_up_arrays(condition, rng, updates=3):
    """Return planes, course, groups and history of a network, labels drawn at random."""
    contexts, axis = condition.task.n_contexts, np.linspace(-1, 1, condition.planes.points)
    n = axis.size
    plane = ("stage", "context", "start", "coherence_1", "coherence_2")
    shape = (len(condition.planes.stages), contexts, 2, n, n)
    course = ("checkpoint", "context", "coherence_1", "coherence_2")
    kinds = rng.choice(KINDS, (3, contexts, n, n))
    units, definitions = condition.network.n_hidden, len(DEFINITIONS)
    grouped = ("definition", "context", "unit")
    found = {
        "kind": (plane, rng.choice(KINDS, shape)),
        "period": (plane, rng.integers(0, 30, shape)),
        "period_excluded": (plane, np.full(shape, 500)),
        "certified": (plane, rng.random(shape) < 0.5),
        "margin": (plane, rng.random(shape)),
        "relaxation_time": (plane, rng.random(shape)),
        "trial_distance": (plane, rng.random(shape)),
        "steps": (plane, np.full(shape, 1000)),
        "stage_steps": ("stage", np.full(shape[0], 10)),
        "readout_orbit": (("orbit", "step", "readout"), rng.random((2, 20, 2))),
        "orbit_context": ("orbit", [0.0, 1.0]),
        "orbit_coherence_1": ("orbit", [0.0, 1.0]),
        "orbit_coherence_2": ("orbit", [0.0, 1.0]),
        "group": (grouped, rng.choice(GROUPS, (definitions, contexts, units)).astype("U3")),
        "group_reason": (("definition", "context"), np.full((definitions, contexts), "", "U60")),
        "choice_share": (("definition", "context", "choice"), rng.random((definitions, contexts, 2))),
        "accuracy": ("update", np.linspace(0.3, 0.9, updates)),
        "trials": ("update", 100.0 * np.arange(updates)),
        "course_kind": (course, kinds),
        "course_period": (course, rng.integers(0, 30, kinds.shape)),
        "course_share": (("checkpoint", "attractor_kind"),
                         np.array([[(of == kind).mean() for kind in KINDS] for of in kinds])),
        "course_wrong_side": (("checkpoint", "side_stage", "strength"), rng.random((3, 2, 4))),
        "course_updates": ("checkpoint", [0, 20, 20 * (updates - 1)]),
        "course_trials": ("checkpoint", [0, 100, 100 * (updates - 1)]),
        "course_accuracy": ("checkpoint", [0.3, 0.6, 0.9]),
    }  # fmt: skip
    coords = {
        "stage": list(condition.planes.stages), "context": np.arange(contexts), "start": ["stage", "zero"],
        "coherence_1": axis, "coherence_2": axis, "update": 20 * np.arange(updates), "attractor_kind": list(KINDS),
        "checkpoint": ["initial", "updates 20", "final"], "side_stage": ["delay", "decision"],
        "strength": [0.1, 0.2, 0.5, 1.0], "definition": list(DEFINITIONS), "choice": ["+", "-"],
    }  # fmt: skip
    return xr.Dataset(found, coords)


def made_up_result(condition, network, without=(), columns=(), units=None, updates=3):
    """Return a finished network; without some of its variables and columns of the summary."""
    rng = np.random.default_rng([condition.seed, round(1000 * condition.network.delta)])
    arrays = made_up_arrays(condition, rng, updates)
    summary = {
        "network": condition.identity, **condition.factors, "n_hidden": 6, "reached": True, "status": "reached",
        "accuracy": 0.9, "accuracy_in_a_row": 0.8, "early_answers": 0.1, "updates": 20 * (updates - 1), "trials": 200,
        "spectral_radius": 1.1, **plane_shares(arrays),
    }  # fmt: skip
    timing = {"network": condition.identity, "training_seconds": 1.0, "planes_seconds": 1.0, "python": "3"}
    arrays = arrays.drop_vars(list(without), errors="ignore")
    named = {"network": [condition.identity]}
    return NetworkResult(
        condition.identity, condition.settings, {k: v for k, v in summary.items() if k not in columns}, timing,
        arrays.expand_dims(named), {"final": network}, None if units is None else units.expand_dims(named),
    )  # fmt: skip


def write_made_up(directory, text=STUDY, per_shard=4, of=lambda condition: {}):
    """Write a store; `of` says of each network what `made_up_result` makes of it. Shards never mix what differs."""
    study = parse_study(text)
    make_folder(directory)
    write_study(directory, study)
    network = initialise(NetworkSettings(delta=0.1, n_hidden=6), 5, 3, jax.random.key(0))
    alike = {}
    for condition in study.conditions():
        made = of(condition)
        key = (made.get("without"), made.get("columns"), "units" in made and tuple(made["units"].data_vars))
        alike.setdefault(key, []).append(made_up_result(condition, network, **made))
    for results in alike.values():
        for first in range(0, len(results), per_shard):
            write_shard(directory, results[first : first + per_shard])
    return Store(directory)
