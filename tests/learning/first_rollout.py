"""The first rollout of a learner, for tests of what is made of it."""

import jax

from attrax.learning.rollouts import collect_rollout


def first_rollout(learner, task, network):
    state = learner.start(task, network, jax.random.key(0), jax.random.key(1))
    return collect_rollout(learner, task, state, jax.random.key(2))[0]
