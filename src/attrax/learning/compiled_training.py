"""Training as compiled programs, for one network or for a batch of them side by side."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from attrax.keys import derive_key
from attrax.learning.evaluation import Evaluation, evaluate
from attrax.learning.members import Member, StaticSettings, TracedSettings, split_settings, without_widths
from attrax.learning.stopping import StoppingRule
from attrax.networks import NetworkSettings, RecurrentNetwork, initialise
from attrax.networks.spectral_radius import spectral_radius
from attrax.tasks import TASKS, TrialTask


class ChunkResult(NamedTuple):
    """What a chunk of updates has led to."""

    updates: Int[Array, ""]
    trials: Int[Array, ""]
    finite: Bool[Array, ""] | bool
    """False: the update after these was not finite, and is not counted."""
    evaluation: Evaluation
    """Of the network after the chunk, on the held-out trials."""
    weight_norm: Float[Array, ""]
    spectral_radius: Float[Array, ""]
    metrics: dict[str, Array]
    """The learner's, averaged over the chunk's updates; NaN if there were none."""


class _Keys(NamedTuple):
    """Everything random about one member: functions of its task's name and its seed."""

    weights: Array
    training_trials: Array
    learning_noise: Array
    evaluation_trials: Array
    fresh_trials: Array


def _keys(task: TrialTask, seed: int) -> _Keys:
    name = TASKS.name_of(task)
    return _Keys(*(derive_key(name, seed, purpose.replace("_", " ")) for purpose in _Keys._fields))


def initial_network(task: TrialTask, settings: NetworkSettings, seed: int) -> RecurrentNetwork:
    """Return the untrained network of a seed: the same for every learner, and up to its scale for every δ."""
    return _draw_network(
        task, without_widths(settings), settings.delta, settings.readout_delta, _keys(task, seed).weights
    )


@partial(jax.jit, static_argnums=(0, 1))
def _draw_network(
    task: TrialTask, network: NetworkSettings, delta: Any, readout_delta: Any, key: Array
) -> RecurrentNetwork:
    return initialise(network, task.n_inputs, task.n_actions, key, delta, readout_delta)


def _start(task: TrialTask, static: StaticSettings, traced: TracedSettings, keys: _Keys) -> Any:
    """Return the learner's state before the first update."""
    network = initialise(
        static.network, task.n_inputs, task.n_actions, keys.weights, traced.delta, traced.readout_delta
    )
    learner = static.learner_with(traced.learner)
    return learner.start(task, network, keys.training_trials, keys.learning_noise)


def _update(
    task: TrialTask,
    static: StaticSettings,
    most_trials: int | None,
    evaluation_trials: int,
    traced: TracedSettings,
    state: Any,
    until: Int[Array, ""],
    evaluated_on: Array,
    in_a_row: Bool[Array, ""],
) -> tuple[Any, ChunkResult]:
    """Update until a count of updates, or the trials are spent, or numbers are not finite; then evaluate.

    With nothing left to update it is an evaluation: the final ones need no program of their own, whose compiling would
    take longer than they do.

    Returns the state, finite or not, and what it is like.
    """
    # Compiled as a function of its own so that it is traced once, for its metrics' shapes and for the loop.
    take_update = jax.jit(lambda values, state: static.learner_with(values).update(task, state))
    _, shapes = jax.eval_shape(take_update, traced.learner, state)
    sums = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
    most_trials = np.iinfo(np.int32).max if most_trials is None else most_trials

    def unfinished(carry: Any) -> Array:
        state, _, finite = carry
        return finite & (state.updates < until) & (state.trials < most_trials)

    def update(carry: Any) -> Any:
        state, sums, _ = carry
        following, metrics = take_update(traced.learner, state)
        checked = [metrics["loss"], metrics["gradient_norm"], *jax.tree.leaves(following.network)]
        finite = jnp.all(jnp.stack([jnp.all(jnp.isfinite(values)) for values in checked]))
        return following, jax.tree.map(jnp.add, sums, metrics), finite

    before = state.updates
    state, sums, finite = jax.lax.while_loop(unfinished, update, (state, sums, jnp.array(True)))
    weights = state.network.recurrent_weights
    return state, ChunkResult(
        updates=state.updates,
        trials=state.trials,
        finite=finite,
        evaluation=evaluate(task, state.network, evaluated_on, evaluation_trials, in_a_row),
        weight_norm=jnp.linalg.norm(weights),
        spectral_radius=spectral_radius(weights) if state.network.cell.gates == 1 else jnp.array(jnp.nan),
        metrics=jax.tree.map(lambda total: total / (state.updates - before), sums),
    )


class CompiledTraining(NamedTuple):
    """The programs that are compiled once for a task and the static settings that a batch's members share."""

    task: TrialTask
    static: StaticSettings
    start_compiled: Callable[..., Any]
    update_compiled: Callable[..., Any]
    fresh_batches: int
    """Evaluations that the accuracy on fresh trials is averaged over."""
    batched: bool
    """Whether every array has an axis of members before its own."""

    def start(self, members: Sequence[Member]) -> "TrainingBatch":
        """Return a batch of members, before their first update."""
        return TrainingBatch(self, members)

    def _stack(self, rows: Sequence[Any]) -> Any:
        """Put trees of arrays side by side."""
        return jax.tree.map(lambda *values: jnp.stack(values), *rows) if self.batched else rows[0]

    def _row(self, tree: Any, place: int) -> Any:
        """Take one of what stands side by side."""
        return jax.tree.map(lambda values: values[place], tree) if self.batched else tree


@lru_cache(maxsize=64)
def _compile_training(
    task: TrialTask,
    static: StaticSettings,
    most_trials: int | None,
    evaluation_trials: int,
    fresh_batches: int,
    batched: bool,
) -> CompiledTraining:
    start = partial(_start, task, static)
    update = partial(_update, task, static, most_trials, evaluation_trials)
    if batched:
        start, update = jax.vmap(start), jax.vmap(update, in_axes=(0, 0, 0, 0, None))
    return CompiledTraining(task, static, jax.jit(start), jax.jit(update), fresh_batches, batched)


def compiled_training_for(
    task: TrialTask, static: StaticSettings, stopping: StoppingRule, batched: bool
) -> CompiledTraining:
    """Return what trains such members; the same programs each time, so that nothing is compiled twice."""
    fresh_batches = stopping.fresh_trials // stopping.evaluation_trials
    return _compile_training(task, static, stopping.trials, stopping.evaluation_trials, fresh_batches, batched)  # type: ignore[arg-type]  # tasks are frozen dataclasses


@jax.jit
def _fold_in(keys: Array, number: int | Int[Array, ""]) -> Array:
    """Fold a number into a key, or into each of several."""
    fold = partial(jax.random.fold_in, data=number)
    return jax.vmap(fold)(keys) if keys.ndim else fold(keys)


def _mean(evaluations: Sequence[Evaluation]) -> Evaluation:
    mean: Evaluation = jax.tree.map(lambda *values: np.mean(values), *evaluations)
    return mean


class TrainingBatch:
    """A batch of members that are trained side by side: their traced settings, keys and states."""

    def __init__(self, compiled: CompiledTraining, members: Sequence[Member]) -> None:
        self._compiled = compiled
        self._inputs = self._inputs_of(members)
        self._states = compiled.start_compiled(self._inputs[0], self._inputs[1])

    def _inputs_of(self, members: Sequence[Member]) -> tuple[TracedSettings, _Keys]:
        stack = self._compiled._stack
        traced = [jax.tree.map(jnp.float32, split_settings(member)[1]) for member in members]
        return stack(traced), stack([_keys(self._compiled.task, member.seed) for member in members])

    @property
    def size(self) -> int:
        """How many there are."""
        counts = np.shape(self._states.updates)
        return counts[0] if counts else 1

    def update(self, until: Sequence[int]) -> list[ChunkResult]:
        """Update each to its count of updates, or to its last finite one; return what that has led to."""
        traced, keys = self._inputs
        states, results = self._run(traced, self._states, until, keys.evaluation_trials, in_a_row=False)
        finite = [bool(result.finite) for result in results]
        if not all(finite):
            # The chunk is repeated, a lost member stopping one update earlier: that costs nothing where all goes well,
            # and keeping the last state at every update would.
            stops = [
                bound if kept else int(result.updates) - 1
                for bound, kept, result in zip(until, finite, results, strict=True)
            ]
            states, results = self._run(traced, self._states, stops, keys.evaluation_trials, in_a_row=False)
            results = [result._replace(finite=kept) for result, kept in zip(results, finite, strict=True)]
        self._states = states
        return results

    def evaluate_fresh(self, ended: Sequence[tuple[Member, Any]]) -> list[tuple[Evaluation, Evaluation]]:
        """Evaluate final states on fresh trials, each from the zero state, and ten in a row with the state carried on.

        As many at a time as are trained side by side: that is compiled already.
        """
        results: list[tuple[Evaluation, Evaluation]] = []
        for first in range(0, len(ended), self.size):
            group = list(ended[first : first + self.size])
            padded = group + group[:1] * (self.size - len(group))
            (traced, keys), states = self._inputs_of([m for m, _ in padded]), [state for _, state in padded]
            stacked, of_kind = self._compiled._stack(states), []
            for in_a_row in (False, True):
                batches = []
                for batch in range(self._compiled.fresh_batches):
                    of_batch = _fold_in(keys.fresh_trials, batch)
                    _, chunks = self._run(traced, stacked, [0] * self.size, of_batch, in_a_row)
                    batches.append([chunk.evaluation for chunk in chunks])
                of_kind.append([_mean(evaluations) for evaluations in zip(*batches, strict=True)])
            results += zip(*of_kind, strict=True)
        return results[: len(ended)]

    def _run(
        self, traced: TracedSettings, states: Any, until: Sequence[int], evaluated_on: Array, in_a_row: bool
    ) -> tuple[Any, list[ChunkResult]]:
        compiled = self._compiled
        untils = np.asarray(until if compiled.batched else until[0], np.int32)
        states, results = compiled.update_compiled(traced, states, untils, evaluated_on, np.bool_(in_a_row))
        results = jax.device_get(results)
        return states, [compiled._row(results, place) for place in range(len(until))]

    def state(self, place: int) -> Any:
        """Return one learner's state as it is."""
        return self._compiled._row(self._states, place)

    def replace(self, arriving: Mapping[int, Member]) -> None:
        """Put new members into places, before their first update."""
        members = list(arriving.values())
        inputs = self._inputs_of([*members, *[members[0]] * (self.size - len(members))])
        states = self._compiled.start_compiled(*inputs)
        if not self._compiled.batched:
            self._inputs, self._states = inputs, states
            return
        # Always all rows at once: a program for each number of arrivals would be compiled otherwise.
        rows = np.arange(self.size)
        for row, place in enumerate(arriving):
            rows[place] = self.size + row
        joined = jax.tree.map(
            lambda old, new: jnp.concatenate([old, new])[rows], (self._inputs, self._states), (inputs, states)
        )
        self._inputs, self._states = joined

    def keep(self, places: Sequence[int]) -> None:
        """Go on with some of them only."""
        rows = np.array(places)
        self._inputs, self._states = jax.tree.map(lambda values: values[rows], (self._inputs, self._states))
