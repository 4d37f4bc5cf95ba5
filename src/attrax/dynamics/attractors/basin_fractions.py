"""How many starts each attractor takes, and how sure that share is."""

import math

import numpy as np
import xarray as xr


def basins(found: xr.Dataset) -> xr.Dataset:
    """Return the share of starts that each attractor took: its basin fraction among the starts that were given.

    Parameters
    ----------
    found
        As `find_attractors` returns it, from starts that were drawn independently.

    Returns
    -------
    Dataset over "attractor" (the numbers in `found`): kind, period, starts (how many), perhaps (how many of them it
    takes only perhaps: they may be another one's, near it), share, and share_low and share_high, the bounds of its 95
    % interval (binomial, by Wilson). The last three for the starts that diverged and those that stayed undecided, as
    divergent_share, undecided_share and so on: with them all shares add up to 1.

    Raises
    ------
    ValueError
        If there are no starts.
    """
    if found.sizes["start"] == 0:
        raise ValueError("there are no starts, so there are no shares; give find_attractors at least one")
    numbers = np.unique(found.attractor.values)
    numbers = numbers[numbers >= 0]
    total = found.sizes["start"]
    first = [int(np.flatnonzero(found.attractor.values == number)[0]) for number in numbers]
    counts = [int((found.attractor.values == number).sum()) for number in numbers]
    perhaps = [int(found.perhaps_same.values[found.attractor.values == number].sum()) for number in numbers]
    intervals = np.array([wilson_interval(count, total) for count in counts]).reshape(-1, 2)
    result = xr.Dataset(
        {
            "kind": ("attractor", found.kind.values[first]),
            "period": ("attractor", found.period.values[first]),
            "starts": ("attractor", np.array(counts, dtype=int)),
            "perhaps": ("attractor", np.array(perhaps, dtype=int)),
            "share": ("attractor", np.array(counts) / total),
            "share_low": ("attractor", intervals[:, 0]),
            "share_high": ("attractor", intervals[:, 1]),
        },
        coords={"attractor": numbers},
    )
    for kind in ("divergent", "undecided"):
        count = int((found.kind.values == kind).sum())
        low, high = wilson_interval(count, total)
        result = result.assign({f"{kind}_share": count / total, f"{kind}_share_low": low, f"{kind}_share_high": high})
    return result


def wilson_interval(count: int, total: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Return the interval of a share: by default the 95 % one.

    Parameters
    ----------
    count, total
        How many of how many.
    z
        Quantile of the normal distribution.

    References
    ----------
    Wilson, Journal of the American Statistical Association 22 (1927).
    """
    share, weight = count / total, z * z / total
    centre = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / total + weight / (4 * total)) / (1 + weight)
    low = 0.0 if count == 0 else centre - half
    return low, 1.0 if count == total else centre + half
