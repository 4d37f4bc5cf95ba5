"""The attractors of one map, from many starts."""

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from attrax.dynamics.classification import Classification, Effort, classify
from attrax.dynamics.relu_map import ReluMap


def find_attractors(
    relu_map: ReluMap, starts: ArrayLike, seed: int = 0, effort: Effort | None = None
) -> xr.Dataset:
    """Find what the orbits from given starts settle to.

    Parameters
    ----------
    relu_map
        The map.
    starts
        First states, shape (starts, units).
    seed
        Of the random directions that the analysis uses.
    effort
        How long to look.

    Returns
    -------
    Dataset over "start", as `Classification` describes it, and "attractor": the same number for the same attractor,
    -1 for divergent and undecided orbits.

    Raises
    ------
    ValueError
        For starts of the wrong width, or that are not finite.
    """
    starts = np.atleast_2d(np.asarray(starts, dtype=float))
    if starts.ndim != 2 or starts.shape[1] != relu_map.n_units:
        raise ValueError(f"starts have shape {starts.shape}; they must be (starts, {relu_map.n_units})")
    if not np.isfinite(starts).all():
        raise ValueError("starts hold values that are not finite")
    biases = np.broadcast_to(relu_map.bias, starts.shape)
    found = classify(relu_map.weights, biases, relu_map.leak, starts, effort, seed)
    return to_dataset(found).assign(attractor=("start", number_attractors(relu_map, found)))


def to_dataset(found: Classification) -> xr.Dataset:
    """Write a classification as a dataset over "start"."""
    second = {"exponents": "exponent", "exponent_error": "exponent", "state": "unit"}
    return xr.Dataset(
        {
            name: (("start", second[name]) if name in second else "start", values)
            for name, values in vars(found).items()
        }
    )


_SAMPLE = 400


def number_attractors(relu_map: ReluMap, found: Classification) -> np.ndarray:
    """Number the attractors that different starts have reached, shape (starts,); -1 where there is none.

    Certified cycles are the same if one passes through the other's state. Others of one kind are the same if their
    orbits come as near to each other as each comes to itself.
    """
    numbers = np.full(found.kind.size, -1)
    known: list[tuple[str, int, np.ndarray]] = []
    for orbit in range(found.kind.size):
        kind, period = str(found.kind[orbit]), int(found.period[orbit])
        if kind in ("divergent", "undecided"):
            continue
        states = _sample(relu_map, found.state[orbit], period or _SAMPLE)
        for number, (other_kind, other_period, other) in enumerate(known):
            if (kind, period) == (other_kind, other_period) and _is_same(states, other, bool(period)):
                numbers[orbit] = number
                break
        else:
            numbers[orbit] = len(known)
            known.append((kind, period, states))
    return numbers


def _sample(relu_map: ReluMap, state: np.ndarray, steps: int) -> np.ndarray:
    states = [state]
    for _ in range(steps - 1):
        states.append(relu_map(states[-1]))
    return np.array(states)


def _is_same(states: np.ndarray, other: np.ndarray, exact: bool) -> bool:
    if exact:
        nearest = np.abs(other - states[0]).max(axis=1).min()
        return bool(nearest <= 1e-7 * max(np.abs(other).max(), 1e-300))
    half = states.shape[0] // 2
    to_other = _nearest(states[:half], other[half:])
    to_itself = _nearest(states[:half], states[half:])
    return bool(np.median(to_other) <= 3 * np.median(to_itself))


def _nearest(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    squares = (points**2).sum(1)[:, None] + (others**2).sum(1)[None] - 2 * points @ others.T
    return np.sqrt(np.maximum(squares, 0.0)).min(axis=1)
