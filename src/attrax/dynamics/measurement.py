"""What can be measured along orbits: exponents, coordinates, patterns, and the last states."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from attrax.dynamics.map_family import MapFamily
from attrax.dynamics.orbits import BETWEEN_GROWTHS, CHUNK, Orbits, Passage

N_AXES = 4
_ERROR_BLOCKS = 20
_AXES_STEPS, _AXES_STRIDE = 256, 4


@dataclass(frozen=True)
class Measurement:
    """Several orbits, followed side by side with tangent vectors."""

    steps: int
    """Steps over which exponents and points were measured."""
    exponents: Float[np.ndarray, "orbits exponents"]
    """Lyapunov exponents, largest first."""
    exponent_error: Float[np.ndarray, "orbits exponents"]
    """Standard errors over 20 blocks."""
    points: Float[np.ndarray, "steps orbits axes"]
    """Coordinates along the orbit's first principal axes."""
    amplitude: Float[np.ndarray, " orbits"]
    """Root mean square distance of the states from their mean."""
    trail: list[Passage]
    """The patterns of the last 2K steps, and the states of the last K."""
    orbits: Orbits
    """As the last step has left them."""
    steps_before: int
    """Steps that were taken first, to find the axes."""

    def last_states(self, orbit: int) -> Float[np.ndarray, "steps units"]:
        """Return the last states of one orbit, the very last one included."""
        return np.concatenate([passage.states[:, orbit] for passage in self.trail if passage.states is not None])


def measure(
    family: MapFamily,
    numbers: Int[np.ndarray, " orbits"],
    hidden: Float[np.ndarray, "orbits units"],
    steps: int,
    largest_period: int,
    bank: Float[np.ndarray, "vectors units"],
) -> Measurement:
    """Follow orbits for a number of steps (rounded up to whole chunks) and measure them.

    Parameters
    ----------
    family, numbers, hidden
        The orbits and where they are now.
    steps, largest_period
        T, and K.
    bank
        Random directions: see `Orbits.measure`.
    """
    orbits = family.orbits(numbers, hidden)
    axes = _principal_axes(orbits)
    chunks = -(-steps // CHUNK)
    with_states, with_codes = -(-largest_period // CHUNK), -(-2 * largest_period // CHUNK)
    trail, points, growths = [], [], []
    for chunk in range(chunks):
        passage = orbits.measure(axes, bank, states=chunk >= chunks - with_states)
        points.append(passage.points)
        growths.append(passage.growths)
        if chunk >= chunks - with_codes:
            trail.append(passage.passage)
    growth = np.concatenate(growths)
    blocks = [block.mean(axis=0) / BETWEEN_GROWTHS for block in np.array_split(growth, _ERROR_BLOCKS)]
    exponents = growth.sum(axis=0) / (chunks * CHUNK)
    with np.errstate(invalid="ignore"):
        errors = np.std(blocks, axis=0, ddof=1) / np.sqrt(_ERROR_BLOCKS)
    return Measurement(
        steps=chunks * CHUNK,
        exponents=exponents,
        exponent_error=np.where(np.isfinite(exponents), errors, 0.0),
        points=np.concatenate(points),
        amplitude=orbits.amplitude(),
        trail=trail,
        orbits=orbits,
        steps_before=_AXES_STEPS,
    )


def _principal_axes(orbits: Orbits) -> Float[np.ndarray, "orbits axes units"]:
    """Return the first principal axes of each orbit's states over some steps (and take those steps)."""
    states = orbits.record(_AXES_STEPS)[_AXES_STRIDE - 1 :: _AXES_STRIDE]
    states = np.where(np.abs(states) < 1e100, states, 0.0)  # an orbit that diverges is told by its norm
    centred = (states - states.mean(axis=0)).transpose(1, 0, 2)
    # From the eigenvectors of the small matrix of inner products between states.
    _, vectors = np.linalg.eigh(centred @ centred.transpose(0, 2, 1))
    axes = vectors[:, :, ::-1][:, :, : min(N_AXES, centred.shape[2])].transpose(0, 2, 1) @ centred
    return axes / np.maximum(np.linalg.norm(axes, axis=2, keepdims=True), 1e-300)
