import jax.numpy as jnp
import numpy as np
import pytest

from attrax.analyses.coherence_planes import coherence_axes
from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.settings import PlaneSettings
from attrax.analyses.stage_planes import map_planes, plane_shares
from attrax.dynamics import Effort
from attrax.learning.compiled_training import initial_network
from attrax.networks import NetworkSettings
from attrax.tasks.context_decision import ContextDecision
from attrax.tasks.perceptual_decision import PerceptualDecision

SETTINGS = PlaneSettings(points=3, effort=Effort(settling_steps=400, steps=1000, extension=1), orbit_steps=40)


def network(task, delta=0.6, n_hidden=16, seed=0):
    return initial_network(task, NetworkSettings(delta=delta, n_hidden=n_hidden), seed)


def test_the_plane_is_the_label_of_each_points_own_map(easy_task):
    """One point, followed by hand in float64 for as long as it takes."""
    net = network(easy_task)
    planes = map_planes(NetworkOnTask(easy_task, net), SETTINGS)
    inputs = NetworkOnTask(easy_task, net)
    checked = 0
    for x, c1 in enumerate(planes.coherence_1.values):
        for y, c2 in enumerate(planes.coherence_2.values):
            point = planes.sel(stage="stimulus", start="stage", context=0).isel(coherence_1=x, coherence_2=y)
            coherence = np.array([[c1, c2]])
            bias = inputs.biases("stimulus", coherence, 0)[0]
            hidden = inputs.starts("stimulus", coherence, 0)[0]
            for _ in range(20_000):
                hidden = np.maximum(inputs.weights @ hidden + bias, 0)
            again = np.maximum(inputs.weights @ hidden + bias, 0)
            if point.kind == "fixed point":
                np.testing.assert_allclose(again, hidden, rtol=1e-9, atol=1e-12)
                checked += 1
            else:
                assert np.abs(again - hidden).max() > 1e-6 or not np.isfinite(hidden).all() or point.neutral
    assert checked > 0


@pytest.mark.parametrize("task", [ContextDecision(), PerceptualDecision()])
def test_dimensions_and_shares(task):
    planes = map_planes(NetworkOnTask(task, network(task)), SETTINGS)
    points = 3 if task.n_modalities == 2 else 1
    assert planes.kind.dims == ("stage", "context", "start", "coherence_1", "coherence_2")
    assert planes.kind.shape == (3, task.n_contexts, 2, 3, points)
    assert [axis.size for axis in coherence_axes(task, 3)] == [3, points]
    shares = plane_shares(planes)
    total = sum(shares[f"frac_{kind}"] for kind in ("fixed", "cycle", "quasi", "chaotic", "divergent", "undecided"))
    assert total == pytest.approx(1.0)
    assert shares["frac_locked"] <= shares["frac_cycle"]
    stimulus = planes.sel(stage="stimulus", start="stage")
    assert shares["frac_fixed"] == float((stimulus.kind == "fixed point").mean())
    stimulus.kind.values[:] = "cycle"
    stimulus.period.values[:] = 10
    stimulus.period.values[0, 0, 0] = 11
    locked = plane_shares(planes)
    assert (locked["frac_cycle"], locked["frac_locked"]) == (1.0, 1 / stimulus.kind.size)


def test_an_oscillating_point_leaves_its_orbit_in_the_readout_plane():
    """A rotation by one radian, held in bounds by the ReLU, oscillates whatever the input."""
    import dataclasses

    task = PerceptualDecision()
    net = network(task, n_hidden=3)
    # h1 -> h2 -> h3 -| h1: a negative feedback loop with a gain that no fixed point survives
    loop = 1.6 * jnp.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    net = dataclasses.replace(net, recurrent_weights=loop, bias=jnp.array([1.0, 0.0, 0.0]))
    planes = map_planes(NetworkOnTask(task, net), SETTINGS)
    oscillating = planes.kind.sel(stage="stimulus").isin(["quasi-periodic", "cycle", "chaotic"])
    kept = int((~np.isnan(planes.orbit_context.values)).sum())
    assert kept == min(3, int((oscillating & (planes.period.sel(stage="stimulus") != 2)).sum(
        ["context", "coherence_1", "coherence_2"]).sel(start="stage")))  # fmt: skip
    assert kept > 0
    assert np.isfinite(planes.readout_orbit.values[:kept]).all()
    assert planes.readout_orbit.values[0].std(axis=0).max() > 0
