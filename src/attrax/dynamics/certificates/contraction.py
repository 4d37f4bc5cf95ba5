"""A proof that the powers of a matrix shrink, without its eigenvalues where that can be."""

import numpy as np
from jaxtyping import Float

from attrax.dynamics.certificates.certificate import LARGEST_RADIUS

_CONTRACTED = 0.99
_ROUNDING_OF = {precision: 0.51 * float(np.finfo(precision).eps) for precision in (np.float32, np.float64)}
_GROWN = 1e70  # the squares of what its square holds are numbers still
_SQUARINGS = 22
"""Where the power 2^22 has a norm of 0.99, the radius is 2e-9 below 1: more than `LARGEST_RADIUS` asks for."""
_ROUGH_BELOW = 5.5


def contracts(matrix: Float[np.ndarray, "n n"], error: float = 0.0) -> bool:
    """Prove that the spectral radius of a matrix is below 1: by squaring it until a power is small.

    A tenth of the time of all eigenvalues. What rounding may have added is bounded along the way: an error E of P and
    the product's own make one of at most 2 |P| E + E² + n u |P|² of its square. Single precision is enough for most and
    twice as fast, but not where the norm is large: the first powers are squared in double precision down to a norm of
    5.5, and all where that proves nothing. Where that bound outgrows the powers, near radius 1, all eigenvalues are
    computed, with the bound of Bauer and Fike on their error: the condition of the eigenvectors times n eps |A|.

    Parameters
    ----------
    matrix
        The matrix, shape (n, n).
    error
        How far it may be from the one that is meant, in the Frobenius norm: what is proved holds for all of those.

    Returns
    -------
    False where that proves nothing: the radius is 1 or above it, or too near below it, or the eigenvectors are nearly
    dependent.
    """
    for rough_below in (_ROUGH_BELOW, 0.0):
        inside = _powers_shrink(matrix, rough_below, error)
        if inside is not None:
            return inside
    if np.abs(np.linalg.eigvals(matrix)).max() >= 1:
        return False
    values, vectors = np.linalg.eig(matrix)
    wrong = np.linalg.cond(vectors) * (len(matrix) * np.finfo(float).eps * np.linalg.norm(matrix) + error)
    return bool(np.abs(values).max() + wrong < LARGEST_RADIUS)


def _powers_shrink(matrix: Float[np.ndarray, "n n"], rough_below: float, error: float) -> bool | None:
    """Say whether some power is small, or shows an eigenvalue outside the circle; None where rounding hides it.

    Powers of a norm below `rough_below` are squared in single precision.
    """
    power, size, rounding = matrix, len(matrix), _ROUNDING_OF[np.float64]
    for squaring in range(_SQUARINGS + 1):
        norm = float(np.sqrt(np.vdot(power, power)))
        if norm < rough_below and power.dtype != np.float32:
            power, rounding = power.astype(np.float32), _ROUNDING_OF[np.float32]
            error += rounding * norm
        norm *= 1 + size**2 * rounding  # it was summed up with rounding as well
        if norm + error < _CONTRACTED:
            return True
        if not norm < _GROWN:
            return False
        if norm > size and abs(float(power.trace())) > size * (1 + error + size * rounding * norm):
            return False  # the eigenvalues' sum is more than the circle allows
        error = (2 * norm + error) * error + size * rounding * norm**2
        if error >= _CONTRACTED and (power.dtype == np.float32 or norm < _CONTRACTED):
            return None
        if squaring < _SQUARINGS:
            power = power @ power
    return None
