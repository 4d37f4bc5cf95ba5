"""How hard an analysis of a user's own network looks, in three steps: what the command line offers."""

from dataclasses import dataclass

from attrax.dynamics.effort import Effort
from attrax.networks import OwnNetwork


@dataclass(frozen=True)
class EffortLevel:
    """How long orbits are followed, and how many linear solves the search for fixed points may spend."""

    effort: Effort
    solves: int


EFFORT_LEVELS = {
    "quick": EffortLevel(Effort(settling_steps=500, steps=2000, extension=1, largest_period=1000), 100),
    "standard": EffortLevel(Effort(), 500),
    "thorough": EffortLevel(Effort(settling_steps=5000, steps=50_000, extension=10, largest_period=20_000), 5000),
}
"""By name: a first look, what is right for most, and one for the networks that stay undecided."""

_LARGE = 256


def affordable_solves(network: OwnNetwork, level: EffortLevel) -> int:
    """Return how many solves a level spends on a network.

    A solve of a tanh or GRU network of more than 256 units takes its dense Jacobian by differentiation, 0.25 s for a
    GRU of 1,000: there are fewer of them, in proportion to 1 / units², but at least a fifth.
    """
    if network.kind == "relu":
        return level.solves
    share = min(1.0, (_LARGE / network.n_units) ** 2)
    return int(level.solves * max(share, 0.2))
