"""The attractors of one map, from many starts."""

import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy.typing import ArrayLike

from attrax.dynamics.effort import Effort
from attrax.dynamics.labels.classification import Classification
from attrax.dynamics.labels.labelling import label_orbits
from attrax.dynamics.labels.map_family import MapFamily, ReluFamily, SmoothFamily
from attrax.dynamics.labels.same_set import SAMPLE, is_same_cycle, is_same_set
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.maps.smooth_map import SmoothMap
from attrax.progress import OnProgress


def find_attractors(
    network_map: ReluMap | SmoothMap,
    starts: ArrayLike,
    seed: int = 0,
    effort: Effort | None = None,
    on_progress: OnProgress | None = None,
) -> xr.Dataset:
    """Find what the orbits from given starts settle to.

    Parameters
    ----------
    network_map
        The map.
    starts
        First states, shape (starts, units).
    seed
        Of the random directions that the analysis uses.
    effort
        How long to look.
    on_progress
        Told how far it is, as in `attrax.dynamics.classify`.

    Returns
    -------
    Dataset over "start", as `Classification` describes it, with "relaxation_time" and "attractor": the same number for
    the same attractor, -1 for divergent and undecided orbits.

    Raises
    ------
    ValueError
        For starts of the wrong width, or that are not finite.
    """
    starts = np.atleast_2d(np.asarray(starts, dtype=float))
    if starts.ndim != 2 or starts.shape[1] != network_map.n_units:
        raise ValueError(f"starts have shape {starts.shape}; they must be (starts, {network_map.n_units})")
    if not np.isfinite(starts).all():
        raise ValueError("starts hold values that are not finite")
    family: MapFamily
    if isinstance(network_map, ReluMap):
        family = ReluFamily(network_map.weights, np.broadcast_to(network_map.bias, starts.shape), network_map.leak)
    else:
        family = SmoothFamily(network_map)
    found = label_orbits(family, starts, effort or Effort(), seed, on_progress)
    size, known = float(np.abs(starts).max(initial=0.0)), KnownAttractors()
    numbers = [known.number_of(family, found, orbit, size) for orbit in range(len(starts))]
    return to_dataset(found).assign(attractor=("start", np.array(numbers, dtype=int)))


def to_dataset(found: Classification) -> xr.Dataset:
    """Write a classification as a dataset over "start"."""
    second = {"exponents": "exponent", "exponent_error": "exponent", "state": "unit"}
    fields = {
        name: (("start", second[name]) if name in second else "start", values) for name, values in vars(found).items()
    }
    return xr.Dataset(fields | {"relaxation_time": ("start", found.relaxation_time())})


class KnownAttractors:
    """The attractors of one map that have been met, each with a number."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.periods: list[int] = []
        self.samples: list[Float[np.ndarray, "steps units"]] = []
        """States: the fixed point, the cycle, or some of a long orbit."""

    def number_of(self, family: MapFamily, found: Classification, orbit: int, size: float) -> int:
        """Return the number of the attractor that an orbit settled to, a new one where it is new; -1 for none.

        Cycles are the same if one passes through the other's state; others of one kind by `is_same_set`. A state that
        is not certified may be as far from its cycle as the starts were large: `size` is that of the starts.
        """
        kind, period, state = str(found.kind[orbit]), int(found.period[orbit]), found.state[orbit]
        if kind in ("divergent", "undecided"):
            return -1
        sample: np.ndarray | None = None
        for number, known in enumerate(self.samples):
            if (kind, period) != (self.kinds[number], self.periods[number]):
                continue
            if period:
                same = is_same_cycle(known, state, 0.0 if found.certified[orbit] else size)
            else:
                sample = _sample(family, orbit, state, SAMPLE) if sample is None else sample
                same = is_same_set(known, sample)
            if same:
                return number
        self.kinds.append(kind)
        self.periods.append(period)
        self.samples.append(_sample(family, orbit, state, period or SAMPLE) if sample is None else sample)
        return len(self.samples) - 1


def _sample(family: MapFamily, orbit: int, state: np.ndarray, steps: int) -> np.ndarray:
    if steps == 1:
        return state[None]
    orbits = family.orbits(np.array([orbit]), state[None])
    return np.concatenate([orbits.record(250)[:, 0] for _ in range(-(-steps // 250))])[:steps]
