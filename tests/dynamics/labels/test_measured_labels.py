"""Labels that measurements give, and those that they must not give."""

import numpy as np
import pytest

from attrax.dynamics import Effort, ReluMap, find_attractors
from tests.dynamics.known_systems import attractor, border_collision, rotate


@pytest.mark.parametrize("growth", [1.0008, 1.0012, 1.0015])
def test_a_slowly_growing_spiral_is_not_chaotic(growth):
    """Both exponents are positive, and the series fools the 0-1 test: but the orbit is not stationary."""
    rotation = growth * rotate(1.0)
    centre = np.array([2.0, 3.0])
    relu_map = ReluMap(rotation, centre - rotation @ centre)
    found = find_attractors(relu_map, [centre + 1e-8], effort=Effort(extension=1)).isel(start=0)
    assert found.kind == "undecided"
    assert not found.certified


@pytest.mark.parametrize("weights", [rotate(1.0), rotate(2 * np.pi / 5), -np.eye(2)])
def test_a_centre_is_a_neutral_continuum(weights):
    """Circles (or 2-cycles) around a fixed point, each of them neutral: nothing attracts."""
    centre = np.array([2.0, 3.0])
    found = find_attractors(ReluMap(weights, centre - weights @ centre), [centre + np.array([0.1, 0.2])]).isel(start=0)
    assert (str(found.kind.values), bool(found.neutral)) == ("undecided", True)


def test_circles_of_an_area_preserving_map_are_not_a_torus():
    """The border-collision map with both determinants 1: invariant circles by the continuum, two zero exponents."""
    system = border_collision(0.3, 1.0, 0.6, 1.0)
    start = system.state([0.8, -0.45])
    found = find_attractors(system.relu_map(), start[None], effort=Effort(extension=1)).isel(start=0)
    assert found.kind == "undecided"


@pytest.mark.parametrize("n_units", [3, 40])
def test_a_network_at_rest_at_the_border_of_its_pieces_is_a_fixed_point_without_certificate(n_units):
    """Without bias every drive is zero at the zero state: no margin, no certificate, but all orbits end there."""
    weights = 0.5 * np.random.default_rng(0).standard_normal((n_units, n_units)) / np.sqrt(n_units)
    found = find_attractors(ReluMap(weights, np.zeros(n_units)), np.eye(n_units)[:3])
    assert (found.kind == "fixed point").all()
    assert not found.certified.any()
    assert found.attractor.values.tolist() == [0, 0, 0]


@pytest.mark.parametrize("gain", [1.0, 2.0])
def test_a_start_at_rest_on_a_border_that_takes_no_push_back_is_undecided(gain):
    found = find_attractors(ReluMap(gain * np.eye(2), np.zeros(2)), np.zeros((1, 2)))
    assert found.kind.values.tolist() == ["undecided"]


def test_chaos_within_bands_is_seen():
    """Its bands are visited in order, which the 0-1 test takes for all there is unless it is sampled band by band."""
    found = attractor(border_collision(0.3021593721, 0.6369265424, -0.9907876494, 1.2354207830), 4)
    assert found.kind == "chaotic"
