"""Functional connectivity: which units' activity depends on each other's."""

from typing import Any, NamedTuple

import numpy as np
import scipy.fft
import xarray as xr
from jaxtyping import Float, Int, Shaped
from numpy.typing import ArrayLike
from scipy import special

from attrax.populations.information import information_of_correlation
from attrax.populations.multiple_testing import corrected_p_values
from attrax.populations.normal_scores import normal_scores
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
