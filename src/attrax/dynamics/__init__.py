"""What a network has become: its attractors, with the evidence for each label.

Works from arrays alone, in float64 (float32 closes quasi-periodic orbits after some thousand steps and so invents
periods).
"""

from typing import TYPE_CHECKING

from attrax.dynamics.effort import Effort
from attrax.rooms import names_of

if TYPE_CHECKING:
    from attrax.dynamics.attractors.basin_fractions import basins
    from attrax.dynamics.attractors.basin_planes import basin_plane
    from attrax.dynamics.attractors.finding import find_attractors
    from attrax.dynamics.attractors.matching import match_attractors
    from attrax.dynamics.labels.classification import KINDS, Classification
    from attrax.dynamics.labels.labelling import classify
    from attrax.dynamics.maps.relu_map import ReluMap
    from attrax.dynamics.maps.smooth_map import SmoothMap, gru_map, tanh_map
    from attrax.dynamics.orbits.settling import settle
    from attrax.dynamics.periodic.periodic_points import cycles, fixed_points
    from attrax.dynamics.plane.atlas_search import atlas
    from attrax.dynamics.plane.line_sweep import sweep
    from attrax.dynamics.plane.plane_atlas import Atlas

_PLACES = {
    "attractors.basin_fractions": ("basins",),
    "attractors.basin_planes": ("basin_plane",),
    "attractors.finding": ("find_attractors",),
    "attractors.matching": ("match_attractors",),
    "labels.classification": ("KINDS", "Classification"),
    "labels.labelling": ("classify",),
    "maps.relu_map": ("ReluMap",),
    "maps.smooth_map": ("SmoothMap", "gru_map", "tanh_map"),
    "orbits.settling": ("settle",),
    "periodic.periodic_points": ("cycles", "fixed_points"),
    "plane.atlas_search": ("atlas",),
    "plane.line_sweep": ("sweep",),
    "plane.plane_atlas": ("Atlas",),
}
__all__ = [
    "KINDS",
    "Atlas",
    "Classification",
    "Effort",
    "ReluMap",
    "SmoothMap",
    "atlas",
    "basin_plane",
    "basins",
    "classify",
    "cycles",
    "find_attractors",
    "fixed_points",
    "gru_map",
    "match_attractors",
    "settle",
    "sweep",
    "tanh_map",
]

__getattr__ = names_of(__name__, _PLACES)


def __dir__() -> list[str]:
    return list(__all__)
