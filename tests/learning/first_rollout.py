"""The first rollout of a learner, for tests of what is made of it; compiled whole, not one operation at a time."""

from functools import partial

import jax

from attrax.learning import rollouts

collect_rollout = jax.jit(rollouts.collect_rollout, static_argnums=(0, 1))


@partial(jax.jit, static_argnums=(0, 1))
def start(learner, task, network):
    return learner.start(task, network, jax.random.key(0), jax.random.key(1))


def first_rollout(learner, task, network):
    return collect_rollout(learner, task, start(learner, task, network), jax.random.key(2))[0]


@jax.jit
def policy_of(network, rollout, temperature=1.0):
    """Return what a network does at the steps of a rollout, as probabilities."""
    hidden = network.run(rollout.hidden, rollout.experience.observation, rollout.experience.restart)
    return jax.nn.softmax(network.logits(hidden) / temperature)
