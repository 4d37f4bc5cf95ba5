"""A network in trials: what an onlooker is told, and that runs can be parted anywhere."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.learning.compiled_training import initial_network
from attrax.learning.greedy_trials import before_trials, greedy_move, run_trials, run_until_answered
from attrax.networks import NetworkSettings
from attrax.tasks.context_decision import ContextDecision

TASK = ContextDecision(fixation=1, stimulus=3, delay=(1, 3), decision=3, coherences=(0.5, 1.0), noise=0.1)


@pytest.fixture(scope="module")
def trials():
    return jax.vmap(TASK.trial)(jax.random.split(jax.random.key(1), 40))


@pytest.fixture(scope="module")
def network():
    drawn = initial_network(TASK, NetworkSettings(delta=0.6, n_hidden=16, readout_delta=1.0), 3)
    return jax.tree.map(jnp.asarray, drawn)


def by_hand(network, trials, number):
    """States, first answer and last step of one trial, step by step, without any of the code that is tested."""
    hidden, states, answer, ended = np.zeros(network.n_state), [], 0, False
    one = jax.tree.map(lambda values: values[number], trials)
    for step in range(TASK.longest_trial):
        hidden = np.asarray(network.step(jnp.asarray(hidden)[None], one.observation[None, step]))[0]
        states.append(hidden)
        action = int(np.asarray(network.logits(jnp.asarray(hidden)[None]))[0].argmax())
        feedback = TASK.judge(one, jnp.asarray(step), jnp.asarray(action))
        if not ended:
            answer, ended = int(feedback.answer), bool(feedback.end)
    return np.array(states), answer


def test_an_onlooker_is_told_of_every_step(network, trials):
    def observe(total, moment):
        return total + moment.going, (moment.step, moment.before, moment.hidden)

    run = run_trials(TASK, network, trials, observe, jnp.zeros(40, int))
    steps, before, hidden = (np.asarray(values) for values in run.kept)
    assert steps.tolist() == list(range(TASK.longest_trial))
    np.testing.assert_array_equal(before[1:], hidden[:-1])
    assert not before[0].any()
    for number in range(3):
        states, answer = by_hand(network, trials, number)
        np.testing.assert_allclose(hidden[:, number], states, rtol=2e-5, atol=1e-6)
        assert int(run.answer[number]) == answer
    assert len(set(np.asarray(run.answer).tolist())) > 1


def test_a_state_stays_where_an_answer_ends_its_trial(network, trials):
    def watch(seen, moment):
        return seen, (moment.going, moment.hidden)

    run = run_trials(TASK, network, trials, watch, None, stop_at_end=True)
    going, hidden = (np.asarray(values) for values in run.kept)
    last = going.sum(axis=0) - 1
    assert (last < TASK.longest_trial - 1).any()
    np.testing.assert_array_equal(np.asarray(run.hidden), hidden[last, np.arange(40)])


@pytest.mark.parametrize("parted_at", [0, 1, 4, 9])
def test_a_run_that_is_parted_gives_the_same_answers(network, trials, parted_at):
    whole = run_trials(TASK, network, trials, lambda seen, moment: (seen, None), None)
    move = greedy_move(network, trials)
    first = run_until_answered(TASK, trials, move, before_trials(network, trials), 0, parted_at)
    both = run_until_answered(TASK, trials, move, first, parted_at, TASK.longest_trial)
    np.testing.assert_array_equal(both.answer, whole.answer)


def test_it_ends_when_all_have_answered(network, trials):
    """Whoever always says "+" has answered at the first step of the decision: the state is that of that step."""
    always = jax.tree.map(lambda values: values, network)
    always = always.__class__(
        **{**vars(network), "policy_weights": jnp.zeros((3, 16)), "policy_bias": jnp.array([0.0, 1, 0])}
    )
    alike = jax.tree.map(lambda values: jnp.repeat(values[:1], 5, axis=0), trials)
    ran = run_until_answered(
        TASK, alike, greedy_move(always, alike), before_trials(always, alike), 0, TASK.longest_trial
    )
    states, answer = by_hand(always, alike, 0)
    decided = int(np.flatnonzero(np.asarray(alike.stage[0]) == 3)[0])
    assert answer == 1
    assert np.asarray(ran.answer).tolist() == [1] * 5
    np.testing.assert_allclose(np.asarray(ran.hidden[0]), states[decided], rtol=2e-5, atol=1e-6)
