"""Lesions of networks whose behaviour is known."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.analyses.disturbed_trials import trial_outcomes
from attrax.analyses.lesions import cut, cut_weights, perturb_weights, silence
from attrax.learning import evaluate
from attrax.learning.compiled_training import initial_network
from attrax.networks import NetworkSettings
from attrax.settings import SettingsError
from attrax.tasks.context_decision import ContextDecision
from tests.analyses.built_decider import decider

TASK = ContextDecision(fixation=1, stimulus=3, delay=(1, 2), decision=2, coherences=(0.5, 1.0), noise=0.1)
N_UNITS = 8
KEY = jax.random.key(0)
SETS = st.sets(st.integers(0, N_UNITS - 1))


def drawn(cell="relu", **given_settings):
    network = NetworkSettings(delta=0.5, n_hidden=N_UNITS, cell=cell, **given_settings)
    return initial_network(TASK, network, 0)


def run(network, steps=12):
    observation = jax.random.normal(jax.random.key(1), (steps, 3, TASK.n_inputs))
    return network.run(jnp.zeros((3, network.n_state)), observation, jnp.zeros((steps, 3), bool))


def assert_same(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


def test_silencing_the_units_of_a_choice_takes_that_choice_away():
    task, network = decider()
    outcomes = trial_outcomes(task, network, KEY, 400)
    relevant = np.take_along_axis(np.asarray(outcomes.coherence), np.asarray(outcomes.context)[:, None], axis=1)[:, 0]
    first = np.asarray(outcomes.context) == 0  # the network sees the first modality alone
    right = np.asarray(trial_outcomes(task, silence(network, [0, 1]), KEY, 400).right)
    assert np.asarray(outcomes.right)[first].all()
    assert not right[first & (relevant > 0)].any()
    assert right[first & (relevant < 0)].all()


def test_the_accuracy_after_a_lesion_is_that_of_the_lesioned_network():
    lesioned = silence(drawn(), [1, 4])
    right = trial_outcomes(TASK, lesioned, KEY, 400).right
    assert jnp.mean(right, dtype=float) == evaluate(TASK, lesioned, KEY, 400).accuracy


@pytest.mark.parametrize("cell", ["relu", "tanh", "saturating", "gru", "lstm"])
def test_a_silent_unit_stays_at_zero_and_the_others_do_not_see_it(cell):
    network = silence(drawn(cell), [2, 5])
    states = run(network)
    assert (states[..., [2, 5]] == 0).all()
    assert (np.abs(states[..., [0, 1, 3, 4, 6, 7]]).max(axis=(0, 1)) > 0).all()
    hidden = jnp.zeros((1, network.n_state))
    pushed = hidden.at[0, jnp.array([2, 5])].set(3.0)
    observation = jnp.ones((1, TASK.n_inputs))
    others = [0, 1, 3, 4, 6, 7]
    np.testing.assert_array_equal(
        network.step(pushed, observation)[:, others], network.step(hidden, observation)[:, others]
    )
    np.testing.assert_array_equal(network.logits(pushed), network.logits(hidden))
    np.testing.assert_array_equal(network.value(pushed), network.value(hidden))


def test_a_softplus_unit_rests_at_log_two_unseen():
    network = silence(drawn("softplus"), [2])
    states = run(network)
    np.testing.assert_allclose(states[..., 2], np.log(2), rtol=1e-6)
    unseen = dataclasses.replace(network, bias=network.bias.at[2].set(5.0))
    others = [0, 1, 3, 4, 5, 6, 7]
    np.testing.assert_array_equal(run(unseen)[..., others], states[..., others])


@pytest.mark.parametrize("cell", ["relu", "gru", "lstm"])
def test_a_lesion_of_nothing_changes_nothing(cell):
    network = drawn(cell)
    assert_same(silence(network, []), network)
    assert_same(silence(network, np.zeros(N_UNITS, bool)), network)
    assert_same(cut(network, [], range(N_UNITS)), network)
    assert_same(cut(network, [1], []), network)
    assert_same(perturb_weights(network, 0.0, KEY), network)


@settings(deadline=None, max_examples=25)
@given(sources=SETS, targets=SETS)
def test_cutting_leaves_every_other_weight(sources, targets):
    network = drawn("gru")
    before = np.asarray(network.recurrent_weights).reshape(3, N_UNITS, N_UNITS)
    after = np.asarray(cut(network, sorted(sources), sorted(targets)).recurrent_weights).reshape(before.shape)
    is_cut = np.array([[s in sources and t in targets for s in range(N_UNITS)] for t in range(N_UNITS)])
    assert (after[:, is_cut] == 0).all()
    np.testing.assert_array_equal(after[:, ~is_cut], before[:, ~is_cut])


@settings(deadline=None, max_examples=25)
@given(units=SETS)
def test_indices_and_masks_are_the_same_lesion_and_it_can_be_done_twice(units):
    network, mask = drawn(), np.array([unit in units for unit in range(N_UNITS)])
    once = silence(network, sorted(units))
    assert_same(once, silence(network, mask))
    assert_same(once, silence(once, mask))
    assert_same(
        once.recurrent_weights,
        cut(cut(network, mask, ~np.zeros(N_UNITS, bool)), range(N_UNITS), mask).recurrent_weights,
    )


@settings(deadline=None, max_examples=20)
@given(size=st.floats(0.01, 2), seed=st.integers(0, 99), density=st.sampled_from([0.4, 1.0]))
def test_noise_on_the_weights_has_the_norm_that_was_asked_for(size, seed, density):
    network = drawn(density=density)
    noisy = perturb_weights(network, size, jax.random.key(seed))
    added = np.asarray(noisy.recurrent_weights, float) - np.asarray(network.recurrent_weights, float)
    assert np.linalg.norm(added) == pytest.approx(size * np.linalg.norm(network.recurrent_weights), rel=1e-5)
    if network.mask is not None:
        assert (added[~np.asarray(network.mask)] == 0).all()
        assert_same(noisy, noisy.constrained())


def test_single_weights_can_be_cut():
    which = np.zeros((N_UNITS, N_UNITS), bool)
    which[3, 1] = True
    after = cut_weights(drawn(), which).recurrent_weights
    assert after[3, 1] == 0
    assert (np.asarray(after) != np.asarray(drawn().recurrent_weights)).sum() == 1


@pytest.mark.parametrize(
    ("units", "words"),
    [
        (np.zeros(3, bool), r"mask of units has shape \(3,\); it must have shape \(8,\)"),
        ([0, 8], "units go from 0 to 8; they must lie between 0 and 7"),
        ([-1], "between 0 and 7"),
        ([0.5], "units are float64"),
        ([[0, 1]], "a mask or a list of indices"),
    ],
)
def test_units_that_are_not_there_are_refused(units, words):
    with pytest.raises(SettingsError, match=words):
        silence(drawn(), units)
    with pytest.raises(SettingsError, match=words):
        cut(drawn(), units, [0])
