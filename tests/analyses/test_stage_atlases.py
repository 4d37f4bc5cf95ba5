"""The atlas of a task's stimulus stage."""

import numpy as np
import pytest

from attrax.analyses import map_atlases, stage_atlas
from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.settings import PlaneSettings
from attrax.analyses.stage_atlases import atlas_shares
from attrax.dynamics import Effort
from attrax.learning.compiled_training import initial_network
from attrax.networks import NetworkSettings
from attrax.tasks.perceptual_decision import PerceptualDecision

EFFORT = Effort(settling_steps=400, steps=1000, extension=1)


@pytest.fixture
def trained(easy_task):
    return easy_task, initial_network(easy_task, NetworkSettings(delta=0.5, n_hidden=16), 0)


def test_the_atlas_is_that_of_the_stages_own_input(trained):
    task, network = trained
    inputs = NetworkOnTask(task, network)
    for context in range(task.n_contexts):
        found = stage_atlas(NetworkOnTask(task, network), context, EFFORT, samples=16)
        points = np.random.default_rng(context).uniform(-1, 1, (20, 2))
        np.testing.assert_allclose(found.regions.plane.biases(points), inputs.biases("stimulus", points, context))
        np.testing.assert_allclose(found.start, inputs.starts("stimulus", np.zeros((1, 2)), context)[0])
        which, regions = found.above(points)
        for point, region in zip(which, regions, strict=True):
            cycle = found.regions.found[region].states(points[point][None], network.leak)[0]
            image = np.maximum(cycle @ inputs.weights.T + inputs.biases("stimulus", points[point][None], context), 0)
            np.testing.assert_allclose(image, np.roll(cycle, -1, axis=0), atol=1e-9)


def test_arrays_for_the_store_hold_both_contexts(trained):
    task, network = trained
    asked = []

    def keep(name, compute):
        asked.append(name)
        return compute()

    arrays = map_atlases(NetworkOnTask(task, network), PlaneSettings(effort=EFFORT, atlas_samples=8), keep)
    assert asked == ["atlas 0", "atlas 1"]
    assert arrays.sizes["context"] == 2
    np.testing.assert_allclose(arrays.atlas_coexisting.sum("attractors"), 1, atol=1e-9)
    assert (arrays.atlas_low <= arrays.atlas_share).all()
    assert (arrays.atlas_share <= arrays.atlas_high).all()
    for context in range(2):
        found = stage_atlas(NetworkOnTask(task, network), context, EFFORT, samples=8)
        part = arrays.isel(context=context)
        assert int((part.atlas_period > 0).sum()) == len(found.stable)
        assert float(part.atlas_share.sel(atlas_kind="fixed point")) == pytest.approx(found.areas()["fixed point"])
    shares = atlas_shares(arrays)
    assert 0 <= shares["atlas_coexist"] <= 1
    assert shares["atlas_complete"] is True
    assert shares["atlas_fixed"] == pytest.approx(float(arrays.atlas_share.sel(atlas_kind="fixed point").mean()))


def test_a_task_of_one_modality_has_strips():
    task = PerceptualDecision()
    network = initial_network(task, NetworkSettings(delta=0.5, n_hidden=12), 1)
    found = stage_atlas(NetworkOnTask(task, network), 0, EFFORT, samples=16)
    for region in found.regions.found:
        heights = np.unique(region.polygon.corners[:, 1].round(9))
        assert heights.tolist() == [0.0, 1.0]
