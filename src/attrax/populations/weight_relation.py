"""Whether functional connectivity follows the weights between units."""

from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from scipy import stats


def along_weights(
    connectivity: xr.Dataset, weights: Float[np.ndarray, "units units"], permutations: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Correlate connectivity with weights over pairs of testable units: see `modularity`.

    Parameters
    ----------
    connectivity
        What `functional_connectivity` returned.
    weights
        W as in W h.
    permutations, rng
        Of the units of one matrix.
    """
    testable = connectivity.testable.values
    both = (weights + weights.T)[np.ix_(testable, testable)]
    correlation = connectivity.correlation.values[np.ix_(testable, testable)]
    # the information rises with |r|, but for those that its bias makes 0
    relations = [(np.abs(correlation), np.abs(both) / 2), (correlation, both)]
    found = [_mantel(one, other, permutations, rng) for one, other in relations]
    names = ("weight_correlation", "weight_p", "weights_reason")
    return {name: ("relation", np.array(values)) for name, values in zip(names, zip(*found, strict=True), strict=True)}


def _mantel(
    one: Float[np.ndarray, "units units"],
    other: Float[np.ndarray, "units units"],
    permutations: int,
    rng: np.random.Generator,
) -> tuple[float, float, str]:
    """Return Spearman's correlation over the pairs of two symmetric matrices, its two-sided p, and why it is NaN."""
    if len(one) < 4:
        return np.nan, np.nan, f"{len(one)} units are testable; needed: 4 or more"
    pairs = np.triu_indices(len(one), 1)
    if np.ptp(one[pairs]) == 0 or np.ptp(other[pairs]) == 0:
        return np.nan, np.nan, "connectivity or weights are the same for every pair"
    ranked, other_ranked = _centred_ranks(one, pairs), _centred_ranks(other, pairs)
    statistics = np.empty(permutations + 1)
    statistics[0] = (ranked * other_ranked).sum()
    for draw in range(permutations):
        order = rng.permutation(len(one))
        statistics[draw + 1] = (ranked * other_ranked[np.ix_(order, order)]).sum()
    middle = statistics.mean()
    distance = np.abs(statistics - middle)
    return float(statistics[0]), float((distance >= distance[0] - 1e-12).mean()), ""


def _centred_ranks(
    matrix: Float[np.ndarray, "units units"], pairs: tuple[np.ndarray, np.ndarray]
) -> Float[np.ndarray, "units units"]:
    """Return ranks of the pairs, less their mean, in a symmetric matrix of norm 1: products are correlations."""
    ranks = stats.rankdata(matrix[pairs])
    square = np.zeros_like(matrix)
    square[pairs] = ranks - ranks.mean()
    square += square.T
    return square / np.linalg.norm(square)
