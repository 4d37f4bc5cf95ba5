"""The mode about which a ReLU network oscillates: the leading complex pair at a fixed point, and its removal."""

from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jaxtyping import Array, Bool, Complex, Float

from attrax.networks import RecurrentNetwork
from attrax.networks.cells import Relu
from attrax.settings import require

_FIXED = 1e-5  # of the largest activity: weights in single precision leave so much
_COMPLEX = 1e-9
"""Imaginary parts below this share of the largest eigenvalue may be rounding of a double real one."""
_DEFECTIVE = 1e-10
"""Eigenvectors of left and right with a smaller overlap belong to a pair that is double to within rounding."""


class OscillatingMode(NamedTuple):
    """A complex pair of eigenvalues of the Jacobian J at a fixed point, as real matrices."""

    eigenvalue: complex
    """λ, the one with positive imaginary part."""
    right: Float[np.ndarray, "units 2"]
    """R, the real and the imaginary part of the right eigenvector (of norm 1): J R = R Λ."""
    left: Float[np.ndarray, "2 units"]
    """L, in the plane of the left eigenvectors, with L R = 1: L J = Λ L."""
    matrix: Float[np.ndarray, "units units"]
    """R Λ L, what J does in this mode; rows of silent units are zero."""
    active: Bool[np.ndarray, " units"]
    """Units with a positive drive at the fixed point."""


def oscillating_mode(
    weights: Float[np.ndarray, "units units"],
    bias: Float[np.ndarray, " units"],
    leak: float,
    state: Float[np.ndarray, " units"],
) -> OscillatingMode | None:
    """Return the leading complex pair at a fixed point of h' = (1 - leak) h + leak relu(W h + b).

    Parameters
    ----------
    weights, bias, leak
        W, b (inputs included), and the share of the state that is renewed; in float64.
    state
        The fixed point, stable or not.

    Returns
    -------
    The pair of largest modulus; None if no eigenvalue is complex, or that pair is double (there is no one plane then).

    Raises
    ------
    SettingsError
        If the state is no fixed point (`attrax.dynamics.fixed_points` finds those that there are).

    Notes
    -----
    J = (1 - leak) I + leak D W, D being 1 for active units. Rows of silent units are those of (1 - leak) I, so that
    complex eigenvalues are those of the active units' block. As leak D W r = (λ - 1 + leak) r and λ, being complex, is
    not 1 - leak, r lies in the range of D: it is zero on silent units. The left vector l is not:
    there l = leak (l W) / (λ - 1 + leak), by the active units' part of l on the right.
    """
    drive = weights @ state + bias
    missed = float(np.abs(np.maximum(drive, 0.0) - state).max(initial=0.0))
    require(
        missed <= _FIXED * (1 + float(np.abs(state).max(initial=0.0))),
        f"the state is no fixed point of this map: a step moves it by {leak * missed:.2g}; see "
        "attrax.dynamics.fixed_points(attrax.dynamics.ReluMap(W, b, leak))",
    )
    active = drive > 0
    inner = weights[np.ix_(active, active)]
    if not inner.size:
        return None
    jacobian = (1 - leak) * np.eye(len(inner)) + leak * inner
    values, left_vectors, right_vectors = scipy.linalg.eig(jacobian, left=True)  # type: ignore[misc]
    upper = np.flatnonzero(values.imag > _COMPLEX * np.abs(values).max())
    if not upper.size:
        return None
    leading = upper[np.argmax(np.abs(values[upper]))]
    eigenvalue = complex(values[leading])
    right = np.zeros(len(weights), complex)
    left = np.zeros(len(weights), complex)
    right[active] = right_vectors[:, leading] / np.linalg.norm(right_vectors[:, leading])
    left[active] = left_vectors[:, leading].conj()
    overlap = left @ right
    if abs(overlap) < _DEFECTIVE * np.linalg.norm(left):
        return None
    left /= overlap
    left[~active] = leak * (left[active] @ weights[np.ix_(active, ~active)]) / (eigenvalue - (1 - leak))
    return _as_real(eigenvalue, right, left, active)


def _as_real(
    eigenvalue: complex,
    right: Complex[np.ndarray, " units"],
    left: Complex[np.ndarray, " units"],
    active: Bool[np.ndarray, " units"],
) -> OscillatingMode:
    """Write r l + its conjugate as R L, with r = R (1, i) and L R = 1."""
    columns = np.stack([right.real, right.imag], axis=1)
    rows = 2 * np.stack([left.real, -left.imag])
    return OscillatingMode(eigenvalue, columns, rows, columns @ _block(eigenvalue) @ rows, active)


def _block(eigenvalue: complex) -> Float[np.ndarray, "2 2"]:
    """Return Λ: what multiplying by λ does to the real and the imaginary part of a right vector."""
    return np.array([[eigenvalue.real, eigenvalue.imag], [-eigenvalue.imag, eigenvalue.real]])


def damp(
    network: RecurrentNetwork, mode: OscillatingMode, state: Float[np.ndarray, " units"], factor: float
) -> RecurrentNetwork:
    """Multiply the pair's eigenvalue at its fixed point by a factor, and leave all else of it as it is.

    Parameters
    ----------
    network
        A ReLU network, leaky or not.
    mode, state
        The pair and the fixed point, of this network under some constant input.
    factor
        What λ is multiplied by: 0 takes the mode out, 1 changes nothing.

    Returns
    -------
    The network with W + (factor - 1) R Λ L / leak, and a bias that makes up for it at the fixed point: every drive is
    what it was there, so the point and its active units stay. As D R = R, J becomes J + (factor - 1) R Λ L, whose
    eigenvalues are those of J but for the pair. The change is dense, so mask and signs are dropped.

    Notes
    -----
    Computed in float64 and rounded to the network's float32 at the end: weights are off by up to 6e-8 of their size,
    and eigenvalues by about that times the norm of W and their own condition: 1e-6 in most networks, and the square
    root of that where eigenvalues nearly coincide. The bias is computed for the weights as they were rounded, so the
    drives at the fixed point are off by the rounding of the bias alone.

    Raises
    ------
    SettingsError
        For a network of another cell.

    References
    ----------
    Wielandt's deflation: Saad, *Numerical Methods for Large Eigenvalue Problems*, section 4.2 (SIAM, 2011).
    """
    return _changed(network, (factor - 1) * mode.matrix, state)


def damp_random(
    network: RecurrentNetwork,
    mode: OscillatingMode,
    state: Float[np.ndarray, " units"],
    key: Array,
    factor: float = 0.0,
) -> RecurrentNetwork:
    """Do what `damp` does to a mode in planes turned at random: a control of the same size.

    Parameters
    ----------
    network, mode, state, factor
        As in `damp`.
    key
        Of the rotation.

    Returns
    -------
    The network with the change of `damp` after a random rotation of the active units among themselves, and of the
    silent ones among themselves: the change has the same Frobenius norm, rank and eigenvalues, and its rows of silent
    units are zero. The fixed point stays in place. Mask and signs are dropped.

    Raises
    ------
    SettingsError
        For a network of another cell.
    """
    drawn = np.asarray(jax.random.normal(key, (len(state), 4)), float)
    active, silent = mode.active, ~mode.active
    right, left = np.zeros_like(mode.right), np.zeros_like(mode.left)
    turned = _turned(np.concatenate([mode.right[active], mode.left[:, active].T], axis=1), drawn[active])
    right[active], left[:, active] = turned[:, :2], turned[:, 2:].T
    if silent.any():
        left[:, silent] = _turned(mode.left[:, silent].T, drawn[silent]).T
    return _changed(network, (factor - 1) * right @ _block(mode.eigenvalue) @ left, state)


def _turned(
    vectors: Float[np.ndarray, "units vectors"], drawn: Float[np.ndarray, "units normals"]
) -> Float[np.ndarray, "units vectors"]:
    """Rotate vectors into a random subspace, lengths and angles between them kept."""
    coordinates = np.linalg.qr(vectors)[1]
    frame = np.linalg.qr(drawn[:, : len(coordinates)])[0]
    return frame @ coordinates


def _changed(
    network: RecurrentNetwork, to_jacobian: Float[np.ndarray, "units units"], state: Float[np.ndarray, " units"]
) -> RecurrentNetwork:
    """Add a matrix to the Jacobian, by way of W, and keep every drive at the fixed point."""
    require(isinstance(network.cell, Relu), f"the cell is {type(network.cell).__name__}; only Relu has such a mode")
    before = np.asarray(network.recurrent_weights, float)
    weights = (before + to_jacobian / network.leak).astype(np.float32)
    bias = np.asarray(network.bias, float) - (weights.astype(float) - before) @ state
    return replace(
        network,
        recurrent_weights=jnp.asarray(weights),
        bias=jnp.asarray(bias, jnp.float32),
        mask=None,
        signs=None,
    )
