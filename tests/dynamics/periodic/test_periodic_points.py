import warnings

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.dynamics import ReluMap, SmoothMap, fixed_points, tanh_map
from attrax.dynamics.periodic.linear_pieces import Budget, Pieces, walk
from tests.dynamics.exhaustive import all_fixed_points, competing_map, is_among, random_map
from tests.dynamics.known_systems import knuth, lozi


def henon(h):
    return jnp.stack([1 - 1.4 * h[0] ** 2 + h[1], 0.3 * h[0]])


HENON = SmoothMap(henon, 2, curvature=2.8)


@pytest.mark.parametrize("n_units", [4, 30])
def test_both_fixed_points_of_lozi_are_found_and_certified(n_units):
    system = lozi(1.7, 0.5).widened(n_units)
    found = fixed_points(system.relu_map())
    expected = np.array([system.state([x, 0.5 * x]) for x in (1 / (1 + 1.7 - 0.5), 1 / (1 - 1.7 - 0.5))])
    assert found.sizes["point"] == 2
    assert all(is_among(state[None], expected[:, None]) for state in found.state.values)
    assert found.certified.all()
    assert sorted(found.instability.values) == ["+1", "-1"]
    assert (found.unstable == 1).all()
    assert (found.residual <= 1e-10).all()
    # of the linear map of z, which the units write out: the other eigenvalues are 0
    x = found.eigenvalues.values[found.instability.values == "-1"][0, 0]
    assert x == pytest.approx((-1.7 - np.sqrt(1.7**2 + 2)) / 2)


@pytest.mark.parametrize("leak", [1.0, 0.3])
def test_the_leak_moves_no_fixed_point_but_its_stability(leak):
    m = ReluMap([[-1.5]], [1.0], leak)
    found = fixed_points(m)
    assert found.state.values == pytest.approx(0.4)
    assert found.radius.values == pytest.approx(abs(1 - leak - 1.5 * leak))
    assert found.instability.item() == ("-1" if leak == 1 else "stable")


def test_a_saddle_across_a_border_from_a_stable_point():
    # relu(2 h - 1): 0 attracts, 1 repels
    found = fixed_points(ReluMap([[2.0]], [-1.0]))
    assert sorted(found.state.values.ravel()) == pytest.approx([0.0, 1.0])
    assert sorted(found.instability.values) == ["+1", "stable"]


def test_an_unstable_focus_is_a_complex_pair():
    turn = 1.2 * np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])
    found = fixed_points(ReluMap(turn, (np.eye(2) - turn) @ np.ones(2)))
    at_one = found.isel(point=int(np.abs(found.state.values - 1).max(axis=1).argmin()))
    assert at_one.instability == "complex pair"
    assert at_one.unstable == 2
    assert at_one.radius == pytest.approx(1.2)


def test_a_continuum_is_singular_and_no_crash():
    found = fixed_points(ReluMap(np.eye(3), np.zeros(3)))
    assert found.attrs["singular"] > 0
    assert not found.certified.any()


def test_the_fixed_point_of_knuths_map_on_the_border_is_not_certified():
    found = fixed_points(knuth().relu_map())
    assert found.sizes["point"] == 1
    assert found.state.values == pytest.approx(0.0)
    assert not found.certified.item()
    assert found.margin.item() == 0


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"starts": np.zeros((2, 3))}, "starts have shape"),
        ({"starts": np.full((2, 4), np.nan)}, "not finite"),
        ({"solves": 0}, "solves is 0"),
        ({"patience": 0}, "patience is 0"),
    ],
)
def test_bad_input_is_one_line(arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        fixed_points(lozi(1.7, 0.5).relu_map(), **arguments)
    assert "\n" not in str(caught.value)


def test_the_budget_holds_and_patience_saves():
    m = random_map(1001, (12, 12))
    assert fixed_points(m, solves=30).attrs["solves"] <= 30
    assert fixed_points(m, patience=20, solves=200).attrs["solves"] < 200


def test_own_starts_are_used():
    found = fixed_points(lozi(1.7, 0.5).relu_map(), starts=np.ones((2, 4)))
    assert found.attrs["starts"] == 2
    assert found.sizes["point"] == 2


def test_a_branch_goes_round_the_circle_and_closes():
    m = competing_map(1001)
    pieces = Pieces(m, 1, Budget(4000))
    state = all_fixed_points(m)[0][0]
    start = pieces.at((m.weights @ state + m.bias > 0)[None])
    met = list(walk(pieces, start, np.random.default_rng(0).standard_normal((1, m.n_units)), 1))
    assert not pieces.budget.spent
    assert any(piece is start for piece in met)


weights = st.integers(0, 2**31).map(lambda seed: random_map(seed, (2, 7), (1.0, 0.4)))


@settings(max_examples=12, deadline=None)
@given(weights)
def test_every_point_is_one_with_the_pattern_it_was_solved_for(m):
    found = fixed_points(m, solves=150)
    for state in found.state.values:
        scale = np.abs(state).max()
        assert np.abs(m(state) - state).max() <= 1e-9 * max(scale, 1e-300)
        active = m.weights @ state + m.bias > 0
        frozen = np.where(active, m.weights @ state + m.bias, 0.0)
        assert np.abs(frozen - state).max() <= 1e-9 * max(scale, 1e-300)
    assert found.sizes["point"] == len(all_fixed_points(m)[0])  # at most 128 patterns


@settings(max_examples=3, deadline=None)
@given(weights, st.integers(0, 100))
def test_units_in_another_order_give_the_same_points(m, seed):
    order = np.random.default_rng(seed).permutation(m.n_units)
    one = fixed_points(m, solves=150)
    two = fixed_points(ReluMap(m.weights[np.ix_(order, order)], m.bias[order], m.leak), solves=150)
    assert one.sizes["point"] == two.sizes["point"]
    assert all(is_among(state[None], two.state.values[:, None]) for state in one.state.values[:, order])


def test_the_same_seed_gives_the_same_answer():
    m = random_map(1005, (10, 10))
    assert fixed_points(m, seed=3, solves=100).identical(fixed_points(m, seed=3, solves=100))


def test_factors_that_were_let_go_are_paid_for_again(monkeypatch):
    m = competing_map(1004)
    ample = fixed_points(m, solves=150)
    monkeypatch.setattr("attrax.dynamics.periodic.linear_pieces._MOST_NUMBERS", 1)
    scarce = fixed_points(m, solves=150)
    assert scarce.attrs["solves"] == 150
    assert all(is_among(state[None], ample.state.values[:, None]) for state in scarce.state.values[:1])


def test_a_stable_point_planted_in_250_units_takes_few_solves():
    rng = np.random.default_rng(1000)
    weights = rng.standard_normal((250, 250)) / np.sqrt(250)
    state = np.maximum(rng.standard_normal(250), 0.0)
    weights *= 0.9 / np.abs(np.linalg.eigvals(weights * (state > 0))).max()
    drives = np.where(state > 0, state, -np.abs(rng.standard_normal(250)))
    found = fixed_points(ReluMap(weights, drives - weights @ state), solves=20)
    assert is_among(state[None], found.state.values[:, None])
    assert found.instability.values[0] == "stable"
    assert found.certified.all()


def recall(seeds, make):
    """How many stable points and how many in all were found, and are there."""
    counts = np.zeros(4, int)
    for seed in seeds:
        m = make(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = fixed_points(m, seed=seed, solves=500)
        assert found.attrs["solves"] <= 500
        states, radii = all_fixed_points(m)
        assert found.sizes["point"] <= len(states)
        hit = np.array([is_among(state[None], found.state.values[:, None]) for state in states], bool)
        stable = radii < 1
        counts += [(hit & stable).sum(), stable.sum(), hit.sum(), len(states)]
    return counts


def test_recall_on_a_few_maps():
    stable, all_stable, hit, everything = recall(range(1000, 1003), lambda seed: random_map(seed, (8, 12)))
    assert stable == all_stable
    assert hit == everything


@pytest.mark.slow
def test_recall_on_two_hundred_maps():
    stable, all_stable, hit, everything = recall(range(200), lambda seed: random_map(seed, (8, 12)))
    assert stable == all_stable
    assert hit >= 0.99 * everything
