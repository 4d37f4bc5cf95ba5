"""The compiled calls that take a step of many orbits at once: followed, measured, or with vectors pushed along."""

from abc import ABC, abstractmethod
from functools import partial
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

DIVERGED = 1e9
"""An orbit whose norm exceeds its start and its input by this factor, or is not finite, counts as divergent."""
CHUNK = 500
"""Steps that one compiled call takes while it measures."""

Stepped: TypeAlias = tuple[Any, Any, jax.Array]
"""The next states, the vectors' images, and which units are active."""


class MapStep(ABC):
    """A step of many orbits: hashable, equal where its compiled code can be shared."""

    @abstractmethod
    def __call__(self, parameters: Any, hidden: jax.Array, vectors: jax.Array | None) -> Stepped:
        """Take a step; the vectors go through its Jacobian in their own precision."""

    @abstractmethod
    def woken(self, parameters: Any, states: jax.Array) -> jax.Array:
        """Return which of the units that are left out may become active after some states, (steps, orbits, units)."""


def _advance(
    step: MapStep,
    parameters: Any,
    hidden: jax.Array,
    left: jax.Array,
    limits: jax.Array,
    now: jax.Array,
    vectors: jax.Array | None,
) -> tuple[jax.Array, jax.Array, Any, jax.Array]:
    """Take a step with the orbits that have not diverged, and note who does."""
    moved, pushed, active = step(parameters, hidden, vectors)
    gone = left >= 0
    hidden = jnp.where(gone[:, None], hidden, moved)
    leaves = ~gone & ~((hidden * hidden).sum(axis=1) <= limits**2)
    return hidden, jnp.where(leaves, now + 1, left), pushed, active


def _nothing_active(step: MapStep, parameters: Any, hidden: jax.Array) -> jax.Array:
    shape = jax.eval_shape(lambda: step(parameters, hidden, None)[2]).shape
    return jnp.zeros(shape[1:], bool)


def _woken(step: MapStep, parameters: Any, first: jax.Array, states: jax.Array, steps: int | jax.Array) -> jax.Array:
    """Say which of the units that were left out may have become active on the way.

    For all steps at once, which reads the weights from those that were worked on once and not at every step.
    """
    before = jnp.concatenate([first[None], states[:-1]])
    before = jnp.where((jnp.arange(len(before)) < steps)[:, None, None], before, first)
    return step.woken(parameters, before).any(axis=(0, 1))


def _code(active: jax.Array, code_weights: jax.Array) -> jax.Array:
    return jnp.where(active, code_weights, 0).sum(axis=1, dtype=jnp.uint64)  # a sum of integers: exact in any order


@partial(jax.jit, static_argnames=("step", "room"))
def follow(
    step: MapStep,
    room: int,
    steps: int | jax.Array,
    parameters: Any,
    hidden: jax.Array,
    left: jax.Array,
    limits: jax.Array,
    code_weights: jax.Array,
) -> dict[str, Any]:
    """Take some steps; return where the orbits are then, who left when, the states on the way and their codes.

    There is room for so many steps, compiled once for each; what stands behind those that were taken means nothing.
    """

    def one(now: jax.Array, carry: Any) -> Any:
        hidden, left, seen, codes, states = carry
        hidden, left, _, active = _advance(step, parameters, hidden, left, limits, now, None)
        return (
            hidden,
            left,
            seen | active.any(axis=0),
            codes.at[now].set(_code(active, code_weights)),
            states.at[now].set(hidden),
        )

    seen, orbits, first = _nothing_active(step, parameters, hidden), hidden.shape[0], hidden
    codes, states = jnp.zeros((room, orbits), jnp.uint64), jnp.zeros((room, *hidden.shape))
    start = (hidden, left, seen, codes, states)
    hidden, left, active, codes, states = jax.lax.fori_loop(0, steps, one, start)
    woken = _woken(step, parameters, first, states, steps)
    return {"hidden": hidden, "left": left, "seen": (active, woken), "codes": codes, "states": states}


@partial(jax.jit, static_argnames=("step", "between"))
def measure(
    step: MapStep,
    between: int,
    parameters: Any,
    hidden: jax.Array,
    left: jax.Array,
    limits: jax.Array,
    vectors: jax.Array | None,
    axes: jax.Array,
    bank: jax.Array,
    code_weights: jax.Array,
) -> dict[str, Any]:
    """Take `CHUNK` steps, with tangent vectors or without; return what `follow` does, and what those and points did."""

    def one(carry: Any, now: jax.Array) -> tuple[Any, Any]:
        hidden, left, vectors, seen, total, squares = carry
        hidden, left, vectors, active = _advance(step, parameters, hidden, left, limits, now, vectors)
        points = jnp.einsum("su,sku->sk", hidden, axes)
        carry = (
            hidden, left, vectors, seen | active.any(axis=0), total + hidden, squares + (hidden * hidden).sum(axis=1)
        )  # fmt: skip
        return carry, (_code(active, code_weights), points, hidden)

    def block(carry: Any, now: jax.Array) -> tuple[Any, Any]:
        carry, out = jax.lax.scan(one, carry, now)
        if vectors is None:
            return carry, (out, jnp.zeros((hidden.shape[0], 0)))
        turned, growth = _orthonormalise(carry[2], bank)
        return (*carry[:2], turned, *carry[3:]), (out, growth)

    first, seen = hidden, _nothing_active(step, parameters, hidden)
    carry = (hidden, left, vectors, seen, jnp.zeros_like(hidden), jnp.zeros(hidden.shape[0]))
    now = jnp.arange(CHUNK).reshape(-1, between)
    carry, ((codes, points, states), growths) = jax.lax.scan(block, carry, now)
    names = ("hidden", "left", "vectors", "seen", "total", "squares")
    found = dict(zip(names, carry, strict=True)) | {"growths": growths}
    series = {"codes": codes, "points": points, "states": states}
    found |= {name: values.reshape(CHUNK, *values.shape[2:]) for name, values in series.items()}
    return found | {"seen": (found["seen"], _woken(step, parameters, first, found["states"], CHUNK))}


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
def push(
    step: MapStep, parameters: Any, hidden: jax.Array, vectors: jax.Array, limits: jax.Array
) -> tuple[jax.Array, jax.Array, tuple[jax.Array, ...]]:
    """Take each orbit its own number of steps; return the states, the images of vectors, and which units were seen."""

    def one(now: jax.Array, carry: Any) -> Any:
        hidden, vectors, active, woken = carry
        moved, pushed, now_active = step(parameters, hidden, vectors)
        going = (now < limits)[:, None]
        active |= (now_active & going).any(axis=0)
        woken |= (step.woken(parameters, hidden[None])[0] & going).any(axis=0)
        hidden = jnp.where(going, moved, hidden)
        vectors = jnp.where(going[:, :, None], pushed, vectors)
        return hidden, vectors, active, woken

    none_active = _nothing_active(step, parameters, hidden)
    none_woken = jnp.zeros(jax.eval_shape(step.woken, parameters, hidden[None]).shape[2:], bool)
    start = (hidden, vectors, none_active, none_woken)
    hidden, vectors, active, woken = jax.lax.fori_loop(0, limits.max(), one, start)
    return hidden, vectors, (active, woken)
