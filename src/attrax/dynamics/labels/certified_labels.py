"""Labels that a certificate proves, and orbits that are followed until one does."""

import numpy as np
from jaxtyping import Bool, Float, Int

from attrax.dynamics.certificates.certificate import Certificate
from attrax.dynamics.effort import Effort
from attrax.dynamics.labels.birkhoff import rotation_number
from attrax.dynamics.labels.classification import Classification
from attrax.dynamics.labels.map_family import MapFamily
from attrax.dynamics.orbits.many_orbits import PIECE, Passage

_FOLLOWED_ON = 2  # times the longest measurement: following costs a third of measuring


class CertifiedLabels:
    """The labels of some orbits, as far as they are known, and what certificates add to them.

    Parameters
    ----------
    family, starts
        The map of each orbit, and its first state.
    effort
        How long to look.
    seed
        Of the directions that certificates try.
    at_once
        How many orbits are followed together.

    Attributes
    ----------
    result
        What is known of each orbit.
    """

    def __init__(
        self, family: MapFamily, starts: Float[np.ndarray, "orbits units"], effort: Effort, seed: int, at_once: int
    ) -> None:
        self.family, self.starts, self.effort, self.seed = family, starts, effort, seed
        self.result = Classification.undecided(starts)
        self._at_once = at_once

    def generator(self) -> np.random.Generator:
        """Return random numbers: the same ones each time, so that no label depends on those before it."""
        return np.random.default_rng([self.seed, 1])

    def take(self, orbit: int, certificate: Certificate, steps: int) -> bool:
        """Note what a certificate says; return whether that settles the orbit."""
        if certificate.divergent:
            self.result.kind[orbit] = "divergent"
            self.result.certified[orbit] = True
            self.result.state[orbit] = certificate.state
            self.result.exponents[orbit], self.result.exponent_error[orbit] = np.nan, np.nan
            self.result.steps[orbit] = steps
            return True
        if certificate.certified or certificate.reached:
            self.result.accept(orbit, certificate, steps)
            if certificate.period > 1:
                self.describe_cycle(orbit)
        elif certificate.neutral:
            self.result.neutral[orbit] = True
            self.result.steps[orbit] = steps
        return certificate.certified or certificate.reached or certificate.neutral

    def mark_divergent(self, orbits: np.ndarray, hidden: np.ndarray, steps: int | np.ndarray) -> None:
        """Label orbits that have left, at the step and the state at which they did."""
        self.result.kind[orbits] = "divergent"
        self.result.steps[orbits] = steps
        self.result.state[orbits] = hidden

    def describe_cycle(self, orbit: int) -> None:
        """Fill in amplitude and rotation number of a certified cycle."""
        result, period = self.result, int(self.result.period[orbit])
        states = self.follow(np.array([orbit]), result.state[orbit][None], period)[:, 0]
        points = np.concatenate([result.state[orbit][None], states])
        centred = states - states.mean(axis=0)
        result.amplitude[orbit] = np.sqrt((centred**2).sum(axis=1).mean())
        if period > 2:
            axes = np.linalg.svd(centred, full_matrices=False)[2][:4]
            result.rotation_number[orbit] = rotation_number(points @ axes.T, period)
            if not np.isnan(result.rotation_number[orbit]):
                result.rotation_digits[orbit] = np.inf

    def follow(self, numbers: np.ndarray, hidden: np.ndarray, steps: int) -> Float[np.ndarray, "steps orbits units"]:
        """Return the states after each of some steps from where some orbits are."""
        return self.family.orbits(numbers, hidden).states_along(steps)

    def follow_until_certain(
        self, numbers: Int[np.ndarray, " orbits"], periods: Int[np.ndarray, " orbits"]
    ) -> Bool[np.ndarray, " orbits"]:
        """Follow orbits until each is certain to go to the cycle of a given period that is near it.

        Label those that are, and return which; the others are left where they were, after all the effort that there is.
        """
        certain = np.zeros(numbers.size, bool)
        for first in range(0, numbers.size, self._at_once):
            going = np.arange(first, min(first + self._at_once, numbers.size))
            orbits = self.family.orbits(numbers[going], self.result.state[numbers[going]])
            trail: list[Passage] = []
            longest = _FOLLOWED_ON * self.effort.steps * self.effort.extension
            next_look = np.full(numbers.size, 2000.0)
            while going.size and orbits.steps <= longest:
                ahead = max(float(next_look[going].min()) - orbits.steps, PIECE)
                trail += [orbits.follow(PIECE) for _ in range(int(ahead) // PIECE)]
                trail = trail[-(2 * int(periods[going].max()) // PIECE + 2) :]
                due = next_look[going] < orbits.steps + PIECE
                tried = np.where(due & self.family.may_repeat(trail, periods[going]), periods[going], 0)
                certificates = self.family.certify(numbers[going], orbits.hidden, tried, self.generator())
                later = min(2 * orbits.steps, orbits.steps + 20_000)
                next_look[going[due]] = later if orbits.steps >= longest else min(later, longest)
                for row, certificate in zip(going.tolist(), certificates, strict=True):
                    if certificate is None:
                        continue
                    if certificate.certified or certificate.reached:
                        certain[row] = True
                        orbit = int(numbers[row])
                        self.take(orbit, certificate, int(self.result.steps[orbit]) + orbits.steps)
                    elif np.isfinite(certificate.steps_to_go):
                        next_look[row] = orbits.steps + max(1.1 * certificate.steps_to_go, 0.1 * orbits.steps)
                left = ~certain[going] & (next_look[going] <= longest)
                going = going[left]
                orbits.keep(left)
                trail = [passage.of(left) for passage in trail]
        return certain
