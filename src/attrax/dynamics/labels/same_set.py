"""Whether two orbits run on the same attractor."""

import numpy as np
from jaxtyping import Float

SAMPLE = 1500
"""Steps of each orbit that are compared."""
_PROBES = 100
_THIN, _ALIKE = 0.1, 0.2  # of the attractor's size


def is_same_set(known: Float[np.ndarray, "steps units"], other: Float[np.ndarray, "steps units"]) -> bool:
    """Whether two orbits run on the same attractor.

    The last states of the other orbit lie as near to the known one's states as three times the distance that the
    known orbit's own last states have to its earlier ones, or within 1 % of the attractor's size. Where a sample is too
    thin to say that (in many dimensions all neighbours are far), centre and size must agree as well.
    """
    earlier = known[:-_PROBES]
    size, other_size = _size(earlier), _size(other)
    own = np.median(_nearest_distances(known[-_PROBES:], earlier))
    if own > _THIN * size:
        apart = float(np.linalg.norm(earlier.mean(axis=0) - other.mean(axis=0)))
        if apart > _ALIKE * size or abs(other_size - size) > _ALIKE * size:
            return False
    return bool(np.median(_nearest_distances(other[-_PROBES:], earlier)) <= max(3 * own, 0.01 * size))


def is_same_cycle(
    known: Float[np.ndarray, "period units"], state: Float[np.ndarray, " units"], scale: float = 0.0
) -> bool:
    """Whether a state is one of a cycle's, for a scale that is at least the given one."""
    return bool(np.abs(known - state).max(axis=1).min() <= 1e-7 * max(np.abs(known).max(), scale))


def _size(states: Float[np.ndarray, "steps units"]) -> float:
    return float(np.sqrt(((states - states.mean(axis=0)) ** 2).sum(axis=1).mean()))


def _nearest_distances(
    points: Float[np.ndarray, "points units"], others: Float[np.ndarray, "others units"]
) -> Float[np.ndarray, " points"]:
    squares = (points**2).sum(1)[:, None] + (others**2).sum(1)[None] - 2 * points @ others.T
    return np.sqrt(np.maximum(squares.min(axis=1), 0.0))
