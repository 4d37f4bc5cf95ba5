"""How strongly units depend on a feature, as observed and of every shuffle: what tests of selectivity are made of."""

from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Shaped

from attrax.populations.features import Feature, Recording
from attrax.populations.information import (
    information_of_classes,
    information_of_correlation,
    information_of_two,
    neighbour_information,
    score_correlation,
)
from attrax.populations.normal_scores import NormalScores, normal_scores
from attrax.populations.shuffles import (
    ShiftsWithinTrials,
    Shuffled,
    Shuffling,
    TrialPermutations,
    WholeShifts,
    correlation_time,
)

ESTIMATORS, TUNINGS = ("copula", "neighbours"), ("any", "monotone")

CORRELATION_TIMES = 20
"""A recording without trials must be so many correlation times long: shifts by less are not independent."""


class Dependence(NamedTuple):
    """What ties the units of a recording to one feature."""

    information: Float[np.ndarray, " units"]
    """Bits, about the feature."""
    information_any: Float[np.ndarray, " units"]
    """Bits; of a quantity, about it or its distance from its median."""
    strength: Shuffled
    """A statistic that is large where there is dependence. Those of separate samples can be added up."""
    direction: Shuffled
    """A statistic whose sign says whether activity rises or falls with the feature."""


class DependenceTest:
    """Measures dependence in one recording; features of one kind share their shuffles.

    Parameters
    ----------
    recording
        Activity, trials and features.
    seed, estimator, tuning, shuffles
        As in `attrax.populations.selectivity`.

    Attributes
    ----------
    active
        Which units can be tested: results are of these, shape (units,).
    scores
        Of their activity.
    """

    def __init__(self, recording: Recording, seed: int, estimator: str, tuning: str, shuffles: int) -> None:
        self._recording, self._seed, self._estimator, self._tuning = recording, seed, estimator, tuning
        self._shuffles = shuffles
        self._unit_reasons = list(recording.untestable)
        self._slowest = 1
        if recording.trial is None:
            self._leave_out_slow_units()
        self.active: Bool[np.ndarray, " units"] = np.array([not reason for reason in self._unit_reasons], bool)
        self._activity = recording.activity[:, self.active]
        self.scores = normal_scores(self._activity)

    def _leave_out_slow_units(self) -> None:
        """Say of which units a recording without trials holds too little, and how slow the others are."""
        for unit, activity in enumerate(self._recording.activity.T):
            if not self._unit_reasons[unit]:
                time = int(correlation_time(normal_scores(activity[:, None]).mean)[0])
                self._unit_reasons[unit] = self._too_few_samples(time)
                if not self._unit_reasons[unit]:
                    self._slowest = max(self._slowest, time)

    def reasons(self) -> Shaped[np.ndarray, "units features"]:
        """Return why each pair cannot be tested; empty texts where it can."""
        of_features = [feature.untestable or self._too_short(feature) for feature in self._recording.features]
        rows = [[unit or reason for reason in of_features] for unit in self._unit_reasons]
        return np.array(rows, str).reshape(len(self._unit_reasons), -1)

    def words(self, feature: Feature) -> str:
        """Return what is shuffled for a feature; empty where nothing can be."""
        return "" if feature.untestable or self._too_short(feature) else self._shuffling(feature).what

    def of(self, feature: Feature) -> Dependence:
        """Measure how the units depend on a feature."""
        shuffling, quantity = self._shuffling(feature), normal_scores(feature.values[:, None])
        direction = shuffling.of_quantity(self.scores, quantity.mean[:, 0])
        if self._estimator == "neighbours":
            strength = self._by_neighbours(feature, shuffling)
            return Dependence(strength.observed, strength.observed, strength, direction)
        information, information_any = self.information(feature)
        return Dependence(
            information, information_any, strength_of(shuffling, self.scores, feature, self._tuning), direction
        )

    def information(self, feature: Feature) -> tuple[Float[np.ndarray, " units"], Float[np.ndarray, " units"]]:
        """Return the copula's information about a feature, and about it or its distance from its median."""
        if feature.codes is not None:
            information = np.maximum(information_of_classes(self.scores, feature.codes), 0.0)
            return information, information
        quantity, n_samples = normal_scores(feature.values[:, None]), len(self._activity)
        correlation = score_correlation(self.scores, quantity)
        information, away = information_of_correlation(correlation, n_samples), folded(quantity)
        if away is None or self._tuning != "any":
            return information, information
        beside = self.scores.mean.T @ away / (n_samples * np.sqrt(self.scores.variance * (away**2).mean()))
        return information, information_of_two(np.minimum(correlation**2 + beside**2, 1.0), n_samples)

    def _by_neighbours(self, feature: Feature, shuffling: Shuffling) -> Shuffled:
        categorical = feature.kind == "category"

        def information(values: Float[np.ndarray, " samples"]) -> Float[np.ndarray, " units"]:
            return neighbour_information(self._activity, values, categorical, seed=self._seed)

        shuffled = [information(feature.values[index]) for index in shuffling.arrangements(self._shuffles)]
        return Shuffled(information(feature.values), np.stack(shuffled))

    def _too_short(self, feature: Feature) -> str:
        """Return why a recording without trials has too few shifts for a feature; empty where it has enough."""
        if self._recording.trial is not None:
            return ""
        return self._too_few_samples(int(correlation_time(feature.values[:, None])[0]))

    def _too_few_samples(self, time: int) -> str:
        n_samples, needed = len(self._recording.activity), CORRELATION_TIMES * time
        return "" if n_samples >= needed else f"{n_samples} samples; with a correlation time of {time} needed: {needed}"

    def _nearest_shift(self, feature: Feature) -> int:
        """Return the longest of the correlation times of the feature and of the units that are tested."""
        return max(self._slowest, int(correlation_time(feature.values[:, None])[0]))

    def _shuffling(self, feature: Feature) -> Shuffling:
        """Return the way to shuffle a feature."""
        trial = self._recording.trial
        if trial is None:
            return WholeShifts(len(self._activity), self._nearest_shift(feature))
        return self._trial_permutations if feature.constant_in_trials else self._shifts_within_trials

    # Each from a stream of its own, so that one feature's p does not hang on what else is tested.
    @cached_property
    def _trial_permutations(self) -> TrialPermutations:
        assert self._recording.trial is not None
        return TrialPermutations(self._recording.trial, self._shuffles, np.random.default_rng([self._seed, 0]))

    @cached_property
    def _shifts_within_trials(self) -> ShiftsWithinTrials:
        assert self._recording.trial is not None
        return ShiftsWithinTrials(self._recording.trial, self._shuffles, np.random.default_rng([self._seed, 1]))


def strength_of(shuffling: Shuffling, units: NormalScores, feature: Feature, tuning: str) -> Shuffled:
    """Return how strongly units depend on a feature, as observed and of every shuffle."""
    if feature.codes is not None:
        return shuffling.of_category(units, feature.codes)
    quantity = normal_scores(feature.values[:, None])
    explained, away = _squared(shuffling.of_quantity(units, quantity.mean[:, 0])), folded(quantity)
    if away is not None and tuning == "any":
        explained = _added(explained, _squared(shuffling.of_quantity(units, away)))
    return shuffling.strength_of_squares(explained)


def without(units: NormalScores, other: Float[np.ndarray, " samples"]) -> NormalScores:
    """Return scores less what a line through other values says of them, with the variance that they had."""
    centred = other - other.mean()
    slopes = centred @ units.mean / max(float(centred @ centred), 1e-300)
    line = centred[:, None] * slopes
    mean, square = units.mean - line, units.square - 2 * line * units.mean + line**2
    scale = np.sqrt(units.variance / np.maximum(square.mean(axis=0), 1e-12))
    return NormalScores(mean * scale, square * scale**2, units.variance)


def folded(quantity: NormalScores) -> Float[np.ndarray, " samples"] | None:
    """Return how far a quantity is from its median, as scores without what its own scores say; None if nothing is left.

    With it a line through the scores becomes a curve with one bend: the least that sees tuning to the middle.
    """
    own = quantity.mean[:, 0]
    away = normal_scores(np.abs(np.round(own, 12))[:, None]).mean[:, 0]
    rest = away - own * (away @ own) / (own @ own)
    return rest if (rest**2).mean() > 1e-6 else None


def _squared(found: Shuffled) -> Shuffled:
    return Shuffled(found.observed**2, found.shuffled**2)


def _added(one: Shuffled, other: Shuffled) -> Shuffled:
    return Shuffled(one.observed + other.observed, one.shuffled + other.shuffled)
