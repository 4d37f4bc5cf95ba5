"""The search for all cycles of one period of a ReLU map, stable or not; a fixed point has period 1.

Where there are few patterns, all are solved. Otherwise four ways lead to solutions, and share the budget of linear
solves:

- damped Newton from states of orbits, their means, the bias, and noise around them. SCYFI's step from pattern to
  pattern is Newton's full step; with the step shortened until the residual falls it converges where that one wanders;
- full steps from random patterns: a chain of few solves, good in small networks;
- the branch through a solution along a bias that takes one unit towards its border. Behind the border mostly lies the
  partner with which the solution would merge: a saddle sits across one border from a stable point;
- the branch along a random direction of the bias, all round the circle.
"""

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
from jaxtyping import Bool, Float

from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.periodic.linear_pieces import Budget, Piece, Pieces, states_of, walk

_LENGTHS = 0.5 ** np.arange(14)
_MOST_NEWTON_STEPS = 60
_LONGEST_CHAIN = 25  # full steps that have not arrived by then seldom do
_IDLE = 100  # attempts in a row that met known pieces only
_SMALL, _TINY = 40, 6  # units times steps


class ReluSearch:
    """One search: what it has found, and what it has spent.

    Attributes
    ----------
    found
        Consistent pieces, each once up to the step it begins at. Those of smaller period are among them: their
        branches lead to the others.
    found_at
        For each, how many solves had been spent by then.
    """

    def __init__(
        self,
        relu_map: ReluMap,
        period: int,
        budget: Budget,
        starts: Float[np.ndarray, "starts units"],
        generator: np.random.Generator,
    ) -> None:
        self.map, self.period, self.budget, self.generator = relu_map, period, budget, generator
        self.shape = (period, relu_map.n_units)
        self.pieces = Pieces(relu_map, period, budget)
        self.found: list[Piece] = []
        self.found_at: list[int] = []
        self._keys: set[bytes] = set()
        self._chained: set[bytes] = set()
        self._orbits = self._follow(starts)
        size = float(np.sqrt((relu_map.bias**2).mean()))
        self._scale = size if size > 0 else 1.0
        self._probes = self._tasks_for_probes()

    def run(self, patience: int) -> None:
        """Search until the budget is spent, all pieces are known, or `patience` solves have found nothing new."""
        cells = self.map.n_units * self.period
        if cells <= _TINY:  # every pattern there is: fewer solves than a search, and nothing is missed
            for number in range(2**cells):
                piece = self.pieces.at((number >> np.arange(cells) & 1).astype(bool).reshape(self.shape))
                if piece is not None:
                    self._keep(piece)
            return
        guesses = self._guesses()
        ways: list[Callable[[], None]] = [
            lambda: self._newton(next(guesses)),
            self._chain_from_anywhere,
            self._probe,
            self._circle,
        ]
        # In a small map chains are short and a circle has few corners; in a large one both wander for long.
        shares = np.array([1.0, 1.0, 1.0, 2.0] if cells <= _SMALL else [8.0, 0.2, 1.0, 0.2])
        spent, idle, last = np.zeros(len(ways)), 0, self.budget.used
        for _ in range(len(self._orbits) + 1):  # what orbits visit comes first
            ways[0]()
        while not self.budget.spent and not self.pieces.exhausted and idle < _IDLE:
            if self.budget.used - last >= patience:
                return
            used, had = self.budget.used, len(self.found)
            way = int((spent / shares).argmin())
            ways[way]()
            spent[way] += max(self.budget.used - used, 2)
            idle = 0 if self.budget.used > used or len(self.found) > had else idle + 1
            last = self.budget.used if len(self.found) > had else last

    def _follow(self, starts: np.ndarray) -> list[np.ndarray]:
        """Return the drives along the orbits, up to where they leave all bounds."""
        steps = max(120, 4 * self.period)
        drives = np.empty((steps, *starts.shape))
        hidden = starts
        with np.errstate(over="ignore", invalid="ignore"):
            for step in range(steps):
                drives[step] = hidden @ self.map.weights.T + self.map.bias
                hidden = (1 - self.map.leak) * hidden + self.map.leak * np.maximum(drives[step], 0.0)
            bound = 1e3 * (1 + np.abs(starts).max(initial=0.0) + np.abs(self.map.bias).max(initial=0.0))
            inside = (np.abs(drives) < bound).all(axis=2)
        lengths = np.where(inside.all(axis=0), steps, inside.argmin(axis=0))
        return [drives[:length, orbit] for orbit, length in enumerate(lengths) if length >= self.period]

    def _keep(self, piece: Piece) -> bool:
        if not piece.consistent:
            return False
        key = np.packbits(piece.pattern).tobytes()
        if key not in self._keys:
            for shift in range(self.period):
                self._keys.add(np.packbits(np.roll(piece.pattern, shift, axis=0)).tobytes())
            self.found.append(piece)
            self.found_at.append(self.budget.used)
            self.budget.last_new = self.budget.used
        return True

    def _chain(self, pattern: Bool[np.ndarray, "steps units"]) -> None:
        """Full Newton steps from pattern to pattern, up to one that was met before."""
        for _ in range(_LONGEST_CHAIN):
            key = np.packbits(pattern).tobytes()
            if key in self._chained:
                return
            self._chained.add(key)
            piece = self.pieces.at(pattern)
            if piece is None or self._keep(piece):
                return
            pattern = piece.drives > 0

    def _chain_from_anywhere(self) -> None:
        density = self.generator.choice([0.5, self.generator.random()])
        self._chain(self.generator.random(self.shape) < density)

    def _newton(self, drives: Float[np.ndarray, "steps units"]) -> None:
        """Newton steps of the length, among halvings, at which the residual is least."""
        smallest = float(np.linalg.norm(self._residual(drives)))
        for _ in range(_MOST_NEWTON_STEPS):
            piece = self.pieces.at(drives > 0)
            if piece is None or self._keep(piece):
                return
            trial = drives + _LENGTHS[:, None, None] * (piece.drives - drives)
            residuals = np.linalg.norm(self._residual(trial), axis=(1, 2))
            best = int(residuals.argmin())
            if not residuals[best] < smallest * (1 - 1e-4 * _LENGTHS[best]):
                return
            drives, smallest = trial[best], float(residuals[best])

    def _residual(self, drives: np.ndarray) -> np.ndarray:
        """Return x - W h - b, h the states that a period of the rates relu(x), repeated for ever, leaves."""
        states = states_of(drives, self.map.leak)
        return drives - states @ self.map.weights.T - self.map.bias

    def _guesses(self) -> Iterator[np.ndarray]:
        rng, period = self.generator, self.period
        yield np.broadcast_to(self.map.bias, self.shape)
        for orbit in self._orbits:
            yield orbit[-period:]
        if period == 1:
            for orbit in self._orbits:
                yield orbit[len(orbit) // 4 :].mean(axis=0)[None]
        while True:
            way = int(rng.integers(6))
            noise = rng.standard_normal(self.shape)
            if way == 0 or not self._orbits:
                yield self.map.bias + rng.uniform(0.3, 1.5) * self._scale * noise
                continue
            orbit = self._orbits[rng.integers(len(self._orbits))]
            first = int(rng.integers(len(orbit) - period + 1))
            if way == 1:  # early states, in which orbits pass by saddles
                yield orbit[min(first, int(rng.integers(12))) :][:period]
            elif way == 2:
                yield orbit[first : first + period]
            elif way == 3:  # a mean over a window; for a cycle with noise, to break the symmetry
                length = int(np.exp(rng.uniform(0, np.log(len(orbit)))))
                mean = orbit[first : first + length].mean(axis=0)
                yield mean + (0.0 if period == 1 else rng.uniform(0.1, 1)) * self._scale * noise
            elif way == 4:
                yield rng.uniform(0.5, 2.0) * self._scale * noise
            elif len(self.found) > 1:  # between two solutions, or beyond one
                one, two = rng.choice(len(self.found), 2, replace=False)
                share = rng.uniform(-0.5, 1.5)
                mixed = share * self.found[one].drives + (1 - share) * self.found[two].drives
                yield mixed + 0.1 * float(np.std(mixed)) * noise
            elif self.found:
                yield self.found[0].drives + rng.uniform(0.3, 1.5) * float(np.std(self.found[0].drives)) * noise
            else:
                yield rng.uniform(0.5, 2.0) * self._scale * noise

    def _tasks_for_probes(self) -> Iterator[tuple[Piece, int] | None]:
        """Every unit of every solution, those near their border first, the solutions taking turns; None: all done."""
        waiting: list[list[int]] = []
        while True:
            some = False
            for index, piece in enumerate(list(self.found)):
                if index == len(waiting):
                    waiting.append(np.abs(piece.drives).ravel().argsort()[::-1].tolist())
                if waiting[index]:
                    some = True
                    yield piece, waiting[index].pop()
            if not some:
                yield None

    def _probe(self) -> None:
        """Take one unit of one solution towards its border and follow the branch beyond."""
        task = next(self._probes)
        if task is None:
            return
        piece, unit = task
        towards = np.zeros(self.shape)
        towards.flat[unit] = -np.sign(piece.drives.flat[unit])
        # The bias under which all other drives stay: none crosses before this one.
        direction = towards - states_of(towards, self.map.leak, piece.pattern) @ self.map.weights.T
        self._walk(piece, direction, min(3 * piece.pattern.size, 60))

    def _circle(self) -> None:
        """Follow the branch of a solution along a random direction."""
        if self.found:
            piece = self.found[int(self.generator.integers(len(self.found)))]
            self._walk(piece, self.generator.standard_normal(self.shape), min(6 * piece.pattern.size, 200))

    def _walk(self, piece: Piece, direction: np.ndarray, corners: int) -> None:
        for beyond in islice(walk(self.pieces, piece, direction, 1), corners):
            self._keep(beyond)
