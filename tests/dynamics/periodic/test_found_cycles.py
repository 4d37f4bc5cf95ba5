import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.dynamics import ReluMap, cycles
from tests.dynamics.exhaustive import all_cycles, is_among, random_map
from tests.dynamics.known_systems import border_collision, knuth, lozi, skew_tent, two_cycle


def test_the_superstable_two_cycle():
    found = cycles(two_cycle(1.5, 1.0), 2)
    assert sorted(found.state.values.ravel()) == pytest.approx([0.0, 1.0])
    assert found.radius.item() == 0
    assert found.instability.item() == "stable"
    assert found.certified.item()


@pytest.mark.parametrize("period", [1, 3, 4])
def test_periods_that_are_not_there(period):
    assert cycles(two_cycle(1.5, 1.0), period).sizes["cycle"] == (1 if period == 1 else 0)


def test_a_continuum_of_period_nine_is_singular_and_no_crash():
    found = cycles(knuth().relu_map(), 9, solves=200)
    assert found.attrs["singular"] > 0
    assert found.sizes["cycle"] == 0


@pytest.mark.parametrize(("period", "number"), [(2, 1), (3, 2), (4, 3)])
def test_all_cycles_of_a_full_tent(period, number):
    # (2^k - those of smaller periods) / k, all unstable, slope +-1/a or 1/(1-a) at each step
    found = cycles(skew_tent(0.45).relu_map(), period, solves=200)
    assert found.sizes["cycle"] == number
    assert (found.unstable == 1).all()
    assert found.certified.all()


@pytest.mark.parametrize("n_units", [4, 40])
def test_cycles_of_lozi_pass_through_their_own_images(n_units):
    system = lozi(1.7, 0.5).widened(n_units)
    m = system.relu_map()
    found = cycles(m, 2)
    assert found.sizes["cycle"] == 1
    states = found.state.values[0]
    assert m(states) == pytest.approx(states[::-1])
    assert found.certified.all()


@pytest.mark.parametrize("period", [2, 3])
def test_border_collision_cycles(period):
    # One step on the left and the others on the right: a cycle.
    system = border_collision(0.4, 0.3, -1.3, 0.6) if period == 2 else border_collision(0.2, 0.1, -1.6, 0.9)
    m = system.relu_map()
    states, radii = all_cycles(m, period)
    found = cycles(m, period)
    assert found.sizes["cycle"] == len(states)
    assert all(is_among(cycle, found.state.values) for cycle in states)
    assert np.sort(found.radius.values) == pytest.approx(np.sort(radii))


@pytest.mark.parametrize("period", [0, -1])
def test_a_bad_period_is_one_line(period):
    with pytest.raises(ValueError, match="period is"):
        cycles(two_cycle(1.5, 1.0), period)


maps = st.integers(0, 2**31).map(lambda seed: random_map(seed, (2, 6), (1.0, 0.6)))


@settings(max_examples=10, deadline=None)
@given(maps, st.sampled_from([2, 3]))
def test_every_cycle_is_one_and_of_minimal_period(m, period):
    found = cycles(m, period, solves=100)
    for states in found.state.values:
        scale = np.abs(states).max()
        assert np.abs(m(states) - np.roll(states, -1, axis=0)).max() <= 1e-9 * scale
        assert np.abs(states - np.roll(states, 1, axis=0)).max() > 1e-9 * scale
    assert all(
        not is_among(states, np.delete(found.state.values, index, axis=0))
        for index, states in enumerate(found.state.values)
    )


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 2**31).map(lambda seed: random_map(seed, (4, 5), (1.0, 0.6))), st.integers(0, 100))
def test_units_in_another_order_give_the_same_cycles(m, seed):
    order = np.random.default_rng(seed).permutation(m.n_units)
    one = cycles(m, 2, solves=200)
    two = cycles(ReluMap(m.weights[np.ix_(order, order)], m.bias[order], m.leak), 2, solves=200)
    assert one.sizes["cycle"] == two.sizes["cycle"]
    assert all(is_among(states, two.state.values) for states in one.state.values[:, :, order])


def test_the_same_seed_gives_the_same_answer():
    m = random_map(1003, (6, 6))
    assert cycles(m, 2, seed=3, solves=200).identical(cycles(m, 2, seed=3, solves=200))


def recall(seeds, period):
    counts = np.zeros(4, int)
    for seed in seeds:
        m = random_map(seed, (6, 6), (1.0, 0.6))
        found = cycles(m, period, seed=seed, solves=500)
        assert found.attrs["solves"] <= 500
        states, radii = all_cycles(m, period)
        assert found.sizes["cycle"] <= len(states)
        hit = np.array([is_among(one, found.state.values) for one in states], bool)
        stable = radii < 1
        counts += [(hit & stable).sum(), stable.sum(), hit.sum(), len(states)]
    return counts


def test_recall_on_a_few_maps():
    stable, all_stable, hit, everything = recall(range(1000, 1002), 2)
    assert stable == all_stable
    assert hit == everything


@pytest.mark.slow
@pytest.mark.parametrize("period", [2, 3])
def test_recall_on_two_hundred_maps(period):
    stable, all_stable, hit, everything = recall(range(200), period)
    assert stable == all_stable
    assert hit >= 0.99 * everything
