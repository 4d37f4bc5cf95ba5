"""The loop that every learner shares: update, evaluate, keep history and checkpoints, stop."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from attrax.keys import derive_key
from attrax.learning.evaluation import Evaluation, evaluate
from attrax.learning.stopping import StoppingRule
from attrax.networks import NetworkSettings, RecurrentNetwork, initialise
from attrax.tasks import TASKS, Task

Status = Literal["reached", "budget spent", "diverged"]


@runtime_checkable
class LearnerState(Protocol):
    """What the loop reads of a learner's state; the rest is the learner's own."""

    @property
    def network(self) -> RecurrentNetwork:
        """The network as it is."""
        ...

    @property
    def updates(self) -> Int[Array, ""]:
        """Updates so far."""
        ...

    @property
    def trials(self) -> Int[Array, ""]:
        """Training trials so far."""
        ...


@runtime_checkable
class Learner(Protocol):
    """A learning rule: a state before the first update, and a pure function from state to state."""

    title: ClassVar[str]
    """What it is called in sentences."""

    def start(self, task: Task, network: RecurrentNetwork, trials_key: Array, noise_key: Array) -> Any:
        """Return the state before the first update."""
        ...

    def update(self, task: Task, state: Any) -> tuple[Any, dict[str, Array]]:
        """Return the state after one update, and scalars to record: at least loss and gradient_norm."""
        ...


class Progress(NamedTuple):
    """How far a training is, after an evaluation."""

    updates: int
    trials: int
    accuracy: float


class Trained(NamedTuple):
    """A trained network and how it came about."""

    network: RecurrentNetwork
    status: Status
    """"reached" what was asked for (the accuracy; without one the trials; without those the updates), "budget spent"
    before that, or "diverged": numbers stopped being finite, and the network is the last finite one."""
    accuracy: float
    """On fresh trials after the stop, each from the zero state; NaN for a diverged network."""
    accuracy_in_a_row: float
    """The same with ten trials in a row, the hidden state carried on from each to the next."""
    early_answers: float
    """Share of those fresh trials with an answer before the decision stage."""
    updates: int
    trials: int
    history: dict[str, np.ndarray]
    """Name to values, one an evaluation: updates, trials, accuracy, early_answers, reward, weight_norm,
    spectral_radius, and the learner's metrics averaged since the evaluation before (NaN at the first)."""
    checkpoints: dict[str, RecurrentNetwork]
    """"initial", and "accuracy 0.6", "updates 100" and so on for those of `StoppingRule.checkpoints` that were
    reached."""
    checkpoint_progress: dict[str, Progress]
    """When each checkpoint was taken, and its accuracy on the held-out trials."""


def initial_network(task: Task, settings: NetworkSettings, seed: int) -> RecurrentNetwork:
    """Return the untrained network of a seed: the same for every learner, and up to its scale for every δ."""
    key = derive_key(TASKS.name_of(task), seed, "weights")
    return jax.jit(initialise, static_argnums=(0, 1, 2))(settings, task.n_inputs, task.n_actions, key)


def train(
    task: Task,
    network: NetworkSettings,
    learner: Learner,
    stopping: StoppingRule | None = None,
    seed: int = 0,
    on_progress: Callable[[Progress], None] | None = None,
) -> Trained:
    """Train one network.

    Parameters
    ----------
    task, network, learner, stopping
        Settings; the default rule stops at 95 % of held-out trials.
    seed
        Weights, training trials and evaluation trials depend on the task's name and this seed only, so that
        learners are compared in pairs.
    on_progress
        Called after each evaluation.

    Raises
    ------
    SettingsError
        Before any work, if the accuracy asked for is at or above the ideal observer's.
    """
    stopping = stopping or StoppingRule()
    stopping.check_ceiling(task.ideal_observer_accuracy())
    name = TASKS.name_of(task)
    first = initial_network(task, network, seed)
    state = learner.start(
        task, first, derive_key(name, seed, "training trials"), derive_key(name, seed, "learning noise")
    )
    held_out = derive_key(name, seed, "evaluation trials")
    run_chunk = jax.jit(partial(_updates, task, learner, stopping))

    record = _Record(stopping)
    status: Status = "budget spent"
    until = 0  # the first chunk has no update: it evaluates the untrained network
    while True:
        before = int(state.updates)
        state, metrics, finite = run_chunk(state, until)
        if not finite:
            status = "diverged"
            if int(state.updates) == before:
                break  # nothing happened since the last evaluation
        evaluation = evaluate(task, state.network, held_out, stopping.evaluation_trials)
        progress = record.add(state, metrics, evaluation)
        if on_progress is not None:
            on_progress(progress)
        if not finite:
            break
        if stopping.is_met(progress.updates, progress.trials, progress.accuracy):
            status = "reached"
            break
        if stopping.is_spent(progress.updates, progress.trials):
            break
        until = min(progress.updates + stopping.evaluate_every, stopping.updates)

    fresh_key = derive_key(name, seed, "fresh trials")
    fresh, in_a_row = (_evaluate_fresh(task, state.network, stopping, fresh_key, carry) for carry in (False, True))
    lost = status == "diverged"
    return Trained(
        network=state.network,
        status=status,
        accuracy=float("nan") if lost else float(fresh.accuracy),
        accuracy_in_a_row=float("nan") if lost else float(in_a_row.accuracy),
        early_answers=float("nan") if lost else float(fresh.early_answers),
        updates=int(state.updates),
        trials=int(state.trials),
        history=record.history(),
        checkpoints=record.checkpoints,
        checkpoint_progress=record.checkpoint_progress,
    )


def _updates(
    task: Task, learner: Learner, stopping: StoppingRule, state: Any, until: Int[Array, ""]
) -> tuple[Any, dict[str, Array], Array]:
    """Update until a count of updates, or the trials are spent, or numbers are not finite.

    Returns the last finite state, the mean of the metrics of the updates taken, and whether all numbers are finite.
    """
    shapes = jax.eval_shape(lambda s: learner.update(task, s)[1], state)
    sums = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
    most_trials = np.iinfo(np.int32).max if stopping.trials is None else stopping.trials

    def unfinished(carry: Any) -> Array:
        state, _, finite = carry
        return finite & (state.updates < until) & (state.trials < most_trials)

    def update(carry: Any) -> Any:
        state, sums, _ = carry
        following, metrics = learner.update(task, state)
        numbers = [metrics["loss"], metrics["gradient_norm"], *jax.tree.leaves(following.network)]
        finite = jnp.all(jnp.stack([jnp.all(jnp.isfinite(number)) for number in numbers]))
        # An update that is not finite is not taken: the state stays the last finite one.
        kept = jax.tree.map(lambda new, old: jnp.where(finite, new, old), following, state)
        return kept, jax.tree.map(lambda total, m: total + jnp.where(finite, m, 0.0), sums, metrics), finite

    before = state.updates
    state, sums, finite = jax.lax.while_loop(unfinished, update, (state, sums, jnp.array(True)))
    metrics = jax.tree.map(lambda total: total / (state.updates - before), sums)
    return state, metrics, finite


def _evaluate_fresh(
    task: Task, network: RecurrentNetwork, stopping: StoppingRule, key: Array, carry_hidden: bool
) -> Evaluation:
    """Evaluate on fresh trials, in batches of the size that is compiled already."""
    batches = [
        evaluate(task, network, jax.random.fold_in(key, batch), stopping.evaluation_trials, carry_hidden)
        for batch in range(stopping.fresh_trials // stopping.evaluation_trials)
    ]
    return jax.tree.map(lambda *values: sum(values) / len(values), *batches)


class _Record:
    """History and checkpoints as they grow."""

    def __init__(self, stopping: StoppingRule) -> None:
        self._waiting = stopping.checkpoints
        self._rows: list[dict[str, float]] = []
        self.checkpoints: dict[str, RecurrentNetwork] = {}
        self.checkpoint_progress: dict[str, Progress] = {}

    def add(self, state: LearnerState, metrics: dict[str, Array], evaluation: Evaluation) -> Progress:
        weights = np.asarray(state.network.recurrent_weights, dtype=float)
        progress = Progress(int(state.updates), int(state.trials), float(evaluation.accuracy))
        self._rows.append(
            {
                **progress._asdict(),
                "early_answers": float(evaluation.early_answers),
                "reward": float(evaluation.reward),
                "weight_norm": float(np.linalg.norm(weights)),
                "spectral_radius": float(np.abs(np.linalg.eigvals(weights)).max()),
                **{name: float(value) for name, value in metrics.items()},
            }
        )
        if not self.checkpoints:
            self._keep("initial", state.network, progress)
        for name, (counted, value) in list(self._waiting.items()):
            if getattr(progress, counted) >= value:
                self._keep(name, state.network, progress)
                del self._waiting[name]
        return progress

    def _keep(self, name: str, network: RecurrentNetwork, progress: Progress) -> None:
        self.checkpoints[name] = network
        self.checkpoint_progress[name] = progress

    def history(self) -> dict[str, np.ndarray]:
        return {name: np.array([row[name] for row in self._rows]) for name in self._rows[0]}
