"""Mixed selectivity: what a unit says of one feature where another is known, and how many features it tells apart.

Features of a task hang together: the right choice follows from the coherence that counts. A unit that is tuned to one
of them looks tuned to the other as well, until the other is held fixed.
"""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike

from attrax.populations.dependence import DependenceTest, strength_of, without
from attrax.populations.features import MOST_CATEGORIES, Feature, Recording, part_of, read_recording, unit_names
from attrax.populations.multiple_testing import corrected_p_values
from attrax.populations.normal_scores import normal_scores
from attrax.populations.shuffle_p_values import shuffle_p_values
from attrax.populations.shuffles import Shuffled, TrialPermutations
from attrax.populations.unit_selectivity import selectivity
from attrax.settings import require

PARTS = 5
"""Parts of equal size that a quantity of more than ten values is cut into, to be held fixed."""


def mixed_selectivity(
    activity: ArrayLike,
    features: Mapping[str, ArrayLike],
    trial: ArrayLike,
    seed: int = 0,
    *,
    shuffles: int = 1000,
    significance: float = 0.05,
    kinds: Mapping[str, str] | None = None,
) -> xr.Dataset:
    """Measure the information about each feature where another one is held fixed.

    Parameters
    ----------
    activity, features, trial, seed, significance, kinds
        As in `selectivity`.
    shuffles
        Of each test.

    Returns
    -------
    Dataset over "unit", "feature" and "given":

    conditional_information (unit, feature, given)
        Bits: Gaussian-copula information about the feature among samples of one value of the other, averaged over its
        values (but for those at which too few trials are left). Of a quantity with more than ten values one fifth, and
        within it what a line through its scores says of the unit is taken away first.
    conditional_p_uncorrected, conditional_p (unit, feature, given)
        Of none: as it is, and corrected over all that could be tested (Benjamini, Hochberg).
    conditional_reason (unit, feature, given)
        Why there is none of these; empty where there is.
    tuned (unit, feature)
        Whether the unit is selective by itself (`selectivity`), and still is, as far as that can be tested, whichever
        single other feature is held fixed.
    feature_count (unit)
        To how many features the unit is tuned.
    mixed_share
        Share of the units that can be tested which are tuned to two features or more.

    Notes
    -----
    Within each value of the given feature the shuffles are those of `selectivity`, of the samples that have it; where
    the given feature changes within trials, one permutation of the trials serves all of its values. A feature that the
    given one determines is constant there, and its information is 0. One feature that changes within trials given
    another is not tested: what is left of a trial is no stretch that could be rolled.

    Raises
    ------
    SettingsError
        As `selectivity`.
    """
    require(shuffles >= 20, f"shuffles is {shuffles}; it must be 20 or more")
    recording = read_recording(activity, features, trial, kinds)
    alone = selectivity(
        activity, features, trial, seed, shuffles=shuffles, correction="fdr", significance=significance, kinds=kinds
    )
    n_units, names = len(recording.untestable), [feature.name for feature in recording.features]
    shape = (n_units, len(names), len(names))
    information, p = np.full(shape, np.nan), np.full(shape, np.nan)
    reason = np.full(shape, "", dtype=object)
    for column, given in enumerate(recording.features):
        parts = _Parts(recording, given, seed, shuffles)
        for row in range(len(names)):
            why = parts.untestable(row)
            reason[:, row, column] = [unit or why for unit in recording.untestable]
            if not why:
                information[:, row, column], p[:, row, column] = parts.conditional(row)
    information[reason != ""] = p[reason != ""] = np.nan
    conditional_p = corrected_p_values(p, "fdr")
    holds = (np.nan_to_num(conditional_p, nan=1.0) <= significance) | (reason != "")
    tuned = alone.significant.values & holds.all(axis=2)
    testable = np.array([not unit for unit in recording.untestable], bool)
    over = ("unit", "feature", "given")
    return xr.Dataset(
        {
            "conditional_information": (over, information),
            "conditional_p_uncorrected": (over, p),
            "conditional_p": (over, conditional_p),
            "conditional_reason": (over, reason.astype(str)),
            "tuned": (("unit", "feature"), tuned),
            "feature_count": ("unit", tuned.sum(axis=1)),
            "mixed_share": float((tuned.sum(axis=1)[testable] >= 2).mean()) if testable.any() else 0.0,
        },
        coords={"feature": names, "given": names, **unit_names(activity)},
    )


_DETERMINED = "the feature is constant"


class _Parts:
    """The parts of a recording in which one feature is held fixed.

    Parameters
    ----------
    recording
        All of it.
    given
        The feature.
    seed, shuffles
        As in `mixed_selectivity`.
    """

    def __init__(self, recording: Recording, given: Feature, seed: int, shuffles: int) -> None:
        self._recording, self._given, self._shuffles = recording, given, shuffles
        self._where, fine = _where(recording, given)
        self._parts = [part_of(recording, where) for where in self._where]
        self._tests = [DependenceTest(part, seed + n, "copula", "any", shuffles) for n, part in enumerate(self._parts)]
        if not fine:  # within a fifth of its values a quantity still says something
            for where, test in zip(self._where, self._tests, strict=True):
                test.scores = without(test.scores, normal_scores(given.values[where][:, None]).mean[:, 0])
        self._permutations: TrialPermutations | None = None
        if not given.constant_in_trials and recording.trial is not None:
            self._permutations = TrialPermutations(recording.trial, shuffles, np.random.default_rng([seed, 2]))

    def untestable(self, row: int) -> str:
        """Return why a feature cannot be tested where this one is fixed; empty where it can."""
        feature, given = self._recording.features[row], self._given
        if feature is given:
            return "the feature itself is given"
        for one in (feature, given):
            if one.untestable:
                return f"{one.name}: {one.untestable}"
        if not (feature.constant_in_trials or given.constant_in_trials):
            return "both features change within trials"
        reasons = [part.features[row].untestable for part in self._parts]
        if not all(reasons) or set(reasons) == {_DETERMINED}:
            return ""
        return f"where {given.name} is fixed: {next(reason for reason in reasons if reason != _DETERMINED)}"

    def conditional(self, row: int) -> tuple[Float[np.ndarray, " units"], Float[np.ndarray, " units"]]:
        """Return the information about a feature, and p: 0 and 1 where this one determines it."""
        n_units = len(self._recording.untestable)
        information, counted = np.zeros(n_units), 0
        observed, shuffled = np.zeros(n_units), np.zeros((self._shuffles, n_units))
        for number, (part, test) in enumerate(zip(self._parts, self._tests, strict=True)):
            feature, active = part.features[row], test.active
            if feature.untestable == _DETERMINED:
                counted += len(feature.values)
            if feature.untestable:
                continue
            counted += len(feature.values)
            if not active.any():
                continue
            information[active] += test.information(feature)[1] * len(feature.values)
            strength = self._strength(row, number)
            observed[active] += strength.observed
            shuffled[:, active] += strength.shuffled
        nothing = ~shuffled.any(axis=0)
        return information / max(counted, 1), np.where(nothing, 1.0, shuffle_p_values(observed, shuffled).p)

    def _strength(self, row: int, number: int) -> Shuffled:
        """Return how strong the dependence is in one part.

        Where the parts are of different trials, each is shuffled by itself. Where they are steps of the same trials, a
        trial keeps its place in all of them: what a unit does in one is much like what it does in the next.
        """
        test, feature = self._tests[number], self._recording.features[row]
        if self._permutations is None:
            return test.of(self._parts[number].features[row]).strength
        return strength_of(self._permutations.part(self._where[number]), test.scores, feature, "any")


def _where(recording: Recording, given: Feature) -> tuple[list[Bool[np.ndarray, " samples"]], bool]:
    """Return the samples in which a feature has one value, or lies in one fifth of its values; and which of the two."""
    levels, codes = np.unique(given.values, return_inverse=True)
    fine = len(levels) <= MOST_CATEGORIES or given.kind == "category"
    if not fine:
        values = given.values
        if given.constant_in_trials and recording.trial is not None:  # fifths of the trials
            values = values[np.unique(recording.trial, return_index=True)[1]]
        borders = np.unique(np.quantile(values, np.arange(1, PARTS) / PARTS))
        codes = np.searchsorted(borders, given.values, side="right")
    return [codes == code for code in np.unique(codes)], fine
