"""Supervised learning: Adam on the step-weighted distance of the policy from the right actions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from jaxtyping import Float, Int

from attrax._lazy import JAX_IS_LOADED, Array, jax, jnp, optax
from attrax.learning.losses import label_loss
from attrax.learning.optimising import adam, descend, gradient_of, start_optimiser
from attrax.settings import check_fields, require

if TYPE_CHECKING or JAX_IS_LOADED:
    from attrax.networks import RecurrentNetwork
    from attrax.tasks import Sequence, TrialTask


@dataclass(frozen=True)
class Supervised:
    """Show labelled sequences and make the right action at each step likelier."""

    title: ClassVar[str] = "supervised learning"

    batch_size: int = 32
    """Sequences in an update."""
    sequence_steps: int = 100
    """Steps of a sequence when the hidden state is carried on; else a sequence is as long as a trial can be."""
    learning_rate: float = 1e-3
    """Step size of Adam. It, the batch and the length of a sequence were tuned for speed, on seeds of their own
    (`benchmarks/speed.md`); the preset `untuned` has those from before."""
    fixation_weight: float = 0.1
    """Weight of the steps at which keeping fixation is right; the decision steps weigh 1."""
    gradient_norm: float = 1.0
    """Gradients longer than this are shortened to it."""
    reset_hidden: bool = False
    """True: a sequence is one trial. False: it holds several trials, and the hidden state is carried on from each
    to the next. Every sequence starts from the zero state."""
    loss: Literal["cross-entropy", "squared error"] = "cross-entropy"
    """Of the policy, or of the logits from 1 at the right action and 0 at the others."""

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("batch_size", "sequence_steps"):
            require(getattr(self, name) >= 1, f"{name} is {getattr(self, name)}; it must be 1 or more")
        for name in ("learning_rate", "gradient_norm"):
            require(getattr(self, name) > 0, f"{name} is {getattr(self, name)}; it must be above 0")
        require(self.fixation_weight >= 0, f"fixation_weight is {self.fixation_weight}; it must be 0 or more")

    def start(
        self, task: "TrialTask", network: "RecurrentNetwork", trials_key: Array, noise_key: Array
    ) -> "SupervisedState":
        """Return the state before the first update: every sequence at the start of its stream of trials."""
        from attrax.tasks.stream import stream_keys

        counter = jnp.zeros((), jnp.int32)
        return SupervisedState(
            network=network,
            optimiser=start_optimiser(self._optimiser(), network),
            updates=counter,
            trials=counter,
            stream_keys=stream_keys(trials_key, self.batch_size),
            number=jnp.zeros(self.batch_size, jnp.int32),
        )

    def inert(self) -> dict[str, str]:
        """Return the fields that have no effect, and because of which other field."""
        return {"sequence_steps": "reset_hidden"} if self.reset_hidden else {}

    def update(self, task: "TrialTask", state: "SupervisedState") -> tuple["SupervisedState", dict[str, Array]]:
        """Show one batch of sequences and take one step of Adam.

        Returns
        -------
        state
            After the update.
        metrics
            Scalars: loss, gradient_norm.
        """
        sequences = self._sequences(task, state)
        shown = jnp.sum(sequences.start, axis=1)
        gradient, loss = gradient_of(self._loss)(state.network, sequences)
        network, optimiser = descend(self._optimiser(), state.network, state.optimiser, gradient)
        state = state._replace(
            network=network, optimiser=optimiser, updates=state.updates + 1,
            trials=state.trials + jnp.sum(shown), number=state.number + shown,
        )  # fmt: skip
        return state, {"loss": loss, "gradient_norm": optax.tree.norm(gradient)}

    def held_steps(self, task: "TrialTask") -> int:
        """Return how many steps' hidden states are held at once for the gradient."""
        return self.batch_size * self._steps(task)

    def _steps(self, task: "TrialTask") -> int:
        """Return the length of a sequence."""
        return task.longest_trial if self.reset_hidden else self.sequence_steps

    def _optimiser(self) -> Any:
        return adam(self.learning_rate, self.gradient_norm)

    def _sequences(self, task: "TrialTask", state: "SupervisedState") -> "Sequence":
        """Draw the next trials of each stream, as one sequence a stream."""
        from attrax.tasks import draw_queues, labelled_sequence

        n_steps = self._steps(task)
        n_trials = 1 if self.reset_hidden else -(-n_steps // task.fewest_steps)

        queues = draw_queues(task, state.stream_keys, state.number, n_trials)
        return jax.vmap(lambda trials: labelled_sequence(trials, n_steps, self.fixation_weight))(queues)

    def _loss(self, network: "RecurrentNetwork", sequences: "Sequence") -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Return the loss of labelled sequences, averaged over steps by their weights."""
        observation, target, weight = (
            jnp.swapaxes(a, 0, 1) for a in (sequences.observation, sequences.target, sequences.weight)
        )
        hidden = jnp.zeros((self.batch_size, network.n_state))
        hidden_states = network.run(hidden, observation, jnp.zeros(target.shape, bool))
        loss = label_loss(self.loss, network.logits(hidden_states), target, weight)
        return loss, loss


class SupervisedState(NamedTuple):
    """Everything that an update changes."""

    network: "RecurrentNetwork"
    optimiser: Any
    updates: Int[Array, ""]
    trials: Int[Array, ""]
    """Trials that have been shown so far (the last of a sequence may be cut)."""
    stream_keys: Array
    number: Int[Array, " batch"]
    """Index of each stream's next trial."""
