"""Cycles that an orbit has not settled on yet: sought where the orbit comes back near to where it was."""

import numpy as np
from jaxtyping import Float

from attrax.dynamics.certificate import Certificate, certify_cycle, follow_with_patterns
from attrax.dynamics.relu_map import ReluMap

_NEAR = 0.1  # of the orbit's diameter: farther returns are no sign of a cycle
_CANDIDATES = 4


def seek_cycle(
    relu_map: ReluMap,
    hidden: Float[np.ndarray, " units"],
    largest_period: int,
    most_steps: int,
    generator: np.random.Generator,
) -> tuple[Certificate | None, int]:
    """Look for a stable cycle behind an orbit that might be quasi-periodic, and for proof that the orbit goes there.

    A weakly attracting cycle takes tens of thousands of steps to settle on, and looks quasi-periodic until then; but
    its equations can be solved from the patterns of a single near return.

    Parameters
    ----------
    relu_map, hidden
        The map, and a state of the orbit after its transient.
    largest_period
        Candidates are the nearest of the record returns up to this many steps.
    most_steps
        Where a stable cycle is found, how far the orbit is followed until it is certain to go there.
    generator
        See `certify_cycle`.

    Returns
    -------
    certificate
        Certified; or only `exists`: a stable cycle is near, and it is open whether the orbit goes there; or None: the
        nearest returns have no stable cycle.
    steps
        Steps that the orbit was followed further for the certificate.
    """
    orbit, _ = follow_with_patterns(relu_map, hidden, largest_period)
    distance = np.linalg.norm(orbit[1:] - hidden, axis=1)
    best_before = np.minimum.accumulate(np.concatenate([[np.inf], distance[:-1]]))
    records = np.flatnonzero((distance < best_before) & (distance < _NEAR * distance.max()))
    for period in (1 + records[::-1][:_CANDIDATES]).tolist():
        certificate = certify_cycle(relu_map, hidden, period, generator)
        if certificate.certified:
            return certificate, 0
        if certificate.exists:
            return _follow_until_certain(relu_map, hidden, certificate, most_steps, generator)
    return None, 0


def _follow_until_certain(
    relu_map: ReluMap, hidden: np.ndarray, certificate: Certificate, most_steps: int, generator: np.random.Generator
) -> tuple[Certificate, int]:
    steps, ahead = 0, 2000
    while steps < most_steps:
        ahead = min(ahead, most_steps - steps)
        hidden = follow_with_patterns(relu_map, hidden, ahead)[0][-1]
        steps += ahead
        ahead = min(2 * steps, 20_000)
        again = certify_cycle(relu_map, hidden, certificate.period, generator)
        if again.certified:
            return again, steps
    return certificate, steps
