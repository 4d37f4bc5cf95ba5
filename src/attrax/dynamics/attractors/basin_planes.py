"""Which starts go where: basins in a plane through the state space, and the borders between them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from attrax.dynamics.attractors.finding import find_attractors
from attrax.dynamics.effort import Effort
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.maps.smooth_map import SmoothMap
from attrax.dynamics.periodic.periodic_points import fixed_points

_KEPT = ("attractor", "kind", "period", "certified")
_HALVINGS = 20
_SHARE = 0.4861  # not a half: between points of a symmetric grid that is often the border itself, which goes to no side
_FOLLOWED = 200
_PASSES = 0.02  # of the size of the plane's window: so near to a saddle a border's orbit comes, if it is its own


def basin_plane(
    network_map: ReluMap | SmoothMap,
    centre: ArrayLike,
    axes: ArrayLike,
    window: ArrayLike | Sequence[Any] = ((-1, 1), (-1, 1)),
    points: int = 41,
    seed: int = 0,
    *,
    solves: int = 300,
    effort: Effort | None = None,
) -> xr.Dataset:
    """Find which attractor each start on a plane through the state space goes to, and where the borders are.

    Parameters
    ----------
    network_map
        The map.
    centre, axes
        A state, shape (units,), and two directions, shape (2, units): the starts are centre + u axis 1 + v axis 2. Take
        principal components of real activity, or the readout weights.
    window
        ((u from, u to), (v from, v to)).
    points
        How many starts along each axis.
    seed
        Of random directions.
    solves
        Spent on the search for the saddles that basins meet at; 0: no search.
    effort
        How long to look.

    Returns
    -------
    Dataset over "u" and "v":

    attractor, kind, period, certified
        Where each start goes, as `find_attractors` says it.

    over "border", points on the borders between two attractors, each found by bisection between two neighbours on the
    grid, to a millionth of their distance:

    border_point (border, axis)
        u and v.
    border_sides (border, side)
        Numbers of the two attractors; -1 stands for divergence.
    border_saddle
        Number of the saddle that the orbit from there passes by before it decides: the border is then a section of that
        saddle's stable manifold. -1 where no saddle is known that it comes near.

    and over "saddle", the fixed points with one unstable direction: saddle_state (saddle, unit), saddle_point
    (saddle, axis), its projection on the plane.

    Raises
    ------
    ValueError
        For shapes that do not match, axes that are parallel, or values that are not finite.
    """
    middle, directions, sides = _checked(network_map.n_units, centre, axes, window)
    if int(points) != points or points < 2:
        raise ValueError(f"points is {points}; it must be a whole number, at least 2")
    u, v = np.linspace(sides[:, 0], sides[:, 1], int(points)).T
    places = np.stack(np.meshgrid(u, v, indexing="ij"), axis=-1)
    found = find_attractors(network_map, middle + places.reshape(-1, 2) @ directions, seed, effort)
    shape = (u.size, v.size)
    basins = xr.Dataset(
        {
            name: (("u", "v"), found[name].values.reshape(shape))
            for name in ("attractor", "kind", "period", "certified")
        },
        coords={"u": u, "v": v, "axis": ["u", "v"]},
    )
    borders = _Borders(network_map, middle, directions, found, seed, effort)
    size = float(np.linalg.norm(np.ptp(sides, axis=1) @ np.abs(directions)))
    at, pairs = borders.between(places, found.attractor.values.reshape(shape), found.kind.values.reshape(shape))
    saddles = _saddles(network_map, seed, solves)
    inverse = np.linalg.pinv(directions)
    return basins.assign(
        border_point=(("border", "axis"), at),
        border_sides=(("border", "side"), pairs),
        border_saddle=("border", borders.passed(at, saddles, _PASSES * size)),
        saddle_state=(("saddle", "unit"), saddles),
        saddle_point=(("saddle", "axis"), (saddles - middle) @ inverse),
    )


def _checked(
    units: int, centre: ArrayLike, axes: ArrayLike, window: ArrayLike | Sequence[Any]
) -> tuple[Float[np.ndarray, " units"], Float[np.ndarray, "2 units"], Float[np.ndarray, "2 2"]]:
    middle, directions, sides = (np.asarray(values, dtype=float) for values in (centre, axes, window))
    if middle.shape != (units,):
        raise ValueError(f"centre has shape {middle.shape}; with {units} units it must be ({units},)")
    if directions.shape != (2, units):
        raise ValueError(f"axes have shape {directions.shape}; with {units} units they must be (2, {units})")
    if not (np.isfinite(middle).all() and np.isfinite(directions).all()):
        raise ValueError("centre or axes hold values that are not finite")
    if np.linalg.matrix_rank(directions) < 2:
        raise ValueError("axes are parallel, or one is zero; they must span a plane")
    if not (sides.shape == (2, 2) and np.isfinite(sides).all() and (sides[:, 0] < sides[:, 1]).all()):
        raise ValueError(f"window is {window!r}; it must be ((u from, u to), (v from, v to)), each from below to")
    return middle, directions, sides


def _saddles(network_map: ReluMap | SmoothMap, seed: int, solves: int) -> Float[np.ndarray, "saddles units"]:
    if not solves:
        return np.empty((0, network_map.n_units))
    known = fixed_points(network_map, seed, solves=solves)
    return known.state.values[known.unstable.values == 1]


class _Borders:
    """Finds starts between which the fate changes."""

    def __init__(
        self, network_map: ReluMap | SmoothMap, middle: np.ndarray, directions: np.ndarray, found: xr.Dataset,
        seed: int, effort: Effort | None,
    ) -> None:  # fmt: skip
        self._map, self._middle, self._directions = network_map, middle, directions
        self._seed, self._effort = seed, effort
        numbers = found.attractor.values
        # One start of each attractor goes before all others: so each keeps its number.
        self._first = np.array([found.state.values[numbers == number][0] for number in range(numbers.max() + 1)])

    def between(
        self, places: Float[np.ndarray, "u v 2"], numbers: Int[np.ndarray, "u v"], kinds: np.ndarray
    ) -> tuple[Float[np.ndarray, "borders 2"], Int[np.ndarray, "borders 2"]]:
        """Halve the way between neighbours that go to different attractors, again and again."""
        known = (numbers >= 0) | (kinds == "divergent")
        ends, pairs = [], []
        for one, two in ((np.s_[:-1, :], np.s_[1:, :]), (np.s_[:, :-1], np.s_[:, 1:])):
            differ = (numbers[one] != numbers[two]) & known[one] & known[two]
            ends.append(np.stack([places[one][differ], places[two][differ]], axis=1))
            pairs.append(np.stack([numbers[one][differ], numbers[two][differ]], axis=1))
        low, high = np.concatenate(ends).transpose(1, 0, 2)
        sides = np.concatenate(pairs)
        for _ in range(_HALVINGS if len(low) else 0):
            half = low + _SHARE * (high - low)
            there = self._numbers(half)
            first, second = there == sides[:, 0], there == sides[:, 1]
            low, high = np.where(first[:, None], half, low), np.where(second[:, None], half, high)
            both = first | second  # else something else lies between them: that border is given up
            low, high, sides = low[both], high[both], sides[both]
        return (low + high) / 2, sides

    def _numbers(self, places: Float[np.ndarray, "places 2"]) -> Int[np.ndarray, " places"]:
        starts = np.concatenate([self._first.reshape(-1, self._middle.size), self._middle + places @ self._directions])
        found = find_attractors(self._map, starts, self._seed, self._effort)
        if found.attractor.values[: len(self._first)].tolist() != list(range(len(self._first))):
            raise RuntimeError("a start of the plane went elsewhere when it was followed again")
        numbers = np.where(found.kind.values == "undecided", -2, found.attractor.values)
        return numbers[len(self._first) :]

    def passed(
        self, places: Float[np.ndarray, "borders 2"], saddles: Float[np.ndarray, "saddles units"], near: float
    ) -> Int[np.ndarray, " borders"]:
        """Return which saddle the orbit from each border comes nearest to; -1 where it comes near none."""
        if not len(places) or not len(saddles):
            return np.full(len(places), -1)
        hidden = self._middle + places @ self._directions
        nearest = np.full((len(places), len(saddles)), np.inf)
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(_FOLLOWED):
                hidden = self._map(hidden)
                away = np.linalg.norm(hidden[:, None] - saddles, axis=2)
                nearest = np.fmin(nearest, away)
        return np.where(nearest.min(axis=1) <= near, nearest.argmin(axis=1), -1)
