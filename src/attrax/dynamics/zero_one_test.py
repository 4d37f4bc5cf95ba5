"""The 0-1 test for chaos: an answer that uses no tangent vectors."""

import numpy as np
from jaxtyping import Float


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
    answers = []
    for frequency in generator.uniform(np.pi / 5, 4 * np.pi / 5, n_frequencies):
        path = np.cumsum(series * np.exp(1j * frequency * np.arange(1, n_steps + 1)))
        # mean |p(j + n) - p(j)|^2 over j, for all n at once, from sums and one autocorrelation
        start = path[: n_steps - n_cut]
        transform = np.fft.fft(path, 2 * n_steps)
        cross = np.fft.ifft(transform * np.conj(np.fft.fft(start, 2 * n_steps)))[lags].real
        squares = np.concatenate([[0.0], np.cumsum(np.abs(path) ** 2)])
        shifted = squares[lags + n_steps - n_cut] - squares[lags]
        displacement = (shifted + squares[n_steps - n_cut] - 2 * cross) / (n_steps - n_cut)
        oscillation = mean_square * (1 - np.cos(lags * frequency)) / (1 - np.cos(frequency))
        answers.append(np.corrcoef(lags, displacement - oscillation)[0, 1])
    return float(np.median(answers))
