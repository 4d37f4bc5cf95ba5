"""Whether two orbits run on the same attractor."""

import numpy as np
from jaxtyping import Float

SAMPLE = 1500
"""Steps of each orbit that are compared."""
_PROBES = 100


def is_same_set(known: Float[np.ndarray, "steps units"], other: Float[np.ndarray, "steps units"]) -> bool:
    """Whether two orbits run on the same attractor.

    The last states of the other orbit lie as near to the known one's states as three times the distance that the
    known orbit's own last states have to its earlier ones, or within 1 % of the attractor's size.
    """
    earlier = known[:-_PROBES]
    size = np.sqrt(((earlier - earlier.mean(axis=0)) ** 2).sum(axis=1).mean())
    own = np.median(_nearest_distances(known[-_PROBES:], earlier))
    return bool(np.median(_nearest_distances(other[-_PROBES:], earlier)) <= max(3 * own, 0.01 * size))


def is_same_cycle(
    known: Float[np.ndarray, "period units"], state: Float[np.ndarray, " units"], scale: float = 0.0
) -> bool:
    """Whether a state is one of a cycle's, for a scale that is at least the given one."""
    return bool(np.abs(known - state).max(axis=1).min() <= 1e-7 * max(np.abs(known).max(), scale))


def _nearest_distances(
    points: Float[np.ndarray, "points units"], others: Float[np.ndarray, "others units"]
) -> Float[np.ndarray, " points"]:
    squares = (points**2).sum(1)[:, None] + (others**2).sum(1)[None] - 2 * points @ others.T
    return np.sqrt(np.maximum(squares.min(axis=1), 0.0))
