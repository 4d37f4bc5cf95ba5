"""The trials on which a network and all its perturbed versions are tried, and what they are right in."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Bool, Float, Int

from attrax.analyses.disturbed_trials import trial_outcomes
from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.perturbation_settings import ALL, PerturbationSettings
from attrax.analyses.trial_states import as_written
from attrax.keys import derive_key
from attrax.learning.greedy_trials import Moment, run_trials
from attrax.networks import RecurrentNetwork
from attrax.tasks import TASKS, Task
from attrax.tasks.trial import OVER, STAGES


class PerturbedTrials:
    """The trials on which a network and all its edited versions are tried, and the draws that these share."""

    def __init__(self, on_task: NetworkOnTask, settings: PerturbationSettings) -> None:
        self.on_task, self.settings = on_task, settings
        self.task, self.network = task, network = on_task.task, on_task.network
        self._name = TASKS.name_of(task)
        self.key = derive_key(self._name, 0, "trials for causes")
        outcomes = trial_outcomes(task, network, self.key, settings.trials)
        self._context = np.asarray(outcomes.context)
        relevant = np.take_along_axis(np.asarray(outcomes.coherence), self._context[:, None], axis=1)[:, 0]
        self.strengths = np.unique(as_written(np.abs(task.stimuli()[0]).astype(np.float32)))
        self._at = np.searchsorted(self.strengths, as_written(np.abs(relevant)))
        self.counts, self.intact = self._counts(None), self._by_strength(outcomes.right, None)
        contexts = range(task.n_contexts)
        self.counts_of = [self._counts(context) for context in contexts]
        self.intact_of = [self._by_strength(outcomes.right, context) for context in contexts]

    def accuracy(
        self,
        network: RecurrentNetwork,
        stage: str = ALL,
        context: int | None = None,
        state_noise: float = 0.0,
    ) -> Float[np.ndarray, " strengths"]:
        """Return the accuracy by strength of an edited network: in one stage alone it stands in for the intact one."""
        if stage == ALL:
            outcomes = trial_outcomes(self.task, network, self.key, self.settings.trials, state_noise=state_noise)
        else:
            stages = jnp.asarray(np.array(STAGES) == stage)
            outcomes = trial_outcomes(
                self.task, self.network, self.key, self.settings.trials, stand_in=network, stages=stages
            )
        return self._by_strength(outcomes.right, context)

    def _counted(self, context: int | None) -> Bool[np.ndarray, " trials"]:
        return np.ones(self._at.size, bool) if context is None else self._context == context

    def _counts(self, context: int | None) -> Int[np.ndarray, " strengths"]:
        return np.bincount(self._at[self._counted(context)], minlength=self.strengths.size)

    def _by_strength(self, right: Bool[Array, " trials"], context: int | None) -> Float[np.ndarray, " strengths"]:
        counted, counts = self._counted(context), self._counts(context)
        rights = np.bincount(self._at[counted], weights=np.asarray(right)[counted], minlength=self.strengths.size)
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
