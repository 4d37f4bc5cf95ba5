"""What a feature would be if it had nothing to do with a unit: three ways to shuffle, one for each kind of feature.

Samples of a trial are alike, and samples that follow one another are: they are not independent, and shuffling them one
by one, or rolling the whole recording where a feature is constant within trials, makes the shuffles less like one
another than real independent recordings are. Each way here moves what is independent as a whole.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from copy import copy
from typing import NamedTuple

import numpy as np
import scipy.fft
from jaxtyping import Bool, Float, Int
from scipy import sparse

from attrax.populations.information import BITS, class_entropy, whole_entropy
from attrax.populations.normal_scores import NormalScores

_AT_ONCE = 1000
"""Shuffles whose sums are taken in one product."""
_SHORT = 256
"""Steps of a trial up to which its rolls are written out."""


class Shuffled(NamedTuple):
    """A statistic of each unit, as observed and of each shuffle."""

    observed: Float[np.ndarray, " units"]
    shuffled: Float[np.ndarray, "shuffles units"]


class Shuffling(ABC):
    """A way to shuffle a feature against all units at once."""

    @property
    @abstractmethod
    def what(self) -> str:
        """What is shuffled, in words."""

    @abstractmethod
    def of_quantity(self, units: NormalScores, scores: Float[np.ndarray, " samples"]) -> Shuffled:
        """Return how far each unit's mean product with the scores of a quantity is from zero, with its sign."""

    @abstractmethod
    def of_category(self, units: NormalScores, codes: Int[np.ndarray, " samples"]) -> Shuffled:
        """Return a statistic, to be added up over separate samples, that is large where classes (from 0) differ."""

    @abstractmethod
    def strength_of_squares(self, squares: Shuffled) -> Shuffled:
        """Return a statistic that can be added up over separate samples, from squares of what `of_quantity` returns."""

    @abstractmethod
    def arrangements(self, count: int) -> Iterator[Int[np.ndarray, " samples"]]:
        """Yield shuffles as indices of samples: ``feature[index]`` is shuffled."""


class TrialPermutations(Shuffling):
    """Trials change places: for a feature that is constant within each of them.

    Exact: if the feature of a trial has nothing to do with its activity, any assignment of features to trials is as
    likely as the observed one, whatever the activity within a trial is like.

    Parameters
    ----------
    trial
        Number of each sample's trial, from 0, ascending, shape (samples,).
    shuffles
        How many.
    generator
        Of the permutations.
    """

    def __init__(self, trial: Int[np.ndarray, " samples"], shuffles: int, generator: np.random.Generator) -> None:
        self._trial = trial  # of the samples whose activity is asked about
        self._lengths = np.bincount(trial).astype(float)
        self._first = np.unique(trial, return_index=True)[1]
        n_trials = len(self._lengths)
        self._orders = generator.permuted(np.broadcast_to(np.arange(n_trials), (shuffles, n_trials)), axis=1)

    def part(self, which: Bool[np.ndarray, " samples"]) -> "TrialPermutations":
        """Return the same permutations for the activity of some samples; features are still those of all samples.

        For samples that are parts of the same trials: permutations of their own would be less alike than the parts are.
        """
        other = copy(self)
        other._trial = self._trial[which]
        other._lengths = np.bincount(other._trial, minlength=len(self._lengths)).astype(float)
        return other

    @property
    def what(self) -> str:
        """What is shuffled, in words."""
        return "trials permuted"

    def _sums(self, values: Float[np.ndarray, "samples units"]) -> Float[np.ndarray, "trials units"]:
        places = (self._trial, np.arange(len(self._trial)))
        member = sparse.csr_array((np.ones(len(self._trial)), places), shape=(len(self._lengths), len(self._trial)))
        return np.asarray(member @ values)

    def of_quantity(self, units: NormalScores, scores: Float[np.ndarray, " samples"]) -> Shuffled:
        """Return the correlation of each unit with the scores."""
        value, sums = scores[self._first], self._sums(units.mean)
        n_samples = len(self._trial)

        def correlation(values: Float[np.ndarray, "rows trials"]) -> Float[np.ndarray, "rows units"]:
            mean = values @ self._lengths / n_samples
            spread = np.sqrt(np.maximum(values**2 @ self._lengths / n_samples - mean**2, 1e-300))
            return values @ sums / (n_samples * spread[:, None] * np.sqrt(units.variance))

        shuffled = [correlation(value[self._orders[first : first + _AT_ONCE]]) for first in self._pieces]
        return Shuffled(correlation(value[None])[0], np.concatenate(shuffled))

    def of_category(self, units: NormalScores, codes: Int[np.ndarray, " samples"]) -> Shuffled:
        """Return the information of each unit about the class, in bits times samples."""
        code, n_samples = codes[self._first], len(self._trial)
        sums, squares = self._sums(units.mean), self._sums(units.square)
        n_classes = int(code.max()) + 1
        whole = whole_entropy(n_samples, units.variance)

        def information(labels: Int[np.ndarray, "rows trials"]) -> Float[np.ndarray, "rows units"]:
            within = np.zeros((len(labels), sums.shape[1]))
            others = [np.full((len(labels), 1), float(n_samples)), sums.sum(axis=0), squares.sum(axis=0)]
            for number in range(n_classes):
                if number + 1 < n_classes:
                    member = (labels == number).astype(float)
                    here = [(member @ self._lengths)[:, None], member @ sums, member @ squares]
                    others = [rest - part for rest, part in zip(others, here, strict=True)]
                else:  # what is left is the last class
                    here = others
                within += here[0] * class_entropy(*np.broadcast_arrays(*here))
            return (whole * n_samples - within) * BITS

        shuffled = [information(code[self._orders[first : first + _AT_ONCE]]) for first in self._pieces]
        return Shuffled(information(code[None])[0], np.concatenate(shuffled))

    @property
    def _pieces(self) -> range:
        return range(0, len(self._orders), _AT_ONCE)

    def strength_of_squares(self, squares: Shuffled) -> Shuffled:
        """Return the information of all samples, in bits times samples."""
        return _information_of_squares(squares, len(self._trial))

    def arrangements(self, count: int) -> Iterator[Int[np.ndarray, " samples"]]:
        """Yield shuffles as indices of samples."""
        for order in self._orders[:count]:
            yield self._first[order][self._trial]


class ShiftsWithinTrials(Shuffling):
    """Each trial is rolled by a number of steps of its own: for a feature that changes within trials.

    The statistic is the mean over trials of a trial's sum of products, in units of its spread over trials. A plain
    correlation will not do: where a feature has the same course in every trial and activity changes slowly, the courses
    that a roll makes have a jump, and go less well with slow activity than the course itself does, related or not. (For
    a ramp over 30 steps and activity with a correlation of 0.97 from step to step one in five unrelated units came out
    at p < 0.05.) Trials are independent, so their spread tells how much of a sum is chance; both are compared in its
    units.

    Parameters
    ----------
    trial
        Number of each sample's trial, from 0, ascending, shape (samples,).
    shuffles
        How many.
    generator
        Of the shifts.
    """

    def __init__(self, trial: Int[np.ndarray, " samples"], shuffles: int, generator: np.random.Generator) -> None:
        self._first = np.unique(trial, return_index=True)[1]
        self._lengths = np.bincount(trial)
        self._trial = trial
        self._shifts = generator.integers(0, self._lengths, (shuffles, len(self._lengths)))

    @property
    def what(self) -> str:
        """What is shuffled, in words."""
        return "shifts within trials"

    def of_quantity(self, units: NormalScores, scores: Float[np.ndarray, " samples"]) -> Shuffled:
        """Return the mean over trials of each unit's product with the scores, in units of its standard error."""
        return self._standardised(units, scores)

    def of_category(self, units: NormalScores, codes: Int[np.ndarray, " samples"]) -> Shuffled:
        """Return the sum over classes of the squares of what `of_quantity` returns for belonging to each."""
        observed, shuffled = np.zeros(units.mean.shape[1]), np.zeros((len(self._shifts), units.mean.shape[1]))
        for number in range(int(codes.max()) + 1):
            found = self._standardised(units, (codes == number).astype(float))
            observed, shuffled = observed + found.observed**2, shuffled + found.shuffled**2
        return Shuffled(observed, shuffled)

    def _standardised(self, units: NormalScores, values: Float[np.ndarray, " samples"]) -> Shuffled:
        products = np.empty_like(units.mean)  # of each trial with its feature rolled by 0, 1, 2... steps
        for first, length in zip(self._first, self._lengths, strict=True):
            here = slice(first, first + length)
            centred = values[here] - values[here].mean()
            if length <= _SHORT:
                rolled = centred[(np.arange(length)[:, None] + np.arange(length)) % length]
                products[here] = rolled @ units.mean[here]
            else:  # the same in less memory
                spectrum = np.conj(scipy.fft.rfft(units.mean[here], axis=0)) * scipy.fft.rfft(centred)[:, None]
                products[here] = scipy.fft.irfft(spectrum, length, axis=0)
        n_shuffles, n_trials = self._shifts.shape
        chosen = sparse.csr_array(
            (
                np.ones(self._shifts.size),
                (self._first + self._shifts).ravel(),
                np.arange(0, self._shifts.size + 1, n_trials),
            ),
            shape=(n_shuffles, len(values)),
        )
        squares = products**2
        return Shuffled(
            _studentised(products[self._first].sum(axis=0), squares[self._first].sum(axis=0), n_trials),
            _studentised(chosen @ products, chosen @ squares, n_trials),
        )

    def strength_of_squares(self, squares: Shuffled) -> Shuffled:
        """Return them as they are: each is one with a degree of freedom, in each of separate samples."""
        return squares

    def arrangements(self, count: int) -> Iterator[Int[np.ndarray, " samples"]]:
        """Yield shuffles as indices of samples."""
        step = np.arange(len(self._trial)) - self._first[self._trial]
        for shift in self._shifts[:count]:
            yield self._first[self._trial] + (step + shift[self._trial]) % self._lengths[self._trial]


def _studentised(
    sums: Float[np.ndarray, "*rows units"], squares: Float[np.ndarray, "*rows units"], count: int
) -> Float[np.ndarray, "*rows units"]:
    mean = sums / count
    variance = (squares / count - mean**2) * count / (count - 1)
    small = 1e-12 * squares / count + 1e-300  # every trial alike: as certain as it gets
    return mean / np.sqrt(np.maximum(variance, small) / count)


class WholeShifts(Shuffling):
    """The whole recording is rolled, by every possible number of steps: for a feature without trials.

    Parameters
    ----------
    n_samples
        Length of the recording.
    nearest
        The smallest roll: what is rolled by less than its own correlation time is not shuffled.
    """

    def __init__(self, n_samples: int, nearest: int) -> None:
        self._n_samples, self._nearest = n_samples, nearest

    @property
    def what(self) -> str:
        """What is shuffled, in words."""
        return "shifts of the whole recording"

    def of_quantity(self, units: NormalScores, scores: Float[np.ndarray, " samples"]) -> Shuffled:
        """Return the correlation of each unit with the scores."""
        centred = scores - scores.mean()
        spread = np.sqrt((centred**2).mean() * units.variance)
        return self._split(self._products(units.mean, centred) / (self._n_samples * spread))

    def of_category(self, units: NormalScores, codes: Int[np.ndarray, " samples"]) -> Shuffled:
        """Return the information of each unit about the class, in bits times samples."""
        within = np.zeros_like(units.mean)
        for number in range(int(codes.max()) + 1):
            member = (codes == number).astype(float)
            sums, squares = self._products(units.mean, member), self._products(units.square, member)
            count = np.full_like(sums, member.sum())
            within += count * class_entropy(count, sums, squares)
        whole = whole_entropy(self._n_samples, units.variance)
        return self._split((whole * self._n_samples - within) * BITS)

    def _products(
        self, values: Float[np.ndarray, "samples units"], weights: Float[np.ndarray, " samples"]
    ) -> Float[np.ndarray, "shifts units"]:
        """Return the sum over samples of each unit's value times the weight rolled by 0, 1, 2... steps."""
        spectrum = scipy.fft.rfft(values, axis=0) * np.conj(scipy.fft.rfft(weights))[:, None]
        return scipy.fft.irfft(spectrum, self._n_samples, axis=0)

    def _split(self, values: Float[np.ndarray, "shifts units"]) -> Shuffled:
        return Shuffled(values[0], values[self._nearest : self._n_samples - self._nearest + 1])

    def strength_of_squares(self, squares: Shuffled) -> Shuffled:
        """Return the information of all samples, in bits times samples."""
        return _information_of_squares(squares, self._n_samples)

    def arrangements(self, count: int) -> Iterator[Int[np.ndarray, " samples"]]:
        """Yield shuffles as indices of samples: so many shifts, evenly spread."""
        steps = np.arange(self._n_samples)
        last = self._n_samples - self._nearest
        for shift in np.unique(np.linspace(self._nearest, last, count).astype(int)):
            yield (steps - shift) % self._n_samples


def _information_of_squares(squares: Shuffled, n_samples: int) -> Shuffled:
    return Shuffled(*(-0.5 * n_samples * BITS * np.log1p(-np.minimum(part, 1 - 1e-15)) for part in squares))


def correlation_time(scores: Float[np.ndarray, "samples variables"]) -> Int[np.ndarray, " variables"]:
    """Return the first lag at which each column's autocorrelation is below 0.1; the length where it never is."""
    n_samples = len(scores)
    spectrum = scipy.fft.rfft(scores - scores.mean(axis=0), 2 * n_samples, axis=0)
    correlation = scipy.fft.irfft(np.abs(spectrum) ** 2, axis=0)[:n_samples]
    below = correlation < 0.1 * correlation[0]
    return np.where(below.any(axis=0), below.argmax(axis=0), n_samples)
