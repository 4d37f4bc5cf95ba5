"""Lesions: a network with some of its units silent, some of its connections cut, or noise on its weights."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from numpy.typing import ArrayLike

from attrax.networks import RecurrentNetwork
from attrax.settings import require


def silence(network: RecurrentNetwork, units: ArrayLike) -> RecurrentNetwork:
    """Silence units: nothing drives them, and nothing sees them.

    Parameters
    ----------
    network
        Of any cell.
    units
        Which: a mask of shape (units,), or indices.

    Returns
    -------
    The network with the rows of these units in W, U and b, and their columns in W and in the weights of both readouts,
    set to zero. A unit whose activity without drive is zero (ReLU, saturating, tanh) is then silent for ever, and so is
    one of a GRU or an LSTM that starts from zero. A softplus unit rests at log 2, and one that was active before (a
    lesion in mid-trial, with a leak) decays: there the columns alone are what matters.

    Raises
    ------
    SettingsError
        For units that are not there.
    """
    silent = unit_mask(units, network.n_hidden)
    rows = np.tile(silent, network.cell.gates)
    return replace(
        network,
        recurrent_weights=jnp.where(rows[:, None] | silent, 0.0, network.recurrent_weights),
        input_weights=jnp.where(rows[:, None], 0.0, network.input_weights),
        bias=jnp.where(rows, 0.0, network.bias),
        policy_weights=jnp.where(silent, 0.0, network.policy_weights),
        value_weights=jnp.where(silent, 0.0, network.value_weights),
    )


def cut(network: RecurrentNetwork, sources: ArrayLike, targets: ArrayLike) -> RecurrentNetwork:
    """Cut the recurrent connections from some units to others; of gated cells those to every gate.

    Parameters
    ----------
    network
        Of any cell.
    sources, targets
        Units as in `silence`; a unit may be both, and its connection to itself is then cut too.

    Raises
    ------
    SettingsError
        For units that are not there.
    """
    n_units = network.n_hidden
    return cut_weights(network, unit_mask(targets, n_units)[:, None] & unit_mask(sources, n_units))


def cut_weights(network: RecurrentNetwork, which: Bool[np.ndarray, "targets sources"]) -> RecurrentNetwork:
    """Cut single recurrent connections: set W[target, source] to zero where `which` is True."""
    cut_rows = np.tile(which, (network.cell.gates, 1))
    return replace(network, recurrent_weights=jnp.where(cut_rows, 0.0, network.recurrent_weights))


def perturb_weights(network: RecurrentNetwork, size: float | Float[Array, ""], key: Array) -> RecurrentNetwork:
    """Add Gaussian noise to the recurrent weights.

    Parameters
    ----------
    network
        Of any cell. Weights that its mask leaves out stay zero; Dale's law is not kept.
    size
        Frobenius norm of the noise in units of that of the weights, met exactly but for rounding.
    key
        Of the noise; sizes scale one and the same draw.
    """
    weights = network.recurrent_weights
    noise = jax.random.normal(key, (weights.size,)).reshape(weights.shape)
    if network.mask is not None:
        noise = jnp.where(jnp.tile(network.mask, (network.cell.gates, 1)), noise, 0.0)
    drawn = jnp.linalg.norm(noise)
    scale = jnp.where(drawn > 0, size * jnp.linalg.norm(weights) / jnp.where(drawn > 0, drawn, 1.0), 0.0)
    return replace(network, recurrent_weights=weights + scale * noise)


def unit_mask(units: ArrayLike, n_units: int) -> Bool[np.ndarray, " units"]:
    """Return a mask of units from a mask or from indices.

    Raises
    ------
    SettingsError
        If it is neither.
    """
    given = np.asarray(units)
    if given.dtype == bool:
        require(
            given.shape == (n_units,), f"the mask of units has shape {given.shape}; it must have shape ({n_units},)"
        )
        return given
    mask = np.zeros(n_units, bool)
    if given.size:
        whole = given.ndim == 1 and np.issubdtype(given.dtype, np.integer)
        require(whole, f"units are {given.dtype} of shape {given.shape}; they must be a mask or a list of indices")
        inside = bool((given >= 0).all() and (given < n_units).all())
        require(inside, f"units go from {given.min()} to {given.max()}; they must lie between 0 and {n_units - 1}")
        mask[given] = True
    return mask
