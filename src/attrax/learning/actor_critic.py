"""What the rules share in which a critic judges the actions: settings only; each says itself how it learns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from jaxtyping import Float

from attrax._lazy import JAX_IS_LOADED, Array, jax, jnp
from attrax.learning.rollouts import RolloutLearner
from attrax.settings import require

if TYPE_CHECKING or JAX_IS_LOADED:
    from attrax.networks import RecurrentNetwork


@dataclass(frozen=True)
class ActorCritic(RolloutLearner):
    """Settings of an actor that learns from how much better its actions turned out than a critic expected."""

    former_names: ClassVar[Mapping[str, str]] = {"trace": "gae_lambda"}

    discount: float = 0.95
    """γ: what a reward one step later is worth."""
    gae_lambda: float = 0.95
    """λ of the generalised advantage estimate."""
    value_weight: float = 0.5
    """Weight of the critic's squared error in the loss; 0: no critic at all, its values count as 0."""
    entropy_weight: float = 0.01
    """Weight of the policy's entropy in the loss: keeps exploration alive."""
    critic_gradient: bool = True
    """Whether the critic's error also trains the recurrent and input weights, or its own head only."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("discount", "gae_lambda"):
            require(0 <= getattr(self, name) <= 1, f"{name} is {getattr(self, name)}; it must lie in [0, 1]")
        for name in ("value_weight", "entropy_weight"):
            require(getattr(self, name) >= 0, f"{name} is {getattr(self, name)}; it must be 0 or more")

    @property
    def has_critic(self) -> Float[Array, ""]:
        """1, or 0 without a critic: what its values are multiplied with."""
        return jnp.where(self.value_weight > 0, 1.0, 0.0)

    def critic_values(
        self, network: "RecurrentNetwork", hidden_states: Float[Array, "*batch units"]
    ) -> Float[Array, "*batch"]:
        """Return the critic's values as its error sees them: of hidden states that it trains, or that are given."""
        return network.value(hidden_states if self.critic_gradient else jax.lax.stop_gradient(hidden_states))
