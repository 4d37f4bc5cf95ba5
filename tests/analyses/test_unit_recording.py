"""Recordings of units in real trials."""

import numpy as np

from attrax.analyses import (
    record_units,
)
from attrax.tasks.trial import DECISION, STAGES
from tests.analyses.built_units import BOTH, CONTEXT, SILENT, TASK, held


def test_a_recording_is_what_the_network_does_in_trials():
    network = held()
    recording = record_units(TASK, network, 40)
    trial = recording.trial == 7
    assert set(recording.features) == {"coherence_1", "coherence_2", "context", "choice", "correct", "time"}
    # followed by hand, without the noise that only the stimulus has: units 2 to 4 see none of it
    expected = np.maximum(recording.features["context"][trial], 0.0)
    np.testing.assert_allclose(recording.activity[trial, CONTEXT], expected)
    np.testing.assert_allclose(recording.activity[:, BOTH], 1.0)
    assert not recording.activity[:, SILENT].any()
    assert recording.features["time"][trial].tolist() == list(range(trial.sum()))
    assert recording.stage[trial][0] == STAGES.index("fixation")
    assert recording.stage[trial][-1] == DECISION
    again = record_units(TASK, network, 40)
    np.testing.assert_array_equal(recording.activity, again.activity)
    assert set(np.unique(np.abs(recording.features["coherence_1"]))) == {0.3, 1.0}
