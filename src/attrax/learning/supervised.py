"""Supervised learning: Adam on the step-weighted distance of the policy from the right actions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from jaxtyping import Float, Int

from attrax._lazy import JAX_IS_LOADED, Array, jax, jnp, optax
from attrax.learning.labels import label_loss
from attrax.settings import check_fields, require

if TYPE_CHECKING or JAX_IS_LOADED:
    from attrax.networks import RecurrentNetwork
    from attrax.tasks import Sequence, Task


@dataclass(frozen=True)
class Supervised:
    """Show labelled sequences and make the right action at each step likelier."""

    title: ClassVar[str] = "supervised learning"

    batch_size: int = 64
    """Sequences in an update."""
    sequence_steps: int = 150
    """Steps of a sequence when the hidden state is carried on; else a sequence is as long as a trial can be."""
    learning_rate: float = 3e-4
    """Step size of Adam."""
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
        self, task: "Task", network: "RecurrentNetwork", trials_key: Array, noise_key: Array
    ) -> "SupervisedState":
        """Return the state before the first update: every sequence at the start of its stream of trials."""
        from attrax.tasks.stream import stream_keys

        counter = jnp.zeros((), jnp.int32)
        return SupervisedState(
            network=network,
            optimiser=self._optimiser().init(network),
            updates=counter,
            trials=counter,
            stream_keys=stream_keys(trials_key, self.batch_size),
            number=jnp.zeros(self.batch_size, jnp.int32),
        )

    def update(self, task: "Task", state: "SupervisedState") -> tuple["SupervisedState", dict[str, Array]]:
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
        loss, gradient = jax.value_and_grad(self._loss)(state.network, sequences)
        change, optimiser = self._optimiser().update(gradient, state.optimiser, state.network)
        state = state._replace(
            network=optax.apply_updates(state.network, change), optimiser=optimiser, updates=state.updates + 1,
            trials=state.trials + jnp.sum(shown), number=state.number + shown,
        )  # fmt: skip
        return state, {"loss": loss, "gradient_norm": optax.tree.norm(gradient)}

    def _optimiser(self) -> Any:
        return optax.chain(optax.clip_by_global_norm(self.gradient_norm), optax.adam(self.learning_rate))

    def _sequences(self, task: "Task", state: "SupervisedState") -> "Sequence":
        """Draw the next trials of each stream, as one sequence a stream."""
        from attrax.tasks import draw_trials, labelled_sequence

        n_steps = task.longest_trial if self.reset_hidden else self.sequence_steps
        n_trials = 1 if self.reset_hidden else -(-n_steps // task.fewest_steps)

        def draw(stream_key: Array, first: Array) -> "Sequence":
            trials = draw_trials(task, stream_key, first, n_trials)
            return labelled_sequence(trials, n_steps, self.fixation_weight)

        return jax.vmap(draw)(state.stream_keys, state.number)

    def _loss(self, network: "RecurrentNetwork", sequences: "Sequence") -> Float[Array, ""]:
        """Return the loss of labelled sequences, averaged over steps by their weights."""
        observation, target, weight = (
            jnp.swapaxes(a, 0, 1) for a in (sequences.observation, sequences.target, sequences.weight)
        )
        hidden = jnp.zeros((self.batch_size, network.n_hidden))
        hidden_states = network.run(hidden, observation, jnp.zeros(target.shape, bool))
        return label_loss(self.loss, network.logits(hidden_states), target, weight)


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
