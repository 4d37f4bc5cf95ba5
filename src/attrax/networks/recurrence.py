"""The recurrence over time, and its gradient, as few large matrix products as possible."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


def advance(
    recurrent_weights: Float[Array, "units units"],
    hidden: Float[Array, "*batch units"],
    drive: Float[Array, "*batch units"],
    leak: float,
) -> Float[Array, "*batch units"]:
    """Take one step: h' = (1 - leak) h + leak relu(W h + drive)."""
    return (1 - leak) * hidden + leak * jax.nn.relu(hidden @ recurrent_weights.T + drive)


def unroll(
    recurrent_weights: Float[Array, "units units"],
    drive: Float[Array, "steps batch units"],
    restart: Bool[Array, "steps batch"],
    hidden: Float[Array, "batch units"],
    leak: float,
) -> Float[Array, "steps batch units"]:
    """Take as many steps as there are drives; the hidden state is set to zero *before* each restart.

    Parameters
    ----------
    recurrent_weights
        W, shape (units, units), as in W h.
    drive
        U x + b at each step.
    restart
        True where a trial starts anew, that is where the *previous* step ended one.
    hidden
        The state before the first step.
    leak
        Share of the state that is renewed at each step.

    Returns
    -------
    The state after each step, shape (steps, batch, units).

    Notes
    -----
    Differentiable in the first two arguments and in `hidden`. Backpropagation through time with the gradient of
    W taken once, as one product over all steps and the whole batch, instead of one small product a step.
    """
    return _unroll(leak, recurrent_weights, drive, restart, hidden)


def _scan(leak: float, weights: Any, drive: Any, restart: Any, hidden: Any) -> tuple[Any, Any, Any]:
    transposed = weights.T

    def forward(state: Any, inputs: Any) -> tuple[Any, Any]:
        step_drive, step_restart = inputs
        before = jnp.where(step_restart[:, None], 0.0, state)
        pre_activation = before @ transposed + step_drive
        after = (1 - leak) * before + leak * jax.nn.relu(pre_activation)
        return after, (after, before, pre_activation > 0)

    _, (after, before, active) = jax.lax.scan(forward, hidden, (drive, restart))
    return after, before, active


def _unroll_plain(leak: float, weights: Any, drive: Any, restart: Any, hidden: Any) -> Any:
    return _scan(leak, weights, drive, restart, hidden)[0]


def _unroll_forward(leak: float, weights: Any, drive: Any, restart: Any, hidden: Any) -> tuple[Any, Any]:
    after, before, active = _scan(leak, weights, drive, restart, hidden)
    return after, (weights, restart, before, active)


def _unroll_backward(leak: float, residuals: Any, gradient: Any) -> tuple[Any, Any, Any, Any]:
    weights, restart, before, active = residuals

    def backward(carry: Any, inputs: Any) -> tuple[Any, Any]:
        step_gradient, step_restart, step_active = inputs
        total = step_gradient + carry
        to_drive = jnp.where(step_active, leak * total, 0.0)
        to_before = (1 - leak) * total + to_drive @ weights
        return jnp.where(step_restart[:, None], 0.0, to_before), to_drive

    to_hidden, to_drive = jax.lax.scan(backward, jnp.zeros_like(before[0]), (gradient, restart, active), reverse=True)
    units = weights.shape[0]
    to_weights = to_drive.reshape(-1, units).T @ before.reshape(-1, units)
    return to_weights, to_drive, None, to_hidden


_unroll = jax.custom_vjp(_unroll_plain, nondiff_argnums=(0,))
_unroll.defvjp(_unroll_forward, _unroll_backward)
