"""Features of the samples of a recording, and whether a shuffle can test them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from attrax.settings import require

KINDS = ("quantity", "category")
MOST_CATEGORIES = 10
"""Whole numbers with more values than this are a quantity."""
FEWEST_TRIALS = 10
"""Fewer trials cannot be shuffled in enough ways."""
FEWEST_OF_CATEGORY = 5
"""Trials (or samples, without trials) that each category needs."""


@dataclass(frozen=True)
class Feature:
    """What a unit may be tuned to."""

    name: str
    kind: str
    values: Float[np.ndarray, " samples"]
    """Numbers; of categories that are no numbers the code."""
    codes: Int[np.ndarray, " samples"] | None
    """Of a category, its number from 0."""
    ordered: bool
    """Whether the values have an order: a unit can rise or fall with them."""
    constant_in_trials: bool
    """Whether it changes only from trial to trial."""
    untestable: str
    """Why no shuffle can test it; empty where one can."""


@dataclass(frozen=True)
class Recording:
    """Activity in the order of trials, and what was going on meanwhile."""

    activity: Float[np.ndarray, "samples units"]
    trial: Int[np.ndarray, " samples"] | None
    """Number of each sample's trial, from 0, ascending."""
    features: tuple[Feature, ...]
    untestable: tuple[str, ...]
    """Of each unit, why its activity cannot be tested; empty where it can."""


def read_recording(
    activity: ArrayLike,
    features: Mapping[str, ArrayLike],
    trial: ArrayLike | None,
    kinds: Mapping[str, str] | None = None,
) -> Recording:
    """Check a recording and put it in the order of its trials; see `attrax.populations.selectivity`.

    Raises
    ------
    SettingsError
        For shapes that do not fit, features that are not finite, or kinds of features that are not there.
    """
    values = np.asarray(activity, float)
    require(
        values.ndim == 2,
        f"activity has shape {values.shape}; it must be (samples, units), trials one after another, named in `trial`",
    )
    require(len(values) >= 4, f"activity has {len(values)} samples; needed: 4 or more")
    require(values.shape[1] > 0, f"activity has shape {values.shape}; needed: at least one unit")
    require(isinstance(features, Mapping), "features must be a mapping of names to one value a sample")
    require(len(features) > 0, "there are no features; needed: a mapping of names to one value a sample")
    kinds = dict(kinds or {})
    for name, kind in kinds.items():
        require(
            name in features, f"kinds names {name!r}, which is no feature; there are {', '.join(map(str, features))}"
        )
        require(kind in KINDS, f"the kind of {name!r} is {kind!r}; it is 'quantity' or 'category'")
    numbers: np.ndarray | None = None
    order = np.arange(len(values))
    if trial is not None:
        named = np.asarray(trial)
        require(
            named.shape == values.shape[:1],
            f"trial has shape {named.shape}; with activity {values.shape} it must be {values.shape[:1]}",
        )
        gaps = named.dtype.kind == "f" and not np.isfinite(named).all()
        gaps = gaps or (named.dtype.kind == "O" and len({type(name) for name in named.tolist()}) > 1)
        require(not gaps, "trial has samples without a number or name; leave such samples out")
        numbers = np.unique(named, return_inverse=True)[1]
        order = np.argsort(numbers, kind="stable")
        numbers = numbers[order]
    read = tuple(
        _feature(str(name), np.asarray(feature), order, numbers, kinds.get(name)) for name, feature in features.items()
    )
    units = tuple(_unit_reason(column) for column in values.T)
    return Recording(values[order], numbers, read, units)


def unit_names(activity: ArrayLike) -> dict[str, np.ndarray]:
    """Return the coordinate "unit" where activity comes with names: the columns of a pandas table."""
    columns = getattr(activity, "columns", None)
    return {} if columns is None else {"unit": np.asarray(columns)}


def part_of(recording: Recording, which: Bool[np.ndarray, " samples"]) -> Recording:
    """Return some samples of a recording: what was constant or testable may not be so in them, or the reverse."""
    trial = recording.trial
    if trial is not None:
        trial = np.unique(trial[which], return_inverse=True)[1]
    activity, order = recording.activity[which], np.arange(int(which.sum()))
    read = tuple(
        replace(_feature(feature.name, feature.values[which], order, trial, feature.kind), ordered=feature.ordered)
        for feature in recording.features
    )
    units = tuple(_unit_reason(column) for column in activity.T)
    return Recording(activity, trial, read, units)


def _unit_reason(activity: Float[np.ndarray, " samples"]) -> str:
    if not np.isfinite(activity).all():
        return "the unit's activity is not finite"
    if activity.any():
        return "" if np.ptp(activity) > 0 else "the unit's activity is constant"
    return "the unit is silent"


def _feature(name: str, values: np.ndarray, order: np.ndarray, trial: np.ndarray | None, kind: str | None) -> Feature:
    require(
        values.shape == order.shape,
        f"feature {name!r} has shape {values.shape}; it must have one value a sample: {order.shape} (of one value a "
        "trial: values[trial])",
    )
    ordered = values.dtype.kind in "iufb"
    if ordered:
        values = values.astype(float)
        require(bool(np.isfinite(values).all()), f"feature {name!r} holds values that are not finite")
    else:
        texts = values.dtype.kind in "UT" or all(isinstance(value, str) for value in values.tolist())
        require(texts, f"feature {name!r} is of type {values.dtype}; needed: numbers or texts")
        values = values.astype(str)
    levels, codes = np.unique(values[order], return_inverse=True)
    whole = not ordered or bool((levels == np.round(levels)).all())
    few = len(levels) <= 2 or (whole and len(levels) <= MOST_CATEGORIES)
    kind = kind or ("category" if few or not ordered else "quantity")
    require(ordered or kind == "category", f"feature {name!r} is of texts, which have no order; it is a 'category'")
    numbers = values[order] if ordered else codes.astype(float)
    constant = trial is not None and bool((np.diff(codes)[np.diff(trial) == 0] == 0).all())
    reason = _feature_reason(levels, codes, kind, trial, constant)
    return Feature(name, kind, numbers, codes if kind == "category" else None, ordered, constant, reason)


def _feature_reason(
    levels: np.ndarray, codes: np.ndarray, kind: str, trial: np.ndarray | None, constant_in_trials: bool
) -> str:
    if len(levels) < 2:
        return "the feature is constant"
    independent, what = codes, "samples"
    if trial is not None:
        n_trials = int(trial[-1]) + 1
        if n_trials < FEWEST_TRIALS:
            return f"there are {n_trials} trials; needed: {FEWEST_TRIALS}"
        if constant_in_trials:
            independent, what = codes[np.unique(trial, return_index=True)[1]], "trials"
        else:
            varied = np.unique(trial[1:][(np.diff(trial) == 0) & (np.diff(codes) != 0)]).size
            if varied < FEWEST_TRIALS:
                return f"it changes within {varied} trials; needed: within {FEWEST_TRIALS}, or within none"
    if kind == "category":
        counts = np.bincount(independent, minlength=len(levels))
        rare = int(counts.argmin())
        if counts[rare] < FEWEST_OF_CATEGORY:
            return f"value {levels[rare]} has {counts[rare]} {what}; needed: {FEWEST_OF_CATEGORY}"
    return ""
