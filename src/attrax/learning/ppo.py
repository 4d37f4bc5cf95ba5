"""Proximal policy optimisation (PPO) with backpropagation through time over whole sequences.

`PPO.update` is one iteration of algorithm 1 of [1]: a rollout, its advantages, and then several passes over it in
minibatches, each with one step of Adam on the clipped objective (`PPO._loss`). What it calls is in files of its own:
acting in `rollouts`, the recursion of the advantages in `advantages`, the optimiser in `optimising`. Beyond the paper,
and usual: advantages are standardised over the rollout, gradients are shortened, and a minibatch is made of whole
sequences, each run anew from the hidden state in which its environment began the rollout.

[1] Schulman, Wolski, Dhariwal, Radford, Klimov, *Proximal policy optimization algorithms*, arXiv 1707.06347.
[2] Schulman, Moritz, Levine, Jordan, Abbeel, *High-dimensional continuous control using generalized advantage
estimation*, arXiv 1506.02438.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from jaxtyping import Float, Int

from attrax._lazy import JAX_IS_LOADED, Array, jax, jnp, optax
from attrax.learning.actor_critic import ActorCritic
from attrax.learning.advantages import generalised_advantages
from attrax.learning.losses import entropy, log_probability
from attrax.learning.optimising import descend, gradient_of
from attrax.learning.rollouts import Experience, RolloutState, collect_rollout, policy_logits
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

    def update(self, task: "TrialTask", state: RolloutState) -> tuple[RolloutState, dict[str, Array]]:
        """Collect one rollout and learn from it: one iteration of algorithm 1 of [1].

        Returns
        -------
        state
            After the update.
        metrics
            Scalars: loss, gradient_norm, policy_loss, value_loss, entropy, clipped (share of actions whose
            ratio was cut).
        """
        # Rollout: every environment acts with the policy as it is (θ_old in [1]).
        action_key, order_key = jax.random.split(jax.random.fold_in(state.noise_key, state.updates))
        rollout, state = collect_rollout(self, task, state, action_key)
        experience = rollout.experience

        # Advantages: equation 16 of [2], 11 and 12 of [1]; what the critic is to learn (V^targ) is advantage + value.
        has_critic = self.has_critic
        advantage = generalised_advantages(
            experience.reward, has_critic * experience.value, has_critic * rollout.bootstrap, experience.end,
            self.discount, self.gae_lambda,
        )  # fmt: skip
        returns = advantage + experience.value
        advantage = (advantage - jnp.mean(advantage)) / (jnp.std(advantage) + 1e-8)

        # Passes over the rollout: for each minibatch of sequences, a step of the optimiser on the clipped objective.
        def learn(carry: Any, minibatch: Int[Array, " sequences"]) -> tuple[Any, dict[str, Array]]:
            network, optimiser = carry
            gradient, metrics = gradient_of(self._loss)(
                network,
                rollout.hidden[minibatch],
                jax.tree.map(lambda a: a[:, minibatch], experience),
                advantage[:, minibatch],
                returns[:, minibatch],
            )
            metrics["gradient_norm"] = optax.tree.norm(gradient)
            return descend(self._optimiser(), network, optimiser, gradient), metrics

        start = (state.network, state.optimiser)
        (network, optimiser), metrics = jax.lax.scan(learn, start, self._minibatches(order_key))
        state = state._replace(network=network, optimiser=optimiser, updates=state.updates + 1)
        return state, jax.tree.map(jnp.mean, metrics)

    def _minibatches(self, key: Array) -> Int[Array, "minibatches sequences"]:
        """Return the environments whose sequences are in each minibatch: in every pass all of them, in a new order."""
        orders = jax.vmap(lambda k: jax.random.permutation(k, self.environments))(jax.random.split(key, self.epochs))
        return orders.reshape(self.epochs * self.minibatches, -1)

    def _loss(
        self,
        network: "RecurrentNetwork",
        hidden: Float[Array, "sequences units"],
        experience: Experience,
        advantage: Float[Array, "steps sequences"],
        returns: Float[Array, "steps sequences"],
    ) -> tuple[Float[Array, ""], dict[str, Array]]:
        """Return minus the objective of equation 9 of [1], of whole sequences from the start of the rollout on.

        The objective is the mean of L^CLIP - c₁ (V - V^targ)² + c₂ S, where c₁ is `value_weight` and c₂
        `entropy_weight`.
        """
        hidden_states = network.run(hidden, experience.observation, experience.restart)
        logits = policy_logits(network, hidden_states, self.temperature)

        # L^CLIP, equation 7: of the probability ratio r(θ), no more than the clipped one promises.
        ratio = jnp.exp(log_probability(logits, experience.action) - experience.log_probability)
        clipped_ratio = jnp.clip(ratio, 1 - self.clip, 1 + self.clip)
        policy_loss = -jnp.mean(jnp.minimum(ratio * advantage, clipped_ratio * advantage))

        value_loss = jnp.mean((self.critic_values(network, hidden_states) - returns) ** 2)
        policy_entropy = jnp.mean(entropy(logits))
        loss = policy_loss + self.value_weight * value_loss - self.entropy_weight * policy_entropy
        return loss, {
            "loss": loss,
            "policy_loss": policy_loss,
            "value_loss": value_loss,
            "entropy": policy_entropy,
            "clipped": jnp.mean(jnp.abs(ratio - 1) > self.clip, dtype=float),
        }

    def held_steps(self, task: "TrialTask") -> int:
        """Return how many steps' hidden states are held at once for the gradient: those of a minibatch."""
        return self.environments * self.steps // self.minibatches
