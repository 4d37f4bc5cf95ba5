"""Many orbits side by side, compiled, in float64: followed, or measured with tangent vectors that ride on them.

JAX's 64-bit types are switched on around each compiled call, never for the whole process.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int, UInt64

DIVERGED = 1e6
"""An orbit whose norm exceeds this, or is not finite, counts as divergent."""
CHUNK = 500
"""Steps that one compiled call takes while it measures."""
PIECE = 250
"""Steps that one compiled call takes while it does not."""
_SMALL = 16


@dataclass(frozen=True)
class Passage:
    """What one call saw of each orbit."""

    codes: UInt64[np.ndarray, "steps orbits"]
    """One number per activation pattern; equal where patterns are equal (and else but for a chance of 1e-19)."""
    states: Float[np.ndarray, "steps orbits units"] | None = None
    """The states after each step, where they were asked for."""

    def of(self, which: Bool[np.ndarray, " orbits"]) -> "Passage":
        """Return what was seen of some of the orbits."""
        return Passage(self.codes[:, which], None if self.states is None else self.states[:, which])


@dataclass(frozen=True)
class MeasuredPassage:
    """What one call that measures saw of each orbit."""

    passage: Passage
    points: Float[np.ndarray, "steps orbits axes"]
    """Coordinates of the states along given axes."""
    growths: Float[np.ndarray, "blocks orbits vectors"]
    """ln of the factors by which orthonormal tangent vectors grew, every `Orbits.between_growths` steps."""


class Orbits(ABC):
    """States of several orbits, each under a map of its own.

    Attributes
    ----------
    hidden
        The states now, shape (orbits, units). An orbit that has diverged stands still where it was when it left.
    left_at
        The step after which an orbit was first seen beyond `DIVERGED`, counted from the beginning; -1: not yet.
    vectors
        Tangent vectors, shape (orbits, vectors, units), from the first `measure` on.
    between_growths
        Steps between orthonormalisations. More than five, and the fourth vector is lost in the first; small maps can
        lose the second within two steps, and there it costs nothing to do it at each.
    tangent_precision
        Of the vectors that are measured. Single precision is twice as fast, and changes an exponent by less than 1e-6
        (a test says so); the longest run tells exponents from zero down to 1e-4. Where a direction is lost in another
        one before the next orthonormalisation, `measure` goes over to double precision.
    """

    tangent_precision: type = np.float64

    def __init__(self, hidden: Float[np.ndarray, "orbits units"]) -> None:
        self.hidden = np.array(hidden)
        self.steps = 0
        self.between_growths = 1 if self.hidden.shape[1] <= _SMALL else 5
        self.left_at = np.full(self.hidden.shape[0], -1)
        self.vectors: np.ndarray | None = None
        self._measured = 0
        self.total = np.zeros_like(self.hidden)
        self.squares = np.zeros(self.hidden.shape[0])

    def follow(self, steps: int, states: bool = False) -> Passage:
        """Take some steps; with their states, or with the codes of their patterns alone."""
        return self._passage(self._pass(steps, None), states)

    def record(self, steps: int) -> Float[np.ndarray, "steps orbits units"]:
        """Take some steps and return the states after each."""
        states = self.follow(steps, states=True).states
        assert states is not None
        return states

    def states_along(self, steps: int) -> Float[np.ndarray, "steps orbits units"]:
        """Return the states after each of some steps, and go on from there, or from a little later."""
        pieces = -(-steps // PIECE)
        return np.concatenate([self.record(PIECE) for _ in range(pieces)])[:steps]

    def measure(
        self, axes: Float[np.ndarray, "orbits axes units"], bank: np.ndarray, states: bool = False
    ) -> MeasuredPassage:
        """Take `CHUNK` steps with the tangent vectors.

        Parameters
        ----------
        axes
            What `MeasuredPassage.points` are coordinates along.
        bank
            Random directions, shape (vectors, units): the first ones, and those that replace directions which a
            rank-deficient piece has destroyed (their growth is -inf).
        states
            Whether to keep all states.

        References
        ----------
        Benettin, Galgani, Giorgilli, Strelcyn, Meccanica 15 (1980).
        """
        if self.vectors is None:
            self.vectors = np.broadcast_to(np.linalg.qr(bank.T)[0].T, (self.hidden.shape[0], *bank.shape))
        found = self._pass(CHUNK, (axes, bank))
        n = self.hidden.shape[0]
        self.vectors = self._scattered(found["vectors"][:n])
        with np.errstate(over="ignore", invalid="ignore"):  # an orbit that diverges
            self.total += self._scattered(found["total"][:n])
            self.squares += found["squares"][:n]
        self._measured += CHUNK
        return MeasuredPassage(
            self._passage(found, states), found["points"][:, :n], found["growths"][:, :n].astype(float)
        )

    def push(
        self, vectors: Float[np.ndarray, "orbits vectors units"], steps: Int[np.ndarray, " orbits"]
    ) -> Float[np.ndarray, "orbits vectors units"]:
        """Take each orbit its own number of steps, and return the images of vectors under the Jacobian along it."""
        n, rows = self.hidden.shape[0], self._rows()
        limits = np.zeros(rows.size, int)
        limits[:n] = steps
        with jax.enable_x64(True):
            while True:
                start = (self._gathered(self.hidden[rows]), self._gathered(vectors[rows]))
                out = _push(self._step(), self._parameters(rows), *start, limits)
                hidden, pushed, seen = jax.tree.map(np.asarray, out)
                if not self._escaped(seen):
                    break
        self.hidden = self._scattered(hidden[:n])
        return self._scattered(pushed[:n])

    def diverged(self) -> Bool[np.ndarray, " orbits"]:
        """Whether each orbit has left for good."""
        return self.left_at >= 0

    def keep(self, which: np.ndarray) -> None:
        """Go on with some of the orbits only (a mask, or row numbers)."""
        self.hidden, self.left_at = self.hidden[which], self.left_at[which]
        self.total, self.squares = self.total[which], self.squares[which]
        self.vectors = None if self.vectors is None else self.vectors[which]

    def carry_on(self, parts: "list[Orbits]") -> None:
        """Go on with the measurements of other orbits that have come equally far: these are all of them together."""
        self.steps, self._measured = parts[0].steps, parts[0]._measured
        self.left_at = np.concatenate([part.left_at for part in parts])
        self.total = np.concatenate([part.total for part in parts])
        self.squares = np.concatenate([part.squares for part in parts])
        vectors = [part.vectors for part in parts if part.vectors is not None]
        self.vectors = np.concatenate(vectors) if vectors else None
        if any(part.tangent_precision == np.float64 for part in parts):
            self.tangent_precision = np.float64

    def amplitude(self) -> Float[np.ndarray, " orbits"]:
        """Return the root mean square distance of the measured states from their mean."""
        with np.errstate(over="ignore", invalid="ignore"):  # of an orbit that has diverged
            mean = self.total / max(self._measured, 1)
            return np.sqrt(np.maximum(self.squares / max(self._measured, 1) - (mean**2).sum(axis=1), 0.0))

    @abstractmethod
    def forget_silent_units(self) -> None:
        """Leave out of the work what is silent now, if the map has such units."""

    def _rows(self) -> Int[np.ndarray, " padded"]:
        """Return which orbit each row of a compiled batch stands for: the last one is repeated to a common size."""
        n = self.hidden.shape[0]
        return np.minimum(np.arange(next((size for size in BATCHES if size >= n), n)), n - 1)

    def _pass(self, steps: int, tangent: tuple[np.ndarray, np.ndarray] | None) -> dict[str, Any]:
        n, rows = self.hidden.shape[0], self._rows()
        with jax.enable_x64(True):
            while True:
                begin = (self._parameters(rows), self._gathered(self.hidden[rows]), np.minimum(self.left_at[rows], 0))
                if tangent is None:
                    out = _follow(self._step(), steps, *begin, self._code_weights())
                else:
                    assert self.vectors is not None
                    vectors, axes, bank = (
                        self._gathered(values) for values in (self.vectors[rows], tangent[0][rows], tangent[1])
                    )
                    precision = np.dtype(self.tangent_precision)
                    riding = (vectors.astype(precision), axes, bank.astype(precision))
                    out = _measure(self._step(), self.between_growths, *begin, *riding, self._code_weights())
                found = jax.tree.map(np.asarray, out)
                lost = tangent is not None and self._is_too_coarse(found["growths"][:, :n])
                if not (self._escaped(found["seen"]) or lost):
                    break
        self.hidden = self._scattered(found["hidden"][:n])
        just_left = (self.left_at < 0) & (found["left"][:n] >= 0)
        self.left_at[just_left] = self.steps + found["left"][:n][just_left]
        self.steps += steps
        return found

    def _is_too_coarse(self, growths: np.ndarray) -> bool:
        """Whether single precision has lost a direction in another one, and the call must be repeated in double."""
        if self.tangent_precision == np.float64 or not np.isneginf(growths).any():
            return False
        self.tangent_precision = np.float64
        return True

    def _passage(self, found: dict[str, np.ndarray], states: bool) -> Passage:
        n = self.hidden.shape[0]
        return Passage(found["codes"][:, :n], self._scattered(found["states"][:, :n]) if states else None)

    @abstractmethod
    def _step(self) -> "_Step":
        """Return the function that takes a step: hashable, equal where its compiled code can be shared."""

    @abstractmethod
    def _parameters(self, rows: np.ndarray) -> Any:
        """Return its parameters for some orbits."""

    def _code_weights(self) -> np.ndarray:
        return np.zeros(0, np.uint64)

    def _escaped(self, seen: tuple[np.ndarray, np.ndarray]) -> bool:
        """Whether units outside those that were worked on have become active, so that the call must be repeated."""
        return False

    def _gathered(self, values: np.ndarray) -> np.ndarray:
        """Return the values (last axis: units) of the units that are worked on."""
        return values

    def _scattered(self, values: np.ndarray) -> np.ndarray:
        """Return the values of all units, from those of the units that are worked on."""
        return values


BATCHES = (1, 4, 8, 32, 64, 128, 256, 512, 1024)
"""Sizes of a batch for which code is compiled; others are filled up to the next one."""


def side_by_side(n_units: int) -> int:
    """Return how many orbits are best advanced together.

    Enough to keep the processor's multipliers busy, and no more: the fewer they are, the more units are silent in all
    of them, and are left out.
    """
    return min(max(_ENTRIES // n_units, 8), 64)


_ENTRIES = 2048


class ReluOrbits(Orbits):
    """Orbits of ReLU networks with one weight matrix, each with a bias of its own.

    Where there is no leak term, a silent unit is exactly zero and adds nothing; so only units that are active
    somewhere in the batch are worked on. Exact all the same: the drive of the others is computed at every step too,
    in single precision, and where it comes so near to zero that they might become active, the call is repeated with
    them.

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
        super().__init__(hidden)
        self.weights, self.biases, self.leak = weights, biases, leak
        if weights.shape[0] > _SMALL:
            self.tangent_precision = np.float32
        generator = np.random.default_rng(0)  # of the numbers that are summed to a pattern's code
        self._unit_codes = np.asarray(generator.integers(1, 2**64 - 1, weights.shape[0], dtype=np.uint64))
        self.forget_silent_units()

    def forget_silent_units(self) -> None:
        """Drop the columns of units that are silent in every orbit right now."""
        self._use((self.hidden != 0).any(axis=0) if self.leak == 1 else np.ones(self.weights.shape[0], bool))

    def keep(self, which: np.ndarray) -> None:
        """Go on with some of the orbits only (a mask, or row numbers)."""
        super().keep(which)
        self.biases = self.biases[which]

    def pull(
        self,
        covectors: Float[np.ndarray, "orbits vectors units"],
        states: Float[np.ndarray, "steps orbits units"],
        lags: list[list[int]],
    ) -> list[Float[np.ndarray, "lags vectors units"]]:
        """Pull covectors back along states that these orbits went through: v J, J from an earlier state to the last.

        For all lags of an orbit in one pass, where `push` needs one for each.

        Parameters
        ----------
        covectors
            The rows v, shape (orbits, vectors, units).
        states
            The states, shape (steps, orbits, units), the last one included.
        lags
            For each orbit, how many steps before the last state each Jacobian begins.

        Returns
        -------
        For each orbit v J for each of its lags, shape (lags, vectors, units), on the units that are ever active.

        Raises
        ------
        ValueError
            If an orbit has diverged: it stands still where it left, and between equal states there is no step whose
            Jacobian could be told.
        """
        gone = ~((states[-1] * states[-1]).sum(axis=1) <= DIVERGED**2)
        if gone.any():
            raise ValueError(f"{gone.sum()} of {gone.size} orbits have diverged and stand still; leave them out")
        used = (states != 0).any(axis=(0, 1))
        if self.leak == 1 and (used & ~self._used).any():
            self._use(self._used | used)
        n, rows, last = states.shape[1], self._rows(), states.shape[0] - 1
        found: list[dict[int, np.ndarray]] = [{} for _ in range(n)]
        begun = self._gathered(covectors[rows])
        for behind in range(0, last, CHUNK):
            passed = self._gathered(states[max(last - behind - CHUNK, 0) : last - behind + 1])[:, rows]
            # Before the first state nothing is asked.
            passed = np.pad(passed, ((CHUNK + 1 - passed.shape[0], 0), (0, 0), (0, 0)), mode="edge")
            with jax.enable_x64(True):
                pulled = np.asarray(_pull(self._step(), self._parameters(rows), passed, begun))
            begun = pulled[0]
            for orbit, wanted in enumerate(lags):
                for lag in wanted:
                    if behind < lag <= behind + CHUNK:
                        found[orbit][lag] = self._scattered(pulled[behind - lag, orbit])
        return [np.array([found[orbit][lag] for lag in wanted]) for orbit, wanted in enumerate(lags)]

    def _use(self, used: Bool[np.ndarray, " units"]) -> None:
        n_units = used.size
        self._used = used
        order = np.argsort(~used, kind="stable")
        self._working = order[: min(max(-(-int(used.sum()) // _UNITS), 1) * _UNITS, n_units)]
        # Small maps are padded with units that are always silent, so that maps of all small sizes share their code.
        self._padding = max(_UNITS - n_units, 0)
        if self._padding:
            self._working = order
        self._outside = order[self._working.size :]
        columns = np.pad(self.weights[np.ix_(self._working, self._working)].T, (0, self._padding))
        outside = self.weights[np.ix_(self._outside, self._working)]
        self._columns = np.ascontiguousarray(columns), np.ascontiguousarray(columns, np.float32)
        self._outside_columns = np.pad(outside.T, ((0, self._padding), (0, 0))).astype(np.float32)
        # Single precision can be wrong in a sum of n products by n eps max|w| sum|h|.
        self._slack = (self._working.size + 8) * float(np.finfo(np.float32).eps)
        self._outside_slack = (self._slack * np.abs(outside).max(axis=1, initial=0.0)).astype(np.float32)

    def _step(self) -> "_ReluStep":
        return _ReluStep(self.leak != 1)

    def _parameters(self, rows: np.ndarray) -> Any:
        biases = self.biases[rows]
        inside = np.pad(biases[:, self._working], ((0, 0), (0, self._padding)), constant_values=-1.0)
        outside = biases[:, self._outside]
        outside_parameters = (
            self._outside_columns,
            (outside + self._slack * np.abs(outside)).astype(np.float32),
            self._outside_slack,
        )
        return self._columns, inside, outside_parameters, self.leak

    def _code_weights(self) -> np.ndarray:
        return np.append(self._unit_codes[self._working], np.zeros(self._padding, np.uint64))

    def _escaped(self, seen: tuple[np.ndarray, np.ndarray]) -> bool:
        active, woken = seen
        if not woken.any():
            return False
        # What was worked on without having been in use, only to fill up the number, may be in use by now.
        used = self._used | (self.hidden != 0).any(axis=0)
        used[self._working[active[: self._working.size]]] = True
        used[self._outside[woken]] = True
        self._use(used)
        return True

    def _gathered(self, values: np.ndarray) -> np.ndarray:
        working = values[..., self._working]
        return np.pad(working, [(0, 0)] * (values.ndim - 1) + [(0, self._padding)]) if self._padding else working

    def _scattered(self, values: np.ndarray) -> np.ndarray:
        full = np.zeros((*values.shape[:-1], self.weights.shape[0]), values.dtype)
        full[..., self._working] = values[..., : self._working.size]
        return full


_ALMOST_ZERO = 1e-30
_UNITS = 16  # the number of units that are worked on is a multiple of this


class SmoothOrbits(Orbits):
    """Orbits of one differentiable map.

    Parameters
    ----------
    function, arguments
        The map is h' = function(h, *arguments).
    hidden
        First states, shape (orbits, units).
    """

    def __init__(
        self, function: Callable[..., Any], arguments: tuple[np.ndarray, ...], hidden: Float[np.ndarray, "orbits units"]
    ) -> None:
        super().__init__(hidden)
        self._function, self._arguments = function, arguments

    def forget_silent_units(self) -> None:
        """Do nothing: no unit of a smooth map is ever silent."""

    def _step(self) -> "_Step":
        return _SmoothStep(self._function)

    def _parameters(self, rows: np.ndarray) -> Any:
        return self._arguments


_Stepped: TypeAlias = tuple[Any, Any, jax.Array, jax.Array]
"""The next states, the vectors' images, which units are active, and which of the others may be."""


# A GPU would take single precision for less.
_product = partial(jnp.matmul, precision="highest")


class _Step(ABC):
    @abstractmethod
    def __call__(self, parameters: Any, hidden: jax.Array, vectors: jax.Array | None) -> "_Stepped":
        """Take a step; the vectors go through its Jacobian in their own precision."""


@dataclass(frozen=True)
class _ReluStep(_Step):
    leaky: bool

    def __call__(self, parameters: Any, hidden: jax.Array, vectors: jax.Array | None) -> "_Stepped":
        (columns, narrow_columns), biases, (outside, outside_biases, slack), leak = parameters
        drive = hidden @ columns + biases
        active = drive > 0
        moved = jnp.maximum(drive, 0.0)
        pushed = None
        if vectors is not None:
            # The Jacobian of a step is (1 - leak) I + leak D W, with D the units that are active after it.
            matrix = columns if vectors.dtype == columns.dtype else narrow_columns
            pushed = _product(vectors.reshape(-1, len(matrix)), matrix).reshape(vectors.shape) * active[:, None]
            if self.leaky:
                pushed = (1 - leak) * vectors + leak * pushed
        if self.leaky:
            moved = (1 - leak) * hidden + leak * moved
        narrow = hidden.astype(outside.dtype)
        size = jnp.abs(narrow).sum(axis=1, keepdims=True)
        silent = _product(narrow, outside) + outside_biases <= -(size * slack + _ALMOST_ZERO)
        return moved, pushed, active, ~silent  # what single precision cannot tell may be active

    def pull(self, parameters: Any, before: jax.Array, after: jax.Array, covectors: jax.Array) -> jax.Array:
        """Return covectors times the Jacobian of the step from some states to the next."""
        (columns, narrow_columns), biases, _, leak = parameters
        matrix = columns if covectors.dtype == columns.dtype else narrow_columns
        active = before @ columns + biases > 0 if self.leaky else after > 0
        rows = (covectors * active[:, None]).reshape(-1, len(matrix))
        pulled = _product(rows, matrix.T).reshape(covectors.shape)
        return (1 - leak) * covectors + leak * pulled if self.leaky else pulled


@dataclass(frozen=True)
class _SmoothStep(_Step):
    function: Callable[..., Any]

    def __call__(self, parameters: Any, hidden: jax.Array, vectors: jax.Array | None) -> "_Stepped":
        def advance(state: jax.Array) -> jax.Array:
            return self.function(state, *parameters)

        def advance_with(state: jax.Array, directions: jax.Array) -> tuple[jax.Array, jax.Array]:
            moved, push = jax.linearize(advance, state)
            return moved, jax.vmap(push)(directions)

        none = jnp.zeros((hidden.shape[0], 0), bool)
        if vectors is None:
            return jax.vmap(advance)(hidden), None, none, none
        return *jax.vmap(advance_with)(hidden, vectors), none, none


def _advance(
    step: _Step, parameters: Any, hidden: jax.Array, left: jax.Array, now: jax.Array, vectors: jax.Array | None
) -> tuple[jax.Array, jax.Array, Any, jax.Array, jax.Array]:
    """Take a step with the orbits that have not diverged, and note who does."""
    moved, pushed, active, woken = step(parameters, hidden, vectors)
    gone = left >= 0
    hidden = jnp.where(gone[:, None], hidden, moved)
    leaves = ~gone & ~((hidden * hidden).sum(axis=1) <= DIVERGED**2)
    return hidden, jnp.where(leaves, now + 1, left), pushed, active, woken


def _none_seen(step: _Step, parameters: Any, hidden: jax.Array) -> tuple[jax.Array, ...]:
    shapes = jax.eval_shape(lambda: step(parameters, hidden, None)[2:])
    return tuple(jnp.zeros(shape.shape[1:], bool) for shape in shapes)


def _also(seen: tuple[jax.Array, ...], units: Sequence[jax.Array]) -> tuple[jax.Array, ...]:
    return tuple(before | which.any(axis=0) for before, which in zip(seen, units, strict=True))


def _code(active: jax.Array, code_weights: jax.Array) -> jax.Array:
    return jnp.where(active, code_weights, 0).sum(axis=1, dtype=jnp.uint64)  # a sum of integers: exact in any order


@partial(jax.jit, static_argnames=("step", "steps"))
def _follow(
    step: _Step,
    steps: int,
    parameters: Any,
    hidden: jax.Array,
    left: jax.Array,
    code_weights: jax.Array,
) -> dict[str, Any]:
    def one(carry: Any, now: jax.Array) -> tuple[Any, Any]:
        hidden, left, seen = carry
        hidden, left, _, *units = _advance(step, parameters, hidden, left, now, None)
        return (hidden, left, _also(seen, units)), (_code(units[0], code_weights), hidden)

    seen = _none_seen(step, parameters, hidden)
    (hidden, left, seen), (codes, states) = jax.lax.scan(one, (hidden, left, seen), jnp.arange(steps))
    return {"hidden": hidden, "left": left, "seen": seen, "codes": codes, "states": states}


@partial(jax.jit, static_argnames=("step", "between"))
def _measure(
    step: _Step,
    between: int,
    parameters: Any,
    hidden: jax.Array,
    left: jax.Array,
    vectors: jax.Array,
    axes: jax.Array,
    bank: jax.Array,
    code_weights: jax.Array,
) -> dict[str, Any]:
    def one(carry: Any, now: jax.Array) -> tuple[Any, Any]:
        hidden, left, vectors, seen, total, squares = carry
        hidden, left, vectors, *units = _advance(step, parameters, hidden, left, now, vectors)
        points = jnp.einsum("su,sku->sk", hidden, axes)
        carry = (
            hidden, left, vectors, _also(seen, units), total + hidden, squares + (hidden * hidden).sum(axis=1)
        )  # fmt: skip
        return carry, (_code(units[0], code_weights), points, hidden)

    def block(carry: Any, now: jax.Array) -> tuple[Any, Any]:
        carry, out = jax.lax.scan(one, carry, now)
        vectors, growth = _orthonormalise(carry[2], bank)
        return (*carry[:2], vectors, *carry[3:]), (out, growth)

    seen = _none_seen(step, parameters, hidden)
    carry = (hidden, left, vectors, seen, jnp.zeros_like(hidden), jnp.zeros(hidden.shape[0]))
    now = jnp.arange(CHUNK).reshape(-1, between)
    carry, ((codes, points, states), growths) = jax.lax.scan(block, carry, now)
    names = ("hidden", "left", "vectors", "seen", "total", "squares")
    found = dict(zip(names, carry, strict=True)) | {"growths": growths}
    series = {"codes": codes, "points": points, "states": states}
    return found | {name: values.reshape(CHUNK, *values.shape[2:]) for name, values in series.items()}


def _orthonormalise(vectors: jax.Array, bank: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return orthonormal vectors that span the same directions, and ln of what each had grown by.

    Gram-Schmidt, twice (Kahan, Parlett). A direction that was destroyed has grown by -inf, and is drawn anew.
    """
    done: list[jax.Array] = []
    growths = []
    rounding, nothing = (1e-12, 1e-300) if vectors.dtype == jnp.float64 else (2e-6, 1e-36)

    def without_earlier(vector: jax.Array) -> jax.Array:
        for _ in range(2):
            for earlier in done:
                vector = vector - (vector * earlier).sum(axis=1, keepdims=True) * earlier
        return vector

    for i in range(vectors.shape[1]):
        before = jnp.linalg.norm(vectors[:, i], axis=1)
        vector = without_earlier(vectors[:, i])
        norm = jnp.linalg.norm(vector, axis=1)
        lost = ~(norm > rounding * jnp.maximum(before, nothing)) | (norm < nothing)
        growths.append(jnp.where(lost, -jnp.inf, jnp.log(norm)))
        vector = jax.lax.cond(  # nearly always there is nothing to draw
            lost.any(),
            lambda lost=lost, vector=vector, anew=bank[i]: jnp.where(
                lost[:, None], without_earlier(jnp.broadcast_to(anew, vector.shape)), vector
            ),
            lambda vector=vector: vector,
        )
        done.append(vector / jnp.maximum(jnp.linalg.norm(vector, axis=1), nothing)[:, None])
    return jnp.stack(done, axis=1), jnp.stack(growths, axis=1)


@partial(jax.jit, static_argnames="step")
def _pull(step: _ReluStep, parameters: Any, states: jax.Array, covectors: jax.Array) -> jax.Array:
    def one(covectors: jax.Array, between: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        pulled = step.pull(parameters, *between, covectors)
        return pulled, pulled

    return jax.lax.scan(one, covectors, (states[:-1], states[1:]), reverse=True)[1]


@partial(jax.jit, static_argnames="step")
def _push(
    step: _Step, parameters: Any, hidden: jax.Array, vectors: jax.Array, limits: jax.Array
) -> tuple[jax.Array, jax.Array, tuple[jax.Array, ...]]:
    def one(now: jax.Array, carry: Any) -> Any:
        hidden, vectors, seen = carry
        moved, pushed, *units = step(parameters, hidden, vectors)
        going = now < limits
        hidden = jnp.where(going[:, None], moved, hidden)
        vectors = jnp.where(going[:, None, None], pushed, vectors)
        return hidden, vectors, _also(seen, [which & going[:, None] for which in units])

    return jax.lax.fori_loop(0, limits.max(), one, (hidden, vectors, _none_seen(step, parameters, hidden)))
