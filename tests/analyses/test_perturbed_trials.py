"""Perturbed networks are tried on the trials of `trial_outcomes`, and every answer is the one that it tells."""

import jax.numpy as jnp
import numpy as np
import pytest

from attrax.analyses.disturbed_trials import trial_outcomes
from attrax.analyses.lesions import silence
from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.perturbation_settings import ALL, PerturbationSettings
from attrax.analyses.perturbed_trials import PerturbedTrials
from attrax.learning.compiled_training import initial_network
from attrax.networks import NetworkSettings
from attrax.tasks.context_decision import ContextDecision
from attrax.tasks.trial import STAGES

TASK = ContextDecision(fixation=1, stimulus=3, delay=(1, 4), decision=3, coherences=(0.5, 1.0), noise=0.3)
N_TRIALS = 430  # no whole number of rows


@pytest.fixture(scope="module")
def trials():
    network = initial_network(TASK, NetworkSettings(delta=0.6, n_hidden=16, readout_delta=1.0), 3)
    return PerturbedTrials(NetworkOnTask(TASK, network), PerturbationSettings(trials=N_TRIALS))


def told(trials, lesioned, stage):
    """What `trial_outcomes` says of the same perturbation."""
    if stage == ALL:
        return trial_outcomes(TASK, lesioned, trials.key, N_TRIALS)
    stages = jnp.asarray(np.array(STAGES) == stage)
    return trial_outcomes(TASK, trials.network, trials.key, N_TRIALS, stand_in=lesioned, stages=stages)


def by_strength(outcomes, context):
    there = np.ones(N_TRIALS, bool) if context is None else np.asarray(outcomes.context) == context
    counted = np.abs(np.take_along_axis(np.asarray(outcomes.coherence), np.asarray(outcomes.context)[:, None], axis=1))
    right = np.asarray(outcomes.right)
    return [right[there & (np.round(counted[:, 0], 3) == strength)].mean() for strength in (0.5, 1.0)]


@pytest.mark.parametrize("context", [None, 0, 1])
@pytest.mark.parametrize("stage", [ALL, *STAGES])
def test_accuracies_are_those_of_the_trials_one_after_the_other(trials, stage, context):
    for seed, n_silent in ((0, 2), (1, 9)):
        lesioned = silence(trials.network, np.random.default_rng(seed).permutation(16)[:n_silent])
        expected = by_strength(told(trials, lesioned, stage), context)
        np.testing.assert_allclose(trials.accuracy(lesioned, stage, context), expected, rtol=1e-12)


def test_the_intact_network_answers_as_in_the_evaluation(trials):
    outcomes = trial_outcomes(TASK, trials.network, trials.key, N_TRIALS)
    np.testing.assert_allclose(trials.intact, by_strength(outcomes, None), rtol=1e-12)
    for context in (0, 1):
        np.testing.assert_allclose(trials.intact_of[context], by_strength(outcomes, context), rtol=1e-12)
    assert trials.counts.sum() == N_TRIALS
    assert 0.1 < np.asarray(outcomes.right).mean() < 0.9
