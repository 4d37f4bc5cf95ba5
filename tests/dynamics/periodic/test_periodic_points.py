import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.dynamics import ReluMap, fixed_points
from tests.dynamics.exhaustive import all_fixed_points, is_among, random_map
from tests.dynamics.known_systems import knuth, lozi


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
