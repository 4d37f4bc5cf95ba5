"""The attractors of a ReLU network at every input of a plane at once, not on a grid."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
import xarray as xr
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from attrax.dynamics.effort import Effort
from attrax.dynamics.labels.classification import KINDS
from attrax.dynamics.labels.labelling import classify
from attrax.dynamics.plane.borders import Border, find_borders, leading_eigenvalue
from attrax.dynamics.plane.input_plane import pattern_of
from attrax.dynamics.plane.kind_shares import area_table, shares_of_inputs
from attrax.dynamics.plane.refinement import sampled_borders
from attrax.dynamics.plane.regions import Region, Regions, pattern_key
from attrax.dynamics.plane.sheets import coexistence, number_sheets, shape_of, to_square


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
        for orbit in np.flatnonzero(found.on_cycle):
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
        return area_table(self.regions, self.samples)

    def without_formula(self) -> dict[str, Float[np.ndarray, "points 2"]]:
        """Return the sampled inputs at which an orbit went to no region's attractor, for each kind that was met."""
        kinds, longest = self.samples.kind.values, max((region.period for region in self.stable), default=1)
        periods = self.samples.period.values
        exact = self.samples.certified.values & (periods > 0) & (periods <= longest)
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
        return sampled_borders(self.regions, self.samples, self.label, edges, precision)

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
        return shares_of_inputs(self.regions, self.sheets, self.above(points), self.label(points), weighed)

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
