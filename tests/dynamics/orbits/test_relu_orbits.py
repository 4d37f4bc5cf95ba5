import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from attrax.dynamics.orbits.compiled_steps import CHUNK
from attrax.dynamics.orbits.relu_orbits import ReluOrbits


@pytest.mark.parametrize("n_units", [9, 40])
@given(st.integers(0, 100_000), st.sampled_from([1.0, 0.4]))
@settings(max_examples=10, deadline=None)
def test_silent_columns_change_nothing(n_units, seed, leak):
    rng = np.random.default_rng(seed)
    weights, biases = rng.standard_normal((n_units, n_units)) / 3, rng.standard_normal((4, n_units))
    hidden = np.maximum(rng.standard_normal((4, n_units)), 0) * (rng.random(n_units) < 0.4)
    orbits = ReluOrbits(weights, biases, leak, hidden)
    codes, patterns = [], []
    for step in range(12):
        if step == 6:
            orbits.forget_silent_units()
        codes.append(orbits.follow(1).codes[0])
        drive = hidden @ weights.T + biases
        hidden = (1 - leak) * hidden + leak * np.maximum(drive, 0)
        patterns.append(drive > 0)
        np.testing.assert_allclose(orbits.hidden, hidden, rtol=1e-9, atol=1e-9)
    codes, patterns = np.concatenate(codes), np.concatenate(patterns)
    same = (patterns[:, None] == patterns[None]).all(axis=2)
    np.testing.assert_array_equal(codes[:, None] == codes[None], same)


@given(st.integers(0, 100_000))
@settings(max_examples=10, deadline=None)
def test_vectors_are_pushed_by_the_jacobian_each_orbit_for_its_own_time(seed):
    rng = np.random.default_rng(seed)
    weights, biases = rng.standard_normal((20, 20)) / 4, rng.standard_normal((3, 20))
    start, steps = np.maximum(rng.standard_normal((3, 20)), 0), np.array([0, 4, 9])
    vectors = rng.standard_normal((3, 2, 20))
    orbits = ReluOrbits(weights, biases, 0.7, start)
    images = orbits.push(vectors, steps)
    for orbit in range(3):
        hidden, expected = start[orbit], vectors[orbit].T
        for _ in range(steps[orbit]):
            drive = weights @ hidden + biases[orbit]
            hidden = 0.3 * hidden + 0.7 * np.maximum(drive, 0)
            expected = 0.3 * expected + 0.7 * (drive > 0)[:, None] * (weights @ expected)
        np.testing.assert_allclose(images[orbit].T, expected, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(orbits.hidden[orbit], hidden, rtol=1e-9, atol=1e-9)


@given(st.integers(0, 100_000), st.sampled_from([1.0, 0.6]), st.sampled_from([np.float32, np.float64]))
@example(531, 1.0, np.float64)  # one of the three orbits diverges on the way
@example(92826, 1.0, np.float64)  # a fifth of the units is never active
@settings(max_examples=10, deadline=None)
def test_covectors_are_pulled_back_by_the_jacobians_that_vectors_are_pushed_by(seed, leak, precision):
    rng = np.random.default_rng(seed)
    weights, biases = rng.standard_normal((40, 40)) / 5, rng.standard_normal((3, 40))
    orbits = ReluOrbits(weights, biases, leak, np.maximum(rng.standard_normal((3, 40)), 0))
    states = orbits.record(CHUNK + 60)
    covectors = rng.standard_normal((3, 2, 40)).astype(precision)
    lags = [[1], [2, 30], [CHUNK, CHUNK + 1, CHUNK + 59]]
    going = np.flatnonzero(~orbits.diverged())  # the others stand still, which is no step
    assume(going.size)
    orbits.keep(going)
    biases, states, covectors, lags = biases[going], states[:, going], covectors[going], [lags[i] for i in going]
    used = (states != 0).any(axis=(0, 1))  # on the others nothing is promised
    pulled = ReluOrbits(weights, biases, leak, states[-1]).pull(covectors, states, lags)
    tolerance, largest = (3e-4, 1e25) if precision == np.float32 else (1e-9, 1e250)
    for orbit, wanted in enumerate(lags):
        for lag, found in zip(wanted, pulled[orbit], strict=True):
            jacobian = np.eye(40)
            for before in states[-1 - lag : -1, orbit]:
                active = weights @ before + biases[orbit] > 0
                jacobian = (1 - leak) * jacobian + leak * active[:, None] * (weights @ jacobian)
            expected = covectors[orbit] @ jacobian
            scale = np.abs(expected).max()
            if 1 / largest < scale < largest:  # else the growth over so many steps is beyond the precision's range
                np.testing.assert_allclose(found[:, used], expected[:, used], rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("leak", [1.0, 0.5])
def test_nothing_is_pulled_back_along_an_orbit_that_diverged_and_stands_still(leak):
    weights, biases = np.diag([2.0, 0.5]), np.array([[1.0, 1.0], [-1.0, 1.0]])
    orbits = ReluOrbits(weights, biases, leak, np.zeros((2, 2)))
    states = orbits.record(100)
    assert orbits.diverged().tolist() == [True, False]
    assert (states[-1, 0] == states[-2, 0]).all()
    with pytest.raises(ValueError, match="1 of 2 orbits have diverged"):
        ReluOrbits(weights, biases, leak, states[-1]).pull(np.ones((2, 1, 2)), states, [[1], [1]])


def test_a_state_that_dies_out_below_single_precision_wakes_the_units_that_it_should():
    rng = np.random.default_rng(1)
    weights = rng.standard_normal((40, 40)) / 5
    hidden = np.maximum(rng.standard_normal((1, 40)), 0) * (np.arange(40) < 8)
    for scale in (1.0, 1e-44, 1e-200):  # without bias, the dynamics are the same at every scale
        orbits = ReluOrbits(weights, np.zeros((1, 40)), 1.0, scale * hidden)
        expected = hidden[0]
        for _ in range(3):
            expected = np.maximum(weights @ expected, 0)
        np.testing.assert_allclose(orbits.record(3)[-1, 0] / scale, expected, rtol=1e-9)
