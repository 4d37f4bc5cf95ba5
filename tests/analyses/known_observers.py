"""Networks of three units whose answers are known: they add up evidence, and forget it or not."""

import jax
import jax.numpy as jnp
import numpy as np

from attrax.networks import NetworkSettings, RecurrentNetwork, initialise


def integrator(context_task=False, weight=0.0, head_start=0.0, kept=1.0):
    """Return a network in which two units add up evidence for "+" and for "-", and the readout compares them.

    A bias holds them far from zero, so that they are linear; of what they hold they keep a share from step to step. The
    readout fixates for as long as a third unit hears the fixation input.

    Parameters
    ----------
    context_task
        Whether there are two modalities and a cue, which it does not hear.
    weight
        Of the second modality.
    head_start
        Of the answer "+", in units of the sum.
    kept
        1: nothing is forgotten.
    """
    n_inputs = 5 if context_task else 2
    inputs = np.zeros((3, n_inputs))
    inputs[0, 1], inputs[1, 1] = 1.0, -1.0
    if context_task:
        inputs[0, 2], inputs[1, 2] = weight, -weight
    inputs[2, 0] = 1.0  # unit 2 is on where fixation is on
    recurrent = np.diag([kept, kept, 0.0])
    policy = np.array([[0.0, 0.0, 1e4], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    network = initialise(NetworkSettings(delta=1.0, n_hidden=3), n_inputs, 3, jax.random.key(0))
    arrays = {"recurrent_weights": recurrent, "input_weights": inputs, "policy_weights": policy}
    bias = np.array([10.0, 10.0, 0.0])
    policy_bias = np.array([-1e3, head_start, 0.0])
    made = {**vars(network), **{name: jnp.asarray(a, jnp.float32) for name, a in arrays.items()}}
    return RecurrentNetwork(**{**made, "bias": jnp.asarray(bias), "policy_bias": jnp.asarray(policy_bias)})
