"""What a training leaves behind, as it is stored."""

import numpy as np
import pytest

from attrax.analyses.training_record import checkpoints_of, training_columns, training_history
from attrax.learning import Progress, Trained
from attrax.learning.compiled_training import initial_network


@pytest.fixture
def networks(easy_task, small_network):
    return [initial_network(easy_task, small_network, seed) for seed in (0, 1)]


@pytest.fixture
def trained(networks):
    history = {
        "updates": np.array([0.0, 2.0, 4.0]),
        "accuracy": np.array([0.4, 0.7, 0.96], np.float32),
        "spectral_radius": np.array([0.9, 1.0, 1.2]),
    }
    known = {"network": networks[1], "checkpoints": {"initial": networks[0]}, "history": history, "status": "reached",
             "accuracy": 0.95, "accuracy_in_a_row": 0.9, "early_answers": 0.01, "updates": 4, "trials": 80,
             "checkpoint_progress": {"initial": Progress(0, 0, 0.4)}}  # fmt: skip
    return Trained(**{name: known.get(name) for name in Trained._fields})


def test_the_last_network_is_the_final_checkpoint(trained, networks):
    found, progress = checkpoints_of(trained)
    assert list(found) == ["initial", "final"]
    assert found["initial"] is networks[0]
    assert found["final"] is networks[1]
    assert progress["initial"] == Progress(0, 0, 0.4)
    assert progress["final"] == Progress(4, 80, pytest.approx(0.96))


def test_columns_say_how_the_training_ended(trained):
    columns = training_columns(trained)
    assert columns["reached"] is True
    assert columns["spectral_radius"] == 1.2
    assert {name: columns[name] for name in ("updates", "trials", "accuracy")} == {
        "updates": 4,
        "trials": 80,
        "accuracy": 0.95,
    }
    assert training_columns(trained._replace(status="diverged"))["reached"] is False


def test_the_history_is_over_updates(trained):
    history = training_history(trained)
    assert history["update"].values.tolist() == [0, 2, 4]
    assert set(history.data_vars) == {"accuracy", "spectral_radius"}
    assert history.accuracy.dtype == float
