import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from attrax.dynamics import Effort, ReluMap, classify, find_attractors
from attrax.dynamics.labels.map_family import ReluFamily, SmoothFamily, pattern_period
from attrax.dynamics.labels.measurement import Run, alike_together, regrouped
from attrax.dynamics.orbits.compiled_steps import CHUNK
from attrax.dynamics.orbits.relu_orbits import ReluOrbits
from attrax.dynamics.orbits.smooth_orbits import SmoothOrbits
from attrax.settings import SettingsError
from tests.dynamics.known_systems import border_collision, henon


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
    states = orbits.record(60)
    assert orbits.diverged().tolist() == [True, False]
    assert (states[-1, 0] == states[-2, 0]).all()
    with pytest.raises(ValueError, match="1 of 2 orbits have diverged"):
        ReluOrbits(weights, biases, leak, states[-1]).pull(np.ones((2, 1, 2)), states, [[1], [1]])


def test_jacobians_along_returns_of_a_smooth_map_are_those_of_its_steps():
    system = henon()
    states = SmoothOrbits(system.function, system.arguments, np.array([[0.1, 0.1]])).record(40)
    ((found,),) = SmoothFamily(system).jacobians_along(np.array([0]), np.eye(2)[None], states, [[7]])
    expected = np.eye(2)
    for x, _ in states[-8:-1, 0]:
        expected = np.array([[-2.8 * x, 1.0], [0.3, 0.0]]) @ expected
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_exponents_in_single_precision_are_those_in_double():
    rng = np.random.default_rng(3)
    weights, biases = 0.35 * rng.standard_normal((40, 40)), rng.standard_normal((3, 40))
    family, bank, starts = ReluFamily(weights, biases, 1.0), rng.standard_normal((4, 40)), rng.random((3, 40))
    exponents = []
    for precision in (np.float32, np.float64):
        run = Run(family, np.arange(3), starts, 200, bank)
        run.orbits.tangent_precision = precision
        exponents.append(run.measure_until(4 * CHUNK).exponents)
        assert run.orbits.tangent_precision == precision
    assert np.isfinite(exponents[1]).all()
    assert np.abs(exponents[1]).min() > 1e-4
    np.testing.assert_allclose(exponents[0], exponents[1], rtol=0, atol=1e-6)


def test_an_exponent_beyond_single_precision_is_measured_all_the_same():
    """A curve beside a unit whose deviations shrink by e^-3 a step."""
    system = border_collision(0.0540905, 0.59820461, -0.80434312, 1.09224173).widened(17).relu_map()
    weights, bias = np.zeros((18, 18)), np.append(system.bias, 1.0)
    weights[:17, :17], weights[17, 17] = system.weights, 0.05
    found = find_attractors(ReluMap(weights, bias), np.full((1, 18), 0.1), effort=Effort(steps=2000, extension=1))
    exponents = found.exponents.values[0]
    np.testing.assert_allclose(exponents[:3], [0, -0.0996, np.log(0.05)], rtol=0.02, atol=10 / 2000)


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


def test_a_run_goes_on_as_before_with_others_beside_it():
    rng = np.random.default_rng(0)
    weights, biases = 0.2 * rng.standard_normal((40, 40)), rng.standard_normal((5, 40))
    family, bank = ReluFamily(weights, biases, 1.0), rng.standard_normal((4, 40))
    starts = rng.random((5, 40))

    def begun(numbers):
        run = Run(family, np.array(numbers), starts[numbers], 200, bank)
        run.measure_until(2 * CHUNK)
        return run

    runs = [begun([0, 1, 2]), begun([3, 4])]
    for run in runs:
        run.keep(np.array([True, False, True])[: run.numbers.size])
    apart = [run.measure_until(4 * CHUNK) for run in [begun([0]), begun([2]), begun([3])]]
    together = [run.measure_until(4 * CHUNK) for run in regrouped(family, runs, at_once=2)]
    assert [found.exponents.shape[0] for found in together] == [2, 1]
    for name in ("exponents", "amplitude"):
        joined = np.concatenate([getattr(found, name) for found in together])
        alone = np.concatenate([getattr(found, name) for found in apart])
        np.testing.assert_allclose(joined, alone, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(together[1].points[:, 0], apart[2].points[:, 0], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(together[0].last_states(1), apart[1].last_states(0), rtol=1e-6, atol=1e-6)


@given(st.integers(0, 100_000), st.integers(0, 30), st.integers(1, 9))
def test_orbits_are_ordered_and_none_is_lost(seed, n_orbits, at_once):
    active = np.random.default_rng(seed).random((n_orbits, 12)) < 0.5
    assert sorted(alike_together(active, at_once).tolist()) == list(range(n_orbits))


def test_orbits_with_the_same_active_units_are_measured_together():
    active = np.eye(3, dtype=bool)[[0, 1, 2, 0, 1, 2]]
    assert alike_together(active, 2).tolist() == [0, 3, 1, 4, 2, 5]


@pytest.mark.parametrize("n_units", [4, 60])
def test_exponents_are_those_of_a_long_product_of_jacobians(n_units):
    """The spectrum against the QR decomposition of every step in two dimensions, on an orbit that is not chaotic."""
    tau, delta = (0.0540905, -0.80434312), (0.59820461, 1.09224173)
    system = border_collision(tau[0], delta[0], tau[1], delta[1]).widened(n_units)
    bias = system.U @ system.d + system.c
    orbits = ReluOrbits(system.U @ system.V, bias[None], 1.0, system.state([0.1, 0.1])[None])
    orbits.follow(500)
    z = system.V @ orbits.hidden[0] + system.d
    basis, direct, steps = np.eye(2), np.zeros(2), 8 * CHUNK
    for _ in range(steps):
        right = int(z[0] > 0)
        jacobian = np.array([[tau[right], 1.0], [-delta[right], 0.0]])
        z = np.array([tau[right] * z[0] + z[1] + 1, -delta[right] * z[0]])
        basis, triangle = np.linalg.qr(jacobian @ basis)
        direct += np.log(np.abs(np.diag(triangle)))
    bank = np.random.default_rng(0).standard_normal((4, n_units))
    axes = np.zeros((1, 1, n_units))
    measured = sum(orbits.measure(axes, bank).growths.sum(axis=(0, 1)) for _ in range(steps // CHUNK))
    np.testing.assert_allclose(measured[:2] / steps, direct / steps, atol=4 / steps)
    assert np.isneginf(measured[2:]).all()


@pytest.mark.parametrize("period", [1, 2, 7, 30])
def test_the_period_of_repeating_patterns_is_found(period):
    codes = np.random.default_rng(0).integers(0, 2**60, period, dtype=np.uint64)[np.arange(100) % period]
    assert pattern_period(codes, 50) == period
    assert pattern_period(codes, period - 1) == 0


def test_patterns_that_never_repeat_have_no_period():
    assert pattern_period(np.arange(100, dtype=np.uint64), 50) == 0


def test_labels_do_not_depend_on_the_order_of_the_units():
    rng = np.random.default_rng(5)
    weights, bias = 1.4 * rng.standard_normal((12, 12)) / np.sqrt(6), rng.standard_normal(12)
    order, starts = rng.permutation(12), rng.random((5, 12))
    effort = Effort(steps=2000, extension=1)
    plain = find_attractors(ReluMap(weights, bias), starts, effort=effort)
    shuffled = find_attractors(ReluMap(weights[np.ix_(order, order)], bias[order]), starts[:, order], effort=effort)
    assert plain.kind.values.tolist() == shuffled.kind.values.tolist()
    assert plain.period.values.tolist() == shuffled.period.values.tolist()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([[1.0, 2.0]], [0.0]), "must be square"),
        ((np.eye(3), np.zeros(2)), r"bias has shape \(2,\); with weights \(3, 3\) it must be \(3,\)"),
        (([[np.nan]], [0.0]), "not finite"),
        (([[1.0]], [0.0], 1.5), "leak is 1.5"),
    ],
)
def test_a_map_that_cannot_be_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        ReluMap(*arguments)


def test_starts_of_the_wrong_width_or_not_finite_are_refused():
    relu_map = ReluMap(np.eye(3) / 2, np.ones(3))
    with pytest.raises(ValueError, match=r"starts have shape \(1, 2\); they must be \(starts, 3\)"):
        find_attractors(relu_map, [[0.0, 0.0]])
    with pytest.raises(ValueError, match="not finite"):
        find_attractors(relu_map, [[0.0, 0.0, np.inf]])


def test_impossible_efforts_are_refused():
    with pytest.raises(SettingsError, match="steps is 10; it must be 1000 or more"):
        Effort(steps=10)
    with pytest.raises(SettingsError, match="extension is 0"):
        Effort(extension=0)


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
