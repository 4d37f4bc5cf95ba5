"""What came of each trial: the same trials, one by one, as an evaluation tells in sum."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.analyses.disturbed_trials import trial_outcomes
from attrax.learning import evaluate
from attrax.learning.compiled_training import initial_network
from attrax.learning.evaluation import IN_A_ROW
from attrax.networks import NetworkSettings
from attrax.tasks.context_decision import ContextDecision
from attrax.tasks.trial import STAGES

TASK = ContextDecision(fixation=1, stimulus=3, delay=(1, 3), decision=3, coherences=(0.5, 1.0), noise=0.1)
KEY, N_TRIALS = jax.random.key(3), 400


def network(seed=3, **settings):
    """A network that answers now and then, and not always in time."""
    drawn = initial_network(TASK, NetworkSettings(delta=0.6, n_hidden=16, readout_delta=1.0, **settings), seed)
    return dataclasses.replace(drawn, policy_bias=jnp.array([0.4, 0.0, 0.0]))


def assert_equal(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


@pytest.mark.parametrize("carry_hidden", [False, True])
def test_outcomes_average_to_the_evaluation(carry_hidden):
    evaluation = evaluate(TASK, network(), KEY, N_TRIALS, carry_hidden)
    outcomes = trial_outcomes(TASK, network(), KEY, N_TRIALS, carry_hidden)
    assert 0.05 < float(evaluation.accuracy) < 0.95
    assert 0.05 < float(evaluation.early_answers) < 0.95
    assert jnp.mean(outcomes.right, dtype=float) == evaluation.accuracy
    assert jnp.mean(outcomes.early, dtype=float) == evaluation.early_answers
    assert jnp.mean(outcomes.reward.reshape(IN_A_ROW, -1)) == evaluation.reward


def test_trials_are_told_with_what_they_were():
    outcomes = trial_outcomes(TASK, network(), KEY, N_TRIALS)
    assert outcomes.coherence.shape == (N_TRIALS, 2)
    assert set(np.unique(outcomes.context)) == {0, 1}
    assert set(np.unique(np.abs(outcomes.coherence))) == {0.5, 1.0}
    # who always says "+" is right where the relevant coherence is positive
    plus = dataclasses.replace(network(), policy_weights=jnp.zeros((3, 16)), policy_bias=jnp.array([0.0, 1.0, 0.0]))
    always = trial_outcomes(TASK, plus, KEY, N_TRIALS)
    relevant = np.take_along_axis(np.asarray(always.coherence), np.asarray(always.context)[:, None], axis=1)[:, 0]
    np.testing.assert_array_equal(always.right, relevant > 0)


def test_no_noise_is_exactly_nothing():
    plain = trial_outcomes(TASK, network(), KEY, N_TRIALS)
    assert_equal(plain, trial_outcomes(TASK, network(), KEY, N_TRIALS, state_noise=0.0))
    assert_equal(plain, trial_outcomes(TASK, network(), KEY, N_TRIALS, state_noise=jnp.zeros(())))


def test_noise_on_the_state_has_the_size_that_was_asked_for():
    """A readout that asks whether one silent unit is above a bar: the share is that of the normal distribution."""
    one = jax.tree.map(jnp.zeros_like, network())
    asks = dataclasses.replace(
        one, policy_weights=jnp.zeros((3, 16)).at[1, 0].set(1.0), policy_bias=jnp.array([0.5, 0.0, -9.0])
    )
    short = dataclasses.replace(TASK, fixation=0, stimulus=1, delay=0, decision=1)
    n = 4000
    outcomes = trial_outcomes(short, asks, KEY, n, state_noise=0.5)  # one standard deviation
    assert float(outcomes.early.mean()) == pytest.approx(0.1587, abs=4 * np.sqrt(0.1587 * 0.8413 / n))
    assert not trial_outcomes(short, asks, KEY, n, state_noise=0.01).early.any()
    again = trial_outcomes(short, asks, KEY, n, state_noise=0.5)
    assert_equal(outcomes, again)
    independent = np.corrcoef(np.asarray(outcomes.early).reshape(IN_A_ROW, -1))[0, 1:]
    assert np.abs(independent).max() < 5 / np.sqrt(n / IN_A_ROW)


@pytest.mark.parametrize("leak", [1.0, 0.3])
@pytest.mark.parametrize("stage", [None, *STAGES])
def test_a_stand_in_that_is_the_network_changes_nothing(leak, stage):
    acting = network(leak=leak)
    stages = None if stage is None else jnp.asarray(np.array(STAGES) == stage)
    plain = trial_outcomes(TASK, acting, KEY, N_TRIALS)
    assert_equal(plain, trial_outcomes(TASK, acting, KEY, N_TRIALS, stand_in=acting, stages=stages))


def test_a_stand_in_acts_in_the_stages_that_are_named_and_in_no_other():
    mine, other = network(3), network(1)
    alone = trial_outcomes(TASK, other, KEY, N_TRIALS)
    assert_equal(alone, trial_outcomes(TASK, mine, KEY, N_TRIALS, stand_in=other))
    assert_equal(alone, trial_outcomes(TASK, mine, KEY, N_TRIALS, stand_in=other, stages=jnp.ones(4, bool)))
    mine_alone = trial_outcomes(TASK, mine, KEY, N_TRIALS)
    assert_equal(mine_alone, trial_outcomes(TASK, mine, KEY, N_TRIALS, stand_in=other, stages=jnp.zeros(4, bool)))
    # one network speaks before the decision, the other only in it: early answers are the one's, right ones the other's
    silent = dataclasses.replace(other, policy_weights=jnp.zeros((3, 16)), policy_bias=jnp.array([1.0, 0.0, 0.0]))
    decision = jnp.array([False, False, False, True])
    mute = trial_outcomes(TASK, mine, KEY, N_TRIALS, stand_in=silent, stages=decision)
    assert not mute.right.any()
    np.testing.assert_array_equal(mute.early, mine_alone.early)
