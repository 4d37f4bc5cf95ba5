"""What is measured along orbits, in which precision, and beside which others."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from attrax.dynamics import Effort, ReluMap, find_attractors
from attrax.dynamics.labels.map_family import ReluFamily
from attrax.dynamics.labels.measurement import Run, alike_together, regrouped, without_tangents
from attrax.dynamics.orbits.compiled_steps import CHUNK
from tests.dynamics.known_systems import border_collision, lozi


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


def test_orbits_on_curves_go_on_without_tangents_and_the_others_with_them():
    """A curve's exponents are clear soon; what is passed through is the same with tangents or without."""
    curve, chaotic = border_collision(0.0540905, 0.59820461, -0.80434312, 1.09224173), lozi(1.7, 0.5)
    bank = np.random.default_rng(0).standard_normal((4, 4))
    ends = {}
    for name, system in (("curve", curve), ("chaotic", chaotic)):
        relu_map = system.relu_map()
        family = ReluFamily(relu_map.weights, np.tile(relu_map.bias, (2, 1)), 1.0)
        starts = np.stack([system.state([0.1, 0.1]), system.state([0.12, 0.1])])
        run, whole = (Run(family, np.arange(2), starts, 200, bank) for _ in range(2))
        run.measure_until(10 * CHUNK)
        on_curves = run.on_curves(band=1e-3)
        ends[name] = on_curves.tolist()
        (parted,) = without_tangents(family, [run], [on_curves], at_once=8)
        assert parted.tangents == (name == "chaotic")
        found, wanted = parted.measure_until(14 * CHUNK), whole.measure_until(14 * CHUNK)
        if name == "curve":
            np.testing.assert_allclose(found.points, wanted.points, rtol=0, atol=1e-9)
            assert np.abs(found.weighted_exponents[:, 0]).max() < 2.5e-4
        assert found.steps == 14 * CHUNK
        # The vectors turn to the lasting directions again before the end, where near returns ask for them.
        assert found.orbits.vectors is not None
    assert ends == {"curve": [True, True], "chaotic": [False, False]}


def test_weighted_exponents_of_a_curve_are_known_better_than_plain_ones():
    system = border_collision(0.0540905, 0.59820461, -0.80434312, 1.09224173)
    relu_map, bank = system.relu_map(), np.random.default_rng(0).standard_normal((4, 4))
    starts = np.stack([system.state([0.1 + 0.01 * k, 0.1]) for k in range(8)])
    family = ReluFamily(relu_map.weights, np.tile(relu_map.bias, (8, 1)), 1.0)
    found = Run(family, np.arange(8), starts, 200, bank).measure_until(10 * CHUNK)
    assert np.median(np.abs(found.weighted_exponents[:, 0])) < 0.7 * np.median(np.abs(found.exponents[:, 0]))
    assert np.abs(found.weighted_exponents[:, 0]).max() < 3e-4
