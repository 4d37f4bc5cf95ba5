"""Selectivity: which units carry information about which features, beyond what chance gives."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike

from attrax.populations.dependence import ESTIMATORS, TUNINGS, Dependence, DependenceTest
from attrax.populations.features import read_recording, unit_names
from attrax.populations.multiple_testing import CORRECTIONS, corrected_p_values, first_stage, second_stage
from attrax.populations.shuffle_p_values import shuffle_p_values
from attrax.settings import require, unknown_name

SHUFFLES = {"copula": 10_000, "neighbours": 200}
"""Shuffles by default: an estimate from neighbours takes much longer."""


def selectivity(
    activity: ArrayLike,
    features: Mapping[str, ArrayLike],
    trial: ArrayLike | None = None,
    seed: int = 0,
    *,
    estimator: str = "copula",
    tuning: str = "any",
    shuffles: int | None = None,
    fit_tail: bool = True,
    correction: str = "fdr",
    significance: float = 0.05,
    kinds: Mapping[str, str] | None = None,
) -> xr.Dataset:
    """Measure and test the information between every unit and every feature.

    Parameters
    ----------
    activity
        Shape (samples, units). Of a pandas table the columns name the units; the order of rows counts, not the index.
    features
        Name to one value a sample, shape (samples,): numbers or texts.
    trial
        The trial of each sample, shape (samples,), any numbers or texts; None: one recording without trials.
    seed
        Of the shuffles, and of the order of equal values for neighbours.
    estimator
        "copula": Gaussian-copula information. "neighbours": from distances of nearest neighbours; sees any form of
        dependence, and takes much longer.
    tuning
        What the test of a quantity sees, with "copula": "any", also units that are most (or least) active at its middle
        (its distance from its median is a second quantity); "monotone": only units that rise or fall with it.
    shuffles
        Of trials, or within them; 10,000 by default, with "neighbours" 200. Of recordings without trials all shifts are
        used (with "neighbours" so many).
    fit_tail
        Whether p below 1 / (shuffles + 1) are read off a tail fitted to the shuffles.
    correction
        For testing many pairs; the family is all testable pairs. "fdr" (Benjamini, Hochberg), "fdr-dependent"
        (Benjamini, Yekutieli), "family-wise" (Holm), "none"; "two-stage": INTENSE's rule (100 shuffles of which none
        may be as large, then a gamma tail, and Holm's rule over the pairs that are left).
    significance
        What `p_value` must not exceed for `significant`.
    kinds
        Feature to "quantity" (its order counts) or "category" (only whether values are equal). By default texts, true
        and false, whatever has two values, and whole numbers of at most ten values are categories.

    Returns
    -------
    Dataset over "unit" and "feature":

    information (unit, feature)
        Bits, as `copula_information`, `category_information` or `neighbour_information` say it.
    information_any (unit, feature)
        Bits: of a quantity, about it or its distance from its median; else as `information`.
    p_uncorrected, p_value (unit, feature)
        Of no dependence: as it is, and corrected over all pairs.
    fitted (unit, feature)
        Whether that p is of the fitted tail.
    significant (unit, feature)
        Whether p_value is at most `significance`.
    sign (unit, feature)
        1: more active at larger values; -1: less active; 0: neither can be shown at `significance` (by its own test,
        corrected alike), or the values have no order.
    testable (unit, feature), reason (unit, feature)
        Whether the pair could be tested; if not, why, in words, and its numbers are NaN (sign 0).
    kind, shuffled (feature)
        "quantity" or "category"; what was shuffled.

    Raises
    ------
    SettingsError
        For shapes that do not fit, features that are not finite, or a choice that does not exist.

    Notes
    -----
    What is shuffled follows from the feature. Constant within trials: trials change places. Changing within trials:
    each trial is rolled by steps of its own, and sums are compared in units of their spread over trials. Without
    trials: the whole recording is rolled, by all numbers of steps but those within the correlation time of feature or
    units.

    References
    ----------
    Ince et al., Human Brain Mapping 38, 1541 (2017). The need to move whole trials: Harris, *Nonsense correlations in
    neuroscience*, bioRxiv 2020.11.29.402719.
    """
    count = _number_of_shuffles(estimator, tuning, correction, shuffles, significance)
    recording = read_recording(activity, features, trial, kinds)
    test = DependenceTest(recording, seed, estimator, tuning, count)
    over, reasons = ("unit", "feature"), test.reasons()
    testable = reasons == ""
    fields = {name: np.full(testable.shape, np.nan) for name in _Tested._fields}
    for column in np.flatnonzero(testable.any(axis=0)):
        feature = recording.features[column]
        found = _tested(test.of(feature), feature.ordered, fit_tail, correction == "two-stage")
        for name, values in found._asdict().items():
            fields[name][testable[:, column], column] = values[testable[test.active, column]]
    stopped = np.isinf(fields["p"])  # at the first of two stages: they are none of the family
    rule = "family-wise" if correction == "two-stage" else correction
    p_value = np.where(stopped, 1.0, corrected_p_values(fields["p"], rule))
    signed = np.nan_to_num(corrected_p_values(fields["monotone_p"], rule), nan=1.0) <= significance
    return xr.Dataset(
        {
            "information": (over, fields["information"]),
            "information_any": (over, fields["information_any"]),
            "p_uncorrected": (over, np.where(stopped, 1.0, fields["p"])),
            "p_value": (over, p_value),
            "fitted": (over, np.nan_to_num(fields["fitted"]) > 0),
            "significant": (over, np.nan_to_num(p_value, nan=1.0) <= significance),
            "sign": (over, np.where(signed, np.nan_to_num(fields["direction"]), 0.0).astype(int)),
            "testable": (over, testable),
            "reason": (over, reasons),
            "kind": ("feature", np.array([feature.kind for feature in recording.features])),
            "shuffled": ("feature", np.array([test.words(feature) for feature in recording.features])),
        },
        coords={"feature": np.array([feature.name for feature in recording.features]), **unit_names(activity)},
    )


def _number_of_shuffles(estimator: str, tuning: str, correction: str, shuffles: int | None, significance: float) -> int:
    """Return how many shuffles are made, once all choices are checked."""
    for name, value, known in (
        ("estimator", estimator, ESTIMATORS),
        ("tuning", tuning, TUNINGS),
        ("correction", correction, CORRECTIONS),
    ):
        if value not in known:
            raise unknown_name(name, value, known)
    count = SHUFFLES[estimator] if shuffles is None else shuffles
    require(isinstance(count, int) and count >= 20, f"shuffles is {count}; it must be a whole number, 20 or more")
    require(
        correction != "two-stage" or count > 100,
        f"shuffles is {count}; the two-stage rule needs more than the 100 of its first stage",
    )
    require(0 < significance < 1, f"significance is {significance}; it must lie between 0 and 1")
    return count


class _Tested(NamedTuple):
    """What is known of one feature and all units whose activity can be tested."""

    information: Float[np.ndarray, " units"]
    information_any: Float[np.ndarray, " units"]
    p: Float[np.ndarray, " units"]
    fitted: Bool[np.ndarray, " units"]
    monotone_p: Float[np.ndarray, " units"]
    direction: Float[np.ndarray, " units"]


def _tested(found: Dependence, ordered: bool, fit_tail: bool, two_stage: bool) -> _Tested:
    p, fitted = shuffle_p_values(*found.strength, fit_tail)
    if two_stage:
        p, fitted = second_stage(*found.strength), np.ones(len(p), bool)
        p = np.where(first_stage(*found.strength), p, np.inf)
    signed = found.direction
    monotone_p = np.full(len(p), np.nan)
    if ordered:
        monotone_p = shuffle_p_values(np.abs(signed.observed), np.abs(signed.shuffled), fit_tail).p
    return _Tested(found.information, found.information_any, p, fitted, monotone_p, np.sign(signed.observed))
