"""Whether two orbits of one map run on the same attractor."""

from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Float

from attrax.dynamics.labels.set_samples import SetSample, spread

Sameness: TypeAlias = Literal["same", "other", "unclear"]

_PROBES = 200
_NEAR, _FAR = 2.0, 3.0  # of the distance between passes of the known orbit
_FINEST = 3e-4  # of the size: what an orbit that is still settling may be off
_THIN = 0.1  # of the size: where passes are so far apart, neighbours say nothing
_COARSE = 0.01
_BEND = 0.5  # of the square of a hole, over the size: how far a curve bends away between its sides
_AGREE, _DIFFER, _SURELY_DIFFER = 4.0, 8.0, 20.0  # of the error of long-run averages
_VAGUE = 0.4  # of the size: averages that are not known better than that tell nothing
_ROUNDING = 1e-6


def compare(known: SetSample, other: SetSample, dimension: int) -> Sameness:
    """Say whether two orbits run on the same attractor.

    Parameters
    ----------
    known, other
        Points of both, along the same axes. The first one's are to cover the set (`attrax.dynamics.labels.covering`).
    dimension
        1 of a curve, 2 of a torus, else 0: of those the returns tell what holes the first one's points leave, and a
        curve's points lie on a line with their neighbours.

    Returns
    -------
    "same": nearly all of the other orbit's points lie as near to the known ones as passes of the known orbit lie to one
    another, and the long-run averages do not contradict. "other": nearly none does, and if the set is no curve, so that
    orbits may take long to see all of it (also on a torus, of turns that nearly resonate), averages differ as well; or
    nearness cannot tell, and averages differ by 20 times what is not sure about them. Else "unclear".
    """
    size, regular = known.size, dimension > 0
    near = max(_NEAR * known.spacing, _FINEST * size)
    differ, error = averages_apart(known, other)
    if near > _THIN * size:
        if error > _VAGUE:
            return "unclear"
        return "same" if differ <= _AGREE else "other" if differ > _DIFFER else "unclear"
    if regular:
        near = max(near, 1.2 * known.widest_hole)
        if near > _THIN * size:
            return "unclear"
    probes = other.points[spread(len(other.points), _PROBES)]
    nearest, farthest = np.quantile(known.distances_to(probes), [0.05, 0.95])
    if dimension == 1 and nearest <= _FAR * near:
        closest, off = np.quantile(known.off_curve(probes, 2 * near), [0.05, 0.95])
        # Own points lie beside others; those of another orbit may lie amid a hole, where the curve bends away.
        own_off = known.own_off_curve(2 * near)
        bent = max(_NEAR * own_off, _FINEST * size, _BEND * known.widest_hole**2 / size)
        if closest > _FAR * bent:
            return "other"
        if off > bent:
            return "unclear"
    if farthest <= near:
        if differ <= _DIFFER:
            return "same"
        told_by_averages = differ > _SURELY_DIFFER and (near > _COARSE * size or not regular)
        return "other" if told_by_averages else "unclear"
    if nearest > _FAR * near:
        return "other" if dimension == 1 or differ > _DIFFER else "unclear"
    # Sets that come near each other in places, or one set of which the orbits have seen different parts.
    return "other" if differ > _SURELY_DIFFER else "unclear"


def averages_apart(one: SetSample, two: SetSample) -> tuple[float, float]:
    """Return the largest difference between long-run averages of two orbits, in units of their errors.

    And the largest error, in units of the first one's size. No difference where there are no averages.
    """
    centre = one.points.mean(axis=0)
    (first, first_error), (second, second_error) = (sample.averages(centre, one.size) for sample in (one, two))
    errors = first_error + second_error + _ROUNDING
    return float((np.abs(first - second) / errors).max()), float(errors.max())


def is_same_cycle(
    known: Float[np.ndarray, "period units"], state: Float[np.ndarray, " units"], scale: float = 0.0
) -> bool:
    """Whether a state is one of a cycle's, for a scale that is at least the given one."""
    return bool(np.abs(known - state).max(axis=1).min() <= 1e-7 * max(np.abs(known).max(), scale))
