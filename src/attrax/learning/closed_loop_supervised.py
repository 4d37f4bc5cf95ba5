"""Learning from labels on the network's own behaviour: the bridge between labelled sequences and reward."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from jaxtyping import Float

from attrax._lazy import JAX_IS_LOADED, Array, jax, jnp, optax
from attrax.learning.losses import label_loss
from attrax.learning.optimising import descend, gradient_of
from attrax.learning.rollouts import Rollout, RolloutLearner, RolloutState, collect_rollout
from attrax.settings import require

if TYPE_CHECKING or JAX_IS_LOADED:
    from attrax.networks import RecurrentNetwork
    from attrax.tasks import TrialTask


@dataclass(frozen=True)
class ClosedLoopSupervised(RolloutLearner):
    """Act, and be shown the right action at every step that these actions lead to.

    The network meets the states and the trial lengths that its own answers make, as in reinforcement learning, and is
    told what is right, as in supervised learning: Ross, Gordon, Bagnell, *A reduction of imitation learning and
    structured prediction to no-regret online learning*, arXiv 1011.0686, here without any actions of the teacher's.
    """

    title: ClassVar[str] = "supervised learning in closed loop"

    gradient_norm: float = 1.0
    """Gradients longer than this are shortened to it."""
    fixation_weight: float = 0.1
    """Weight of the steps at which keeping fixation is right; the decision steps weigh 1."""
    loss: Literal["cross-entropy", "squared error"] = "cross-entropy"
    """Of the policy, or of the logits from 1 at the right action and 0 at the others."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.fixation_weight >= 0, f"fixation_weight is {self.fixation_weight}; it must be 0 or more")

    def update(self, task: "TrialTask", state: RolloutState) -> tuple[RolloutState, dict[str, Array]]:
        """Collect one rollout and take one step towards the right actions.

        Returns
        -------
        state
            After the update.
        metrics
            Scalars: loss, gradient_norm.
        """
        rollout, state = collect_rollout(self, task, state, jax.random.fold_in(state.noise_key, state.updates))
        gradient, loss = gradient_of(self._loss)(state.network, rollout)
        network, optimiser = descend(self._optimiser(), state.network, state.optimiser, gradient)
        state = state._replace(network=network, optimiser=optimiser, updates=state.updates + 1)
        return state, {"loss": loss, "gradient_norm": optax.tree.norm(gradient)}

    def _loss(self, network: "RecurrentNetwork", rollout: Rollout) -> tuple[Float[Array, ""], Float[Array, ""]]:
        experience = rollout.experience
        hidden_states = network.run(rollout.hidden, experience.observation, experience.restart)
        weight = jnp.where(experience.target == 0, self.fixation_weight, 1.0)
        loss = label_loss(self.loss, network.logits(hidden_states), experience.target, weight)
        return loss, loss
