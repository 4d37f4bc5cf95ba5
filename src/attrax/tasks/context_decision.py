"""Context-dependent decision: two streams of evidence, and a cue that says which one counts."""

from dataclasses import dataclass
from typing import ClassVar

from attrax.tasks.duration import TruncatedExponential
from attrax.tasks.staged_decision import StagedDecision


@dataclass(frozen=True)
class ContextDecision(StagedDecision):
    """Decide on the sign of the modality that the context cue names, and ignore the other one.

    Observation, action, reward and end of a trial as in `StagedDecision`, with two modalities of independent
    signed coherence and two context channels. After Mante, Sussillo, Shenoy, Newsome, *Context-dependent
    computation by recurrent dynamics in prefrontal cortex*, Nature 503 (2013); the default durations,
    coherences, noise and rewards are ours.
    """

    n_modalities: ClassVar[int] = 2
    n_contexts: ClassVar[int] = 2

    @classmethod
    def neurogym(cls) -> "ContextDecision":
        """Return the settings of NeuroGym's ``ContextDecisionMaking-v0`` with explicit context (100 ms steps).

        There an ideal observer is right in 94.1 % of the trials, so a criterion of 95 % is refused.
        """
        return cls(
            fixation=3,
            stimulus=7,
            delay=TruncatedExponential(mean=6.0, minimum=3.0, maximum=30.0),
            decision=1,
            coherences=(0.05, 0.15, 0.5),
            noise=0.1,
            fixation_input="fixation stage",
            coding="ring",
            early_stages=("fixation",),
        )
