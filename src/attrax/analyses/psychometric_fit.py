"""A logistic psychometric function with lapses, fitted to counts of answers, with intervals of its parameters."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit, xlogy
from scipy.stats import chi2

PARAMETERS = ("threshold", "slope", "lapse", "irrelevant_weight")
_STEEPEST, _HEAVIEST = 1e3, 3.0
_DEVIANCE = float(chi2.ppf(0.95, 1))
_LEAST = 1e-12  # probability
_MOST_STEPS, _STUCK, _CONVERGED = 200, 1e8, 1e-9
_FIRST = 0.05  # step away from the maximum, relative; then doubled


class PsychometricFit(NamedTuple):
    """What was fitted: each parameter, and the ends of its 95 % interval.

    P("+") = λ/2 + (1 - λ) logistic(β (c + w d - θ)), with c the coherence that counts and d the one that does not.
    """

    threshold: float
    """θ: the coherence at which either answer is as likely (with d = 0)."""
    slope: float
    """β, per unit of coherence; at its bound of 1,000 the answers step from one coherence to the next."""
    lapse: float
    """λ: the share of answers that do not depend on the stimulus."""
    irrelevant_weight: float
    """w: how much a coherence that does not count weighs against one that does; NaN where there is none."""
    low: Float[np.ndarray, " parameters"]
    """In the order of `PARAMETERS`."""
    high: Float[np.ndarray, " parameters"]
    deviance: float
    """Twice the log of how much likelier the counts are under a model with a probability for each row."""

    def probability(self, coherence: ArrayLike, irrelevant: ArrayLike = 0.0) -> np.ndarray:
        """Return P("+") at some coherences."""
        values = np.array([self.threshold, self.slope, self.lapse, np.nan_to_num(self.irrelevant_weight)])
        return _probability(values, np.asarray(coherence, float), np.asarray(irrelevant, float))


def fit_psychometric(
    coherence: Float[np.ndarray, " rows"],
    plus: Int[np.ndarray, " rows"],
    total: Int[np.ndarray, " rows"],
    irrelevant: Float[np.ndarray, " rows"] | None = None,
) -> PsychometricFit:
    """Fit a logistic function with lapses to counts of answers.

    Parameters
    ----------
    coherence
        That counts, signed, of each row of the table.
    plus, total
        How many answers were "+", and how many there were.
    irrelevant
        The coherence that does not count; None: there is none, and it has no weight.

    Returns
    -------
    Maximum likelihood, and intervals by the profile of the likelihood: the values at which twice its log is 3.84 below
    the maximum, all other parameters fitted anew. NaN everywhere without two coherences that were answered.

    Raises
    ------
    ValueError
        For arrays of different lengths, or counts that cannot be.

    References
    ----------
    Wichmann, Hill, *The psychometric function*, Perception & Psychophysics 63, 1293 and 1314 (2001): lapses are fitted,
    or else they bend the slope. The interval by profiles is asymptotic: at a bound (no lapses) it is too wide.
    """
    coherence, plus, total = np.asarray(coherence, float), np.asarray(plus, float), np.asarray(total, float)
    if not coherence.shape == plus.shape == total.shape:
        raise ValueError(f"coherence, plus and total have shapes {coherence.shape}, {plus.shape} and {total.shape}")
    if not ((plus >= 0) & (plus <= total)).all():
        raise ValueError("plus must lie between 0 and total")
    other = np.zeros_like(coherence) if irrelevant is None else np.asarray(irrelevant, float)
    if np.unique(coherence[total > 0]).size < 2:
        nothing = np.full(len(PARAMETERS), np.nan)
        threshold = slope = lapse = weight = deviance = float("nan")
        return PsychometricFit(threshold, slope, lapse, weight, nothing, nothing, deviance)
    fit = _Fit(coherence, other, plus, total, fixed={3: 0.0} if irrelevant is None else {})
    best, least = fit.minimum({})
    ends = np.array([fit.interval(number, best, least) for number in range(len(PARAMETERS))])
    if irrelevant is None:
        best[3], ends[3] = np.nan, np.nan
    share = np.divide(plus, total, out=np.zeros_like(plus), where=total > 0)
    saturated = -float((xlogy(plus, share) + xlogy(total - plus, 1 - share)).sum())
    threshold, slope, lapse, weight = best.tolist()
    return PsychometricFit(threshold, slope, lapse, weight, ends[:, 0], ends[:, 1], 2 * (least - saturated))


def _probability(values: np.ndarray, coherence: np.ndarray, irrelevant: np.ndarray) -> np.ndarray:
    threshold, slope, lapse, weight = values
    return lapse / 2 + (1 - lapse) * expit(slope * (coherence + weight * irrelevant - threshold))


class _Fit:
    """The likelihood of a table, minimised with some parameters held."""

    def __init__(
        self,
        coherence: np.ndarray,
        irrelevant: np.ndarray,
        plus: np.ndarray,
        total: np.ndarray,
        fixed: dict[int, float],
    ) -> None:
        self._data, self._fixed = (coherence, irrelevant, plus, total), fixed
        widest = float(np.abs(coherence).max())
        self._bounds = np.array([(-2 * widest, 2 * widest), (0.0, _STEEPEST), (0.0, 1.0), (-_HEAVIEST, _HEAVIEST)])
        # Slopes differ by orders of magnitude: the search begins from several.
        self._starts = [np.array([0.0, slope / widest, lapse, 0.0]) for slope in (2, 8, 40) for lapse in (0.01, 0.2)]

    def loss(self, values: np.ndarray) -> float:
        """Return minus the log of the likelihood."""
        coherence, irrelevant, plus, total = self._data
        p = np.clip(_probability(values, coherence, irrelevant), _LEAST, 1 - _LEAST)
        return -float((xlogy(plus, p) + xlogy(total - plus, 1 - p)).sum())

    def score(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradient of the log likelihood, and its expected information (Fisher)."""
        coherence, irrelevant, plus, total = self._data
        threshold, slope, lapse, weight = values
        along = coherence + weight * irrelevant - threshold
        logistic = expit(slope * along)
        steep = (1 - lapse) * logistic * (1 - logistic)
        slopes = np.stack([-slope * steep, steep * along, 0.5 - logistic, slope * steep * irrelevant], axis=1)
        p = np.clip(lapse / 2 + (1 - lapse) * logistic, _LEAST, 1 - _LEAST)
        gradient = slopes.T @ ((plus - total * p) / (p * (1 - p)))
        return gradient, slopes.T @ (slopes * (total / (p * (1 - p)))[:, None])

    def minimum(self, held: dict[int, float], begin: np.ndarray | None = None) -> tuple[np.ndarray, float]:
        """Return the likeliest parameters where some are held, and minus the log of the likelihood there."""
        held = self._fixed | held
        best, least = np.zeros(len(PARAMETERS)), np.inf
        for start in self._starts if begin is None else [begin]:
            values = np.clip(start, *self._bounds.T)
            for number, value in held.items():
                values[number] = value
            values, loss = self._climb(values, np.array([number not in held for number in range(len(PARAMETERS))]))
            if loss < least:
                best, least = values, loss
        return best, least

    def _climb(self, values: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, float]:
        """Go up the likelihood by damped Fisher scoring, within the bounds."""
        low, high = self._bounds.T
        loss, damping = self.loss(values), 1e-3
        for _ in range(_MOST_STEPS):
            gradient, information = self.score(values)
            # What stands at a bound and would go beyond it stays there.
            moving = free & ~((values <= low) & (gradient < 0)) & ~((values >= high) & (gradient > 0))
            if not moving.any():
                break
            block = information[np.ix_(moving, moving)]
            gained = 0.0
            while damping < _STUCK:
                tried = values.copy()
                damped = block + np.diag(damping * np.diag(block) + 1e-12)
                tried[moving] += np.linalg.solve(damped, gradient[moving])
                tried = np.clip(tried, low, high)
                gained = loss - self.loss(tried)
                if gained > 0:
                    values, loss, damping = tried, loss - gained, damping / 10
                    break
                damping *= 10
            if gained <= _CONVERGED:
                break
            damping = max(damping, 1e-9)
        return values, loss

    def interval(self, number: int, best: np.ndarray, least: float) -> tuple[float, float]:
        """Return the ends of a parameter's interval, the bounds where the profile does not fall off before them."""
        if number in self._fixed:
            return float("nan"), float("nan")

        near = best  # the profile is followed from the maximum on: the last point is a good first guess of the next

        def above(value: float) -> float:
            nonlocal near
            near, held = self.minimum({number: value}, near)
            return 2 * (held - least) - _DEVIANCE

        ends = []
        for bound in self._bounds[number].tolist():
            near, inside, outside = best, float(best[number]), float(best[number])
            step = float(np.sign(bound - inside)) * _FIRST * max(abs(inside), 0.01)
            beyond = -_DEVIANCE
            while beyond < 0 and outside != bound:
                inside = outside
                outside = float(np.clip(outside + step, *sorted((inside, bound))))
                beyond, step = above(outside), 2 * step
            if beyond < 0:
                ends.append(bound)
            else:
                near = best
                ends.append(float(brentq(above, inside, outside, xtol=1e-5, rtol=1e-4)))
        return ends[0], ends[1]
