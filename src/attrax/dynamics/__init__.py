"""What a network has become: its attractors, with the evidence for each label.

Works from arrays alone, in float64 (float32 closes quasi-periodic orbits after some thousand steps and so invents
periods).
"""

import importlib
from typing import TYPE_CHECKING, Any

from attrax.dynamics.effort import Effort

if TYPE_CHECKING:
    from attrax.dynamics.attractor_matching import match_attractors
    from attrax.dynamics.attractors import find_attractors
    from attrax.dynamics.basin_fractions import basins
    from attrax.dynamics.classification import KINDS, Classification
    from attrax.dynamics.labelling import classify
    from attrax.dynamics.line_sweep import sweep
    from attrax.dynamics.periodic_points import cycles, fixed_points
    from attrax.dynamics.plane_atlas import Atlas, atlas
    from attrax.dynamics.plane_basins import basin_plane
    from attrax.dynamics.relu_map import ReluMap
    from attrax.dynamics.smooth_map import SmoothMap, gru_map, tanh_map

_PLACES = {
    "Atlas": "plane_atlas",
    "atlas": "plane_atlas",
    "basin_plane": "plane_basins",
    "basins": "basin_fractions",
    "find_attractors": "attractors",
    "KINDS": "classification",
    "Classification": "classification",
    "classify": "labelling",
    "cycles": "periodic_points",
    "fixed_points": "periodic_points",
    "ReluMap": "relu_map",
    "SmoothMap": "smooth_map",
    "gru_map": "smooth_map",
    "match_attractors": "attractor_matching",
    "sweep": "line_sweep",
    "tanh_map": "smooth_map",
}
__all__ = [
    "KINDS", "Atlas", "Classification", "Effort", "ReluMap", "SmoothMap", "atlas", "basin_plane", "basins", "classify",
    "cycles", "find_attractors", "fixed_points", "gru_map", "match_attractors", "sweep", "tanh_map",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(f"attrax.dynamics.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'attrax.dynamics' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
