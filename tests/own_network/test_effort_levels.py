"""Levels of effort."""

import numpy as np

from attrax.dynamics import Effort
from attrax.networks import own_network
from attrax.own_network.effort_levels import EFFORT_LEVELS, affordable_solves


def test_levels_of_effort_rise_and_large_smooth_networks_get_fewer_solves():
    levels = [EFFORT_LEVELS[name] for name in ("quick", "standard", "thorough")]
    for field in ("settling_steps", "steps", "largest_period"):
        values = [getattr(level.effort, field) for level in levels]
        assert values == sorted(set(values))
    assert levels[1].effort == Effort()
    standard = levels[1]
    solves = []
    for kind in ("relu", "tanh"):
        for units in (100, 512, 2000):
            network = own_network({"W": np.zeros((units, units)), "b": np.zeros(units)}, nonlinearity=kind)
            solves.append(affordable_solves(network, standard))
    assert solves == [500, 500, 500, 500, 125, 100]
