"""What each of many orbits settles to: divergent, fixed point, cycle, quasi-periodic, chaotic, or undecided."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from attrax.dynamics.birkhoff import digits_gained_per_decade, rotation_number
from attrax.dynamics.certificate import Certificate, certify_cycle, certify_fixed_points
from attrax.dynamics.effort import Effort
from attrax.dynamics.near_returns import seek_cycle
from attrax.dynamics.orbits import OrbitBatch, PatternTrail, TangentVectors
from attrax.dynamics.relu_map import ReluMap
from attrax.dynamics.zero_one_test import zero_one_test

KINDS = ("fixed point", "cycle", "quasi-periodic", "chaotic", "divergent", "undecided")
"""The six labels."""
N_EXPONENTS = 4
"""Lyapunov exponents kept."""


@dataclass
class Classification:
    """A label for each orbit, and the evidence for it."""

    kind: np.ndarray
    """Shape (orbits,), one of `KINDS`."""
    period: Int[np.ndarray, " orbits"]
    """Minimal period of a certified fixed point or cycle, else 0."""
    period_excluded: Int[np.ndarray, " orbits"]
    """K: the nearest returns up to this period were tried, and none has a stable cycle; 0 where none was sought."""
    certified: Bool[np.ndarray, " orbits"]
    neutral: Bool[np.ndarray, " orbits"]
    """The orbit is one of a continuum of neutral states, which attracts nothing; such an orbit is undecided."""
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

    def copy_evidence(self, orbit: int, leader: int) -> None:
        """Label an orbit that is on the attractor of another one; its own state and steps stay."""
        for name, values in vars(self).items():
            if name not in ("state", "steps"):
                values[orbit] = values[leader]


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
    above 5 standard errors, the orbit stationary, and the 0-1 test agrees); quasi-periodic (λ1 within 10/T of zero and
    the next exponent below -10/T, stationary, averages gain digits, no stable cycle at its nearest returns up to K);
    else followed ten times longer; else undecided.
    """
    effort = effort or Effort()
    generator = np.random.default_rng(seed)
    result = Classification.undecided(starts)
    maps = _Maps(weights, biases, leak)
    open_orbits = _settle(result, maps, starts, effort, generator)
    leaders: dict[int, int] = {}  # an orbit that was recognised on the attractor of another one
    for attempt in range(_ROUNDS_OF_LEADERS + 1):
        # Orbits of one map mostly end on few attractors: measure one of each map, and see who is where it is.
        leading = maps.one_orbit_each(open_orbits) if attempt < _ROUNDS_OF_LEADERS else open_orbits
        _measure_all(result, maps, leading, effort, 1, generator)
        following = recognise(result, maps, leading, np.setdiff1d(open_orbits, leading), generator)
        leaders |= following
        open_orbits = np.setdiff1d(open_orbits, np.concatenate([leading, list(following)])).astype(int)
    if effort.extension > 1:
        unclear = (result.kind == "undecided") & ~result.neutral
        unclear[list(leaders)] = False
        _measure_all(result, maps, np.flatnonzero(unclear), effort, effort.extension, generator)
    for orbit, leader in leaders.items():
        if not result.certified[leader]:
            result.copy_evidence(orbit, leader)
        elif orbit != leader:  # certified only after it was followed for longer: that proves nothing for this orbit
            _certify_follower(result, maps, orbit, leader, effort, generator)
    return result


def _certify_follower(
    result: Classification,
    maps: "_Maps",
    orbit: int,
    leader: int,
    effort: Effort,
    generator: np.random.Generator,
) -> None:
    """Follow an orbit until it is certain to go to its leader's fixed point or cycle; else it stays undecided."""
    relu_map, period, hidden = maps.of(orbit), int(result.period[leader]), result.state[orbit]
    for _ in range(effort.extension):
        hidden = follow(maps.batch(np.array([orbit]), hidden[None]), effort.steps)[-1, 0]
        result.steps[orbit] += effort.steps
        certificate = _certify(relu_map, hidden, period, generator)
        if certificate is not None and certificate.certified:
            result.accept(orbit, certificate, int(result.steps[orbit]))
            _describe_cycle(result, orbit, relu_map)
            return
    result.state[orbit] = hidden


_ROUNDS_OF_LEADERS = 3


@dataclass(frozen=True)
class _Maps:
    """One weight matrix, and the constant input of each orbit."""

    weights: Float[np.ndarray, "units units"]
    biases: Float[np.ndarray, "orbits units"]
    leak: float

    def of(self, orbit: int) -> ReluMap:
        return ReluMap(self.weights, self.biases[orbit], self.leak)

    def batch(self, orbits: Int[np.ndarray, " orbits"], hidden: Float[np.ndarray, "orbits units"]) -> OrbitBatch:
        return OrbitBatch(self.weights, self.biases[orbits], self.leak, hidden)

    def one_orbit_each(self, orbits: Int[np.ndarray, " orbits"]) -> Int[np.ndarray, " maps"]:
        """Return the first of the given orbits for each distinct map."""
        first: dict[bytes, int] = {}
        for orbit in orbits:
            first.setdefault(self.biases[orbit].tobytes(), int(orbit))
        return np.array(list(first.values()), dtype=int)


def recognise(
    result: Classification,
    maps: _Maps,
    leading: Int[np.ndarray, " leaders"],
    others: Int[np.ndarray, " others"],
    generator: np.random.Generator,
) -> dict[int, int]:
    """Return which other orbits are on the attractor of a leading orbit of the same map.

    A cycle is recognised by a certificate of its own, any other attractor by `is_same_set`.
    """
    following: dict[int, int] = {}
    leader_of = {maps.biases[leader].tobytes(): int(leader) for leader in leading}
    pairs = [(int(o), leader_of[maps.biases[o].tobytes()]) for o in others if maps.biases[o].tobytes() in leader_of]
    for orbit, leader in pairs:
        if result.kind[leader] == "cycle":
            period = int(result.period[leader])
            certificate = certify_cycle(maps.of(orbit), result.state[orbit], period, generator)
            if certificate.certified:
                result.accept(orbit, certificate, int(result.steps[orbit]))
                _describe_cycle(result, orbit, maps.of(orbit))
                following[orbit] = orbit
    by_leader: dict[int, list[int]] = {}
    for orbit, leader in pairs:
        if result.period[leader] == 0 and result.kind[leader] != "divergent" and not result.neutral[leader]:
            by_leader.setdefault(leader, []).append(orbit)
    for leader, orbits in by_leader.items():
        states = result.state[[leader, *orbits]]
        trail = follow(maps.batch(np.full(len(states), leader), states), _SAMPLE)
        for row, orbit in enumerate(orbits, start=1):
            if is_same_set(trail[:, 0], trail[:, row]):
                following[orbit] = leader
    return following


_SAMPLE = 1500
_PROBES = 100


def follow(batch: OrbitBatch, steps: int) -> Float[np.ndarray, "steps orbits units"]:
    """Return the next states of a batch."""
    states = np.empty((steps, *batch.hidden.shape))
    for step in range(steps):
        batch.advance()
        states[step] = batch.hidden
    return states


def is_same_set(known: Float[np.ndarray, "steps units"], other: Float[np.ndarray, "steps units"]) -> bool:
    """Whether two orbits run on the same attractor.

    The last states of the other orbit lie as near to the known one's states as three times the distance that the
    known orbit's own last states have to its earlier ones, or within 1 % of the attractor's size.
    """
    earlier = known[:-_PROBES]
    size = np.sqrt(((earlier - earlier.mean(axis=0)) ** 2).sum(axis=1).mean())
    own = np.median(_nearest_distances(known[-_PROBES:], earlier))
    return bool(np.median(_nearest_distances(other[-_PROBES:], earlier)) <= max(3 * own, 0.01 * size))


def _nearest_distances(
    points: Float[np.ndarray, "points units"], others: Float[np.ndarray, "others units"]
) -> Float[np.ndarray, " points"]:
    squares = (points**2).sum(1)[:, None] + (others**2).sum(1)[None] - 2 * points @ others.T
    return np.sqrt(np.maximum(squares.min(axis=1), 0.0))


_BLOCK = 100


def _settle(
    result: Classification,
    maps: _Maps,
    starts: np.ndarray,
    effort: Effort,
    generator: np.random.Generator,
) -> Int[np.ndarray, " open"]:
    """Label what diverges, and what ends early in a fixed point or a short cycle; return the rest."""
    remaining = np.arange(starts.shape[0])
    batch = maps.batch(remaining, starts)
    for block_end in range(_BLOCK, effort.settling_steps + _BLOCK, _BLOCK):
        batch.forget_silent_units()
        trail = PatternTrail(_BLOCK, remaining.size, starts.shape[1], generator)
        for step in range(_BLOCK):
            trail.record(step, batch.advance())
        done = batch.diverged()
        _mark_divergent(result, remaining[done], batch.hidden[done], block_end)
        periods = np.array([0 if gone else trail.period(row, _BLOCK // 2) for row, gone in enumerate(done)])
        steady = np.flatnonzero(periods == 1)
        fixed = certify_fixed_points(maps.weights, batch.biases[steady], maps.leak, batch.hidden[steady])
        for index, certificate in fixed.items():
            done[steady[index]] = _take(result, int(remaining[steady[index]]), certificate, block_end)
        for row in np.flatnonzero(periods > 1).tolist():
            orbit = int(remaining[row])
            certificate = certify_cycle(maps.of(orbit), batch.hidden[row], int(periods[row]), generator)
            done[row] = _take(result, orbit, certificate, block_end)
        result.state[remaining[~done]] = batch.hidden[~done]
        remaining = remaining[~done]
        batch.keep(~done)
        if not remaining.size:
            break
    for orbit in np.flatnonzero(result.kind == "cycle").tolist():
        _describe_cycle(result, orbit, maps.of(orbit))
    result.steps[remaining] = effort.settling_steps
    return remaining


def _take(result: Classification, orbit: int, certificate: Certificate, steps: int) -> bool:
    """Note what a certificate says; return whether that settles the orbit."""
    if certificate.certified:
        result.accept(orbit, certificate, steps)
    elif certificate.neutral:
        result.neutral[orbit] = True
        result.steps[orbit] = steps
    return certificate.certified or certificate.neutral


def _mark_divergent(result: Classification, orbits: np.ndarray, hidden: np.ndarray, steps: int | np.ndarray) -> None:
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


def _measure_all(
    result: Classification,
    maps: _Maps,
    orbits: Int[np.ndarray, " orbits"],
    effort: Effort,
    factor: int,
    generator: np.random.Generator,
) -> None:
    for first in range(0, orbits.size, effort.orbits_at_once):
        _measure(result, maps, orbits[first : first + effort.orbits_at_once], effort, factor, generator)


def _measure(
    result: Classification,
    maps: _Maps,
    orbits: Int[np.ndarray, " orbits"],
    effort: Effort,
    factor: int,
    generator: np.random.Generator,
) -> None:
    """Follow orbits for long, measure them, and label those whose measurements are clear."""
    steps = effort.steps * factor
    longest = min(effort.largest_period, steps // 2)
    batch = maps.batch(orbits, result.state[orbits])
    axes = _principal_axes(batch)
    result.steps[orbits] += _AXES_STEPS
    tangents = TangentVectors(batch, min(N_EXPONENTS, batch.hidden.shape[1]), generator)
    growths = np.zeros((_ERROR_BLOCKS, orbits.size, tangents.vectors.shape[1]))
    points = np.empty((steps, orbits.size, axes.shape[1]))
    trail = PatternTrail(2 * longest, orbits.size, batch.hidden.shape[1], generator)
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
                _mark_divergent(
                    result, orbits[diverged], batch.hidden[diverged], result.steps[orbits[diverged]] + step + 1
                )
                batch.biases[diverged] = 0.0
                batch.hidden[diverged] = 0.0  # stays zero, and is not looked at again
        points[step] = np.einsum("su,sku->sk", batch.hidden, axes)
        squares += np.einsum("su,su->s", batch.hidden, batch.hidden)
        total += batch.hidden
        if step >= steps - 2 * longest:
            trail.record(step - (steps - 2 * longest), active)
    block_steps = steps / _ERROR_BLOCKS
    exponents = growths.sum(axis=0) / steps
    with np.errstate(invalid="ignore"):
        errors = (growths / block_steps).std(axis=0, ddof=1) / np.sqrt(_ERROR_BLOCKS)
    errors = np.where(np.isfinite(exponents), errors, 0.0)
    variance = np.maximum(squares / steps - ((total / steps) ** 2).sum(axis=1), 0.0)

    for row in np.flatnonzero(alive):
        orbit, hidden = int(orbits[row]), batch.hidden[row]
        period = trail.period(int(row), longest)
        result.steps[orbit] += steps
        result.state[orbit] = hidden
        result.amplitude[orbit] = np.sqrt(variance[row])
        certificate = _certify(maps.of(orbit), hidden, period, generator)
        if certificate is not None and _take(result, orbit, certificate, int(result.steps[orbit])):
            if certificate.certified and certificate.period > 1:
                _describe_cycle(result, orbit, maps.of(orbit))
                _fill_in_lost_exponents(result, orbit, exponents[row], errors[row])
            continue
        result.exponents[orbit, : exponents.shape[1]] = exponents[row]
        result.exponent_error[orbit, : exponents.shape[1]] = errors[row]
        _label_by_measurement(result, orbit, maps, points[:, row], steps, effort, generator)


def _fill_in_lost_exponents(result: Classification, orbit: int, measured: np.ndarray, errors: np.ndarray) -> None:
    """Take measured exponents where those of a long cycle underflow: exp(period * exponent) is below rounding."""
    lost = np.flatnonzero(np.isneginf(result.exponents[orbit, : measured.size]))
    result.exponents[orbit, lost] = measured[lost]
    result.exponent_error[orbit, lost] = errors[lost]


_AXES_STEPS = 256


def _principal_axes(batch: OrbitBatch) -> Float[np.ndarray, "orbits axes units"]:
    """Return the first principal axes of each orbit's states over some steps (and take those steps)."""
    states = follow(batch, _AXES_STEPS)
    states[~(np.abs(states) < 1e100)] = 0.0  # an orbit that diverges is told by its norm
    count = min(_PROJECTIONS, states.shape[2])
    axes = np.empty((states.shape[1], count, states.shape[2]))
    for orbit in range(states.shape[1]):
        centred = states[:, orbit] - states[:, orbit].mean(axis=0)
        axes[orbit] = np.linalg.svd(centred, full_matrices=False)[2][:count]
    return axes


def _certify(relu_map: ReluMap, hidden: np.ndarray, period: int, generator: np.random.Generator) -> Certificate | None:
    """Try to certify the period with which an orbit's patterns repeat (0: they do not)."""
    if period > 1:
        return certify_cycle(relu_map, hidden, period, generator)
    one = certify_fixed_points(relu_map.weights, relu_map.bias[None], relu_map.leak, hidden[None])
    return one.get(0) if period == 1 else None


_STATIONARY = 1.25  # largest ratio of the amplitudes in the quarters of a run
_DIGITS = 1.25  # half way between a chaotic orbit's +0.5 and a regular one's +2
_CHAOS = 0.8  # of the 0-1 test: chaotic orbits give more than 0.9, and slow growth has been seen to give 0.8


def _label_by_measurement(
    result: Classification,
    orbit: int,
    maps: _Maps,
    points: Float[np.ndarray, "steps axes"],
    steps: int,
    effort: Effort,
    generator: np.random.Generator,
) -> None:
    """Label an orbit that has no certificate, if its exponents are clear and independent measures agree."""
    band = 10 / steps
    measured = result.exponents[orbit, :3][~np.isnan(result.exponents[orbit, :3])]
    exponents = np.append(measured, -np.inf)
    largest, error = exponents[0], result.exponent_error[orbit, 0]
    if largest > max(band, 5 * error):
        if _is_stationary(points):
            result.chaos_test[orbit] = _chaos_test(points, generator)
            if result.chaos_test[orbit] > _CHAOS:
                result.kind[orbit] = "chaotic"
        return
    zeros = int((np.abs(exponents) <= band).sum())
    on_a_torus = abs(largest) <= band and zeros in (1, 2) and exponents[zeros] < -band
    if on_a_torus:
        result.digits_gained[orbit] = digits_gained_per_decade(points)
        on_a_torus = result.digits_gained[orbit] >= _DIGITS and _is_stationary(points)
    if not (on_a_torus or largest < -band):
        return
    relu_map, most_steps = maps.of(orbit), effort.steps * effort.extension
    certificate, further = seek_cycle(relu_map, result.state[orbit], effort.largest_period, most_steps, generator)
    result.steps[orbit] += further
    if certificate is None and on_a_torus:
        result.period_excluded[orbit] = effort.largest_period
        if zeros == 2 and not _comes_back(maps, orbit, result.state[orbit], generator):
            result.neutral[orbit] = True
            return
        result.kind[orbit] = "quasi-periodic"
        result.torus_dimension[orbit] = zeros
        if zeros == 1:
            result.rotation_number[orbit] = rotation_number(points)
    elif certificate is not None and certificate.certified:
        exponents_measured, errors = result.exponents[orbit].copy(), result.exponent_error[orbit].copy()
        result.accept(orbit, certificate, int(result.steps[orbit]))
        _describe_cycle(result, orbit, relu_map)
        _fill_in_lost_exponents(result, orbit, exponents_measured, errors)


def _is_stationary(points: Float[np.ndarray, "steps axes"]) -> bool:
    """Whether the orbit is as wide in each quarter of the run as in the others: neither growing nor still settling."""
    quarters = np.array_split(points, 4)
    widths = np.array([np.sqrt(((quarter - points.mean(axis=0)) ** 2).sum(axis=1).mean()) for quarter in quarters])
    return bool(widths.max() <= _STATIONARY * widths.min())


def _comes_back(maps: _Maps, orbit: int, hidden: np.ndarray, generator: np.random.Generator) -> bool:
    """Whether an orbit that is pushed off its set returns to it; in a continuum of neutral states it does not."""
    batch = maps.batch(np.array([orbit]), hidden[None])
    known = follow(batch, _SAMPLE)[:, 0]
    spread = known - known.mean(axis=0)
    push = 0.2 * generator.standard_normal(known.shape[0]) @ spread / np.sqrt(known.shape[0])
    pushed = maps.batch(np.array([orbit]), np.maximum(batch.hidden + push, 0.0))
    return is_same_set(known, follow(pushed, 2 * _SAMPLE)[-_SAMPLE:, 0])


_FEWEST_SAMPLES = 400


def _chaos_test(points: Float[np.ndarray, "steps axes"], generator: np.random.Generator) -> float:
    """0-1 test of the first coordinate, thinned to about four samples a turn, where it is slow; NaN if too slow."""
    series = points[-20_000:, 0]
    crossings = int(np.count_nonzero(np.diff(np.signbit(series - series.mean()))))
    stride = max(1, round(series.size / max(2 * crossings, 1) / 2))
    thinned = series[::stride]
    return zero_one_test(thinned, generator) if thinned.size >= _FEWEST_SAMPLES else float("nan")
