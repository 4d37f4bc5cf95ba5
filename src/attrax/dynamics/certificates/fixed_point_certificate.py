"""Exact certificates of fixed points of ReLU networks: one factorisation serves all orbits that share a pattern.

While an orbit keeps its activation pattern, a ReLU network is an affine map, whose linear part does not depend on the
input. Solve it for its fixed point, check that the point really has that pattern, that it attracts, and that the orbit
is so close to it that no unit can ever switch again: then the orbit's future is known for good.
"""

import warnings
from collections.abc import Iterable
from functools import cached_property

import numpy as np
import scipy.linalg
from jaxtyping import Bool, Float

from attrax.dynamics.certificates.certificate import (
    LARGEST_RADIUS,
    MARGIN_OVER_ROUNDING,
    NEUTRAL_BAND,
    RESIDUAL,
    Certificate,
    growth_bound,
    inverse_norm,
    leading_exponents,
)
from attrax.dynamics.certificates.modes import Modes

_MEMORY = 256e6  # bytes of factorisations that are kept


class FixedPointCertifier:
    """Certifies fixed points of networks that share their weights, whatever their inputs.

    Parameters
    ----------
    weights, leak
        Of h' = (1 - leak) h + leak relu(W h + b).
    """

    def __init__(self, weights: Float[np.ndarray, "units units"], leak: float) -> None:
        self._weights, self._leak = weights, leak
        self._sizes = np.abs(weights)
        self._moving = self._sizes.any(axis=1)  # a unit without input never switches
        self._pieces: dict[bytes, _Piece] = {}

    def certify(
        self, biases: Float[np.ndarray, "orbits units"], hidden: Float[np.ndarray, "orbits units"]
    ) -> list[Certificate | None]:
        """Return what is known of the fixed point near each orbit.

        Returns
        -------
        A certificate for each orbit whose pattern is the same twice running and has a consistent fixed point, else
        None; the certificate may be uncertified (not attracting, not near enough yet, neutral).
        """
        drive = hidden @ self._weights.T + biases
        first = (1 - self._leak) * hidden + self._leak * np.maximum(drive, 0.0)
        pattern = drive > 0
        steady = (pattern == (first @ self._weights.T + biases > 0)).all(axis=1)
        groups: dict[bytes, list[int]] = {}
        packed = np.packbits(pattern, axis=1)
        for orbit in np.flatnonzero(steady).tolist():
            groups.setdefault(packed[orbit].tobytes(), []).append(orbit)
        found: list[Certificate | None] = [None] * hidden.shape[0]
        for key, members in groups.items():
            piece = self._piece(key, pattern[members[0]])
            for orbit, certificate in zip(members, self._of_piece(piece, biases[members], first[members]), strict=True):
                found[orbit] = certificate
        return found

    def _piece(self, key: bytes, active: Bool[np.ndarray, " units"]) -> "_Piece":
        if key not in self._pieces:
            self._pieces[key] = _Piece(self._weights, active, self._leak)
            if len(self._pieces) * 16.0 * active.sum() ** 2 > _MEMORY:
                self._pieces.pop(next(iter(self._pieces)))  # the oldest
        return self._pieces[key]

    def _of_piece(
        self, piece: "_Piece", biases: Float[np.ndarray, "orbits units"], hidden: Float[np.ndarray, "orbits units"]
    ) -> Iterable[Certificate | None]:
        states = piece.solve(biases)
        with np.errstate(over="ignore", invalid="ignore"):  # a singular piece
            drives = states @ self._weights.T + biases
            scales = np.maximum(np.abs(states).max(axis=1, initial=0.0), 1e-300)
            residuals = np.abs(np.maximum(drives, 0.0) - states).max(axis=1) / scales
            roundings = np.finfo(float).eps * (np.abs(states) @ self._sizes.T + np.abs(biases))
        consistent = (residuals <= RESIDUAL) & ((drives > 0) == piece.active).all(axis=1)
        steps, growing = np.zeros_like(hidden), np.zeros(len(hidden), bool)
        if not consistent.all() or piece.stability.neutral:
            moved = (1 - self._leak) * hidden + self._leak * np.maximum(hidden @ self._weights.T + biases, 0.0)
            steps = moved - hidden
            growing = self._may_grow(steps, moved, biases)
        standing = np.abs(steps).max(axis=1) <= RESIDUAL * np.abs(hidden).max(axis=1, initial=1e-300)
        for orbit in range(states.shape[0]):
            grows = growing[orbit] and not standing[orbit]
            if grows and self._grows_for_ever(piece, biases[orbit], hidden[orbit], steps[orbit]):
                yield Certificate(1, certified=True, divergent=True, state=hidden[orbit])
                continue
            if not consistent[orbit]:
                neutral = standing[orbit] and piece.stability.neutral
                yield Certificate(1, certified=False, neutral=True) if neutral else None
                continue
            stability, drive, rounding, scale = (
                piece.stability, np.abs(drives[orbit]), roundings[orbit], float(scales[orbit])
            )  # fmt: skip
            if stability.neutral:
                away = float(np.linalg.norm(hidden[orbit] - states[orbit]))
                stays = bool(((stability.reach * away < drive) | ~self._moving).all())
                yield Certificate(1, certified=False, neutral=True) if stays else None
                continue
            wrong = float(np.linalg.norm(rounding) + residuals[orbit] * scale * np.sqrt(rounding.size))
            for sharpen in (stability.sharpen_inverse, stability.sharpen):  # the cheaper one first
                if (stability.reach * stability.inverse * wrong > _CLEAR * drive).any():
                    sharpen()
            distance = float(np.linalg.norm(hidden[orbit] - states[orbit])) + stability.inverse * wrong
            exists = bool((drive >= MARGIN_OVER_ROUNDING * rounding).all()) and stability.radius < LARGEST_RADIUS
            stays = exists and bool(((stability.reach * distance < drive) | ~self._moving).all())
            if exists and not stays and stability.radius > _SLOW:
                farther = stability.reach * stability.inverse * wrong
                stays = stability.modes.keeps_signs(hidden[orbit] - states[orbit], drives[orbit], farther, self._moving)
            yield Certificate(
                period=1,
                certified=stays,
                state=states[orbit],
                radius=stability.radius,
                residual=float(residuals[orbit]),
                margin=float(drive[self._moving].min(initial=np.inf)) / scale,
                exponents=stability.exponents,
            )

    def _may_grow(
        self,
        steps: Float[np.ndarray, "orbits units"],
        moved: Float[np.ndarray, "orbits units"],
        biases: Float[np.ndarray, "orbits units"],
    ) -> Bool[np.ndarray, " orbits"]:
        """Whether the next step of each orbit goes the same way as the last one, and as far: cheap to tell."""
        after = (1 - self._leak) * moved + self._leak * np.maximum(moved @ self._weights.T + biases, 0.0) - moved
        sizes, next_sizes = np.linalg.norm(steps, axis=1), np.linalg.norm(after, axis=1)
        along = (steps * after).sum(axis=1)
        return (sizes > 0) & (next_sizes >= (1 - _SHRINKS) * sizes) & (along >= (1 - _TURNS) * sizes * next_sizes)

    def _grows_for_ever(
        self,
        piece: "_Piece",
        bias: Float[np.ndarray, " units"],
        hidden: Float[np.ndarray, " units"],
        step: Float[np.ndarray, " units"],
    ) -> bool:
        drives = hidden @ self._weights.T + bias
        rounding = np.finfo(float).eps * (np.abs(hidden) @ self._sizes.T + np.abs(bias))
        return piece.stability.modes.grows_for_ever(step, drives, MARGIN_OVER_ROUNDING * rounding, self._moving)


_SHRINKS, _TURNS = 1e-9, 1e-3


class _Piece:
    """One activation pattern: its factorisation and its stability, for every bias."""

    def __init__(self, weights: np.ndarray, active: Bool[np.ndarray, " units"], leak: float) -> None:
        self._weights, self.active, self._leak = weights, active, leak
        self._units = np.flatnonzero(active)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", scipy.linalg.LinAlgWarning)  # singular: told by what comes out
            self._factors = scipy.linalg.lu_factor(
                np.eye(self._units.size) - weights[np.ix_(self._units, self._units)], check_finite=False
            )

    def solve(self, biases: Float[np.ndarray, "orbits units"]) -> Float[np.ndarray, "orbits units"]:
        """Return the fixed point of the piece for each bias (not finite where it is singular)."""
        states = np.zeros_like(biases)
        if self._units.size:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                states[:, self._units] = scipy.linalg.lu_solve(
                    self._factors, biases[:, self._units].T, check_finite=False
                ).T
        return states

    @cached_property
    def stability(self) -> "_Stability":
        """Eigenvalues and growth: costlier than a solve, so only where a solution is consistent."""
        weights, leak, n_units = self._weights, self._leak, self._weights.shape[0]
        if leak == 1:
            # A silent unit is exactly zero from the second step on: deviations live on the active units.
            return _Stability(weights[np.ix_(self._units, self._units)], weights[:, self._units], self._units, n_units)
        jacobian = (1 - leak) * np.eye(n_units) + leak * self.active[:, None] * weights
        return _Stability(jacobian, weights, np.arange(n_units), n_units)


_CONTRACTED = 0.5
_SQUARINGS = 36
_SLOW = 0.98  # above this radius waiting costs more than sharp bounds
_CLEAR = 0.1


class _Stability:
    """Eigenvalues of one piece, and how far a deviation can ever push each unit's drive.

    By repeated squaring until a power contracts: that bounds every power, and proves a spectral radius below 1. The
    bounds are crude and cheap; an orbit that is still converging loses a few steps by them. `sharpen_inverse` and then
    `sharpen` where they swallow the margin of an orbit that has converged.
    """

    def __init__(self, jacobian: np.ndarray, to_drive: np.ndarray, units: np.ndarray, n_units: int) -> None:
        self.modes = Modes(jacobian, to_drive, units)
        powers, norms = [jacobian], [float(np.linalg.norm(jacobian))]
        while _CONTRACTED <= norms[-1] < 1e6 and len(norms) <= _SQUARINGS:
            powers.append(powers[-1] @ powers[-1])
            norms.append(float(np.linalg.norm(powers[-1])))
        contracts = norms[-1] < _CONTRACTED
        eigenvalues = _leading_eigenvalues(jacobian, powers[-1]) if contracts else None
        if eigenvalues is None:
            eigenvalues = np.linalg.eigvals(jacobian) if jacobian.size else np.zeros(0)
        self.radius = float(np.abs(eigenvalues).max(initial=0.0))
        self.exponents = leading_exponents(np.append(eigenvalues, np.zeros(n_units - eigenvalues.size)), 1)
        self.neutral = abs(self.radius - 1) < NEUTRAL_BAND
        self.rows = np.linalg.norm(to_drive, axis=1)
        self._jacobian, self._sharp, self._inverted = jacobian, False, False
        # J^k is a product of some of J, J^2, J^4, ..., and of powers of the last one, which contracts.
        self._growth = float(np.prod(np.maximum(norms, 1.0))) if contracts else np.inf
        self.inverse = self._growth * 2.0 ** (len(powers) - 1) / (1 - _CONTRACTED)
        """Bound on |(I - J)^-1| <= sum of |J^k|: how far an error of the equations moves the fixed point."""
        if self.neutral:  # deviations neither shrink nor grow, if the eigenvectors are independent
            self._growth = float(np.linalg.cond(self.modes.vectors))
        elif self.radius > _SLOW:
            self.sharpen()

    @property
    def reach(self) -> np.ndarray:
        """How much each unit's drive can ever move by a deviation of norm 1, shape (units,)."""
        return self.rows * self._growth if np.isfinite(self._growth) else np.full(self.rows.size, np.inf)

    def sharpen_inverse(self) -> None:
        """Compute the inverse: cheaper than the eigenvectors."""
        if not self._inverted and self.radius < LARGEST_RADIUS:
            self.inverse = min(self.inverse, inverse_norm(self._jacobian))
        self._inverted = True

    def sharpen(self) -> None:
        """Bound the powers by the condition of the eigenvectors too, and compute the inverse."""
        self.sharpen_inverse()
        if not self._sharp and self.radius < LARGEST_RADIUS:
            self._growth = min(self._growth, growth_bound(self._jacobian, self.modes.vectors))
        self._sharp = True


_SUBSPACE, _ROUNDS = 16, 6
_EIGENVALUE_ERROR = 1e-10


def _leading_eigenvalues(jacobian: np.ndarray, power: np.ndarray, count: int = 4) -> np.ndarray | None:
    """Return the largest eigenvalues, by subspace iteration with a power of the matrix; None where that is not exact.

    A third of the time of all eigenvalues, and a plane has hundreds of patterns.
    """
    size = jacobian.shape[0]
    if size <= 4 * _SUBSPACE:
        return None
    basis: np.ndarray = np.random.default_rng(0).standard_normal((size, _SUBSPACE))
    for _ in range(_ROUNDS):
        basis = scipy.linalg.qr(power @ (power @ basis), mode="economic", check_finite=False)[0]
        image = jacobian @ basis
        eigenvalues, vectors = np.linalg.eig(basis.T @ image)
        order = np.argsort(-np.abs(eigenvalues))[: count + 1]  # one more: a complex pair is not cut in two
        residual = np.linalg.norm(image @ vectors[:, order] - basis @ (vectors[:, order] * eigenvalues[order]), axis=0)
        if residual[:count].max() <= _EIGENVALUE_ERROR * max(float(np.abs(eigenvalues).max()), 1e-300):
            return eigenvalues[order]
    return None
