"""When training stops: at an accuracy, a number of updates, or a number of trials; the same for every rule."""

from dataclasses import dataclass
from typing import Literal

from attrax.settings import check_fields, require


@dataclass(frozen=True)
class StoppingRule:
    """Stop at whichever bound is met first.

    Equal accuracy, equal updates and equal experience are three different comparisons of learning rules. What is
    asked for is the accuracy; without one (None) the trials; without those the updates, which are always a bound.
    """

    accuracy: float | None = 0.95
    """Stop when greedy answers on held-out trials are right this often; None for no such bound."""
    updates: int = 2000
    """Stop after this many updates (of rollouts, or of batches)."""
    trials: int | None = None
    """Stop when this many training trials have been seen; None for no such bound."""
    evaluate_every: int = 20
    """Updates between evaluations."""
    evaluation_trials: int = 1000
    """Held-out trials in an evaluation, the same ones each time; a multiple of 10."""
    checkpoint_accuracies: tuple[float, ...] = (0.6, 0.7, 0.8, 0.9)
    """Keep the weights at the first evaluation that reaches each of these."""
    checkpoint_updates: tuple[int, ...] = ()
    """Keep the weights at the first evaluation after so many updates: to compare rules after equal updates."""
    checkpoint_trials: tuple[int, ...] = ()
    """Keep the weights at the first evaluation after so many training trials: to compare them at equal experience."""
    fresh_trials: int = 10_000
    """Trials drawn after the stop for the accuracy that is reported (at a crossing it is biased upward); a multiple
    of `evaluation_trials`."""

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("accuracy", *(["trials"] if self.trials is not None else [])):
            value = getattr(self, name)
            require(value is None or value > 0, f"{name} is {value}; it must be above 0")
        require(self.accuracy is None or self.accuracy < 1, f"accuracy is {self.accuracy}; it must be below 1")
        for name in ("updates", *(["trials"] if self.trials is not None else [])):
            require(getattr(self, name) < 2**31, f"{name} is {getattr(self, name)}; it must be below 2^31")
        for name in ("updates", "evaluate_every", "evaluation_trials", "fresh_trials"):
            require(getattr(self, name) >= 1, f"{name} is {getattr(self, name)}; it must be 1 or more")
        require(
            self.evaluation_trials % 10 == 0,
            f"evaluation_trials is {self.evaluation_trials}; it must be a multiple of 10",
        )
        require(
            self.fresh_trials % self.evaluation_trials == 0,
            f"fresh_trials is {self.fresh_trials}; it must be a multiple of the {self.evaluation_trials} "
            "evaluation_trials",
        )
        require(
            all(0 < a < 1 for a in self.checkpoint_accuracies),
            f"checkpoint_accuracies {list(self.checkpoint_accuracies)}: each must lie between 0 and 1",
        )
        for name in ("checkpoint_updates", "checkpoint_trials"):
            counts = getattr(self, name)
            require(all(count >= 1 for count in counts), f"{name} {list(counts)}: each must be 1 or more")

    @property
    def checkpoints(self) -> dict[str, tuple[Literal["accuracy", "updates", "trials"], float]]:
        """What is kept beside the initial and the final network: name to what is counted, and the count."""
        asked: list[tuple[Literal["accuracy", "updates", "trials"], float]] = [
            *(("accuracy", value) for value in self.checkpoint_accuracies),
            *(("updates", value) for value in self.checkpoint_updates),
            *(("trials", value) for value in self.checkpoint_trials),
        ]
        return {f"{counted} {value:.15g}": (counted, value) for counted, value in asked}

    def is_met(self, updates: int, trials: int, accuracy: float) -> bool:
        """Whether what is asked for has been reached."""
        if self.accuracy is not None:
            return accuracy >= self.accuracy
        return trials >= self.trials if self.trials is not None else updates >= self.updates

    def is_spent(self, updates: int, trials: int) -> bool:
        """Whether a bound forbids to go on."""
        return updates >= self.updates or (self.trials is not None and trials >= self.trials)

    def check_ceiling(self, ceiling: float) -> None:
        """Refuse a criterion that no network can meet.

        Raises
        ------
        SettingsError
            If the accuracy asked for is at or above the ideal observer's.
        """
        require(
            self.accuracy is None or self.accuracy < ceiling,
            f"accuracy {self.accuracy} cannot be reached: an ideal observer is right in {100 * ceiling:.2f} % of "
            "the trials of this task; ask for less, or lower the noise or lengthen the stimulus",
        )
