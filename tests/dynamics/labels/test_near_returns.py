"""Cycles that are found from a near return, long before an orbit settles on them."""

import pytest

from attrax.dynamics import Effort, find_attractors
from tests.dynamics.known_systems import attractor, border_collision


@pytest.mark.parametrize(
    ("parameters", "period"),
    [
        ((-0.6434163, 0.4903967, -0.6853576, 1.0489811), 759),
        ((0.2567507, 0.6417273, -0.3790584, 1.0611964), 774),
    ],
)
def test_a_cycle_that_takes_tens_of_thousands_of_steps_is_found_before_the_orbit_settles(parameters, period):
    """Its exponent of about -5e-4 is within the zero band of 10,000 steps: this is the trap of mode locking."""
    found = attractor(border_collision(*parameters), 4)
    assert (str(found.kind.values), int(found.period)) == ("cycle", period)
    assert found.certified
    assert found.exponents.values[0] == pytest.approx(-5.65e-4, rel=0.02)
    system = border_collision(*parameters)
    quick = find_attractors(system.relu_map(), system.state([0.1, 0.1])[None], effort=Effort(extension=1)).isel(start=0)
    assert quick.kind in ("cycle", "undecided")  # never quasi-periodic, however little effort


@pytest.mark.parametrize(
    ("parameters", "period"),
    [
        ((-0.44394384814191623, 0.8411671324932177, -0.8835234705250701, 1.1943779789470448), 851),
        ((0.25251245427068336, 0.7208461138935587, 0.7353779238320846, 1.2780251006136212), 1858),
    ],
)
def test_an_orbit_that_lingers_at_the_saddle_of_a_locked_curve_is_not_quasi_periodic(parameters, period):
    found = attractor(border_collision(*parameters), 4)
    assert (str(found.kind.values), int(found.period), bool(found.certified)) == ("cycle", period, True)
