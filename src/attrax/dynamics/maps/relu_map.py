"""The autonomous map of a ReLU network under constant input."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike


@dataclass(frozen=True, init=False, eq=False)
class ReluMap:
    """h' = (1 - leak) h + leak relu(W h + b), in float64.

    Parameters
    ----------
    weights
        W, shape (units, units), as in W h.
    bias
        b, shape (units,): the network's bias plus its input weights times the constant input.
    leak
        Share of the state that is renewed at each step, in (0, 1].

    Raises
    ------
    ValueError
        For shapes that do not match, values that are not finite, or a leak out of range.
    """

    weights: Float[np.ndarray, "units units"]
    bias: Float[np.ndarray, " units"]
    leak: float

    def __init__(self, weights: ArrayLike, bias: ArrayLike, leak: float = 1.0) -> None:
        weights, bias = np.asarray(weights, dtype=float), np.asarray(bias, dtype=float)
        if weights.ndim != 2 or weights.shape[0] != weights.shape[1]:
            raise ValueError(f"weights have shape {weights.shape}; they must be square, (units, units)")
        if not weights.size:
            raise ValueError("weights are empty; a network has at least one unit")
        if bias.shape != weights.shape[:1]:
            raise ValueError(
                f"bias has shape {bias.shape}; with weights {weights.shape} it must be {weights.shape[:1]}"
            )
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            raise ValueError("weights or bias hold values that are not finite")
        if not 0 < leak <= 1:
            raise ValueError(f"leak is {leak}; it must lie above 0 and not above 1")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "bias", bias)
        object.__setattr__(self, "leak", float(leak))

    @property
    def n_units(self) -> int:
        """Number of units."""
        return self.bias.shape[0]

    def __call__(self, hidden: Float[np.ndarray, "*batch units"]) -> Float[np.ndarray, "*batch units"]:
        """Take one step from each state."""
        drive = hidden @ self.weights.T + self.bias
        return (1 - self.leak) * hidden + self.leak * np.maximum(drive, 0.0)
