"""A network that was built to hold one of two decisions."""

import jax
import numpy as np

from attrax.networks import RecurrentNetwork
from attrax.networks.cells import Relu
from attrax.tasks.context_decision import ContextDecision

jnp = jax.numpy


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
