"""States of real trials."""

import numpy as np
import pytest

from attrax.analyses.trial_states import states_of_trials
from tests.analyses.test_decision_sides import TASK, latch


def test_states_at_the_ends_of_stages_are_those_of_a_step_by_step_run():
    network, n_trials = latch(), 5
    run = states_of_trials(TASK, network, n_trials, seed=3)
    weights, inputs = np.asarray(network.recurrent_weights, float), np.asarray(network.input_weights, float)
    import jax

    from attrax.keys import derive_key

    keys = jax.random.split(derive_key("PerceptualDecision", 3, "trials for their states"), n_trials)
    for row, key in enumerate(keys):
        trial, hidden = TASK.trial(key), np.zeros(2)
        for step in range(TASK.longest_trial):
            drive = weights @ hidden + inputs @ np.asarray(trial.observation[step], float) + np.array([0.5, 0.5])
            hidden = np.maximum(drive, 0)
            if step in (1, 7, 10, 12):
                name = ("fixation", "stimulus", "delay", "decision")[(1, 7, 10, 12).index(step)]
                np.testing.assert_allclose(run.ends[name][row], hidden, atol=1e-5)
        assert run.choice[row] == int(trial.choice)
        assert run.coherence[row, 0] == pytest.approx(float(trial.coherence[0]))
