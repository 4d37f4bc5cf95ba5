"""Communities of functionally connected units, whether they are the functional groups, and how modular they are."""

from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float, Int, Shaped
from numpy.typing import ArrayLike

from attrax.populations.partitions import adjusted_rand_index
from attrax.populations.weight_relation import along_weights
from attrax.settings import require

_ROUNDING = 1e-12
_LOUVAIN_SEEDS = 3
_SWAPS_PER_EDGE = 10


def modularity(
    connectivity: xr.Dataset,
    groups: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    significance: float = 0.05,
    permutations: int = 1000,
    rewirings: int = 20,
    seed: int = 0,
) -> xr.Dataset:
    """Ask which communities connectivity has, whether they are the functional groups, and whether it follows weights.

    The graph has an edge between two units where p_value is at most `significance` and the information above 0, with
    the information as its weight.

    Parameters
    ----------
    connectivity
        What `functional_connectivity` returned.
    groups
        A text for each unit (`attrax.populations.GROUPS`, areas, kinds of cell), "" where it is not known, shape
        (units,); None: nothing about groups.
    weights
        W as in W h, shape (units, units); None: nothing about weights.
    significance
        What p_value must not exceed for an edge, between 0 and 1.
    permutations
        Of the labels of units.
    rewirings
        Graphs against which the modularity of the communities is set.
    seed
        Of all random draws.

    Returns
    -------
    Dataset over "unit" and "relation" ("strength", "signed"):

    edges ()
        Edges of the graph.
    community (unit)
        The community of each unit by Louvain's method (the best of three seeds), numbered from 0 by falling size; -1
        for units without an edge.
    modularity, modularity_null_mean, modularity_null_sd, modularity_z, modularity_p (), modularity_reason ()
        Newman's Q of the communities, and of communities found in the same way in rewired graphs: edges swapped so that
        each unit keeps its number of them, their information dealt to them at random. One-sided p (larger). The reason,
        in words, where one of these is NaN.
    group_modularity, group_modularity_p, agreement, agreement_p (), groups_reason ()
        Q of the partition by functional groups, and the adjusted Rand index of communities and groups, over the units
        that have an edge and a known group; one-sided p (larger) by permuting the groups among them.
    weight_correlation, weight_p (relation), weights_reason (relation)
        Spearman's correlation over pairs of testable units. "strength": of the information with abs(W + W^T) / 2;
        "signed": of r with W + W^T. Two-sided p by Mantel's test (units of one matrix permuted).

    Raises
    ------
    SettingsError
        If shapes do not fit, weights are not finite, or a setting is out of range.

    References
    ----------
    Blondel, Guillaume, Lambiotte, Lefebvre, J. Stat. Mech. P10008 (2008) (communities); Newman, PRE 70, 056131 (2004)
    (Q of weighted graphs); Maslov and Sneppen, Science 296, 910 (2002) (rewiring); Mantel, Cancer Research 27, 209
    (1967).
    """
    n_units = connectivity.sizes["unit"]
    labels = np.full(n_units, "") if groups is None else np.asarray(groups).astype(str)
    matrix = np.zeros((n_units, n_units)) if weights is None else np.array(weights, float)
    require(labels.shape == (n_units,), f"groups has shape {labels.shape}; it must be ({n_units},)")
    require(matrix.shape == (n_units, n_units), f"weights has shape {matrix.shape}; it must be ({n_units}, {n_units})")
    require(bool(np.isfinite(matrix).all()), "weights must be finite")
    require(0 < significance < 1, f"significance is {significance}; it must be between 0 and 1")
    for name, number in (("permutations", permutations), ("rewirings", rewirings)):
        require(number >= 2, f"{name} is {number}; it must be 2 or more")
    rng = np.random.default_rng(seed)
    # NaN, on the diagonal and of units that are not testable, is no edge
    shown = (connectivity.p_value.values <= significance) & (connectivity.information.values > 0)
    graph = np.where(shown, connectivity.information.values, 0.0)
    community = _communities(graph, seed)
    variables: dict[str, Any] = {
        "edges": ((), int(shown.sum()) // 2),
        "community": ("unit", community),
        **_modularity_of_communities(graph, community, rewirings, rng),
        **_groups_in(graph, community, labels, permutations, rng),
        **along_weights(connectivity, matrix, permutations, rng),
    }
    return xr.Dataset(variables, {"relation": ["strength", "signed"]})


def _communities(graph: Float[np.ndarray, "units units"], seed: int) -> Int[np.ndarray, " units"]:
    """Return the best of several of Louvain's partitions, numbered by falling size; -1 for units without an edge."""
    import networkx as nx

    found = np.full(len(graph), -1)
    connected = np.flatnonzero(graph.any(1))
    if not connected.size:
        return found
    network = nx.from_numpy_array(graph[np.ix_(connected, connected)])
    best = -np.inf
    for draw in range(_LOUVAIN_SEEDS):
        parts = nx.community.louvain_communities(network, weight="weight", seed=seed + draw)
        labels = np.full(len(graph), -1)
        for number, part in enumerate(sorted(map(sorted, parts), key=lambda part: (-len(part), part))):
            labels[connected[part]] = number
        quality = _quality(graph, labels)
        if quality > best:
            best, found = quality, labels
    return found


def _quality(graph: Float[np.ndarray, "units units"], labels: Int[np.ndarray, " units"]) -> float:
    return float(_qualities(graph, labels[None])[0])


def _qualities(
    graph: Float[np.ndarray, "units units"], labels: Int[np.ndarray, "partitions units"]
) -> Float[np.ndarray, " partitions"]:
    """Return Newman's modularity Q of partitions of a weighted graph; units labelled -1 have no edge."""
    member = (labels.T[..., None] == np.arange(labels.max() + 1)).astype(float)
    flat = member.reshape(len(graph), -1)
    total = graph.sum()
    within = (flat * (graph @ flat)).sum(0) - (graph.sum(1) @ flat) ** 2 / total
    return within.reshape(member.shape[1:]).sum(1) / total


def _modularity_of_communities(
    graph: Float[np.ndarray, "units units"],
    community: Int[np.ndarray, " units"],
    rewirings: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    names = [f"modularity{ending}" for ending in ("", "_null_mean", "_null_sd", "_z", "_p")]
    if not graph.any():
        return dict.fromkeys(names, ((), np.nan)) | {"modularity_reason": ((), "no two units are connected")}
    observed = _quality(graph, community)
    null = np.empty(rewirings)
    for draw in range(rewirings):
        rewired = _rewired(graph, rng)
        null[draw] = _quality(rewired, _communities(rewired, int(rng.integers(2**31))))
    mean, sd = null.mean(), null.std()
    varied = sd > _ROUNDING
    z = (observed - mean) / sd if varied else np.nan
    p = (1 + (null >= observed - 1e-12).sum()) / (rewirings + 1)
    reason = "" if varied else "no z: every rewired graph has the same modularity"
    numbers = dict(zip(names, (((), number) for number in (observed, mean, sd, z, p)), strict=True))
    return numbers | {"modularity_reason": ((), reason)}


def _rewired(graph: Float[np.ndarray, "units units"], rng: np.random.Generator) -> Float[np.ndarray, "units units"]:
    """Swap ends of edges at random, ten tries an edge: a, b and c, d become a, d and c, b where neither is an edge."""
    ends = [(one, other) for one, other in np.argwhere(np.triu(graph)).tolist()]
    edges = set(ends)
    tries = _SWAPS_PER_EDGE * len(ends)
    chosen = rng.integers(0, len(ends), (tries, 2)).tolist()
    turned = (rng.random(tries) < 0.5).tolist()
    for (first, second), turn in zip(chosen, turned, strict=True):
        (a, b), (c, d) = ends[first], ends[second]
        if turn:
            c, d = d, c
        if a == d or b == c:
            continue
        new, other = (a, d) if a < d else (d, a), (c, b) if c < b else (b, c)
        if new == other or new in edges or other in edges:
            continue
        edges.remove(ends[first])
        edges.discard(ends[second])  # drawn twice, it is the same edge
        edges.add(new)
        edges.add(other)
        ends[first], ends[second] = new, other
    rewired = np.zeros_like(graph)
    one, other_end = np.array(ends).T
    rewired[one, other_end] = rng.permutation(graph[np.triu(graph) > 0])
    return rewired + rewired.T


def _groups_in(
    graph: Float[np.ndarray, "units units"],
    community: Int[np.ndarray, " units"],
    labels: Shaped[np.ndarray, " units"],
    permutations: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    names = ("group_modularity", "group_modularity_p", "agreement", "agreement_p")
    within = (community >= 0) & (labels != "")
    part = graph[np.ix_(within, within)]
    if not part.any():
        reason = "no two units of known groups are connected" if graph.any() else "no two units are connected"
        return dict.fromkeys(names, ((), np.nan)) | {"groups_reason": ((), reason)}
    codes = np.unique(labels[within], return_inverse=True)[1]
    found = community[within]
    draws = np.stack([codes, *(rng.permutation(codes) for _ in range(permutations))])
    results: dict[str, Any] = {"groups_reason": ((), "")}
    for name, statistics in (
        ("group_modularity", _qualities(part, draws)),
        ("agreement", np.array([adjusted_rand_index(found.tolist(), draw.tolist()) for draw in draws])),
    ):
        results[name] = ((), statistics[0])
        results[f"{name}_p"] = ((), float((statistics >= statistics[0] - 1e-12).mean()))
    return results
