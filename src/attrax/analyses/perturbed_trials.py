"""The trials on which a network and all its perturbed versions are tried, and what they are right in."""

from functools import partial
from operator import itemgetter
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Bool, Float, Int

from attrax.analyses.disturbed_trials import disturbed_move, trial_outcomes
from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.perturbation_settings import ALL, PerturbationSettings
from attrax.analyses.trial_states import as_written
from attrax.keys import derive_key
from attrax.learning.evaluation import IN_A_ROW
from attrax.learning.greedy_trials import Moment, TrialsState, before_trials, run_trials, run_until_answered
from attrax.networks import RecurrentNetwork
from attrax.tasks import TASKS, Task, draw_queues
from attrax.tasks.stream import stream_keys
from attrax.tasks.trial import OVER, STAGES, Trial

_SIDE_BY_SIDE = 200


class PerturbedTrials:
    """The trials on which a network and all its perturbed versions are tried, and the draws that these share.

    They are those of `trial_outcomes`, and every accuracy is the one that it would tell. But they are drawn once and
    run in rows of one context and of like lengths, each for as long as one of its trials goes on; where a perturbation
    is limited to a stage, from where the first of them enters it: before that nothing is perturbed.
    """

    def __init__(self, on_task: NetworkOnTask, settings: PerturbationSettings) -> None:
        self.on_task, self.settings = on_task, settings
        self.task, self.network = task, network = on_task.task, on_task.network
        self._name = TASKS.name_of(task)
        self.key = derive_key(self._name, 0, "trials for causes")
        trials = jax.tree.map(np.asarray, _draw(task, self.key, settings.trials))
        self._context, self._choice = trials.context, trials.choice
        relevant = np.take_along_axis(trials.coherence, self._context[:, None], axis=1)[:, 0]
        self.strengths = np.unique(as_written(np.abs(task.stimuli()[0]).astype(np.float32)))
        self._at = np.searchsorted(self.strengths, as_written(np.abs(relevant)))
        self._rows = [
            _Row.of(task, network, jax.tree.map(jnp.asarray, jax.tree.map(itemgetter(numbers), trials)), numbers)
            for numbers in _rows_of(trials)
        ]
        contexts = range(task.n_contexts)
        right = self._right(network, ALL, None)
        self.counts, self.intact = self._counts(None), self._by_strength(right, None)
        self.counts_of = [self._counts(context) for context in contexts]
        self.intact_of = [self._by_strength(right, context) for context in contexts]

    def accuracy(
        self,
        network: RecurrentNetwork,
        stage: str = ALL,
        context: int | None = None,
        state_noise: float = 0.0,
    ) -> Float[np.ndarray, " strengths"]:
        """Return the accuracy by strength of an edited network: in one stage alone it stands in for the intact one."""
        if state_noise:
            outcomes = trial_outcomes(self.task, network, self.key, self.settings.trials, state_noise=state_noise)
            return self._by_strength(np.asarray(outcomes.right), context)
        return self._by_strength(self._right(network, stage, context), context)

    def _right(self, network: RecurrentNetwork, stage: str, context: int | None) -> Bool[np.ndarray, " trials"]:
        """Return which trials are answered rightly; False in other contexts than the one that is asked about."""
        answer, task = np.zeros(self._at.size, int), self.task
        of_stages = None if stage == ALL else jnp.asarray(np.array(STAGES) == stage)
        for row in self._rows:
            if context is not None and self._context[row.numbers[0]] != context:
                continue
            if stage == ALL:
                start = before_trials(network, row.trials)
                ran = _go_on(task, network, row.trials, start, 0, task.longest_trial)
            else:
                start, first = row.entering[stage], row.first_steps[stage]
                ran = _go_on(task, self.network, row.trials, start, first, task.longest_trial, network, of_stages)
            answer[row.numbers] = ran.answer
        return answer == self._choice

    def _counted(self, context: int | None) -> Bool[np.ndarray, " trials"]:
        return np.ones(self._at.size, bool) if context is None else self._context == context

    def _counts(self, context: int | None) -> Int[np.ndarray, " strengths"]:
        return np.bincount(self._at[self._counted(context)], minlength=self.strengths.size)

    def _by_strength(self, right: Bool[np.ndarray, " trials"], context: int | None) -> Float[np.ndarray, " strengths"]:
        counted, counts = self._counted(context), self._counts(context)
        rights = np.bincount(self._at[counted], weights=right[counted], minlength=self.strengths.size)
        return np.where(counts > 0, rights / np.maximum(counts, 1), np.nan)

    def unit_orders(self) -> Int[np.ndarray, "draws units"]:
        """Return a random order of the units for each draw."""
        return self._orders(self.network.n_hidden, "random units")

    def weight_orders(self) -> Int[np.ndarray, "draws weights"]:
        """Return a random order of the places of all recurrent weights that exist, for each draw."""
        places = np.flatnonzero(self.existing())
        return places[self._orders(places.size, "random weights")]

    def existing(self) -> Bool[np.ndarray, "units units"]:
        """Return which recurrent weights there are."""
        n_units = self.network.n_hidden
        return np.ones((n_units, n_units), bool) if self.network.mask is None else np.asarray(self.network.mask)

    def _orders(self, size: int, purpose: str) -> Int[np.ndarray, "draws size"]:
        generator = np.random.default_rng(np.asarray(jax.random.key_data(derive_key(self._name, 0, purpose))))
        return np.array([generator.permutation(size) for _ in range(self.settings.draws)])

    def draw_key(self, purpose: str, draw: int) -> Array:
        """Return the key of one draw: the same for every network and every size."""
        return jax.random.fold_in(derive_key(self._name, 0, purpose), draw)

    def described(self) -> xr.Dataset:
        """Return how many trials there are, and the accuracy of the intact network."""
        return xr.Dataset(
            {"cause_trials": ("cause_strength", self.counts), "cause_intact": ("cause_strength", self.intact)}
        )


class _Row(NamedTuple):
    """Trials that run side by side, all of one context."""

    trials: Trial
    numbers: Int[np.ndarray, " trials"]
    """Which trials they are; the last one may be there several times, so that all rows are equally long."""
    first_steps: dict[str, int]
    """The step at which the first of them enters each stage."""
    entering: dict[str, TrialsState]
    """What the intact network has come to before that step."""

    @classmethod
    def of(cls, task: Task, network: RecurrentNetwork, trials: Trial, numbers: Int[np.ndarray, " trials"]) -> "_Row":
        stage = np.asarray(trials.stage)
        there = [(stage == number).any(axis=0) for number in range(len(STAGES))]
        firsts = [int(steps.argmax()) if steps.any() else task.longest_trial for steps in there]
        entering, state, at = {}, before_trials(network, trials), 0
        for name, first in sorted(zip(STAGES, firsts, strict=True), key=itemgetter(1)):
            state, at = _go_on(task, network, trials, state, at, first), first
            entering[name] = state
        return cls(trials, numbers, dict(zip(STAGES, firsts, strict=True)), entering)


def _rows_of(trials: Trial) -> list[Int[np.ndarray, " trials"]]:
    """Part trials into rows of equal size, each of one context and of trials that are about equally long."""
    contexts = [np.flatnonzero(trials.context == context) for context in np.unique(trials.context)]
    most = max(numbers.size for numbers in contexts)
    size = -(-most // -(-most // _SIDE_BY_SIDE))  # the last row of a context is about as full as the others
    rows = []
    for numbers in contexts:
        in_order = numbers[np.argsort(trials.length[numbers], kind="stable")]
        some = [in_order[first : first + size] for first in range(0, in_order.size, size)]
        rows += [np.concatenate([part, np.repeat(part[-1:], size - part.size)]) for part in some]
    return rows


@partial(jax.jit, static_argnums=(0, 2))
def _draw(task: Task, key: Array, n_trials: int) -> Trial:
    """Draw the trials of `act_in_rows`, in its order."""
    streams = n_trials // IN_A_ROW
    trials = draw_queues(task, stream_keys(key, streams), jnp.zeros(streams, jnp.int32), IN_A_ROW)
    return jax.tree.map(lambda values: jnp.moveaxis(values, 0, 1).reshape(n_trials, *values.shape[2:]), trials)


@partial(jax.jit, static_argnums=0)
def _go_on(
    task: Task,
    network: RecurrentNetwork,
    trials: Trial,
    state: TrialsState,
    first: int | Int[Array, ""],
    last: int | Int[Array, ""],
    stand_in: RecurrentNetwork | None = None,
    stages: Bool[Array, " stages"] | None = None,
) -> TrialsState:
    move = disturbed_move(network, trials, None, stand_in, stages)
    return run_until_answered(task, trials, move, state, first, last)


@partial(jax.jit, static_argnums=(0, 3))
def root_mean_square_activity(task: Task, network: RecurrentNetwork, key: Array, n_trials: int) -> Float[Array, ""]:
    """Return the root mean square activity over units and the steps of trials, as if no answer ended a trial."""
    trials = jax.vmap(task.trial)(jax.random.split(key, n_trials))

    def observe(total: Array, moment: Moment) -> tuple[Array, None]:
        squares = jnp.mean(moment.hidden[:, : network.n_hidden] ** 2, axis=1)
        return total + jnp.where(trials.stage[:, moment.step] < OVER, squares, 0.0), None

    run = run_trials(task, network, trials, observe, jnp.zeros(n_trials))
    return jnp.sqrt(jnp.sum(run.seen) / jnp.sum(trials.length))


def overall(
    accuracies: Float[np.ndarray, "*any strengths"], counts: Int[np.ndarray, " strengths"]
) -> Float[np.ndarray, "*any"]:
    """Return the accuracy of all trials; NaN where there are none."""
    right = np.where(counts > 0, accuracies * counts, 0.0).sum(axis=-1)
    return np.asarray(right / counts.sum() if counts.any() else np.full(right.shape, np.nan))
