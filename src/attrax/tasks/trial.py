"""What a trial is, and what every task can do."""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

from attrax._lazy import Array

STAGES = ("fixation", "stimulus", "delay", "decision")
"""The stages of a trial, in order; a trial's `stage` holds their indices, and 4 after the end."""
STIMULUS, DECISION, OVER = 1, 3, 4


Coherence = Float[Array, " modalities"] | Float[np.ndarray, " modalities"] | tuple[float, ...] | list[float]
"""Signed coherence of each modality, in [-1, 1]."""


class Trial(NamedTuple):
    """One trial, drawn from one key: everything that any learner may see or be judged by."""

    observation: Float[Array, "*batch steps inputs"]
    """What the network sees at each step, noise included; zero after the end."""
    stage: Int[Array, "*batch steps"]
    """Index into `STAGES` at each step; 4 after the end."""
    target: Int[Array, "*batch steps"]
    """The right action at each step: 0 (fixation) before the decision stage, then `choice`."""
    length: Int[Array, "*batch"]
    """Steps of the trial when no answer ends it earlier."""
    context: Int[Array, "*batch"]
    """Which modality counts: an index from 0."""
    coherence: Float[Array, "*batch modalities"]
    """Signed coherence of each modality, in [-1, 1]."""
    choice: Int[Array, "*batch"]
    """The right answer: 1 for a positive relevant coherence, 2 for a negative one."""


class Feedback(NamedTuple):
    """What the environment says to one action."""

    reward: Float[Array, "*batch"]
    end: Bool[Array, "*batch"]
    """The trial ends with this step."""
    early: Bool[Array, "*batch"]
    """The action was an answer before the decision stage (punished or not)."""
    answer: Int[Array, "*batch"]
    """The action, if it is an answer in the decision stage, else 0."""


@runtime_checkable
class TrialTask(Protocol):
    """What a learner asks of a task: all that one of your own needs to be trained on."""

    @property
    def n_inputs(self) -> int:
        """Number of input channels."""
        ...

    @property
    def n_actions(self) -> int:
        """Number of actions; action 0 is "keep fixating"."""
        ...

    @property
    def longest_trial(self) -> int:
        """Steps of the longest trial: the length of a `Trial`'s arrays."""
        ...

    @property
    def fewest_steps(self) -> int:
        """Steps of the shortest trial that no answer ends early."""
        ...

    @property
    def shortest_trial(self) -> int:
        """Fewest steps after which an environment's trial can end, early answers included."""
        ...

    def trial(self, key: Array) -> Trial:
        """Draw a trial."""
        ...

    def judge(self, trial: Trial, step: Int[Array, ""], action: Int[Array, ""]) -> Feedback:
        """Say what an action at a step of a trial earns, and whether it ends the trial."""
        ...

    def ideal_observer_accuracy(self) -> float:
        """Return the highest accuracy that any network can reach."""
        ...


@runtime_checkable
class Task(TrialTask, Protocol):
    """What an analysis asks of a task beside that: its stages, and stimuli that can be chosen."""

    @property
    def n_contexts(self) -> int:
        """Number of contexts."""
        ...

    @property
    def n_modalities(self) -> int:
        """Number of stimulus modalities."""
        ...

    def stage_steps(self, stage: str) -> int:
        """Return the typical (mean) number of steps of a stage."""
        ...

    def stimuli(self) -> tuple[Float[np.ndarray, "stimuli modalities"], Float[np.ndarray, " stimuli"]]:
        """Return all signed coherences that `trial` draws, and the probability of each."""
        ...

    def trial_at(self, key: Array, coherence: Coherence, context: int | Int[Array, ""]) -> Trial:
        """Draw a trial of given signed coherences and context: only durations and noise are random."""
        ...

    def stage_input(self, stage: str, coherence: Coherence, context: int | Int[Array, ""]) -> Float[Array, " inputs"]:
        """Return the constant, noise-free input of a stage."""
        ...
