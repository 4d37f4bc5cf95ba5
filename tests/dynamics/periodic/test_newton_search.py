"""Fixed points and cycles of smooth maps whose number is known."""

import jax.numpy as jnp
import numpy as np
import pytest

from attrax.dynamics import SmoothMap, cycles, fixed_points, tanh_map


def henon(h):
    return jnp.stack([1 - 1.4 * h[0] ** 2 + h[1], 0.3 * h[0]])


HENON = SmoothMap(henon, 2, curvature=2.8)


def test_fixed_points_of_henon_by_newton_kantorovich():
    found = fixed_points(HENON, solves=200)
    expected = (-0.7 + np.array([-1, 1]) * np.sqrt(0.49 + 5.6)) / 2.8
    assert np.sort(found.state.values[:, 0]) == pytest.approx(expected)
    assert found.certified.all()
    assert np.isnan(found.margin).all()
    assert set(found.instability.values) == {"+1", "-1"}


def test_without_a_curvature_nothing_smooth_is_certified():
    found = fixed_points(SmoothMap(henon, 2), solves=200)
    assert found.sizes["point"] == 2
    assert not found.certified.any()


def test_a_double_root_is_not_certified():
    found = fixed_points(SmoothMap(lambda h: h + h**2, 1, curvature=2.0), solves=100)
    assert not found.certified.any()


def test_zero_is_found_once_however_near_newton_comes_to_it():
    weights = np.random.default_rng(0).normal(size=(20, 20)) * 0.1
    found = fixed_points(tanh_map(weights, np.zeros(20)), starts=np.ones((1, 20)))
    assert found.sizes["point"] == 1
    assert not found.state.values.any()
    assert found.residual.values.tolist() == [0]
    assert found.certified.all()


def test_all_three_fixed_points_of_a_tanh_unit():
    found = fixed_points(tanh_map([[2.0]], [0.0]), solves=100)
    assert np.sort(found.state.values.ravel()) == pytest.approx([-0.9575040240772687, 0, 0.9575040240772687])
    assert found.certified.all()
    assert sorted(found.instability.values) == ["+1", "stable", "stable"]


def test_the_two_cycle_of_henon_is_certified():
    found = cycles(HENON, 2, solves=200)
    # x and x' solve (1.4 x)^2 - 1.4 * 0.7 x + 0.7^2 - 1.4 = 0, what is left without the fixed points
    assert found.sizes["cycle"] == 1
    assert np.sort(found.state.values[0, :, 0]) == pytest.approx(
        np.sort(np.roots([1.4**2, -1.4 * 0.7, 0.7**2 - 1.4]).real)
    )
    assert found.certified.item()
    assert found.instability.item() == "-1"


@pytest.mark.parametrize(("period", "number"), [(1, 2), (3, 0), (4, 1), (5, 0), (6, 2)])
def test_the_number_of_cycles_of_henon(period, number):
    # Biham, Wenzel, Physical Review Letters 63, 819 (1989): 2, 1, 0, 1, 0, 2, 4, 7, ... at (1.4, 0.3)
    found = cycles(HENON, period, solves=400)
    assert found.sizes["cycle"] == number
    assert found.certified.all()


def test_no_smooth_cycle_is_certified_without_a_curvature():
    assert not cycles(SmoothMap(henon, 2), 2, solves=100).certified.any()


@pytest.mark.parametrize("e", [1e-4, 1e-6, 1e-8, 1e-10])
def test_solutions_that_only_their_errors_keep_apart_are_one(e):
    """h' = tanh((1 + e) h) has three fixed points: 0, and two that its equations hardly tell from their neighbours."""
    found = fixed_points(tanh_map(np.array([[1 + e]]), np.zeros(1)))
    assert found.sizes["point"] == 3
    assert not found.attrs["still_new"]


def test_a_search_that_runs_out_among_new_points_says_so():
    """h' = h + sin(1000 h) / 2000 has a fixed point every 0.00314: 100 solves cannot find all."""
    many = SmoothMap(lambda h: h + jnp.sin(1000 * h) / 2000, 1)
    assert fixed_points(many, solves=100).attrs["still_new"]
    assert not fixed_points(HENON, solves=200).attrs["still_new"]
