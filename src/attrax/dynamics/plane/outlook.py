"""What an atlas will take, from the first inputs that were sampled: how many regions, and how many seconds."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from attrax.dynamics.plane.half_planes import Polygon
from attrax.dynamics.plane.input_plane import Plane
from attrax.dynamics.plane.regions import Regions

_AROUND = 40
"""Regions that are looked at around one that an orbit has met."""
_WITH_UNSTABLE = 3.0
"""Regions in all for each of an attractor: unstable ones lie between and behind them. The ratio is 1 to 4 in trained
networks (`benchmarks/atlas.md`), and 75 in one where attractors are slivers."""
_DENSEST = 5.0
"""Times the median: an input amid slivers, as there are at the edges of sheets, says little of the window."""
_BARE, _MOVES = 0.1, 4.0
"""As `atlas` samples up to twice as much where no polygon lies; an orbit that settles takes so much less."""


class Outlook(NamedTuple):
    """What is to be expected."""

    regions: int
    """Met in all, unstable ones included."""
    seconds: float
    """From the beginning to the last region; borders and pages are not in it."""

    def __str__(self) -> str:
        minutes = self.seconds / 60
        long = f"{self.seconds:.0f} s" if self.seconds < 90 else f"{minutes:.0f} min"
        return f"about {self.regions:,} regions are expected, and {long} in all until they are found"


class Pilot:
    """A look at the first inputs that were sampled.

    Parameters
    ----------
    plane, window, unstable
        As in `Regions`.
    limit
        Most regions that are kept.
    """

    def __init__(self, plane: Plane, window: Polygon, unstable: bool, limit: int) -> None:
        self._plane, self._window, self._unstable, self._limit = plane, window, unstable, limit
        self._begun = time.perf_counter()

    def outlook(
        self,
        met: Sequence[Sequence[Bool[np.ndarray, "_ units"]]],
        seconds_an_input: float,
        inputs_to_come: int,
    ) -> Outlook:
        """Say what is to be expected.

        Around each region that an orbit has met, some dozens are looked at. How many there are on how much of the
        window tells how dense they lie there; as the inputs are spread evenly over the window, the mean of the
        densities, of all attractors above an input, is that of the window.

        Parameters
        ----------
        met
            The patterns that orbits have met at each of the inputs.
        seconds_an_input
            What inputs have taken of late.
        inputs_to_come
            How many there are yet, spread over the window.
        """
        looking, looked_at = time.perf_counter(), 0
        densities = np.zeros(len(met))
        for here, patterns in enumerate(met):
            for pattern in patterns:
                around = Regions(self._plane, self._window, _AROUND, self._unstable)
                around.walk([pattern])
                areas = [region.polygon.area for region in around.found if region.stable]
                densities[here] += len(areas) / sum(areas) if areas else 0.0
                looked_at += len(around.found)
        each = (time.perf_counter() - looking) / max(looked_at, 1)
        if densities.any():
            densities = np.minimum(densities, _DENSEST * float(np.median(densities[densities > 0])))
        with_unstable = _WITH_UNSTABLE if self._unstable else 1.0
        regions = min(with_unstable * float(densities.mean()) * self._window.area, float(self._limit))
        bare = sum(not patterns for patterns in met) / len(met)
        more = min(1.0, bare / _BARE) * (inputs_to_come + len(met))
        # Where nothing is known orbits do not settle, and those of the first inputs that did have taken less.
        slower = 1.0 / (bare + (1 - bare) / _MOVES) if bare else 1.0
        inputs = seconds_an_input * (inputs_to_come + more * slower)
        return Outlook(int(regions), time.perf_counter() - self._begun + inputs + each * regions)
