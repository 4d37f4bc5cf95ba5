"""Many orbits side by side, and the tangent vectors that ride on them."""

import numpy as np
from jaxtyping import Bool, Float

DIVERGED = 1e6
"""An orbit whose norm exceeds this, or is not finite, counts as divergent."""


class OrbitBatch:
    """States of several orbits under one weight matrix, each with a bias of its own.

    Where there is no leak term, a silent unit is exactly zero and adds nothing; so only the columns of units that
    are active somewhere in the batch are multiplied. Exact: every unit's drive is computed at every step.

    Parameters
    ----------
    weights
        W, shape (units, units).
    biases
        Shape (orbits, units).
    leak
        In (0, 1].
    hidden
        First states, shape (orbits, units).
    """

    def __init__(
        self,
        weights: Float[np.ndarray, "units units"],
        biases: Float[np.ndarray, "orbits units"],
        leak: float,
        hidden: Float[np.ndarray, "orbits units"],
    ) -> None:
        self.weights, self.biases, self.leak = weights, biases, leak
        self.hidden = hidden
        self.forget_silent_units()

    def forget_silent_units(self) -> None:
        """Drop the columns of units that are silent in every orbit right now."""
        used = (self.hidden != 0).any(axis=0) if self.leak == 1 else np.ones(self.weights.shape[0], bool)
        self._use(used)

    def _use(self, used: Bool[np.ndarray, " units"]) -> None:
        self.used = used
        self.units = np.flatnonzero(used)
        self._columns = np.ascontiguousarray(self.weights[:, self.units].T)

    def advance(self) -> Bool[np.ndarray, "orbits units"]:
        """Take one step; return which units are active after it."""
        with np.errstate(over="ignore", invalid="ignore"):  # an orbit that diverges: see `diverged`
            drive = self.hidden[:, self.units] @ self._columns
            drive += self.biases
        active = drive > 0
        np.maximum(drive, 0.0, out=drive)
        self.hidden = drive if self.leak == 1 else (1 - self.leak) * self.hidden + self.leak * drive
        newly = active.any(axis=0) & ~self.used
        if newly.any():
            self._use(self.used | newly)
        return active

    def diverged(self) -> Bool[np.ndarray, " orbits"]:
        """Whether each orbit has left for good."""
        with np.errstate(over="ignore", invalid="ignore"):
            norm = np.linalg.norm(self.hidden, axis=1)
        return ~(norm <= DIVERGED)

    def keep(self, which: Bool[np.ndarray, " orbits"]) -> None:
        """Go on with some of the orbits only."""
        self.hidden, self.biases = self.hidden[which], self.biases[which]


class PatternTrail:
    """Which activation pattern each of several orbits had at each step, as one number a pattern.

    Parameters
    ----------
    steps, orbits, units
        How many.
    generator
        For the weights of the sum that stands for a pattern: equal patterns have equal sums, and different ones do
        not, but for a chance of about 1e-16.
    """

    def __init__(self, steps: int, orbits: int, units: int, generator: np.random.Generator) -> None:
        self._weights = generator.uniform(1.0, 2.0, units)
        self._codes = np.empty((steps, orbits))

    def record(self, step: int, active: Bool[np.ndarray, "orbits units"]) -> None:
        """Note the patterns of a step."""
        # Codes are compared along one orbit only, whose row is summed in the same order each time.
        self._codes[step] = active.astype(float) @ self._weights

    def period(self, orbit: int, longest: int) -> int:
        """Return the smallest p, up to `longest`, with which the patterns have repeated of late; else 0.

        Of late: over at least the last half of the trail and the last 2p steps. An orbit whose convergence to a
        p-cycle can be certified keeps the cycle's patterns for good, so it has such a p.
        """
        codes = self._codes[:, orbit]
        size = int(codes.size)
        backwards = codes[size - 2 : max(size - 2 - min(longest, size // 2), 0) : -1]
        for candidate in (1 + np.flatnonzero(backwards == codes[-1])).tolist():
            compared = min(max(size // 2, candidate), size - candidate)
            if (codes[-compared:] == codes[-compared - candidate : -candidate]).all():
                return int(candidate)
        return 0


class TangentVectors:
    """Orthonormal vectors carried along orbits, and the logarithms of their growth.

    Parameters
    ----------
    orbits
        The orbits that they ride on; advance them first, then these, with the activity that came back.
    count
        Vectors an orbit.
    generator
        For the first directions, and for directions that a rank-deficient piece has destroyed.

    References
    ----------
    Benettin, Galgani, Giorgilli, Strelcyn, Meccanica 15 (1980); the Jacobian of a ReLU step is
    (1 - leak) I + leak D W with D the units that are active after it.
    """

    def __init__(self, orbits: OrbitBatch, count: int, generator: np.random.Generator) -> None:
        self._orbits, self._generator = orbits, generator
        self._units = orbits.units
        self._take_weights()
        self.vectors = generator.standard_normal((orbits.hidden.shape[0], count, self._units.size))
        self._orthonormalise()

    def _take_weights(self) -> None:
        self._block = np.ascontiguousarray(self._orbits.weights[np.ix_(self._units, self._units)].T)

    def advance(self, active: Bool[np.ndarray, "orbits units"]) -> None:
        """Take the step that the orbits have just taken."""
        if self._orbits.units is not self._units:  # the orbits have taken new units into use
            grown = np.zeros((*self.vectors.shape[:2], self._orbits.units.size))
            grown[..., np.searchsorted(self._orbits.units, self._units)] = self.vectors
            self.vectors, self._units = grown, self._orbits.units
            self._take_weights()
        orbits, count, units = self.vectors.shape
        pushed = (self.vectors.reshape(orbits * count, units) @ self._block).reshape(orbits, count, units)
        pushed *= active[:, None, self._units]
        leak = self._orbits.leak
        self.vectors = pushed if leak == 1 else (1 - leak) * self.vectors + leak * pushed

    def growth(self) -> Float[np.ndarray, "orbits vectors"]:
        """Make the vectors orthonormal again; return ln of the factors by which they had grown.

        A direction that was destroyed (the piece has lower rank) has grown by -inf, and is drawn anew.
        """
        return self._orthonormalise()

    def _orthonormalise(self) -> Float[np.ndarray, "orbits vectors"]:
        vectors = self.vectors
        orbits, count, units = vectors.shape
        growth = np.full((orbits, count), -np.inf)
        for i in range(count):
            vector = vectors[:, i]
            before = np.linalg.norm(vector, axis=1)
            self._remove_earlier(vector, i)
            norm = np.linalg.norm(vector, axis=1)
            lost = ~(norm > 1e-12 * np.maximum(before, 1e-300)) | (norm < 1e-300)
            growth[~lost, i] = np.log(norm[~lost])
            if lost.any():
                vector[lost] = self._generator.standard_normal((int(lost.sum()), units))
                self._remove_earlier(vector, i)
                norm = np.linalg.norm(vector, axis=1)
            vector /= np.maximum(norm, 1e-300)[:, None]
        return growth

    def _remove_earlier(self, vector: Float[np.ndarray, "orbits units"], count: int) -> None:
        for _ in range(2):  # twice is enough (Kahan, Parlett)
            for j in range(count):
                earlier = self.vectors[:, j]
                vector -= np.einsum("su,su->s", vector, earlier)[:, None] * earlier
