"""Labels that measurements give, and those that they must not give."""

import jax.numpy as jnp
import numpy as np
import pytest

from attrax.dynamics import Effort, ReluMap, SmoothMap, find_attractors, tanh_map
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


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("turn", [(5**0.5 - 1) / 2, 0.381, 0.27])
def test_circles_around_a_centre_beside_a_contraction_are_neutral(turn, seed):
    """A continuum of circles: a push leads to the next one, however near it is."""
    rotation = rotate(2 * np.pi * turn)

    def function(h):
        return jnp.append(rotation @ h[:2], 0.5 * h[2])

    starts = np.array([[1.0, 0.0, 0.2], [1.5, 0.0, 0.1]])
    found = find_attractors(SmoothMap(function, 3), starts, seed=seed, effort=Effort(extension=1))
    assert found.kind.values.tolist() == ["undecided"] * 2
    assert found.neutral.all()
    assert found.attractor.values.tolist() == [-1, -1]


def test_an_orbit_that_rests_where_others_leave_is_not_chaotic():
    """Exponents above zero, and a neighbour that parts: but it parts from one point, and for good."""
    resting = find_attractors(ReluMap(np.diag([2.0, 0.5]), [-1.0, 1.0]), [[1.0, 2.0]]).isel(start=0)
    assert resting.kind == "undecided"
    assert find_attractors(tanh_map(np.array([[2.0]]), [0.0]), [[0.0]]).isel(start=0).kind == "undecided"


def test_a_curve_that_repels_across_itself_is_not_chaotic():
    """A circle in the plane z = 0, exactly invariant, with z' = tanh(2 z): neighbours leave for circles beside it."""
    rotation = rotate(2 * np.pi * 0.381)

    def function(h):
        flat = rotation @ h[:2]
        return jnp.append(flat / jnp.sqrt(flat @ flat), jnp.tanh(2 * h[2]))

    found = find_attractors(SmoothMap(function, 3), [[1.0, 0.0, 0.0]]).isel(start=0)
    assert found.kind == "undecided"


def test_maps_of_one_unit_have_one_exponent():
    assert find_attractors(tanh_map(np.array([[1.0003]]), [0.0]), [[0.0]], effort=Effort(extension=1)).kind.item()
    turning = SmoothMap(lambda h: jnp.mod(h + 1 / 3 + 1e-6, 1.0), 1)
    assert find_attractors(turning, [[0.1]], effort=Effort(extension=1)).kind.item() in ("quasi-periodic", "undecided")
