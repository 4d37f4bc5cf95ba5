"""Proximal policy optimisation with backpropagation through time over whole sequences.

Schulman, Wolski, Dhariwal, Radford, Klimov, *Proximal policy optimization algorithms*, arXiv 1707.06347.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from jaxtyping import Bool, Float, Int

from attrax._lazy import JAX_IS_LOADED, Array, jax, jnp, optax
from attrax.settings import check_fields, require

if TYPE_CHECKING or JAX_IS_LOADED:
    from attrax.networks import RecurrentNetwork
    from attrax.tasks import Task


@dataclass(frozen=True)
class PPO:
    """Act, compare what came with what the critic expected, and make the better actions likelier."""

    title: ClassVar[str] = "PPO"

    environments: int = 64
    """Environments that act side by side."""
    steps: int = 80
    """Steps of each environment in a rollout; gradients flow through all of them."""
    epochs: int = 4
    """Passes over a rollout."""
    minibatches: int = 2
    """Parts of a pass: each holds the whole sequences of some of the environments."""
    learning_rate: float = 5e-4
    """Step size of Adam."""
    discount: float = 0.95
    """γ: what a reward one step later is worth."""
    trace: float = 0.95
    """λ of the generalised advantage estimate."""
    clip: float = 0.2
    """How far the probability ratio of an action may leave 1 before its gradient is cut."""
    value_weight: float = 0.5
    """Weight of the critic's squared error in the loss."""
    entropy_weight: float = 0.01
    """Weight of the policy's entropy in the loss: keeps exploration alive."""
    gradient_norm: float = 0.5
    """Gradients longer than this are shortened to it."""
    reset_hidden: bool = False
    """Whether the hidden state is set to zero at the start of each trial, or carried on from the last one."""
    critic_gradient: bool = True
    """Whether the critic's error also trains the recurrent and input weights, or its own head only."""

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("environments", "steps", "epochs", "minibatches"):
            require(getattr(self, name) >= 1, f"{name} is {getattr(self, name)}; it must be 1 or more")
        require(
            self.environments % self.minibatches == 0,
            f"minibatches is {self.minibatches}; it must divide the {self.environments} environments",
        )
        for name in ("learning_rate", "clip", "gradient_norm"):
            require(getattr(self, name) > 0, f"{name} is {getattr(self, name)}; it must be above 0")
        for name in ("discount", "trace"):
            require(0 <= getattr(self, name) <= 1, f"{name} is {getattr(self, name)}; it must lie in [0, 1]")
        for name in ("value_weight", "entropy_weight"):
            require(getattr(self, name) >= 0, f"{name} is {getattr(self, name)}; it must be 0 or more")

    def start(self, task: "Task", network: "RecurrentNetwork", trials_key: Array, noise_key: Array) -> "PPOState":
        """Return the state before the first update: every environment at the start of its first trial."""
        from attrax.tasks.stream import stream_keys

        counter = jnp.zeros((), jnp.int32)
        per_environment = jnp.zeros(self.environments, jnp.int32)
        return PPOState(
            network=network,
            optimiser=self._optimiser().init(network),
            updates=counter,
            trials=counter,
            stream_keys=stream_keys(trials_key, self.environments),
            noise_key=noise_key,
            number=per_environment,
            step=per_environment,
            hidden=jnp.zeros((self.environments, network.n_hidden)),
            restart=jnp.zeros(self.environments, bool),
        )

    def update(self, task: "Task", state: "PPOState") -> tuple["PPOState", dict[str, Array]]:
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
        advantage = _advantages(self, rollout)
        returns = advantage + rollout.value
        advantage = (advantage - jnp.mean(advantage)) / (jnp.std(advantage) + 1e-8)

        def learn(carry: Any, members: Int[Array, " members"]) -> tuple[Any, dict[str, Array]]:
            network, optimiser = carry
            gradient, metrics = jax.grad(self._loss, has_aux=True)(
                network,
                rollout.hidden[members],
                jax.tree.map(lambda a: a[:, members], rollout.experience),
                advantage[:, members],
                returns[:, members],
            )
            step, optimiser = self._optimiser().update(gradient, optimiser, network)
            metrics["gradient_norm"] = optax.tree.norm(gradient)
            return (optax.apply_updates(network, step), optimiser), metrics

        orders = jax.vmap(lambda k: jax.random.permutation(k, self.environments))(
            jax.random.split(order_key, self.epochs)
        ).reshape(self.epochs * self.minibatches, -1)
        (network, optimiser), metrics = jax.lax.scan(learn, (state.network, state.optimiser), orders)
        state = state._replace(network=network, optimiser=optimiser, updates=state.updates + 1)
        return state, jax.tree.map(jnp.mean, metrics)

    def _optimiser(self) -> Any:
        return optax.chain(optax.clip_by_global_norm(self.gradient_norm), optax.adam(self.learning_rate, eps=1e-5))

    def _collect(self, task: "Task", state: "PPOState", key: Array) -> tuple["Rollout", "PPOState"]:
        """Let every environment act for `steps` steps, drawing actions from the policy."""
        from attrax.tasks import draw_trials

        network = state.network
        # All trials that this rollout can reach are drawn at once: drawing inside the scan would draw one at
        # every step and throw nearly all of them away.
        reachable = -(-(self.steps + 1) // task.shortest_trial) + 1
        queue = jax.vmap(lambda k, first: draw_trials(task, k, first, reachable))(state.stream_keys, state.number)
        # The largest of logits + Gumbel noise is a draw from the policy; the noise is drawn outside the scan.
        gumbel = jax.random.gumbel(key, (self.steps, self.environments, task.n_actions))
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
            logits = network.logits(hidden)
            action = jnp.argmax(logits + noise, axis=-1)
            feedback = judge(jax.tree.map(lambda a: a[each, slot], queue), step, action)
            experience = Experience(
                observation, restart, action, _log_probability(logits, action), network.value(hidden),
                feedback.reward, feedback.end,
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

    def _loss(
        self,
        network: "RecurrentNetwork",
        hidden: Float[Array, "members units"],
        experience: "Experience",
        advantage: Float[Array, "steps members"],
        returns: Float[Array, "steps members"],
    ) -> tuple[Float[Array, ""], dict[str, Array]]:
        """Clipped objective (equation 9 of the paper), from the hidden state at the start of the rollout."""
        hidden_states = network.run(hidden, experience.observation, experience.restart)
        logits = network.logits(hidden_states)
        ratio = jnp.exp(_log_probability(logits, experience.action) - experience.log_probability)
        clipped = jnp.clip(ratio, 1 - self.clip, 1 + self.clip)
        policy_loss = -jnp.mean(jnp.minimum(ratio * advantage, clipped * advantage))
        seen_by_critic = hidden_states if self.critic_gradient else jax.lax.stop_gradient(hidden_states)
        value_loss = jnp.mean((network.value(seen_by_critic) - returns) ** 2)
        log_policy = jax.nn.log_softmax(logits)
        entropy = -jnp.mean(jnp.sum(jnp.exp(log_policy) * log_policy, axis=-1))
        loss = policy_loss + self.value_weight * value_loss - self.entropy_weight * entropy
        return loss, {
            "loss": loss,
            "policy_loss": policy_loss,
            "value_loss": value_loss,
            "entropy": entropy,
            "clipped": jnp.mean(jnp.abs(ratio - 1) > self.clip, dtype=float),
        }


class PPOState(NamedTuple):
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


class Rollout(NamedTuple):
    """A rollout, the hidden states that it started from, and the value of the states after it."""

    experience: Experience
    hidden: Float[Array, "environments units"]
    bootstrap: Float[Array, " environments"]

    @property
    def value(self) -> Float[Array, "steps environments"]:
        """The critic's value at each step."""
        return self.experience.value


def _advantages(settings: PPO, rollout: Rollout) -> Float[Array, "steps environments"]:
    from attrax.learning.advantages import generalised_advantages

    experience = rollout.experience
    return generalised_advantages(
        experience.reward,
        experience.value,
        rollout.bootstrap,
        experience.end,
        settings.discount,
        settings.trace,
    )


def _log_probability(logits: Float[Array, "*batch actions"], action: Int[Array, "*batch"]) -> Float[Array, "*batch"]:
    return jnp.take_along_axis(jax.nn.log_softmax(logits), action[..., None], axis=-1)[..., 0]
