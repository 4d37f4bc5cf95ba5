"""Policy gradients that use each rollout once: proximal policy optimisation with an ingredient less.

Advantage actor-critic: Mnih, Badia, Mirza, Graves, Lillicrap, Harley, Silver, Kavukcuoglu, *Asynchronous methods for
deep reinforcement learning*, arXiv 1602.01783 (here in step, not asynchronous). REINFORCE: Williams, *Simple
statistical gradient-following algorithms for connectionist reinforcement learning*, Machine Learning 8, 229 (1992).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from jaxtyping import Bool, Float

from attrax._lazy import JAX_IS_LOADED, Array, jax, jnp, optax
from attrax.learning.actor_critic import ActorCritic
from attrax.learning.advantages import generalised_advantages
from attrax.learning.losses import entropy, log_probability, standardised, weighted_mean
from attrax.learning.optimising import descend, gradient_of
from attrax.learning.rollouts import Experience, Rollout, RolloutState, collect_rollout, policy_logits
from attrax.settings import require

if TYPE_CHECKING or JAX_IS_LOADED:
    from attrax.networks import RecurrentNetwork
    from attrax.tasks import TrialTask


@dataclass(frozen=True)
class A2C(ActorCritic):
    """Proximal policy optimisation without reuse: one step a rollout, so that no ratio leaves 1 and none is cut."""

    title: ClassVar[str] = "A2C"

    learning_rate: float = 2e-3
    """Step size of Adam: larger than where several steps are taken of each rollout."""

    def update(self, task: "TrialTask", state: RolloutState) -> tuple[RolloutState, dict[str, Array]]:
        """Collect one rollout and take one step along the policy gradient.

        Returns
        -------
        state
            After the update.
        metrics
            Scalars: loss, gradient_norm, policy_loss, value_loss, entropy, used (share of steps that taught).
        """
        rollout, state = collect_rollout(self, task, state, jax.random.fold_in(state.noise_key, state.updates))
        advantage, counted = self._advantages(rollout), self._counted(rollout)
        returns = advantage + self.has_critic * rollout.value
        gradient, metrics = gradient_of(self._loss)(
            state.network, rollout.hidden, rollout.experience, standardised(advantage, counted), returns, counted
        )
        network, optimiser = descend(self._optimiser(), state.network, state.optimiser, gradient)
        state = state._replace(network=network, optimiser=optimiser, updates=state.updates + 1)
        return state, metrics | {"used": jnp.mean(counted), "gradient_norm": optax.tree.norm(gradient)}

    def _advantages(self, rollout: Rollout) -> Float[Array, "steps environments"]:
        """Return generalised advantage estimates; without a critic, of values that are 0."""
        experience, has_critic = rollout.experience, self.has_critic
        return generalised_advantages(
            experience.reward, has_critic * experience.value, has_critic * rollout.bootstrap, experience.end,
            self.discount, self.gae_lambda,
        )  # fmt: skip

    def _counted(self, rollout: Rollout) -> Float[Array, "steps environments"]:
        """Return which steps count: all of them."""
        return jnp.ones_like(rollout.value)

    def _loss(
        self,
        network: "RecurrentNetwork",
        hidden: Float[Array, "environments units"],
        experience: Experience,
        advantage: Float[Array, "steps environments"],
        returns: Float[Array, "steps environments"],
        counted: Float[Array, "steps environments"],
    ) -> tuple[Float[Array, ""], dict[str, Array]]:
        """Policy gradient with a critic and entropy, from the hidden state at the start of the rollout."""
        hidden_states = network.run(hidden, experience.observation, experience.restart)
        logits = policy_logits(network, hidden_states, self.temperature)
        policy_loss = -weighted_mean(log_probability(logits, experience.action) * advantage, counted)
        value_loss = weighted_mean((self.critic_values(network, hidden_states) - returns) ** 2, counted)
        policy_entropy = weighted_mean(entropy(logits), counted)
        loss = policy_loss + self.value_weight * value_loss - self.entropy_weight * policy_entropy
        return loss, {"loss": loss, "policy_loss": policy_loss, "value_loss": value_loss, "entropy": policy_entropy}


@dataclass(frozen=True)
class Reinforce(A2C):
    """A2C without bootstrapping: what a step earned until its trial's end, less what the critic expected.

    Steps whose trial does not end within the rollout teach nothing: what they earned is not known. The critic is a
    baseline and no more.
    """

    title: ClassVar[str] = "REINFORCE"

    gae_lambda: float = 1.0
    """λ; 1, since returns are those of whole trials."""

    def __post_init__(self) -> None:
        super().__post_init__()
        takes = "REINFORCE takes the returns of whole trials, so it must be 1"
        require(self.gae_lambda == 1, f"gae_lambda is {self.gae_lambda}; {takes}")

    def _counted(self, rollout: Rollout) -> Float[Array, "steps environments"]:
        """Return which steps count: those of trials that end in the rollout."""

        def ends(later: Bool[Array, " environments"], now: Bool[Array, " environments"]) -> Any:
            either = later | now
            return either, either

        end = rollout.experience.end
        _, finished = jax.lax.scan(ends, jnp.zeros(end.shape[1], bool), end, reverse=True)
        return finished.astype(rollout.value.dtype)
