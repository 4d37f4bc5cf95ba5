"""Rollouts: networks that act in environments, for all rules that learn from their own actions."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from jaxtyping import Bool, Float, Int

from attrax._lazy import JAX_IS_LOADED, Array, jax, jnp
from attrax.learning.losses import log_probability
from attrax.learning.optimising import adam, start_optimiser
from attrax.settings import check_fields, require

if TYPE_CHECKING or JAX_IS_LOADED:
    from attrax.networks import RecurrentNetwork
    from attrax.tasks import TrialTask


@dataclass(frozen=True)
class RolloutLearner:
    """Settings of rules that learn from their own actions: environments that are acted in, and an optimiser."""

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
    ) -> "RolloutState":
        """Return the state before the first update: every environment at the start of its first trial."""
        from attrax.tasks.stream import stream_keys

        counter = jnp.zeros((), jnp.int32)
        per_environment = jnp.zeros(self.environments, jnp.int32)
        return RolloutState(
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


class RolloutState(NamedTuple):
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


def collect_rollout(
    learner: RolloutLearner, task: "TrialTask", state: RolloutState, key: Array
) -> tuple[Rollout, RolloutState]:
    """Let every environment act for `steps` steps, drawing actions from the policy.

    Returns the rollout, and the state with every environment where the next one begins.
    """
    from attrax.tasks import draw_queues

    network = state.network
    # All trials that this rollout can reach are drawn at once: drawing inside the scan would draw one at
    # every step and throw nearly all of them away.
    reachable = -(-(learner.steps + 1) // task.shortest_trial) + 1
    queue = draw_queues(task, state.stream_keys, state.number, reachable)
    # The largest of logits + Gumbel noise is a draw from the policy; the noise is drawn outside the scan.
    shape = (learner.steps, learner.environments, task.n_actions)
    gumbel = jax.random.gumbel(key, (math.prod(shape),)).reshape(shape)
    each = jnp.arange(learner.environments)
    judge = jax.vmap(task.judge)

    def look(slot: Array, step: Array) -> Array:
        return queue.observation[each, slot, step]

    def move(hidden: Array, restart: Array, observation: Array) -> Array:
        return network.step(jnp.where(restart[:, None], 0.0, hidden), observation)

    def act(carry: Any, noise: Array) -> tuple[Any, Experience]:
        slot, step, hidden, restart = carry
        observation = look(slot, step)
        hidden = move(hidden, restart, observation)
        logits = policy_logits(network, hidden, learner.temperature)
        action = jnp.argmax(logits + noise, axis=-1)
        feedback = judge(jax.tree.map(lambda a: a[each, slot], queue), step, action)
        experience = Experience(
            observation, restart, action, log_probability(logits, action), network.value(hidden),
            feedback.reward, feedback.end, queue.target[each, slot, step],
        )  # fmt: skip
        slot = slot + feedback.end
        step = jnp.where(feedback.end, 0, step + 1)
        return (slot, step, hidden, feedback.end & learner.reset_hidden), experience

    start = (jnp.zeros_like(state.step), state.step, state.hidden, state.restart)
    (slot, step, hidden, restart), experience = jax.lax.scan(act, start, gumbel)
    bootstrap = network.value(move(hidden, restart, look(slot, step)))
    rollout = Rollout(experience, state.hidden, bootstrap)
    state = state._replace(
        number=state.number + slot, step=step, hidden=hidden, restart=restart,
        trials=state.trials + jnp.sum(slot),
    )  # fmt: skip
    return rollout, state


def policy_logits(
    network: "RecurrentNetwork", hidden: Float[Array, "*batch units"], temperature: Any
) -> Float[Array, "*batch actions"]:
    """Return the logits of the policy that acts and learns: at the temperature."""
    return network.logits(hidden) / temperature
