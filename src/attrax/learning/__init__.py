"""How a network is trained: one signature, one history, one criterion for every learning rule.

A new learner is one file in this folder and one line in `LEARNERS`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from attrax.learning.stopping import StoppingRule
from attrax.registry import Registry

if TYPE_CHECKING:
    from attrax.learning.evaluation import Evaluation, evaluate
    from attrax.learning.members import Member
    from attrax.learning.training import Learner, Progress, Trained, train, train_batch

LEARNERS = Registry(
    "learner",
    {
        "a2c": "attrax.learning.policy_gradient:A2C",
        "closed_loop_supervised": "attrax.learning.closed_loop:ClosedLoopSupervised",
        "ppo": "attrax.learning.ppo:PPO",
        "reinforce": "attrax.learning.policy_gradient:Reinforce",
        "supervised": "attrax.learning.supervised:Supervised",
    },
)

_PLACES = {
    "Evaluation": "evaluation",
    "evaluate": "evaluation",
    "Learner": "training",
    "Member": "members",
    "Progress": "training",
    "Trained": "training",
    "train": "training",
    "train_batch": "training",
}
__all__ = [
    "LEARNERS",
    "Evaluation",
    "Learner",
    "Member",
    "Progress",
    "StoppingRule",
    "Trained",
    "evaluate",
    "train",
    "train_batch",
]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(f"attrax.learning.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'attrax.learning' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
