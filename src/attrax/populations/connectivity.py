"""Functional connectivity: which units' activity depends on each other's, in which communities, along which weights."""

from typing import Any, NamedTuple

import numpy as np
import scipy.fft
import xarray as xr
from jaxtyping import Float, Int, Shaped
from numpy.typing import ArrayLike
from scipy import special, stats

from attrax.populations.information import information_of_correlation
from attrax.populations.multiple_testing import corrected_p_values
from attrax.populations.normal_scores import normal_scores
from attrax.populations.partitions import adjusted_rand_index
from attrax.settings import require

FEWEST_TRIALS = 10
"""Trials that share length and condition with another, without which permuting them says little."""
FEWEST_ACTIVE = 15
"""Trials in which a unit must do anything else than what it does most: fewer make a null with a heavier tail than the
normal one, by which p values are read off."""
FEWEST_ARRANGEMENTS = 1000
FEWEST_TIMES = 20
"""Correlation times in a recording without trials, on either side of a shift."""
_LARGEST = 1 - 1e-12  # correlations are kept within: the information of equal units is 20 bits then, not infinite
_ROUNDING = 1e-12
_DIAGONAL = "a unit is not tested against itself"
_LOUVAIN_SEEDS = 3
_SWAPS_PER_EDGE = 10
_AT_ONCE = 4096  # pairs
_AT_ONCE_PERMUTED = 4_000_000  # scores


def functional_connectivity(
    activity: ArrayLike,
    trial: ArrayLike | None = None,
    condition: ArrayLike | None = None,
    signal_removed: bool = False,
    permutations: int = 200,
    seed: int = 0,
) -> xr.Dataset:
    r"""Measure and test how much the activities of every two units say about each other.

    Parameters
    ----------
    activity
        Shape (samples, units).
    trial
        The trial of each sample, whose samples follow one another, shape (samples,). None: one recording.
    condition
        What distinguishes trials (a coherence, a context), of each sample, the same all through a trial. None: nothing.
    signal_removed
        Whether the mean over the trials of one condition and length is subtracted at each step first ("noise
        correlations"). Needs `trial`.
    permutations
        Of trials, two or more; without trials every shift is used.
    seed
        Of the permutations.

    Returns
    -------
    Dataset over "unit" and "other_unit", symmetric; NaN on the diagonal and where one of the two is not testable:

    correlation (unit, other_unit)
        r of the normal scores (equal values share a score).
    information (unit, other_unit)
        :math:`-\frac12 \log_2(1 - r^2)` bits less its bias for so many independent samples, at least 0: the mutual
        information if the copula is Gaussian, a lower bound otherwise. Samples that follow one another are fewer than
        they seem, so some bias is left; compare with the p value.
    sign (unit, other_unit)
        Of r; 0 where not testable.
    null_correlation (unit, other_unit)
        Mean r under the null: what the two share since both follow the course of the trial. Near 0 without trials.
    p_uncorrected, p_value (unit, other_unit)
        Two-sided: how far r is from null_correlation; and by Benjamini and Hochberg over all testable pairs. The tail
        is that of Student's t for Fisher's z: thousands of pairs need p values below 1 / permutations. Of few trials it
        is an approximation.
    p_rank (unit, other_unit)
        The same by the share of permutations (or shifts) as far away, the observed one included: exact for trials,
        never below 1 / (permutations + 1).
    testable, reason (unit)
        Whether a unit can be tested, and why not, in words.

    The attributes say what the null is, and how many trials and samples took part.

    Raises
    ------
    SettingsError
        If shapes do not fit, values are not finite, a trial comes back after another, or a condition changes in one.

    Notes
    -----
    *What is tested.* With trials: given a trial's length and condition, how one unit's course in it differs from other
    trials has nothing to do with how the other's does. Whole trials of one unit are set beside other trials of the
    other, so all that is alike within a trial (slow activity, offsets) stays, and so does what both owe to the stage of
    the trial: that is in null_correlation, and is not evidence. Without `condition` what both owe to the stimulus is.
    Trials of different length are not exchanged, since the stages would not meet; those whose length (and condition) no
    other trial has are left out, and counted. Without trials: one unit's recording, taken as stationary, is shifted
    against the other's by every number of steps beyond the correlation time; what both owe to a common input is
    evidence then.

    References
    ----------
    Ince et al., *A statistical framework for neuroimaging data analysis based on mutual information estimated via a
    Gaussian copula*, Human Brain Mapping 38, 1541 (2017), equations 6 to 10 (information and its bias).
    """
    values = np.array(activity, float)
    require(
        values.ndim == 2 and len(values) > 3,
        f"activity has shape {values.shape}; it must be (samples, units), four samples or more",
    )
    require(permutations >= 2, f"permutations is {permutations}; it must be 2 or more")
    require(trial is not None or (condition is None and not signal_removed), "condition and signal_removed need trial")
    reason = np.array([_constant(column) for column in values.T])
    values[:, ~np.isfinite(values).all(axis=0)] = 0.0  # not testable: their reason is there
    if trial is None:
        scores = _unit_scores(values[:, reason == ""])
        reason = np.where(reason == "", _too_short(scores), reason)
        found = _against_shifts(scores if (reason == "").any() else scores[:, :0])
        return _table(found, reason, len(values)).assign_attrs(
            null="shifts of the whole recording", samples=len(values), diagonal=_DIAGONAL
        )
    trials = _Trials.read(trial, condition, len(values))
    kept, residual, shortage = trials.samples(), values - trials.signal(values), trials.shortage()
    if shortage:
        reason = np.where(reason == "", shortage, reason)
    else:
        same = np.abs(residual[kept]).max(0, initial=0.0) <= _ROUNDING * np.abs(values).max(0)
        reason = np.where((reason == "") & same, "the same in every trial of a condition and length", reason)
        sparse = np.array([_too_sparse(column, trials) for column in values[kept].T])
        reason = np.where(reason == "", sparse, reason)
    values = (residual if signal_removed else values)[kept]
    scores = _unit_scores(values[:, reason == ""])
    found = _against_permutations(scores, trials.packed(), permutations, np.random.default_rng(seed))
    return _table(found, reason, len(values)).assign_attrs(
        null="whole trials permuted among those of one length" + ("" if condition is None else " and condition"),
        samples=len(values), trials=len(trials.first), trials_left_out=trials.left_out,
        signal_removed=int(signal_removed), diagonal=_DIAGONAL,
    )  # fmt: skip


def _unit_scores(values: Float[np.ndarray, "samples units"]) -> Float[np.ndarray, "samples units"]:
    """Return normal scores whose products over samples are correlations."""
    if not values.size:
        return values
    scores = normal_scores(values)
    return scores.mean / np.sqrt(len(values) * scores.variance)


def _too_short(scores: Float[np.ndarray, "samples units"]) -> str:
    """Say in words why shifts of a recording would say too little; empty where they would not."""
    time = _correlation_time(scores) if scores.size else 0
    needed = 2 * FEWEST_TIMES * time
    return f"{len(scores)} samples; needed: {needed}, for a correlation time of {time}" if len(scores) < needed else ""


def _constant(column: Float[np.ndarray, " samples"]) -> str:
    if not np.isfinite(column).all():
        return "not finite"
    if np.ptp(column) > 0:
        return ""
    return f"constant at {column[0]:g}" if column[0] else "silent"


def _too_sparse(column: Float[np.ndarray, " samples"], trials: "_Trials") -> str:
    """Say that a unit does the same in all trials but a few; empty where it does not."""
    levels, level, counts = np.unique(column, return_inverse=True, return_counts=True)
    other = np.repeat(np.arange(len(trials.length)), trials.length)[level != counts.argmax()]
    active = np.unique(other).size
    if active >= min(FEWEST_ACTIVE, len(trials.length) - 1):
        return ""
    return f"other than {levels[counts.argmax()]:g} in {active} trials only; needed: {FEWEST_ACTIVE} or more"


class _Trials(NamedTuple):
    """Trials as runs of samples: where each begins, its length, and the class within which it may be exchanged."""

    first: Int[np.ndarray, " trials"]
    length: Int[np.ndarray, " trials"]
    kind: Int[np.ndarray, " trials"]
    left_out: int
    """How many further trials there were, each the only one of its class."""

    @classmethod
    def read(cls, trial: ArrayLike, condition: ArrayLike | None, n_samples: int) -> "_Trials":
        named = np.asarray(trial)
        conditions = np.zeros(n_samples, int) if condition is None else np.asarray(condition)
        for name, given in (("trial", named), ("condition", conditions)):
            require(given.shape == (n_samples,), f"{name} has shape {given.shape}; it must be ({n_samples},)")
        first = np.flatnonzero(np.concatenate([[True], named[1:] != named[:-1]]))
        length = np.diff(np.append(first, n_samples))
        require(len(np.unique(named)) == len(first), "a trial comes back after another; its samples must be in a row")
        level = np.unique(conditions, return_inverse=True)[1]
        within = np.repeat(np.arange(len(first)), length)
        require(bool((level == level[first][within]).all()), "condition changes within a trial; it must stay the same")
        pairs = np.stack([length, level[first]], 1)
        kind, counts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)[1:]
        shared = counts[kind.ravel()] > 1
        return cls(first[shared], length[shared], kind.ravel()[shared], int((~shared).sum()))

    def samples(self) -> Int[np.ndarray, " samples"]:
        """Return the index of every sample of these trials."""
        begins = np.cumsum(self.length) - self.length
        return np.repeat(self.first - begins, self.length) + np.arange(int(self.length.sum()))

    def packed(self) -> "_Trials":
        """Return these trials as they lie when other samples are removed."""
        return self._replace(first=np.cumsum(self.length) - self.length)

    def shortage(self) -> str:
        """Say in words why permuting these trials would say too little; empty where it would not."""
        n_trials, total = len(self.first), len(self.first) + self.left_out
        arrangements = special.gammaln(np.bincount(self.kind) + 1).sum() if n_trials else 0.0
        if n_trials >= FEWEST_TRIALS and arrangements >= np.log(FEWEST_ARRANGEMENTS):
            return ""
        return (
            f"{n_trials} of {total} trials share length and condition with another; needed: {FEWEST_TRIALS} or more "
            "(cut trials to one length)"
        )

    def signal(self, values: Float[np.ndarray, "samples units"]) -> Float[np.ndarray, "samples units"]:
        """Return the mean over the trials of each class, at each step of each of its trials."""
        mean = np.zeros_like(values)
        for kind in np.unique(self.kind):
            here = self.kind == kind
            index = self.first[here][:, None] + np.arange(self.length[here][0])
            mean[index] = values[index].mean(0)
        return mean

    def permuted(self, rng: np.random.Generator) -> Int[np.ndarray, " samples"]:
        """Return the sample that comes in each one's place when trials change places within their classes."""
        order = np.empty(len(self.first), int)
        order[np.argsort(self.kind, kind="stable")] = np.lexsort((rng.random(len(self.first)), self.kind))
        return self._replace(first=self.first[order]).samples()


class _Tested(NamedTuple):
    """What was found for each pair of testable units, in the order of `numpy.triu_indices`."""

    correlation: Float[np.ndarray, " pairs"]
    null_correlation: Float[np.ndarray, " pairs"]
    p_uncorrected: Float[np.ndarray, " pairs"]
    p_rank: Float[np.ndarray, " pairs"]


def _against_permutations(
    scores: Float[np.ndarray, "samples units"], trials: _Trials, permutations: int, rng: np.random.Generator
) -> _Tested:
    n_units = scores.shape[1]
    if n_units < 2:
        return _joined([])
    pairs = np.triu_indices(n_units, 1)
    rough = scores.astype(np.float32)  # of the null single precision is plenty, in half the time
    draws = np.empty((permutations, len(pairs[0])), np.float32)
    step = max(1, _AT_ONCE_PERMUTED // max(rough.size, 1))  # few large products rather than many small ones
    for start in range(0, permutations, step):
        orders = [trials.permuted(rng) for _ in range(min(step, permutations - start))]
        moved = rough[np.stack(orders, 1)].reshape(len(rough), -1)
        products = (moved.T @ rough).reshape(len(orders), n_units, n_units)
        draws[start : start + len(orders)] = products[:, pairs[0], pairs[1]]
    observed = (scores.T @ scores)[pairs]
    pieces = [slice(start, start + _AT_ONCE) for start in range(0, max(len(observed), 1), _AT_ONCE)]
    return _joined([_against(observed[piece], draws[:, piece].astype(float), float(permutations)) for piece in pieces])


def _against_shifts(scores: Float[np.ndarray, "samples units"]) -> _Tested:
    n_samples, n_units = scores.shape
    if n_units < 2:
        return _joined([])
    nearest = _correlation_time(scores)
    spectra = scipy.fft.rfft(scores.T, axis=1)
    rows = []
    for unit in range(n_units - 1):
        shifted = scipy.fft.irfft(spectra[unit].conj() * spectra[unit + 1 :], n_samples, axis=1).T
        # shifts within a correlation time of each other are one draw rather than many
        null = shifted[nearest : n_samples - nearest + 1]
        rows.append(_against(shifted[0], null, len(null) / (2 * nearest)))
    return _joined(rows)


def _correlation_time(scores: Float[np.ndarray, "samples units"]) -> int:
    """Return the first lag at which the mean autocorrelation of the units is below 0.1; the length where none is."""
    n_samples = len(scores)
    power = (np.abs(scipy.fft.rfft(scores, 2 * n_samples, axis=0)) ** 2).sum(1)
    autocorrelation = scipy.fft.irfft(power)[:n_samples]
    below = autocorrelation < 0.1 * autocorrelation[0]
    return int(below.argmax()) if below.any() else n_samples


def _against(
    observed: Float[np.ndarray, " pairs"], null: Float[np.ndarray, "draws pairs"], independent: float
) -> _Tested:
    """Set correlations against those of the null, of whose draws so many are independent."""
    z, z_null = (np.arctanh(np.clip(r, -_LARGEST, _LARGEST)) for r in (observed, null))
    mean, sd = z_null.mean(0), np.maximum(z_null.std(0, ddof=1), _ROUNDING)
    # the next draw of a normal sample, not the mean of one: hence the 1 + 1/n
    t = (z - mean) / (sd * np.sqrt(1 + 1 / independent))
    p_value = 2 * special.stdtr(max(independent - 1, 1.0), -np.abs(t))
    middle = (z_null.sum(0) + z) / (len(null) + 1)
    farther = np.abs(z_null - middle) >= np.abs(z - middle) - 1e-6
    return _Tested(observed, null.mean(0), p_value, (farther.sum(0) + 1) / (len(null) + 1))


def _joined(pieces: list[_Tested]) -> _Tested:
    if not pieces:
        return _Tested(*(np.zeros(0) for _ in range(4)))
    return _Tested(*(np.concatenate(parts) for parts in zip(*pieces, strict=True)))


def _table(found: _Tested, reason: Shaped[np.ndarray, " units"], n_samples: int) -> xr.Dataset:
    testable = reason == ""
    places = np.flatnonzero(testable)
    one, other = (places[index] for index in np.triu_indices(len(places), 1))
    information = information_of_correlation(np.clip(found.correlation, -_LARGEST, _LARGEST), n_samples)
    p_value = corrected_p_values(found.p_uncorrected, "fdr")
    dims = ("unit", "other_unit")
    variables: dict[str, Any] = {}
    for name, values in {**found._asdict(), "information": information, "p_value": p_value}.items():
        square = np.full((len(reason), len(reason)), np.nan)
        square[one, other] = square[other, one] = values
        variables[name] = (dims, square)
    sign = np.nan_to_num(np.sign(variables["correlation"][1])).astype(np.int8)
    return xr.Dataset({**variables, "sign": (dims, sign), "testable": ("unit", testable), "reason": ("unit", reason)})


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
        **_along_weights(connectivity, matrix, permutations, rng),
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
    ends = np.argwhere(np.triu(graph)).tolist()
    edges = {(one, other) for one, other in ends}
    tries = _SWAPS_PER_EDGE * len(ends)
    chosen = rng.integers(0, len(ends), (tries, 2)).tolist()
    turned = (rng.random(tries) < 0.5).tolist()
    for (first, second), turn in zip(chosen, turned, strict=True):
        (a, b), (c, d) = ends[first], ends[second]
        if turn:
            c, d = d, c
        new, other = (min(a, d), max(a, d)), (min(c, b), max(c, b))
        if a == d or b == c or new == other or new in edges or other in edges:
            continue
        edges -= {tuple(ends[first]), tuple(ends[second])}
        edges |= {new, other}
        ends[first], ends[second] = list(new), list(other)
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


def _along_weights(
    connectivity: xr.Dataset, weights: Float[np.ndarray, "units units"], permutations: int, rng: np.random.Generator
) -> dict[str, Any]:
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
