"""How alike two partitions of units are, how even one is, and how it changes over checkpoints."""

from collections.abc import Hashable, Iterable

import numpy as np
import xarray as xr
from jaxtyping import Int, Shaped
from numpy.typing import ArrayLike
from scipy.special import entr

from attrax.populations.functional_groups import GROUPS
from attrax.settings import require

UNKNOWN = ""
"""The label of a unit whose group is not known, since the attractor of a choice was not found."""


def adjusted_rand_index(one: Iterable[Hashable], other: Iterable[Hashable]) -> float:
    """Say how far two partitions of the same units agree, corrected for chance.

    Parameters
    ----------
    one, other
        A label for each unit, of any kind that can be hashed, in one order of units.

    Returns
    -------
    1 for equal partitions, whatever their labels; 0 on average for labels dealt at random; it can be negative. Two
    partitions that are trivial and equal (one part, or each unit a part) agree: 1.

    Raises
    ------
    SettingsError
        If there is no unit, or the two have different numbers of labels.

    References
    ----------
    Hubert and Arabie, *Comparing partitions*, Journal of Classification 2, 193 (1985).
    """
    codes, other_codes = _codes(one), _codes(other)
    n_units = len(codes)
    require(
        n_units == len(other_codes),
        f"the partitions have {n_units} and {len(other_codes)} labels; both must have one a unit",
    )
    require(n_units > 0, "the partitions are empty; they must have one label a unit")
    counts = np.zeros((codes.max() + 1, other_codes.max() + 1))
    np.add.at(counts, (codes, other_codes), 1)
    together, in_one, in_other = _pairs(counts), _pairs(counts.sum(1)), _pairs(counts.sum(0))
    expected = in_one * in_other / max(n_units * (n_units - 1) / 2, 1.0)
    largest = (in_one + in_other) / 2
    return 1.0 if largest == expected else (together - expected) / (largest - expected)


def _codes(labels: Iterable[Hashable]) -> Int[np.ndarray, " units"]:
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(label, len(known)) for label in labels], int)


def _pairs(sizes: np.ndarray) -> float:
    """Count the pairs of units within parts of these sizes."""
    return float((sizes * (sizes - 1)).sum() / 2)


def group_entropy(labels: ArrayLike) -> float:
    """Return the entropy of units' functional groups in bits: 0 where all share one, 2 where the four are equal.

    Parameters
    ----------
    labels
        One of `attrax.populations.GROUPS` for each unit, or "" where it is not known; those do not count. Shape
        (units,).

    Raises
    ------
    SettingsError
        For another label or shape, or if no unit's group is known.
    """
    checked = _checked(labels, 1)
    sizes = np.array([(checked == group).sum() for group in GROUPS])
    require(bool(sizes.any()), "no unit's group is known; the entropy needs one at least")
    return float(entr(sizes / sizes.sum()).sum() / np.log(2))


def turnover(labels: ArrayLike) -> xr.Dataset:
    """Say how many units change their group from one checkpoint to the next.

    Parameters
    ----------
    labels
        One of `attrax.populations.GROUPS` for each unit at each checkpoint, or "" where it is not known. Shape
        (checkpoints, units).

    Returns
    -------
    Dataset over "step", from each checkpoint to the next (checkpoints - 1):

    known (step,)
        Units whose group is known at both.
    changed (step,)
        How many of them have another group at the later one.
    share (step,)
        changed / known; NaN where no unit is known at both.
    reason (step,)
        Why share is NaN, in words; empty where it is not.

    Raises
    ------
    SettingsError
        For another label or shape, or fewer than two checkpoints.
    """
    checked = _checked(labels, 2)
    require(len(checked) > 1, f"there is {len(checked)} checkpoint; a turnover needs two or more")
    before, after = checked[:-1], checked[1:]
    both = (before != UNKNOWN) & (after != UNKNOWN)
    known, changed = both.sum(1), (both & (before != after)).sum(1)
    share = np.divide(changed, known, out=np.full(len(known), np.nan), where=known > 0)
    reason = np.where(known > 0, "", "no unit's group is known at both checkpoints")
    found = {"known": known, "changed": changed, "share": share, "reason": reason}
    return xr.Dataset({name: ("step", values) for name, values in found.items()})


def crystallisation(labels: ArrayLike) -> Int[np.ndarray, " units"]:
    """Say from which checkpoint on each unit keeps its final group.

    Parameters
    ----------
    labels
        As in `turnover`, shape (checkpoints, units).

    Returns
    -------
    For each unit the index of the first checkpoint from which on its group is the final one at each: 0 where
    it never changes. A checkpoint at which the group is unknown breaks the run; -1 where the last one is unknown.

    Raises
    ------
    SettingsError
        For another label or shape, or without a checkpoint.
    """
    checked = _checked(labels, 2)
    require(len(checked) > 0, "there is no checkpoint; one is needed at least")
    kept = np.logical_and.accumulate((checked == checked[-1])[::-1]).sum(0)
    return np.where(checked[-1] == UNKNOWN, -1, len(checked) - kept).astype(int)


def _checked(labels: ArrayLike, n_axes: int) -> Shaped[np.ndarray, "..."]:
    checked = np.asarray(labels)
    wanted = ("(units,)", "(checkpoints, units)")[n_axes - 1]
    require(checked.ndim == n_axes, f"labels have shape {checked.shape}; it must be {wanted}")
    checked = checked.astype(str)
    strange = sorted(set(checked.ravel().tolist()) - {*GROUPS, UNKNOWN})
    require(not strange, f"{', '.join(map(repr, strange[:3]))} is no group; labels are {', '.join(GROUPS)} or ''")
    return checked
