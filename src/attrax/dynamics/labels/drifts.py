"""Where an orbit returns to, and which periods it excludes by drifting along a curve."""

import numpy as np
from jaxtyping import Float

_REFERENCES = 6


def record_returns(distances: Float[np.ndarray, " lags"]) -> list[int]:
    """Return the lags, from 1 on, at which an orbit comes nearer to a state than at all lags before."""
    best_before = np.minimum.accumulate(np.concatenate([[np.inf], distances[:-1]]))
    return (1 + np.flatnonzero(distances < best_before)).tolist()


def excluded_period(points: Float[np.ndarray, "steps axes"]) -> int:
    """Return up to which period an orbit that runs on a closed curve excludes cycles by how it drifts along it.

    On a curve all orbits keep their order, so where there is a cycle of q steps none can pass it. The record returns
    to a state are the denominators q of the convergents of the rotation number: every q steps the orbit drifts on by
    the
    distance of that return, and at the next record it has gone all the way to the neighbour that it had by then without
    being stopped. So there is no cycle of q steps, nor of fewer; a longer one, below the last record, would have
    stopped it as well.

    Parameters
    ----------
    points
        Of consecutive steps.

    Returns
    -------
    One less than the last record return; the median over several states of the first quarter.

    References
    ----------
    Katok, Hasselblatt, *Introduction to the Modern Theory of Dynamical Systems* (1995), chapter 11: homeomorphisms of
    the circle keep their order, and their orbits return nearest at the denominators of the convergents.
    """
    excluded = []
    for begin in np.linspace(0, len(points) // 4, _REFERENCES).astype(int).tolist():
        away = np.linalg.norm(points[begin + 1 :] - points[begin], axis=1)
        records = record_returns(away)
        while len(records) > 1 and records[-1] + records[-2] > len(away):
            records.pop()  # the orbit has come to its neighbour, and has not passed it yet
        # A multiple of the record before it may be the same return, nearer because the orbit still converges.
        turned = len(records) > 1 and records[-1] % records[-2] != 0
        excluded.append(records[-1] - 1 if turned else 0)
    return sorted(excluded)[(len(excluded) - 1) // 2]
