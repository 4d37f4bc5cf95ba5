"""Orbits of ReLU networks with one weight matrix: silent units are left out of the work."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from attrax.dynamics.orbits.compiled_steps import CHUNK, DIVERGED, MapStep, Stepped
from attrax.dynamics.orbits.many_orbits import SMALL, Orbits


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
        self.limits = np.maximum(self.limits, DIVERGED * np.abs(biases).max(axis=1, initial=0.0))
        if weights.shape[0] > SMALL:
            self.tangent_precision = np.float32
        generator = np.random.default_rng(0)  # of the numbers that are summed to a pattern's code
        self._unit_codes = np.asarray(generator.integers(1, 2**64 - 1, weights.shape[0], dtype=np.uint64))
        self.forget_silent_units()

    def forget_silent_units(self) -> None:
        """Drop the columns of units that are silent in every orbit right now."""
        self._use(self._in_use())

    def expect(self, active: Bool[np.ndarray, " units"]) -> None:
        """Be prepared for units that may become active: a long call is not repeated then."""
        self._use(self._used | active)

    def work_on_fewer(self) -> None:
        """Do so where fewer are worked on then; else their order would change, and with it the rounding of sums."""
        if _worked_on(self._in_use()) < self._working.size:
            self._use(self._in_use())

    def _in_use(self) -> Bool[np.ndarray, " units"]:
        return (self.hidden != 0).any(axis=0) if self.leak == 1 else np.ones(self.weights.shape[0], bool)

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
        moved = (1 - self.leak) * states[-2] + self.leak * np.maximum(states[-2] @ self.weights.T + self.biases, 0.0)
        gone = ~(np.abs(moved - states[-1]).max(axis=1) <= _STANDS_STILL * np.abs(moved).max(axis=1))
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
        self._working = order[: _worked_on(used)]
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

    def _worked_on(self) -> Int[np.ndarray, " units"]:
        return self._working

    def _gathered(self, values: np.ndarray) -> np.ndarray:
        working = values[..., self._working]
        return np.pad(working, [(0, 0)] * (values.ndim - 1) + [(0, self._padding)]) if self._padding else working

    def _scattered(self, values: np.ndarray) -> np.ndarray:
        full = np.zeros((*values.shape[:-1], self.weights.shape[0]), values.dtype)
        full[..., self._working] = values[..., : self._working.size]
        return full


_ALMOST_ZERO = 1e-30
_STANDS_STILL = 1e-6
_UNITS = 16  # the smallest number of units that are worked on


def _worked_on(used: Bool[np.ndarray, " units"]) -> int:
    """Return how many units are worked on where some are in use."""
    return min(next(size for size in _sizes() if size >= used.sum()), used.size)


def _sizes() -> Iterator[int]:
    """Return the numbers of units for which code is compiled: a step takes as long as their square is large."""
    yield from (_UNITS, 2 * _UNITS, 3 * _UNITS)
    yield from count(4 * _UNITS, 2 * _UNITS)


# A GPU would take single precision for less.
_product = partial(jnp.matmul, precision="highest")


@dataclass(frozen=True)
class _ReluStep(MapStep):
    leaky: bool

    def __call__(self, parameters: Any, hidden: jax.Array, vectors: jax.Array | None) -> Stepped:
        (columns, narrow_columns), biases, _, leak = parameters
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
        return moved, pushed, active

    def woken(self, parameters: Any, states: jax.Array) -> jax.Array:
        outside, biases, slack = parameters[2]
        narrow = states.astype(outside.dtype)
        size = jnp.abs(narrow).sum(axis=-1, keepdims=True)
        silent = _product(narrow, outside) + biases <= -(size * slack + _ALMOST_ZERO)
        return ~silent  # what single precision cannot tell may be active

    def pull(self, parameters: Any, before: jax.Array, after: jax.Array, covectors: jax.Array) -> jax.Array:
        """Return covectors times the Jacobian of the step from some states to the next."""
        (columns, narrow_columns), biases, _, leak = parameters
        matrix = columns if covectors.dtype == columns.dtype else narrow_columns
        active = before @ columns + biases > 0 if self.leaky else after > 0
        rows = (covectors * active[:, None]).reshape(-1, len(matrix))
        pulled = _product(rows, matrix.T).reshape(covectors.shape)
        return (1 - leak) * covectors + leak * pulled if self.leaky else pulled


@partial(jax.jit, static_argnames="step")
def _pull(step: _ReluStep, parameters: Any, states: jax.Array, covectors: jax.Array) -> jax.Array:
    def one(covectors: jax.Array, between: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        pulled = step.pull(parameters, *between, covectors)
        return pulled, pulled

    return jax.lax.scan(one, covectors, (states[:-1], states[1:]), reverse=True)[1]
