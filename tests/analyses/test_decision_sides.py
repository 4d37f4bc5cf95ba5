import jax.numpy as jnp
import numpy as np
import pytest

from attrax.analyses import NetworkOnTask, trial_sides, wrong_side
from attrax.networks import RecurrentNetwork
from attrax.tasks.perceptual_decision import PerceptualDecision

TASK = PerceptualDecision(
    fixation=2, stimulus=6, delay=3, decision=2, coherences=(0.1, 0.5), noise=0.4, fixation_input="until decision"
)


def latch(gain=1.0, threshold=0.0):
    """Two units that silence each other and hold what the stimulus has decided; the go cue lets the answer out."""
    return RecurrentNetwork(
        recurrent_weights=jnp.array([[0.4, -1.2], [-1.2, 0.4]]),
        input_weights=jnp.array([[0.0, gain], [0.0, -gain]]),
        bias=jnp.array([0.5, 0.5]),
        policy_weights=jnp.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]),
        policy_bias=jnp.array([threshold, 0.0, 0.0]),
        value_weights=jnp.zeros(2),
        value_bias=jnp.zeros(()),
    )


def test_a_latch_answers_as_the_side_says_on_which_it_was_when_the_decision_began():
    sides = trial_sides(NetworkOnTask(TASK, latch()), 200, label=True)
    decided = sides.side.sel(stage="decision").values
    np.testing.assert_array_equal(decided, np.where(sides.answer.values == 1, 1, -1))
    assert set(np.unique(sides.kind.sel(stage=["delay", "decision"]))) == {"fixed point"}
    np.testing.assert_array_equal(sides.wrong.sel(stage="decision"), sides.answer != sides.choice)
    # the stimulus decides, so the sides at the beginning of the delay are not all right, and weak evidence is harder
    table = wrong_side(sides)
    assert table.strength.values.tolist() == [0.1, 0.5]
    assert int(table.trials.sum()) == 200
    assert table.wrong_side.sel(stage="delay").values[0] > table.wrong_side.sel(stage="delay").values[1]
    np.testing.assert_allclose(table.wrong_side.sel(stage="decision"), table.wrong_answer)


def test_a_network_that_only_ever_favours_plus_is_wrong_in_all_trials_of_the_other_choice():
    network = latch(gain=0.0)
    biased = RecurrentNetwork(**{**vars(network), "bias": jnp.array([1.0, -1.0])})
    sides = trial_sides(NetworkOnTask(TASK, biased), 100)
    assert (sides.side == 1).all()
    for stage in sides.stage.values:
        np.testing.assert_array_equal(sides.wrong.sel(stage=stage), sides.choice == 2)


def test_a_state_that_diverges_is_on_no_side():
    growing = RecurrentNetwork(**{**vars(latch()), "recurrent_weights": jnp.array([[1.5, 0.0], [0.0, 1.4]])})
    sides = trial_sides(NetworkOnTask(TASK, growing), 20)
    assert (sides.side == 0).all()
    assert not sides.wrong.any()
    table = wrong_side(sides)
    assert (table.wrong_side == 1).all()
    assert (table.no_side == 1).all()
    assert set(np.unique(trial_sides(NetworkOnTask(TASK, growing), 20, label=True).kind)) == {"divergent"}


def test_what_cannot_be_asked_is_told():
    with pytest.raises(ValueError, match="stages"):
        trial_sides(NetworkOnTask(TASK, latch()), stages=("answer",))
    with pytest.raises(ValueError, match="n_trials"):
        trial_sides(NetworkOnTask(TASK, latch()), 0)


@pytest.mark.parametrize("delay", [0, (0, 2)])
def test_a_delay_without_steps_ends_in_the_state_of_the_stimulus(delay):
    task = PerceptualDecision(fixation=2, stimulus=6, delay=delay, decision=2, coherences=(0.1, 0.5), noise=0.4)
    sides = trial_sides(NetworkOnTask(task, latch()), 100)
    np.testing.assert_array_equal(sides.side.sel(stage="decision"), np.where(sides.answer == 1, 1, -1))
