"""Steps of an optimiser on what can be trained of a network."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrax._lazy import JAX_IS_LOADED, eqx, optax

if TYPE_CHECKING or JAX_IS_LOADED:
    from attrax.networks import RecurrentNetwork


def adam(learning_rate: Any, gradient_norm: Any, epsilon: float = 1e-8) -> Any:
    """Return Adam on gradients that are shortened to `gradient_norm`.

    Kingma, Ba, *Adam: a method for stochastic optimization*, arXiv 1412.6980. All parameters are one vector to it: a
    program with a copy of it for each array takes seconds longer to compile.
    """
    return optax.flatten(optax.chain(optax.clip_by_global_norm(gradient_norm), optax.adam(learning_rate, eps=epsilon)))


def start_optimiser(optimiser: Any, network: "RecurrentNetwork") -> Any:
    """Return an optimiser's state before the first step: of the arrays of floats only, a mask is not trained."""
    return optimiser.init(eqx.filter(network, eqx.is_inexact_array))


def gradient_of(loss: Callable[..., Any]) -> Callable[..., tuple[Any, Any]]:
    """Return the function that gives the gradient of a loss by the network, its first argument, and what else it says.

    Parameters
    ----------
    loss
        Returns the loss and anything else.
    """
    return eqx.filter_grad(loss, has_aux=True)


def descend(optimiser: Any, network: "RecurrentNetwork", state: Any, gradient: Any) -> tuple["RecurrentNetwork", Any]:
    """Take one step, and then the nearest network that obeys the constraints (projected gradient descent)."""
    change, state = optimiser.update(gradient, state, eqx.filter(network, eqx.is_inexact_array))
    return eqx.apply_updates(network, change).constrained(), state
