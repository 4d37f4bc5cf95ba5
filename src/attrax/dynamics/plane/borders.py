"""What happens to an attractor at the border of its region: it goes on, loses its stability, or ends."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from attrax.dynamics.periodic.linear_pieces import minimal_period
from attrax.dynamics.plane.input_plane import Plane
from attrax.dynamics.plane.regions import Region, Regions, pattern_key
from attrax.dynamics.plane.solved_patterns import switched
from attrax.progress import Step

BORDER_KINDS = ("switch", "fold", "exchange", "flip", "Neimark-Sacker", "merging", "singular", "unproved")
"""What a border can be, as seen from a region whose attractor is stable."""


@dataclass(frozen=True, eq=False)
class Border:
    """An edge between two regions, on which the drive of one unit is zero.

    Parameters
    ----------
    kind
        One of `BORDER_KINDS`:

        - switch: the cycle goes on beyond the border with the same stability, and its formula changes;
        - fold: two cycles exist on the one side, meet, and on the other side there is neither;
        - exchange, flip, Neimark-Sacker: the cycle goes on, but is stable on one side only; on the other side a real
          eigenvalue above 1, one below -1, or a complex pair outside the unit circle leads;
        - merging: the cycle shrinks to one of a period that divides its own;
        - singular: beyond the border I - J cannot be inverted;
        - unproved: the cycle goes on, and its eigenvalues say that it attracts, but that is not proved.
    regions
        Numbers of the two; the second is -1 where there is none. A stable one comes first.
    step, unit
        Whose drive is zero; the first of them, where there are several.
    ends
        Where the edge begins and ends.
    """

    kind: str
    regions: tuple[int, int]
    step: int
    unit: int
    ends: Float[np.ndarray, "2 2"]

    @property
    def length(self) -> float:
        """Its length."""
        return float(np.hypot(*(self.ends[1] - self.ends[0])))


_TOLD_EVERY = 50
"""Regions between two words about how far it is."""


def find_borders(regions: Regions) -> list[Border]:
    """Return the borders of all regions inside the window; those between two regions once.

    Where the walk did not go on through unstable regions, the borders between two of them are among the result as far
    as both were met.
    """
    borders, seen = [], set()
    first, width = regions.window.corners.min(axis=0), np.ptp(regions.window.corners, axis=0)
    leading: dict[int, complex] = {}
    order = sorted(range(len(regions.found)), key=lambda number: not regions.found[number].stable)
    for done, here in enumerate(order):
        if done % _TOLD_EVERY == 0:
            regions.tell(Step("regions whose borders are found", done, len(order)))
        region, polygon = regions.found[here], regions.found[here].polygon
        for edge, ends in enumerate(np.stack([polygon.corners, np.roll(polygon.corners, -1, axis=0)], axis=1)):
            switches = region.switches(edge)
            if not switches:
                continue
            beyond = [switched(region.pattern, numbers) for numbers in switches]
            known = [regions.number_of.get(pattern_key(pattern), -1) for pattern in beyond]
            place = next((place for place, number in enumerate(known) if number >= 0 and number != here), 0)
            there, numbers = known[place], switches[place]
            if there == here:  # the cycle itself, begun at another step: its states have come together
                there = -1
            # Seen from the other side the cycle may begin at another step: the edge itself tells them apart.
            middle = (ends.mean(axis=0) - first) / width
            pair = (min(here, there), max(here, there), numbers[0] % region.pattern.shape[1], *middle.round(8).tolist())
            if there >= 0 and pair in seen:
                continue
            seen.add(pair)
            if there >= 0:
                kind = _kind(regions, here, there, leading)
            elif any(minimal_period(pattern) < region.period for pattern in beyond):
                kind = "merging"
            else:
                kind = "singular" if there == -2 else ""  # nothing: the walk ended before it could know
            if kind:
                step, unit = divmod(numbers[0], region.pattern.shape[1])
                borders.append(Border(kind, (here, max(there, -1)), step, unit, ends))
    return borders


def _kind(regions: Regions, here: int, there: int, leading: dict[int, complex]) -> str:
    """Say what a border between two regions is."""
    region = regions.found[here]
    other = regions.found[there]
    if region.index != other.index:
        return "fold"
    if region.stable == other.stable:
        return "switch"
    unstable = there if region.stable else here
    if unstable not in leading:
        leading[unstable] = leading_eigenvalue(regions.plane, regions.found[unstable])
    return kind_of_instability(leading[unstable])


def leading_eigenvalue(plane: Plane, region: Region) -> complex:
    """Return the eigenvalue of largest size of a region's Jacobian over one period; above the real axis if complex."""
    jacobian = plane.jacobian(region.pattern)
    if not jacobian.size:
        return 0j
    values = np.linalg.eigvals(jacobian)
    value = complex(values[np.abs(values).argmax()])
    return value.conjugate() if value.imag < 0 else value


def kind_of_instability(eigenvalue: complex) -> str:
    """Name a border by the eigenvalue that leads on its unstable side."""
    if abs(eigenvalue) < 1:
        return "unproved"
    if abs(eigenvalue.imag) > 1e-12 * abs(eigenvalue):
        return "Neimark-Sacker"
    return "exchange" if eigenvalue.real > 0 else "flip"
