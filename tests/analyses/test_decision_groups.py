"""Groups of units by where each of the two decisions is held."""

import numpy as np
import pytest

from attrax.analyses import NetworkOnTask, map_groups
from attrax.networks import RecurrentNetwork
from attrax.networks.cells import Relu
from tests.analyses.built_decider import decider, jnp


def test_the_groups_of_a_network_that_was_built_are_those_that_were_planted():
    task, network = decider()
    every = map_groups(NetworkOnTask(task, network), followed=4, n_trials=40)
    found = every.sel(context=0, definition="decision attractors")
    assert found.choice_found.values.all()
    assert found.choice_attractors.values.tolist() == [1, 1]
    assert found.group.values.tolist() == ["G_+", "G_+", "G_-", "G_-", "G_a", "G_s"]
    # h = 0.1 + 0.8 h: the pair that holds the decision is at one half, the other at zero
    np.testing.assert_allclose(found.choice_activity.values[0], [0.5, 0.5, 0, 0, 1, 0], atol=1e-6)
    assert found.choice_share.values.tolist() == [1.0, 1.0]
    # by the trials themselves and by where the delay leads, the same: the network holds one decision in one state
    np.testing.assert_allclose(every.group_agreement.sel(context=0).values, 1.0)
    # The second context's modality does not reach these units, so trials go to either attractor by chance; sorted by
    # their right answer they do not differ.
    other = every.sel(context=1)
    assert (other.choice_share.sel(definition="decision attractors").values < 0.9).any()
    assert set(other.group.sel(definition="trials").values[:4]) <= {"G_a", "G_s"}
    without = RecurrentNetwork(**{**vars(network), "input_weights": jnp.zeros((6, task.n_inputs))})
    blind = map_groups(NetworkOnTask(task, without), followed=4, n_trials=40).sel(
        context=0, definition="decision attractors"
    )
    assert blind.group_reason.item() == "one attractor for both choices"
    assert set(blind.group.values) == {""}


@pytest.mark.parametrize("leak", [0.5, 0.2])
def test_a_leak_does_not_keep_silent_units_active(leak):
    """What was active once dies away and never is 0: the groups are those of the same network without a leak."""
    task, network = decider()
    leaky = RecurrentNetwork(**{**vars(network), "cell": Relu(leak=leak)})
    found = map_groups(NetworkOnTask(task, leaky), followed=4, n_trials=60).sel(context=0)
    for definition in ("decision attractors", "delay attractors"):
        assert found.group.sel(definition=definition).values.tolist() == ["G_+", "G_+", "G_-", "G_-", "G_a", "G_s"]
    assert found.group.sel(definition="trials").values.tolist() == ["G_+", "G_+", "G_-", "G_-", "G_a", "G_s"]


def test_a_network_that_diverges_has_no_groups():
    task, network = decider()
    wild = RecurrentNetwork(**{**vars(network), "recurrent_weights": 4 * jnp.eye(6)})
    found = map_groups(NetworkOnTask(task, wild), followed=4, n_trials=40)
    assert set(found.group_reason.values[:2].ravel()) == {"every orbit diverges"}
    assert not found.choice_found.values[:2].any()
    assert np.isnan(found.choice_activity.values[:2]).all()
