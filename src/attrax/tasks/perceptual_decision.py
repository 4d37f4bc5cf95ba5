"""Perceptual decision: one stream of evidence, no context."""

from dataclasses import dataclass
from typing import ClassVar

from attrax.tasks.staged_decision import StagedDecision


@dataclass(frozen=True)
class PerceptualDecision(StagedDecision):
    """Decide on the sign of one noisy stream of evidence.

    Observation, action, reward and end of a trial as in `StagedDecision`, with one modality and no context
    channel: `ContextDecision` without its context, for questions about complexity. After Britten, Shadlen,
    Newsome, Movshon, *The analysis of visual motion*, Journal of Neuroscience 12 (1992).
    """

    n_modalities: ClassVar[int] = 1
    n_contexts: ClassVar[int] = 1
