"""Mixed selectivity: what a unit says of one feature where another is known, and how many features it tells apart.

Features of a task hang together: the right choice follows from the coherence that counts. A unit that is tuned to one
of them looks tuned to the other as well, until the other is held fixed.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike

from attrax.populations.dependence import DependenceTest
from attrax.populations.features import MOST_CATEGORIES, Feature, Recording, part_of, read_recording
from attrax.populations.multiple_testing import corrected_p_values
from attrax.populations.selective_units import selectivity
from attrax.populations.tail import shuffle_p_values
from attrax.settings import require

PARTS = 5
"""Parts of equal size that a quantity of more than ten values is cut into, to be held fixed."""


def mixed_selectivity(
    activity: ArrayLike,
    features: Mapping[str, ArrayLike],
    trial: ArrayLike | None = None,
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
        Bits: Gaussian-copula information about the feature among samples of one value (of a quantity with more than ten
        values: one fifth) of the other, averaged over these.
    conditional_p_uncorrected, conditional_p (unit, feature, given)
        Of none: as it is, and corrected over all that could be tested (Benjamini, Hochberg).
    conditional_reason (unit, feature, given)
        Why there is none of these; empty where there is.
    feature_count (unit)
        To how many features the unit is tuned: it is by itself (`selectivity`), and still is, as far as that can be
        tested, whichever single other feature is held fixed.
    mixed_share
        Share of the units that can be tested which are tuned to two features or more.

    Notes
    -----
    Within each value of the given feature the shuffles are those of `selectivity`, of the samples that have it. A
    feature that the given one determines is constant there, and its information is 0. Not tested: one feature that
    changes within trials given another (what is left of a trial is no stretch that could be rolled), and features of
    recordings without trials.

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
        parts = [part_of(recording, which) for which in _parts(recording, given)]
        tests = [DependenceTest(part, seed + number, "copula", "any", shuffles) for number, part in enumerate(parts)]
        for row, feature in enumerate(recording.features):
            within = [part.features[row] for part in parts]
            why = _untestable(recording, feature, given, within)
            reason[:, row, column] = [unit or why for unit in recording.untestable]
            if not why:
                information[:, row, column], p[:, row, column] = _conditional(tests, within, n_units, shuffles)
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
            "feature_count": ("unit", tuned.sum(axis=1)),
            "mixed_share": float((tuned.sum(axis=1)[testable] >= 2).mean()) if testable.any() else 0.0,
        },
        coords={"feature": names, "given": names},
    )


def _untestable(recording: Recording, feature: Feature, given: Feature, within: Sequence[Feature]) -> str:
    """Return why no test of one feature given another is made; empty where one is."""
    if feature is given:
        return "the feature itself is given"
    if recording.trial is None:
        return "the recording has no trials"
    for one in (feature, given):
        if one.untestable:
            return f"{one.name}: {one.untestable}"
    if not (feature.constant_in_trials or given.constant_in_trials):
        return "both features change within trials"
    reasons = [part.untestable for part in within]
    if not all(reasons) or set(reasons) == {_DETERMINED}:
        return ""
    return f"where {given.name} is fixed: {next(reason for reason in reasons if reason != _DETERMINED)}"


_DETERMINED = "the feature is constant"


def _parts(recording: Recording, given: Feature) -> list[Bool[np.ndarray, " samples"]]:
    """Return the samples in which a feature has one value, or lies in one fifth of its values."""
    levels, codes = np.unique(given.values, return_inverse=True)
    if len(levels) > MOST_CATEGORIES and given.kind == "quantity":
        values = given.values
        if given.constant_in_trials and recording.trial is not None:  # fifths of the trials
            values = values[np.unique(recording.trial, return_index=True)[1]]
        borders = np.unique(np.quantile(values, np.arange(1, PARTS) / PARTS))
        codes = np.searchsorted(borders, given.values, side="right")
    return [codes == code for code in np.unique(codes)]


def _conditional(
    tests: Sequence[DependenceTest], within: Sequence[Feature], n_units: int, shuffles: int
) -> tuple[Float[np.ndarray, " units"], Float[np.ndarray, " units"]]:
    """Return the information where the other is fixed, and p: 0 and 1 where it determines the feature."""
    information, n_samples = np.zeros(n_units), sum(len(feature.values) for feature in within)
    observed, shuffled = np.zeros(n_units), np.zeros((shuffles, n_units))
    for test, feature in zip(tests, within, strict=True):
        if feature.untestable or not test.active.any():
            continue
        found = test.of(feature)
        information[test.active] += found.information_any * len(feature.values) / n_samples
        observed[test.active] += found.strength.observed
        shuffled[:, test.active] += found.strength.shuffled
    nothing = ~shuffled.any(axis=0)
    return information, np.where(nothing, 1.0, shuffle_p_values(observed, shuffled).p)
