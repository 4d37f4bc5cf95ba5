"""How much work an attractor analysis puts in."""

from dataclasses import dataclass

from attrax.settings import check_fields, require


@dataclass(frozen=True)
class Effort:
    """How long orbits are followed before a label is given."""

    settling_steps: int = 2000
    """Steps in which most orbits end in a certified fixed point or a short cycle."""
    steps: int = 10_000
    """Steps over which exponents, averages and returns of the others are measured."""
    extension: int = 10
    """Orbits that stay undecided are followed up to this many times as long, with looks on the way; 1: they are not."""
    largest_period: int = 5000
    """K: cycles are sought up to this period (and up to half the steps)."""
    orbits_at_once: int = 64
    """Orbits that are measured side by side, at most: fewer in a large network, where that is faster."""

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("settling_steps", "extension", "largest_period", "orbits_at_once"):
            require(getattr(self, name) >= 1, f"{name} is {getattr(self, name)}; it must be 1 or more")
        require(
            self.steps >= 1000,
            f"steps is {self.steps}; it must be 1000 or more to tell a small exponent from 0",
        )
