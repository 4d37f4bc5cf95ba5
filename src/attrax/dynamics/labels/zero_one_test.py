"""The 0-1 test for chaos: an answer that uses no tangent vectors, given a series that is sampled well."""

import numpy as np
from jaxtyping import Float
from scipy.fft import fft, ifft, next_fast_len


def zero_one_test(
    series: Float[np.ndarray, " steps"], generator: np.random.Generator, n_frequencies: int = 60
) -> float:
    """Return K, near 1 for a chaotic series and near 0 for a regular one.

    Parameters
    ----------
    series
        One coordinate of an orbit, sampled so that successive values are not nearly equal.
    generator
        For the frequencies, drawn from (π/5, 4π/5) to stay away from resonances.

    References
    ----------
    Gottwald, Melbourne, *On the implementation of the 0-1 test for chaos*, arXiv 0906.1418: modified mean-square
    displacement, correlation method, median over frequencies.
    """
    n_steps = series.size
    n_cut = n_steps // 10
    mean_square = series.mean() ** 2
    lags = np.arange(1, n_cut + 1)
    length = next_fast_len(n_steps)  # lags up to n_cut of what ends n_cut earlier do not wrap round
    answers = []
    for frequency in generator.uniform(np.pi / 5, 4 * np.pi / 5, n_frequencies):
        path = np.cumsum(series * np.exp(1j * frequency * np.arange(1, n_steps + 1)))
        # mean |p(j + n) - p(j)|^2 over j, for all n at once, from sums and one autocorrelation
        start = path[: n_steps - n_cut]
        cross = ifft(fft(path, length) * np.conj(fft(start, length)))[lags].real
        squares = np.concatenate([[0.0], np.cumsum(np.abs(path) ** 2)])
        shifted = squares[lags + n_steps - n_cut] - squares[lags]
        displacement = (shifted + squares[n_steps - n_cut] - 2 * cross) / (n_steps - n_cut)
        oscillation = mean_square * (1 - np.cos(lags * frequency)) / (1 - np.cos(frequency))
        answers.append(np.corrcoef(lags, displacement - oscillation)[0, 1])
    return float(np.median(answers))


_FEWEST_SAMPLES = 400
_MOST_SAMPLES = 20_000


def chaos_test(points: Float[np.ndarray, "steps axes"], generator: np.random.Generator) -> float:
    """Return the largest K of three samplings of an orbit; NaN where all have too few samples, or the orbit rests.

    What is regular in a chaotic orbit hides its chaos from the test: the phase, where oscillations are chaotic in
    amplitude and coherent in phase, and the order of visits, where chaos stays within the bands around a cycle. So the
    orbit is sampled in time, about four times a turn; on a section, the second coordinate wherever the first passes
    its mean upwards; and stroboscopically, after as many steps as bring it back nearest on average.

    Parameters
    ----------
    points
        An orbit along its first principal axes, shape (steps, axes).
    generator
        For the frequencies.
    """
    first = points[:, 0] - points[:, 0].mean()
    before = np.flatnonzero((first[:-1] < 0) & (first[1:] >= 0))
    samplings = [first[:: max(1, round(first.size / max(4 * before.size, 1)))]]
    if points.shape[1] > 1:
        share = first[before] / (first[before] - first[before + 1])
        samplings.append(points[before, 1] + share * (points[before + 1, 1] - points[before, 1]))
    samplings.append(first[:: _best_return(points)])
    answers = [
        zero_one_test(series[-_MOST_SAMPLES:], generator)
        for series in samplings
        if series.size >= _FEWEST_SAMPLES and np.ptp(series) > 0
    ]
    return max(answers, default=float("nan"))


def _best_return(points: Float[np.ndarray, "steps axes"]) -> int:
    """Return after how many steps an orbit is nearest to where it was, on average."""
    longest = min(500, points.shape[0] // _FEWEST_SAMPLES)
    sample = points[-5000 - longest :]
    away = [np.abs(sample[lag:] - sample[:-lag]).mean() for lag in range(1, longest + 1)]
    return 1 + int(np.argmin(away))
