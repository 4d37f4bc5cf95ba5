"""Labels, periods, exponents and rotation numbers of smooth systems with known answers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.dynamics import Effort, SmoothMap, find_attractors, gru_map, tanh_map
from tests.dynamics.known_systems import arnold, delayed_logistic, henon, lifted, two_intervals


def attractor(smooth_map, start=(0.5, 0.4), **options):
    return find_attractors(smooth_map, [start], **options).isel(start=0)


def test_a_branch_that_is_not_taken_hides_no_cycle():
    """Backwards, the slope of the branch is infinite times zero; the cycle attracts too weakly to settle on at once."""
    effort = Effort(steps=2000, extension=2, largest_period=300, settling_steps=200)
    plain = arnold(0.30311301883647274, 0.9)

    def guarded(hidden):
        far = hidden @ hidden - 100.0
        return plain.function(hidden) + jnp.where(far > 0, jnp.sqrt(jnp.maximum(far, 0.0)), 0.0)

    for smooth_map in (plain, SmoothMap(guarded, 2)):
        found = attractor(smooth_map, (0.9, 0.3), effort=effort)
        assert (found.kind, found.period) == ("cycle", 25)


@pytest.mark.parametrize("n_units", [2, 30])
def test_henon_is_chaotic(n_units):
    smooth_map, basis = (henon(), np.eye(2)) if n_units == 2 else lifted(henon(), n_units)
    found = attractor(smooth_map, basis @ [0.1, 0.1])
    assert found.kind == "chaotic"
    exponents = found.exponents.values
    assert exponents[0] == pytest.approx(0.419, rel=0.02)
    if n_units == 2:
        assert exponents[1] == pytest.approx(-1.623, rel=0.02)
        assert exponents[:2].sum() == pytest.approx(np.log(0.3), abs=1e-9)
    else:
        np.testing.assert_allclose(exponents[1:], np.log(0.5), rtol=1e-2)


def test_a_cycle_of_the_henon_map_is_certified():
    """At a = 1 the Hénon map has a stable 4-cycle."""
    found = attractor(henon(1.0), (0.1, 0.1))
    assert (str(found.kind.values), int(found.period), bool(found.certified)) == ("cycle", 4, True)
    state = found.state.values
    for _ in range(4):
        state = np.array([1 - state[0] ** 2 + state[1], 0.3 * state[0]])
    np.testing.assert_allclose(state, found.state.values, atol=1e-12)


@pytest.mark.parametrize(
    ("a", "expected"),
    [
        (2.1, {"kind": "quasi-periodic", "rotation": 0.15610602, "second": -0.12677}),
        (2.18, {"kind": "cycle", "period": 7, "largest": -0.1271}),
        (2.27, {"kind": "chaotic", "largest": 0.183, "second": -1.242}),
    ],
)
def test_delayed_logistic(a, expected):
    found = attractor(delayed_logistic(a))
    assert found.kind == expected["kind"]
    exponents = found.exponents.values
    if "rotation" in expected:
        assert float(found.rotation_number) == pytest.approx(expected["rotation"], abs=1e-6)
        assert abs(exponents[0]) <= 10 / Effort().steps
    if "period" in expected:
        assert found.period == expected["period"]
        assert found.certified
    if "largest" in expected:
        assert exponents[0] == pytest.approx(expected["largest"], rel=0.02)
    if "second" in expected:
        assert exponents[1] == pytest.approx(expected["second"], rel=0.02)


def test_slow_convergence_at_the_neimark_sacker_border_is_not_called_anything_else():
    """At a = 2 the fixed point 1/2 attracts, but not exponentially: after 1e6 steps the amplitude is still 2e-3."""
    found = attractor(delayed_logistic(2.0), effort=Effort(extension=1))
    assert found.kind in ("undecided", "quasi-periodic")
    assert not found.certified


@pytest.mark.parametrize("omega", [(np.sqrt(5) - 1) / 2, np.sqrt(2) - 1])
def test_a_rigid_rotation_turns_by_omega(omega):
    found = attractor(arnold(omega, 0.0), (1.3, 0.2))
    assert found.kind == "quasi-periodic"
    assert float(found.rotation_number) == pytest.approx(min(omega, 1 - omega), abs=1e-6)
    assert abs(found.exponents.values[0]) <= 10 / Effort().steps
    assert found.exponents.values[1] == pytest.approx(np.log(0.5), rel=0.02)


def test_two_rotations_side_by_side_make_a_torus():
    one, other = arnold((np.sqrt(5) - 1) / 2, 0.0).function, arnold(np.sqrt(2) - 1, 0.0).function
    both = SmoothMap(lambda z: jnp.concatenate([one(z[:2]), other(z[2:])]), 4)
    found = attractor(both, (1.3, 0.2, 0.1, 0.9))
    assert found.kind == "quasi-periodic"
    assert found.torus_dimension == 2
    assert np.isnan(found.rotation_number)
    np.testing.assert_allclose(found.exponents, [0, 0, np.log(0.5), np.log(0.5)], atol=10 / Effort().steps)
    assert float(found.relaxation_time) == pytest.approx(1 / np.log(2), rel=1e-2)


def test_inside_the_zero_tongue_the_circle_map_has_a_fixed_point():
    found = attractor(arnold(0.9 * 0.8 / (2 * np.pi), 0.8), (1.3, 0.2))
    assert found.kind == "fixed point"
    theta = np.arcsin(0.9) / (2 * np.pi)
    np.testing.assert_allclose(found.state, [np.cos(2 * np.pi * theta), np.sin(2 * np.pi * theta)], atol=1e-9)
    assert not found.certified  # no bound on the curvature was given


def test_affine_circle_map_of_two_intervals():
    a, b = 0.45, 0.35
    slope_1, slope_2 = np.log((1 - b) / a), np.log(b / (1 - a))
    rotation = slope_1 / (slope_1 - slope_2)
    found = attractor(two_intervals(a, b), (1.3, 0.2))
    assert found.kind == "quasi-periodic"
    assert float(found.rotation_number) == pytest.approx(min(rotation, 1 - rotation), abs=1e-6)
    assert abs(found.exponents.values[0]) <= 10 / Effort().steps


@pytest.mark.parametrize("gain", [0.9, 1.4])
def test_fixed_points_of_tanh_networks_are_certified_where_orbits_go(gain):
    rng = np.random.default_rng(3)
    weights, bias = gain * np.diag(rng.uniform(0.5, 1.0, 6)), 0.1 * rng.standard_normal(6)
    network = tanh_map(weights, bias, 0.5)
    starts = rng.standard_normal((5, 6))
    found = find_attractors(network, starts)
    assert (found.kind == "fixed point").all()
    assert found.certified.all()
    hidden = starts
    for _ in range(2000):
        hidden = 0.5 * hidden + 0.5 * np.tanh(hidden @ weights.T + bias)
    np.testing.assert_allclose(found.state, hidden, atol=1e-9)


@pytest.mark.parametrize("curvature", [None, 1.0])
def test_all_starts_that_go_to_zero_go_to_one_fixed_point(curvature):
    """Without bias states shrink for ever, and at their own scale no two are near each other."""
    weights = jnp.asarray(0.5 * np.random.default_rng(0).standard_normal((20, 20)) / np.sqrt(20))
    smooth_map = SmoothMap(lambda h: jnp.tanh(weights @ h), 20, curvature=curvature)
    found = find_attractors(smooth_map, np.eye(20)[:3])
    assert (found.kind == "fixed point").all()
    assert found.attractor.values.tolist() == [0, 0, 0]
    assert (found.certified == (curvature is not None)).all()


def test_a_network_of_one_gated_unit_ends_where_iteration_does():
    rng = np.random.default_rng(1)
    weights, drive, bias = rng.standard_normal((3, 8, 8)) / 3, rng.standard_normal((3, 8)), rng.standard_normal((3, 8))
    network = gru_map(weights, drive, bias)
    found = find_attractors(network, np.zeros((1, 8)))
    hidden = np.zeros(8)
    for _ in range(3000):
        hidden = network(hidden)
    assert found.kind == "fixed point"
    assert found.certified.all()
    np.testing.assert_allclose(found.state[0], hidden, atol=1e-9)


def test_the_curvature_of_the_built_networks_bounds_what_is_seen():
    rng = np.random.default_rng(2)
    for network in (
        tanh_map(rng.standard_normal((5, 5)), rng.standard_normal(5), 0.6),
        gru_map(rng.standard_normal((3, 5, 5)), rng.standard_normal((3, 5)), rng.standard_normal((3, 5))),
    ):
        with jax.enable_x64(True):
            arguments = [jnp.asarray(argument) for argument in network.arguments]
            second = jax.vmap(jax.hessian(lambda state, f=network.function, a=arguments: f(state, *a)))
            hessians = np.asarray(second(jnp.asarray(rng.uniform(-1, 1, (200, 5)))))
        for _ in range(20):
            u, v = rng.standard_normal((2, 5))
            largest = np.linalg.norm(np.einsum("sijk,j,k->si", hessians, u, v), axis=1).max()
            assert largest <= network.curvature * np.linalg.norm(u) * np.linalg.norm(v)


def test_the_logistic_map_of_one_unit():
    chaotic = attractor(SmoothMap(lambda x: 4 * 0.97 * x * (1 - x), 1), [0.3])
    assert chaotic.kind == "chaotic"
    periodic = attractor(SmoothMap(lambda x: 3.5 * x * (1 - x), 1, curvature=7.0), [0.3])
    assert (str(periodic.kind.values), int(periodic.period), bool(periodic.certified)) == ("cycle", 4, True)
    assert np.isnan(periodic.exponents[1:]).all()


def test_a_curve_and_chaos_of_one_map_are_two_attractors():
    """A gate that keeps its sign: on one side an invariant circle, on the other chaos in 40 dimensions."""
    rng = np.random.default_rng(0)
    strong, turn = 3 * rng.standard_normal((40, 40)) / np.sqrt(40), rotation(0.7)

    def function(state):
        gate, rest = jnp.tanh(3 * state[0]), state[1:]
        circle = turn @ rest[:2]
        circle = circle / jnp.sqrt(circle @ circle)
        regular = jnp.concatenate([circle, 0.3 * rest[2:]])
        return jnp.concatenate([gate[None], jnp.where(gate > 0, jnp.tanh(strong @ rest), regular)])

    starts = rng.standard_normal((2, 41))
    starts[:, 0] = [1.0, -1.0]
    found = find_attractors(SmoothMap(function, 41), starts, effort=Effort(extension=1))
    assert found.kind.values.tolist() == ["chaotic", "quasi-periodic"]
    assert found.attractor.values.tolist() == [0, 1]


def rotation(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def test_what_is_not_a_map_is_refused():
    with pytest.raises(ValueError, match="must keep float64"):
        SmoothMap(lambda hidden: hidden.astype(jnp.float32), 3)
    with pytest.raises(ValueError, match=r"takes a state of shape \(3,\) to \(2,\)"):
        SmoothMap(lambda hidden: hidden[:2], 3)
    with pytest.raises(ValueError, match="do not fit"):
        tanh_map(np.eye(3), np.zeros(2))
    with pytest.raises(ValueError, match="not finite"):
        tanh_map(np.full((2, 2), np.nan), np.zeros(2))
    with pytest.raises(ValueError, match="leak is 0"):
        tanh_map(np.eye(2), np.zeros(2), 0.0)
