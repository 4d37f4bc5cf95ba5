"""Settings of the analysis of causes, free of JAX."""

from dataclasses import dataclass, field
from itertools import pairwise

from attrax.dynamics.effort import Effort
from attrax.settings import check_fields, require, unknown_name
from attrax.tasks.trial import STAGES

ALL = "all"
"""In every stage."""


@dataclass(frozen=True)
class PerturbationSettings:
    """What is done to a trained network, and on how many trials it is then tried."""

    trials: int = 2000
    """Trials of each accuracy, the same for every lesion; a multiple of 10."""
    draws: int = 5
    """Random controls of each lesion, and draws of each random lesion and of noise on the weights."""
    noise_sizes: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.8)
    """Noise on the state at each step, in units of the root mean square activity of the network's units."""
    weight_sizes: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.4)
    """Noise on the recurrent weights, in units of their norm."""
    lesion_shares: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4)
    """Shares of the units that are silenced at random."""
    damping: tuple[float, ...] = (0.0, 0.5)
    """What the eigenvalue of the oscillating mode is multiplied by; 0 takes the mode out."""
    points: int = 5
    """Coherences along each axis at which the stimulus stage is labelled before and after."""
    stages: tuple[str, ...] = (ALL, "stimulus", "delay", "decision")
    """In which groups of units are silenced; "all" must be among them."""
    effort: Effort = field(
        default_factory=lambda: Effort(settling_steps=1000, steps=2000, extension=1, largest_period=1000)
    )
    """How long orbits are followed; less than for a plane, since shares are compared, and there are many."""

    def __post_init__(self) -> None:
        check_fields(self)
        whole = self.trials >= 10 and self.trials % 10 == 0
        require(whole, f"trials is {self.trials}; it must be a multiple of 10, and 10 or more")
        require(self.draws >= 1, f"draws is {self.draws}; it must be 1 or more")
        require(self.points >= 2, f"points is {self.points}; it must be 2 or more")
        for name in ("noise_sizes", "weight_sizes", "lesion_shares"):
            sizes = getattr(self, name)
            rising = bool(sizes) and sizes[0] > 0 and all(small < large for small, large in pairwise(sizes))
            require(rising, f"{name} {list(sizes)}: there must be one or more, above 0 and rising")
        shares = list(self.lesion_shares)
        require(shares[-1] < 1, f"lesion_shares {shares}: each must be below 1")
        factors = list(self.damping)
        fitting = bool(factors) and all(0 <= factor < 1 for factor in factors)
        require(fitting, f"damping {factors}: there must be one or more, each at least 0 and below 1")
        require(len(set(factors)) == len(factors), f"damping {factors}: each must be there once")
        for stage in self.stages:
            if stage not in (ALL, *STAGES):
                raise unknown_name("stage", stage, (ALL, *STAGES))
        require(ALL in self.stages, f"stages must name {ALL!r}: the summary is about it")
        require(len(set(self.stages)) == len(self.stages), f"stages {list(self.stages)}: each must be there once")
