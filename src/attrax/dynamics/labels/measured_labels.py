"""Labels that measurements give: chaos, curves and tori, and cycles that an orbit repeats or only nears."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from attrax.dynamics.certificates.certificate import Certificate
from attrax.dynamics.certificates.cycle_certificate import rounding_growth
from attrax.dynamics.labels.birkhoff import digits_gained_per_decade, rotation_digits, rotation_number
from attrax.dynamics.labels.certified_labels import CertifiedLabels
from attrax.dynamics.labels.covering import SampledSet
from attrax.dynamics.labels.map_family import ReluFamily
from attrax.dynamics.labels.measurement import Measurement
from attrax.dynamics.labels.near_returns import NearReturn, have_cycles, nearest_returns
from attrax.dynamics.labels.same_set import averages_apart, compare
from attrax.dynamics.labels.set_samples import SetSample, common_axes
from attrax.dynamics.labels.zero_one_test import chaos_test
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.orbits.many_orbits import PIECE

_REPEATS = 1e-11  # of the orbit's scale
_PUSH = 1e-6  # of the orbit's scale
_PUSHED_FOR, _SHRUNK = 1500, 0.95  # in so many steps; exponents above -10/T have been told apart from zero before
_CLEARLY_ZERO = 0.5  # of the zero band 10/T: the error is at most about 4/T, and what lies between is followed further
_KNOWN, _LAST = 3000, 10_000  # steps that are compared after a push, and of the set that it is to lead back to
_ALIKE = 4.0  # errors of long-run averages
_OUT = 0.2  # of the distance from the mean
_STATIONARY = 1.25  # largest ratio of the amplitudes in the quarters of a run
_DIGITS = 1.25  # half way between a chaotic orbit's +0.5 and a regular one's +2
_BESIDE, _APART = 1e-9, 3e-3  # of the size: chaos may stay within narrow bands
_FOLDS = 40  # so many times e: twice what it takes at the measured exponent
_CHAOS = 0.8  # of the 0-1 test: chaotic orbits give more than 0.9, and slow growth has been seen to give 0.8


@dataclass(frozen=True)
class _Doubt:
    """An orbit that may go to a cycle, though it looks quasi-periodic or only contracts."""

    orbit: int
    dimension: int
    """Of the torus that it seems to run on; 0: of none."""
    measured: Measurement
    """Of this orbit alone."""
    returns: list[NearReturn]
    repeated: Float[np.ndarray, "period units"] | None
    """The cycle that it repeats to the end of its digits, if any."""


class MeasuredLabels:
    """What measurements add to the labels of some orbits.

    Parameters
    ----------
    certified
        The labels: those that a certificate proves come first.

    Attributes
    ----------
    samples
        Of the sets on which measured orbits run, by the orbit's number, where samples were kept.
    """

    def __init__(self, certified: CertifiedLabels) -> None:
        self._certified, self._family, self._result = certified, certified.family, certified.result
        self.samples: dict[int, SetSample] = {}
        # Orbits near whose returns there is a cycle, and that were not certain to go there after all the effort.
        self._followed_in_vain: set[int] = set()
        self._doubts: list[_Doubt] = []

    def label(
        self, numbers: Int[np.ndarray, " orbits"], measured: Measurement, longest: int, before: np.ndarray
    ) -> None:
        """Label the orbits whose measurements are clear; `settle_doubts` labels those that may go to a cycle."""
        result, family, orbits = self._result, self._family, measured.orbits
        done = orbits.diverged()
        self._certified.mark_divergent(numbers[done], orbits.hidden[done], before[numbers[done]] + orbits.left_at[done])
        result.steps[numbers[~done]] = before[numbers[~done]] + orbits.steps
        result.state[numbers[~done]] = orbits.hidden[~done]
        result.amplitude[numbers[~done]] = measured.amplitude[~done]
        periods = np.where(done, 0, family.candidate_periods(measured.trail, longest))
        certificates = family.certify(numbers, orbits.hidden, periods, self._certified.generator())
        doubtful: dict[int, int] = {}
        for row, orbit in enumerate(numbers.tolist()):
            certificate = certificates[row]
            if done[row]:
                continue
            if certificate is not None and self._certified.take(orbit, certificate, int(result.steps[orbit])):
                if result.period[orbit] > 1:
                    self._fill_in_lost_exponents(orbit, measured, row)
                continue
            count = measured.exponents.shape[1]
            result.exponents[orbit, :count] = measured.exponents[row]
            result.exponent_error[orbit, :count] = measured.exponent_error[row]
            looks = self._judge(orbit, measured, row)
            if looks >= 0:
                doubtful[row] = looks
            elif result.kind[orbit] == "undecided":
                result.neutral[orbit] = self._is_neutral(orbit, measured, row, longest)
            if len(measured.sample):
                self.samples[orbit] = SetSample(measured.sample[:, row].copy())
        curves = [row for row, dimension in doubtful.items() if dimension == 1]
        returns = nearest_returns(family, numbers, measured, list(doubtful), longest, curves)
        for row, dimension in doubtful.items():
            repeated = None if dimension else self._repeated(int(numbers[row]), measured.last_states(row), longest)
            self._doubts.append(_Doubt(int(numbers[row]), dimension, measured.of(row), returns.get(row, []), repeated))

    def settle_doubts(self, longest: int) -> None:
        """Label the orbits of which `label` has left open whether they go to a cycle.

        For all of them together, so that those are solved and followed side by side that take about as long.

        Parameters
        ----------
        longest
            K.
        """
        doubts, self._doubts = self._doubts, []
        returns = [found for doubt in doubts for found in doubt.returns]
        solved: dict[int, list[int]] = {}
        for found, has_cycle in zip(returns, have_cycles(self._family, returns).tolist(), strict=True):
            if has_cycle:
                solved.setdefault(found.orbit, []).append(found.period)
        settled = self._settle_on_cycles([doubt for doubt in doubts if doubt.orbit in solved], solved)
        for doubt in doubts:
            if doubt.dimension and doubt.orbit not in solved:
                self._accept_torus(doubt, longest)
            elif not doubt.dimension and doubt.orbit not in settled and doubt.repeated is not None:
                self._accept_if_it_attracts(doubt.orbit, doubt.repeated)

    def _judge(self, orbit: int, measured: Measurement, row: int) -> int:
        """Label a chaotic orbit; return how many dimensions the torus of another seems to have.

        0: it contracts, and may be on its way to a long cycle; -1: its exponents are not clear.
        """
        result, points = self._result, measured.points[:, row]
        band = 10 / measured.steps
        exponents = np.append(measured.exponents[row, :3], -np.inf)
        largest, error = exponents[0], measured.exponent_error[row, 0]
        if largest > max(band, 5 * error):
            if _is_stationary(points):
                result.chaos_test[orbit] = chaos_test(points, self._certified.generator())
                # A transient is chaotic as well: what the 0-1 test denies must go on for longer.
                lasting = measured.steps > self._certified.effort.steps and largest > 2 * band
                if result.chaos_test[orbit] > _CHAOS or (lasting and self._parts(orbit, largest)):
                    result.kind[orbit] = "chaotic"
            return -1
        exponents = np.append(measured.weighted_exponents[row, :3], -np.inf)
        if exponents[0] < -band:
            return 0
        zeros = int((np.abs(exponents) <= band).sum())
        if not (abs(exponents[0]) <= _CLEARLY_ZERO * band and zeros in (1, 2) and exponents[zeros] < -band):
            return -1
        result.digits_gained[orbit] = digits_gained_per_decade(points)
        if not _is_stationary(points):
            return -1
        if result.digits_gained[orbit] >= _DIGITS:
            return zeros
        return 1 if zeros == 1 and self._runs_on_a_curve(orbit, measured, row) else -1

    def _runs_on_a_curve(self, orbit: int, measured: Measurement, row: int) -> bool:
        """Whether an orbit's points lie on a curve, though averages along it have not settled yet."""
        across = np.append(measured.weighted_exponents[row], -np.inf)[1]  # below zero, or this is not asked
        state, relaxation = self._result.state[orbit], -1 / float(across)
        sample = SetSample(measured.points[:, row].copy())
        return SampledSet(self._family, orbit, state, sample, 1, relaxation, measured.axes[row]).is_curve()

    def _parts(self, orbit: int, exponent: float) -> bool:
        """Whether a neighbour a billionth of the size away is soon a few million times as far away, on the same set.

        As it is in chaos. On a curve or a torus neighbours part no faster than in proportion to time; from a set that
        is exactly invariant and repels across itself they part as fast, and leave it.
        """
        result, state = self._result, self._result.state[orbit]
        push: np.ndarray = self._certified.generator().standard_normal(self._family.n_units)
        size = float(result.amplitude[orbit])
        if not size > _REPEATS / _BESIDE * self._scale(orbit, state[None]):  # the push would be lost in rounding
            return False
        pushed = self._pushed(state, _BESIDE * size / float(np.linalg.norm(push)) * push)
        orbits = self._family.orbits(np.array([orbit, orbit]), np.stack([state, pushed]))
        steps, apart = 0, 0.0
        while apart < _APART * size and steps < _FOLDS / exponent:
            hidden = orbits.record(PIECE)[-1]
            apart, steps = float(np.linalg.norm(hidden[1] - hidden[0])), steps + PIECE
        if apart < _APART * size or (orbits.left_at >= 0).any():
            return False
        orbits.follow(min(int(_FOLDS / exponent), _LAST))  # where it leaves, it leaves at the same rate
        later = orbits.states_along(_LAST) @ common_axes(self._family.n_units).T
        return compare(SetSample(later[:, 0]), SetSample(later[:, 1]), dimension=0) != "other"

    def _settle_on_cycles(self, doubts: "list[_Doubt]", solved: dict[int, list[int]]) -> set[int]:
        """Label the orbits that are certain to go to the cycle that is near them, if need be after following them."""
        result, settled, following = self._result, {}, {}
        longest = self._certified.effort.steps * self._certified.effort.extension
        for doubt in doubts:
            certificate = self._at_a_cycle(doubt, solved[doubt.orbit])
            if certificate is not None:
                self._certified.take(doubt.orbit, certificate, int(result.steps[doubt.orbit]))
                settled[doubt.orbit] = doubt
            elif doubt.orbit not in self._followed_in_vain or doubt.measured.steps >= longest:
                following[doubt.orbit] = doubt
        orbits = np.array(sorted(following, key=lambda orbit: solved[orbit][0]), dtype=int)
        periods = np.array([solved[orbit][0] for orbit in orbits.tolist()], dtype=int)
        certain = self._certified.follow_until_certain(orbits, periods)
        self._followed_in_vain |= set(orbits[~certain].tolist())
        settled |= {orbit: following[orbit] for orbit in orbits[certain].tolist()}
        for orbit, doubt in settled.items():
            self._fill_in_lost_exponents(orbit, doubt.measured, 0)
        return set(settled)

    def _at_a_cycle(self, doubt: "_Doubt", periods: list[int]) -> Certificate | None:
        """Return a certificate that an orbit goes to a cycle of one of some periods, from where it is; else none."""
        number, state = np.array([doubt.orbit]), self._result.state[doubt.orbit][None]
        for period in periods:
            if not self._family.may_repeat(doubt.measured.trail, np.array([period]))[0]:
                continue
            (found,) = self._family.certify(number, state, np.array([period]), self._certified.generator())
            if found is not None and (found.certified or found.reached):
                return found
        return None

    def _accept_torus(self, doubt: "_Doubt", longest: int) -> None:
        result, orbit, measured = self._result, doubt.orbit, doubt.measured
        result.period_excluded[orbit] = longest
        if doubt.dimension == 2 and not self._comes_back(doubt):
            result.neutral[orbit] = True
            return
        result.kind[orbit] = "quasi-periodic"
        result.torus_dimension[orbit] = doubt.dimension
        result.exponents[orbit, : measured.weighted_exponents.shape[1]] = measured.weighted_exponents[0]
        if doubt.dimension == 1:
            result.rotation_number[orbit] = rotation_number(measured.points[:, 0])
            result.rotation_digits[orbit] = rotation_digits(measured.points[:, 0])

    def _repeated(
        self, orbit: int, states: Float[np.ndarray, "steps units"], longest: int
    ) -> Float[np.ndarray, "period units"] | None:
        """Return the cycle that an orbit repeats to the end of its digits; none where it does not."""
        scale = self._scale(orbit, states)
        away = np.abs(states[-2::-1][:longest] - states[-1]).max(axis=1)
        if not away.min() <= _REPEATS * scale:
            return None
        period = 1 + int(np.argmax(away <= _REPEATS * scale))
        relu_map = self._family.of(orbit)
        if period > 1 and isinstance(relu_map, ReluMap):
            growth = rounding_growth(relu_map, states[-period:])
            if not growth * np.finfo(float).eps <= _REPEATS:  # then the period itself may be rounding's work
                return None
        return states[-period:].copy()

    def _is_neutral(self, orbit: int, measured: Measurement, row: int, longest: int) -> bool:
        """Whether an orbit repeats itself exactly and takes back no push: one of a continuum of cycles."""
        if abs(measured.weighted_exponents[row, 0]) > 10 / measured.steps:
            return False
        cycle = self._repeated(orbit, measured.last_states(row), longest)
        return cycle is not None and not self._shrinks(orbit, cycle, _PUSH * self._scale(orbit, cycle))

    def _scale(self, orbit: int, states: Float[np.ndarray, "steps units"]) -> float:
        return max(float(np.abs(self._certified.starts[orbit]).max(initial=0.0)), float(np.abs(states).max()), 1e-300)

    def _accept_if_it_attracts(self, orbit: int, cycle: Float[np.ndarray, "period units"]) -> None:
        """Label an orbit that contracts and repeats itself exactly, though no certificate could be had.

        Where a unit's drive is zero at the attractor, its patterns prove nothing (a network without bias or input comes
        to rest at zero); but all exponents are negative, and the orbit has come to the end of its digits. These are of
        one side only, so an orbit that begins on the attractor must take a push back as well.
        """
        scale = self._scale(orbit, cycle)
        if not self._shrinks(orbit, cycle, _PUSH * (scale if scale > 1e-300 else 1.0)):
            return
        self._result.kind[orbit] = "fixed point" if len(cycle) == 1 else "cycle"
        self._result.period[orbit] = len(cycle)
        if len(cycle) > 1:
            self._certified.describe_cycle(orbit)

    def _shrinks(self, orbit: int, cycle: Float[np.ndarray, "period units"], push: float) -> bool:
        """Whether an orbit that is pushed off a cycle comes nearer to it again."""
        direction: np.ndarray = self._certified.generator().standard_normal(cycle.shape[1:])
        pushed = self._pushed(cycle[-1], push * direction)
        last = self._certified.follow(np.array([orbit]), pushed[None], _PUSHED_FOR)[-1, 0]
        first, after = (float(np.abs(cycle - state).max(axis=1).min()) for state in (pushed, last))
        return after < _SHRUNK * first

    def _fill_in_lost_exponents(self, orbit: int, measured: Measurement, row: int) -> None:
        """Take measured exponents where those of a long cycle underflow: exp(period * exponent) is below rounding."""
        result, count = self._result, measured.exponents.shape[1]
        lost = np.flatnonzero(np.isneginf(result.exponents[orbit, :count]))
        result.exponents[orbit, lost] = measured.exponents[row, lost]
        result.exponent_error[orbit, lost] = measured.exponent_error[row, lost]

    def _pushed(self, state: Float[np.ndarray, " units"], push: Float[np.ndarray, " units"]) -> np.ndarray:
        """Return a state after a push; activities of ReLU units stay at or above zero."""
        return np.maximum(state + push, 0.0) if isinstance(self._family, ReluFamily) else state + push

    def _comes_back(self, doubt: "_Doubt") -> bool:
        """Whether an orbit that is pushed off its torus, out or in, returns to it: in a neutral continuum none does."""
        orbit, axes = np.array([doubt.orbit]), doubt.measured.axes[0]
        passed = self._certified.follow(orbit, self._result.state[doubt.orbit][None], _KNOWN)[:, 0]
        known = SetSample(np.concatenate([doubt.measured.points[-_LAST:, 0], passed @ axes.T]))
        for push in (_OUT, -_OUT):
            pushed = self._pushed(passed[-1], push * (passed[-1] - passed.mean(axis=0)))
            returned = self._certified.follow(orbit, pushed[None], 2 * _KNOWN)[-_KNOWN:, 0]
            again = SetSample(returned @ axes.T)
            told = compare(known, again, dimension=2)
            # Turns that nearly resonate leave holes for ever; the averages are those of this torus or of another.
            if told == "other" or (told == "unclear" and averages_apart(known, again)[0] > _ALIKE):
                return False
        return True


def _is_stationary(points: Float[np.ndarray, "steps axes"]) -> bool:
    """Whether the orbit is as wide in each quarter of the run as in the others: neither growing nor still settling."""
    quarters = np.array_split(points, 4)
    widths = np.array([np.sqrt(((quarter - points.mean(axis=0)) ** 2).sum(axis=1).mean()) for quarter in quarters])
    return bool(widths.max() <= _STATIONARY * widths.min())
