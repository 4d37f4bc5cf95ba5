"""The loop that every learner shares: update, evaluate, keep history and checkpoints, stop.

One network at a time, or a batch of them side by side in one compiled program: which members finish is seen between
chunks of updates, and then others take their places, or the batch shrinks to the next of a few fixed sizes.
"""

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

import jax
import numpy as np
from jaxtyping import Array, Int

from attrax.compilation_cache import use_compilation_cache
from attrax.learning.compiled_training import ChunkResult, TrainingBatch, compiled_training_for
from attrax.learning.device_memory import check_memory
from attrax.learning.evaluation import Evaluation
from attrax.learning.members import Member, common_static_settings
from attrax.learning.stopping import StoppingRule
from attrax.networks import NetworkSettings, RecurrentNetwork
from attrax.settings import require
from attrax.tasks import TrialTask

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

    def start(self, task: TrialTask, network: RecurrentNetwork, trials_key: Array, noise_key: Array) -> Any:
        """Return the state before the first update."""
        ...

    def update(self, task: TrialTask, state: Any) -> tuple[Any, dict[str, Array]]:
        """Return the state after one update, and scalars to record: at least loss and gradient_norm."""
        ...

    def held_steps(self, task: TrialTask) -> int:
        """Return how many steps' hidden states are held at once: what an update's memory grows with."""
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
    spectral_radius (see `attrax.networks.spectral_radius`; NaN for gated cells), and the learner's metrics averaged
    since the evaluation before (NaN at the first)."""
    checkpoints: dict[str, RecurrentNetwork]
    """"initial", and "accuracy 0.6", "updates 100" and so on for those of `StoppingRule.checkpoints` that were
    reached."""
    checkpoint_progress: dict[str, Progress]
    """When each checkpoint was taken, and its accuracy on the held-out trials."""


def train(
    task: TrialTask,
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

    Notes
    -----
    A second network that differs in seed, δ or the learner's numbers only is trained without compiling anything.

    Raises
    ------
    SettingsError
        Before anything is compiled: if the accuracy asked for is at or above the ideal observer's, or an update does
        not fit into memory.
    """
    member = Member(network, learner, seed)
    report = None if on_progress is None else lambda _, progress: on_progress(progress)
    return train_batch(task, [member], stopping, width=1, on_progress=report)[0]


def train_batch(
    task: TrialTask,
    members: Sequence[Member],
    stopping: StoppingRule | None = None,
    width: int | None = None,
    on_progress: Callable[[int, Progress], None] | None = None,
    on_trained: Callable[[int, Trained], None] | None = None,
) -> list[Trained]:
    """Train many networks under one compiled program.

    Parameters
    ----------
    task, stopping
        As of `train`, the same for all.
    members
        The networks; they may differ in seed, δ, the width of the readouts, and every setting of the learner that is a
        number on a scale (of type float).
    width
        How many are trained side by side (vectorised). 1: one after the other, the fastest on a CPU, where one
        single-threaded process a core does better still. None: 1 on a CPU, all of them elsewhere. Where there are
        more members than that, those that are done make room for the next.
    on_progress
        Called with a member's index and its progress after each of its evaluations.
    on_trained
        Called with a member's index and result as soon as it is there: side by side, the final evaluations are made
        when the batch shrinks or as many have ended as there are places.

    Returns
    -------
    One result a member, in their order: for the same member the same within rounding for any width over the first
    updates, and the same in distribution after (small differences grow in what is learned step by step).

    Notes
    -----
    A member that diverges ends; the others go on. What is finished in a batch is worked on until a place is taken by
    another member, or few enough are left for the next size: half of the last.

    Raises
    ------
    SettingsError
        As `train`; if the members differ in more than that; if the width is below 1.
    """
    use_compilation_cache()
    stopping = stopping or StoppingRule()
    stopping.check_ceiling(task.ideal_observer_accuracy())
    static = common_static_settings(members)
    if width is None:
        width = 1 if jax.default_backend() == "cpu" else len(members)
    require(width >= 1, f"width is {width}; it must be 1 or more")
    width = min(width, len(members))
    check_memory(task, members[0], width)
    compiled = compiled_training_for(task, static, stopping, width > 1)

    results: dict[int, Trained] = {}
    ended: list[_TrainingRun] = []
    waiting = deque(_TrainingRun(index, member, stopping) for index, member in enumerate(members))
    going: list[_TrainingRun | None] = [waiting.popleft() for _ in range(width)]
    batch = compiled.start([run.member for run in going if run is not None])

    def conclude() -> None:
        for run, evaluations in zip(
            ended, batch.evaluate_fresh([(run.member, run.state) for run in ended]), strict=True
        ):
            results[run.index] = run.result(*evaluations)
            if on_trained is not None:
                on_trained(run.index, results[run.index])
        ended.clear()

    while any(run is not None for run in going):
        chunks = batch.update([0 if run is None else run.until for run in going])
        for place, run in enumerate(going):
            if run is None:
                continue
            progress = run.take(chunks[place], partial(batch.state, place))
            if on_progress is not None and progress is not None:
                on_progress(run.index, progress)
            if run.status is not None:
                ended.append(run)
                going[place] = None
        shrinks = not waiting and _next_size(going) < len(going)
        if shrinks or len(ended) >= len(going):
            conclude()
        _fill(batch, going, waiting)
        going = _shrink(batch, going)
    conclude()
    return [results[index] for index in range(len(members))]


def _fill(batch: TrainingBatch, going: list["_TrainingRun | None"], waiting: "deque[_TrainingRun]") -> None:
    """Let waiting members take the places of finished ones."""
    free = [place for place, run in enumerate(going) if run is None][: len(waiting)]
    arriving = {place: waiting.popleft() for place in free}
    if arriving:
        batch.replace({place: run.member for place, run in arriving.items()})
        for place, run in arriving.items():
            going[place] = run


def _next_size(going: Sequence["_TrainingRun | None"]) -> int:
    """Return the size that is large enough for what goes on: the batch's, or half of it, or half of that."""
    left, size = sum(run is not None for run in going), len(going)
    while size > 1 and left <= -(-size // 2):
        size = -(-size // 2)
    return size


def _shrink(batch: TrainingBatch, going: list["_TrainingRun | None"]) -> list["_TrainingRun | None"]:
    """Leave out finished members, as far as the sizes go; nothing changes while all places are needed."""
    size = _next_size(going)
    if size == len(going) or all(run is None for run in going):
        return going
    kept = sorted(range(len(going)), key=lambda place: going[place] is None)[:size]
    batch.keep(kept)
    return [going[place] for place in kept]


class _TrainingRun:
    """One member's way from the first evaluation to the stop."""

    def __init__(self, index: int, member: Member, stopping: StoppingRule) -> None:
        self.index, self.member = index, member
        self.until = 0  # the first chunk has no update: it evaluates the untrained network
        self.status: Status | None = None
        self.state: Any = None  # at the stop
        self._ended_before = -1
        self._stopping = stopping
        self._waiting = stopping.checkpoints
        self._rows: list[dict[str, float]] = []
        self._checkpoints: dict[str, RecurrentNetwork] = {}
        self._checkpoint_progress: dict[str, Progress] = {}

    def take(self, chunk: ChunkResult, state: Callable[[], Any]) -> Progress | None:
        """Record a chunk of updates; None if nothing happened in it, because the first one was not finite."""
        progress = Progress(int(chunk.updates), int(chunk.trials), float(chunk.evaluation.accuracy))
        self._ended_at = progress
        happened = progress.updates > self._ended_before
        self._ended_before = progress.updates
        if happened:
            self._record(progress, chunk, state)
        if not chunk.finite:
            self.status = "diverged"
        elif self._stopping.is_met(progress.updates, progress.trials, progress.accuracy):
            self.status = "reached"
        elif self._stopping.is_spent(progress.updates, progress.trials):
            self.status = "budget spent"
        else:
            self.until = min(progress.updates + self._stopping.evaluate_every, self._stopping.updates)
        if self.status is not None:
            self.state = state()
        return progress if happened else None

    def _record(self, progress: Progress, chunk: ChunkResult, state: Callable[[], LearnerState]) -> None:
        self._rows.append(
            {
                **progress._asdict(),
                "early_answers": float(chunk.evaluation.early_answers),
                "reward": float(chunk.evaluation.reward),
                "weight_norm": float(chunk.weight_norm),
                "spectral_radius": float(chunk.spectral_radius),
                **{name: float(value) for name, value in chunk.metrics.items()},
            }
        )
        reached = [] if self._checkpoints else ["initial"]
        reached += [name for name, (counted, value) in self._waiting.items() if getattr(progress, counted) >= value]
        if reached:
            kept = state().network
            for name in reached:
                self._checkpoints[name], self._checkpoint_progress[name] = kept, progress
                self._waiting.pop(name, None)

    def result(self, fresh: Evaluation, in_a_row: Evaluation) -> Trained:
        """Return the result, with what the evaluations on fresh trials say."""
        if self.status is None:
            raise RuntimeError("the training has not ended")
        lost = self.status == "diverged"
        return Trained(
            network=self.state.network,
            status=self.status,
            accuracy=float("nan") if lost else float(fresh.accuracy),
            accuracy_in_a_row=float("nan") if lost else float(in_a_row.accuracy),
            early_answers=float("nan") if lost else float(fresh.early_answers),
            updates=self._ended_at.updates,
            trials=self._ended_at.trials,
            history={name: np.array([row[name] for row in self._rows]) for name in self._rows[0]},
            checkpoints=self._checkpoints,
            checkpoint_progress=self._checkpoint_progress,
        )
