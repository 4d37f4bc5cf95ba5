"""How much a unit's activity says about a feature, in bits: three estimates of mutual information."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from scipy.spatial import KDTree
from scipy.special import digamma

from attrax.populations.normal_scores import NormalScores, normal_scores
from attrax.settings import require

BITS = 1 / np.log(2)


def copula_information(activity: ArrayLike, feature: ArrayLike) -> Float[np.ndarray, " units"]:
    r"""Return the Gaussian-copula information between each unit and a quantity.

    Parameters
    ----------
    activity
        Shape (samples, units).
    feature
        Shape (samples,): numbers, whose order counts.

    Returns
    -------
    Bits, shape (units,), at least 0: :math:`-\frac12 \log_2(1 - r^2)` of the normal scores' correlation r, less its
    bias. Of a Gaussian pair it is the information; of others a lower bound, and 0 where a unit's activity rises and
    falls evenly with the feature.

    Raises
    ------
    SettingsError
        For shapes that do not fit, fewer than 4 samples, or values that are not finite.

    References
    ----------
    Ince et al., Human Brain Mapping 38, 1541 (2017), equations 6 to 10.
    """
    values, wanted = _checked(activity, feature)
    units, quantity = normal_scores(values), normal_scores(wanted[:, None])
    return information_of_correlation(score_correlation(units, quantity), len(values))


def category_information(activity: ArrayLike, category: ArrayLike) -> Float[np.ndarray, " units"]:
    r"""Return the Gaussian-copula information between each unit and a category.

    Parameters
    ----------
    activity
        Shape (samples, units).
    category
        Shape (samples,): numbers or texts, of which only equality counts. Each needs two samples.

    Returns
    -------
    Bits, shape (units,), at least 0: the entropy of the unit's normal scores less that within each category, both as if
    normal, less their bias. Sees any difference in mean or spread between categories.

    Raises
    ------
    SettingsError
        As `copula_information`, and for a category of one sample.

    References
    ----------
    Ince et al., Human Brain Mapping 38, 1541 (2017), equation 15.
    """
    codes = np.unique(np.asarray(category), return_inverse=True)[1]
    values, codes_ = _checked(activity, codes.astype(float))
    counts = np.bincount(codes_.astype(int))
    require(int(counts.min()) >= 2, "a category has one sample; needed: two of each")
    return np.maximum(information_of_classes(normal_scores(values), codes_.astype(int)), 0.0)


def neighbour_information(
    activity: ArrayLike, feature: ArrayLike, categorical: bool = False, neighbours: int = 3, seed: int = 0
) -> Float[np.ndarray, " units"]:
    """Return the information between each unit and a feature by the distances of nearest neighbours.

    Parameters
    ----------
    activity
        Shape (samples, units).
    feature
        Shape (samples,).
    categorical
        Whether only equality of the feature's values counts.
    neighbours
        How many neighbours: fewer, less bias; more, less spread.
    seed
        Of the order in which equal values are ranked: continuous variables have none, and the estimate needs that.

    Returns
    -------
    Bits, shape (units,); sees dependence of any form. Not cut at 0: independent variables give values around it.

    References
    ----------
    Kraskov, Stögbauer, Grassberger, *Estimating mutual information*, Physical Review E 69, 066138 (2004), algorithm 1;
    for categories Ross, *Mutual information between discrete and continuous data sets*, PLoS ONE 9, e87357 (2014).
    """
    generator = np.random.default_rng(seed)
    codes = np.unique(np.asarray(feature), return_inverse=True)[1].astype(float) if categorical else feature
    values, wanted = _checked(activity, codes)
    require(1 <= neighbours < len(values), f"neighbours is {neighbours}; it must be at least 1, and below the samples")
    scores = scattered_scores(values, generator)
    if categorical:
        classes = wanted.astype(int)
        return np.array([_of_categories(column, classes, neighbours) for column in scores.T])
    quantity = scattered_scores(wanted[:, None], generator)[:, 0]
    return np.array([_of_quantities(column, quantity, neighbours) for column in scores.T])


def scattered_scores(
    values: Float[np.ndarray, "samples variables"], generator: np.random.Generator
) -> Float[np.ndarray, "samples variables"]:
    """Return normal scores in which equal values are ranked at random, so that no two are equal."""
    order = generator.permuted(np.broadcast_to(np.arange(len(values))[:, None], values.shape), axis=0)
    shuffled = np.take_along_axis(values, order, axis=0)
    ranked = np.take_along_axis(order, np.argsort(shuffled, axis=0, kind="stable"), axis=0)
    ranks = np.empty_like(ranked)
    np.put_along_axis(ranks, ranked, np.arange(len(values))[:, None], axis=0)
    return normal_scores(ranks.astype(float)).mean


def score_correlation(units: NormalScores, quantity: NormalScores) -> Float[np.ndarray, " units"]:
    """Return the correlation of scores: what random ranks of equal values give on average."""
    return units.mean.T @ quantity.mean[:, 0] / (len(units.mean) * units.variance)


def information_of_correlation(correlation: Float[np.ndarray, "..."], n_samples: int) -> Float[np.ndarray, "..."]:
    """Return the information of Gaussian variables in bits, less its bias, at least 0."""
    raw = -0.5 * np.log1p(-np.minimum(correlation**2, 1 - 1e-15))
    return np.maximum((raw + half_digamma(n_samples, 2) - half_digamma(n_samples, 1)) * BITS, 0.0)


def information_of_two(explained: Float[np.ndarray, "..."], n_samples: int) -> Float[np.ndarray, "..."]:
    """Return the information about two Gaussian variables in bits, from the share of variance that both explain."""
    raw = -0.5 * np.log1p(-np.minimum(explained, 1 - 1e-15))
    return np.maximum((raw + half_digamma(n_samples, 3) - half_digamma(n_samples, 1)) * BITS, 0.0)


def half_digamma(n_samples: Any, variables: int) -> Any:
    """Return half the digamma term by which the log-determinant of a sample covariance is biased."""
    return digamma((n_samples - variables) / 2) / 2


def information_of_classes(units: NormalScores, codes: Int[np.ndarray, " samples"]) -> Float[np.ndarray, " units"]:
    """Return the information between scores and classes numbered from 0, in bits, less its bias."""
    counts = np.bincount(codes).astype(float)
    member = (codes[:, None] == np.arange(len(counts))).astype(float)
    sums, squares = member.T @ units.mean, member.T @ units.square
    within = class_entropy(np.broadcast_to(counts[:, None], sums.shape), sums, squares)
    return (whole_entropy(len(codes), units.variance) - counts @ within / len(codes)) * BITS


def whole_entropy(n_samples: int, variance: float) -> float:
    """Return the entropy of all scores, up to a constant, in nats, less its bias."""
    return float(_entropy(variance * n_samples, n_samples))


def class_entropy(
    counts: Float[np.ndarray, "*classes"], sums: Float[np.ndarray, "*classes"], squares: Float[np.ndarray, "*classes"]
) -> Float[np.ndarray, "*classes"]:
    """Return the entropy of the scores of a class, up to the same constant, in nats, less its bias."""
    enough = np.maximum(counts, 2.0)  # a class of one sample or none has no spread; shuffles can make such
    deviations = np.maximum(squares - sums**2 / np.maximum(counts, 1.0), _LEAST * enough)
    return _entropy(deviations, enough)


_LEAST = 1e-12  # a variance: a class of equal scores is not infinitely sharp


def _entropy(deviations: Any, counts: Any) -> Any:
    """Return the entropy of a normal sample but for the terms of its dimension, from its sum of squared deviations."""
    # of ln(deviations / (n - 1)) the bias is digamma((n - 1) / 2) - ln((n - 1) / 2): what is left is ln(deviations / 2)
    return 0.5 * np.log(deviations / 2) - half_digamma(counts, 1)


def _of_quantities(one: np.ndarray, other: np.ndarray, neighbours: int) -> float:
    points = np.column_stack([one, other])
    distance = np.asarray(KDTree(points).query(points, neighbours + 1, p=np.inf)[0])[:, -1]
    closer = [_strictly_within(axis, distance) for axis in (one, other)]
    n = len(one)
    raw = digamma(neighbours) + digamma(n) - sum(float(digamma(count + 1).mean()) for count in closer)
    return float(raw) * float(BITS)


def _of_categories(scores: np.ndarray, classes: np.ndarray, neighbours: int) -> float:
    distance, used, counts = np.zeros(len(scores)), np.zeros(len(scores)), np.zeros(len(scores))
    for code in np.unique(classes):
        members = np.flatnonzero(classes == code)
        k = min(neighbours, len(members) - 1)
        if k == 0:  # alone in its category: it says nothing
            continue
        tree = KDTree(scores[members, None])
        distance[members] = np.asarray(tree.query(scores[members, None], k + 1)[0])[:, -1]
        used[members], counts[members] = k, len(members)
    kept = used > 0
    if not kept.any():
        return 0.0
    ordered = np.sort(scores[kept])
    here, reach = scores[kept], distance[kept]
    # the neighbour that sets the distance is counted, as in the reference, and the point itself is not
    within = np.searchsorted(ordered, here + reach, "right") - np.searchsorted(ordered, here - reach, "left") - 1
    raw = digamma(kept.sum()) + digamma(used[kept]).mean() - digamma(counts[kept]).mean() - digamma(within).mean()
    return float(raw) * float(BITS)


def _strictly_within(values: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Return how many other values are nearer to each than its distance."""
    ordered = np.sort(values)
    after = np.searchsorted(ordered, values + distance, "left")
    return after - np.searchsorted(ordered, values - distance, "right") - 1


def _checked(activity: ArrayLike, feature: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    values, wanted = np.asarray(activity, float), np.asarray(feature, float)
    require(values.ndim == 2, f"activity has shape {values.shape}; it must be (samples, units)")
    require(
        wanted.shape == values.shape[:1],
        f"the feature has shape {wanted.shape}; with activity {values.shape} it must be {values.shape[:1]}",
    )
    require(len(values) >= 4, f"there are {len(values)} samples; needed: 4 or more")
    require(bool(np.isfinite(values).all() and np.isfinite(wanted).all()), "activity and features must be finite")
    return values, wanted
