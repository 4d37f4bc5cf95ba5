"""One network on its task: what the analyses ask of the two, each thing computed once."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import jax
import numpy as np
from jaxtyping import Float

from attrax.analyses.trial_groups import TrialGroups, groups_in_trials
from attrax.analyses.trial_states import TrialStates, states_at_stage_ends, states_of_trials
from attrax.analyses.unit_recording import UnitRecording, record_units
from attrax.dynamics.orbits.relu_orbits import ReluOrbits
from attrax.networks import RecurrentNetwork
from attrax.tasks import Task
from attrax.tasks.trial import STAGES

Found = TypeVar("Found")
_PLUS, _MINUS = 1, 2


class NetworkOnTask:
    """A network, trained or not, on its task: every analysis of `attrax.analyses` takes one.

    What several analyses need is computed when the first of them asks for it, and kept for as long as this object
    lives: states of real trials, recordings of all units (0.1 GB for 300 trials of 250 units), groups.

    Parameters
    ----------
    task, network
        The network, and what it is (or was) trained on.
    """

    def __init__(self, task: Task, network: RecurrentNetwork) -> None:
        self.task = task
        self.network = network
        self.leak = network.leak
        self.weights: Float[np.ndarray, "units units"] = np.asarray(network.recurrent_weights, dtype=float)
        """Recurrent weights, in float64."""
        self._input_weights = np.asarray(network.input_weights, dtype=float)
        self._bias = np.asarray(network.bias, dtype=float)
        self._known: dict[tuple[Any, ...], Any] = {}

    def biases(
        self, stage: str, coherences: Float[np.ndarray, "points modalities"], context: int
    ) -> Float[np.ndarray, "points units"]:
        """Return U x + b for the constant, noise-free input of a stage at each coherence."""
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

    @cached_property
    def choice_lead(self) -> tuple[Float[np.ndarray, " units"], float]:
        """Weights and bias of the logit of "+" less that of "-"."""
        policy = np.asarray(self.network.policy_weights, dtype=float)
        bias = np.asarray(self.network.policy_bias, dtype=float)
        return policy[_PLUS] - policy[_MINUS], float(bias[_PLUS] - bias[_MINUS])

    def trial_states(self, n_trials: int, seed: int = 0) -> TrialStates:
        """Return where real trials leave the network when each stage ends; see `states_of_trials`."""
        return self._once(("trials", n_trials, seed), lambda: states_of_trials(self.task, self.network, n_trials, seed))

    def states_at(
        self, coherences: Float[np.ndarray, "points modalities"], context: int, n_trials: int
    ) -> dict[str, Float[np.ndarray, "points trials units"]]:
        """Return the same of trials of given coherences, for all stages at once; see `states_at_stage_ends`."""
        return self._once(
            ("points", coherences.tobytes(), context, n_trials),
            lambda: states_at_stage_ends(self.task, self.network, coherences, context, n_trials),
        )

    def recording(self, n_trials: int, seed: int = 0) -> UnitRecording:
        """Return what every unit does in real trials; see `record_units`."""
        return self._once(("recording", n_trials, seed), lambda: record_units(self.task, self.network, n_trials, seed))

    def trial_groups(self, n_trials: int, threshold: float = 0.0) -> TrialGroups:
        """Return the groups of units in the decision stage of real trials; see `groups_in_trials`."""
        return self._once(
            ("groups", n_trials, threshold), lambda: groups_in_trials(self.recording(n_trials), threshold)
        )

    def _once(self, what: tuple[Any, ...], compute: Callable[[], Found]) -> Found:
        if what not in self._known:
            self._known[what] = compute()
        found: Found = self._known[what]
        return found
