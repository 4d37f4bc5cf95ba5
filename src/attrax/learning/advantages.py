"""Returns and advantages of an episode-by-episode stream of rewards."""

from jaxtyping import Bool, Float

from attrax._lazy import Array, jax, jnp


def generalised_advantages(
    reward: Float[Array, "steps *batch"],
    value: Float[Array, "steps *batch"],
    bootstrap: Float[Array, "*batch"],
    end: Bool[Array, "steps *batch"],
    discount: float | Float[Array, ""],
    gae_lambda: float | Float[Array, ""],
) -> Float[Array, "steps *batch"]:
    """Generalised advantage estimates: Â_t = δ_t + γλ Â_{t+1}, where δ_t = r_t + γ V(s_{t+1}) - V(s_t).

    Parameters
    ----------
    reward
        Of the action at each step.
    value
        The critic's value of the state in which that action was chosen.
    bootstrap
        The critic's value of the state after the last step.
    end
        True where the action *ended* the trial: whether the *next* state belongs to another trial, whose value
        must not enter. (The flag that resets the hidden state before a step is the *previous* step's.)
    discount, gae_lambda
        γ and λ.

    Returns
    -------
    Shape (steps, batch); add `value` for the returns.

    References
    ----------
    Schulman, Moritz, Levine, Jordan, Abbeel, *High-dimensional continuous control using generalized advantage
    estimation*, arXiv 1506.02438, equation 16; cut after so many steps as in Schulman, Wolski, Dhariwal, Radford,
    Klimov, *Proximal policy optimization algorithms*, arXiv 1707.06347, equations 11 and 12.
    """
    following = jnp.concatenate([value[1:], bootstrap[None]])
    going_on = 1.0 - end.astype(value.dtype)
    error = reward + discount * following * going_on - value

    def accumulate(carry: Array, inputs: tuple[Array, Array]) -> tuple[Array, Array]:
        step_error, step_going_on = inputs
        carry = step_error + discount * gae_lambda * step_going_on * carry
        return carry, carry

    _, advantage = jax.lax.scan(accumulate, jnp.zeros_like(bootstrap), (error, going_on), reverse=True)
    return advantage
