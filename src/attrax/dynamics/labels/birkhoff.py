"""Weighted Birkhoff averages: how fast averages along an orbit settle, and how fast it rotates."""

import numpy as np
from jaxtyping import Float


def weights(n_steps: int) -> Float[np.ndarray, " steps"]:
    """Return the bump exp(-1 / (t (1 - t))) at n_steps points of (0, 1), with sum 1.

    References
    ----------
    Das, Saiki, Sander, Yorke, *Quantitative quasiperiodicity*, arXiv 1506.06810.
    """
    t = (np.arange(n_steps) + 1.0) / (n_steps + 1.0)
    bump = np.exp(-1.0 / (t * (1.0 - t)))
    return bump / bump.sum()


def stable_digits(values: Float[np.ndarray, "steps observables"], window: int) -> float:
    """Return how many decimal digits of the averages agree from one window to the next.

    Averages over disjoint windows are compared with their successors, in units of each observable's spread: root mean
    square over pairs of windows, its logarithm averaged over the observables.
    """
    n_windows = values.shape[0] // window
    parts = values[: n_windows * window].reshape(n_windows, window, -1)
    averages = np.einsum("w,nwo->no", weights(window), parts)
    spread = np.maximum(values.std(axis=0), 1e-300)
    difference = np.sqrt((np.diff(averages, axis=0) ** 2).mean(axis=0)) / spread
    return float(np.mean(-np.log10(np.maximum(difference, 1e-16))))


_OBSERVABLES = 24


def digits_gained_per_decade(points: Float[np.ndarray, "steps dimensions"]) -> float:
    """Return how many digits become stable per decade of window length, from T/100 to T/2 steps.

    About +2 on a quasi-periodic orbit of a piecewise-linear map (there the averages do not super-converge), about
    +0.5 on a chaotic one, whatever the absolute number of digits. The observables are cosines of random directions:
    bounded, and generic enough that no symmetry of the attractor makes them all degenerate.
    """
    generator = np.random.default_rng(0)
    centred = points - points.mean(axis=0)
    centred /= max(float(np.sqrt((centred**2).sum(axis=1).mean())), 1e-300)
    directions = 2 * generator.standard_normal((points.shape[1], _OBSERVABLES))
    observables = np.cos(centred @ directions + generator.uniform(0, 2 * np.pi, _OBSERVABLES))
    short, long = points.shape[0] // 100, points.shape[0] // 2
    gained = stable_digits(observables, long) - stable_digits(observables, short)
    return gained / float(np.log10(long / short))


def rotation_number(points: Float[np.ndarray, "steps dimensions"], period: int = 0) -> float:
    """Return the rotations a step about the centroid of the first two coordinates, folded to [0, 1/2].

    Parameters
    ----------
    points
        An orbit, projected to its first principal components; more than two of them show whether points that are
        neighbours in angle are neighbours on the orbit.
    period
        Of a cycle: the mean over one period is exact. 0: weighted Birkhoff average over all steps.

    Returns
    -------
    NaN where the projected curve does not wind exactly once about its centroid, so that the angle means nothing.
    """
    if points.shape[1] < 2:
        return float("nan")
    centred = points - points.mean(axis=0)
    angle = np.arctan2(centred[:, 1], centred[:, 0])
    if not _is_ordered_by_angle(centred, angle):
        return float("nan")
    turn = np.diff(angle)
    middle = np.angle(np.mean(np.exp(1j * turn)))
    turn = middle + np.angle(np.exp(1j * (turn - middle)))  # the branch cut lies opposite to the mean turn
    mean = turn[:period].mean() if period else weights(turn.size) @ turn
    rotation = (mean / (2 * np.pi)) % 1.0
    return float(min(rotation, 1.0 - rotation))


def _is_ordered_by_angle(centred: Float[np.ndarray, "steps dimensions"], angle: np.ndarray) -> bool:
    """Whether neighbours in angle are neighbours in space, as on a curve that winds once about its centroid."""
    amplitude = np.sqrt((centred**2).sum(axis=1).mean())
    if amplitude == 0:
        return False
    distinct = centred[np.argsort(angle)]
    gaps = np.linalg.norm(np.diff(distinct, axis=0, append=distinct[:1]), axis=1)
    # Once around a smooth curve is about 2 pi amplitudes; a curve that winds twice, or no curve at all, makes the
    # path through all points in order of their angle far longer.
    return bool(gaps.sum() < 20 * amplitude)


def rotation_digits(points: Float[np.ndarray, "steps dimensions"]) -> float:
    """Return on how many decimal digits of the rotation number the two halves of an orbit agree; NaN where none."""
    half = points.shape[0] // 2
    difference = abs(rotation_number(points[:half]) - rotation_number(points[half:]))
    return float(-np.log10(max(difference, 1e-16)))
