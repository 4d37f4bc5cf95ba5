"""The attractors of a ReLU network at every input of a plane at once, not on a grid."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, partial
from typing import Any

import numpy as np
import shapely
import xarray as xr
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike
from scipy.stats import qmc

from attrax.dynamics.attractors.basin_fractions import wilson_interval
from attrax.dynamics.attractors.finding import to_dataset
from attrax.dynamics.effort import Effort
from attrax.dynamics.labels.classification import KINDS, Classification
from attrax.dynamics.labels.labelling import classify
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.periodic.periodic_points import fixed_points
from attrax.dynamics.plane.borders import Border, find_borders, leading_eigenvalue
from attrax.dynamics.plane.half_planes import rectangle
from attrax.dynamics.plane.regions import Plane, Region, Regions, pattern_key
from attrax.dynamics.plane.sheets import (
    coexistence,
    covered,
    draw_points,
    number_sheets,
    remaining,
    shape_of,
    to_square,
)
from attrax.progress import Keep, OnProgress, Step, compute_always, ignore_progress

_SEARCHED = 4  # inputs
_SAMPLED_TOGETHER = 8
"""Inputs whose orbits are followed in one go: as much as an interruption can cost."""
_EXACT = {"fixed point": 1, "cycle": 2}
_DENSER_BELOW = 0.1  # of the window
_ROUNDS = 3  # of samples where nothing is known: each may show regions that the ones before have missed


def atlas(
    weights: ArrayLike,
    bias: ArrayLike,
    directions: ArrayLike,
    leak: float = 1.0,
    window: ArrayLike | Sequence[Any] = ((-1, 1), (-1, 1)),
    start: ArrayLike | None = None,
    seed: int = 0,
    *,
    longest_cycle: int = 12,
    unstable: bool = True,
    samples: int = 64,
    starts: int = 4,
    solves: int = 200,
    limit: int = 50_000,
    effort: Effort | None = None,
    on_progress: OnProgress | None = None,
    keep: Keep | None = None,
) -> "Atlas":
    """Map the attractors of the networks ReluMap(W, b + x d1 + y d2, leak) over a window of (x, y).

    Fixed points, and cycles of short period, are followed exactly: each lives on polygons, within which one affine
    formula gives it (see `attrax.dynamics.plane.regions`). Sampled orbits lead to the first of them, and say what there
    is besides: attractors that have no formula, above the exact ones and where there are none.

    Parameters
    ----------
    weights, bias, leak
        W, shape (units, units), b, shape (units,), and the share of the state that is renewed at each step.
    directions
        d1 and d2, shape (2, units).
    window
        ((x from, x to), (y from, y to)).
    start
        State that orbits begin from, shape (units,); by default zero.
    seed
        Of the sampled inputs and starts.
    longest_cycle
        Cycles up to this period are followed exactly, where sampled orbits meet them; 1: fixed points alone.
    unstable
        Whether fixed points and cycles are followed where they are unstable. Behind an unstable part a stable one can
        lie that no sampled orbit has met.
    samples
        How many inputs are sampled, spread evenly over the window; and up to as many again where no polygon of an
        attractor lies, fewer where that is less than a tenth of it.
    starts
        How many orbits are followed at each of them: one from `start`, the others from random states.
    solves
        How many linear solves the search for fixed points, stable or not, may spend at each of four of these inputs;
        0: no search. Between two attractors there is a saddle that no orbit stays at.
    limit
        Most regions that are kept; beyond it the atlas is not complete and says so.
    effort
        How long each sampled orbit is followed.
    on_progress
        Told how many inputs have been sampled, how many regions have been met, and, when the atlas is asked for its
        borders, of how many regions they are found.
    keep
        Keeps samples and regions, so that an atlas that is interrupted goes on (see `attrax.progress`). Whoever gives
        it sees to it that what was kept is of the same plane, seed, effort and counts. None: nothing is kept.

    Raises
    ------
    ValueError
        For shapes that do not match, values that are not finite, a window without area, or counts below 1.
    """
    plane, start = _checked(weights, bias, directions, leak, start)
    sides = np.asarray(window, dtype=float)
    if not (sides.shape == (2, 2) and np.isfinite(sides).all() and (sides[:, 0] < sides[:, 1]).all()):
        raise ValueError(f"window is {window!r}; it must be ((x from, x to), (y from, y to)), each from below to")
    if int(solves) != solves or solves < 0:
        raise ValueError(f"solves is {solves}; it must be a whole number, 0 or more")
    counts = {"longest_cycle": longest_cycle, "samples": samples, "starts": starts, "limit": limit}
    for name, value in counts.items():
        if int(value) != value or value < 1:
            raise ValueError(f"{name} is {value}; it must be a whole number, at least 1")
    tell = on_progress or ignore_progress
    regions = Regions(plane, rectangle(sides), limit, unstable, tell)
    survey = _Survey(
        plane, start, starts, effort or Effort(), np.random.default_rng(seed), tell, keep or compute_always
    )
    walk = partial(_walk, regions, keep)
    spread = qmc.Sobol(2, rng=np.random.default_rng(seed)).random_base2(int(np.ceil(np.log2(samples))))[:samples]
    survey.add(sides[:, 0] + spread * np.ptp(sides, axis=1), everywhere=True)
    walk("regions", survey.patterns(longest_cycle))
    if solves:
        walk("regions by search", _patterns_of_fixed_points(plane, survey.points[:_SEARCHED], solves, seed, tell))
    for number in range(_ROUNDS):
        rest, known = remaining(regions), len(regions.found)
        if shapely.area(rest) <= 1e-9:
            break
        share = min(1.0, float(shapely.area(rest)) / _DENSER_BELOW)
        drawn = draw_points(rest, int(np.ceil(share * samples / _ROUNDS)), survey.generator)
        survey.add(sides[:, 0] + drawn * np.ptp(sides, axis=1), everywhere=False)
        walk(f"regions {number}", survey.patterns(longest_cycle))
        if len(regions.found) == known:
            break
    return Atlas(regions, survey.to_dataset(), start, effort or Effort(), seed)


def _walk(regions: Regions, keep: Keep | None, name: str, patterns: Iterable[Bool[np.ndarray, "_ units"]]) -> None:
    """Add all that is connected with the regions of some patterns, or take it as it was kept."""
    if keep is None:
        regions.walk(patterns)
        return

    def walked() -> xr.Dataset:
        regions.walk(patterns)
        return regions.to_dataset()

    regions.restore(keep(name, walked))


def _checked(
    weights: ArrayLike, bias: ArrayLike, directions: ArrayLike, leak: float, start: ArrayLike | None
) -> tuple[Plane, Float[np.ndarray, " units"]]:
    origin = ReluMap(weights, bias, leak)
    directions = np.asarray(directions, dtype=float)
    units = origin.n_units
    if directions.shape != (2, units):
        raise ValueError(f"directions have shape {directions.shape}; with {units} units they must be (2, {units})")
    state = np.zeros(units) if start is None else np.asarray(start, dtype=float)
    if state.shape != (units,):
        raise ValueError(f"start has shape {state.shape}; with {units} units it must be ({units},)")
    if not (np.isfinite(directions).all() and np.isfinite(state).all()):
        raise ValueError("directions or start hold values that are not finite")
    return Plane(origin, directions), state


class _Survey:
    """Orbits at sampled inputs, and what became of them."""

    def __init__(
        self, plane: Plane, start: Float[np.ndarray, " units"], starts: int, effort: Effort,
        generator: np.random.Generator, tell: OnProgress,
        keep: Keep,
    ) -> None:  # fmt: skip
        self.plane, self.start, self.starts, self.effort, self.generator = plane, start, starts, effort, generator
        self._tell, self._keep = tell, keep
        self.points = np.empty((0, 2))
        self.everywhere = np.empty(0, bool)
        self._found: list[Classification] = []
        self._size = 0.0

    def add(self, points: Float[np.ndarray, "points 2"], everywhere: bool) -> None:
        """Follow orbits at some inputs."""
        if not len(points):
            return
        biases = np.repeat(self.plane.biases(points), self.starts, axis=0)
        self._size = self._size or _activity(self.plane, points, self.start)
        first = self._size * self.generator.random((len(points), self.starts, self.plane.n_units))
        first[:, 0] = self.start
        first, seed = first.reshape(-1, self.plane.n_units), int(self.generator.integers(2**31))
        # No label depends on which orbits are followed together (all are given the same random directions).
        for done in range(0, len(points), _SAMPLED_TOGETHER):
            some = slice(self.starts * done, self.starts * (done + _SAMPLED_TOGETHER))
            follow = partial(self._follow, biases[some], first[some], seed)
            kept = self._keep(f"samples {len(self.points) + done}", follow)
            values = {field.name: kept[field.name].values for field in fields(Classification)}
            self._found.append(Classification(**values))
            self._tell(Step("inputs sampled", min(done + _SAMPLED_TOGETHER, len(points)), len(points)))
        self.points = np.concatenate([self.points, points])
        self.everywhere = np.append(self.everywhere, np.full(len(points), everywhere))

    def _follow(
        self, biases: Float[np.ndarray, "orbits units"], first: Float[np.ndarray, "orbits units"], seed: int
    ) -> xr.Dataset:
        origin = self.plane.origin
        return to_dataset(classify(origin.weights, biases, origin.leak, first, self.effort, seed))

    def patterns(self, longest_cycle: int) -> list[Bool[np.ndarray, "_ units"]]:
        """Return the patterns of the certified cycles that were met, each once."""
        result, first = {}, 0
        for found in self._found:
            points = np.repeat(self.points[first : first + found.kind.size // self.starts], self.starts, axis=0)
            first += found.kind.size // self.starts
            for orbit in np.flatnonzero(found.certified & (found.period <= longest_cycle)):
                pattern = pattern_of(self.plane, points[orbit], found.state[orbit], int(found.period[orbit]))
                result[pattern_key(pattern)] = pattern
        return list(result.values())

    def to_dataset(self) -> xr.Dataset:
        """Return all samples, over "sample" and "start"."""
        fields = {
            name: np.concatenate([getattr(found, name) for found in self._found])
            for name in ("kind", "period", "certified", "neutral", "steps")
        }
        leading = np.concatenate([found.exponents[:, 0] for found in self._found])
        shape = (len(self.points), self.starts)
        return xr.Dataset(
            {name: (("sample", "start"), values.reshape(shape)) for name, values in fields.items()}
            | {
                "exponent": (("sample", "start"), leading.reshape(shape)),
                "point": (("sample", "axis"), self.points),
                "everywhere": ("sample", self.everywhere),
            },
            coords={"axis": ["x", "y"]},
        )


def _patterns_of_fixed_points(
    plane: Plane, points: Float[np.ndarray, "points 2"], solves: int, seed: int, tell: OnProgress
) -> Iterator[Bool[np.ndarray, "1 units"]]:
    """Search for fixed points, stable or not, at some inputs."""
    for number, point in enumerate(points, 1):
        for state in fixed_points(plane.at(point), seed, solves=solves).state.values:
            yield pattern_of(plane, point, state, 1)
        tell(Step("inputs searched for fixed points", number, len(points)))


def _activity(plane: Plane, points: np.ndarray, start: np.ndarray, steps: int = 200, largest: float = 1e6) -> float:
    """Return twice the largest activity in the first steps from the start, for random starts to be of that size."""
    hidden, biases, size = np.broadcast_to(start, (len(points), start.size)), plane.biases(points), 0.0
    leak, weights = plane.origin.leak, plane.origin.weights
    for _ in range(steps):
        hidden = (1 - leak) * hidden + leak * np.maximum(hidden @ weights.T + biases, 0.0)
        if hidden.max() > largest:
            break
        size = max(size, float(hidden.max()))
    return 2 * size or 1.0


def pattern_of(
    plane: Plane, point: Float[np.ndarray, " 2"], state: Float[np.ndarray, " units"], period: int
) -> Bool[np.ndarray, "steps units"]:
    """Return which units are active in each step of the cycle through a state."""
    relu_map, rows = plane.at(point), []
    for _ in range(period):
        rows.append(relu_map.weights @ state + relu_map.bias > 0)
        state = relu_map(state)
    return np.array(rows)


@dataclass(frozen=True, eq=False)
class Atlas:
    """The attractors over a plane of inputs.

    Parameters
    ----------
    regions
        The polygons, stable or not: `regions.found`; `regions.complete` is False where the limit was met.
    samples
        What orbits at sampled inputs settled to, over "sample" and "start" (the first start is the atlas's own); the
        inputs are `point`, and `everywhere` says whether one was drawn from the whole window, or from the part above
        which no stable region was known.
    start, effort, seed
        Of the orbits that `label` follows.
    """

    regions: Regions
    samples: xr.Dataset
    start: Float[np.ndarray, " units"]
    effort: Effort
    seed: int

    @property
    def complete(self) -> bool:
        """Whether all regions that hang together with those that were met are there: no limit was reached."""
        return self.regions.complete

    @cached_property
    def borders(self) -> list[Border]:
        """What happens on each edge inside the window."""
        return find_borders(self.regions)

    @cached_property
    def sheets(self) -> Int[np.ndarray, " regions"]:
        """Number of the sheet of each region, the largest first; -1 for unstable ones."""
        return number_sheets(self.regions, self.borders)

    def label(self, points: ArrayLike) -> np.ndarray:
        """Return the kind of attractor that the orbit from `start` reaches at each input.

        Parameters
        ----------
        points
            Inputs (x, y), shape (points, 2).

        Returns
        -------
        One of `attrax.dynamics.KINDS` for each, shape (points,). Basins are no polygons: the orbits are followed.

        Raises
        ------
        ValueError
            For points of another shape, or that are not finite.
        """
        return self.reach(points).kind.values

    def reach(self, points: ArrayLike, starts: ArrayLike | None = None) -> xr.Dataset:
        """Follow the orbit from a start at each input to its attractor.

        Parameters
        ----------
        points
            Inputs (x, y), shape (points, 2).
        starts
            First state at each of them, shape (points, units); by default `start` everywhere.

        Returns
        -------
        Dataset over "point": kind, period, certified, exponent (the largest), steps, and

        region
            Number of the region whose formula gives the attractor; -1 where it has none.
        state (point, unit)
            By that formula; where there is none, the last state of the orbit.

        Raises
        ------
        ValueError
            As `label`, and for starts of another shape.
        """
        points = _points(points)
        states = np.broadcast_to(self.start, (len(points), self.start.size)) if starts is None else np.asarray(starts)
        if states.shape != (len(points), self.start.size):
            raise ValueError(f"starts have shape {states.shape}; they must be ({len(points)}, {self.start.size})")
        plane = self.regions.plane
        found = classify(
            plane.origin.weights, plane.biases(points), plane.origin.leak, states.astype(float), self.effort, self.seed
        )
        region, state = np.full(len(points), -1), found.state.copy()
        for orbit in np.flatnonzero(found.certified):
            pattern = pattern_of(plane, points[orbit], found.state[orbit], int(found.period[orbit]))
            number = self.regions.number_of.get(pattern_key(pattern), -1)
            if number >= 0:
                region[orbit] = number
                cycle = self.regions.found[number].states(points[orbit][None], plane.origin.leak)[0]
                state[orbit] = cycle[np.abs(cycle - found.state[orbit]).max(axis=1).argmin()]
        return xr.Dataset(
            {
                "kind": ("point", found.kind),
                "period": ("point", found.period),
                "certified": ("point", found.certified),
                "exponent": ("point", found.exponents[:, 0]),
                "steps": ("point", found.steps),
                "region": ("point", region),
                "state": (("point", "unit"), state),
            }
        )

    def above(
        self, points: ArrayLike, stable: bool = True
    ) -> tuple[Int[np.ndarray, " pairs"], Int[np.ndarray, " pairs"]]:
        """Return which regions lie above which inputs, by the polygons alone: no orbit is followed.

        Parameters
        ----------
        points
            Inputs (x, y), shape (points, 2).
        stable
            Whether to leave unstable regions out.

        Returns
        -------
        Pairs of the number of a point and that of a region, in order of the points.
        """
        points = _points(points)
        numbers = np.array([n for n, region in enumerate(self.regions.found) if region.stable or not stable], dtype=int)
        window = self.regions.window
        shapes = [shape_of(self.regions.found[number].polygon, window) for number in numbers]
        which, tree = shapely.STRtree(shapes).query(shapely.points(to_square(points, window)), predicate="intersects")
        order = np.lexsort((tree, which))
        return which[order], numbers[tree[order]]

    def leading_eigenvalue(self, region: int) -> complex:
        """Return the eigenvalue of largest size of a region's Jacobian over one period."""
        return leading_eigenvalue(self.regions.plane, self.regions.found[region])

    def areas(self) -> dict[str, float]:
        """Return for each kind the share of the window where an attractor of that kind exists.

        Exact for fixed points and for cycles up to the atlas's longest; for others an estimate, from the orbits that
        were sampled. Kinds coexist, so that the shares may add up to more than 1.
        """
        table = self.area_table()
        return dict(zip(table.kind.values.tolist(), table.share.values.tolist(), strict=True))

    def area_table(self) -> xr.Dataset:
        """Return the shares of `areas` with the bounds of their 95 % intervals.

        Returns
        -------
        Dataset over "kind": share, low, high, and exact: the part of the share that polygons prove. An interval says
        how sure it is that an attractor of that kind was met *by the starts that were tried*; one that takes none of
        them stays unseen. The window is sampled apart where no polygon lies, and intervals of the two parts (by Wilson)
        add up.
        """
        regions, samples = self.regions, self.samples
        points = shapely.points(to_square(samples.point.values, regions.window))
        everything = covered(regions)
        bare, rest = ~shapely.intersects(everything, points), 1 - float(shapely.area(everything))
        # What was drawn where nothing stable was known yet is no fair sample of the rest of the window.
        parts = ((1 - rest, ~bare & samples.everywhere.values), (rest, bare))
        rows = []
        for kind in KINDS:
            exact, met = 0.0, (samples.kind.values == kind).any(axis=1)
            if kind in _EXACT:
                there = covered(regions, _EXACT[kind])
                exact = float(shapely.area(there))
                met &= ~shapely.intersects(there, points)
            estimate = np.zeros(3)
            for weight, part in parts:
                total = int(part.sum())
                share = met[part].mean() if total else 0.0
                bounds = wilson_interval(int(met[part].sum()), total) if total else (0.0, 1.0)
                estimate += weight * np.array([share, *bounds])
            rows.append([exact, *np.minimum(exact + estimate, 1.0)])
        return xr.Dataset(
            dict(
                zip(("exact", "share", "low", "high"), (("kind", column) for column in np.array(rows).T), strict=True)
            ),
            coords={"kind": list(KINDS)},
        )

    def without_formula(self) -> dict[str, Float[np.ndarray, "points 2"]]:
        """Return the sampled inputs at which an orbit went to no region's attractor, for each kind that was met."""
        kinds, longest = self.samples.kind.values, max((region.period for region in self.stable), default=1)
        exact = self.samples.certified.values & (self.samples.period.values <= longest)
        met = {kind: ((kinds == kind) & ~exact).any(axis=1) for kind in KINDS}
        return {kind: self.samples.point.values[rows] for kind, rows in met.items() if rows.any()}

    def sampled_borders(self, edges: int = 32, precision: float = 1e-3) -> xr.Dataset:
        """Find where one kind of attractor gives way to another in the part of the window without polygons.

        The border of that part itself is exact: it is made of edges of polygons. Inside it the way between neighbouring
        samples of different kinds is halved again and again; orbits begin from `start`.

        Parameters
        ----------
        edges
            How many such ways are followed, at most: the shortest ones that cross no polygon.
        precision
            Distance of the two ends when it stops, in units of the window.

        Returns
        -------
        Dataset over "border":

        ends (border, side, axis)
            Two inputs so near to each other, and
        kind (border, side)
            what the orbit from `start` goes to at each of them. Of a fractal border it is one of many points.

        Raises
        ------
        ValueError
            For no edges, or a precision that is not between 0 and 1.
        """
        if int(edges) != edges or edges < 1:
            raise ValueError(f"edges is {edges}; it must be a whole number, at least 1")
        if not 1e-12 < precision < 1:
            raise ValueError(f"precision is {precision}; it must be between 1e-12 and 1")
        from attrax.dynamics.plane.refinement import sampled_borders

        return sampled_borders(self, edges, precision)

    def shares_at(self, points: ArrayLike, weights: ArrayLike | None = None) -> xr.Dataset:
        """Return in what share of given inputs an attractor of each kind exists, and in what share it is reached.

        Parameters
        ----------
        points
            Inputs (x, y), shape (points, 2): those that trials have, say, where `areas` takes all inputs alike.
        weights
            How much each of them counts, shape (points,), none below zero; by default all the same.

        Returns
        -------
        Dataset over "kind": exists, of fixed points and cycles by the polygons above each input, of the others only
        where the orbit from `start` meets them; reached, where the orbit from `start` goes. And coexist, the share with
        two or more fixed points and short cycles, by their polygons.

        Raises
        ------
        ValueError
            As `label`, and for weights of another shape, below zero, or zero in all.
        """
        points = _points(points)
        if not len(points):
            raise ValueError("points are none at all; give at least one input")
        weighed = np.ones(len(points)) if weights is None else np.asarray(weights, dtype=float)
        if weighed.shape != (len(points),):
            raise ValueError(f"weights have shape {weighed.shape}; they must be ({len(points)},)")
        if not (np.isfinite(weighed).all() and (weighed >= 0).all() and weighed.sum() > 0):
            raise ValueError("weights must be finite, none below zero, and not all zero")
        reached = self.label(points)
        which, regions = self.above(points)
        periods = np.array([self.regions.found[region].period for region in regions.tolist()], dtype=int)
        rows = []
        for kind in KINDS:
            there = reached == kind
            exists = there.copy()
            if kind in _EXACT:
                exists[which[np.minimum(periods, 2) == _EXACT[kind]]] = True
            rows.append([exists @ weighed, there @ weighed])
        exists, reaches = np.array(rows).T / weighed.sum()
        # On a border two regions of one sheet meet: one attractor.
        sheets = np.unique(np.stack([which, self.sheets[regions]]), axis=1)[0]
        several = np.bincount(sheets, minlength=len(points)) > 1
        return xr.Dataset(
            {
                "exists": ("kind", exists),
                "reached": ("kind", reaches),
                "coexist": float(several @ weighed / weighed.sum()),
            },
            coords={"kind": list(KINDS)},
        )

    def coexistence(self) -> dict[int, float]:
        """Return, for each number of fixed points and cycles that attract at one input, its share of the window.

        Exact for the certified ones; attractors without a formula are not counted.
        """
        return coexistence(self.regions, self.sheets)

    @property
    def stable(self) -> list[Region]:
        """The regions of attractors."""
        return [region for region in self.regions.found if region.stable]


def _points(points: ArrayLike) -> Float[np.ndarray, "points 2"]:
    array = np.atleast_2d(np.asarray(points, dtype=float))
    if array.ndim != 2 or array.shape[1] != 2:
        raise ValueError(f"points have shape {array.shape}; they must be (points, 2)")
    if not np.isfinite(array).all():
        raise ValueError("points hold values that are not finite")
    return array
