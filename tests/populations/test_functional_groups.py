"""Groups of units whose activity is known."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrax.analyses import NetworkOnTask, map_groups
from attrax.networks import RecurrentNetwork
from attrax.networks.cells import Relu
from attrax.populations import GROUPS, groups
from attrax.settings import SettingsError
from attrax.tasks.context_decision import ContextDecision

jnp = jax.numpy


@given(
    planted=st.lists(st.sampled_from(GROUPS), min_size=1, max_size=30),
    threshold=st.sampled_from([0.0, 0.5]),
    seed=st.integers(0, 9),
)
def test_planted_groups_come_back(planted, threshold, seed):
    rng = np.random.default_rng(seed)
    active = threshold + 0.1 + rng.random((2, len(planted)))
    silent = threshold * rng.random((2, len(planted)))
    is_active = np.array([[name in ("G_a", sign) for name in planted] for sign in ("G_+", "G_-")])
    plus, minus = np.where(is_active, active, silent)
    assert groups(plus, minus, threshold).tolist() == planted


@pytest.mark.parametrize(
    ("plus", "minus", "threshold", "words"),
    [
        (np.zeros(3), np.zeros(2), 0.0, r"activities have shapes \(3,\) and \(2,\)"),
        (np.zeros((2, 2)), np.zeros((2, 2)), 0.0, "both must have one value a unit"),
        (np.array([np.nan]), np.zeros(1), 0.0, "activities must be finite"),
        (np.zeros(1), np.zeros(1), float("nan"), "threshold is nan"),
    ],
)
def test_activities_that_cannot_be_are_refused(plus, minus, threshold, words):
    with pytest.raises(SettingsError, match=words):
        groups(plus, minus, threshold)


def decider(recurrent_gain=1.5):
    """Two pairs of units that hold "+" and "-" against one another, one unit that is always active, one never."""
    task = ContextDecision(noise=0.0)
    weights = np.zeros((6, 6))
    for one, other in ((0, 1), (2, 3)):
        for mine in (one, other):
            weights[mine, one] = weights[mine, other] = 0.4
    for mine, others in (((0, 1), (2, 3)), ((2, 3), (0, 1))):
        for unit in mine:
            for rival in others:
                weights[unit, rival] = -1.0
    inputs = np.zeros((6, task.n_inputs))
    modalities = np.array([task.stage_input("stimulus", (1.0, 0.0), 0), task.stage_input("stimulus", (0.0, 0.0), 0)])
    inputs[:2] += 2 * (modalities[0] - modalities[1])
    inputs[2:4] -= 2 * (modalities[0] - modalities[1])
    bias = np.array([0.1, 0.1, 0.1, 0.1, 1.0, -1.0])
    policy = np.zeros((3, 6))
    policy[1, :2] = policy[2, 2:4] = 1.0
    return task, RecurrentNetwork(
        input_weights=jnp.asarray(inputs, jnp.float32), recurrent_weights=jnp.asarray(weights, jnp.float32),
        bias=jnp.asarray(bias, jnp.float32), policy_weights=jnp.asarray(policy, jnp.float32),
        policy_bias=jnp.zeros(3), value_weights=jnp.zeros(6), value_bias=jnp.zeros(()), cell=Relu(),
    )  # fmt: skip


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
