"""Planes of inputs that tests look at."""

import numpy as np
import shapely

from attrax.dynamics import Effort
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.plane.input_plane import Plane


def shape_of(polygon):
    return shapely.Polygon(polygon.corners)


SQUARE = np.array([[-1.0, 1.0], [-1.0, 1.0]])


def plane_of(seed, units, leak=1.0, gain=1.3):
    rng = np.random.default_rng(seed)
    weights = gain * rng.standard_normal((units, units)) / np.sqrt(units / 2)
    bias, directions = 0.5 * rng.standard_normal(units), rng.standard_normal((2, units))
    return Plane(ReluMap(weights, bias, leak), directions)


def two_axes(weight):
    """Unit 0 hears itself and x; unit 1 hears y alone."""
    return Plane(ReluMap([[weight, 0.0], [0.0, 0.0]], [0.0, 0.0]), np.eye(2))


QUICK = Effort(settling_steps=500, steps=1000, extension=1)


def network(seed, units, gain=1.3):
    rng = np.random.default_rng(seed)
    weights = gain * rng.standard_normal((units, units)) / np.sqrt(units / 2)
    return weights, 0.5 * rng.standard_normal(units), rng.standard_normal((2, units))


def one_unit(weight):
    """h' = relu(w h + x); y drives another unit, which hears nothing else."""
    return np.array([[weight, 0.0], [0.0, 0.0]]), np.zeros(2), np.eye(2)
