"""How a network is trained: one signature, one history, one criterion for every learning rule.

A new learner is one file in this folder and one line in `LEARNERS`.
"""

from typing import TYPE_CHECKING

from attrax.learning.stopping import StoppingRule
from attrax.registry import Registry
from attrax.rooms import names_of

if TYPE_CHECKING:
    from attrax.learning.evaluation import Evaluation, evaluate
    from attrax.learning.members import Member
    from attrax.learning.training import Learner, Progress, Trained, train, train_batch

LEARNERS = Registry(
    "learner",
    {
        "a2c": "attrax.learning.a2c_and_reinforce:A2C",
        "closed_loop_supervised": "attrax.learning.closed_loop_supervised:ClosedLoopSupervised",
        "ppo": "attrax.learning.ppo:PPO",
        "reinforce": "attrax.learning.a2c_and_reinforce:Reinforce",
        "supervised": "attrax.learning.supervised:Supervised",
    },
)

_PLACES = {
    "evaluation": ("Evaluation", "evaluate"),
    "members": ("Member",),
    "training": ("Learner", "Progress", "Trained", "train", "train_batch"),
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


__getattr__ = names_of(__name__, _PLACES)


def __dir__() -> list[str]:
    return list(__all__)
