"""Settings of the analyses of one network, free of JAX."""

from dataclasses import dataclass, field

from attrax.analyses.perturbation_settings import PerturbationSettings
from attrax.dynamics.effort import Effort
from attrax.settings import check_fields, require, unknown_name
from attrax.tasks.trial import STAGES, STIMULUS

LOCKED_FROM = 10
"""Cycles of a longer period are oscillations that have locked."""


@dataclass(frozen=True)
class PlaneSettings:
    """Which planes are mapped, and how finely."""

    points: int = 11
    """Coherences along each axis, from -1 to 1."""
    stages: tuple[str, ...] = ("stimulus", "delay", "decision")
    """Stages whose planes are mapped; the stimulus stage must be among them."""
    effort: Effort = field(default_factory=Effort)
    """How long orbits are followed."""
    atlas: bool = False
    """Whether the stimulus stage is also mapped exactly, at every coherence (see `attrax.dynamics.atlas`)."""
    atlas_samples: int = 64
    """Coherences at which orbits lead the atlas to its attractors, and say what there is without a formula."""
    course: bool = False
    """Whether the stimulus stage of every checkpoint is mapped too, and its attractors matched along training."""
    course_points: int = 5
    """Coherences along each axis at which attractors are sought from several starts and matched."""
    course_trials: int = 200
    """Real trials of each checkpoint: on which side are they when a stage begins?"""
    trials: int = 8
    """Real trials at each point, with noise: how far are they from the attractor when the stage ends?"""
    orbits_kept: int = 3
    """Orbits kept for drawing: those of the most oscillating points of the stimulus stage."""
    orbit_steps: int = 600
    """Steps of a kept orbit."""

    def __post_init__(self) -> None:
        check_fields(self)
        require(self.points >= 2, f"points is {self.points}; it must be 2 or more")
        for stage in self.stages:
            if stage not in STAGES:
                raise unknown_name("stage", stage, STAGES)
        require(STAGES[STIMULUS] in self.stages, "stages must name the stimulus stage: the summary is about it")
        require(self.course_points >= 2, f"course_points is {self.course_points}; it must be 2 or more")
        for name in ("atlas_samples", "course_trials", "trials", "orbits_kept", "orbit_steps"):
            require(getattr(self, name) >= 1, f"{name} is {getattr(self, name)}; it must be 1 or more")

    def inert(self) -> dict[str, str]:
        """Return the fields that compute nothing, and which switch makes them so: no network is named by them.

        The other ones always count: real trials are run at each point, and orbits are kept, whatever is switched off.
        """
        found = {} if self.atlas else {"atlas_samples": "atlas"}
        return found | ({} if self.course else dict.fromkeys(("course_points", "course_trials"), "course"))


@dataclass(frozen=True)
class PopulationSettings:
    """Whether units are looked at one by one, and lesioned."""

    units: bool = False
    """Whether it is measured which units do what: selectivity, balance, connectivity, and groups along training."""
    causes: bool = False
    """Whether networks are tried with lesions, under noise, and without their oscillating mode."""
    trials: int = 300
    """Real trials in which units are recorded."""
    shuffles: int = 10_000
    """Shuffles of each test of selectivity."""
    permutations: int = 1000
    """Permutations of units' labels, and shuffles of tests of which there are many: mixed selectivity, checkpoints."""
    threshold: float = 0.0
    """A unit is active where its activity is above this."""
    cause: PerturbationSettings = field(default_factory=PerturbationSettings)
    """Sizes of lesions and noise, and on how many trials networks are tried."""

    def __post_init__(self) -> None:
        check_fields(self)
        require(self.threshold >= 0, f"threshold is {self.threshold}; it must be 0 or more")
        for name, least in (("trials", 20), ("shuffles", 100), ("permutations", 100)):
            require(getattr(self, name) >= least, f"{name} is {getattr(self, name)}; it must be {least} or more")

    def inert(self) -> dict[str, str]:
        """Return the fields that compute nothing, and which switch makes them so: no network is named by them.

        `trials` and `threshold` always count: functional groups are made of every network.
        """
        found = {} if self.units else dict.fromkeys(("shuffles", "permutations"), "units")
        return found | ({} if self.causes else {"cause": "causes"})
