"""Which attractors live on when a map changes, which die and which are born."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from attrax.dynamics.attractors.finding import KnownAttractors
from attrax.dynamics.effort import Effort
from attrax.dynamics.labels.labelling import label_and_sample
from attrax.dynamics.labels.map_family import MapFamily, ReluFamily, SmoothFamily
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.maps.smooth_map import SmoothMap

UNDECIDED = -2
_PUSH = 1e-6  # of the largest state: a fixed point that has become unstable would hold an orbit that is exactly on it
_ROUNDS = 5  # each takes what the one before has met for the first time over to the maps beside


def match_attractors(
    before: ReluMap | SmoothMap,
    after: ReluMap | SmoothMap,
    starts: ArrayLike,
    seed: int = 0,
    effort: Effort | None = None,
) -> xr.Dataset:
    """Say which attractors of a map live on after it has changed, which have died and which were born.

    A state of each attractor is followed under the other map. Two attractors are one that lives on if each leads to the
    other; it may have changed its kind. An attractor of the first map that leads nowhere, or to one that leads back
    elsewhere, has died; one of the second map likewise was born.

    Parameters
    ----------
    before, after
        The two maps, of as many units: two checkpoints of a network under one input, say.
    starts
        First states, shape (starts, units), from which the attractors of both are sought; besides, those of each are
        sought from those of the other.
    seed, effort
        As in `find_attractors`.

    Returns
    -------
    Dataset over "before" and "after", the attractors that were met:

    before_kind, before_period, after_kind, after_period
        What each is.
    before_perhaps_several, after_perhaps_several
        Whether it is open if what was counted as this attractor is several near one another.
    leads_to (before)
        Number of the attractor of the second map that its state goes to; -1: to none, it diverges; -2: undecided.
    came_from (after)
        The same backwards.
    lives_on_as (before)
        Number of the same attractor of the second map; -1: it has died; -2: it leads to an undecided orbit.
    lived_as (after)
        Number of the same attractor of the first map; -1: it was born; -2: as above.

    Raises
    ------
    ValueError
        For maps of different width, or starts that do not fit.

    Notes
    -----
    The state is pushed by a millionth of the attractors' size before it is followed: a fixed point that a change leaves
    in its place and makes unstable would hold it for ever. A small change can carry a state over the border of a basin:
    then an attractor counts as one that died and one that was born. The smaller the steps between the maps, the fewer
    such cases. Orbits that stay undecided have no number, so that an attractor on which orbits stay undecided is
    missing: look at how many do.
    """
    first = np.atleast_2d(np.asarray(starts, dtype=float))
    if before.n_units != after.n_units:
        raise ValueError(f"the maps have {before.n_units} and {after.n_units} units; they must have as many")
    if first.ndim != 2 or first.shape[1] != before.n_units or not np.isfinite(first).all():
        raise ValueError(f"starts have shape {first.shape}; they must be finite, of shape (starts, {before.n_units})")
    sides = [MetAttractors(_repeated(network_map), 1, effort or Effort(), seed) for network_map in (before, after)]
    for side in sides:
        side.reach(np.zeros(len(first), int), first)
    discover(sides)
    matched = match(*sides)[0]
    columns: dict[str, tuple[str, np.ndarray]] = {}
    for name, side, following, same in (
        ("before", sides[0], "leads_to", "lives_on_as"),
        ("after", sides[1], "came_from", "lived_as"),
    ):
        known = side.of[0]
        columns |= {
            f"{name}_kind": (name, np.array(known.kinds, dtype="U14")),
            f"{name}_period": (name, np.array(known.periods, dtype=int)),
            f"{name}_perhaps_several": (name, np.array(known.perhaps_several, dtype=bool)),
            following: (name, getattr(matched, following)),
            same: (name, getattr(matched, same)),
        }
    return xr.Dataset(columns)


def _repeated(network_map: ReluMap | SmoothMap) -> Callable[[Int[np.ndarray, " orbits"]], MapFamily]:
    """Return how to make orbits of one and the same map."""
    if isinstance(network_map, ReluMap):
        return relu_maps(network_map.weights, network_map.bias[None], network_map.leak)
    return lambda numbers: SmoothFamily(network_map)


def relu_maps(
    weights: Float[np.ndarray, "units units"], biases: Float[np.ndarray, "maps units"], leak: float
) -> Callable[[Int[np.ndarray, " orbits"]], MapFamily]:
    """Return how to make orbits of ReLU maps that differ in their bias, by the number of the map."""
    return lambda numbers: ReluFamily(weights, biases[numbers], leak)


class MetAttractors:
    """The attractors of several maps, as orbits meet them.

    Parameters
    ----------
    family_of
        Makes orbits, given the number of the map of each.
    n_maps
        How many maps.
    effort, seed
        As in `find_attractors`.
    """

    def __init__(
        self, family_of: Callable[[Int[np.ndarray, " orbits"]], MapFamily], n_maps: int, effort: Effort, seed: int
    ) -> None:
        self._family_of, self._effort, self._seed = family_of, effort, seed
        self.of = [KnownAttractors() for _ in range(n_maps)]

    def reach(
        self, maps: Int[np.ndarray, " orbits"], starts: Float[np.ndarray, "orbits units"]
    ) -> Int[np.ndarray, " orbits"]:
        """Follow orbits, each of its map; return the number of the attractor, of that map, that each settles to.

        -1: it diverges; -2: undecided.
        """
        if not maps.size:
            return np.empty(0, int)
        family = self._family_of(maps)
        labelled = label_and_sample(family, starts, self._effort, self._seed)
        sizes, numbers = np.abs(starts).max(axis=1), np.full(len(starts), -1)
        for number in np.unique(maps).tolist():
            orbits = np.flatnonzero(maps == number)
            numbers[orbits], _ = self.of[number].numbers_of(family, labelled, orbits.tolist(), sizes)
        return np.where(labelled.found.kind == "undecided", UNDECIDED, numbers)


class Matched(NamedTuple):
    """What became of the attractors of one map: see `match_attractors`."""

    leads_to: Int[np.ndarray, " before"]
    came_from: Int[np.ndarray, " after"]

    @property
    def lives_on_as(self) -> Int[np.ndarray, " before"]:
        """Number of the same attractor after the change; -1: died; -2: not known."""
        return _mutual(self.leads_to, self.came_from)

    @property
    def lived_as(self) -> Int[np.ndarray, " after"]:
        """Number of the same attractor before the change; -1: born; -2: not known."""
        return _mutual(self.came_from, self.leads_to)


def _mutual(there: Int[np.ndarray, " one"], back: Int[np.ndarray, " other"]) -> Int[np.ndarray, " one"]:
    returned = np.append(back, [UNDECIDED, -1])[there]  # -1 and -2 count from behind
    unknown = (there == UNDECIDED) | ((there >= 0) & (returned == UNDECIDED))
    same = (there >= 0) & (returned == np.arange(there.size))
    return np.where(same, there, np.where(unknown, UNDECIDED, -1))


def discover(sides: Sequence[MetAttractors]) -> None:
    """Seek the attractors of each of several maps in a row from those of the maps beside it, until none is new."""
    followed = [{"next": [0] * len(side.of), "last": [0] * len(side.of)} for side in sides]
    for _ in range(_ROUNDS):
        new = 0
        for row in range(len(sides) - 1):
            new += _follow_new(sides[row], sides[row + 1], followed[row]["next"])
        for row in range(len(sides) - 1, 0, -1):
            new += _follow_new(sides[row], sides[row - 1], followed[row]["last"])
        if not new:
            return


def _follow_new(here: MetAttractors, there: MetAttractors, followed: list[int]) -> int:
    """Take the attractors that have not been followed yet over to the other maps; return how many they were."""
    places = [(n, i) for n, known in enumerate(here.of) for i in range(followed[n], len(known.kinds))]
    _followed_from(here, there, places)
    followed[:] = [len(known.kinds) for known in here.of]
    return len(places)


def match(before: MetAttractors, after: MetAttractors) -> list[Matched]:
    """Match the attractors of each map before a change with those after it; `discover` has met them all."""
    return [
        Matched(to, back) for to, back in zip(_all_followed(before, after), _all_followed(after, before), strict=True)
    ]


def _all_followed(here: MetAttractors, there: MetAttractors) -> list[Int[np.ndarray, " attractors"]]:
    """Return, for each map, where its attractors lead to under the other one."""
    counts, others = [len(known.kinds) for known in here.of], [len(known.kinds) for known in there.of]
    places = [(number, index) for number, count in enumerate(counts) for index in range(count)]
    reached = np.split(_followed_from(here, there, places), np.cumsum(counts)[:-1])
    # One that was not met before, after as many rounds as there are: it leads nowhere that is known.
    return [np.where(numbers >= other, UNDECIDED, numbers) for numbers, other in zip(reached, others, strict=True)]


def _followed_from(
    here: MetAttractors, there: MetAttractors, places: list[tuple[int, int]]
) -> Int[np.ndarray, " places"]:
    """Follow a state of some attractors (map, number) under the other maps, each pushed a little."""
    if not places:
        return np.empty(0, int)
    states = []
    for number, index in places:
        samples = [*here.of[number].states, *there.of[number].states]
        size = max(float(np.abs(sample).max()) for sample in samples) or 1.0
        sample = here.of[number].states[index]
        # The same push for all: nothing depends on which maps are looked at together.
        direction = np.random.default_rng(0).standard_normal(sample.shape[1])
        states.append(sample[0] + _PUSH * size * direction)
    return there.reach(np.array([number for number, _ in places]), np.array(states))
