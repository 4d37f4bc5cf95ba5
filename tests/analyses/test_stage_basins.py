import numpy as np
import pytest

from attrax.analyses import NetworkOnTask, basins_of_stage, trial_sides
from attrax.dynamics import Effort
from tests.analyses.test_decision_sides import TASK, latch

QUICK = Effort(settling_steps=300, steps=1000, extension=1)


@pytest.fixture(scope="module", params=["components", "readout"])
def basins(request):
    return basins_of_stage(
        NetworkOnTask(TASK, latch()), "delay", 0, axes=request.param, n_trials=60, points=11, effort=QUICK, solves=50
    )


def test_in_two_dimensions_trials_go_where_the_plane_says(basins):
    """The latch has two units, so its plane is the whole state space."""
    assert basins.attractor_kind.values.tolist() == ["fixed point", "fixed point"]
    for point, reached in zip(basins.trial_point.values, basins.trial_attractor.values.tolist(), strict=True):
        corners = basins.attractor.sel(u=point[0], v=point[1], method="nearest")
        # by the symmetry of the units the border is h1 = h2; points of the grid that are nearer than a cell can differ
        state = basins.centre.values + point @ basins.axes.values
        if abs(state[0] - state[1]) > 0.6:
            assert int(corners) == reached


def test_borders_are_where_both_units_are_equal_and_belong_to_the_saddle(basins):
    states = basins.centre.values + basins.border_point.values @ basins.axes.values
    # where both units stay active in the next step; elsewhere the border is bent
    weights = np.asarray(latch().recurrent_weights, dtype=float)
    positive = (states @ weights.T + 0.5 > 0).all(axis=1)
    assert positive.any()
    np.testing.assert_allclose(states[positive, 0], states[positive, 1], atol=1e-4)
    assert (basins.border_saddle.values[positive] == 0).all()
    np.testing.assert_allclose(basins.saddle_state.values, [[0.5 / 1.8] * 2])


def test_trials_are_those_whose_sides_are_counted(basins):
    sides = trial_sides(NetworkOnTask(TASK, latch()), 60, ("delay",))
    np.testing.assert_array_equal(basins.trial_choice, sides.choice)
    plus = int(basins.trial_attractor.values[sides.side.values[0] == 1][0])
    np.testing.assert_array_equal(basins.trial_attractor.values == plus, sides.side.values[0] == 1)


def test_axes_are_orthonormal_and_say_how_much_they_hold(basins):
    np.testing.assert_allclose(basins.axes.values @ basins.axes.values.T, np.eye(2), atol=1e-12)
    assert basins.axis_share.values.sum() == pytest.approx(1)


def test_what_cannot_be_asked_is_told():
    with pytest.raises(ValueError, match="stage is"):
        basins_of_stage(NetworkOnTask(TASK, latch()), "answer", 0)
    with pytest.raises(ValueError, match="n_trials is 0"):
        basins_of_stage(NetworkOnTask(TASK, latch()), "delay", 0, n_trials=0)
    with pytest.raises(ValueError, match="span no plane"):
        basins_of_stage(NetworkOnTask(TASK, latch()), "fixation", 0, n_trials=5, effort=QUICK)
    with pytest.raises(ValueError, match="context is 1"):
        basins_of_stage(NetworkOnTask(TASK, latch()), "delay", 1)
    with pytest.raises(ValueError, match="coherence has 2 values"):
        basins_of_stage(NetworkOnTask(TASK, latch()), "stimulus", 0, coherence=(0.1, 0.2))
