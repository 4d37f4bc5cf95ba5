"""What a trained network is given in each stage of its task, and the states in which it enters one."""

from itertools import product

import jax
import numpy as np
from jaxtyping import Float

from attrax.dynamics.orbits.many_orbits import ReluOrbits
from attrax.networks import RecurrentNetwork
from attrax.tasks import Task
from attrax.tasks.trial import STAGES


class StageInputs:
    """A network's weights and a task's constant inputs, in float64.

    Parameters
    ----------
    task, network
        A trained network and what it was trained on.
    """

    def __init__(self, task: Task, network: RecurrentNetwork) -> None:
        self.task = task
        self.leak = network.leak
        self.weights = np.asarray(network.recurrent_weights, dtype=float)
        self._input_weights = np.asarray(network.input_weights, dtype=float)
        self._bias = np.asarray(network.bias, dtype=float)

    def biases(
        self, stage: str, coherences: Float[np.ndarray, "points modalities"], context: int
    ) -> Float[np.ndarray, "points units"]:
        """Return U x + b for the constant input of a stage at each coherence."""
        with jax.enable_x64(True):
            inputs = np.array([self.task.stage_input(stage, coherence, context) for coherence in coherences])
        return inputs @ self._input_weights.T + self._bias

    def starts(
        self, stage: str, coherences: Float[np.ndarray, "points modalities"], context: int
    ) -> Float[np.ndarray, "points units"]:
        """Return the states in which noise-free stages of typical length leave the network before a stage.

        The first stage starts from the zero state.
        """
        hidden = np.zeros((coherences.shape[0], self.weights.shape[0]))
        for earlier in STAGES[: STAGES.index(stage)]:
            orbits = ReluOrbits(self.weights, self.biases(earlier, coherences, context), self.leak, hidden)
            orbits.follow(self.task.stage_steps(earlier))
            hidden = orbits.hidden
        return hidden


def plane_coherences(task: Task, axes: list[np.ndarray]) -> Float[np.ndarray, "points modalities"]:
    """Return the coherences of all points of a plane, the second axis running fastest."""
    return np.array([point[: task.n_modalities] for point in product(*axes)])


def coherence_axes(task: Task, points: int) -> list[np.ndarray]:
    """Return the coherences along each modality; a task of one modality has a plane of one column."""
    axis = np.linspace(-1, 1, points)
    return [axis, axis if task.n_modalities > 1 else np.zeros(1)]
