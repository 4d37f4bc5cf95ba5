"""The network: a vanilla ReLU cell with a policy head and a value head."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from attrax.networks.recurrence import advance, unroll
from attrax.networks.settings import NetworkSettings


class RecurrentNetwork(eqx.Module):
    """h' = (1 - leak) h + leak relu(W h + U x + b), with logits and value as affine functions of h'."""

    recurrent_weights: Float[Array, "units units"]
    """W, as in W h."""
    input_weights: Float[Array, "units inputs"]
    """U, as in U x."""
    bias: Float[Array, " units"]
    """b."""
    policy_weights: Float[Array, "actions units"]
    policy_bias: Float[Array, " actions"]
    value_weights: Float[Array, " units"]
    value_bias: Float[Array, ""]
    leak: float = eqx.field(static=True)

    @property
    def n_hidden(self) -> int:
        """Number of hidden units."""
        return self.recurrent_weights.shape[0]

    def drive(self, observation: Float[Array, "*batch inputs"]) -> Float[Array, "*batch units"]:
        """Return U x + b."""
        return observation @ self.input_weights.T + self.bias

    def step(
        self, hidden: Float[Array, "*batch units"], observation: Float[Array, "*batch inputs"]
    ) -> Float[Array, "*batch units"]:
        """Take one step."""
        return advance(self.recurrent_weights, hidden, self.drive(observation), self.leak)

    def run(
        self,
        hidden: Float[Array, "batch units"],
        observation: Float[Array, "steps batch inputs"],
        restart: Bool[Array, "steps batch"],
    ) -> Float[Array, "steps batch units"]:
        """Take many steps; the state is set to zero before each restart (see `unroll`)."""
        return unroll(self.recurrent_weights, self.drive(observation), restart, hidden, self.leak)

    def logits(self, hidden: Float[Array, "*batch units"]) -> Float[Array, "*batch actions"]:
        """Return the unnormalised log-probabilities of the actions."""
        return hidden @ self.policy_weights.T + self.policy_bias

    def value(self, hidden: Float[Array, "*batch units"]) -> Float[Array, "*batch"]:
        """Return the expected discounted reward until the end of the trial."""
        return hidden @ self.value_weights + self.value_bias


def initialise(settings: NetworkSettings, n_inputs: int, n_actions: int, key: Array) -> RecurrentNetwork:
    """Draw the first weights.

    One uniform draw on (-1, 1) per weight, scaled by the width: networks of one key and different δ have the
    same weights up to that factor. Biases are zero.
    """
    recurrent_key, input_key, policy_key, value_key = jax.random.split(key, 4)

    def uniform(draw_key: Array, width: float, *shape: int) -> Array:
        return width * jax.random.uniform(draw_key, shape, minval=-1.0, maxval=1.0)

    n_hidden = settings.n_hidden
    return RecurrentNetwork(
        recurrent_weights=uniform(recurrent_key, settings.delta, n_hidden, n_hidden),
        input_weights=uniform(input_key, settings.delta, n_hidden, n_inputs),
        bias=jnp.zeros(n_hidden),
        policy_weights=uniform(policy_key, settings.readout_delta, n_actions, n_hidden),
        policy_bias=jnp.zeros(n_actions),
        value_weights=uniform(value_key, settings.readout_delta, n_hidden),
        value_bias=jnp.zeros(()),
        leak=settings.leak,
    )
