"""Samples of an orbit's long run, and how well they cover the set that it runs on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree

from attrax.dynamics.labels.birkhoff import weights

N_COMMON_AXES = 16
"""Coordinates that are kept of each state: two sets of up to seven dimensions that are apart stay so in general."""

_PROBES = 200
_BLOCKS = 20
_FEW = 2
_AROUND, _WIDEST, _STRAIGHT = 4.0, 0.2, 0.05
_REFERENCES = 12
_AWAY = 0.25  # of the size: an orbit that has been this far away and comes back has returned


def common_axes(n_units: int) -> Float[np.ndarray, "axes units"]:
    """Return the directions along which states of all orbits of a map are compared.

    Those of the units, if they are few; else random orthonormal ones, scaled so that distances stay about as they are.
    """
    if n_units <= N_COMMON_AXES:
        return np.eye(N_COMMON_AXES, n_units)
    drawn: np.ndarray = np.random.default_rng(0).standard_normal((n_units, N_COMMON_AXES))
    return np.linalg.qr(drawn)[0].T * np.sqrt(n_units / N_COMMON_AXES)


@dataclass(frozen=True)
class SetSample:
    """Points of one orbit on the set that it has settled to.

    Attributes
    ----------
    points
        Shape (points, axes), along `common_axes`. Those of consecutive steps, unless `hole` is given.
    hole
        The widest hole that the points leave in the set, where that is known otherwise than from the steps' order.
    """

    points: Float[np.ndarray, "points axes"]
    hole: float | None = None

    @cached_property
    def size(self) -> float:
        """Root mean square distance of the points from their mean."""
        return float(np.sqrt(((self.points - self.points.mean(axis=0)) ** 2).sum(axis=1).mean()))

    @cached_property
    def spacing(self) -> float:
        """How near another pass of the orbit comes to nearly all of its points: their 95 % quantile.

        Passes, not points: what an orbit that moves slowly does just before and after is left out.
        """
        probes = spread(len(self.points), _PROBES)
        apart = self.slowness
        neighbours = min(2 * apart + 2, len(self.points))
        distances, who = self._tree.query(self.points[probes], neighbours)
        distances = np.where(np.abs(who - probes[:, None]) < apart, np.inf, distances)
        return float(np.quantile(distances.min(axis=1), 0.95, method="inverted_cdf"))

    @cached_property
    def slowness(self) -> int:
        """Steps in which the orbit moves a quarter of the size away: 1 for one that jumps about."""
        begun = spread(max(len(self.points) // 2, 1), _REFERENCES)
        return int(
            np.median([1 + np.argmax(np.append(self._away(at)[1:] > _AWAY * self.size, True)) for at in begun.tolist()])
        )

    @cached_property
    def widest_hole(self) -> float:
        """The widest hole in the set that the orbit has left so far, as far as its returns tell.

        The points of a quasi-periodic orbit stand in q groups that drift by D_q, the nearest return, every q steps,
        into holes as wide as the nearest return before that one: so the holes close once the drift has gone so far.
        """
        if self.hole is not None:
            return self.hole
        return float(
            np.quantile([self._hole_at(at) for at in spread(len(self.points) // 4, _REFERENCES).tolist()], 0.75)
        )

    def nearest_return(self) -> tuple[int, float]:
        """Return after how many steps the orbit comes back nearest, and how near: the median over some steps."""
        found = [self._returns(at) for at in spread(len(self.points) // 4, _REFERENCES).tolist()]
        lags = np.array([lag for lag, _, _ in found])
        lag = int(np.median(lags)) if np.median(lags) in lags else int(lags[0])
        return lag, float(np.median(np.linalg.norm(self.points[lag:] - self.points[:-lag], axis=1)))

    @cached_property
    def is_curve(self) -> bool:
        """Whether each point lies on a line with those around it, as far as the points leave no wide holes.

        What tells a curve from a thicker set at once, where averages along an orbit take long to settle, as they do
        where it turns by nearly a rational number.
        """
        reach = _AROUND * max(self.widest_hole, self.spacing)
        if not 0 < reach <= _WIDEST * self.size:
            return False
        return self.own_off_curve(reach) <= _STRAIGHT * reach

    def distances_to(self, others: Float[np.ndarray, "others axes"]) -> Float[np.ndarray, " others"]:
        """Return how far each of some points is from the nearest of these."""
        distances, _ = self._tree.query(others)
        return np.asarray(distances)

    def off_curve(self, others: Float[np.ndarray, "others axes"], reach: float) -> Float[np.ndarray, " others"]:
        """Return how far each of some points is from the line along which the points around it lie.

        Finer than the distance to the nearest point where the set is a curve: what is left is its curvature.

        Parameters
        ----------
        others
            The points.
        reach
            How far the neighbours are that the line is laid through.

        Returns
        -------
        The distances; the one to the nearest point where there are fewer than three neighbours.
        """
        two_nearest, _ = self._tree.query(others, 2)
        nearest, second = np.asarray(two_nearest).T
        off = np.where(nearest > 0, nearest, second)  # a point is not beside itself
        for which, near in enumerate(self._tree.query_ball_point(others, reach)):
            around = self.points[near] - others[which]
            around = around[(around != 0).any(axis=1)]
            if len(around) > _FEW:
                middle = around.mean(axis=0)
                along = np.linalg.svd(around - middle, full_matrices=False)[2][0]
                off[which] = min(off[which], float(np.linalg.norm(middle - (middle @ along) * along)))
        return off

    def own_off_curve(self, reach: float) -> float:
        """Return how far nearly all of the points themselves are off that line: computed once for each reach."""
        if reach not in self._own_off:
            off = self.off_curve(self.points[spread(len(self.points), _PROBES)], reach)
            self._own_off[reach] = float(np.quantile(off, 0.95))
        return self._own_off[reach]

    def averages(
        self, centre: Float[np.ndarray, " axes"], unit: float
    ) -> tuple[Float[np.ndarray, " averages"], Float[np.ndarray, " averages"]]:
        """Return long-run means and mean squares of the coordinates, and how sure each is.

        The error is the largest of the differences between the halves of the run, weighted and plain, and the standard
        error over 20 blocks; infinite where the points are not those of consecutive steps.

        Parameters
        ----------
        centre, unit
            Coordinates are taken from there, in this unit.
        """
        scaled = (self.points - centre) / max(unit, 1e-300)
        values = np.concatenate([scaled, scaled**2], axis=1)
        if self.hole is not None:
            return values.mean(axis=0), np.full(values.shape[1], np.inf)
        halves = np.array_split(values, 2)
        weighted, plain = [weights(len(half)) @ half for half in halves], [half.mean(axis=0) for half in halves]
        blocks = [block.mean(axis=0) for block in np.array_split(values, _BLOCKS)]
        errors = [np.abs(averages[0] - averages[1]) for averages in (weighted, plain)]
        errors.append(np.std(blocks, axis=0, ddof=1) / np.sqrt(_BLOCKS))
        return weights(len(values)) @ values, np.max(errors, axis=0)

    def _away(self, at: int) -> Float[np.ndarray, " steps"]:
        return np.linalg.norm(self.points[at:] - self.points[at], axis=1)

    def _returns(self, at: int) -> tuple[int, float, float]:
        """Return when the orbit comes back nearest to a point, how near, and how near it had come before that."""
        away = self._away(at)
        left = 1 + int(np.argmax(np.append(away[1:] > _AWAY * self.size, True)))
        if left >= len(away):
            return 1, float(away[1]), float(away.max())
        later = away[left:]
        nearest = int(np.argmin(later))
        return left + nearest, float(later[nearest]), float(later[:nearest].min(initial=away.max()))

    def _hole_at(self, at: int) -> float:
        lag, near, before = self._returns(at)
        passes = (len(self.points) - at) // lag
        return max(before - (passes - 1) * near, near)

    @cached_property
    def _own_off(self) -> dict[float, float]:
        return {}

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(self.points)


def spread(count: int, probes: int) -> Int[np.ndarray, " probes"]:
    """Return indices that lie all over a run, in no rhythm of their own."""
    golden = 0.6180339887498949
    places = (0.5 + golden * np.arange(min(probes, count))) % 1.0
    return np.unique((places * count).astype(int))
