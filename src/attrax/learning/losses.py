"""Losses of the policy at steps whose right action is known."""

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
