"""Where an orbit returns to, and which periods it excludes by drifting along a curve."""

import numpy as np
import pytest

from attrax.dynamics.labels.drifts import excluded_period, record_returns

GOLDEN = (np.sqrt(5) - 1) / 2


def turning(turn, n=10_000, phase=0.0):
    angle = 2 * np.pi * (turn * np.arange(n) + phase)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def test_records_of_the_golden_turn_are_fibonacci_numbers():
    points = turning(GOLDEN, 2000)
    assert record_returns(np.linalg.norm(points[1:] - points[0], axis=1)) == [
        1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597
    ]  # fmt: skip


def test_a_generic_turn_excludes_what_its_drift_has_passed():
    assert excluded_period(turning(GOLDEN)) in (4180, 6764)  # one below a Fibonacci number


@pytest.mark.parametrize(("turn", "most"), [(1 / 20 + 1e-6, 19), (2 / 7 - 1e-7, 6), (1 / 3 + 1e-6, 2)])
def test_a_drift_that_has_not_gone_round_excludes_nothing_of_its_own_period(turn, most):
    assert excluded_period(turning(turn)) <= most


@pytest.mark.parametrize("period", [5, 97, 1024])
def test_an_orbit_that_settles_on_a_cycle_does_not_exclude_it(period):
    """A phase that is pulled to the nearest of q places, θ' = θ + 1/q - s sin(2π q θ) / (2π q), and not settled."""
    angle, states = 0.31 / period, []
    for _ in range(10_000):
        angle += 1 / period - 1e-3 * np.sin(2 * np.pi * period * angle) / (2 * np.pi * period)
        states.append((np.cos(2 * np.pi * angle), np.sin(2 * np.pi * angle)))
    assert excluded_period(np.array(states)) < period
