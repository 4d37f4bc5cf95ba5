"""How often the best decision about noisy signed evidence is right, where timing and context are known."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def signed_levels(coherences: Sequence[float]) -> tuple[Float[np.ndarray, " levels"], Float[np.ndarray, " levels"]]:
    """Return the signed coherences in order, and the probability of each: strengths are alike, and so are signs."""
    strengths = np.asarray(coherences, dtype=float)
    levels, counts = np.unique(np.concatenate([strengths, -strengths]) + 0.0, return_counts=True)
    return levels, counts / counts.sum()


def gaussian_choice(coherences: Sequence[float], deviation: float, steps: int) -> Float[np.ndarray, " levels"]:
    r"""Return how often the best observer answers "+" at each signed coherence under Gaussian noise.

    The best decision is the sign of the summed evidence: with coherence c, noise σ and n steps it is "+" with
    probability :math:`\Phi(c\sqrt{n}/\sigma)`.

    Parameters
    ----------
    coherences
        Strengths, each as likely as the others, and drawn with either sign.
    deviation
        σ of the noise on one step's evidence.
    steps
        n.
    """
    levels = signed_levels(coherences)[0]
    if deviation == 0:
        return np.where(levels > 0, 1.0, np.where(levels < 0, 0.0, 0.5))
    return np.array([0.5 * math.erfc(-level * math.sqrt(steps / 2) / deviation) for level in levels])


def uniform_choice(
    coherences: Sequence[float], half_width: float, steps: int, channels: int
) -> Float[np.ndarray, " levels"]:
    r"""Return how often the best observer answers "+" at each signed coherence under uniform noise.

    Each sample excludes all coherences that are farther from it than the noise is wide, and says nothing else. So what
    is still possible after n steps is a window around the true c, whose ends are A below and B above it or farther
    with probability :math:`(1 - (A + B)/2\alpha)_+^n`; the decision counts the signed coherences in it. With one
    strength c, one channel and :math:`c < \alpha` the error is :math:`(1 - c/\alpha)^n / 2`. In a ring of two channels
    each sees half of a coherence, with either sign: two samples a step of half the distance.

    Parameters
    ----------
    coherences, steps
        As in `gaussian_choice`.
    half_width
        α: the noise is drawn from (-α, α).
    channels
        A modality has: 1 (signed coding) or 2 (ring coding).
    """
    if half_width == 0:
        return gaussian_choice(coherences, 0.0, steps)
    levels, probabilities = signed_levels(coherences)
    # Of coherence 0 either choice is right half of the time: its sign is drawn all the same.
    in_favour = np.append(0.0, np.cumsum(probabilities * np.sign(levels)))
    decided = np.round(in_favour[None, 1:] - in_favour[:-1, None], 12)  # of the levels from one to another
    answers = np.where(decided > 0, 1.0, np.where(decided < 0, 0.0, 0.5))
    return np.array(
        [
            math.fsum((_runs(levels, true, half_width * channels, steps * channels) * answers).ravel())
            for true in range(len(levels))
        ]
    )


def accuracy_of(coherences: Sequence[float], plus: Float[np.ndarray, " levels"]) -> float:
    """Return how often an observer is right who answers "+" so often at each signed coherence."""
    levels, probabilities = signed_levels(coherences)
    right = np.where(levels > 0, plus, np.where(levels < 0, 1 - plus, 0.5))
    return min(math.fsum(probabilities * right), 1.0)


def _runs(
    levels: Float[np.ndarray, " levels"], true: int, half_width: float, samples: int
) -> Float[np.ndarray, "levels levels"]:
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
