"""What each of many orbits settles to: divergent, fixed point, cycle, quasi-periodic, chaotic, or undecided."""

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from attrax.dynamics.certificates.certificate import Certificate
from attrax.dynamics.certificates.cycle_certificate import rounding_growth
from attrax.dynamics.effort import Effort
from attrax.dynamics.labels.birkhoff import digits_gained_per_decade, rotation_digits, rotation_number
from attrax.dynamics.labels.classification import N_EXPONENTS, Classification
from attrax.dynamics.labels.map_family import MapFamily, ReluFamily
from attrax.dynamics.labels.measurement import Measurement, Run, regrouped
from attrax.dynamics.labels.near_returns import seek_cycles
from attrax.dynamics.labels.same_set import SAMPLE, is_same_set
from attrax.dynamics.labels.zero_one_test import chaos_test
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.orbits.many_orbits import BATCHES, PIECE, Passage, side_by_side
from attrax.progress import OnProgress, Step, ignore_progress


def classify(
    weights: ArrayLike,
    biases: ArrayLike,
    leak: float,
    starts: ArrayLike,
    effort: Effort | None = None,
    seed: int = 0,
    on_progress: OnProgress | None = None,
) -> Classification:
    """Follow one orbit from each start under its own constant input, and label what it settles to.

    Parameters
    ----------
    weights, leak
        Of h' = (1 - leak) h + leak relu(W h + b); W has shape (units, units).
    biases, starts
        b and the first state of each orbit, shape (orbits, units).
    effort
        How long to look.
    seed
        Of the directions of tangent vectors and the frequencies of the 0-1 test.
    on_progress
        Told how many orbits have been followed until most settle, then how many of the others have been measured.

    Notes
    -----
    In this order: divergent (norm above 1e6 or not finite); certified fixed point or cycle; chaotic (λ1 above 10/T and
    above 5 standard errors, the orbit stationary, and the 0-1 test agrees); quasi-periodic (λ1 within 5/T of zero and
    the first one that is not within 10/T below that, stationary, averages gain digits, no cycle at its nearest returns
    up to K); else followed up to ten times longer; else undecided.

    Raises
    ------
    ValueError
        For shapes that do not match, values that are not finite, or a leak out of range.
    """
    inputs, first = np.asarray(biases, dtype=float), np.asarray(starts, dtype=float)
    matrix = np.asarray(weights, dtype=float)
    if matrix.ndim != 2 or inputs.ndim != 2 or inputs.shape != first.shape or matrix.shape[1:] != inputs.shape[1:]:
        raise ValueError(
            f"weights have shape {matrix.shape}, biases {inputs.shape} and starts {first.shape}; they must be "
            "(units, units), (orbits, units) and (orbits, units)"
        )
    ReluMap(matrix, inputs[0] if len(inputs) else np.zeros(len(matrix)), leak)  # says what else is wrong with them
    if not (np.isfinite(inputs).all() and np.isfinite(first).all()):
        raise ValueError("biases or starts hold values that are not finite")
    return label_orbits(ReluFamily(matrix, inputs, float(leak)), first, effort or Effort(), seed, on_progress)


def label_orbits(
    family: MapFamily,
    starts: Float[np.ndarray, "orbits units"],
    effort: Effort,
    seed: int,
    on_progress: OnProgress | None = None,
) -> Classification:
    """Follow one orbit of each map of a family from its start, and label what it settles to: see `classify`."""
    return _Labelling(family, starts, effort, seed, on_progress or ignore_progress).run()


_ROUNDS_OF_LEADERS = 3
_BLOCK = 50
_CHECKS = frozenset([1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 28, 32, 36, 40])  # after how many blocks to look; then each 8th
_SETTLED_AT_ONCE = 128
_MEMORY = 400e6  # bytes of states that are kept to look for near returns


class _Labelling:
    def __init__(
        self,
        family: MapFamily,
        starts: Float[np.ndarray, "orbits units"],
        effort: Effort,
        seed: int,
        tell: OnProgress,
    ) -> None:
        self.family, self.effort, self.starts, self.seed, self.tell = family, effort, starts, seed, tell
        self.result = Classification.undecided(starts)
        # The same directions for every orbit, so that none depends on which orbits are looked at together.
        n_units = family.n_units
        self._bank = np.random.default_rng([seed, 0]).standard_normal((min(N_EXPONENTS, n_units), n_units))
        at_once = int(_MEMORY / (8 * n_units * (effort.largest_period + 500)))
        fitting = max(1, min(effort.orbits_at_once, at_once, side_by_side(n_units)))
        self._at_once = max(size for size in BATCHES if size <= fitting)  # what is compiled for more would be padding

    def _generator(self) -> np.random.Generator:
        return np.random.default_rng([self.seed, 1])

    def run(self) -> Classification:
        result, effort = self.result, self.effort
        going_on = [np.zeros(0, int)]
        for first in range(0, len(self.starts), _SETTLED_AT_ONCE):
            last = min(first + _SETTLED_AT_ONCE, len(self.starts))
            going_on.append(self._settle(np.arange(first, last)))
            self.tell(Step("orbits followed until most settle", last, len(self.starts)))
        open_orbits = np.concatenate(going_on)
        leaders: dict[int, int] = {}  # an orbit that was recognised on the attractor of another one
        for attempt in range(_ROUNDS_OF_LEADERS + 1):
            # Orbits of one map mostly end on few attractors: measure one of each map, and see who is where it is.
            leading = self._one_orbit_each(open_orbits) if attempt < _ROUNDS_OF_LEADERS else open_orbits
            self._measure_all(leading, [1])
            following = self._recognise(leading, np.setdiff1d(open_orbits, leading))
            leaders |= following
            open_orbits = np.setdiff1d(open_orbits, np.concatenate([leading, list(following)])).astype(int)
        if effort.extension > 1:
            unclear = (result.kind == "undecided") & ~result.neutral
            unclear[list(leaders)] = False
            self._measure_all(np.flatnonzero(unclear), _looks(effort.extension))
        uncertain = []
        for orbit, leader in leaders.items():
            if result.kind[leader] == "divergent" or result.neutral[leader]:
                continue  # its leader left the set on which they met: that proves nothing for this orbit
            if result.period[leader] == 0:
                result.copy_evidence(orbit, leader)
            elif orbit != leader:  # certified only after it was followed for longer: no proof for this orbit
                uncertain.append(orbit)
        followers = np.array(uncertain, dtype=int)
        self._follow_until_certain(followers, np.array([result.period[leaders[orbit]] for orbit in uncertain], int))
        return result

    def _one_orbit_each(self, orbits: Int[np.ndarray, " orbits"]) -> Int[np.ndarray, " maps"]:
        """Return the first of the given orbits for each distinct map."""
        first: dict[bytes, int] = {}
        for orbit in orbits.tolist():
            first.setdefault(self.family.key(orbit), orbit)
        return np.array(list(first.values()), dtype=int)

    # --- transients ---

    def _settle(self, remaining: Int[np.ndarray, " orbits"]) -> Int[np.ndarray, " open"]:
        """Label what diverges, and what ends early in a fixed point or a short cycle; return the rest."""
        result, family = self.result, self.family
        orbits = family.orbits(remaining, self.starts[remaining])
        trail: list[Passage] = []
        blocks = -(-self.effort.settling_steps // _BLOCK)
        for block in range(1, blocks + 1):
            trail = [*trail, orbits.follow(_BLOCK, states=family.looks_at_states)]
            if family.looks_at_states:
                del trail[:-1]
            if not (block in _CHECKS or block % 8 == 0 or block == blocks):
                continue
            done = orbits.diverged()
            self._mark_divergent(remaining[done], orbits.hidden[done], orbits.left_at[done])
            periods = np.where(done, 0, family.candidate_periods(trail, block * _BLOCK // 2))
            self._describe_and_take(remaining, orbits.hidden, periods, block * _BLOCK, done)
            if done.all():
                return remaining[:0]
            if done.any():
                remaining = remaining[~done]
                orbits.keep(~done)
                trail = [passage.of(~done) for passage in trail]
            orbits.forget_silent_units()
        result.state[remaining] = orbits.hidden
        result.steps[remaining] = orbits.steps
        return remaining

    def _describe_and_take(
        self,
        numbers: Int[np.ndarray, " orbits"],
        hidden: Float[np.ndarray, "orbits units"],
        periods: Int[np.ndarray, " orbits"],
        steps: int,
        done: np.ndarray,
    ) -> None:
        """Note in `done` which orbits a certificate settles, and in the result what it says."""
        certificates = self.family.certify(numbers, hidden, periods, self._generator())
        for row, certificate in enumerate(certificates):
            if certificate is not None:
                done[row] = self._take(int(numbers[row]), certificate, steps)

    def _take(self, orbit: int, certificate: Certificate, steps: int) -> bool:
        """Note what a certificate says; return whether that settles the orbit."""
        if certificate.certified or certificate.reached:
            self.result.accept(orbit, certificate, steps)
            if certificate.period > 1:
                self._describe_cycle(orbit)
        elif certificate.neutral:
            self.result.neutral[orbit] = True
            self.result.steps[orbit] = steps
        return certificate.certified or certificate.reached or certificate.neutral

    def _mark_divergent(self, orbits: np.ndarray, hidden: np.ndarray, steps: int | np.ndarray) -> None:
        self.result.kind[orbits] = "divergent"
        self.result.steps[orbits] = steps
        self.result.state[orbits] = hidden

    def _describe_cycle(self, orbit: int) -> None:
        """Fill in amplitude and rotation number of a certified cycle."""
        result, period = self.result, int(self.result.period[orbit])
        states = self._follow(np.array([orbit]), result.state[orbit][None], period)[:, 0]
        points = np.concatenate([result.state[orbit][None], states])
        centred = states - states.mean(axis=0)
        result.amplitude[orbit] = np.sqrt((centred**2).sum(axis=1).mean())
        if period > 2:
            axes = np.linalg.svd(centred, full_matrices=False)[2][:4]
            result.rotation_number[orbit] = rotation_number(points @ axes.T, period)
            if not np.isnan(result.rotation_number[orbit]):
                result.rotation_digits[orbit] = np.inf

    def _follow(self, numbers: np.ndarray, hidden: np.ndarray, steps: int) -> Float[np.ndarray, "steps orbits units"]:
        return self.family.orbits(numbers, hidden).states_along(steps)

    # --- one measurement for all orbits of a map that end on the same set ---

    def _recognise(self, leading: Int[np.ndarray, " leaders"], others: Int[np.ndarray, " others"]) -> dict[int, int]:
        """Return which other orbits are on the attractor of a leading orbit of the same map.

        A cycle is recognised by a certificate of its own, any other attractor by `is_same_set`.
        """
        result, family = self.result, self.family
        following: dict[int, int] = {}
        leader_of = {family.key(leader): leader for leader in leading.tolist()}
        by_leader: dict[int, list[int]] = {}
        for orbit in others.tolist():
            if (leader := leader_of.get(family.key(orbit))) is not None:
                by_leader.setdefault(leader, []).append(orbit)
        for leader, members in by_leader.items():
            orbits = np.array(members)
            if result.kind[leader] == "cycle":
                done = np.zeros(orbits.size, bool)
                periods = np.full(orbits.size, result.period[leader])
                for row, certificate in enumerate(
                    family.certify(orbits, result.state[orbits], periods, self._generator())
                ):
                    if certificate is not None and (certificate.certified or certificate.reached):
                        done[row] = self._take(members[row], certificate, int(result.steps[members[row]]))
                following |= {int(orbit): int(orbit) for orbit in orbits[done]}
            elif result.period[leader] == 0 and result.kind[leader] != "divergent" and not result.neutral[leader]:
                states = result.state[[leader, *members]]
                trail = self._follow(np.full(len(states), leader), states, SAMPLE)
                for row, orbit in enumerate(members, start=1):
                    if is_same_set(trail[:, 0], trail[:, row]):
                        following[orbit] = leader
        return following

    def _follow_until_certain(
        self, numbers: Int[np.ndarray, " orbits"], periods: Int[np.ndarray, " orbits"]
    ) -> Bool[np.ndarray, " orbits"]:
        """Follow orbits until each is certain to go to the cycle of a given period that is near it.

        Label those that are, and return which; the others are left where they were.
        """
        certain = np.zeros(numbers.size, bool)
        for first in range(0, numbers.size, self._at_once):
            going = np.arange(first, min(first + self._at_once, numbers.size))
            orbits = self.family.orbits(numbers[going], self.result.state[numbers[going]])
            trail: list[Passage] = []
            longest = self.effort.steps * self.effort.extension
            next_look = np.full(numbers.size, 2000.0)
            while going.size and orbits.steps < longest:
                ahead = max(float(next_look[going].min()) - orbits.steps, PIECE)
                trail += [orbits.follow(PIECE) for _ in range(int(ahead) // PIECE)]
                trail = trail[-(2 * int(periods[going].max()) // PIECE + 2) :]
                due = next_look[going] < orbits.steps + PIECE
                tried = np.where(due & self.family.may_repeat(trail, periods[going]), periods[going], 0)
                certificates = self.family.certify(numbers[going], orbits.hidden, tried, self._generator())
                next_look[going[due]] = min(2 * orbits.steps, orbits.steps + 20_000)
                for row, certificate in zip(going.tolist(), certificates, strict=True):
                    if certificate is None:
                        continue
                    if certificate.certified or certificate.reached:
                        certain[row] = True
                        orbit = int(numbers[row])
                        self._take(orbit, certificate, int(self.result.steps[orbit]) + orbits.steps)
                    elif np.isfinite(certificate.steps_to_go):
                        next_look[row] = orbits.steps + max(1.1 * certificate.steps_to_go, 0.1 * orbits.steps)
                left = ~certain[going] & (next_look[going] < longest)
                going = going[left]
                orbits.keep(left)
                trail = [passage.of(left) for passage in trail]
        return certain

    # --- measurement ---

    def _measure_all(self, orbits: Int[np.ndarray, " orbits"], looks: list[int]) -> None:
        """Measure orbits for so many times T, one look after the other, until their measurements are clear."""
        result, steps = self.result, [look * self.effort.steps for look in looks]
        longest = min(self.effort.largest_period, steps[0] // 2)
        before = result.steps.copy()
        together = _COMPARED if len(looks) == 1 else _KEPT
        what, measured = "orbits measured" if len(looks) == 1 else "unclear orbits followed for longer", 0
        for first in range(0, orbits.size, together):
            some = orbits[first : first + together]
            some = some[_alike_together(result.state[some] > 0, self._at_once)]
            runs = [
                Run(self.family, numbers, result.state[numbers], longest, self._bank)
                for numbers in np.split(some, range(self._at_once, some.size, self._at_once))
            ]
            for until in steps:
                for run in runs:
                    self._label(run.numbers, run.measure_until(until), longest, before)
                    ended = (result.kind[run.numbers] != "undecided") | result.neutral[run.numbers]
                    measured += int(ended.sum()) if until < steps[-1] else ended.size
                    self.tell(Step(what, measured, orbits.size))
                    run.keep(~ended)
                runs = regrouped(self.family, [run for run in runs if run.numbers.size], self._at_once)

    def _label(
        self, numbers: Int[np.ndarray, " orbits"], measured: Measurement, longest: int, before: np.ndarray
    ) -> None:
        """Label the orbits whose measurements are clear."""
        result, family, orbits = self.result, self.family, measured.orbits
        done = orbits.diverged()
        self._mark_divergent(numbers[done], orbits.hidden[done], before[numbers[done]] + orbits.left_at[done])
        result.steps[numbers[~done]] = before[numbers[~done]] + orbits.steps
        result.state[numbers[~done]] = orbits.hidden[~done]
        result.amplitude[numbers[~done]] = measured.amplitude[~done]
        periods = np.where(done, 0, family.candidate_periods(measured.trail, longest))
        certificates = family.certify(numbers, orbits.hidden, periods, self._generator())
        doubtful, on_a_torus = [], {}
        for row, orbit in enumerate(numbers.tolist()):
            certificate = certificates[row]
            if done[row]:
                continue
            if certificate is not None and self._take(orbit, certificate, int(result.steps[orbit])):
                if result.period[orbit] > 1:
                    self._fill_in_lost_exponents(orbit, measured, row)
                continue
            count = measured.exponents.shape[1]
            result.exponents[orbit, :count] = measured.exponents[row]
            result.exponent_error[orbit, :count] = measured.exponent_error[row]
            looks = self._judge(orbit, measured, row)
            if looks >= 0:
                doubtful.append(row)
                on_a_torus[row] = looks
        near = seek_cycles(family, numbers, measured, doubtful, longest, self._generator())
        settled = self._settle_on_cycles(numbers, near, measured)
        for row in doubtful:
            if on_a_torus[row] and row not in near:
                self._accept_torus(int(numbers[row]), on_a_torus[row], measured, row, longest)
            elif not on_a_torus[row] and row not in settled:
                self._accept_if_it_repeats(int(numbers[row]), measured, row, longest)

    def _judge(self, orbit: int, measured: Measurement, row: int) -> int:
        """Label a chaotic orbit; return how many dimensions the torus of another seems to have.

        0: it contracts, and may be on its way to a long cycle; -1: its exponents are not clear.
        """
        result, points = self.result, measured.points[:, row]
        band = 10 / measured.steps
        exponents = np.append(measured.exponents[row, :3], -np.inf)
        largest, error = exponents[0], measured.exponent_error[row, 0]
        if largest > max(band, 5 * error):
            if _is_stationary(points):
                result.chaos_test[orbit] = chaos_test(points, self._generator())
                if result.chaos_test[orbit] > _CHAOS:
                    result.kind[orbit] = "chaotic"
            return -1
        if largest < -band:
            return 0
        zeros = int((np.abs(exponents) <= band).sum())
        if abs(largest) <= _CLEARLY_ZERO * band and zeros in (1, 2) and exponents[zeros] < -band:
            result.digits_gained[orbit] = digits_gained_per_decade(points)
            if result.digits_gained[orbit] >= _DIGITS and _is_stationary(points):
                return zeros
        return -1

    def _settle_on_cycles(
        self, numbers: Int[np.ndarray, " orbits"], near: dict[int, Certificate], measured: Measurement
    ) -> list[int]:
        """Label the orbits that are certain to go to the cycle that is near them, if need be after following them."""
        open_rows = [row for row, found in near.items() if not (found.certified or found.reached)]
        settled = [row for row in near if row not in open_rows]
        for row in settled:
            self._take(int(numbers[row]), near[row], int(self.result.steps[numbers[row]]))
        periods = np.array([near[row].period for row in open_rows], dtype=int)
        certain = self._follow_until_certain(numbers[open_rows], periods)
        settled += [row for row, is_certain in zip(open_rows, certain.tolist(), strict=True) if is_certain]
        for row in settled:
            self._fill_in_lost_exponents(int(numbers[row]), measured, row)
        return settled

    def _accept_torus(self, orbit: int, dimension: int, measured: Measurement, row: int, longest: int) -> None:
        result = self.result
        result.period_excluded[orbit] = longest
        if dimension == 2 and not self._comes_back(orbit):
            result.neutral[orbit] = True
            return
        result.kind[orbit] = "quasi-periodic"
        result.torus_dimension[orbit] = dimension
        if dimension == 1:
            result.rotation_number[orbit] = rotation_number(measured.points[:, row])
            result.rotation_digits[orbit] = rotation_digits(measured.points[:, row])

    def _accept_if_it_repeats(self, orbit: int, measured: Measurement, row: int, longest: int) -> None:
        """Label an orbit that contracts and repeats itself exactly, though no certificate could be had.

        Where a unit's drive is zero at the attractor, its patterns prove nothing (a network without bias or input comes
        to rest at zero); but all exponents are negative, and the orbit has come to the end of its digits. These are of
        one side only, so an orbit that begins on the attractor must take a push back as well.
        """
        states = measured.last_states(row)
        scale = max(float(np.abs(self.starts[orbit]).max(initial=0.0)), float(np.abs(states).max()), 1e-300)
        away = np.abs(states[-2::-1][:longest] - states[-1]).max(axis=1)
        if not away.min() <= _REPEATS * scale:
            return
        period = 1 + int(np.argmax(away <= _REPEATS * scale))
        relu_map = self.family.of(orbit)
        if period > 1 and isinstance(relu_map, ReluMap):
            growth = rounding_growth(relu_map, states[-period:])
            if not growth * np.finfo(float).eps <= _REPEATS:  # then the period itself may be rounding's work
                return
        if not self._shrinks(orbit, states[-period:], _PUSH * (scale if scale > 1e-300 else 1.0)):
            return
        self.result.kind[orbit] = "fixed point" if period == 1 else "cycle"
        self.result.period[orbit] = period
        if period > 1:
            self._describe_cycle(orbit)

    def _shrinks(self, orbit: int, cycle: Float[np.ndarray, "period units"], push: float) -> bool:
        """Whether an orbit that is pushed off a cycle comes nearer to it again."""
        direction: np.ndarray = self._generator().standard_normal(cycle.shape[1:])
        pushed = self._pushed(cycle[-1], push * direction)
        last = self._follow(np.array([orbit]), pushed[None], SAMPLE)[-1, 0]
        first, after = (float(np.abs(cycle - state).max(axis=1).min()) for state in (pushed, last))
        return after < _SHRUNK * first

    def _fill_in_lost_exponents(self, orbit: int, measured: Measurement, row: int) -> None:
        """Take measured exponents where those of a long cycle underflow: exp(period * exponent) is below rounding."""
        result, count = self.result, measured.exponents.shape[1]
        lost = np.flatnonzero(np.isneginf(result.exponents[orbit, :count]))
        result.exponents[orbit, lost] = measured.exponents[row, lost]
        result.exponent_error[orbit, lost] = measured.exponent_error[row, lost]

    def _pushed(self, state: Float[np.ndarray, " units"], push: Float[np.ndarray, " units"]) -> np.ndarray:
        """Return a state after a push; activities of ReLU units stay at or above zero."""
        return np.maximum(state + push, 0.0) if isinstance(self.family, ReluFamily) else state + push

    def _comes_back(self, orbit: int) -> bool:
        """Whether an orbit that is pushed off its set returns to it; in a continuum of neutral states it does not."""
        number = np.array([orbit])
        known = self._follow(number, self.result.state[orbit][None], SAMPLE)[:, 0]
        spread = known - known.mean(axis=0)
        weights = self._generator().standard_normal(known.shape[0]) / np.sqrt(known.shape[0])
        push: np.ndarray = 0.2 * weights @ spread
        pushed = self._pushed(known[-1], push)
        return is_same_set(known, self._follow(number, pushed[None], 2 * SAMPLE)[-SAMPLE:, 0])


_COMPARED = 512  # orbits of which the most alike are measured together
_KEPT = 64  # orbits whose measurements are kept at a time until they are looked at again


def _alike_together(active: Bool[np.ndarray, "orbits units"], at_once: int) -> Int[np.ndarray, " orbits"]:
    """Return an order of orbits in which those that are measured together have few different active units."""
    left, order = np.arange(len(active)), []
    while left.size:
        first, left = left[:1], left[1:]
        order.append(first)
        seen = active[first[0]]
        for _ in range(min(at_once - 1, left.size)):
            nearest = int(np.argmin((active[left] & ~seen).sum(axis=1)))
            order.append(left[nearest : nearest + 1])
            seen = seen | active[left[nearest]]
            left = np.delete(left, nearest)
    return np.concatenate(order) if order else left


def _looks(extension: int) -> list[int]:
    """Return after how many times T an orbit that was unclear is looked at again."""
    return sorted({max(1, extension // 5), max(1, extension // 2), extension})


_REPEATS = 1e-11  # of the orbit's scale
_PUSH = 1e-6  # of the orbit's scale
_SHRUNK = 0.95  # in 1,500 steps; exponents above -10/T have been told apart from zero before
_CLEARLY_ZERO = 0.5  # of the zero band 10/T: the error is at most about 4/T, and what lies between is followed further
_STATIONARY = 1.25  # largest ratio of the amplitudes in the quarters of a run
_DIGITS = 1.25  # half way between a chaotic orbit's +0.5 and a regular one's +2
_CHAOS = 0.8  # of the 0-1 test: chaotic orbits give more than 0.9, and slow growth has been seen to give 0.8


def _is_stationary(points: Float[np.ndarray, "steps axes"]) -> bool:
    """Whether the orbit is as wide in each quarter of the run as in the others: neither growing nor still settling."""
    quarters = np.array_split(points, 4)
    widths = np.array([np.sqrt(((quarter - points.mean(axis=0)) ** 2).sum(axis=1).mean()) for quarter in quarters])
    return bool(widths.max() <= _STATIONARY * widths.min())
