"""Labels that measurements give: chaos, curves and tori, and cycles that an orbit repeats or only nears."""

import numpy as np
from jaxtyping import Float, Int

from attrax.dynamics.certificates.certificate import Certificate
from attrax.dynamics.certificates.cycle_certificate import rounding_growth
from attrax.dynamics.labels.birkhoff import digits_gained_per_decade, rotation_digits, rotation_number
from attrax.dynamics.labels.certified_labels import CertifiedLabels
from attrax.dynamics.labels.map_family import ReluFamily
from attrax.dynamics.labels.measurement import Measurement
from attrax.dynamics.labels.near_returns import seek_cycles
from attrax.dynamics.labels.same_set import SAMPLE, is_same_set
from attrax.dynamics.labels.zero_one_test import chaos_test
from attrax.dynamics.maps.relu_map import ReluMap

_REPEATS = 1e-11  # of the orbit's scale
_PUSH = 1e-6  # of the orbit's scale
_SHRUNK = 0.95  # in 1,500 steps; exponents above -10/T have been told apart from zero before
_CLEARLY_ZERO = 0.5  # of the zero band 10/T: the error is at most about 4/T, and what lies between is followed further
_STATIONARY = 1.25  # largest ratio of the amplitudes in the quarters of a run
_DIGITS = 1.25  # half way between a chaotic orbit's +0.5 and a regular one's +2
_CHAOS = 0.8  # of the 0-1 test: chaotic orbits give more than 0.9, and slow growth has been seen to give 0.8


class MeasuredLabels:
    """What measurements add to the labels of some orbits.

    Parameters
    ----------
    certified
        The labels: those that a certificate proves come first.
    """

    def __init__(self, certified: CertifiedLabels) -> None:
        self._certified, self._family, self._result = certified, certified.family, certified.result

    def label(
        self, numbers: Int[np.ndarray, " orbits"], measured: Measurement, longest: int, before: np.ndarray
    ) -> None:
        """Label the orbits whose measurements are clear."""
        result, family, orbits = self._result, self._family, measured.orbits
        done = orbits.diverged()
        self._certified.mark_divergent(numbers[done], orbits.hidden[done], before[numbers[done]] + orbits.left_at[done])
        result.steps[numbers[~done]] = before[numbers[~done]] + orbits.steps
        result.state[numbers[~done]] = orbits.hidden[~done]
        result.amplitude[numbers[~done]] = measured.amplitude[~done]
        periods = np.where(done, 0, family.candidate_periods(measured.trail, longest))
        certificates = family.certify(numbers, orbits.hidden, periods, self._certified.generator())
        doubtful, on_a_torus = [], {}
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
                doubtful.append(row)
                on_a_torus[row] = looks
        near = seek_cycles(family, numbers, measured, doubtful, longest, self._certified.generator())
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
        result, points = self._result, measured.points[:, row]
        band = 10 / measured.steps
        exponents = np.append(measured.exponents[row, :3], -np.inf)
        largest, error = exponents[0], measured.exponent_error[row, 0]
        if largest > max(band, 5 * error):
            if _is_stationary(points):
                result.chaos_test[orbit] = chaos_test(points, self._certified.generator())
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
            self._certified.take(int(numbers[row]), near[row], int(self._result.steps[numbers[row]]))
        periods = np.array([near[row].period for row in open_rows], dtype=int)
        certain = self._certified.follow_until_certain(numbers[open_rows], periods)
        settled += [row for row, is_certain in zip(open_rows, certain.tolist(), strict=True) if is_certain]
        for row in settled:
            self._fill_in_lost_exponents(int(numbers[row]), measured, row)
        return settled

    def _accept_torus(self, orbit: int, dimension: int, measured: Measurement, row: int, longest: int) -> None:
        result = self._result
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
        scale = max(float(np.abs(self._certified.starts[orbit]).max(initial=0.0)), float(np.abs(states).max()), 1e-300)
        away = np.abs(states[-2::-1][:longest] - states[-1]).max(axis=1)
        if not away.min() <= _REPEATS * scale:
            return
        period = 1 + int(np.argmax(away <= _REPEATS * scale))
        relu_map = self._family.of(orbit)
        if period > 1 and isinstance(relu_map, ReluMap):
            growth = rounding_growth(relu_map, states[-period:])
            if not growth * np.finfo(float).eps <= _REPEATS:  # then the period itself may be rounding's work
                return
        if not self._shrinks(orbit, states[-period:], _PUSH * (scale if scale > 1e-300 else 1.0)):
            return
        self._result.kind[orbit] = "fixed point" if period == 1 else "cycle"
        self._result.period[orbit] = period
        if period > 1:
            self._certified.describe_cycle(orbit)

    def _shrinks(self, orbit: int, cycle: Float[np.ndarray, "period units"], push: float) -> bool:
        """Whether an orbit that is pushed off a cycle comes nearer to it again."""
        direction: np.ndarray = self._certified.generator().standard_normal(cycle.shape[1:])
        pushed = self._pushed(cycle[-1], push * direction)
        last = self._certified.follow(np.array([orbit]), pushed[None], SAMPLE)[-1, 0]
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

    def _comes_back(self, orbit: int) -> bool:
        """Whether an orbit that is pushed off its set returns to it; in a continuum of neutral states it does not."""
        number = np.array([orbit])
        known = self._certified.follow(number, self._result.state[orbit][None], SAMPLE)[:, 0]
        spread = known - known.mean(axis=0)
        weights = self._certified.generator().standard_normal(known.shape[0]) / np.sqrt(known.shape[0])
        push: np.ndarray = 0.2 * weights @ spread
        pushed = self._pushed(known[-1], push)
        return is_same_set(known, self._certified.follow(number, pushed[None], 2 * SAMPLE)[-SAMPLE:, 0])


def _is_stationary(points: Float[np.ndarray, "steps axes"]) -> bool:
    """Whether the orbit is as wide in each quarter of the run as in the others: neither growing nor still settling."""
    quarters = np.array_split(points, 4)
    widths = np.array([np.sqrt(((quarter - points.mean(axis=0)) ** 2).sum(axis=1).mean()) for quarter in quarters])
    return bool(widths.max() <= _STATIONARY * widths.min())
