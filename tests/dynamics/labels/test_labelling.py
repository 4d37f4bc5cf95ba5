"""Labels, periods, exponents and rotation numbers of systems with known answers, small and at N = 250."""

import numpy as np
import pytest

from attrax.dynamics import Effort, ReluMap, find_attractors
from tests.dynamics.known_systems import border_collision, knuth, lozi, skew_tent, two_cycle

EFFORT = Effort()
SIZES = pytest.mark.parametrize("n_units", [4, 250])


def attractor(system, n_units, start=(0.1, 0.1)):
    system = system.widened(n_units)
    return find_attractors(system.relu_map(), system.state(start)[None]).isel(start=0)


def test_superstable_two_cycle():
    found = find_attractors(two_cycle(1.7, 0.8), [[0.3], [0.5]])
    assert found.kind.values.tolist() == ["cycle", "cycle"]
    assert found.period.values.tolist() == [2, 2]
    assert found.certified.values.all()
    assert np.isneginf(found.exponents.values[:, 0]).all()
    assert np.isnan(found.exponents.values[:, 1:]).all()
    assert found.attractor.values.tolist() == [0, 0]
    assert set(np.round(found.state.values[:, 0], 12)) <= {0.0, 0.8}


@SIZES
def test_quasi_periodic_border_collision(n_units):
    found = attractor(border_collision(0.0540905, 0.59820461, -0.80434312, 1.09224173), n_units)
    assert found.kind == "quasi-periodic"
    assert found.torus_dimension == 1
    assert found.period_excluded >= 5000
    assert abs(found.exponents.values[0]) <= 10 / EFFORT.steps
    assert found.exponents.values[1] == pytest.approx(-0.0996, rel=0.02)
    assert np.isneginf(found.exponents.values[2:]).all()
    assert float(found.rotation_number) == pytest.approx(0.303651, abs=1e-6)
    assert not found.certified


@SIZES
def test_locked_border_collision_is_certified_and_not_quasi_periodic(n_units):
    found = attractor(border_collision(0.43101732, 0.4763399, 0.14795075, 1.17435556), n_units)
    assert found.kind == "cycle"
    assert found.period == 283
    assert found.certified
    assert found.exponents.values[0] == pytest.approx(-3.651e-4, rel=0.02)
    assert float(found.rotation_number) * 283 == pytest.approx(round(float(found.rotation_number) * 283), abs=1e-6)
    assert found.residual <= 1e-10
    assert found.radius < 1


@SIZES
def test_lozi_is_chaotic(n_units):
    found = attractor(lozi(1.7, 0.5), n_units)
    assert found.kind == "chaotic"
    exponents = found.exponents.values
    assert exponents[0] == pytest.approx(0.470, rel=0.02)
    assert exponents[1] == pytest.approx(-1.163, rel=0.02)
    assert exponents[:2].sum() == pytest.approx(np.log(0.5), abs=10 / EFFORT.steps)
    assert found.chaos_test > 0.9


@pytest.mark.parametrize("a", [0.37, 0.52])
def test_skew_tent(a):
    system = skew_tent(a)
    found = find_attractors(system.relu_map(), system.state([0.3])[None]).isel(start=0)
    assert found.kind == "chaotic"
    assert found.exponents.values[0] == pytest.approx(-a * np.log(a) - (1 - a) * np.log(1 - a), rel=0.02)


@SIZES
def test_a_continuum_of_neutral_cycles_is_undecided(n_units):
    found = attractor(knuth(), n_units, start=(0.3, 0.7))
    assert found.kind == "undecided"
    assert found.neutral
    assert not found.certified
    assert found.attractor == -1


def test_a_continuum_of_fixed_points_is_undecided():
    found = find_attractors(ReluMap(np.eye(3), np.zeros(3)), [[1.0, 0.3, 2.0]]).isel(start=0)
    assert (str(found.kind.values), bool(found.neutral)) == ("undecided", True)


@pytest.mark.parametrize("gain", [1.05, 2.0])
def test_growth_without_bound_is_divergent(gain):
    found = find_attractors(ReluMap([[gain]], [1.0]), [[0.5]]).isel(start=0)
    assert found.kind == "divergent"
    assert found.attractor == -1


def test_a_slow_spiral_into_a_fixed_point_is_certified_as_one():
    """A rotation that shrinks by 1e-4 a step looks quasi-periodic for thousands of steps; the certificate knows."""
    angle = 1.0
    rotation = 0.9999 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array([2.0, 3.0])
    found = find_attractors(ReluMap(rotation, centre - rotation @ centre), [[2.5, 3.0]]).isel(start=0)
    assert found.kind == "fixed point"
    assert found.certified
    np.testing.assert_allclose(found.state, centre, rtol=1e-9)
    np.testing.assert_allclose(found.exponents.values[:2], np.log(0.9999), rtol=1e-6)


def test_leaky_fixed_point():
    weights, bias = np.array([[-1.7, 0.3], [0.2, 0.4]]), np.array([1.0, 0.5])
    expected = np.linalg.solve(np.eye(2) - weights, bias)
    for leak in (0.1, 0.5):
        found = find_attractors(ReluMap(weights, bias, leak), [[0.0, 0.0]]).isel(start=0)
        assert found.kind == "fixed point"
        np.testing.assert_allclose(found.state, expected, rtol=1e-9)
        jacobian = (1 - leak) * np.eye(2) + leak * weights
        np.testing.assert_allclose(
            found.exponents.values[:2], np.sort(np.log(np.abs(np.linalg.eigvals(jacobian))))[::-1], rtol=1e-9
        )


def test_leaky_cycles_are_certified_too():
    """h' = (1 - a) h + a relu(b - w h) overshoots into a 2-cycle when 1 - a - a w < -1."""
    found = find_attractors(ReluMap([[-4.0]], [1.0], 0.6), [[0.1]]).isel(start=0)
    assert found.kind == "cycle"
    assert found.certified
    state, images = float(found.state[0]), []
    for _ in range(int(found.period)):
        state = 0.4 * state + 0.6 * max(1 - 4 * state, 0)
        images.append(state)
    assert images[-1] == pytest.approx(float(found.state[0]), rel=1e-9)


def test_two_attractors_are_told_apart_and_numbered():
    """Two units that excite themselves and silence the other: two fixed points, by who was first."""
    weights = np.array([[0.5, -2.0], [-2.0, 0.5]])
    found = find_attractors(ReluMap(weights, [1.0, 1.0]), [[1.0, 0.0], [0.0, 1.0], [2.0, 0.1]])
    assert found.kind.values.tolist() == ["fixed point"] * 3
    assert found.attractor.values.tolist() == [0, 1, 0]


def test_starts_on_one_curve_share_its_number_and_its_evidence():
    system = border_collision(0.0540905, 0.59820461, -0.80434312, 1.09224173)
    starts = np.array([system.state(z) for z in ([0.1, 0.1], [0.5, -0.2], [-0.4, 0.3])])
    found = find_attractors(system.relu_map(), starts)
    assert (found.kind == "quasi-periodic").all()
    assert found.attractor.values.tolist() == [0, 0, 0]
    np.testing.assert_array_equal(found.exponents.values[0], found.exponents.values[2])


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


@pytest.mark.parametrize("growth", [1.0008, 1.0012, 1.0015])
def test_a_slowly_growing_spiral_is_not_chaotic(growth):
    """Both exponents are positive, and the series fools the 0-1 test: but the orbit is not stationary."""
    rotation = growth * rotate(1.0)
    centre = np.array([2.0, 3.0])
    relu_map = ReluMap(rotation, centre - rotation @ centre)
    found = find_attractors(relu_map, [centre + 1e-8], effort=Effort(extension=1)).isel(start=0)
    assert found.kind == "undecided"
    assert not found.certified


def rotate(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


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


def test_a_unit_that_grows_beside_a_neutral_one_is_followed_until_it_diverges():
    relu_map = ReluMap(np.diag([1 - 5e-10, 1.01]), [5e-10, -0.01])
    assert find_attractors(relu_map, [[1.0, 1.0001]]).kind == "divergent"


def test_a_divergent_orbit_keeps_the_state_and_the_step_at_which_it_left():
    found = find_attractors(ReluMap([[1.002]], [1.0]), [[0.0]], effort=Effort(extension=1)).isel(start=0)
    hidden, steps = 0.0, 0
    while hidden <= 1e6:
        hidden, steps = 1.002 * hidden + 1, steps + 1
    assert found.kind == "divergent"
    assert steps <= int(found.steps) <= steps + 5  # looked at every fifth step
    assert 1e6 < float(found.state[0]) < 2e6


@pytest.mark.parametrize("gain", [1.0011, 2000.0])
def test_growth_slow_or_fast_gives_no_warning(gain):
    found = find_attractors(ReluMap([[gain]], [0.0]), [[1.0]], effort=Effort(extension=1)).isel(start=0)
    assert found.kind in ("divergent", "undecided")


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


def test_chaos_within_bands_is_seen():
    """Its bands are visited in order, which the 0-1 test takes for all there is unless it is sampled band by band."""
    found = attractor(border_collision(0.3021593721, 0.6369265424, -0.9907876494, 1.2354207830), 4)
    assert found.kind == "chaotic"


def test_relaxation_times_are_those_of_the_slowest_deviation():
    found = find_attractors(ReluMap(np.diag([0.9, 0.5]), [1.0, 1.0]), [[0.0, 0.0]])
    assert float(found.relaxation_time[0]) == pytest.approx(-1 / np.log(0.9))
    two = find_attractors(two_cycle(1.7, 0.8), [[0.3]])
    assert float(two.relaxation_time[0]) == 0.0
    curve = attractor(border_collision(0.0540905, 0.59820461, -0.80434312, 1.09224173), 4)
    assert float(curve.relaxation_time) == pytest.approx(1 / 0.0996, rel=0.02)
    assert float(curve.rotation_digits) > 5
    assert np.isnan(attractor(lozi(1.7, 0.5), 4).relaxation_time)
