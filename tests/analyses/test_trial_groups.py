"""Groups by what units do in real trials."""

import numpy as np

from attrax.analyses import (
    NetworkOnTask,
    groups_in_trials,
    map_groups,
    record_units,
)
from attrax.analyses.unit_tuning import tuning_curves
from tests.analyses.built_units import BOTH, CONTEXT, MINUS, PLUS, SILENT, TASK, held


def test_groups_in_trials_are_those_that_were_planted():
    recording = record_units(TASK, held(), 200)
    grouped = groups_in_trials(recording)
    # modality 1 decides in context 1 only: there its two units are each active for one choice
    first = map_groups(NetworkOnTask(TASK, held()), followed=4, n_trials=200).sel(definition="trials", context=0)
    assert first.group.values[[PLUS, MINUS]].tolist() == ["G_+", "G_-"]
    assert grouped.group[[BOTH, CONTEXT, SILENT]].tolist() == ["G_a", "G_a", "G_s"]
    curves = tuning_curves(recording)
    assert curves.shape == (7, 8)  # two contexts, four coherences
    assert (np.diff(curves[PLUS, :4]) > -0.05).all()
    assert (np.diff(curves[MINUS, :4]) < 0.05).all()
    np.testing.assert_allclose(curves[CONTEXT], [0] * 4 + [1] * 4)
