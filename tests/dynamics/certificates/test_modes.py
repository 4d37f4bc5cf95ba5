"""Proofs mode by mode: a slow contraction that never leaves its piece, and growth without bound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.dynamics import Effort, ReluMap, find_attractors

QUICK = Effort(settling_steps=500, steps=1000, extension=1)


def test_a_contraction_of_a_millionth_a_step_is_decided_at_once():
    """Its norm bounds nothing: a push of the state's size would take 10^6 steps to go."""
    slow = ReluMap(0.999999 * np.eye(4), np.full(4, 1e-6))
    starts: np.ndarray = np.random.default_rng(0).uniform(0, 2, (5, 4))
    found = find_attractors(slow, starts, effort=QUICK)
    assert found.kind.values.tolist() == ["fixed point"] * 5
    assert found.certified.all()
    assert found.steps.max() <= 500
    np.testing.assert_allclose(found.state.values, 1.0)


@pytest.mark.parametrize("growth", [1.05, 1.0004, 1.000001])
@pytest.mark.parametrize("leak", [1.0, 0.3])
def test_growth_in_a_cone_is_proved_however_slow(growth, leak):
    """Positive weights: the leading eigenvector is positive (Perron)."""
    rng = np.random.default_rng(0)
    weights = rng.random((12, 12))
    weights *= growth / np.abs(np.linalg.eigvals(weights)).max()
    found = find_attractors(ReluMap(weights, rng.random(12), leak), rng.random((3, 12)), effort=QUICK)
    assert found.kind.values.tolist() == ["divergent"] * 3
    assert found.certified.all()
    assert found.steps.max() <= 500


@pytest.mark.parametrize("leak", [1.0, 0.5])
def test_growth_in_proportion_to_time_is_divergence(leak):
    """Eigenvalue 1, exactly: with a bias the state drifts along its eigenvector for ever."""
    for weights in (np.eye(8), np.full((8, 8), 0.125)):
        bias = np.random.default_rng(0).random(8)
        found = find_attractors(ReluMap(weights, bias, leak), np.full((1, 8), 0.3), effort=QUICK).isel(start=0)
        assert (str(found.kind.values), bool(found.certified)) == ("divergent", True)
        assert int(found.steps) <= 500
        assert np.isnan(found.exponents).all()
        assert float(found.state.max()) > 0.3  # where the orbit is, not where it began


def test_what_is_nearly_one_is_not_taken_for_one():
    """Eigenvalue 1 - 5e-13, whose fixed point lies at 6e11: nothing proves that this orbit grows for ever."""
    found = find_attractors(ReluMap([[1 - 5e-13]], [0.3]), [[0.0]], effort=QUICK).isel(start=0)
    assert not (found.kind == "divergent" and found.certified)


def test_a_line_of_neutral_states_is_not_taken_for_growth():
    """Rank-one weights v vᵀ / |v|²: every multiple of v stands still, and rounding moves it by a digit or two."""
    rng = np.random.default_rng(0)
    for _ in range(40):
        v = rng.random(2) + 0.1
        weights = np.outer(v, v) / (v @ v)
        found = find_attractors(ReluMap(weights, np.zeros(2), 0.1), 3 * rng.random((2, 2)), effort=QUICK)
        assert not (found.kind.values == "divergent").any()


def test_a_growing_mode_that_alternates_may_turn_a_drive_later():
    """λ = -1.4 beside λ = 1.5: it is adverse at every other step only, and switches the third unit on."""
    weights = np.array([[0.05, 1.45, -4.0], [1.45, 0.05, -4.0], [-20.01, 19.99, 0.0]])
    rng, bias = np.random.default_rng(0), np.array([0.0, 0.0, -1.0])
    starts = np.append(2.7 + 0.05 * rng.random((60, 2)), np.zeros((60, 1)), axis=1)
    starts[0] = 2.73743888, 2.71117686, 0.0
    found = find_attractors(ReluMap(weights, bias), starts, effort=QUICK)
    for start, kind, certified in zip(starts, found.kind.values, found.certified.values, strict=True):
        state, switched = start, False
        for _ in range(60):
            state = np.maximum(weights @ state + bias, 0.0)
            switched |= bool(state[2] > 0)
        assert not (switched and certified and kind == "divergent" and state.max() < 1e3)


@pytest.mark.parametrize("growth", [0.999, 0.999999])
def test_what_grows_for_long_and_comes_to_rest_is_not_divergent(growth):
    rng = np.random.default_rng(0)
    weights = rng.random((12, 12))
    weights *= growth / np.abs(np.linalg.eigvals(weights)).max()
    found = find_attractors(ReluMap(weights, rng.random(12)), rng.random((3, 12)), effort=QUICK)
    assert found.kind.values.tolist() == ["fixed point"] * 3


@given(st.integers(0, 100_000))
@settings(max_examples=60, deadline=None)
def test_what_is_called_divergent_for_certain_keeps_its_pattern_and_grows(seed):
    """Followed for 20,000 steps by plain iteration: the norm never falls from a thousandth of the way on."""
    rng = np.random.default_rng(seed)
    units = int(rng.integers(2, 8))
    weights = rng.standard_normal((units, units)) * rng.uniform(0.8, 2) / np.sqrt(units)
    bias = rng.standard_normal(units) * rng.choice([0.0, 1.0])
    start: np.ndarray = rng.uniform(0, 1, units)
    found = find_attractors(ReluMap(weights, bias), start[None], effort=QUICK).isel(start=0)
    if found.kind != "divergent" or not found.certified:
        return
    state, last = start, 0.0
    for step in range(20_000):
        state = np.maximum(weights @ state + bias, 0.0)
        size = float(state.max())
        if size > 1e200:
            return
        if step >= int(found.steps) and step % 100 == 0:
            assert size > last
            last = size


def test_a_transient_of_many_orders_of_magnitude_is_none_either():
    """W^6 = 0: at rest after six steps, with values above 10^6 from an input of 0.01."""
    weights = np.triu(np.full((6, 6), 50.0), 1)
    found = find_attractors(ReluMap(weights, np.full(6, 0.01)), np.random.default_rng(0).random((4, 6)), effort=QUICK)
    assert found.kind.values.tolist() == ["fixed point"] * 4


def test_a_start_of_any_size_may_come_back():
    found = find_attractors(ReluMap(0.5 * np.eye(3), np.ones(3)), np.full((1, 3), 1e9), effort=QUICK)
    assert found.kind.item() == "fixed point"
