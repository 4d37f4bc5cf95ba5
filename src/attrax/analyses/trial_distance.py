"""How far real trials are from an attractor when a stage ends: one that no trial reaches decides nothing.

A stage lasts some tens of steps and a real trial has noise; an attractor says where the network would go if the stage
lasted for ever without noise.
"""

import numpy as np
from jaxtyping import Float

from attrax.dynamics.labels.classification import Classification
from attrax.dynamics.orbits.relu_orbits import ReluOrbits

_POINTS_AT_ONCE = 64
_SAMPLE = 500  # steps of an orbit that stand for a curve or a chaotic attractor


def distance_from_attractors(
    weights: Float[np.ndarray, "units units"],
    biases: Float[np.ndarray, "points units"],
    leak: float,
    found: Classification,
    ends: Float[np.ndarray, "points trials units"],
) -> Float[np.ndarray, " points"]:
    """Return the median distance of trials' last states from each point's attractor, in units of its size.

    The size is the root mean square norm of the attractor's states: 0 means that trials end on it, 1 that they are as
    far from it as the silent network is. NaN at divergent and undecided points, and where the attractor is silence.

    Parameters
    ----------
    weights, biases, leak
        The map of each point.
    found
        The labels of the points.
    ends
        States at the end of the stage, as `states_at_stage_ends` returns them.
    """
    distances = np.full(len(biases), np.nan)
    known = np.flatnonzero(~np.isin(found.kind, ("divergent", "undecided")))
    for first in range(0, known.size, _POINTS_AT_ONCE):
        points = known[first : first + _POINTS_AT_ONCE]
        orbits = ReluOrbits(weights, biases[points], leak, found.state[points])
        states = orbits.record(_SAMPLE) if (found.period[points] != 1).any() else found.state[None, points]
        for row, point in enumerate(points):
            sample = states[: max(1, found.period[point]) if found.period[point] else None, row]
            size = float(np.sqrt((sample**2).sum(axis=1).mean()))
            squares = (sample**2).sum(1) + (ends[point] ** 2).sum(1)[:, None] - 2 * ends[point] @ sample.T
            nearest = np.sqrt(np.maximum(squares.min(axis=1), 0.0))
            distances[point] = float(np.median(nearest)) / size if size > 0 else np.nan
    return distances
