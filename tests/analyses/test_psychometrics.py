"""Psychometric curves of networks whose answers are known: they integrate, or they do not."""

import jax.numpy as jnp
import numpy as np
import pytest

from attrax.analyses import psychometric
from attrax.keys import derive_key
from attrax.learning import evaluate
from attrax.networks import RecurrentNetwork
from attrax.settings import SettingsError
from attrax.tasks.context_decision import ContextDecision
from attrax.tasks.perceptual_decision import PerceptualDecision
from tests.analyses.known_observers import integrator


def test_an_integrator_is_the_ideal_observer():
    task = PerceptualDecision(noise=0.8, coherences=(0.05, 0.15, 0.3), stimulus=10)
    curves = psychometric(task, integrator(), trials=20_000, seed=3)
    counts = curves.sel(role="counts").isel(context=0)
    assert curves.unanswered.values.tolist() == [0.0]
    assert int(curves.answers.sum()) == 20_000
    inside = (counts.low <= curves.ideal) & (curves.ideal <= counts.high)
    assert int(inside.sum()) >= 5  # of 6 intervals of 95 %
    np.testing.assert_allclose(counts.probability, curves.ideal, atol=0.03)
    assert float(curves.threshold[0]) == pytest.approx(0, abs=0.01)
    assert float(curves.lapse[0]) == pytest.approx(0, abs=0.03)
    # A logistic of slope 1.702 / σ is a normal distribution function within 0.01.
    assert float(curves.slope[0]) == pytest.approx(1.702 * np.sqrt(10) / 0.8, rel=0.08)
    assert np.isnan(curves.irrelevant_weight.values).all()


def test_an_integrator_of_both_modalities_gives_each_its_weight_in_each_context():
    """It adds modality 1 and half of modality 2, whatever the cue says."""
    task = ContextDecision(noise=0.8, stimulus=10)
    curves = psychometric(task, integrator(context_task=True, weight=0.5), trials=40_000)
    assert float(curves.irrelevant_weight[0]) == pytest.approx(0.5, abs=0.05)
    assert float(curves.irrelevant_weight[1]) == pytest.approx(2.0, abs=0.2)
    low, high = (curves[f"fit_{end}"].sel(parameter="irrelevant_weight").values for end in ("low", "high"))
    assert low[0] < 0.5 < high[0]
    assert low[1] < 2.0 < high[1]
    counts, ignored = (curves.probability.sel(role=role).values for role in ("counts", "does not count"))
    assert np.ptp(counts[0]) > np.ptp(ignored[0]) + 0.2
    assert np.ptp(counts[1]) < np.ptp(ignored[1]) - 0.2
    np.testing.assert_array_equal(
        curves.answers.sum("coherence").sel(role="counts"), curves.answers.sum("coherence").sel(role="does not count")
    )


def test_a_bias_of_the_readout_moves_the_threshold():
    """One answer has a head start of 2 over a sum of 10 steps: the threshold is at -2 / (2 · 10)."""
    task = PerceptualDecision(noise=0.8, coherences=(0.05, 0.15, 0.3), stimulus=10)
    curves = psychometric(task, integrator(head_start=2.0), trials=20_000)
    assert float(curves.threshold[0]) == pytest.approx(-0.1, abs=0.01)


def test_trials_without_an_answer_are_in_no_curve():
    network = integrator()
    mute = RecurrentNetwork(**{**vars(network), "policy_bias": jnp.asarray([1e6, 0.0, 0.0])})
    curves = psychometric(PerceptualDecision(), mute, trials=100)
    assert curves.unanswered.values.tolist() == [1.0]
    assert int(curves.answers.sum()) == 0
    assert np.isnan(curves.probability.values).all()
    assert np.isnan(curves.slope.values).all()


def test_the_accuracy_is_that_of_an_evaluation():
    task = PerceptualDecision(noise=0.8, coherences=(0.05, 0.3), stimulus=10)
    curves = psychometric(task, integrator(), trials=2000, seed=5).isel(context=0).sel(role="counts")
    right = int(curves.plus[curves.coherence > 0].sum() + (curves.answers - curves.plus)[curves.coherence < 0].sum())
    found = evaluate(task, integrator(), derive_key("PerceptualDecision", 5, "psychometric trials"), 2000)
    assert right / 2000 == pytest.approx(float(found.accuracy), abs=1e-6)


def test_a_number_of_trials_that_cannot_be():
    with pytest.raises(SettingsError, match="trials is 15; it must be a multiple of 10"):
        psychometric(PerceptualDecision(), integrator(), trials=15)
