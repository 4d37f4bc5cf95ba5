"""Proximal policy optimisation with backpropagation through time over whole sequences.

Schulman, Wolski, Dhariwal, Radford, Klimov, *Proximal policy optimization algorithms*, arXiv 1707.06347.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from jaxtyping import Float, Int

from attrax._lazy import JAX_IS_LOADED, Array, jax, jnp, optax
from attrax.learning.optimising import descend, gradient_of
from attrax.learning.rollouts import ActingState, ActorCritic, Experience, log_probability
from attrax.settings import require

if TYPE_CHECKING or JAX_IS_LOADED:
    from attrax.networks import RecurrentNetwork
    from attrax.tasks import TrialTask


@dataclass(frozen=True)
class PPO(ActorCritic):
    """Act, compare what came with what the critic expected, and make the better actions likelier."""

    title: ClassVar[str] = "PPO"

    epochs: int = 4
    """Passes over a rollout."""
    minibatches: int = 2
    """Parts of a pass: each holds the whole sequences of some of the environments."""
    clip: float = 0.2
    """How far the probability ratio of an action may leave 1 before its gradient is cut."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("epochs", "minibatches"):
            require(getattr(self, name) >= 1, f"{name} is {getattr(self, name)}; it must be 1 or more")
        require(
            self.environments % self.minibatches == 0,
            f"minibatches is {self.minibatches}; it must divide the {self.environments} environments",
        )
        require(self.clip > 0, f"clip is {self.clip}; it must be above 0")

    def held_steps(self, task: "TrialTask") -> int:
        """Return how many steps' hidden states are held at once for the gradient: those of a minibatch."""
        return self.environments * self.steps // self.minibatches

    def update(self, task: "TrialTask", state: ActingState) -> tuple[ActingState, dict[str, Array]]:
        """Collect one rollout and learn from it.

        Returns
        -------
        state
            After the update.
        metrics
            Scalars: loss, gradient_norm, policy_loss, value_loss, entropy, clipped (share of actions whose
            ratio was cut).
        """
        action_key, order_key = jax.random.split(jax.random.fold_in(state.noise_key, state.updates))
        rollout, state = self._collect(task, state, action_key)
        advantage = self._advantages(rollout)
        returns = advantage + rollout.value
        advantage = (advantage - jnp.mean(advantage)) / (jnp.std(advantage) + 1e-8)

        def learn(carry: Any, members: Int[Array, " members"]) -> tuple[Any, dict[str, Array]]:
            network, optimiser = carry
            gradient, metrics = gradient_of(self._loss)(
                network,
                rollout.hidden[members],
                jax.tree.map(lambda a: a[:, members], rollout.experience),
                advantage[:, members],
                returns[:, members],
            )
            metrics["gradient_norm"] = optax.tree.norm(gradient)
            return descend(self._optimiser(), network, optimiser, gradient), metrics

        orders = jax.vmap(lambda k: jax.random.permutation(k, self.environments))(
            jax.random.split(order_key, self.epochs)
        ).reshape(self.epochs * self.minibatches, -1)
        (network, optimiser), metrics = jax.lax.scan(learn, (state.network, state.optimiser), orders)
        state = state._replace(network=network, optimiser=optimiser, updates=state.updates + 1)
        return state, jax.tree.map(jnp.mean, metrics)

    def _loss(
        self,
        network: "RecurrentNetwork",
        hidden: Float[Array, "members units"],
        experience: Experience,
        advantage: Float[Array, "steps members"],
        returns: Float[Array, "steps members"],
    ) -> tuple[Float[Array, ""], dict[str, Array]]:
        """Clipped objective (equation 9 of the paper), from the hidden state at the start of the rollout."""
        hidden_states = network.run(hidden, experience.observation, experience.restart)
        logits = self._policy_logits(network, hidden_states)
        ratio = jnp.exp(log_probability(logits, experience.action) - experience.log_probability)
        clipped = jnp.clip(ratio, 1 - self.clip, 1 + self.clip)
        policy_loss = -jnp.mean(jnp.minimum(ratio * advantage, clipped * advantage))
        value_loss, entropy = self._critic_and_entropy(network, hidden_states, logits, returns, jnp.ones_like(returns))
        loss = policy_loss + self.value_weight * value_loss - self.entropy_weight * entropy
        return loss, {
            "loss": loss,
            "policy_loss": policy_loss,
            "value_loss": value_loss,
            "entropy": entropy,
            "clipped": jnp.mean(jnp.abs(ratio - 1) > self.clip, dtype=float),
        }
