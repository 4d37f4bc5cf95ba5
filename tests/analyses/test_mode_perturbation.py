"""The oscillating mode taken out."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from attrax.analyses.disturbed_trials import trial_outcomes
from attrax.analyses.mode_perturbation import FOUND
from attrax.analyses.mode_removal import damp, oscillating_mode
from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.perturbations import map_perturbations, perturbation_summary
from attrax.learning.compiled_training import initial_network
from attrax.networks import NetworkSettings
from attrax.tasks.context_decision import ContextDecision
from tests.analyses.test_perturbations import KEY, QUICK, overall


def test_a_mode_that_was_planted_is_found_and_taken_out():
    """Two units rotate at a fixed point of the stimulus stage that repels: with the mode damped nothing turns."""
    task = ContextDecision(fixation=1, stimulus=3, delay=1, decision=2, coherences=(0.5,), noise=0.0)
    angle, size = 1.0, 1.02
    weights = np.zeros((8, 8))
    weights[:2, :2] = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    weights[2, 2] = 0.3
    bias = np.full(8, -1.0)
    bias[:3] = np.ones(3) - weights[:3, :3] @ np.ones(3)
    inputs = np.zeros((8, task.n_inputs))
    inputs[2, 1] = 0.2
    network = initial_network(task, NetworkSettings(delta=0.1, n_hidden=8), 0)
    network = dataclasses.replace(
        network, recurrent_weights=jnp.asarray(weights, jnp.float32), input_weights=jnp.asarray(inputs, jnp.float32),
        bias=jnp.asarray(bias, jnp.float32),
    )  # fmt: skip
    causes = map_perturbations(NetworkOnTask(task, network), np.full(8, "", "U3"), QUICK)
    assert (causes.cause_mode_found == FOUND).all()
    np.testing.assert_allclose(causes.cause_mode_modulus, size, rtol=1e-5)
    np.testing.assert_allclose(causes.cause_mode_angle, angle, rtol=1e-5)
    np.testing.assert_allclose(causes.cause_point_radius, size, rtol=1e-5)
    assert (causes.cause_mode_kinds.sel(attractor_kind="fixed point") == 0).all()
    assert (causes.cause_mode_kinds_damped.sel(attractor_kind="fixed point") == 1).all()
    np.testing.assert_allclose(causes.cause_mode_kinds_random.sum("attractor_kind"), 1)
    summary = perturbation_summary(causes)
    assert np.isnan([summary[f"lesion_effect_{group}"] for group in ("a", "plus", "minus", "s")]).all()
    # an untrained network answers as often right as wrong: nothing can be lost
    assert np.isnan([summary[f"robustness_{name}"] for name in ("noise", "weights", "lesions")]).all()
    assert np.isfinite([summary["mode_removal_effect"], summary["mode_removal_quasi"]]).all()
    assert np.isnan(causes.cause_silenced).all()
    assert np.isnan(causes.cause_cut_random).all()
    # what was evaluated is the damped network, in the trials of the context
    inputs = NetworkOnTask(task, network)
    state = np.zeros(8)
    state[:3] = 1.0
    state[:3] = np.linalg.solve(
        np.eye(3) - inputs.weights[:3, :3], inputs.biases("stimulus", np.zeros((1, 2)), 0)[0, :3]
    )
    mode = oscillating_mode(inputs.weights, inputs.biases("stimulus", np.zeros((1, 2)), 0)[0], 1.0, state)
    outcomes = trial_outcomes(task, damp(network, mode, state, 0.0), KEY, 400)
    found = overall(
        causes, "cause_mode_accuracy", "cause_mode_trials", context=0, cause_damping=0.0, cause_applied="all"
    )
    mine = np.asarray(outcomes.right)[np.asarray(outcomes.context) == 0].mean()
    assert float(found) == pytest.approx(mine, abs=1e-6)
