"""How long a stage lasts, in steps: fixed, uniform, or a truncated exponential."""

import math
from dataclasses import dataclass

from jaxtyping import Float, Int

from attrax._lazy import Array, jnp
from attrax.settings import check_fields, require


@dataclass(frozen=True)
class TruncatedExponential:
    """An exponential kept between two bounds, rounded down to whole steps (NeuroGym's ``TruncExp``)."""

    mean: float
    """Mean of the exponential before truncation, in steps."""
    minimum: float
    """Smallest value, in steps."""
    maximum: float
    """Values lie below it, in steps."""

    def __post_init__(self) -> None:
        check_fields(self)
        require(self.mean > 0, f"mean of a truncated exponential is {self.mean}; it must be above 0")
        require(
            0 <= self.minimum < self.maximum,
            f"a truncated exponential needs 0 <= minimum < maximum, got {self.minimum} and {self.maximum}",
        )


Duration = int | tuple[int, int] | TruncatedExponential
"""Steps of a stage: a number, ``(shortest, longest)`` drawn uniformly, or a truncated exponential."""


def check_duration(name: str, duration: Duration, least: int) -> None:
    """Raise `SettingsError` for a duration that cannot be or is shorter than `least` steps."""
    if isinstance(duration, tuple):
        require(
            duration[0] <= duration[1],
            f"{name} is drawn from {duration[0]} to {duration[1]} steps; the first must not exceed the second",
        )
    require(
        shortest(duration) >= least,
        f"{name} lasts {shortest(duration)} steps; it must last {least} or more",
    )


def shortest(duration: Duration) -> int:
    """Return the smallest number of steps that can be drawn."""
    if isinstance(duration, TruncatedExponential):
        return math.floor(duration.minimum)
    return duration[0] if isinstance(duration, tuple) else duration


def longest(duration: Duration) -> int:
    """Return the largest number of steps that can be drawn."""
    if isinstance(duration, TruncatedExponential):
        return math.ceil(duration.maximum) - 1
    return duration[1] if isinstance(duration, tuple) else duration


def typical(duration: Duration) -> int:
    """Return the mean number of steps, rounded: the length of a stage where one length must be chosen."""
    return round(sum(steps * p for steps, p in probabilities(duration).items()))


def probabilities(duration: Duration) -> dict[int, float]:
    """Return each number of steps that can be drawn, with its probability."""
    steps = range(shortest(duration), longest(duration) + 1)
    if not isinstance(duration, TruncatedExponential):
        return {n: 1 / len(steps) for n in steps}

    def survival(value: float) -> float:
        return math.exp(-(min(max(value, duration.minimum), duration.maximum) - duration.minimum) / duration.mean)

    total = 1.0 - survival(duration.maximum)
    return {n: (survival(float(n)) - survival(float(n + 1))) / total for n in steps}


def quantile(duration: Duration, uniform: Float[Array, ""]) -> Int[Array, ""]:
    """Turn a uniform draw on [0, 1) into a number of steps (inverse of the distribution function)."""
    if isinstance(duration, TruncatedExponential):
        kept = -math.expm1(-(duration.maximum - duration.minimum) / duration.mean)  # share of the tail that is kept
        steps = jnp.floor(duration.minimum - duration.mean * jnp.log1p(-kept * uniform))
    else:
        steps = shortest(duration) + jnp.floor(uniform * (longest(duration) - shortest(duration) + 1))
    return jnp.clip(steps, shortest(duration), longest(duration)).astype(jnp.int32)
