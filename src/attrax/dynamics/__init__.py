"""What a network has become: its attractors, with the evidence for each label.

Works from arrays alone, in NumPy and float64 (float32 closes quasi-periodic orbits after some thousand steps and
so invents periods).
"""

from attrax.dynamics.attractors import find_attractors
from attrax.dynamics.classification import KINDS, Classification, Effort, classify
from attrax.dynamics.relu_map import ReluMap

__all__ = ["KINDS", "Classification", "Effort", "ReluMap", "classify", "find_attractors"]
