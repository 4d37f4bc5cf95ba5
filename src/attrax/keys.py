"""Random keys that depend on the task, the seed and the purpose, never on the learner.

At one seed every learning rule starts from the same weights and sees the same trials, so that rules are
compared in pairs.
"""

import hashlib

from attrax._lazy import Array, jax


def derive_key(task: str, seed: int, purpose: str) -> Array:
    """Return the key for one purpose.

    Parameters
    ----------
    task
        The task's registered name (not its settings: a change of, say, the noise keeps the other draws).
    seed
        The network's seed, at least 0.
    purpose
        What is drawn: "weights", "training trials", "evaluation trials", "fresh trials", "actions", ...

    Returns
    -------
    A typed JAX key, shape ().
    """
    digest = hashlib.blake2b(f"{task}|{purpose}".encode(), digest_size=4).digest()
    return jax.random.fold_in(jax.random.key(seed), int.from_bytes(digest, "big"))
