"""The search for cycles of a smooth map: damped Newton over all states of a cycle at once."""

from collections.abc import Iterator

import numpy as np
import scipy.linalg
from jaxtyping import Float

from attrax.dynamics.certificates.certificate import is_minimal
from attrax.dynamics.maps.smooth_map import SmoothMap
from attrax.dynamics.periodic.linear_pieces import SINGULAR, Budget

_MOST_STEPS = 60
_LENGTHS = 0.5 ** np.arange(12)
_ZERO = 1e-12  # of the orbits' scale
SAME = 1e-8
"""Two solutions this near, in units of the larger one's scale, are one."""
_ALIKE = 1e-2


class NewtonSearch:
    """One search: what it has found, and what it has spent.

    Attributes
    ----------
    found
        States of one cycle each, shape (period, units), of minimal period; each cycle once.
    """

    def __init__(
        self,
        smooth_map: SmoothMap,
        period: int,
        budget: Budget,
        starts: Float[np.ndarray, "starts units"],
        generator: np.random.Generator,
    ) -> None:
        self.map, self.period, self.budget, self.generator = smooth_map, period, budget, generator
        self.shape = (period, smooth_map.n_units)
        self.found: list[Float[np.ndarray, "steps units"]] = []
        self._errors: list[float] = []
        self.begun = starts.shape[0]
        self._orbits = self._follow(starts)
        size = max((float(np.abs(orbit).max(initial=0.0)) for orbit in self._orbits), default=0.0)
        self._scale = size if size > 0 else 1.0

    def run(self, patience: int) -> None:
        """Search until the budget is spent, or that many solves have found nothing new."""
        last, had = self.budget.used, 0
        for guess in self._guesses():
            if self.budget.spent or self.budget.used - last >= patience:
                return
            self._newton(guess)
            if len(self.found) > had:
                last, had = self.budget.used, len(self.found)
                self.budget.last_new = last

    def _follow(self, starts: np.ndarray) -> list[np.ndarray]:
        """Return the orbits, up to where they leave all bounds."""
        steps = max(120, 4 * self.period)
        orbits = np.empty((steps, *starts.shape))
        orbits[0] = starts
        with np.errstate(over="ignore", invalid="ignore"):
            for step in range(1, steps):
                orbits[step] = self.map(orbits[step - 1])
            inside = (np.abs(orbits) < 1e6 * (1 + np.abs(starts).max(initial=0.0))).all(axis=2)
        lengths = np.where(inside.all(axis=0), steps, inside.argmin(axis=0))
        return [orbits[:length, orbit] for orbit, length in enumerate(lengths) if length >= self.period]

    def _guesses(self) -> Iterator[np.ndarray]:
        """Late states of orbits first, then early and middle ones, means, noise, and what lies between solutions."""
        rng, period = self.generator, self.period
        for orbit in self._orbits:
            yield orbit[-period:]
        while True:
            way = int(rng.integers(5))
            noise = self._scale * rng.standard_normal(self.shape)
            if way == 0 or not self._orbits:
                yield rng.choice([0.3, 1.0, 3.0]) * noise
                continue
            orbit = self._orbits[rng.integers(len(self._orbits))]
            first = int(rng.integers(len(orbit) - period + 1))
            if way == 1:  # early states, in which orbits pass by saddles
                yield orbit[min(first, int(rng.integers(12))) :][:period]
            elif way == 2:
                yield orbit[first : first + period]
            elif way == 3 or len(self.found) < 2:
                length = int(np.exp(rng.uniform(0, np.log(len(orbit)))))
                mean = np.broadcast_to(orbit[first : first + length].mean(axis=0), self.shape)
                yield mean + (0.0 if period == 1 else 0.3) * noise
            else:  # between two solutions, or beyond one
                one, two = rng.choice(len(self.found), 2, replace=False)
                share = rng.uniform(-0.5, 1.5)
                yield share * self.found[one] + (1 - share) * self.found[two] + 0.03 * noise

    def _gap(self, states: Float[np.ndarray, "*batch steps units"]) -> Float[np.ndarray, "*batch steps units"]:
        """f(h_j) - h_{j+1}, round the cycle."""
        return self.map(states) - np.roll(states, -1, axis=-2)

    def _newton(self, states: np.ndarray) -> None:
        """Newton steps of the length, among halvings, at which the gap is least."""
        with np.errstate(over="ignore", invalid="ignore"):
            gap = self._gap(states)
            smallest = float(np.linalg.norm(gap))
            for _ in range(_MOST_STEPS):
                scale = max(float(np.abs(states).max()), 1e-300)
                if self.budget.spent or not np.isfinite(smallest):
                    return
                step = self._step(states, gap)
                if step is None:
                    return
                trial = states + _LENGTHS[:, None, None] * step
                gaps = self._gap(trial)
                sizes = np.linalg.norm(gaps, axis=(1, 2))
                best = int(np.where(np.isfinite(sizes), sizes, np.inf).argmin())
                if not sizes[best] < smallest * (1 - 1e-4 * _LENGTHS[best]):
                    if smallest <= 1e-11 * scale * np.sqrt(states.size):
                        self._keep(states)
                    return
                states, gap, smallest = trial[best], gaps[best], float(sizes[best])
                if smallest == 0.0:
                    self._keep(states)
                    return

    def _step(self, states: np.ndarray, gap: np.ndarray) -> np.ndarray | None:
        """Solve δ_{j+1} = J_j δ_j + gap_j round the cycle; None where I - J is singular."""
        self.budget.used += 1
        jacobians = self.map.jacobian(states)
        product, image = np.eye(self.map.n_units), np.zeros(self.map.n_units)
        for jacobian, piece in zip(jacobians, gap, strict=True):
            product, image = jacobian @ product, jacobian @ image + piece
        if not (np.isfinite(product).all() and np.isfinite(image).all()):
            return None
        matrix = np.eye(self.map.n_units) - product
        norm = float(np.abs(matrix).sum(axis=0).max())
        factors, pivots, _ = scipy.linalg.lapack.dgetrf(matrix)
        reciprocal, _ = scipy.linalg.lapack.dgecon(factors, norm)
        if not float(reciprocal) * norm > SINGULAR * (1 + float(np.abs(product).sum(axis=0).max())):
            self.budget.singular += 1
            return None
        step = np.empty(self.shape)
        step[0] = scipy.linalg.lapack.dgetrs(factors, pivots, image)[0]
        for index in range(1, self.period):
            step[index] = jacobians[index - 1] @ step[index - 1] + gap[index - 1]
        return step

    def _keep(self, states: np.ndarray) -> None:
        if float(np.abs(states).max()) <= _ZERO * self._scale and not self._gap(np.zeros(self.shape)).any():
            states = np.zeros(self.shape)  # without a bias Newton comes ever nearer to zero, where scale means nothing
        scale = max(float(np.abs(states).max()), 1e-300)
        if not is_minimal(states, scale):
            return
        error: float | None = None
        for number, other in enumerate(self.found):
            larger = max(scale, float(np.abs(other).max()))
            shifted = [np.roll(states, shift, axis=0) for shift in range(self.period)]
            apart = min(float(np.abs(one - other).max()) for one in shifted)
            if apart <= SAME * larger:
                return
            if apart <= _ALIKE * larger:  # so near that the solutions' own errors may be what keeps them apart
                error = self._error(states) if error is None else error
                if apart <= error + self._errors[number]:
                    return
        self.found.append(states)
        self._errors.append(self._error(states) if error is None else error)

    def _error(self, states: np.ndarray) -> float:
        """Bound how far a solution is from the cycle that it stands for: what its equations leave, by their inverse.

        Where the cycle is nearly marginal the equations hardly tell neighbouring states apart.
        """
        jacobians = self.map.jacobian(states)
        scale, rounding = float(np.abs(states).max()), 8 * self.map.n_units * np.finfo(float).eps
        wrong = float(np.linalg.norm(self._gap(states))) + rounding * scale * np.sqrt(states.size)
        product, grown = np.eye(self.map.n_units), 1.0
        for jacobian in jacobians[::-1]:  # an error at one step has grown by what follows
            product = product @ jacobian
            grown = max(grown, float(np.linalg.norm(product, ord=2)))
        try:
            return float(np.linalg.norm(np.linalg.inv(np.eye(self.map.n_units) - product), ord=2)) * grown * wrong
        except np.linalg.LinAlgError:
            return np.inf
