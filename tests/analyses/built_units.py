"""A network that was built so that it is known what each of its units does."""

import jax
import numpy as np

from attrax.networks import RecurrentNetwork
from attrax.networks.cells import Relu
from attrax.tasks.context_decision import ContextDecision

jnp = jax.numpy
TASK = ContextDecision(fixation=1, stimulus=4, delay=(1, 2), decision=2, coherences=(0.3, 1.0), noise=0.05)
PLUS, MINUS, BOTH, CONTEXT, SILENT = range(5)


def held(task=TASK, weight=1.0):
    """A network whose units are known: each holds what its inputs were, rectified.

    Units 0 and 1 keep modality 1 (one sign each), unit 2 is always active, unit 3 in context 2 only, unit 4 never,
    units 5 and 6 keep modality 2.
    """
    n_units = 7
    inputs = np.zeros((n_units, task.n_inputs))
    names = list(task.input_names)
    for unit, name, sign in (
        (PLUS, "modality 1", 1),
        (MINUS, "modality 1", -1),
        (5, "modality 2", 1),
        (6, "modality 2", -1),
    ):
        inputs[unit, names.index(name)] = sign
    inputs[CONTEXT, names.index("context 2")] = 1.0
    recurrent = np.diag([weight, weight, 0, 0, 0, weight, weight]).astype(float)
    recurrent[PLUS, MINUS] = recurrent[MINUS, PLUS] = -0.3
    policy = np.zeros((3, n_units))
    policy[1, PLUS] = policy[2, MINUS] = 1.0
    return RecurrentNetwork(
        recurrent_weights=jnp.asarray(recurrent, jnp.float32), input_weights=jnp.asarray(inputs, jnp.float32),
        bias=jnp.asarray([0, 0, 1, 0, -1, 0, 0], jnp.float32), policy_weights=jnp.asarray(policy, jnp.float32),
        policy_bias=jnp.asarray([0.01, 0, 0], jnp.float32), value_weights=jnp.zeros(n_units), value_bias=jnp.zeros(()),
        cell=Relu(),
    )  # fmt: skip
