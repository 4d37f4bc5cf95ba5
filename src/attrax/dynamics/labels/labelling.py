"""What each of many orbits settles to: divergent, fixed point, cycle, quasi-periodic, chaotic, or undecided."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from attrax.dynamics.certificates.certificate import Certificate
from attrax.dynamics.effort import Effort
from attrax.dynamics.labels.certified_labels import CertifiedLabels
from attrax.dynamics.labels.classification import N_EXPONENTS, Classification
from attrax.dynamics.labels.covering import SampledSet
from attrax.dynamics.labels.map_family import MapFamily, ReluFamily
from attrax.dynamics.labels.measured_labels import MeasuredLabels
from attrax.dynamics.labels.measurement import Run, alike_together, regrouped, without_tangents
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.orbits.compiled_steps import CHUNK
from attrax.dynamics.orbits.many_orbits import BATCHES, Passage, side_by_side
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
    In this order: divergent (norm above 1e9 times start or input, not finite, or a proof of growth without bound);
    certified fixed point or cycle; chaotic (λ1 above 10/T and above 5 standard errors, the orbit stationary, and the
    0-1 test agrees or, later, neighbours part); quasi-periodic (λ1 within 5/T of zero and the first one that is not
    within 10/T below that, stationary, averages gain digits or points lie on a curve, no cycle up to K that it has not
    drifted past at its nearest returns); else followed up to ten times longer; else undecided.

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


class Labelled(NamedTuple):
    """Labels, and what tells the sets apart that orbits settle to."""

    found: Classification
    shares_with: Int[np.ndarray, " orbits"]
    """The orbit whose measurement each shares: its own number where it has been measured itself, or certified."""
    sets: dict[int, SampledSet]
    """Of each orbit that was measured and is quasi-periodic or chaotic, by its number."""


def label_and_sample(
    family: MapFamily,
    starts: Float[np.ndarray, "orbits units"],
    effort: Effort,
    seed: int,
    on_progress: OnProgress | None = None,
) -> Labelled:
    """Label orbits as `label_orbits` does, and keep samples of the sets that those run on which come to no cycle."""
    labelling = _Labelling(family, starts, effort, seed, on_progress or ignore_progress, sampled=True)
    found = labelling.run()
    shares_with = np.arange(len(starts))
    for orbit, leader in labelling.leaders.items():
        if found.period[orbit] == 0 and found.kind[orbit] == found.kind[leader]:
            shares_with[orbit] = leader
    moving = np.flatnonzero(np.isin(found.kind, ("quasi-periodic", "chaotic")))
    return Labelled(
        found, shares_with, {n: labelling.set_of(n) for n in moving[shares_with[moving] == moving].tolist()}
    )


_ROUNDS_OF_LEADERS = 3
_BLOCK = 50
_CHECKS = frozenset([1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 28, 32, 36, 40])  # after how many blocks to look; then each 8th
_LATER = 0.4  # of the steps so far: as many more are taken before a cycle is tried again, if it has said nothing else
_SETTLED_AT_ONCE = 128
_RECOGNISED = 1500  # steps in which an orbit shows whether it is on a set that is known
_MEMORY = 400e6  # bytes of states that are kept to look for near returns


class _Labelling:
    """The order of the search: most orbits settle soon, one of each map is measured, others are compared with it."""

    def __init__(
        self,
        family: MapFamily,
        starts: Float[np.ndarray, "orbits units"],
        effort: Effort,
        seed: int,
        tell: OnProgress,
        sampled: bool = False,
    ) -> None:
        self.family, self.effort, self.starts, self.tell = family, effort, starts, tell
        # Without two orbits of one map there is nothing to compare.
        self._sampled = sampled or len({family.key(orbit) for orbit in range(len(starts))}) < len(starts)
        # The same directions for every orbit, so that none depends on which orbits are looked at together.
        n_units = family.n_units
        self._bank = np.random.default_rng([seed, 0]).standard_normal((min(N_EXPONENTS, n_units), n_units))
        at_once = int(_MEMORY / (8 * n_units * (effort.largest_period + 500)))
        fitting = max(1, min(effort.orbits_at_once, at_once, side_by_side(n_units)))
        self._at_once = max(
            (size for size in BATCHES if size <= fitting), default=1
        )  # what is compiled for more would be padding
        self._certified = CertifiedLabels(family, starts, effort, seed, self._at_once)
        self._measured = MeasuredLabels(self._certified)
        self.result = self._certified.result
        self._limits = np.full(len(starts), np.inf)  # as far as their starts and inputs allow
        self.leaders: dict[int, int] = {}
        """An orbit that was recognised on the attractor of another one, and that one."""
        self._sets: dict[tuple[int, int, int], SampledSet] = {}

    def run(self) -> Classification:
        result, effort = self.result, self.effort
        going_on = [np.zeros(0, int)]
        for first in range(0, len(self.starts), _SETTLED_AT_ONCE):
            last = min(first + _SETTLED_AT_ONCE, len(self.starts))
            going_on.append(self._settle(np.arange(first, last)))
            self.tell(Step("orbits followed until most settle", last, len(self.starts)))
        open_orbits = np.concatenate(going_on)
        leaders = self.leaders
        for attempt in range(_ROUNDS_OF_LEADERS + 1):
            # Orbits of one map mostly end on few attractors: measure one of each map, and see who is where it is.
            leading = self._one_orbit_each(open_orbits) if attempt < _ROUNDS_OF_LEADERS else open_orbits
            self._measure_all(leading, [1])
            following = self._recognise(leading, np.setdiff1d(open_orbits, leading))
            leaders.update(following)
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
        self._certified.follow_until_certain(
            followers, np.array([result.period[leaders[orbit]] for orbit in uncertain], int)
        )
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
        self._limits[remaining] = orbits.limits
        trail: list[Passage] = []
        next_try = np.zeros(remaining.size)  # of a cycle: before that its certificate would say what it has said
        blocks = -(-self.effort.settling_steps // _BLOCK)
        for block in range(1, blocks + 1):
            trail = [*trail, orbits.follow(_BLOCK, states=family.looks_at_states)]
            if family.looks_at_states:
                del trail[:-1]
            if not (block in _CHECKS or block % 8 == 0 or block == blocks):
                continue
            done = orbits.diverged()
            self._certified.mark_divergent(remaining[done], orbits.hidden[done], orbits.left_at[done])
            periods = np.where(done, 0, family.candidate_periods(trail, block * _BLOCK // 2))
            periods[(periods > 1) & (orbits.steps < next_try) & (block < blocks)] = 0
            steps = np.full(done.size, block * _BLOCK)
            certificates = self._describe_and_take(remaining, orbits.hidden, periods, steps, done)
            for row in np.flatnonzero((periods > 1) & ~done).tolist():
                certificate = certificates[row]
                to_go = np.inf if certificate is None else np.nan_to_num(certificate.steps_to_go, nan=np.inf)
                next_try[row] = orbits.steps + min(float(to_go), _LATER * orbits.steps)
            if done.all():
                return remaining[:0]
            if done.any():
                remaining, next_try = remaining[~done], next_try[~done]
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
        steps: Int[np.ndarray, " orbits"],
        done: Bool[np.ndarray, " orbits"],
    ) -> list[Certificate | None]:
        """Note in `done` which orbits a certificate settles, and in the result what it says; return them all."""
        certificates = self.family.certify(numbers, hidden, periods, self._certified.generator())
        for row, certificate in enumerate(certificates):
            if certificate is not None:
                done[row] = self._certified.take(int(numbers[row]), certificate, int(steps[row]))
        return certificates

    # --- one measurement for all orbits of a map that end on the same set ---

    def _recognise(self, leading: Int[np.ndarray, " leaders"], others: Int[np.ndarray, " others"]) -> dict[int, int]:
        """Return which other orbits are on the attractor of a leading orbit of the same map.

        A cycle is recognised by a certificate of its own, any other attractor by `SampledSet.holds`.
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
                following |= {orbit: orbit for orbit in self._on_cycles(orbits, int(result.period[leader]))}
            elif result.period[leader] == 0 and result.kind[leader] != "divergent" and not result.neutral[leader]:
                known = self.set_of(leader)
                trail = self._certified.follow(np.full(orbits.size, leader), result.state[orbits], _RECOGNISED)
                following |= {orbit: leader for row, orbit in enumerate(members) if known.holds(trail[:, row])}
        return following

    def _on_cycles(self, orbits: Int[np.ndarray, " orbits"], period: int) -> list[int]:
        """Label orbits that are certain to go to a cycle of a period that another one has; return which."""
        done = np.zeros(orbits.size, bool)
        periods, steps = np.full(orbits.size, period), self.result.steps[orbits]
        self._describe_and_take(orbits, self.result.state[orbits], periods, steps, done)
        return [int(orbit) for orbit in orbits[done]]

    def set_of(self, orbit: int) -> SampledSet:
        """Return the set on which an orbit runs that was measured."""
        result, dimension = self.result, int(self.result.torus_dimension[orbit])
        key = orbit, int(result.steps[orbit]), dimension  # an orbit may have been followed for longer meanwhile
        if key not in self._sets:
            with np.errstate(divide="ignore"):
                relaxation = -1.0 / float(result.exponents[orbit, dimension]) if dimension else np.nan
            sample = self._measured.samples[orbit]
            self._sets[key] = SampledSet(self.family, orbit, result.state[orbit], sample, dimension, relaxation)
        return self._sets[key]

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
            some = some[alike_together(result.state[some] > 0, self._at_once)]
            runs = [
                Run(self.family, numbers, result.state[numbers], longest, self._bank, self._sampled)
                for numbers in np.split(some, range(self._at_once, some.size, self._at_once))
            ]
            for run in runs:
                run.orbits.limits = self._limits[run.numbers]
            for look in _EARLY if len(steps) == 1 and steps[0] >= _EARLY[0] * CHUNK else ():
                for run in runs:
                    run.measure_until(steps[0] // look, states=False)
                riding = [run for run in runs if run.tangents]
                on_curves = [run.on_curves(10 / steps[0]) for run in riding]
                runs = [run for run in runs if not run.tangents]
                runs += without_tangents(self.family, riding, on_curves, self._at_once)
            for until in steps:
                for run in runs:
                    self._measured.label(run.numbers, run.measure_until(until), longest, before)
                    run.forget_states()  # those of all runs at once would be gigabytes
                self._measured.settle_doubts(longest)
                for run in runs:
                    ended = (result.kind[run.numbers] != "undecided") | result.neutral[run.numbers]
                    measured += int(ended.sum()) if until < steps[-1] else ended.size
                    self.tell(Step(what, measured, orbits.size))
                    run.keep(~ended)
                if until < steps[-1]:
                    runs = regrouped(self.family, [run for run in runs if run.numbers.size], self._at_once)


_EARLY = (5, 2)  # after these parts of T the exponents of most curves are clear
_COMPARED = 512  # orbits of which the most alike are measured together
_KEPT = 64  # orbits whose measurements are kept at a time until they are looked at again


def _looks(extension: int) -> list[int]:
    """Return after how many times T an orbit that was unclear is looked at again."""
    return sorted({max(1, extension // 5), max(1, extension // 2), extension})
