"""JAX and its companions, imported when they are first used.

Importing JAX takes about a second; ``import attrax`` and ``attrax --help`` must not pay it. So a module whose
settings are read without computing anything (a task, a learner) takes ``jax`` and ``jnp`` from here. Type
checkers see the real modules; so does everything else if JAX is already loaded (as in the tests, which check
the shapes that annotations name).
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

JAX_IS_LOADED = "jax" in sys.modules
"""Whether JAX was there before attrax: then nothing is gained by delaying anything."""

if TYPE_CHECKING or JAX_IS_LOADED:
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import optax
    from jax import Array
else:

    class _LazyModule:
        """Stands for a module and imports it when an attribute is asked for."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, attribute: str) -> Any:
            return getattr(importlib.import_module(self._name), attribute)

    eqx, jax, jnp, optax = (_LazyModule(name) for name in ("equinox", "jax", "jax.numpy", "optax"))
    Array = Any

__all__ = ["JAX_IS_LOADED", "Array", "eqx", "jax", "jnp", "optax"]
