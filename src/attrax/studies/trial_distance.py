"""How far real trials are from an attractor when a stage ends: one that no trial reaches decides nothing.

A stage lasts some tens of steps and a real trial has noise; an attractor says where the network would go if the stage
lasted for ever without noise.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from attrax.dynamics.classification import Classification
from attrax.dynamics.orbits import ReluOrbits
from attrax.keys import derive_key
from attrax.networks import RecurrentNetwork
from attrax.tasks import TASKS, Task
from attrax.tasks.trial import STAGES

_POINTS_AT_ONCE = 64
_SAMPLE = 500  # steps of an orbit that stand for a curve or a chaotic attractor


def states_at_stage_ends(
    task: Task,
    network: RecurrentNetwork,
    coherences: Float[np.ndarray, "points modalities"],
    context: int,
    n_trials: int,
) -> dict[str, Float[np.ndarray, "points trials units"]]:
    """Return the states in which real trials, from the zero state, leave the network at the end of each stage.

    Parameters
    ----------
    task, network
        A trained network and what it was trained on.
    coherences, context
        Of the trials; durations and noise are drawn, the same for every network.
    n_trials
        Trials at each point.
    """
    keys = jax.random.split(derive_key(TASKS.name_of(task), 0, "trials at points of a plane"), n_trials)
    parts = [
        np.asarray(_ends(task, network, jnp.asarray(coherences[first : first + _POINTS_AT_ONCE]), context, keys))
        for first in range(0, len(coherences), _POINTS_AT_ONCE)
    ]
    states = np.concatenate(parts, axis=1).astype(float)
    return dict(zip(STAGES, states, strict=True))


@partial(jax.jit, static_argnums=(0, 3))
def _ends(
    task: Task, network: RecurrentNetwork, coherences: Float[Array, "points modalities"], context: int, keys: Array
) -> Float[Array, "stages points trials units"]:
    def of_one(coherence: Array, key: Array) -> Array:
        trial = task.trial_at(key, coherence, context)

        def step(carry: tuple[Array, Array], seen: tuple[Array, Array]) -> tuple[tuple[Array, Array], None]:
            hidden, ends = carry
            observation, stage = seen
            hidden = network.step(hidden, observation)
            return (hidden, jnp.where((jnp.arange(len(STAGES)) == stage)[:, None], hidden, ends)), None

        zero = jnp.zeros(network.n_hidden)
        start = (zero, jnp.zeros((len(STAGES), network.n_hidden)))
        (_, ends), _ = jax.lax.scan(step, start, (trial.observation, trial.stage))
        return ends

    ends = jax.vmap(lambda coherence: jax.vmap(lambda key: of_one(coherence, key))(keys))(coherences)
    return jnp.moveaxis(ends, 2, 0)


def distance_from_attractors(
    weights: Float[np.ndarray, "units units"],
    biases: Float[np.ndarray, "points units"],
    leak: float,
    found: Classification,
    ends: Float[np.ndarray, "points trials units"],
) -> Float[np.ndarray, " points"]:
    """Return the median distance of trials' last states from each point's attractor, in units of its size.

    The size is the root mean square norm of the attractor's states: 0 means that trials end on it, 1 that they are as
    far from it as the silent network is. NaN at divergent and undecided points, and where the attractor is silence.

    Parameters
    ----------
    weights, biases, leak
        The map of each point.
    found
        The labels of the points.
    ends
        See `states_at_stage_ends`.
    """
    distances = np.full(len(biases), np.nan)
    known = np.flatnonzero(~np.isin(found.kind, ("divergent", "undecided")))
    for first in range(0, known.size, _POINTS_AT_ONCE):
        points = known[first : first + _POINTS_AT_ONCE]
        orbits = ReluOrbits(weights, biases[points], leak, found.state[points])
        states = orbits.record(_SAMPLE) if (found.period[points] != 1).any() else found.state[None, points]
        for row, point in enumerate(points):
            sample = states[: max(1, found.period[point]) if found.period[point] else None, row]
            size = float(np.sqrt((sample**2).sum(axis=1).mean()))
            squares = (sample**2).sum(1) + (ends[point] ** 2).sum(1)[:, None] - 2 * ends[point] @ sample.T
            nearest = np.sqrt(np.maximum(squares.min(axis=1), 0.0))
            distances[point] = float(np.median(nearest)) / size if size > 0 else np.nan
    return distances
