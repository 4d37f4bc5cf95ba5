"""Autonomous maps of any differentiable network: tanh, GRU, and whatever else is written in JAX."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float
from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False)
class SmoothMap:
    """A differentiable map h -> h', evaluated in float64; its Jacobian comes from automatic differentiation.

    Parameters
    ----------
    function
        Of one state, shape (units,), to the next; written in `jax.numpy`. Code that is compiled for it is kept as
        long as the same function object is used.
    n_units
        Number of units.
    arguments
        Further arguments of `function`, arrays: maps that differ in these alone (networks under different inputs)
        share their compiled code.
    curvature
        A bound on the second derivative, |D²f(h)[u, v]| <= curvature |u| |v| for all states that matter. With it fixed
        points and cycles are certified (Newton-Kantorovich); without it they are found, and not certified.

    Raises
    ------
    ValueError
        For a function that does not map (units,) to (units,), or arguments that are not finite.
    """

    function: Callable[..., Any]
    n_units: int
    arguments: tuple[np.ndarray, ...] = ()
    curvature: float | None = None

    def __post_init__(self) -> None:
        arguments = tuple(np.asarray(argument, dtype=float) for argument in self.arguments)
        if not all(np.isfinite(argument).all() for argument in arguments):
            raise ValueError("arguments hold values that are not finite")
        object.__setattr__(self, "arguments", arguments)
        with jax.enable_x64(True):
            result = jax.eval_shape(self.function, jnp.zeros(self.n_units), *arguments)
        if getattr(result, "shape", None) != (self.n_units,):
            raise ValueError(
                f"the function takes a state of shape ({self.n_units},) to {getattr(result, 'shape', result)}; "
                f"it must return ({self.n_units},)"
            )
        if result.dtype != np.float64:
            raise ValueError(f"the function returns {result.dtype} for a state of float64; it must keep float64")

    def __call__(self, hidden: Float[np.ndarray, "*batch units"]) -> Float[np.ndarray, "*batch units"]:
        """Take one step from each state."""
        hidden = np.asarray(hidden, dtype=float)
        with jax.enable_x64(True):
            flat = _step(self.function, hidden.reshape(-1, self.n_units), self.arguments)
        return np.asarray(flat).reshape(hidden.shape)

    def jacobian(self, hidden: Float[np.ndarray, "*batch units"]) -> Float[np.ndarray, "*batch units units"]:
        """Return the Jacobian at each state."""
        hidden = np.asarray(hidden, dtype=float)
        with jax.enable_x64(True):
            flat = _jacobian(self.function, hidden.reshape(-1, self.n_units), self.arguments)
        return np.asarray(flat).reshape(*hidden.shape, self.n_units)


@partial(jax.jit, static_argnums=0)
def _step(function: Callable[..., Any], hidden: Any, arguments: tuple[Any, ...]) -> Any:
    return jax.vmap(lambda state: function(state, *arguments))(hidden)


@partial(jax.jit, static_argnums=0)
def _jacobian(function: Callable[..., Any], hidden: Any, arguments: tuple[Any, ...]) -> Any:
    return jax.vmap(jax.jacfwd(lambda state: function(state, *arguments)))(hidden)


def tanh_map(weights: ArrayLike, bias: ArrayLike, leak: float = 1.0) -> SmoothMap:
    """Return h' = (1 - leak) h + leak tanh(W h + b), with its curvature.

    Parameters
    ----------
    weights, bias
        W, shape (units, units), and b, shape (units,): the network's bias plus the drive of its constant input.
    leak
        Share of the state that is renewed at each step, in (0, 1].
    """
    weights, bias = np.asarray(weights, dtype=float), np.asarray(bias, dtype=float)
    _require_shapes(weights, (bias.size, bias.size), "weights", bias, (weights.shape[0],), "bias")
    if not 0 < leak <= 1:
        raise ValueError(f"leak is {leak}; it must lie above 0 and not above 1")
    # |tanh''| <= 4 / (3 sqrt 3), and each unit's drive changes by at most |its row of W| |u|.
    curvature = leak * _TANH_CURVATURE * float(np.sqrt((np.linalg.norm(weights, axis=1) ** 4).sum()))
    return SmoothMap(_tanh_step, bias.size, (weights, bias, np.asarray(leak)), curvature)


_TANH_CURVATURE = 4 / (3 * np.sqrt(3))
_SIGMOID_CURVATURE = 1 / (6 * np.sqrt(3))


def _tanh_step(hidden: Array, weights: Array, bias: Array, leak: Array) -> Array:
    return (1 - leak) * hidden + leak * jnp.tanh(weights @ hidden + bias)


def gru_map(weights: ArrayLike, drive: ArrayLike, bias: ArrayLike) -> SmoothMap:
    """Return the map of a gated recurrent unit under constant input.

    r = sigmoid(a_r + U_r h + b_r), z = sigmoid(a_z + U_z h + b_z), n = tanh(a_n + r (U_n h + b_n)),
    h' = (1 - z) n + z h, as in PyTorch's `nn.GRU`.

    Parameters
    ----------
    weights
        U_r, U_z, U_n, shape (3, units, units).
    drive
        a_r, a_z, a_n, shape (3, units): input weights times the constant input, plus the input's bias.
    bias
        b_r, b_z, b_n, shape (3, units).

    References
    ----------
    Cho et al., arXiv 1406.1078.
    """
    weights, drive, bias = (np.asarray(values, dtype=float) for values in (weights, drive, bias))
    n_units = weights.shape[-1]
    _require_shapes(weights, (3, n_units, n_units), "weights", drive, (3, n_units), "drive")
    _require_shapes(weights, (3, n_units, n_units), "weights", bias, (3, n_units), "bias")
    return SmoothMap(_gru_step, n_units, (weights, drive, bias), _gru_curvature(weights, bias))


def _gru_step(hidden: Array, weights: Array, drive: Array, bias: Array) -> Array:
    recurrent = weights @ hidden + bias
    reset, update = jax.nn.sigmoid(drive[0] + recurrent[0]), jax.nn.sigmoid(drive[1] + recurrent[1])
    new = jnp.tanh(drive[2] + reset * recurrent[2])
    return (1 - update) * new + update * hidden


def _gru_curvature(weights: np.ndarray, bias: np.ndarray) -> float:
    """Bound the second derivative where no unit is larger than 1, which is where every orbit ends.

    Row by row, by the product rule, with |sigmoid'| <= 1/4, |sigmoid''| <= 1 / (6 sqrt 3), |tanh'| <= 1 and
    |tanh''| <= 4 / (3 sqrt 3).
    """
    reset, update, new = np.linalg.norm(weights, axis=2)
    largest = np.abs(weights[2]).sum(axis=1) + np.abs(bias[2])  # of U_n h + b_n
    first = new + largest * reset / 4
    second = reset * new / 2 + largest * _SIGMOID_CURVATURE * reset**2
    of_new = _TANH_CURVATURE * first**2 + second
    rows = of_new + 2 * _SIGMOID_CURVATURE * update**2 + update / 2 * (1 + first)
    return float(np.sqrt((rows**2).sum()))


def _require_shapes(
    one: np.ndarray, shape: tuple[int, ...], name: str, other: np.ndarray, other_shape: tuple[int, ...], other_name: str
) -> None:
    if one.shape != shape or other.shape != other_shape:
        raise ValueError(f"{name} have shape {one.shape} and {other_name} {other.shape}; they do not fit together")
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise ValueError(f"{name} or {other_name} hold values that are not finite")
