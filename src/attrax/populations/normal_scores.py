"""Normal scores: values replaced by the quantiles of a normal distribution that their ranks have.

Information does not change when a variable is transformed monotonically; so each variable is given a normal margin, and
what is left to measure is how two of them depend on each other, their copula.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri


class NormalScores(NamedTuple):
    """Scores of several variables, one a column."""

    mean: Float[np.ndarray, "samples variables"]
    """The score of each value. Equal values share the mean of the scores that they would have in any order."""
    square: Float[np.ndarray, "samples variables"]
    """The mean of the squares of those scores: where values are equal it is more than the square of their mean."""
    variance: float
    """Mean square of the scores of so many different values."""


def normal_scores(values: Float[np.ndarray, "samples variables"]) -> NormalScores:
    r"""Return the normal scores :math:`\Phi^{-1}(rank / (n + 1))` of each column.

    Parameters
    ----------
    values
        Shape (samples, variables).

    Notes
    -----
    Units of a ReLU network are exactly zero much of the time, and tasks have a handful of coherences: equal values are
    the rule. Where they are ranked in the order in which they come, the ranks follow time, and so does whatever is
    correlated with time. Ranked at random they are right on average, and every run gives another number. What random
    ranks give on average is known in closed form, and is what is returned: averaged scores, and averaged squares of
    scores.

    References
    ----------
    Averaged scores: Hájek, Šidák, Sen, *Theory of rank tests*, 2nd ed. (1999), section 4.3. Scores as the margin of a
    copula: Ince, Giordano, Kayser, Rousselet, Gross, Schyns, *A statistical framework for neuroimaging data analysis
    based on mutual information estimated via a Gaussian copula*, Human Brain Mapping 38, 1541 (2017).
    """
    n_samples, n_variables = values.shape
    scores = ndtri(np.arange(1, n_samples + 1) / (n_samples + 1))
    up_to = np.concatenate([[0.0], np.cumsum(scores)])
    squares_up_to = np.concatenate([[0.0], np.cumsum(scores**2)])
    mean, square = np.empty((n_samples, n_variables)), np.empty((n_samples, n_variables))
    for column in range(n_variables):
        order = np.argsort(values[:, column])
        ordered = values[order, column]
        first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        counts = np.diff(np.append(first, n_samples))
        ends = first + counts
        mean[order, column] = np.repeat((up_to[ends] - up_to[first]) / counts, counts)
        square[order, column] = np.repeat((squares_up_to[ends] - squares_up_to[first]) / counts, counts)
    return NormalScores(mean, square, float(squares_up_to[-1] / n_samples))
