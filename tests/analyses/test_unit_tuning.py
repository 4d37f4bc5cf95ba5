"""Tuning curves of a recording that is known."""

import numpy as np

from attrax.analyses.unit_recording import UnitRecording
from attrax.analyses.unit_tuning import conditions_of, tuning_curves
from attrax.tasks.trial import DECISION


def made_up():
    """Four trials of two steps, one before the decision; unit 0 follows the coherence that counts, 1 the trial."""
    trial = np.repeat(np.arange(4), 2)
    context, first, second = np.array([0, 0, 1, 1]), np.array([-1.0, 1.0, 1.0, 1.0]), np.array([0.5, 0.5, -0.5, -0.5])
    counted = np.where(context == 0, first, second)
    activity = np.stack([counted[trial], trial], axis=1).astype(float)
    activity[::2] = 99.0  # what units do before the decision does not count
    features = {"coherence_1": first[trial], "coherence_2": second[trial], "context": context[trial]}
    stage = np.tile([DECISION - 1, DECISION], 4)
    return UnitRecording(activity, features, trial, stage, activity, np.ones(8, int))


def test_a_curve_is_the_mean_over_the_trials_of_each_condition():
    curves = tuning_curves(made_up())
    assert curves[0].tolist() == [-1.0, 1.0, -0.5]
    assert curves[1].tolist() == [0.0, 1.0, 2.5]


def test_conditions_are_told_in_the_order_of_the_curves():
    context, coherence = conditions_of(made_up())
    assert context.tolist() == [0, 0, 1]
    assert coherence.tolist() == [-1.0, 1.0, -0.5]


def test_a_unit_that_diverges_has_no_curve_and_the_others_have():
    recording = made_up()
    activity = recording.activity.copy()
    activity[1, 0] = np.inf
    curves = tuning_curves(recording._replace(activity=activity))
    assert not np.isfinite(curves[0]).all()
    assert curves[1].tolist() == [0.0, 1.0, 2.5]
