"""Labels, periods, exponents and rotation numbers of systems with known answers, small and at N = 250."""

import numpy as np
import pytest

from attrax.dynamics import Effort, ReluMap, classify, find_attractors
from tests.dynamics.known_systems import attractor, border_collision, knuth, lozi, skew_tent, two_cycle

EFFORT = Effort()
SIZES = pytest.mark.parametrize("n_units", [4, 250])


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


@pytest.mark.parametrize("gain", [1.0011, 2000.0])
def test_growth_slow_or_fast_gives_no_warning(gain):
    found = find_attractors(ReluMap([[gain]], [0.0]), [[1.0]], effort=Effort(extension=1)).isel(start=0)
    assert found.kind in ("divergent", "undecided")


def test_labels_do_not_depend_on_the_order_of_the_units():
    rng = np.random.default_rng(5)
    weights, bias = 1.4 * rng.standard_normal((12, 12)) / np.sqrt(6), rng.standard_normal(12)
    order, starts = rng.permutation(12), rng.random((5, 12))
    effort = Effort(steps=2000, extension=1)
    plain = find_attractors(ReluMap(weights, bias), starts, effort=effort)
    shuffled = find_attractors(ReluMap(weights[np.ix_(order, order)], bias[order]), starts[:, order], effort=effort)
    assert plain.kind.values.tolist() == shuffled.kind.values.tolist()
    assert plain.period.values.tolist() == shuffled.period.values.tolist()


def test_what_does_not_fit_together_is_refused_before_any_work():
    weights, biases = np.eye(3) / 2, np.ones((2, 3))
    with pytest.raises(ValueError, match=r"biases \(2, 3\) and starts \(2, 2\); they must be"):
        classify(weights, biases, 1.0, np.zeros((2, 2)))
    with pytest.raises(ValueError, match="not finite"):
        classify(weights, biases, 1.0, np.full((2, 3), np.nan))
    with pytest.raises(ValueError, match="leak is 0"):
        classify(weights, biases, 0.0, np.zeros((2, 3)))
    with pytest.raises(ValueError, match="at least one unit"):
        ReluMap(np.zeros((0, 0)), np.zeros(0))


@pytest.mark.parametrize("scale", [2.0**-10, 3.7, 2.0**10])
def test_labels_do_not_change_when_input_and_start_are_scaled_together(scale):
    """Without biases the map is positively homogeneous in (h, I): of every kind of attractor there is one here."""
    curve = border_collision(0.0540905, 0.59820461, -0.80434312, 1.09224173)
    wide = [system.widened(12) for system in (curve, lozi(1.7, 0.5))]
    rng = np.random.default_rng(0)
    maps = [(w.relu_map().weights, w.relu_map().bias, w.state([0.1, 0.1])) for w in wide]
    maps += [(two_cycle(1.7, 0.8).weights, two_cycle(1.7, 0.8).bias, np.array([0.3]))]
    maps += [(rng.standard_normal((12, 12)) * gain / np.sqrt(12), rng.standard_normal(12), np.zeros(12))
             for gain in (0.8, 0.8, 1.4, 1.4, 1.6, 2.5)]  # fmt: skip
    kinds = set()
    for weights, drive, start in maps:
        here = classify(weights, drive[None], 1.0, start[None], Effort(extension=1))
        there = classify(weights, scale * drive[None], 1.0, scale * start[None], Effort(extension=1))
        assert here.kind[0] == there.kind[0]
        assert here.period[0] == there.period[0]
        assert here.neutral[0] == there.neutral[0]
        kinds.add(str(here.kind[0]))
    assert kinds >= {"fixed point", "cycle", "quasi-periodic", "chaotic", "divergent"}


def test_a_ray_of_neutral_states_at_zero_input_is_undecided_and_neutral():
    """h' = relu(W h) with an eigenvalue 1: where an orbit comes to rest is a matter of where it began."""
    weights = np.array([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [-1.0, 0.2, 0.3]])
    starts = np.random.default_rng(0).random((5, 3))
    found = classify(weights, np.zeros((5, 3)), 1.0, starts)
    assert (found.kind == "undecided").all()
    assert found.neutral.all()
    assert (classify(0.9 * weights, np.zeros((5, 3)), 1.0, starts).kind == "fixed point").all()
