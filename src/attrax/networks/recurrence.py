"""The recurrence over time, and its gradient, as few large matrix products as possible."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from attrax.networks.cells import Cell


def advance(
    cell: Cell,
    recurrent_weights: Float[Array, "gate_rows units"],
    state: Float[Array, "*batch state"],
    drive: Float[Array, "*batch gate_rows"],
) -> Float[Array, "*batch state"]:
    """Take one step of a cell."""
    return cell.step(_activity(cell, state) @ recurrent_weights.T, state, drive)


def unroll(
    cell: Cell,
    recurrent_weights: Float[Array, "gate_rows units"],
    drive: Float[Array, "steps batch gate_rows"],
    restart: Bool[Array, "steps batch"],
    state: Float[Array, "batch state"],
) -> Float[Array, "steps batch state"]:
    """Take as many steps as there are drives; the state is set to zero *before* each restart.

    Parameters
    ----------
    cell
        What makes the next state.
    recurrent_weights
        W, shape (gates units, units), as in W h.
    drive
        U x + b at each step.
    restart
        True where a trial starts anew, that is where the *previous* step ended one.
    state
        The state before the first step.

    Returns
    -------
    The state after each step, shape (steps, batch, state).

    Notes
    -----
    Differentiable in W, in the drive and in the first state. Backpropagation through time with the gradient of W taken
    once, as one product over all steps and the whole batch, instead of one small product a step. What the way back
    needs of a step is whatever JAX keeps for the cell's own derivative (of a ReLU one bit a unit).
    """
    return _unroll(cell, recurrent_weights, drive, restart, state)


def _activity(cell: Cell, state: Any) -> Any:
    """Return what W sees of a state."""
    return state if cell.memories == 1 else state[..., : state.shape[-1] // cell.memories]


def _scan(cell: Cell, weights: Any, drive: Any, restart: Any, state: Any) -> tuple[Any, Any]:
    transposed = weights.T

    def forward(state: Any, inputs: Any) -> tuple[Any, Any]:
        step_drive, step_restart = inputs
        before = jnp.where(step_restart[:, None], 0.0, state)
        after, pullback = jax.vjp(cell.step, _activity(cell, before) @ transposed, before, step_drive)
        return after, (after, pullback)

    _, (after, pullbacks) = jax.lax.scan(forward, state, (drive, restart))
    return after, pullbacks


def _unroll_plain(cell: Cell, weights: Any, drive: Any, restart: Any, state: Any) -> Any:
    return _scan(cell, weights, drive, restart, state)[0]


def _unroll_forward(cell: Cell, weights: Any, drive: Any, restart: Any, state: Any) -> tuple[Any, Any]:
    after, pullbacks = _scan(cell, weights, drive, restart, state)
    return after, (weights, restart, state, after, pullbacks)


def _unroll_backward(cell: Cell, residuals: Any, gradient: Any) -> tuple[Any, Any, Any, Any]:
    weights, restart, first, after, pullbacks = residuals
    units = weights.shape[1]

    def backward(carry: Any, inputs: Any) -> tuple[Any, Any]:
        step_gradient, step_restart, pullback = inputs
        to_product, to_before, to_drive = pullback(step_gradient + carry)
        through_weights = to_product @ weights
        if cell.memories > 1:
            through_weights = jnp.pad(through_weights, ((0, 0), (0, first.shape[1] - units)))
        to_before = to_before + through_weights
        # Both gradients are the same array where only the sum counts: it is kept once.
        kept = to_product if cell.additive else (to_product, to_drive)
        return jnp.where(step_restart[:, None], 0.0, to_before), kept

    to_state, kept = jax.lax.scan(backward, jnp.zeros_like(first), (gradient, restart, pullbacks), reverse=True)
    to_product, to_drive = (kept, kept) if cell.additive else kept
    activity = _activity(cell, jnp.concatenate([first[None], after[:-1]]))
    before = jnp.where(restart[..., None], 0.0, activity)
    to_weights = to_product.reshape(-1, weights.shape[0]).T @ before.reshape(-1, units)
    return to_weights, to_drive, None, to_state


_unroll = jax.custom_vjp(_unroll_plain, nondiff_argnums=(0,))
_unroll.defvjp(_unroll_forward, _unroll_backward)
