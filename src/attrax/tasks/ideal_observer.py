"""How often the best decision about noisy signed evidence is right, where timing and context are known."""

import math
from collections.abc import Sequence

import numpy as np


def gaussian_accuracy(coherences: Sequence[float], deviation: float, steps: int) -> float:
    r"""Return how often the sign of the summed evidence is right, which is the best decision under Gaussian noise.

    With coherence c, noise σ and n steps it is right with probability :math:`\Phi(c\sqrt{n}/\sigma)`.

    Parameters
    ----------
    coherences
        Strengths, each as likely as the others, and drawn with either sign.
    deviation
        σ of the noise on one step's evidence.
    steps
        n.
    """

    def right(coherence: float) -> float:
        if coherence == 0:
            return 0.5
        if deviation == 0:
            return 1.0
        return 0.5 * math.erfc(-coherence * math.sqrt(steps / 2) / deviation)

    return math.fsum(right(coherence) for coherence in coherences) / len(coherences)


def uniform_accuracy(coherences: Sequence[float], half_width: float, steps: int, channels: int) -> float:
    r"""Return how often the posterior's sign is right under uniform noise.

    Each sample excludes all coherences that are farther from it than the noise is wide, and says nothing else. So what
    is still possible after n steps is a window around the true c, whose ends are A below and B above it or farther
    with probability :math:`(1 - (A + B)/2\alpha)_+^n`; the decision counts the signed coherences in it. With one
    strength c, one channel and :math:`c < \alpha` the error is :math:`(1 - c/\alpha)^n / 2`. In a ring of two channels
    each sees half of a coherence, with either sign: two samples a step of half the distance.

    Parameters
    ----------
    coherences, steps
        As in `gaussian_accuracy`.
    half_width
        α: the noise is drawn from (-α, α).
    channels
        A modality has: 1 (signed coding) or 2 (ring coding).
    """
    if half_width == 0:
        return gaussian_accuracy(coherences, 0.0, steps)
    signed = np.concatenate([np.asarray(coherences, dtype=float), -np.asarray(coherences, dtype=float)]) + 0.0
    levels, counts = np.unique(signed, return_counts=True)
    probabilities = counts / counts.sum()
    # Of coherence 0 either choice is right half of the time: its sign is drawn all the same.
    positive = probabilities * np.where(levels > 0, 1.0, np.where(levels == 0, 0.5, 0.0))
    parts: list[float] = []
    for true, probability in enumerate(probabilities):
        run = _runs(levels, true, half_width * channels, steps * channels)
        for first in range(true + 1):
            for last in range(true, len(levels)):
                of_plus = positive[first : last + 1].sum()
                of_minus = probabilities[first : last + 1].sum() - of_plus
                decided = np.sign(round(of_plus - of_minus, 12))
                is_plus = positive[true] / probability
                right = 0.5 if decided == 0 else is_plus if decided > 0 else 1 - is_plus
                parts.append(float(probability * run[first, last] * right))
    return min(math.fsum(parts), 1.0)


def _runs(levels: np.ndarray, true: int, half_width: float, samples: int) -> np.ndarray:
    """Return the probability that exactly the levels from one to another are still possible, shape (levels, levels)."""
    below = levels[true] - levels[: true + 1]
    above = levels[true:] - levels[true]

    def reached(low: float, high: float) -> float:
        return float(max(1 - (low + high) / (2 * half_width), 0.0) ** samples)

    table = np.zeros((len(levels), len(levels)))
    for i, low in enumerate(below):
        lower = below[i - 1] if i else np.inf  # the next level beyond
        for j, high in enumerate(above):
            higher = above[j + 1] if j + 1 < len(above) else np.inf
            table[i, true + j] = (
                reached(low, high) - reached(lower, high) - reached(low, higher) + reached(lower, higher)
            )
    return table
