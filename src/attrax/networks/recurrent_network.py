"""The network: a recurrent cell with a policy head and a value head."""

import math
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int8

from attrax.networks.cells import Cell, Relu, Vanilla
from attrax.networks.recurrence import advance, unroll
from attrax.networks.settings import NetworkSettings


class RecurrentNetwork(eqx.Module):
    """A cell (of a vanilla one: h' = (1 - leak) h + leak f(W h + U x + b)), with logits and value affine in h'."""

    recurrent_weights: Float[Array, "gate_rows units"]
    """W, as in W h."""
    input_weights: Float[Array, "gate_rows inputs"]
    """U, as in U x."""
    bias: Float[Array, " gate_rows"]
    """b."""
    policy_weights: Float[Array, "actions units"]
    policy_bias: Float[Array, " actions"]
    value_weights: Float[Array, " units"]
    value_bias: Float[Array, ""]
    mask: Bool[Array, "units units"] | None = None
    """Which recurrent weights there are; the others stay zero. None: all."""
    signs: Int8[Array, " units"] | None = None
    """Dale's law: 1 where all that a unit sends out (a column of W) is at least 0, -1 where at most 0. None: free."""
    cell: Cell = eqx.field(static=True, default=Relu())
    learns_biases: bool = eqx.field(static=True, default=True)
    """Whether training changes the biases; else no rule sees a gradient of them, and those of a new network are 0."""

    @property
    def n_hidden(self) -> int:
        """Number of hidden units."""
        return self.recurrent_weights.shape[1]

    @property
    def n_state(self) -> int:
        """Numbers in the hidden state: one a unit, of an LSTM two."""
        return self.cell.memories * self.n_hidden

    @property
    def leak(self) -> float:
        """Share of the state that a vanilla cell renews at each step; of other cells 1."""
        return self.cell.leak if isinstance(self.cell, Vanilla) else 1.0

    def drive(self, observation: Float[Array, "*batch inputs"]) -> Float[Array, "*batch gate_rows"]:
        """Return U x + b."""
        return observation @ self.input_weights.T + self._learned(self.bias)

    def step(
        self, hidden: Float[Array, "*batch state"], observation: Float[Array, "*batch inputs"]
    ) -> Float[Array, "*batch state"]:
        """Take one step."""
        return advance(self.cell, self.recurrent_weights, hidden, self.drive(observation))

    def run(
        self,
        hidden: Float[Array, "batch state"],
        observation: Float[Array, "steps batch inputs"],
        restart: Bool[Array, "steps batch"],
    ) -> Float[Array, "steps batch state"]:
        """Take many steps; the state is set to zero before each restart (see `unroll`)."""
        return unroll(self.cell, self.recurrent_weights, self.drive(observation), restart, hidden)

    def logits(self, hidden: Float[Array, "*batch state"]) -> Float[Array, "*batch actions"]:
        """Return the unnormalised log-probabilities of the actions."""
        return hidden[..., : self.n_hidden] @ self.policy_weights.T + self._learned(self.policy_bias)

    def value(self, hidden: Float[Array, "*batch state"]) -> Float[Array, "*batch"]:
        """Return the expected discounted reward until the end of the trial."""
        return hidden[..., : self.n_hidden] @ self.value_weights + self._learned(self.value_bias)

    def _learned(self, bias: Array) -> Array:
        return bias if self.learns_biases else jax.lax.stop_gradient(bias)

    def constrained(self) -> "RecurrentNetwork":
        """Return the nearest network that obeys the mask and Dale's law: what offends them becomes zero."""
        weights = self.recurrent_weights
        if self.mask is not None:
            weights = jnp.where(self.mask, weights, 0.0)
        if self.signs is not None:
            weights = jnp.where(weights * self.signs >= 0, weights, 0.0)
        return self if weights is self.recurrent_weights else replace(self, recurrent_weights=weights)


def initialise(
    settings: NetworkSettings,
    n_inputs: int,
    n_actions: int,
    key: Array,
    delta: float | Float[Array, ""] | None = None,
    readout_delta: float | Float[Array, ""] | None = None,
) -> RecurrentNetwork:
    """Draw the first weights.

    One uniform draw on (-1, 1) per weight, scaled by the width: networks of one key and different δ have the same
    weights up to that factor. Biases are zero (but an LSTM's, see `attrax.networks.cells.LSTM`; where the network is to
    have none, those are zero too).

    With Dale's law the draws' absolute values take the units' signs, the first `excitatory` share of the units being
    excitatory, and the minority's weights are larger by the ratio of their numbers, so that excitation and inhibition
    cancel on average. A mask keeps each weight with probability `density`.

    Parameters
    ----------
    settings
        Of the network.
    n_inputs, n_actions
        Of the task.
    key
        Of all draws.
    delta, readout_delta
        Widths; None: those of the settings. Given as arrays they may differ between networks of one compiled program.
    """
    recurrent_key, input_key, policy_key, value_key = jax.random.split(key, 4)
    delta = settings.delta if delta is None else delta
    readout_delta = settings.readout_delta if readout_delta is None else readout_delta

    def uniform(draw_key: Array, width: float | Array, *shape: int) -> Array:
        flat = jax.random.uniform(draw_key, (math.prod(shape),), minval=-1.0, maxval=1.0)
        return width * flat.reshape(shape)

    n_hidden, cell = settings.n_hidden, settings.make_cell()
    rows = cell.gates * n_hidden
    recurrent_weights, signs, mask = uniform(recurrent_key, delta, rows, n_hidden), None, None
    if settings.excitatory is not None:
        n_excitatory = round(settings.excitatory * n_hidden)
        signs = jnp.where(jnp.arange(n_hidden) < n_excitatory, 1, -1).astype(jnp.int8)
        share = n_excitatory / n_hidden
        balance = jnp.where(signs > 0, max(1.0, (1 - share) / share), max(1.0, share / (1 - share)))
        recurrent_weights = jnp.abs(recurrent_weights) * signs * balance
    if settings.density < 1:
        mask = jax.random.bernoulli(jax.random.fold_in(key, 0), settings.density, (n_hidden, n_hidden))
    return RecurrentNetwork(
        recurrent_weights=recurrent_weights,
        input_weights=uniform(input_key, delta, rows, n_inputs),
        bias=cell.first_bias(n_hidden) if settings.bias else jnp.zeros(rows),
        policy_weights=uniform(policy_key, readout_delta, n_actions, n_hidden),
        policy_bias=jnp.zeros(n_actions),
        value_weights=uniform(value_key, readout_delta, n_hidden),
        value_bias=jnp.zeros(()),
        mask=mask,
        signs=signs,
        cell=cell,
        learns_biases=settings.bias,
    ).constrained()
