"""Shares of a whole, written so that they add up; and the shares that the planes of a network are parted into."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from attrax.analyses.settings import LOCKED_FROM


class PlaneShare(NamedTuple):
    """One of the parts that the stimulus stage's planes have: every point is in exactly one."""

    words: str
    meaning: str
    """For a newcomer; ``{longest}`` is the longest period of a short cycle."""


PLANE_SHARES = {
    "frac_quasi": PlaneShare("quasi-periodic", "it goes on oscillating, and no exact repeat was found"),
    "frac_locked": PlaneShare(
        "locked oscillation",
        "an oscillation that has locked into an exact period: it repeats exactly, after more than {longest} steps",
    ),
    "frac_fixed": PlaneShare("fixed points", "it comes to rest"),
    "frac_short_cycle": PlaneShare("short cycles", "it repeats exactly, every 2 to {longest} steps"),
    "frac_chaotic": PlaneShare("chaotic", "it never repeats, and neighbouring states part"),
    "frac_divergent": PlaneShare("divergent", "its activity grows without bound"),
    "frac_undecided": PlaneShare("undecided", "there is no clear evidence for any of these"),
}
"""The parts, in the order in which they are told. The share of short cycles is frac_cycle - frac_locked."""
PARTED_COLUMNS = ("frac_cycle", *(name for name in PLANE_SHARES if name != "frac_short_cycle"))
"""What `parted` asks for."""


def parted(means: Mapping[str, Any]) -> dict[str, float]:
    """Return the shares of `PLANE_SHARES` from those of a summary, of which frac_locked is a part of frac_cycle.

    Parameters
    ----------
    means
        `PARTED_COLUMNS`, and anything else: of a network, or means over some.
    """
    short = max(float(means["frac_cycle"]) - float(means["frac_locked"]), 0.0)
    return {name: short if name == "frac_short_cycle" else float(means[name]) for name in PLANE_SHARES}


def share_meanings() -> dict[str, str]:
    """Return what each of `PLANE_SHARES` is called, and what that means."""
    return {share.words: share.meaning.format(longest=LOCKED_FROM) for share in PLANE_SHARES.values()}


class Percents(NamedTuple):
    """Shares in whole multiples of a percent, or of a tenth of one, and so on."""

    counts: list[int]
    digits: int

    def words(self, count: int) -> str:
        """Write one of the counts, or a sum of some."""
        return f"{count / 10**self.digits:.{self.digits}f} %"


def in_percent(shares: Sequence[float], most_digits: int = 0) -> Percents:
    """Round shares so that they add up to what their sum is rounded to: those of a whole to 100 %.

    Each is rounded down, and what is missing goes to those that lost most (the method of the largest remainder).

    Parameters
    ----------
    shares
        Finite numbers from 0 to 1.
    most_digits
        Digits after the point, if a share above zero would otherwise be written as 0; no more than it needs.
    """
    values = np.asarray(shares, dtype=float)
    for digits in range(most_digits + 1):
        exact = np.round(values * 100 * 10**digits, 9)  # 0.29 * 100 must not be rounded down to 28
        counts = np.floor(exact).astype(int)
        missing = round(float(exact.sum())) - int(counts.sum())
        counts[np.argsort(counts - exact, kind="stable")[:missing]] += 1
        if (counts[values > 0] > 0).all():
            break
    return Percents(counts.tolist(), digits)


def percents(shares: Sequence[float], most_digits: int = 0) -> list[str]:
    """Write shares as `in_percent` rounds them; "no value" for all where one is not known."""
    if not np.isfinite(np.asarray(shares, dtype=float)).all():
        return ["no value"] * len(shares)
    found = in_percent(shares, most_digits)
    return [found.words(count) for count in found.counts]
