"""Orbits of one differentiable map."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from attrax.dynamics.orbits.compiled_steps import MapStep, Stepped
from attrax.dynamics.orbits.many_orbits import Orbits


class SmoothOrbits(Orbits):
    """Orbits of one differentiable map.

    Parameters
    ----------
    function, arguments
        The map is h' = function(h, *arguments).
    hidden
        First states, shape (orbits, units).
    """

    def __init__(
        self, function: Callable[..., Any], arguments: tuple[np.ndarray, ...], hidden: Float[np.ndarray, "orbits units"]
    ) -> None:
        super().__init__(hidden)
        self._function, self._arguments = function, arguments

    def forget_silent_units(self) -> None:
        """Do nothing: no unit of a smooth map is ever silent."""

    def _step(self) -> "_SmoothStep":
        return _SmoothStep(self._function)

    def _parameters(self, rows: np.ndarray) -> Any:
        return self._arguments


@dataclass(frozen=True)
class _SmoothStep(MapStep):
    function: Callable[..., Any]

    def __call__(self, parameters: Any, hidden: jax.Array, vectors: jax.Array | None) -> Stepped:
        def advance(state: jax.Array) -> jax.Array:
            return self.function(state, *parameters)

        def advance_with(state: jax.Array, directions: jax.Array) -> tuple[jax.Array, jax.Array]:
            moved, push = jax.linearize(advance, state)
            return moved, jax.vmap(push)(directions)

        none = jnp.zeros((hidden.shape[0], 0), bool)
        if vectors is None:
            return jax.vmap(advance)(hidden), None, none
        return *jax.vmap(advance_with)(hidden, vectors), none

    def woken(self, parameters: Any, states: jax.Array) -> jax.Array:
        return jnp.zeros((*states.shape[:-1], 0), bool)
