"""How balanced functional groups are: their sizes, the weights between them, their readout, their inputs, their spread.

Each number that depends on which unit is in which group has a null: the labels of the units permuted among them, which
keeps the sizes of the groups, the weights and the activity. For the weights that is the same as permuting their rows
and columns alike, so that what distinguishes single units (strong rows, strong columns) stays theirs. The groups are
defined by activity, so activity differs between them by construction: of what is weighted by activity (the drives, the
inputs weighted so, `activity_variation`), a small p says less than it does of weights and tuning.
"""

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float, Int, Shaped
from numpy.typing import ArrayLike
from scipy import stats
from scipy.special import entr

from attrax.populations.functional_groups import GROUPS
from attrax.settings import require

FEWEST_FOR_SPREAD = 3
"""Units that a group needs for its heterogeneity."""
_CHOICES = ("+", "-")
_SAME = 1e-9  # relative: sums of the same numbers in another order count as equal
_Variables = dict[str, tuple[tuple[str, ...], np.ndarray]]


def balance(
    groups: ArrayLike,
    recurrent_weights: ArrayLike,
    lead: ArrayLike,
    activity: ArrayLike,
    tuning: ArrayLike | None = None,
    permutations: int = 1000,
    seed: int = 0,
) -> xr.Dataset:
    """Measure how balanced the functional groups of a network are.

    Parameters
    ----------
    groups
        One of `attrax.populations.GROUPS` for each unit, shape (units,).
    recurrent_weights
        W as in W h, shape (units, units): a row is a target, a column a source.
    lead
        The weight of each unit in logit "+" minus logit "-", shape (units,): where the actions are fixation, "+" and
        "-", row 1 of the readout weights minus row 2.
    activity
        Of each unit in the attractor of choice "+" and of choice "-", shape (2, units).
    tuning
        A tuning curve for each unit, shape (units, conditions), three conditions or more; None: no heterogeneity.
    permutations
        Of the units' labels. Sixteen blocks need some 320 or more: 1 / (permutations + 1) is the smallest p there is.
    seed
        Of the permutations.

    Returns
    -------
    Dataset over "group" (and "target", "source": groups of the rows and columns of W), "choice" ("+", "-"), "unit" and
    "weighting" ("weights": plain; "activity": each times the source's activity, averaged over the choices).

    Sizes:

    size, share (group)
        Units of each group, and their share of all.
    size_expected (group), overlap_p ()
        Were the units that are active for each choice dealt independently of the other choice (their numbers as they
        are): the mean size of each group, and the two-sided p of the sizes. One p for all four, for the size of one
        determines the others. Exact (Fisher's test; the limit of many permutations).
    entropy, entropy_expected, entropy_p ()
        Entropy of the groups in bits, and the same null for it.
    imbalance, imbalance_p (), imbalance_reason ()
        (n+ - n-) / (n+ + n-) of the sizes of G_+ and G_-, and the exact binomial p of one half each. NaN where both are
        empty, as the reason says.

    With a null (the further names for a NAME are below):

    block_mean, block_positive (target, source)
        Mean weight from the units of one group to those of another, and share of positive weights. A unit's connection
        to itself is left out: permutations would not mix it with others.
    lead_mean (group)
        Mean `lead`.
    drive (choice, group)
        Sum over the group of lead times activity in the attractor of the choice: its part in logit "+" minus logit "-"
        there.
    ei_mean, ei_spread (weighting, group)
        Mean and standard deviation over the group of ei_index.
    heterogeneity (group)
        1 minus the mean correlation between the tuning curves of two units of the group: 0 where all are alike, 1 where
        they are unrelated. Constant curves are left out.
    activity_variation (group)
        Standard deviation over mean of the activity (averaged over the choices) of the group's units.

    For each such NAME there are, over the same dimensions: NAME_null_mean and NAME_null_sd over the permutations;
    NAME_z, how many such standard deviations it is from that mean; NAME_p, two-sided (distance from the null's mean,
    the labels as given counted as a permutation); NAME_q, p by Benjamini and Hochberg over all entries of NAME;
    NAME_reason, in words, where any of these is NaN, empty elsewhere.

    Without a null:

    block_total (target, source), block_pairs (target, source)
        Sum of the weights, and their number: the sum is the mean times a number that permutations keep, so z and p of
        block_mean are its own.
    lead_total (group)
        Sum of `lead`; the same holds.
    drive_total (choice)
        Sum of drive over the groups.
    drive_asymmetry (), drive_asymmetry_reason ()
        With d+ = drive_total at "+" and d- = minus drive_total at "-", what drives each choice in its own attractor:
        (d+ - d-) / (|d+| + |d-|). The bias of the readout is no unit's and does not count.
    excitation, inhibition (weighting, unit)
        Sum of the positive and of the negative weights into a unit (both as numbers of 0 or more), self left out.
    ei_index (weighting, unit), ei_index_reason (weighting, unit)
        (E - I) / (E + I).
    constant_curves (group)
        Units left out of heterogeneity.

    Raises
    ------
    SettingsError
        If shapes do not fit, numbers are not finite, or a unit's group is not known.

    References
    ----------
    Fisher, *Statistical Methods for Research Workers* (1934), §21.02 (overlap); Benjamini and Hochberg, *Controlling
    the false discovery rate*, JRSS B 57, 289 (1995). The measures are attrax's: the source that calls the populations
    balanced (arXiv 2510.11162) was not at hand in full.
    """
    labels = _checked_labels(groups)
    n_units = len(labels)
    weights = _checked("recurrent_weights", recurrent_weights, (n_units, n_units))
    lead_of = _checked("lead", lead, (n_units,))
    active = _checked("activity", activity, (2, n_units))
    require(permutations >= 1, f"permutations is {permutations}; it must be 1 or more")
    np.fill_diagonal(weights, 0.0)
    members = _members(labels, permutations, seed)
    inputs, ei_index, ei_reason = _inputs(weights, active)
    variables: _Variables = {
        **_sizes(members[0].sum(0).astype(int)),
        **_blocks(weights, members),
        **_readout(lead_of, active, members),
        **inputs,
    }
    per_weighting = [
        _index_by_group(ei_index[k], labels, ei_reason[k] == "", permutations, seed) for k in range(len(ei_index))
    ]
    for name in per_weighting[0]:
        statistics, reasons = zip(*(found[name] for found in per_weighting), strict=True)
        variables |= _with_null(name, ("weighting", "group"), np.stack(statistics, 1), np.stack(reasons))
    variables |= _heterogeneity(tuning, labels, permutations, seed)
    variables |= _activity_variation(active.mean(0), members)
    coords = {name: list(GROUPS) for name in ("group", "target", "source")}
    return xr.Dataset(variables, {**coords, "choice": list(_CHOICES), "weighting": ["weights", "activity"]})


def balance_summary(found: xr.Dataset) -> dict[str, float]:
    """Return the few numbers of `balance` that one compares over networks.

    Parameters
    ----------
    found
        What `balance` returned.

    Returns
    -------
    imbalance, entropy (bits), share_a, share_plus, share_minus, share_silent, heterogeneity (mean over the groups that
    have one), drive_asymmetry, largest_block_z (the largest |z| of block_mean). NaN where the dataset has none; its
    ..._reason says why.
    """
    shares = dict(zip(("share_a", "share_plus", "share_minus", "share_silent"), found.share.values, strict=True))
    numbers = {
        "imbalance": found.imbalance,
        "entropy": found.entropy,
        **shares,
        "heterogeneity": _known(found.heterogeneity.values).mean(),
        "drive_asymmetry": found.drive_asymmetry,
        "largest_block_z": np.abs(_known(found.block_mean_z.values)).max(),
    }
    return {name: float(number) for name, number in numbers.items()}


def _known(values: np.ndarray) -> np.ndarray:
    kept = values[np.isfinite(values)]
    return kept if kept.size else np.array([np.nan])


def _checked_labels(groups: ArrayLike) -> Int[np.ndarray, " units"]:
    """Return the place of each unit's group in `GROUPS`."""
    labels = np.asarray(groups)
    require(labels.ndim == 1 and labels.size > 0, f"groups has shape {labels.shape}; it must have one label a unit")
    same = labels.astype(str)[:, None] == np.array(GROUPS)
    unknown = int((~same.any(1)).sum())
    require(unknown == 0, f"{unknown} of {len(labels)} units have no known group; each must be {', '.join(GROUPS)}")
    return same.argmax(1)


def _checked(name: str, values: ArrayLike, shape: tuple[int, ...]) -> Float[np.ndarray, "..."]:
    checked = np.array(values, float)
    require(checked.shape == shape, f"{name} has shape {checked.shape}; for these groups it must be {shape}")
    require(bool(np.isfinite(checked).all()), f"{name} must be finite")
    return checked


def _members(labels: Int[np.ndarray, " units"], permutations: int, seed: int) -> Float[np.ndarray, "draws units group"]:
    """Say which unit is in which group (1 or 0): as given, and then with the labels permuted."""
    rng = np.random.default_rng(seed)
    draws = np.concatenate([labels[None], rng.permuted(np.tile(labels, (permutations, 1)), axis=1)])
    return (draws[..., None] == np.arange(len(GROUPS))).astype(float)


def _sizes(sizes: Int[np.ndarray, " group"]) -> _Variables:
    both, only_plus, only_minus = (int(size) for size in sizes[:3])
    n_units, n_plus, n_minus = int(sizes.sum()), both + only_plus, both + only_minus
    overlap = np.arange(max(0, n_plus + n_minus - n_units), min(n_plus, n_minus) + 1)
    possible = np.stack([overlap, n_plus - overlap, n_minus - overlap, n_units - n_plus - n_minus + overlap], 1)
    chance = stats.hypergeom.pmf(overlap, n_units, n_plus, n_minus)
    chance /= chance.sum()
    entropies = entr(possible / n_units).sum(1) / np.log(2)
    here = both - int(overlap[0])
    expected = float(chance @ entropies)
    farther = np.abs(entropies - expected) >= np.abs(entropies[here] - expected) - _SAME
    decided = only_plus + only_minus
    return {
        "size": (("group",), sizes),
        "share": (("group",), sizes / n_units),
        "size_expected": (("group",), chance @ possible),
        "overlap_p": ((), np.array(min(1.0, chance[chance <= chance[here] * (1 + 1e-7)].sum()))),
        "entropy": ((), np.array(entropies[here])),
        "entropy_expected": ((), np.array(expected)),
        "entropy_p": ((), np.array(min(1.0, chance[farther].sum()))),
        "imbalance": ((), np.array((only_plus - only_minus) / decided if decided else np.nan)),
        "imbalance_p": ((), np.array(stats.binomtest(only_plus, decided).pvalue if decided else np.nan)),
        "imbalance_reason": ((), np.array("" if decided else "no unit is active for one choice only")),
    }


def _blocks(weights: Float[np.ndarray, "units units"], members: Float[np.ndarray, "draws units group"]) -> _Variables:
    sizes = members[0].sum(0)
    pairs = np.outer(sizes, sizes) - np.diag(sizes)
    shown = np.maximum(pairs, 1.0)  # an empty block's quotient is replaced by NaN and its reason
    total = _block_totals(weights, members)
    positive = _block_totals((weights > 0).astype(float), members)
    reason = np.array([[_block_reason(sizes, target, source) for source in range(4)] for target in range(4)])
    dims = ("target", "source")
    return {
        "block_pairs": (dims, pairs.astype(int)),
        "block_total": (dims, total[0]),
        **_with_null("block_mean", dims, total / shown, reason),
        **_with_null("block_positive", dims, positive / shown, reason),
    }


def _block_totals(
    weights: Float[np.ndarray, "units units"], members: Float[np.ndarray, "draws units group"]
) -> Float[np.ndarray, "draws group group"]:
    draws, n_units, n_groups = members.shape
    # one product for all draws: (units, units) times (units, draws x group)
    from_groups = (weights @ members.transpose(1, 0, 2).reshape(n_units, -1)).reshape(n_units, draws, n_groups)
    return members.transpose(0, 2, 1) @ from_groups.transpose(1, 0, 2)


def _block_reason(sizes: Float[np.ndarray, " group"], target: int, source: int) -> str:
    for group in (source, target):
        if sizes[group] == 0:
            return f"no unit in {GROUPS[group]}"
    return f"one unit in {GROUPS[target]} only" if target == source and sizes[target] == 1 else ""


def _readout(
    lead: Float[np.ndarray, " units"],
    activity: Float[np.ndarray, "2 units"],
    members: Float[np.ndarray, "draws units group"],
) -> _Variables:
    sizes = members[0].sum(0)
    reason = _too_few(sizes, 1)
    total = lead @ members
    drive = (lead * activity) @ members
    own = (lead * activity).sum(1) * (1, -1)
    size = np.abs(own).sum()
    return {
        "lead_total": (("group",), total[0]),
        **_with_null("lead_mean", ("group",), total / np.maximum(sizes, 1.0), reason),
        **_with_null("drive", ("choice", "group"), drive, np.tile(reason, (2, 1))),
        "drive_total": (("choice",), drive[0].sum(1)),
        "drive_asymmetry": ((), np.array((own[0] - own[1]) / size if size else np.nan)),
        "drive_asymmetry_reason": ((), np.array("" if size else "no unit drives a choice")),
    }


def _inputs(
    weights: Float[np.ndarray, "units units"], activity: Float[np.ndarray, "2 units"]
) -> tuple[_Variables, Float[np.ndarray, "weighting units"], Shaped[np.ndarray, "weighting units"]]:
    incoming = np.stack([weights, weights * activity.mean(0)])
    excitation, inhibition = np.maximum(incoming, 0.0).sum(2), np.maximum(-incoming, 0.0).sum(2)
    size = excitation + inhibition
    index = np.divide(excitation - inhibition, size, out=np.full(size.shape, np.nan), where=size > 0)
    without = np.array([["no weight into the unit"], ["no weight into the unit from an active one"]])
    reason = np.where(size > 0, "", without)
    dims = ("weighting", "unit")
    variables: _Variables = {
        "excitation": (dims, excitation),
        "inhibition": (dims, inhibition),
        "ei_index": (dims, index),
        "ei_index_reason": (dims, reason),
    }
    return variables, index, reason


def _index_by_group(
    index: Float[np.ndarray, " units"],
    labels: Int[np.ndarray, " units"],
    defined: Bool[np.ndarray, " units"],
    permutations: int,
    seed: int,
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return mean and spread of an index over each group, in every draw, with the reasons why there is none.

    Labels are permuted among the units that have an index, so that the number behind a group's mean stays.
    """
    members = _members(labels[defined], permutations, seed)
    mean, spread = _mean_and_spread(index[defined], members)
    sizes = members[0].sum(0)
    return {
        "ei_mean": (mean, _too_few(sizes, 1, " with an index")),
        "ei_spread": (spread, _too_few(sizes, 2, " with an index")),
    }


def _mean_and_spread(
    values: Float[np.ndarray, " units"], members: Float[np.ndarray, "draws units group"]
) -> tuple[Float[np.ndarray, "draws group"], Float[np.ndarray, "draws group"]]:
    """Return mean and standard deviation over each group; what stands where a group is too small has no meaning."""
    if not values.size:
        nothing = np.zeros((len(members), len(GROUPS)))
        return nothing, nothing
    sizes = members[0].sum(0)
    centre = values.mean()
    centred = values - centre  # a sum of squares less a square of a sum would lose digits otherwise
    total, squares = centred @ members, centred**2 @ members
    mean = total / np.maximum(sizes, 1.0)
    variance = (squares - total * mean) / np.maximum(sizes - 1, 1.0)
    return mean + centre, np.sqrt(np.maximum(variance, 0.0))


def _heterogeneity(
    tuning: ArrayLike | None, labels: Int[np.ndarray, " units"], permutations: int, seed: int
) -> _Variables:
    if tuning is None:
        reason = np.full(len(GROUPS), "no tuning curves were given")
        nothing = np.zeros((2, len(GROUPS)))
        left_out: _Variables = {"constant_curves": (("group",), np.zeros(len(GROUPS), int))}
        return left_out | _with_null("heterogeneity", ("group",), nothing, reason)
    curves = np.array(tuning, float)
    require(
        curves.ndim == 2 and len(curves) == len(labels) and curves.shape[1] > 2,
        f"tuning has shape {curves.shape}; it must be ({len(labels)}, conditions), three conditions or more",
    )
    require(bool(np.isfinite(curves).all()), "tuning must be finite")
    largest = np.abs(curves).max(1, keepdims=True)
    curves -= curves.mean(1, keepdims=True)
    length = np.linalg.norm(curves, axis=1, keepdims=True)
    varied = (length > 1e-12 * largest)[:, 0]
    members = _members(labels[varied], permutations, seed)
    sums = members.transpose(0, 2, 1) @ (curves[varied] / length[varied])
    sizes = members[0].sum(0)
    # curves have length 1: the square of their sum is their number and twice the sum of all correlations
    together = ((sums**2).sum(2) - sizes) / np.maximum(sizes * (sizes - 1), 1.0)
    constant = np.array([((labels == group) & ~varied).sum() for group in range(len(GROUPS))])
    reason = _too_few(sizes, FEWEST_FOR_SPREAD, " with a curve that varies")
    return {
        "constant_curves": (("group",), constant),
        **_with_null("heterogeneity", ("group",), 1 - together, reason),
    }


def _activity_variation(
    activity: Float[np.ndarray, " units"], members: Float[np.ndarray, "draws units group"]
) -> _Variables:
    mean, spread = _mean_and_spread(activity, members)
    mean = np.abs(np.where(np.abs(mean) > 1e-12 * np.abs(activity).max(), mean, 0.0))
    variation = np.divide(spread, mean, out=np.full(mean.shape, np.nan), where=mean > 0)
    reason = _too_few(members[0].sum(0), FEWEST_FOR_SPREAD)
    reason = np.where((reason == "") & (mean[0] == 0), "mean activity is zero", reason)
    return _with_null("activity_variation", ("group",), variation, reason)


def _too_few(sizes: Float[np.ndarray, " group"], needed: int, what: str = "") -> Shaped[np.ndarray, " group"]:
    """Say in words which groups have fewer units than are needed."""
    words = []
    for group, size in zip(GROUPS, sizes, strict=True):
        short = f"no unit in {group}{what}" if size == 0 else f"fewer than {needed} units in {group}{what}"
        words.append(short if size < needed else "")
    return np.array(words)


def _with_null(
    name: str, dims: tuple[str, ...], draws: Float[np.ndarray, "draws *shape"], reason: Shaped[np.ndarray, "*shape"]
) -> _Variables:
    """Set the first draw (the labels as given) against the others; draws that are NaN do not count."""
    draws = np.where(reason == "", draws, np.nan)
    null, known = draws[1:], np.isfinite(draws)
    mean, sd = _moments(null)
    middle, _ = _moments(draws)
    size = np.nanmax(np.where(known, np.abs(draws), 0.0), axis=0)
    varied = sd > 1e-12 * size  # NaN, where there is a reason already, is not
    z = np.divide(draws[0] - mean, sd, out=np.full(sd.shape, np.nan), where=varied)
    distance = np.abs(draws - middle)
    as_far = known & (distance >= distance[0] - _SAME * size)
    p = np.where(known[0], as_far.sum(0) / np.maximum(known.sum(0), 1), np.nan)
    q = np.full(p.shape, np.nan)
    if known[0].any():
        q[known[0]] = stats.false_discovery_control(p[known[0]])
    stuck = np.where(reason == "", "no z: every permutation gives the same", reason)
    found = {
        "": draws[0], "_null_mean": mean, "_null_sd": sd, "_z": z, "_p": p, "_q": q,
        "_reason": np.where(varied, "", stuck),
    }  # fmt: skip
    return {name + ending: (dims, np.asarray(values)) for ending, values in found.items()}


def _moments(
    draws: Float[np.ndarray, "draws *shape"],
) -> tuple[Float[np.ndarray, "*shape"], Float[np.ndarray, "*shape"]]:
    """Return mean and standard deviation over the draws that are known; NaN where none is."""
    known = np.isfinite(draws)
    count = known.sum(0)
    mean = np.divide(np.where(known, draws, 0.0).sum(0), count, out=np.full(count.shape, np.nan), where=count > 0)
    squares = (np.where(known, draws - mean, 0.0) ** 2).sum(0)
    return mean, np.sqrt(np.divide(squares, count, out=np.full(count.shape, np.nan), where=count > 0))
