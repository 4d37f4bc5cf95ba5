"""What losses are made of: log-probabilities, entropies, distances from right actions, and means over steps."""

from jaxtyping import Float, Int

from attrax._lazy import Array, jax, jnp


def label_loss(
    kind: str,
    logits: Float[Array, "steps batch actions"],
    target: Int[Array, "steps batch"],
    weight: Float[Array, "steps batch"],
) -> Float[Array, ""]:
    """Return how far the policy is from the right actions, averaged over steps by their weights.

    Parameters
    ----------
    kind
        "cross-entropy" of the policy, or "squared error" of the logits, from 1 at the right action and 0 at the others.
    logits, target, weight
        Of each step.
    """
    if kind == "squared error":
        wrong = jnp.sum((logits - jax.nn.one_hot(target, logits.shape[-1])) ** 2, axis=-1)
    else:
        wrong = -jnp.take_along_axis(jax.nn.log_softmax(logits), target[..., None], axis=-1)[..., 0]
    return jnp.sum(weight * wrong) / jnp.sum(weight)


def entropy(logits: Float[Array, "*batch actions"]) -> Float[Array, "*batch"]:
    """Return the entropy of the softmax of logits."""
    log_policy = jax.nn.log_softmax(logits)
    return -jnp.sum(jnp.exp(log_policy) * log_policy, axis=-1)


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
