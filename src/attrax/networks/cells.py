"""Cells: how a recurrent layer makes its next state, behind one signature.

A cell is a pure function of one step. The recurrent product W h is taken outside of it (see
`attrax.networks.recurrence`), so that its gradient is one large product for every kind of cell.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

from jaxtyping import Float

from attrax._lazy import Array, jax, jnp
from attrax.settings import check_fields, require


@runtime_checkable
class Cell(Protocol):
    """One step of a recurrent layer."""

    gates: ClassVar[int]
    """Blocks of rows in W (gates units, units), U and b, one a gate."""
    memories: ClassVar[int]
    """Numbers of state a unit: the state is (memories units,), its first block the activity that W and the readouts
    see."""
    additive: ClassVar[bool]
    """Whether a step depends on product + drive only, not on each of the two."""

    def step(
        self,
        product: Float[Array, "*batch gate_rows"],
        state: Float[Array, "*batch state"],
        drive: Float[Array, "*batch gate_rows"],
    ) -> Float[Array, "*batch state"]:
        """Return the next state.

        Parameters
        ----------
        product
            W h of the state's activity h, shape (batch, gates units).
        state
            Shape (batch, memories units).
        drive
            U x + b, shape (batch, gates units).
        """
        ...

    def first_bias(self, n_units: int) -> Float[Array, " gate_rows"]:
        """Return the bias before training."""
        ...


@dataclass(frozen=True)
class Vanilla:
    """h' = (1 - leak) h + leak f(W h + U x + b)."""

    gates: ClassVar[int] = 1
    memories: ClassVar[int] = 1
    additive: ClassVar[bool] = True

    leak: float = 1.0
    """Share of the state that is renewed at each step, in (0, 1]; 1 is no leak term at all."""

    def __post_init__(self) -> None:
        check_fields(self)
        require(0 < self.leak <= 1, f"leak is {self.leak}; it must lie above 0 and not above 1")

    def nonlinearity(self, pre_activation: Float[Array, "*batch units"]) -> Float[Array, "*batch units"]:
        """Return f of each unit's drive."""
        raise NotImplementedError

    def step(
        self,
        product: Float[Array, "*batch units"],
        state: Float[Array, "*batch units"],
        drive: Float[Array, "*batch units"],
    ) -> Float[Array, "*batch units"]:
        """Return the next state (see `Cell.step`)."""
        activity = self.nonlinearity(product + drive)
        return activity if self.leak == 1 else (1 - self.leak) * state + self.leak * activity

    def first_bias(self, n_units: int) -> Float[Array, " units"]:
        """Return the bias before training: zero."""
        return jnp.zeros(n_units)


class Relu(Vanilla):
    """f(z) = max(z, 0): the map is linear piece by piece, which `attrax.dynamics.ReluMap` analyses exactly."""

    def nonlinearity(self, pre_activation: Float[Array, "*batch units"]) -> Float[Array, "*batch units"]:
        """Return the positive part."""
        return jax.nn.relu(pre_activation)


class Tanh(Vanilla):
    """f(z) = tanh(z)."""

    def nonlinearity(self, pre_activation: Float[Array, "*batch units"]) -> Float[Array, "*batch units"]:
        """Return the hyperbolic tangent."""
        return jnp.tanh(pre_activation)


class Softplus(Vanilla):
    """f(z) = log(1 + exp(z)): a smooth ReLU."""

    def nonlinearity(self, pre_activation: Float[Array, "*batch units"]) -> Float[Array, "*batch units"]:
        """Return the softplus."""
        return jax.nn.softplus(pre_activation)


class Saturating(Vanilla):
    """f(z) = min(max(z, 0), 1): piecewise linear as the ReLU, and bounded as the tanh."""

    def nonlinearity(self, pre_activation: Float[Array, "*batch units"]) -> Float[Array, "*batch units"]:
        """Return the drive between 0 and 1, cut at both."""
        return jax.nn.relu(pre_activation) - jax.nn.relu(pre_activation - 1)


@dataclass(frozen=True)
class GRU:
    """Gated recurrent unit, in the form of PyTorch's `nn.GRU` without its second bias.

    r = sigmoid(W_r h + U_r x + b_r), z = sigmoid(W_z h + U_z x + b_z), n = tanh(r (W_n h) + U_n x + b_n),
    h' = (1 - z) n + z h; the rows of W, U and b are those of r, z and n.

    References
    ----------
    Cho, van Merriënboer, Gulcehre, Bahdanau, Bougares, Schwenk, Bengio, *Learning phrase representations using RNN
    encoder-decoder for statistical machine translation*, arXiv 1406.1078.
    """

    gates: ClassVar[int] = 3
    memories: ClassVar[int] = 1
    additive: ClassVar[bool] = False

    def step(
        self,
        product: Float[Array, "*batch gate_rows"],
        state: Float[Array, "*batch units"],
        drive: Float[Array, "*batch gate_rows"],
    ) -> Float[Array, "*batch units"]:
        """Return the next state (see `Cell.step`)."""
        product_r, product_z, product_n = jnp.split(product, 3, axis=-1)
        drive_r, drive_z, drive_n = jnp.split(drive, 3, axis=-1)
        reset = jax.nn.sigmoid(product_r + drive_r)
        update = jax.nn.sigmoid(product_z + drive_z)
        candidate = jnp.tanh(reset * product_n + drive_n)
        return candidate + update * (state - candidate)

    def first_bias(self, n_units: int) -> Float[Array, " gate_rows"]:
        """Return the bias before training: zero."""
        return jnp.zeros(3 * n_units)


@dataclass(frozen=True)
class LSTM:
    """Long short-term memory, in the form of PyTorch's `nn.LSTM` with one bias.

    i, f, o = sigmoid(W h + U x + b), g = tanh(W h + U x + b), c' = f c + i g, h' = o tanh(c'); the rows of W, U and b
    are those of i, f, g and o, the state is (h, c). The bias of f starts at 1, so that memories last before anything
    is learned (Jozefowicz, Zaremba, Sutskever, *An empirical exploration of recurrent network architectures*, 2015).

    References
    ----------
    Gers, Schmidhuber, Cummins, *Learning to forget: continual prediction with LSTM*, Neural Computation 12, 2451
    (2000).
    """

    gates: ClassVar[int] = 4
    memories: ClassVar[int] = 2
    additive: ClassVar[bool] = True

    def step(
        self,
        product: Float[Array, "*batch gate_rows"],
        state: Float[Array, "*batch state"],
        drive: Float[Array, "*batch gate_rows"],
    ) -> Float[Array, "*batch state"]:
        """Return the next state (see `Cell.step`)."""
        from attrax.networks.lstm_step import lstm_step

        return lstm_step(product + drive, state)

    def first_bias(self, n_units: int) -> Float[Array, " gate_rows"]:
        """Return the bias before training: 1 for the forget gate, else zero."""
        return jnp.zeros(4 * n_units).at[n_units : 2 * n_units].set(1.0)
