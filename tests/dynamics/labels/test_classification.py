"""What follows from the evidence for a label."""

import numpy as np
import pytest

from attrax.dynamics import ReluMap, find_attractors
from tests.dynamics.known_systems import attractor, border_collision, lozi, two_cycle


def test_relaxation_times_are_those_of_the_slowest_deviation():
    found = find_attractors(ReluMap(np.diag([0.9, 0.5]), [1.0, 1.0]), [[0.0, 0.0]])
    assert float(found.relaxation_time[0]) == pytest.approx(-1 / np.log(0.9))
    two = find_attractors(two_cycle(1.7, 0.8), [[0.3]])
    assert float(two.relaxation_time[0]) == 0.0
    curve = attractor(border_collision(0.0540905, 0.59820461, -0.80434312, 1.09224173), 4)
    assert float(curve.relaxation_time) == pytest.approx(1 / 0.0996, rel=0.02)
    assert float(curve.rotation_digits) > 5
    assert np.isnan(attractor(lozi(1.7, 0.5), 4).relaxation_time)
