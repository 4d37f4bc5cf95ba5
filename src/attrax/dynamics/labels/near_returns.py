"""Cycles that an orbit has not settled on yet: sought where the orbit comes back near to where it was."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial.distance import cdist

from attrax.dynamics.certificates.certificate import RESIDUAL
from attrax.dynamics.labels.drifts import excluded_period, record_returns
from attrax.dynamics.labels.map_family import MapFamily
from attrax.dynamics.labels.measurement import Measurement
from attrax.dynamics.orbits.many_orbits import side_by_side

_NEAR = 0.1  # of the orbit's diameter: farther returns are no sign of a cycle
_CANDIDATES = 4
_ATTEMPTS, _MOST_ATTEMPTS = 2, 24
_PROGRESS = 0.5  # a residual that shrinks by this factor is worth another attempt
_SUSPICIOUS = 0.1  # of the distance between the points of a cycle: a return this much nearer is tried for longer
_SHORTEST_STEP = 1 / 16
_FARTHEST = 0.3  # of the orbit's diameter: a solution beyond it belongs to no return of this orbit
_SPACINGS = 10  # nor does one that is farther away than so many times the distance between the points of a cycle
_LOST = 36.0  # a direction that has shrunk by exp(-36) is lost in rounding


@dataclass(frozen=True)
class NearReturn:
    """The last state of an orbit, and an earlier one near it."""

    orbit: int
    period: int
    start: Float[np.ndarray, " units"]
    end: Float[np.ndarray, " units"]
    diameter: float
    basis: Float[np.ndarray, "vectors units"]
    """What the Jacobian along the return can reach."""
    jacobian: Float[np.ndarray, "vectors vectors"]
    """Along the return, on that basis."""
    exponents: Float[np.ndarray, " vectors"]
    """Of the orbit."""
    active: Bool[np.ndarray, " units"]
    """Which units are ever above zero along the return."""


def nearest_returns(
    family: MapFamily,
    numbers: Int[np.ndarray, " orbits"],
    measured: Measurement,
    rows: list[int],
    largest_period: int,
    curves: Collection[int],
) -> dict[int, list[NearReturn]]:
    """Return the nearest of the record returns to the last states of some orbits, looking back along them.

    Parameters
    ----------
    family, numbers, measured
        The orbits, and what has been measured of them.
    rows
        Which of them.
    largest_period
        Returns after this many steps at most.
    curves
        Which of the rows run on a curve, as far as is known: there only the returns are of interest that the orbit does
        not exclude by its drift (see `excluded_period`).
    """
    passed = {row: measured.last_states(row) for row in rows}
    lags: dict[int, list[int]] = {}
    diameters: dict[int, float] = {}
    for row, states in passed.items():
        distance = cdist(states[-1:], states[-2::-1][:largest_period])[0]
        diameters[row] = float(distance.max())
        excluded = excluded_period(measured.points[:, row]) if row in curves else 0
        near = [lag for lag in record_returns(distance) if distance[lag - 1] < _NEAR * diameters[row]]
        lags[row] = [lag for lag in near[::-1] if lag > excluded][:_CANDIDATES]
    rows = [row for row in rows if lags[row]]
    if not rows:
        return {}
    assert measured.orbits.vectors is not None
    across = measured.orbits.vectors[rows].transpose(0, 2, 1)
    bases = np.linalg.qr(across.astype(float))[0].transpose(0, 2, 1)  # orthonormal to double precision
    longest = max(lags[row][0] for row in rows)
    states = np.stack([passed[row][-1 - longest :] for row in rows], axis=1)
    along = family.jacobians_along(numbers[rows], bases, states, [lags[row] for row in rows])
    return {
        row: [
            NearReturn(
                int(numbers[row]), lag, passed[row][-1 - lag].copy(), passed[row][-1].copy(), diameters[row], basis,
                jacobian, measured.exponents[row], np.asarray((passed[row][-1 - lag :] > 0).any(axis=0)),
            )
            for lag, jacobian in zip(lags[row], jacobians, strict=True)
        ]
        for row, basis, jacobians in zip(rows, bases, along, strict=True)
    }  # fmt: skip


def have_cycles(family: MapFamily, returns: Sequence[NearReturn]) -> Bool[np.ndarray, " returns"]:
    """Say behind which returns there is a cycle of that many steps.

    A weakly attracting cycle takes tens of thousands of steps to settle on, and looks quasi-periodic until then; but
    its equations can be solved from a single near return. Over a long period all directions but those of the largest
    exponents are lost, so the equations have as few unknowns as there are tangent vectors. The cycle need not be
    stable: one on the orbit's way, a saddle as well, means that the curve is locked and that a stable cycle of the
    same period is to be expected.
    """
    found = np.zeros(len(returns), bool)
    order = np.argsort([one.period for one in returns], kind="stable")  # those solved together take about as long
    at_once = side_by_side(family.n_units)
    for first in range(0, len(returns), at_once):
        some = order[first : first + at_once]
        found[some] = _solve(family, [returns[which] for which in some.tolist()])
    return found


def _solve(family: MapFamily, returns: Sequence[NearReturn]) -> Bool[np.ndarray, " returns"]:
    """Solve each return's equations for a cycle, stable or not; say where there is one.

    With J the Jacobian along the return, d the step from its start to its end, and Q an orthonormal basis of what J
    can reach, the cycle passes through end + Q y with y = (I - Qᵀ J Q)⁻¹ Qᵀ J d: exactly, if it has the patterns of
    the return, else that is a step of Newton's method. As d lies along the slow directions, Qᵀ J d is nearly
    (Qᵀ J Q) Qᵀ d; what that neglects, and the directions that Q leaves out, shrink along each further period.
    """
    orbits = np.array([found.orbit for found in returns])
    periods = np.array([found.period for found in returns])
    exponents = np.array([found.exponents for found in returns])
    basis_size = max(1, int((exponents * periods[:, None] > -_LOST).sum(axis=1).max()))
    bases = np.array([found.basis[:basis_size] for found in returns])
    starts = np.array([found.start for found in returns])
    active = np.array([found.active for found in returns])
    ends = np.array([found.end for found in returns])
    limits = np.array([found.diameter * min(_FARTHEST, _SPACINGS / found.period) for found in returns])
    spacings = np.array([found.diameter / found.period for found in returns])
    solved = np.zeros(len(returns), bool)
    best, previous, targets = np.full(len(returns), np.inf), np.full(len(returns), np.inf), ends.copy()
    best_starts, lengths = starts.copy(), np.ones(len(returns))
    going = np.arange(len(returns))
    for attempt in range(_MOST_ATTEMPTS + 1):
        if attempt:
            travellers = family.orbits(orbits[going], starts[going])
            travellers.expect(np.asarray(active[going].any(axis=0)))
            images = travellers.push(bases[going].astype(travellers.tangent_precision), periods[going])
            jacobians = np.einsum("sku,slu->slk", images, bases[going])  # column k: the image of basis vector k
            arrived = travellers.hidden
        else:
            jacobians = np.array([found.jacobian[:basis_size, :basis_size] for found in returns])
            arrived = ends
        finite = np.isfinite(jacobians).all(axis=(1, 2)) & np.isfinite(arrived).all(axis=1)
        residuals = np.linalg.norm(arrived - starts[going], axis=1)
        for i, which in enumerate(going.tolist()):
            if not finite[i]:
                continue
            if attempt and residuals[i] <= RESIDUAL * float(np.abs(starts[which]).max()):
                solved[which] = True
            elif residuals[i] < best[which] or attempt < _ATTEMPTS:  # a full step from here, as SCYFI takes it;
                # later on, where that has made nothing better, a shorter step from the best state so far
                best[which], best_starts[which], lengths[which] = residuals[i], starts[which], 1.0
                targets[which] = _newton_step(bases[which], jacobians[i], starts[which], arrived[i])
            else:
                lengths[which] /= 2
        promising = (best[going] <= _SUSPICIOUS * spacings[going]) & (lengths[going] >= _SHORTEST_STEP)
        promising |= residuals <= _PROGRESS * previous[going]
        previous[going] = residuals
        with np.errstate(over="ignore"):  # where there is no such place
            away = np.linalg.norm(targets[going] - ends[going], axis=1)
        going = going[finite & ~solved[going] & (promising | (attempt < _ATTEMPTS)) & (away <= limits[going])]
        if not going.size:
            break
        starts[going] = best_starts[going] + lengths[going, None] * (targets[going] - best_starts[going])
    return solved


def _newton_step(
    basis: Float[np.ndarray, "vectors units"],
    jacobian: Float[np.ndarray, "vectors vectors"],
    start: Float[np.ndarray, " units"],
    end: Float[np.ndarray, " units"],
) -> Float[np.ndarray, " units"]:
    """Return where the cycle should pass; far away if there is no such place."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            along = np.linalg.solve(np.eye(len(basis)) - jacobian, jacobian @ (basis @ (end - start)))
    except np.linalg.LinAlgError:
        return np.full_like(end, 1e300)
    return end + along @ basis if np.isfinite(along).all() and np.abs(along).max() < 1e100 else np.full_like(end, 1e300)
