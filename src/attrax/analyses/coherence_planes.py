"""The plane of coherences over which a stage is mapped."""

from itertools import product

import numpy as np
from jaxtyping import Float

from attrax.tasks import Task


def plane_coherences(task: Task, axes: list[np.ndarray]) -> Float[np.ndarray, "points modalities"]:
    """Return the coherences of all points of a plane, the second axis running fastest."""
    return np.array([point[: task.n_modalities] for point in product(*axes)])


def coherence_axes(task: Task, points: int) -> list[np.ndarray]:
    """Return the coherences along each modality; a task of one modality has a plane of one column."""
    axis = np.linspace(-1, 1, points)
    return [axis, axis if task.n_modalities > 1 else np.zeros(1)]
