"""What each of many orbits settles to: divergent, fixed point, cycle, quasi-periodic, chaotic, or undecided."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from attrax.dynamics.birkhoff import digits_gained_per_decade, rotation_number
from attrax.dynamics.certificate import Certificate, certify_cycle, certify_fixed_points
from attrax.dynamics.orbits import OrbitBatch, TangentVectors
from attrax.dynamics.relu_map import ReluMap
from attrax.dynamics.zero_one_test import zero_one_test

KINDS = ("fixed point", "cycle", "quasi-periodic", "chaotic", "divergent", "undecided")
"""The six labels."""
N_EXPONENTS = 4
"""Lyapunov exponents kept."""


@dataclass(frozen=True)
class Effort:
    """How long orbits are followed before a label is given."""

    settling_steps: int = 2000
    """Steps in which most orbits end in a certified fixed point or a short cycle."""
    steps: int = 10_000
    """Steps over which exponents, averages and returns of the others are measured."""
    extension: int = 10
    """Orbits that stay undecided are followed once more for this many times as many steps; 1: they are not."""
    largest_period: int = 5000
    """K: cycles are sought up to this period (and up to half the steps)."""
    orbits_at_once: int = 64
    """Orbits that are measured side by side; bounds the memory, and changes no label."""

    def __post_init__(self) -> None:
        for name in ("settling_steps", "extension", "largest_period", "orbits_at_once"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 1 or more")
        if self.steps < 1000:
            raise ValueError(f"steps is {self.steps}; it must be 1000 or more for exponents that mean anything")


@dataclass
class Classification:
    """A label for each orbit, and the evidence for it."""

    kind: np.ndarray
    """Shape (orbits,), one of `KINDS`."""
    period: Int[np.ndarray, " orbits"]
    """Minimal period of a certified fixed point or cycle, else 0."""
    period_excluded: Int[np.ndarray, " orbits"]
    """K: no certificate was found for any near return up to this period; 0 where none was sought."""
    certified: Bool[np.ndarray, " orbits"]
    neutral: Bool[np.ndarray, " orbits"]
    """The orbit closes on itself, but in a continuum of neutral states."""
    exponents: Float[np.ndarray, "orbits exponents"]
    """Lyapunov exponents, largest first: exact where certified, else measured; NaN for a divergent orbit."""
    exponent_error: Float[np.ndarray, "orbits exponents"]
    """Standard errors over 20 blocks; 0 where exact."""
    torus_dimension: Int[np.ndarray, " orbits"]
    """1 on an invariant curve, 2 on a torus, else 0."""
    rotation_number: Float[np.ndarray, " orbits"]
    """Folded to [0, 1/2]; NaN where none."""
    digits_gained: Float[np.ndarray, " orbits"]
    """Stable digits of averages gained per decade of steps; NaN where not measured."""
    chaos_test: Float[np.ndarray, " orbits"]
    """K of the 0-1 test; NaN where not measured."""
    amplitude: Float[np.ndarray, " orbits"]
    """Root mean square distance of the attractor's states from their mean; 0 at a fixed point."""
    radius: Float[np.ndarray, " orbits"]
    residual: Float[np.ndarray, " orbits"]
    margin: Float[np.ndarray, " orbits"]
    """Spectral radius, residual and margin of the certificate."""
    steps: Int[np.ndarray, " orbits"]
    """Steps after which the label was given."""
    state: Float[np.ndarray, "orbits units"]
    """A state on the attractor: of the certified cycle, or the last one of the orbit."""

    @classmethod
    def undecided(cls, hidden: Float[np.ndarray, "orbits units"]) -> "Classification":
        """Nothing is known yet."""
        n = hidden.shape[0]

        def unknown() -> np.ndarray:
            return np.full(n, np.nan)

        return cls(
            kind=np.full(n, "undecided", dtype="U14"),
            period=np.zeros(n, int),
            period_excluded=np.zeros(n, int),
            certified=np.zeros(n, bool),
            neutral=np.zeros(n, bool),
            exponents=np.full((n, N_EXPONENTS), np.nan),
            exponent_error=np.full((n, N_EXPONENTS), np.nan),
            torus_dimension=np.zeros(n, int),
            rotation_number=unknown(),
            digits_gained=unknown(),
            chaos_test=unknown(),
            amplitude=unknown(),
            radius=unknown(),
            residual=unknown(),
            margin=unknown(),
            steps=np.zeros(n, int),
            state=hidden.copy(),
        )

    def accept(self, orbit: int, certificate: Certificate, steps: int) -> None:
        """Label an orbit by its certificate."""
        self.kind[orbit] = "fixed point" if certificate.period == 1 else "cycle"
        self.period[orbit] = certificate.period
        self.certified[orbit] = True
        self.exponents[orbit] = certificate.exponents
        self.exponent_error[orbit] = 0.0
        self.radius[orbit] = certificate.radius
        self.residual[orbit] = certificate.residual
        self.margin[orbit] = certificate.margin
        self.state[orbit] = certificate.state
        self.steps[orbit] = steps
        if certificate.period == 1:
            self.amplitude[orbit] = 0.0


def classify(
    weights: Float[np.ndarray, "units units"],
    biases: Float[np.ndarray, "orbits units"],
    leak: float,
    starts: Float[np.ndarray, "orbits units"],
    effort: Effort | None = None,
    seed: int = 0,
) -> Classification:
    """Follow one orbit from each start under its own constant input, and label what it settles to.

    Parameters
    ----------
    weights, leak
        Of h' = (1 - leak) h + leak relu(W h + b).
    biases, starts
        b and the first state of each orbit, shape (orbits, units).
    effort
        How long to look.
    seed
        Of the directions of tangent vectors and the frequencies of the 0-1 test.

    Notes
    -----
    In this order: divergent (norm above 1e6 or not finite); certified fixed point or cycle; chaotic (λ1 above 10/T and
    above 5 standard errors, and the 0-1 test agrees); quasi-periodic (λ1 within 10/T of zero and the next exponent
    below -10/T, averages gain digits, no period up to K); else followed ten times longer; else undecided.
    """
    effort = effort or Effort()
    generator = np.random.default_rng(seed)
    result = Classification.undecided(starts)
    open_orbits = _settle(result, weights, biases, leak, starts, effort, generator)
    for factor in dict.fromkeys((1, effort.extension)):
        for first in range(0, open_orbits.size, effort.orbits_at_once):
            orbits = open_orbits[first : first + effort.orbits_at_once]
            _measure(result, orbits, weights, biases, leak, effort, factor, generator)
        open_orbits = open_orbits[(result.kind[open_orbits] == "undecided") & ~result.neutral[open_orbits]]
    return result


_BLOCK = 100
_SHORT = 32  # periods that are looked for while an orbit settles


def _settle(
    result: Classification,
    weights: np.ndarray,
    biases: np.ndarray,
    leak: float,
    starts: np.ndarray,
    effort: Effort,
    generator: np.random.Generator,
) -> Int[np.ndarray, " open"]:
    """Label what diverges, and what ends early in a fixed point or a short cycle; return the rest."""
    remaining = np.arange(starts.shape[0])
    batch = OrbitBatch(weights, biases, leak, starts)
    for block_end in range(_BLOCK, effort.settling_steps + _BLOCK, _BLOCK):
        batch.forget_silent_units()
        recent = []
        for step in range(_BLOCK):
            batch.advance()
            if step >= _BLOCK - _SHORT - 1:
                recent.append(batch.hidden)
        done = batch.diverged()
        _mark_divergent(result, remaining[done], batch.hidden[done], block_end)
        found = certify_fixed_points(weights, np.where(done[:, None], 0, batch.biases), leak,
                                     np.where(done[:, None], 0, batch.hidden))  # fmt: skip
        for row, certificate in found.items():
            if not done[row] and (certificate.certified or certificate.neutral):
                _take(result, int(remaining[row]), certificate, block_end)
                done[row] = True
        for row in np.flatnonzero(~done):
            back = np.array([np.abs(recent[-1][row] - recent[-1 - lag][row]).max() for lag in range(2, _SHORT + 1)])
            lag = int(back.argmin()) + 2
            if back[lag - 2] > 1e-3 * np.abs(recent[-1][row]).max():
                continue
            certificate = certify_cycle(
                ReluMap(weights, batch.biases[row], leak), batch.hidden[row], lag, generator
            )
            if certificate.certified or certificate.neutral:
                _take(result, int(remaining[row]), certificate, block_end)
                done[row] = True
        result.state[remaining[~done]] = batch.hidden[~done]
        remaining = remaining[~done]
        batch.keep(~done)
        if not remaining.size:
            break
    cycles = np.flatnonzero(result.kind == "cycle")
    for orbit in cycles:
        _describe_cycle(result, int(orbit), ReluMap(weights, biases[orbit], leak))
    result.steps[remaining] = effort.settling_steps
    return remaining


def _take(result: Classification, orbit: int, certificate: Certificate, steps: int) -> None:
    if certificate.certified:
        result.accept(orbit, certificate, steps)
    else:
        result.neutral[orbit] = True
        result.steps[orbit] = steps


def _mark_divergent(result: Classification, orbits: np.ndarray, hidden: np.ndarray, steps: int) -> None:
    result.kind[orbits] = "divergent"
    result.steps[orbits] = steps
    result.state[orbits] = hidden


def _describe_cycle(result: Classification, orbit: int, relu_map: ReluMap) -> None:
    """Fill in amplitude and rotation number of a certified cycle."""
    states = [result.state[orbit]]
    for _ in range(int(result.period[orbit])):
        states.append(relu_map(states[-1]))
    points = np.array(states)
    centred = points[:-1] - points[:-1].mean(axis=0)
    result.amplitude[orbit] = np.sqrt((centred**2).sum(axis=1).mean())
    if result.period[orbit] > 2:
        axes = np.linalg.svd(centred, full_matrices=False)[2][:4]
        result.rotation_number[orbit] = rotation_number(points @ axes.T, int(result.period[orbit]))


_BETWEEN_GROWTHS = 5  # steps between orthonormalisations: further apart, the fourth vector is lost in the first
_ERROR_BLOCKS = 20
_PROJECTIONS = 4


def _measure(
    result: Classification,
    orbits: Int[np.ndarray, " orbits"],
    weights: np.ndarray,
    biases: np.ndarray,
    leak: float,
    effort: Effort,
    factor: int,
    generator: np.random.Generator,
) -> None:
    """Follow orbits for long, measure them, and label those whose measurements are clear."""
    steps = effort.steps * factor
    longest = min(effort.largest_period, steps // 2)
    batch = OrbitBatch(weights, biases[orbits], leak, result.state[orbits])
    axes = _principal_axes(batch)
    tangents = TangentVectors(batch, min(N_EXPONENTS, weights.shape[0]), generator)
    growths = np.zeros((_ERROR_BLOCKS, orbits.size, tangents.vectors.shape[1]))
    points = np.empty((steps, orbits.size, axes.shape[1]))
    returns = np.empty((longest, orbits.size))
    reference = batch.hidden
    squares, total = np.zeros(orbits.size), np.zeros_like(batch.hidden)
    alive = np.ones(orbits.size, bool)
    for step in range(steps):
        active = batch.advance()
        tangents.advance(active)
        if (step + 1) % _BETWEEN_GROWTHS == 0:
            growths[step * _ERROR_BLOCKS // steps] += tangents.growth()
            diverged = batch.diverged()
            if diverged.any():
                alive &= ~diverged
                batch.hidden[diverged] = 0.0  # never looked at again
        points[step] = np.einsum("su,sku->sk", batch.hidden, axes)
        squares += np.einsum("su,su->s", batch.hidden, batch.hidden)
        total += batch.hidden
        if step == steps - longest - 1:
            reference = batch.hidden
        elif step >= steps - longest:
            difference = batch.hidden - reference
            returns[step - (steps - longest)] = np.einsum("su,su->s", difference, difference)
    block_steps = steps / _ERROR_BLOCKS
    exponents = growths.sum(axis=0) / steps
    with np.errstate(invalid="ignore"):
        errors = (growths / block_steps).std(axis=0, ddof=1) / np.sqrt(_ERROR_BLOCKS)
    errors = np.where(np.isfinite(exponents), errors, 0.0)
    variance = np.maximum(squares / steps - ((total / steps) ** 2).sum(axis=1), 0.0)

    _mark_divergent(result, orbits[~alive], batch.hidden[~alive], int(result.steps[orbits].max()) + steps)
    fixed = certify_fixed_points(weights, batch.biases, leak, batch.hidden)
    for row in np.flatnonzero(alive):
        orbit = int(orbits[row])
        result.steps[orbit] += steps
        result.state[orbit] = batch.hidden[row]
        if row in fixed and (fixed[row].certified or fixed[row].neutral):
            _take(result, orbit, fixed[row], int(result.steps[orbit]))
            continue
        result.amplitude[orbit] = np.sqrt(variance[row])
        certificate = _certify_return(
            ReluMap(weights, biases[orbit], leak), reference[row], np.sqrt(returns[:, row]), generator
        )
        if certificate is not None:
            _take(result, orbit, certificate, int(result.steps[orbit]))
            if certificate.certified:
                _describe_cycle(result, orbit, ReluMap(weights, biases[orbit], leak))
                _fill_in_lost_exponents(result, orbit, exponents[row], errors[row])
            continue
        result.period_excluded[orbit] = longest
        result.exponents[orbit, : exponents.shape[1]] = exponents[row]
        result.exponent_error[orbit, : exponents.shape[1]] = errors[row]
        _label_by_measurement(result, orbit, points[:, row], steps, generator)


def _fill_in_lost_exponents(
    result: Classification, orbit: int, measured: np.ndarray, errors: np.ndarray
) -> None:
    """Take measured exponents where those of a long cycle underflow: exp(period * exponent) is below rounding."""
    lost = np.flatnonzero(np.isneginf(result.exponents[orbit, : measured.size]))
    result.exponents[orbit, lost] = measured[lost]
    result.exponent_error[orbit, lost] = errors[lost]


def _principal_axes(batch: OrbitBatch, steps: int = 256) -> Float[np.ndarray, "orbits axes units"]:
    """Return the first principal axes of each orbit's states over some steps (and take those steps)."""
    states = np.empty((steps, *batch.hidden.shape))
    for step in range(steps):
        batch.advance()
        states[step] = np.where(np.abs(batch.hidden) < 1e100, batch.hidden, 0.0)
    count = min(_PROJECTIONS, states.shape[2])
    axes = np.empty((states.shape[1], count, states.shape[2]))
    for orbit in range(states.shape[1]):
        centred = states[:, orbit] - states[:, orbit].mean(axis=0)
        axes[orbit] = np.linalg.svd(centred, full_matrices=False)[2][:count]
    return axes


def _certify_return(
    relu_map: ReluMap, hidden: np.ndarray, distance: np.ndarray, generator: np.random.Generator
) -> Certificate | None:
    """Try the periods at which the orbit came nearer to where it was than ever before, the nearest first."""
    best = np.minimum.accumulate(np.concatenate([[np.inf], distance[:-1]]))
    records = np.flatnonzero(distance < best)
    near = records[distance[records] < 0.1 * distance.max()] if distance.max() > 0 else records[:1]
    for index in near[::-1]:
        certificate = certify_cycle(relu_map, hidden, int(index) + 1, generator)
        if certificate.certified or certificate.neutral:
            return certificate
    return None


def _label_by_measurement(
    result: Classification,
    orbit: int,
    points: Float[np.ndarray, "steps axes"],
    steps: int,
    generator: np.random.Generator,
) -> None:
    """Label an orbit that has no certificate, if its exponents are clear and an independent measure agrees."""
    band = 10 / steps
    exponents = np.append(result.exponents[orbit, :3][np.isfinite(result.exponents[orbit, :3])], -np.inf)
    largest, error = exponents[0], result.exponent_error[orbit, 0]
    result.rotation_number[orbit] = float("nan")
    if largest > max(band, 5 * error):
        result.chaos_test[orbit] = _chaos_test(points, generator)
        if result.chaos_test[orbit] > 0.5:
            result.kind[orbit] = "chaotic"
        return
    zeros = int((np.abs(exponents) <= band).sum())
    rest_is_negative = zeros < exponents.size and exponents[zeros] < -band
    if abs(largest) <= band and zeros in (1, 2) and rest_is_negative:
        result.digits_gained[orbit] = digits_gained_per_decade(points)
        if result.digits_gained[orbit] >= 1.25:  # half way between a chaotic orbit's +0.5 and a regular one's +2
            result.kind[orbit] = "quasi-periodic"
            result.torus_dimension[orbit] = zeros
            if zeros == 1:
                result.rotation_number[orbit] = rotation_number(points)


def _chaos_test(points: Float[np.ndarray, "steps axes"], generator: np.random.Generator) -> float:
    """0-1 test of the first coordinate, thinned to about four samples a turn, where it is slow."""
    series = points[-20_000:, 0]
    crossings = np.count_nonzero(np.diff(np.signbit(series - series.mean())))
    stride = max(1, round(series.size / max(2 * crossings, 1) / 2))
    return zero_one_test(series[::stride], generator)
