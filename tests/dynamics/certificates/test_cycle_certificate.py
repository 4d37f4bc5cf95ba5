"""Certificates against exhaustive enumeration, and what they must never say."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from attrax.dynamics import Effort, ReluMap, find_attractors
from attrax.dynamics.certificates.cycle_certificate import certify_cycle

QUICK = Effort(settling_steps=1000, steps=1000, extension=1)


def two_cycle_beside_a_slow_unit():
    weights, bias = np.zeros((6, 6)), np.array([1.0, 0.3, 0.2, -1.0, 0.0, -20.0])
    weights[0, 0], weights[1, 1], weights[1, 0] = -1.5, 0.99, 0.5
    weights[4, 3], weights[5, 1] = 1.0, 1.0  # unit 4 hears a silent unit alone: its drive is exactly zero
    return ReluMap(weights, bias)


def test_a_unit_whose_drive_is_exactly_zero_is_no_reason_for_a_certificate_or_a_warning():
    relu_map, hidden = two_cycle_beside_a_slow_unit(), np.array([1.0, 0, 0.2, 0, 0, 0])
    for _ in range(4000):
        hidden = relu_map(hidden)
    for away in (0.0, 0.3, 2.0):
        assert not certify_cycle(relu_map, hidden + away * np.eye(6)[1], 2, np.random.default_rng(0)).certified


def test_a_certificate_that_is_too_early_says_how_much_longer_it_takes():
    relu_map, states = two_cycle_beside_a_slow_unit(), [np.zeros(6)]
    for _ in range(4000):
        states.append(relu_map(states[-1]))
    slow = min(states[-1][1], states[-2][1])  # the slow unit on the cycle: unit 5 is nearly at its threshold there
    relu_map = ReluMap(relu_map.weights, relu_map.bias + np.array([0, 0, 0, 0, -1.0, 20.001 - slow]))
    hidden, generator = 80 * np.eye(6)[1], np.random.default_rng(0)
    waited = []
    while not (certificate := certify_cycle(relu_map, hidden, 2, generator)).certified:
        waited.append(certificate.steps_to_go)
        hidden = relu_map(hidden)
    said = np.array(waited) + np.arange(len(waited))  # when it was expected, at each step at which that was known
    assert np.isfinite(said).sum() > 100
    np.testing.assert_allclose(said[np.isfinite(said)], len(waited), rtol=0.1)


@given(st.integers(0, 100_000))
@example(6994)  # orbits that rounding closes: see the next test
@settings(max_examples=15, deadline=None)
def test_certified_orbits_end_where_the_certificate_says(seed):
    """Follow orbits with no analysis: they come to the certified cycle, and stay there.

    After transient chaos rounding decides when and where an orbit settles: then some orbit that begins beside it does.
    """
    rng = np.random.default_rng(seed)
    relu_map = ReluMap(1.5 * rng.standard_normal((8, 8)) / np.sqrt(4), rng.standard_normal(8))
    starts = rng.random((6, 8))
    found = find_attractors(relu_map, starts, effort=QUICK)
    ends = starts[:, None] + 1e-13 * np.append(np.zeros((6, 1, 8)), rng.standard_normal((6, 99, 8)), axis=1)
    for _ in range(6000):
        ends = np.minimum(relu_map(ends), 1e9)  # some diverge
    for index in np.flatnonzero(found.certified.values & (found.exponents[:, 0].values < -5e-3)):
        cycle = [found.state.values[index]]
        for _ in range(int(found.period[index]) - 1):
            cycle.append(relu_map(cycle[-1]))
        near = 1e-4 * (1 + np.abs(cycle).max())
        pushed = cycle[0] + 1e-9 * np.append(np.zeros((1, 8)), rng.random((9, 8)), axis=0) * (cycle[0] > 0)
        assert (farthest(relu_map, np.array(cycle), pushed, 20 * len(cycle)) < near).all(), "it does not stay"
        assert (farthest(relu_map, np.array(cycle), ends[index], 2 * len(cycle)) < near).any(), "it does not come there"


def test_orbits_that_rounding_closes_are_not_certified_from_wherever_they_begin():
    """Chaos with a rank-deficient piece: rounding closes an orbit after some hundred steps, here 327, there others.

    Errors outlast a period there, though the Jacobian of a period does not: what is certified would depend on the
    last digits of the start, and so on the processor.
    """
    rng = np.random.default_rng(6994)
    relu_map = ReluMap(1.5 * rng.standard_normal((8, 8)) / np.sqrt(4), rng.standard_normal(8))
    starts = np.repeat(rng.random((6, 8)), 5, axis=0)
    found = find_attractors(relu_map, starts + 1e-13 * rng.standard_normal(starts.shape), effort=QUICK)
    assert not found.certified.any()
    assert not np.isin(found.kind, ["fixed point", "cycle"]).any()


def farthest(relu_map, cycle, states, steps):
    """How far each orbit gets from a cycle, on the way."""
    largest = np.zeros(len(states))
    for _ in range(steps):
        states = relu_map(states)
        largest = np.maximum(largest, np.abs(cycle - states[:, None]).max(axis=2).min(axis=1))
    return largest


def test_the_minimal_period_is_certified_and_a_multiple_of_it_is_not():
    relu_map = ReluMap([[-1.7]], [0.8])
    rng = np.random.default_rng(0)
    assert certify_cycle(relu_map, np.array([0.8]), 2, rng).certified
    for period in (3, 4, 6):
        assert not certify_cycle(relu_map, np.array([0.8]), period, rng).certified


def test_a_unit_that_is_active_now_and_silent_in_the_cycle_is_not_overlooked():
    """A is a 2-cycle by itself; E, active now and silent in it for good, sets off D, F and G, and G explodes."""
    names = ["A", "D", "F", "G", "E"]
    weights = np.zeros((5, 5))
    for to, source, value in (("A", "A", -1.7), ("D", "E", 1.0), ("F", "D", 0.5), ("G", "F", 1.0), ("G", "G", 2.0)):
        weights[names.index(to), names.index(source)] = value
    relu_map = ReluMap(weights, [0.8, 1.0, 1.0, -1.6, -1.0])
    hidden = np.array([0.8, 1.0, 1.5, 0.0, 2.0])
    assert not certify_cycle(relu_map, hidden, 2, np.random.default_rng(0)).certified
    for _ in range(40):
        hidden = relu_map(hidden)
    assert hidden[3] > 1e6


def test_a_cycle_that_only_rounding_makes_is_not_certified():
    """A tent with a flat top: errors grow along the slopes by 1e11, and are gone on the flat piece each time."""
    slope, top = 1.89, 8e-3
    weights = np.outer(np.ones(3), [slope, -slope, -slope])
    found = find_attractors(ReluMap(weights, [0.0, -(0.5 - top), -(0.5 + top)]), [[0.3, 0.0, 0.0]])
    assert not found.certified.any()


@given(st.integers(0, 100_000))
@settings(max_examples=20, deadline=None)
def test_certified_cycles_hold_in_exact_arithmetic(seed):
    """The orbit of the certified state, in rational arithmetic of the same floats, stays by it for two periods."""
    from fractions import Fraction

    rng = np.random.default_rng(seed)
    weights = np.round(1.6 * rng.standard_normal((5, 5)) / np.sqrt(2.5), 3)
    bias = np.round(rng.standard_normal(5), 3)
    found = find_attractors(ReluMap(weights, bias), rng.random((4, 5)), effort=QUICK)
    exact, inputs = [[Fraction(w) for w in row] for row in weights.tolist()], [Fraction(b) for b in bias.tolist()]
    for index in np.flatnonzero(found.certified.values):
        period = int(found.period[index])
        if period > 12:
            continue
        start = [Fraction(h) for h in found.state.values[index].tolist()]
        hidden, scale = start, 1 + float(found.state[index].max())
        for _ in range(2 * period):
            hidden = [
                max(sum(w * h for w, h in zip(row, hidden, strict=True)) + b, Fraction(0))
                for row, b in zip(exact, inputs, strict=True)
            ]
        assert max(abs(float(a - b)) for a, b in zip(hidden, start, strict=True)) < 1e-9 * scale


def test_a_unit_without_input_blocks_no_certificate():
    found = find_attractors(ReluMap([[-2.0, 0.0], [0.0, 0.0]], [1.0, 0.0]), [[0.3, 0.0]])
    assert (found.kind.item(), int(found.period[0]), bool(found.certified[0])) == ("cycle", 2, True)


def test_a_neutral_spiral_that_will_leave_its_piece_is_not_called_neutral():
    """A slow rotation in the first two units; the third switches on a quarter turn later, and then all grows."""
    angle = 0.01
    weights = np.zeros((3, 3))
    weights[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    weights[2] = [0.0, 1.0, 1.5]
    centre = np.array([2.0, 2.0])
    bias = np.append(centre - weights[:2, :2] @ centre, -2.8)
    found = find_attractors(ReluMap(weights, bias), [[3.0, 2.0, 0.0]], effort=Effort(extension=1))
    assert found.kind.item() == "divergent"
