"""Labels at the steps that the network's own actions lead to."""

import jax
import numpy as np
import pytest

from attrax.learning.closed_loop_supervised import ClosedLoopSupervised
from attrax.learning.compiled_training import initial_network
from attrax.settings import SettingsError
from attrax.tasks import reset, step
from attrax.tasks.stream import stream_keys
from tests.learning.first_rollout import first_rollout, policy_of


def test_in_closed_loop_the_target_is_that_of_the_step_that_the_actions_led_to(easy_task, small_network):
    learner = ClosedLoopSupervised(environments=6, steps=14, fixation_weight=0.3)
    network = initial_network(easy_task, small_network, 0)
    rollout = first_rollout(learner, easy_task, network)
    first = jax.jit(jax.vmap(lambda key: reset(easy_task, key)))
    following = jax.jit(jax.vmap(lambda s, a: step(easy_task, s, a)))
    environments = first(stream_keys(jax.random.key(0), learner.environments))
    action, target = np.asarray(rollout.experience.action), np.asarray(rollout.experience.target)
    each = np.arange(learner.environments)
    for number in range(learner.steps):
        right = np.asarray(environments.trial.target)[each, np.asarray(environments.step)]
        np.testing.assert_array_equal(target[number], right)
        environments, _ = following(environments, action[number])
    log_policy = np.log(policy_of(network, rollout))
    weight = np.where(target == 0, 0.3, 1.0)
    taken = np.take_along_axis(log_policy, target[..., None], axis=-1)[..., 0]
    assert float(jax.jit(learner._loss)(network, rollout)[0]) == pytest.approx(
        -(weight * taken).sum() / weight.sum(), rel=1e-4
    )


def test_impossible_settings_are_refused():
    with pytest.raises(SettingsError, match="fixation_weight is -1"):
        ClosedLoopSupervised(fixation_weight=-1.0)
