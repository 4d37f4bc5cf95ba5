"""What is asked of a network: trials as pure JAX functions of a key, in stages, with a known ceiling.

A new task is one file in this folder and one line in `TASKS`.
"""

from attrax.registry import Registry
from attrax.tasks.environment import EnvironmentState, reset, step
from attrax.tasks.stream import Sequence, draw_queues, draw_trials, labelled_sequence
from attrax.tasks.trial import Feedback, Task, Trial, TrialTask

TASKS = Registry(
    "task",
    {
        "ContextDecision": "attrax.tasks.context_decision:ContextDecision",
        "PerceptualDecision": "attrax.tasks.perceptual_decision:PerceptualDecision",
    },
)

__all__ = [
    "TASKS",
    "EnvironmentState",
    "Feedback",
    "Sequence",
    "Task",
    "Trial",
    "TrialTask",
    "draw_queues",
    "draw_trials",
    "labelled_sequence",
    "reset",
    "step",
]
