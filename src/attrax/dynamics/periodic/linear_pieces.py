"""The linear pieces of a ReLU map: solving one for its cycle, and walking from piece to piece along a branch.

In terms of the drives x = W h + b a cycle of k steps solves a piecewise-linear system whose pieces are the activation
patterns of its steps, shape (k, units); a fixed point is the case k = 1. The system is homogeneous in (x, b): along
the circle b(θ) = b cos θ + d sin θ every branch of solutions is a closed polygon, whose corners are where one unit
changes sign, and each return to θ = 0 is another solution of the problem itself. That is exact continuation: no step
length, no failure of convergence, folds included.
"""

import copy
from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
import scipy.linalg
from jaxtyping import Bool, Float, Int

from attrax.dynamics.maps.relu_map import ReluMap

SINGULAR = 1e-12
"""I - J is singular where the reciprocal of its inverse's norm is below this share of 1 + |J|."""
ON_A_BORDER = 1e-13
"""A drive this small against the largest is zero: either sign is right."""

_MOST_NUMBERS = 2**24  # of factors kept for a second use: 128 MiB


class Budget:
    """How many linear solves may still be spent; one factorisation is one solve."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        self.used = 0
        self.singular = 0
        self.last_new = 0
        """Solves that had been spent when a solution was last new."""

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return self.used >= self.allowed

    @property
    def too_small(self) -> bool:
        """Whether the last tenth of the solves still found something new: there is more than was found."""
        return self.spent and self.last_new > 0.9 * self.allowed


def minimal_period(pattern: Bool[np.ndarray, "steps units"]) -> int:
    """Return after how many steps a sequence of patterns, shape (steps, units), repeats itself."""
    steps = pattern.shape[0]
    if steps == 1:
        return 1
    return next(
        shift
        for shift in range(1, steps + 1)
        if steps % shift == 0 and (pattern == np.roll(pattern, shift, axis=0)).all()
    )


class Piece:
    """The linear system of one sequence of patterns.

    Attributes
    ----------
    pattern
        Which units are active in which step, shape (period, units).
    drives
        Drives that solve the system as if every unit kept this pattern, shape (period, units).
    sign
        Sign of det(I - J), J the Jacobian over one period: the index of a solution in this piece.
    singular
        No drives, then: I - J cannot be inverted.
    """

    drives: Float[np.ndarray, "steps units"]

    def __init__(self, relu_map: ReluMap, pattern: Bool[np.ndarray, "steps units"]) -> None:
        self.pattern = pattern
        self._map = relu_map
        self._shift = 0
        steps, units = pattern.shape
        # A fixed point does not depend on the leak; a cycle does, and then silent units remember.
        self._leak = 1.0 if steps == 1 else relu_map.leak
        self._active = [np.flatnonzero(row) for row in pattern]
        self._kept = self._active if self._leak == 1 else [np.arange(units)] * steps
        self._factors: list[np.ndarray] = []  # a list, so that rotated pieces share and lose them together
        self.sign, self.singular = 1, False
        if self._kept[-1].size:
            self.factorise()
        if not self.singular:
            self.drives = self.respond(np.broadcast_to(relu_map.bias, pattern.shape))
            self.singular = not bool(np.isfinite(self.drives).all())

    def factorise(self) -> None:
        """Make the factors of I - J: the costly part."""
        jacobian = self.jacobian()
        size = jacobian.shape[0]
        matrix = np.eye(size) - jacobian
        norm = float(np.abs(matrix).sum(axis=0).max())
        if not np.isfinite(norm):
            self.singular = True
            return
        factors, pivots, _ = scipy.linalg.lapack.dgetrf(matrix)
        reciprocal, _ = scipy.linalg.lapack.dgecon(factors, norm)
        # Against 1 + |J|: where J is the identity but for rounding, I - J is noise, and its condition may be good.
        self.singular = not float(reciprocal) * norm > SINGULAR * (1 + float(np.abs(jacobian).sum(axis=0).max()))
        swaps = int((pivots != np.arange(size)).sum())
        self.sign = -1 if (swaps + int((np.diagonal(factors) < 0).sum())) % 2 else 1
        self._factors[:] = [factors, pivots]

    def jacobian(self) -> np.ndarray:
        """Return the Jacobian over one period, on the units that carry a state from the last step to the first."""
        return self.jacobian_within(0.0)[0]

    def jacobian_within(self, weights_norm: float) -> tuple[np.ndarray, float]:
        """Return the Jacobian over one period, and a bound on what rounding has done to it (Frobenius norm).

        Parameters
        ----------
        weights_norm
            The largest singular value of W, or a bound on it: so much an error can grow in a step.
        """
        return jacobian_over(self._map.weights, self._leak, self._active, self._kept, self._kept[-1], weights_norm)

    def rotated(self, shift: int) -> "Piece":
        """Return the piece of the same patterns begun at another step; nothing is solved again."""
        other = copy.copy(self)
        other._shift = self._shift + shift
        other.pattern = np.roll(self.pattern, shift, axis=0)
        other.drives = np.roll(self.drives, shift, axis=0)
        return other

    @property
    def size(self) -> int:
        """How many numbers its factors take; 0 where they were let go."""
        return self._factors[0].size if self._factors else 0

    @property
    def is_ready(self) -> bool:
        """Whether it can respond without being factorised again."""
        return bool(self._factors) or not self._kept[-1].size

    def let_go(self) -> None:
        """Give the memory of the factors back."""
        self._factors.clear()

    @property
    def consistent(self) -> bool:
        """Whether its solution has the pattern it was solved for, up to rounding, and so is real."""
        right = (self.drives > 0) == self.pattern
        return bool(right.all()) or bool(
            (np.abs(self.drives[~right]) <= ON_A_BORDER * np.abs(self.drives).max(initial=0.0)).all()
        )

    @property
    def minimal(self) -> bool:
        """Whether no proper divisor of the period is one: a piece has one solution, so its patterns tell."""
        return minimal_period(self.pattern) == self.pattern.shape[0]

    def _run(self, state: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Take a state on the kept units once round; return its image and the drives on the way."""
        weights, leak = self._map.weights, self._leak
        drives = np.empty(self.pattern.shape)
        for step, active in enumerate(self._active):
            kept = self._kept[step - 1]
            everywhere = np.zeros(weights.shape[0])  # times all weights: cheaper than to copy the columns of the kept
            everywhere[kept] = state
            drives[step] = weights @ everywhere + bias[step]
            if leak == 1:
                state = drives[step, active]
            else:
                state = (1 - leak) * state
                state[active] += leak * drives[step, active]
        return state, drives

    def respond(self, bias: np.ndarray) -> np.ndarray:
        """Return the drives under any bias, both (steps, units); cheap, since the factors are there."""
        if self._shift:
            bias = np.roll(bias, -self._shift, axis=0)
        with np.errstate(over="ignore", invalid="ignore"):
            image, drives = self._run(np.zeros(self._kept[-1].size), bias)
            if self._factors:
                state = scipy.linalg.lapack.dgetrs(*self._factors, image)[0]
                for _ in range(1):  # refined: over an unstable period rounding grows
                    image, _ = self._run(state, bias)
                    state = state + scipy.linalg.lapack.dgetrs(*self._factors, image - state)[0]
                drives = self._run(state, bias)[1]
        return np.roll(drives, self._shift, axis=0) if self._shift else drives


def jacobian_over(
    weights: Float[np.ndarray, "units units"],
    leak: float,
    active: Sequence[Int[np.ndarray, " _"]],
    kept: Sequence[Int[np.ndarray, " _"]],
    columns: Int[np.ndarray, " columns"],
    weights_norm: float,
) -> tuple[Float[np.ndarray, "rows columns"], float]:
    """Return the Jacobian over the steps of a sequence of patterns, and a bound on its rounding (Frobenius norm).

    Parameters
    ----------
    weights, leak
        Of the map.
    active, kept
        The units that are active in each step, and those that carry a state from it to the next: all where there is a
        leak. The rows are the units that the last step keeps.
    columns
        The units whose first states are of interest.
    weights_norm
        The largest singular value of W, or a bound on it: so much an error can grow in a step.
    """
    product: np.ndarray | None = None
    error, rounding = 0.0, float(np.finfo(float).eps)
    with np.errstate(over="ignore", invalid="ignore"):  # over a long unstable period: the caller looks
        for step, on in enumerate(active):
            if leak == 1:
                # A third of the time of np.ix_.
                moved = weights[on].take(columns if product is None else kept[step - 1], axis=1)
                if product is not None:
                    made = len(product) * rounding * float(np.linalg.norm(moved)) * float(np.linalg.norm(product))
                    error = weights_norm * error + made
                product = moved if product is None else moved @ product
            else:
                product = np.eye(len(weights))[:, columns] if product is None else product
                moved = (1 - leak) * product
                moved[on] += leak * (weights[on] @ product)
                made = leak * len(product) * float(np.linalg.norm(weights[on])) + 3
                error = (1 - leak + leak * weights_norm) * error + made * rounding * float(np.linalg.norm(product))
                product = moved
    assert product is not None
    return product, error


def states_of(
    drives: Float[np.ndarray, "*batch steps units"],
    leak: float,
    pattern: Bool[np.ndarray, "steps units"] | None = None,
) -> Float[np.ndarray, "*batch steps units"]:
    """Return the states that a period of drives, repeated for ever, leaves: drives[j] is that of state j in a cycle.

    With a pattern, that decides which units are active; without, the drives themselves do.
    """
    rates = np.maximum(drives, 0.0) if pattern is None else np.where(pattern, drives, 0.0)
    steps = drives.shape[-2]
    if leak == 1 or steps == 1:
        return np.roll(rates, 1, axis=-2)
    # h_0 is what all past periods of rates leave.
    fading = (1 - leak) ** np.arange(steps - 1, -1, -1)
    state = leak * np.einsum("s,...su->...u", fading, rates) / (1 - (1 - leak) ** steps)
    states = np.empty_like(rates)
    for step in range(steps):
        states[..., step, :] = state
        state = (1 - leak) * state + leak * rates[..., step, :]
    return states


class Pieces:
    """The pieces met so far, each solved once; the same patterns begun at another step are the same piece."""

    def __init__(self, relu_map: ReluMap, period: int, budget: Budget) -> None:
        self.map, self.period, self.budget = relu_map, period, budget
        self._known: dict[bytes, Piece | None] = {}
        self._ready: deque[Piece] = deque()
        self._numbers = 0

    @property
    def exhausted(self) -> bool:
        """Whether every pattern there is has been solved."""
        cells = self.map.n_units * self.period
        return cells < 40 and len(self._known) >= 2**cells

    def at(self, pattern: np.ndarray) -> Piece | None:
        """Return the piece of a pattern (steps, units); None where it is singular, or the budget is spent."""
        key = np.packbits(pattern).tobytes()
        if key in self._known:
            return self._known[key]
        if self.budget.spent:
            return None
        self.budget.used += 1
        piece = Piece(self.map, pattern)
        if piece.singular:
            self.budget.singular += 1
        for shift in range(self.period):
            turned = np.packbits(np.roll(pattern, shift, axis=0)).tobytes()
            self._known.setdefault(turned, None if piece.singular else piece.rotated(shift) if shift else piece)
        self._hold(piece)
        return self._known[key]

    def respond(self, piece: Piece, bias: np.ndarray) -> np.ndarray | None:
        """Return the drives of a piece under any bias; where its factors were let go that is one more solve."""
        if not piece.is_ready:
            if self.budget.spent:
                return None
            self.budget.used += 1
            piece.factorise()
            self._hold(piece)
        return piece.respond(bias)

    def _hold(self, piece: Piece) -> None:
        self._ready.append(piece)
        self._numbers += piece.size
        while self._numbers > _MOST_NUMBERS and len(self._ready) > 1:
            oldest = self._ready.popleft()
            self._numbers -= oldest.size
            oldest.let_go()


def walk(
    pieces: Pieces, start: Piece, direction: Float[np.ndarray, "steps units"], turn: int, angle: float = 0.0
) -> Iterator[Piece]:
    """Follow the branch through a solution while the bias goes round the circle b cos θ + d sin θ.

    Parameters
    ----------
    pieces
        Where they are kept.
    start
        A piece that has a consistent solution at the angle of the start.
    direction
        d, shape (period, units).
    turn
        Sign of the first change of θ.
    angle
        θ at the start.

    Yields
    ------
    The piece beyond each corner; a consistent one is a solution at θ = 0. Ends where the branch is closed, where it
    meets a singular piece, or where the budget is spent.
    """
    piece, crossed = start, -1
    first: tuple[Piece, int, int, float] | None = None
    while True:
        along = pieces.respond(piece, direction)
        if along is None:
            return
        signs = np.where(piece.pattern, 1.0, -1.0)
        # Each drive is R cos(θ - ψ): it keeps its sign within a quarter turn of ψ.
        middle = np.arctan2(signs * along, signs * piece.drives).ravel()
        left = np.mod(turn * (middle - angle) + np.pi / 2, 2 * np.pi)
        left[left > np.pi + 1e-6] = 0.0  # rounding at a corner just passed
        if crossed >= 0:
            left[crossed] = np.pi
        crossed = int(left.argmin())
        angle += turn * float(left[crossed])
        pattern = piece.pattern.copy()
        pattern.flat[crossed] ^= True
        beyond = pieces.at(pattern)
        if beyond is None:
            return
        turn *= beyond.sign * piece.sign  # a change of the index is a fold: θ turns back
        piece = beyond
        corner = (piece, crossed, turn, angle)
        if first is None:
            first = corner
        elif corner[:3] == first[:3] and abs(np.sin((angle - first[3]) / 2)) < 1e-9:
            return
        yield piece
