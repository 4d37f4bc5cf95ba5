"""Orbits that are followed until they have settled, and then recorded: what averages over attractors are taken of."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int

from attrax.dynamics.orbits.many_orbits import PIECE
from attrax.dynamics.orbits.relu_orbits import ReluOrbits

_AT_ONCE = 64  # orbits: a record of 500 steps of 250 units is 64 MB


def settle(
    weights: Float[np.ndarray, "units units"],
    biases: Float[np.ndarray, "orbits units"],
    leak: float,
    starts: Float[np.ndarray, "orbits units"],
    steps: int,
    sample: int,
) -> Iterator[tuple[Int[np.ndarray, " some"], Float[np.ndarray, "sample some units"]]]:
    """Follow orbits of ReLU maps, each of its own bias, and record where they have settled, some at a time.

    Parameters
    ----------
    weights, biases, leak
        Orbit k goes by h' = (1 - leak) h + leak relu(W h + b_k).
    starts
        First states; one that is not finite is left out.
    steps
        Followed before anything is recorded.
    sample
        Steps that are recorded.

    Yields
    ------
    The numbers of some orbits, and their states. Those that diverge, before or while they are recorded, are
    not among them: what is averaged over an attractor stays NaN where there is none.
    """
    finite = np.flatnonzero(np.isfinite(starts).all(axis=1))
    for first in range(0, finite.size, _AT_ONCE):
        some = finite[first : first + _AT_ONCE]
        orbits = ReluOrbits(weights, biases[some], leak, starts[some])
        orbits.follow(steps % PIECE)
        for _ in range(steps // PIECE):
            before = orbits.hidden
            orbits.work_on_fewer()
            orbits.follow(PIECE)
            if np.array_equal(before, orbits.hidden):
                # At rest to the last digit, or on a cycle whose period divides this: more steps change nothing.
                break
        recorded = orbits.record(sample)
        kept = orbits.left_at < 0
        yield some[kept], recorded[:, kept]
