"""Known weights over time are recovered, and lie in their intervals as often as these say."""

import jax.numpy as jnp
import numpy as np
import pytest

from attrax.analyses import psychophysical_kernel, regress_on_noise
from attrax.analyses.evidence_weights import _normalised
from attrax.networks import RecurrentNetwork
from attrax.settings import SettingsError
from attrax.tasks.context_decision import ContextDecision
from attrax.tasks.perceptual_decision import PerceptualDecision
from tests.analyses.known_observers import integrator

SHORT = PerceptualDecision(noise=0.8, coherences=(0.05, 0.15), stimulus=8, delay=0, decision=1)


def logistic_observer(weights, rng, trials=2000):
    """Answers of an observer who weighs the noise of each step, at two coherences, and lapses in some trials."""
    noise = rng.standard_normal((trials, weights.size))
    cells = rng.integers(0, 2, trials)
    p = 0.05 + 0.9 / (1 + np.exp(-(noise @ weights + 2 * cells - 1)))
    return noise, rng.random(trials) < p, cells


def test_the_truth_lies_in_95_percent_of_200_intervals():
    truth = np.array([0.2, 0.4, 0.6, 0.8, 0.0, -0.3])
    inside = np.zeros(truth.size)
    for seed in range(200):
        kernel = _normalised(*regress_on_noise(*logistic_observer(truth, np.random.default_rng(seed))), roles=1)
        known = truth / truth.mean()
        inside += ((kernel.low.values[0] <= known) & (known <= kernel.high.values[0])).astype(float)
    assert inside.min() / 200 >= 0.95 - 3.5 * np.sqrt(0.95 * 0.05 / 200)


def test_an_integrator_weighs_all_steps_alike():
    kernel = psychophysical_kernel(SHORT, integrator(), trials=20_000)
    assert kernel.weight.shape == (1, 1, 8)
    np.testing.assert_allclose(kernel.weight.values.ravel(), 1, atol=0.12)
    assert int(((kernel.low <= 1) & (kernel.high >= 1)).sum()) >= 6
    assert float(kernel.gain[0]) > 0


def test_a_leaky_integrator_weighs_the_last_steps_most():
    """It keeps 80 % of the sum at each step."""
    kernel = psychophysical_kernel(SHORT, integrator(kept=0.8), trials=40_000)
    known = 0.8 ** np.arange(7, -1, -1)
    np.testing.assert_allclose(kernel.weight.values.ravel(), known / known.mean(), atol=0.12)


def test_the_modality_that_does_not_count_has_the_weight_that_the_network_gives_it():
    task = ContextDecision(noise=0.8, coherences=(0.05, 0.15), stimulus=6, delay=0, decision=1)
    kernel = psychophysical_kernel(task, integrator(context_task=True, weight=0.5), trials=40_000)
    means = kernel.weight.mean("step")
    np.testing.assert_allclose(means.sel(role="counts"), 1)
    np.testing.assert_allclose(means.sel(role="does not count"), [0.5, 2.0], rtol=0.1)


def test_a_ring_and_stimuli_of_several_lengths():
    """Steps that few trials have are less sure, and weigh the same."""
    task = PerceptualDecision(noise=0.8, coherences=(0.1,), stimulus=(3, 6), delay=0, decision=1)
    kernel = psychophysical_kernel(task, integrator(), trials=40_000).isel(context=0, role=0)
    widths = (kernel.high - kernel.low).values
    assert widths[5] > 1.5 * widths[0]
    assert int(((kernel.low <= kernel.weight[0]) & (kernel.high >= kernel.weight[0])).sum()) >= 3


def test_without_noise_or_answers_there_are_no_weights():
    silent = PerceptualDecision(noise=0.0, stimulus=4)
    assert np.isnan(psychophysical_kernel(silent, integrator(), trials=50).weight.values).all()
    network = integrator(context_task=True)
    mute = RecurrentNetwork(**{**vars(network), "policy_bias": jnp.asarray([1e6, 0.0, 0.0])})
    assert np.isnan(psychophysical_kernel(ContextDecision(), mute, trials=50).weight.values).all()
    few = psychophysical_kernel(SHORT, integrator(), trials=20)
    assert np.isnan(few.weight.values).all()
    assert np.isnan(few.gain.values).all()


def test_a_number_of_trials_that_cannot_be():
    with pytest.raises(SettingsError, match="trials is 0; it must be 1 or more"):
        psychophysical_kernel(SHORT, integrator(), trials=0)
