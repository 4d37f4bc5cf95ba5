"""The attractors of one map, from many starts."""

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from attrax.dynamics.classification import Classification, classify, follow, is_same_set
from attrax.dynamics.effort import Effort
from attrax.dynamics.orbits import OrbitBatch
from attrax.dynamics.relu_map import ReluMap


def find_attractors(relu_map: ReluMap, starts: ArrayLike, seed: int = 0, effort: Effort | None = None) -> xr.Dataset:
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
        {name: (("start", second[name]) if name in second else "start", values) for name, values in vars(found).items()}
    )


_SAMPLE = 1500


def number_attractors(relu_map: ReluMap, found: Classification) -> np.ndarray:
    """Return a number for the attractor of each start, shape (starts,); -1 where there is none.

    Certified cycles are the same if one passes through the other's state; others of one kind by `is_same_set`.
    """
    numbers = np.full(found.kind.size, -1)
    known: list[tuple[str, int, np.ndarray]] = []
    for orbit in range(found.kind.size):
        kind, period = str(found.kind[orbit]), int(found.period[orbit])
        if kind in ("divergent", "undecided"):
            continue
        states = _sample(relu_map, found.state[orbit], period or _SAMPLE)
        for number, (other_kind, other_period, other) in enumerate(known):
            same = _is_same_cycle if period else is_same_set
            if (kind, period) == (other_kind, other_period) and same(other, states):
                numbers[orbit] = number
                break
        else:
            numbers[orbit] = len(known)
            known.append((kind, period, states))
    return numbers


def _sample(relu_map: ReluMap, state: np.ndarray, steps: int) -> np.ndarray:
    batch = OrbitBatch(relu_map.weights, relu_map.bias[None], relu_map.leak, state[None])
    return follow(batch, steps)[:, 0]


def _is_same_cycle(other: np.ndarray, states: np.ndarray) -> bool:
    nearest = np.abs(other - states[0]).max(axis=1).min()
    return bool(nearest <= 1e-7 * max(np.abs(other).max(), 1e-300))
