"""The spectral radius of recurrent weights, inside a compiled program and on any device."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_SQUARINGS = 12


@jax.jit
def spectral_radius(weights: Float[Array, "units units"]) -> Float[Array, ""]:
    """Return the largest absolute eigenvalue, within about one part in a thousand.

    Gelfand's formula, the growth of the norm of W^n from n = 2,048 to 4,096, by repeated squaring: matrix products
    only, where a decomposition would have to leave the device. 0 where the powers vanish.
    """

    def square(carry: tuple[Array, Array, Array], _: None) -> tuple[tuple[Array, Array, Array], None]:
        power, log_norm, _growth = carry  # W^n / |W^n|, and log |W^n|
        product = power @ power
        norm = jnp.linalg.norm(product)
        squared = 2 * log_norm + jnp.log(norm)
        return (product / jnp.maximum(norm, 1e-30), squared, squared - log_norm), None

    norm = jnp.linalg.norm(weights)
    start = (weights / jnp.maximum(norm, 1e-30), jnp.log(norm), jnp.zeros(()))
    (_, _, growth), _ = jax.lax.scan(square, start, None, length=_SQUARINGS)
    return jnp.where(jnp.isfinite(growth), jnp.exp(growth / 2 ** (_SQUARINGS - 1)), 0.0)
