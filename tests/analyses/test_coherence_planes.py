"""The points of a plane of coherences."""

import numpy as np

from attrax.analyses.coherence_planes import coherence_axes, plane_coherences
from attrax.tasks.context_decision import ContextDecision
from attrax.tasks.perceptual_decision import PerceptualDecision


def test_the_second_coherence_runs_fastest():
    task = ContextDecision()
    axes = coherence_axes(task, 3)
    assert [axis.tolist() for axis in axes] == [[-1, 0, 1], [-1, 0, 1]]
    expected = [[-1, -1], [-1, 0], [-1, 1], [0, -1], [0, 0], [0, 1], [1, -1], [1, 0], [1, 1]]
    assert plane_coherences(task, axes).tolist() == expected


def test_a_task_of_one_modality_has_a_plane_of_one_column():
    task = PerceptualDecision()
    axes = coherence_axes(task, 5)
    assert axes[1].tolist() == [0]
    np.testing.assert_array_equal(plane_coherences(task, axes), np.linspace(-1, 1, 5)[:, None])
