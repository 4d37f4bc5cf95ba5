"""Networks that act in environments: rollouts, and what all rules that learn from them share."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from jaxtyping import Bool, Float, Int

from attrax._lazy import JAX_IS_LOADED, Array, jax, jnp, optax
from attrax.learning.optimising import adam, descend, start_optimiser
from attrax.settings import check_fields, require

if TYPE_CHECKING or JAX_IS_LOADED:
    from attrax.networks import RecurrentNetwork
    from attrax.tasks import TrialTask


@dataclass(frozen=True)
class ActingLearner:
    """What rules that learn from their own actions have in common: environments that are acted in, and an optimiser."""

    environments: int = 64
    """Environments that act side by side."""
    steps: int = 80
    """Steps of each environment in a rollout; gradients flow through all of them."""
    learning_rate: float = 5e-4
    """Step size of Adam."""
    gradient_norm: float = 0.5
    """Gradients longer than this are shortened to it."""
    temperature: float = 1.0
    """Actions are drawn from the softmax of the logits divided by this: above 1 they are more random."""
    reset_hidden: bool = False
    """Whether the hidden state is set to zero at the start of each trial, or carried on from the last one."""

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("environments", "steps"):
            require(getattr(self, name) >= 1, f"{name} is {getattr(self, name)}; it must be 1 or more")
        for name in ("learning_rate", "gradient_norm", "temperature"):
            require(getattr(self, name) > 0, f"{name} is {getattr(self, name)}; it must be above 0")

    def start(
        self, task: "TrialTask", network: "RecurrentNetwork", trials_key: Array, noise_key: Array
    ) -> "ActingState":
        """Return the state before the first update: every environment at the start of its first trial."""
        from attrax.tasks.stream import stream_keys

        counter = jnp.zeros((), jnp.int32)
        per_environment = jnp.zeros(self.environments, jnp.int32)
        return ActingState(
            network=network,
            optimiser=start_optimiser(self._optimiser(), network),
            updates=counter,
            trials=counter,
            stream_keys=stream_keys(trials_key, self.environments),
            noise_key=noise_key,
            number=per_environment,
            step=per_environment,
            hidden=jnp.zeros((self.environments, network.n_state)),
            restart=jnp.zeros(self.environments, bool),
        )

    def held_steps(self, task: "TrialTask") -> int:
        """Return how many steps' hidden states are held at once for the gradient."""
        return self.environments * self.steps

    def _optimiser(self) -> Any:
        return adam(self.learning_rate, self.gradient_norm, epsilon=1e-5)

    def _collect(self, task: "TrialTask", state: "ActingState", key: Array) -> tuple["Rollout", "ActingState"]:
        """Let every environment act for `steps` steps, drawing actions from the policy."""
        from attrax.tasks import draw_queues

        network = state.network
        # All trials that this rollout can reach are drawn at once: drawing inside the scan would draw one at
        # every step and throw nearly all of them away.
        reachable = -(-(self.steps + 1) // task.shortest_trial) + 1
        queue = draw_queues(task, state.stream_keys, state.number, reachable)
        # The largest of logits + Gumbel noise is a draw from the policy; the noise is drawn outside the scan.
        shape = (self.steps, self.environments, task.n_actions)
        gumbel = jax.random.gumbel(key, (math.prod(shape),)).reshape(shape)
        each = jnp.arange(self.environments)
        judge = jax.vmap(task.judge)

        def look(slot: Array, step: Array) -> Array:
            return queue.observation[each, slot, step]

        def move(hidden: Array, restart: Array, observation: Array) -> Array:
            return network.step(jnp.where(restart[:, None], 0.0, hidden), observation)

        def act(carry: Any, noise: Array) -> tuple[Any, Experience]:
            slot, step, hidden, restart = carry
            observation = look(slot, step)
            hidden = move(hidden, restart, observation)
            logits = self._policy_logits(network, hidden)
            action = jnp.argmax(logits + noise, axis=-1)
            feedback = judge(jax.tree.map(lambda a: a[each, slot], queue), step, action)
            experience = Experience(
                observation, restart, action, log_probability(logits, action), network.value(hidden),
                feedback.reward, feedback.end, queue.target[each, slot, step],
            )  # fmt: skip
            slot = slot + feedback.end
            step = jnp.where(feedback.end, 0, step + 1)
            return (slot, step, hidden, feedback.end & self.reset_hidden), experience

        start = (jnp.zeros_like(state.step), state.step, state.hidden, state.restart)
        (slot, step, hidden, restart), experience = jax.lax.scan(act, start, gumbel)
        bootstrap = network.value(move(hidden, restart, look(slot, step)))
        rollout = Rollout(experience, state.hidden, bootstrap)
        state = state._replace(
            number=state.number + slot, step=step, hidden=hidden, restart=restart,
            trials=state.trials + jnp.sum(slot),
        )  # fmt: skip
        return rollout, state

    def _policy_logits(
        self, network: "RecurrentNetwork", hidden: Float[Array, "*batch units"]
    ) -> Float[Array, "*batch actions"]:
        """Return the logits of the policy that acts and learns: at the temperature."""
        return network.logits(hidden) / self.temperature

    def _step(
        self, state: "ActingState", gradient: Any, metrics: dict[str, Array]
    ) -> tuple["ActingState", dict[str, Array]]:
        """Take one step of the optimiser."""
        network, optimiser = descend(self._optimiser(), state.network, state.optimiser, gradient)
        return state._replace(network=network, optimiser=optimiser, updates=state.updates + 1), metrics | {
            "gradient_norm": optax.tree.norm(gradient)
        }


@dataclass(frozen=True)
class ActorCritic(ActingLearner):
    """An actor that learns from how much better its actions turned out than a critic expected."""

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
    def _trusted(self) -> Float[Array, ""]:
        """1, or 0 without a critic: what its values are multiplied with."""
        return jnp.where(self.value_weight > 0, 1.0, 0.0)

    def _advantages(self, rollout: "Rollout") -> Float[Array, "steps environments"]:
        """Return generalised advantage estimates; without a critic, of values that are 0."""
        from attrax.learning.advantages import generalised_advantages

        experience, trusted = rollout.experience, self._trusted
        return generalised_advantages(
            experience.reward, trusted * experience.value, trusted * rollout.bootstrap, experience.end, self.discount,
            self.gae_lambda,
        )  # fmt: skip

    def _critic_and_entropy(
        self,
        network: "RecurrentNetwork",
        hidden_states: Float[Array, "steps members units"],
        logits: Float[Array, "steps members actions"],
        returns: Float[Array, "steps members"],
        counted: Float[Array, "steps members"],
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Return the critic's squared error and the policy's entropy, averaged over the steps that count."""
        seen_by_critic = hidden_states if self.critic_gradient else jax.lax.stop_gradient(hidden_states)
        value_loss = weighted_mean((network.value(seen_by_critic) - returns) ** 2, counted)
        log_policy = jax.nn.log_softmax(logits)
        return value_loss, weighted_mean(-jnp.sum(jnp.exp(log_policy) * log_policy, axis=-1), counted)


class ActingState(NamedTuple):
    """Everything that an update changes."""

    network: "RecurrentNetwork"
    optimiser: Any
    updates: Int[Array, ""]
    trials: Int[Array, ""]
    """Trials that have ended so far."""
    stream_keys: Array
    noise_key: Array
    number: Int[Array, " environments"]
    """Index of each environment's current trial in its stream."""
    step: Int[Array, " environments"]
    """Step within that trial."""
    hidden: Float[Array, "environments units"]
    restart: Bool[Array, " environments"]
    """The hidden state is set to zero before the next step: the last step ended a trial."""


class Experience(NamedTuple):
    """What happened at each step of a rollout."""

    observation: Float[Array, "steps environments inputs"]
    restart: Bool[Array, "steps environments"]
    """The hidden state was set to zero *before* this step: the *previous* step ended a trial."""
    action: Int[Array, "steps environments"]
    log_probability: Float[Array, "steps environments"]
    value: Float[Array, "steps environments"]
    reward: Float[Array, "steps environments"]
    end: Bool[Array, "steps environments"]
    """This step ended a trial: the *next* state belongs to another one."""
    target: Int[Array, "steps environments"]
    """What would have been the right action."""


class Rollout(NamedTuple):
    """A rollout, the hidden states that it started from, and the value of the states after it."""

    experience: Experience
    hidden: Float[Array, "environments units"]
    bootstrap: Float[Array, " environments"]

    @property
    def value(self) -> Float[Array, "steps environments"]:
        """The critic's value at each step."""
        return self.experience.value


def log_probability(logits: Float[Array, "*batch actions"], action: Int[Array, "*batch"]) -> Float[Array, "*batch"]:
    """Return the log-probability of each action under the softmax of its logits."""
    return jnp.take_along_axis(jax.nn.log_softmax(logits), action[..., None], axis=-1)[..., 0]


def weighted_mean(values: Float[Array, "*batch"], weights: Float[Array, "*batch"]) -> Float[Array, ""]:
    """Return the mean over what has weight; 0 where nothing has."""
    return jnp.sum(weights * values) / jnp.maximum(jnp.sum(weights), 1e-8)


def standardised(advantage: Float[Array, "*batch"], counted: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """Return advantages with mean 0 and standard deviation 1 over the steps that count."""
    centred = advantage - weighted_mean(advantage, counted)
    return centred / (jnp.sqrt(weighted_mean(centred**2, counted)) + 1e-8)
