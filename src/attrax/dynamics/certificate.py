"""Exact certificates: this orbit goes to this fixed point or cycle, and to no other.

While an orbit keeps the activation pattern of each step, a ReLU network is an affine map. Solve that map for its
cycle, check that the cycle really has those patterns, that it attracts, and that the orbit is so close to it that
no unit can ever switch again: then the orbit's future is known for good.
"""

import warnings
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import scipy.linalg
from jaxtyping import Bool, Float

from attrax.dynamics.relu_map import ReluMap

RESIDUAL = 1e-10
"""Largest residual of a certified cycle, in units of the state's scale."""
MARGIN_OVER_ROUNDING = 1e3
"""Smallest ratio of a unit's distance from switching to the rounding error of its drive."""
LARGEST_RADIUS = 1 - 1e-9
"""Largest spectral radius of a certified cycle's Jacobian."""
NEUTRAL_BAND = 1e-9
"""A spectral radius this close to 1 is neutral: a continuum of states, and nothing attracts."""


@dataclass(frozen=True)
class Certificate:
    """What is known of one candidate cycle (period 1: a fixed point) near an orbit."""

    period: int
    certified: bool
    """The orbit converges to the cycle: everything below is proof."""
    exists: bool = False
    """The cycle is there and attracts, whether or not this orbit is shown to go to it."""
    neutral: bool = False
    """The orbit keeps its patterns, and the spectral radius is 1 there: a continuum of states that attracts nothing."""
    state: Float[np.ndarray, " units"] = field(default_factory=lambda: np.zeros(0))
    """A state of the cycle: the one that the orbit is near."""
    radius: float = float("nan")
    """Spectral radius of the Jacobian over one period."""
    residual: float = float("nan")
    """Distance between the state and its image after one period, in units of the state's scale."""
    margin: float = float("nan")
    """Smallest distance of a unit's drive from zero, over units and steps, in units of the state's scale."""
    exponents: Float[np.ndarray, " exponents"] = field(default_factory=lambda: np.zeros(0))
    """The four largest Lyapunov exponents, from the eigenvalues; NaN where there are fewer units."""


def certify_fixed_points(
    weights: Float[np.ndarray, "units units"],
    biases: Float[np.ndarray, "orbits units"],
    leak: float,
    hidden: Float[np.ndarray, "orbits units"],
) -> dict[int, Certificate]:
    """Certify fixed points near many orbits at once; one factorisation serves all orbits of one pattern.

    Returns
    -------
    Index of an orbit to its certificate, for those whose pattern is the same twice running and has a consistent
    fixed point; the certificate may be uncertified (not attracting, not near enough yet, neutral).
    """
    drive = hidden @ weights.T + biases
    first = (1 - leak) * hidden + leak * np.maximum(drive, 0.0)
    again = first @ weights.T + biases
    pattern = drive > 0
    steady = np.flatnonzero((pattern == (again > 0)).all(axis=1))
    groups: dict[bytes, list[int]] = {}
    for orbit in steady.tolist():
        groups.setdefault(np.packbits(pattern[orbit]).tobytes(), []).append(orbit)
    found: dict[int, Certificate] = {}
    for members in groups.values():
        piece = _Piece(weights, pattern[members[0]], leak)
        for orbit in members:
            certificate = piece.certify(weights, biases[orbit], first[orbit])
            if certificate is not None:
                found[orbit] = certificate
    return found


class _Piece:
    """One activation pattern: its factorisation and its stability, for every bias."""

    def __init__(self, weights: np.ndarray, active: Bool[np.ndarray, " units"], leak: float) -> None:
        self._weights, self._active, self._leak = weights, active, leak
        self.units = np.flatnonzero(active)
        block = weights[np.ix_(self.units, self.units)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", scipy.linalg.LinAlgWarning)  # singular: told by what comes out
            self._factors = scipy.linalg.lu_factor(np.eye(self.units.size) - block)

    @cached_property
    def stability(self) -> "_Stability":
        """Eigenvalues and growth: costlier than a solve, so only where a solution is consistent."""
        weights, leak, n_units = self._weights, self._leak, self._weights.shape[0]
        if leak == 1:
            # A silent unit is exactly zero from the second step on: deviations live on the active units.
            return _Stability(weights[np.ix_(self.units, self.units)], weights[:, self.units], n_units)
        jacobian = (1 - leak) * np.eye(n_units) + leak * self._active[:, None] * weights
        return _Stability(jacobian, weights, n_units)

    def certify(self, weights: np.ndarray, bias: np.ndarray, hidden: np.ndarray) -> Certificate | None:
        state = np.zeros_like(bias)
        state[self.units] = scipy.linalg.lu_solve(self._factors, bias[self.units], check_finite=False)
        drive = weights @ state + bias if np.isfinite(state).all() else np.full_like(bias, np.nan)
        scale = max(float(np.abs(state).max(initial=0.0)), 1e-300)
        residual = float(np.abs(np.maximum(drive, 0.0) - state).max()) / scale
        if not (residual <= RESIDUAL and ((drive > 0) == self._active).all()):
            moved = (1 - self._leak) * hidden + self._leak * np.maximum(weights @ hidden + bias, 0.0)
            closes = np.abs(moved - hidden).max() <= RESIDUAL * max(float(np.abs(hidden).max()), 1e-300)
            return Certificate(1, certified=False, neutral=True) if closes and self.stability.neutral else None
        if self.stability.neutral:
            return Certificate(1, certified=False, neutral=True)
        rounding = np.finfo(float).eps * (np.abs(weights) @ np.abs(state) + np.abs(bias))
        distance = float(np.linalg.norm(hidden - state)) + self.stability.error(rounding, residual * scale)
        exists = bool(
            (np.abs(drive) >= MARGIN_OVER_ROUNDING * rounding).all() and self.stability.radius < LARGEST_RADIUS
        )
        return Certificate(
            period=1,
            certified=exists and bool((self.stability.reach * distance < np.abs(drive)).all()),
            exists=exists,
            state=state,
            radius=self.stability.radius,
            residual=residual,
            margin=float(np.abs(drive).min()) / scale,
            exponents=self.stability.exponents,
        )


class _Stability:
    """Eigenvalues of one piece, and how far a deviation can ever push each unit's drive."""

    def __init__(self, jacobian: np.ndarray, to_drive: np.ndarray, n_units: int) -> None:
        eigenvalues, vectors = _eigen(jacobian)
        self.radius = float(np.abs(eigenvalues).max(initial=0.0))
        self.exponents = leading_exponents(np.append(eigenvalues, np.zeros(n_units - eigenvalues.size)), 1)
        self.neutral = abs(self.radius - 1) < NEUTRAL_BAND
        growth = growth_bound(jacobian, vectors) if self.radius < LARGEST_RADIUS else np.inf
        self.reach = np.linalg.norm(to_drive, axis=1) * growth if np.isfinite(growth) else np.full(n_units, np.inf)
        self._inverse = inverse_norm(jacobian) if np.isfinite(growth) else np.inf

    def error(self, rounding: np.ndarray, residual: float) -> float:
        """Bound the distance between a solved state and the exact fixed point of its piece."""
        return self._inverse * float(np.linalg.norm(rounding) + residual * np.sqrt(rounding.size))


def certify_cycle(
    relu_map: ReluMap, hidden: Float[np.ndarray, " units"], period: int, generator: np.random.Generator
) -> Certificate:
    """Certify that the orbit of a state goes to a cycle of a given minimal period.

    Parameters
    ----------
    relu_map, hidden
        The map, and the state.
    period
        Candidate: after this many steps the orbit comes back near `hidden`.
    generator
        For the directions that find the range of the Jacobian over one long period, which has few dimensions.
    """
    cycle = _find_cycle(relu_map, hidden, period, generator)
    if isinstance(cycle, Certificate):
        return cycle
    orbit, patterns = follow_with_patterns(relu_map, hidden, period)
    units, drives = cycle.linear.units, np.abs(cycle.states[:-1] @ relu_map.weights.T + relu_map.bias)
    scale = max(float(np.abs(cycle.states).max()), 1e-300)
    rounding = np.finfo(float).eps * (
        np.abs(relu_map.weights) @ np.abs(cycle.states).max(axis=0) + np.abs(relu_map.bias)
    )
    radius = float(np.abs(cycle.eigenvalues).max(initial=0.0))
    exists = bool((drives >= MARGIN_OVER_ROUNDING * rounding).all()) and radius < LARGEST_RADIUS
    # From the second period on the deviation is P_t basis C^n y: bound it at every step by the growth of C. That
    # holds for an orbit that has kept the cycle's patterns for a period, with no unit active that is silent in them.
    silent = np.setdiff1d(np.arange(relu_map.n_units), units)
    stays = exists and bool((patterns == cycle.patterns).all()) and not hidden[silent].any()
    if stays:
        deviation = float(np.linalg.norm(orbit[-1] - cycle.states[-1]))
        directions, reach = cycle.basis, np.empty_like(drives)
        largest = 1.0
        for step in range(period):
            reach[step] = np.linalg.norm(relu_map.weights[:, units] @ directions, axis=1)
            largest = max(largest, float(np.linalg.norm(directions)))
            directions = cycle.linear.push(step, directions)
        # The solved cycle itself is off by what rounding along one period can do to the solution.
        stray = float(np.linalg.norm(cycle.states[-1] - cycle.states[0])) + period * largest * np.linalg.norm(rounding)
        deviation += inverse_norm(cycle.jacobian) * float(stray)
        growth = growth_bound(cycle.jacobian, cycle.vectors)
        stays = bool(np.isfinite(growth)) and bool((reach * growth * deviation < drives).all())
    lost = np.zeros(relu_map.n_units - cycle.eigenvalues.size)
    return Certificate(
        period=period,
        certified=stays,
        exists=exists,
        state=cycle.states[0],
        radius=radius,
        residual=float(np.abs(cycle.states[-1] - cycle.states[0]).max()) / scale,
        margin=float(drives.min()) / scale,
        exponents=leading_exponents(np.concatenate([cycle.eigenvalues, lost]), period),
    )


@dataclass(frozen=True)
class _Cycle:
    """A cycle that has the patterns it was solved with, and its Jacobian over one period on its range."""

    states: Float[np.ndarray, "steps1 units"]
    patterns: Bool[np.ndarray, "steps units"]
    linear: "_FrozenMap"
    basis: np.ndarray
    jacobian: np.ndarray
    eigenvalues: np.ndarray
    vectors: np.ndarray


_ATTEMPTS = 2
_FARTHEST = 0.3  # of the orbit's diameter: a solution beyond it belongs to no return of this orbit


def _find_cycle(
    relu_map: ReluMap, hidden: np.ndarray, period: int, generator: np.random.Generator
) -> _Cycle | Certificate:
    """Solve for the cycle of the patterns of an orbit; where it has other patterns, take those, and solve again.

    After SCYFI (Eisenmann, Monfared, Göring, Durstewitz, NeurIPS 2023), from patterns that an orbit visits. Returns a
    certificate that certifies nothing where no such cycle is found within a few attempts.
    """
    nothing = Certificate(period, certified=False)
    start = hidden
    for attempt in range(_ATTEMPTS):
        orbit, patterns = follow_with_patterns(relu_map, start, period)
        linear = _FrozenMap(relu_map, patterns)
        reduced = _reduce(linear, start[linear.units], generator)
        if reduced is None:
            return nothing
        basis, jacobian, offset, image = reduced
        eigenvalues, vectors = _eigen(jacobian)
        if abs(float(np.abs(eigenvalues).max(initial=0.0)) - 1) < NEUTRAL_BAND:
            closes = np.abs(orbit[-1] - hidden).max() <= RESIDUAL * max(np.abs(hidden).max(), 1e-300)
            return Certificate(period, certified=False, neutral=bool(closes) and attempt == 0)
        # Every state after one period is `offset + basis y`; the cycle is the fixed point of that affine map.
        state = np.zeros_like(hidden)
        try:
            state[linear.units] = offset + basis @ np.linalg.solve(np.eye(jacobian.shape[0]) - jacobian, image)
        except np.linalg.LinAlgError:
            return nothing
        diameter = float(np.linalg.norm(orbit - hidden, axis=1).max())
        if not (np.linalg.norm(state - hidden) <= max(_FARTHEST * diameter, 1e-9 * float(np.linalg.norm(hidden)))):
            return nothing
        states, found = follow_with_patterns(relu_map, state, period)
        if (found == patterns).all():
            scale = max(float(np.abs(states).max()), 1e-300)
            residual = float(np.abs(states[-1] - states[0]).max()) / scale
            if residual <= RESIDUAL and _is_minimal(states, period, scale):
                return _Cycle(states, patterns, linear, basis, jacobian, eigenvalues, vectors)
            return nothing
        start = state
    return nothing


def inverse_norm(jacobian: Float[np.ndarray, "n n"]) -> float:
    """Return a bound on the norm of the inverse of I - J: how far an error in an equation moves its solution."""
    return float(np.linalg.norm(np.linalg.inv(np.eye(jacobian.shape[0]) - jacobian))) if jacobian.size else 1.0


def leading_exponents(eigenvalues: np.ndarray, period: int, count: int = 4) -> Float[np.ndarray, " exponents"]:
    """Return the largest exponents ln|eigenvalue| / period; NaN where there are fewer than `count` units."""
    sizes = np.sort(np.abs(eigenvalues))[::-1][:count]
    sizes[sizes < 1e-15 * max(sizes[0], 1.0) if sizes.size else slice(0)] = 0.0
    exponents = np.full(count, np.nan)
    with np.errstate(divide="ignore"):
        exponents[: sizes.size] = np.log(sizes) / period
    return exponents


def growth_bound(jacobian: Float[np.ndarray, "n n"], vectors: np.ndarray) -> float:
    """Return a bound on the norm of every power of a matrix whose spectral radius is below 1.

    The condition of its eigenvectors is one. So is the largest norm among the powers up to the first that
    contracts, since every further power is a product of those.
    """
    if not jacobian.size:
        return 1.0
    condition = np.linalg.cond(vectors)
    bound = float(condition) if np.isfinite(condition) else np.inf
    power, largest = np.eye(jacobian.shape[0]), 1.0
    for _ in range(32):
        power = power @ jacobian
        norm = float(np.linalg.norm(power))
        if norm < 1:
            return min(bound, largest)
        largest = max(largest, norm)
    return bound


def _eigen(matrix: Float[np.ndarray, "n n"]) -> tuple[np.ndarray, np.ndarray]:
    return np.linalg.eig(matrix) if matrix.size else (np.zeros(0), np.zeros((0, 0)))


class _FrozenMap:
    """The affine map of a sequence of activation patterns, on the units that are ever active in it."""

    def __init__(self, relu_map: ReluMap, patterns: Bool[np.ndarray, "steps units"]) -> None:
        self.leak = relu_map.leak
        used = patterns.any(axis=0) if self.leak == 1 else np.ones(relu_map.n_units, bool)
        self.units = np.flatnonzero(used)
        self.block = np.ascontiguousarray(relu_map.weights[np.ix_(self.units, self.units)])
        self.bias = relu_map.bias[self.units]
        self.active = patterns[:, self.units].astype(float)

    def push(self, step: int, vectors: Float[np.ndarray, "units count"]) -> Float[np.ndarray, "units count"]:
        """Apply the Jacobian of one step."""
        pushed = self.active[step][:, None] * (self.block @ vectors)
        return pushed if self.leak == 1 else (1 - self.leak) * vectors + self.leak * pushed

    def push_all(self, vectors: Float[np.ndarray, "units count"]) -> Float[np.ndarray, "units count"]:
        """Apply the Jacobian of all steps."""
        with np.errstate(over="ignore", invalid="ignore"):  # along a chaotic orbit; the caller looks
            for step in range(self.active.shape[0]):
                vectors = self.push(step, vectors)
        return vectors

    def apply_all(self, state: Float[np.ndarray, " units"]) -> Float[np.ndarray, " units"]:
        """Apply the affine map of all steps to a state."""
        with np.errstate(over="ignore", invalid="ignore"):
            for active in self.active:
                moved = active * (self.block @ state + self.bias)
                state = moved if self.leak == 1 else (1 - self.leak) * state + self.leak * moved
        return state


def _reduce(
    linear: _FrozenMap, start: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
    """Write the affine map over all steps, M h + c, as one of few dimensions.

    Returns
    -------
    basis Q with orthonormal columns that span the range of M; C = Qᵀ M Q; a state f in the image of the map; and
    Qᵀ (M f + c - f): the map takes f + Q y to f + Q (C y + Qᵀ(M f + c - f)).

    Notes
    -----
    Over a long period all but a few directions contract below rounding, and the range is found from the images of
    random directions (Halko, Martinsson, Tropp, SIAM Review 53, 2011). None if it has more dimensions than that.
    """
    units, steps = linear.units.size, linear.active.shape[0]
    probes = units if units <= 24 or steps <= 8 else 16
    directions = np.eye(units) if probes == units else generator.standard_normal((units, probes))
    image = linear.push_all(directions)
    if not np.isfinite(image).all():  # grows without bound: no attracting cycle
        return None
    left, sizes, _ = np.linalg.svd(image, full_matrices=False)
    rank = int((sizes > 1e-14 * max(sizes.max(initial=0.0), 1e-300)).sum()) if sizes.max(initial=0.0) > 1e-290 else 0
    if rank == probes < units:
        if steps > 128:
            return None
        left, rank = np.eye(units), units  # too many directions survive: take them all
    basis = left[:, :rank]
    offset = linear.apply_all(start)
    jacobian, image_of_offset = basis.T @ linear.push_all(basis), linear.apply_all(offset)
    if not (np.isfinite(jacobian).all() and np.isfinite(image_of_offset).all()):
        return None
    return basis, jacobian, offset, basis.T @ (image_of_offset - offset)


def follow_with_patterns(
    relu_map: ReluMap, hidden: Float[np.ndarray, " units"], steps: int
) -> tuple[Float[np.ndarray, "steps1 units"], Bool[np.ndarray, "steps units"]]:
    """Return the states of an orbit (the start included) and the pattern of each step."""
    orbit = np.empty((steps + 1, hidden.size))
    patterns = np.empty((steps, hidden.size), bool)
    orbit[0] = hidden
    units, columns = np.arange(hidden.size), relu_map.weights
    with np.errstate(over="ignore", invalid="ignore"):  # a state that was solved for may grow: the caller looks
        for step in range(steps):
            if step % 512 == 32 and relu_map.leak == 1:  # silent units add nothing: leave their columns out
                units = np.flatnonzero((orbit[max(step - 32, 0) : step + 1] != 0).any(axis=0))
                columns = np.ascontiguousarray(relu_map.weights[:, units])
            elif units.size < hidden.size and np.count_nonzero(orbit[step]) != np.count_nonzero(orbit[step, units]):
                units, columns = np.arange(hidden.size), relu_map.weights  # a unit outside has become active
            drive = columns @ orbit[step, units] + relu_map.bias
            patterns[step] = drive > 0
            orbit[step + 1] = (1 - relu_map.leak) * orbit[step] + relu_map.leak * np.maximum(drive, 0.0)
    return orbit, patterns


def _is_minimal(cycle: np.ndarray, period: int, scale: float) -> bool:
    """Whether no proper divisor of the period brings the cycle back to its start."""
    divisors = (d for d in range(1, period // 2 + 1) if period % d == 0)
    return all(np.abs(cycle[d] - cycle[0]).max() > 1e-8 * scale for d in divisors)
