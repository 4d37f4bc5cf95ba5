"""Functional groups of units, by their activity in the attractors of the two choices."""

import math

import numpy as np
from jaxtyping import Shaped
from numpy.typing import ArrayLike

from attrax.settings import require

GROUPS = ("G_a", "G_+", "G_-", "G_s")
"""Active for both choices, for "+" only, for "-" only, for none."""


def groups(plus: ArrayLike, minus: ArrayLike, threshold: float = 0.0) -> Shaped[np.ndarray, " units"]:
    """Sort units by the choices in whose attractors they are active.

    Parameters
    ----------
    plus, minus
        Activity of each unit in the attractor of choice "+" and of choice "-", shape (units,); of an oscillating
        attractor for instance the mean over time.
    threshold
        A unit is active where its activity is above this.

    Returns
    -------
    One of `GROUPS` for each unit: "G_a" active in both, "G_+" in that of "+" only, "G_-" in that of "-" only, "G_s"
    silent in both. This is attrax's operational definition; the rule of the paper that named the groups
    (arXiv 2510.11162) may differ.

    Raises
    ------
    SettingsError
        If the two differ in shape or are not finite, or the threshold is not a finite number.
    """
    for_plus, for_minus = np.asarray(plus, float), np.asarray(minus, float)
    require(
        for_plus.ndim == 1 and for_plus.shape == for_minus.shape,
        f"activities have shapes {for_plus.shape} and {for_minus.shape}; both must have one value a unit",
    )
    finite = bool(np.isfinite(for_plus).all() and np.isfinite(for_minus).all())
    require(finite, "activities must be finite; a divergent attractor has none")
    require(math.isfinite(threshold), f"threshold is {threshold}; it must be a finite number")
    in_plus, in_minus = for_plus > threshold, for_minus > threshold
    return np.select([in_plus & in_minus, in_plus, in_minus], GROUPS[:3], GROUPS[3])
