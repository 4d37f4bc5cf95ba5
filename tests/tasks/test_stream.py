import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.tasks import draw_trials, labelled_sequence, reset, step
from attrax.tasks.context_decision import ContextDecision

TASK = ContextDecision(fixation=2, stimulus=3, delay=(1, 3), decision=2)


def test_trials_of_a_stream_do_not_depend_on_how_many_are_drawn():
    key = jax.random.key(4)
    many, few = draw_trials(TASK, key, 0, 8), draw_trials(TASK, key, 5, 2)
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(a[5:7], b), many, few)


def test_a_sequence_is_its_trials_end_to_end():
    trials = draw_trials(TASK, jax.random.key(0), 0, 3)
    lengths = np.asarray(trials.length)
    n_steps = int(lengths.sum()) + 4
    sequence = labelled_sequence(trials, n_steps, 0.25)
    position = 0
    for number, length in enumerate(lengths):
        part = slice(position, position + length)
        np.testing.assert_array_equal(sequence.observation[part], trials.observation[number, :length])
        np.testing.assert_array_equal(sequence.target[part], trials.target[number, :length])
        assert np.asarray(sequence.start[part]).tolist() == [True] + [False] * (length - 1)
        position += length
    weight = np.asarray(sequence.weight)
    assert (weight[:position] == np.where(np.asarray(sequence.target[:position]) == 0, 0.25, 1.0)).all()
    assert (weight[position:] == 0).all()
    assert not np.asarray(sequence.start[position:]).any()


def test_a_sequence_cuts_the_trial_that_does_not_fit():
    trials = draw_trials(TASK, jax.random.key(0), 0, 3)
    whole, cut = labelled_sequence(trials, 20, 0.1), labelled_sequence(trials, 11, 0.1)
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(a[:11], b), whole, cut)


@pytest.mark.parametrize("seed", range(5))
def test_environment_and_sequence_show_the_same_trials(seed):
    """Without an answer the environment walks through the very steps of the supervised sequence."""
    key = jax.random.key(seed)
    n_steps = 25
    sequence = labelled_sequence(draw_trials(TASK, key, 0, 5), n_steps, 0.1)
    state = reset(TASK, key)
    advance = jax.jit(lambda state: step(TASK, state, jnp.array(0)))
    for index in range(n_steps):
        np.testing.assert_allclose(state.observation, sequence.observation[index], atol=1e-6)
        assert int(state.trial.target[state.step]) == int(sequence.target[index])
        assert (int(state.step) == 0) == bool(sequence.start[index])
        state, _ = advance(state)


def test_an_answer_in_the_decision_stage_starts_the_next_trial_of_the_stream():
    key = jax.random.key(9)
    state = reset(TASK, key)
    while int(state.trial.stage[state.step]) < 3:
        state, feedback = step(TASK, state, jnp.array(0))
    state, feedback = step(TASK, state, state.trial.choice)
    assert float(feedback.reward) == 1.0
    assert bool(feedback.end)
    assert (int(state.number), int(state.step)) == (1, 0)
    expected = draw_trials(TASK, key, 1, 1)
    np.testing.assert_array_equal(state.trial.observation, expected.observation[0])
