"""Cycles of given patterns: how wrong their Jacobians may be, in exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest

from attrax.dynamics.certificates.contraction import contracts
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.plane.input_plane import Plane
from attrax.dynamics.plane.solved_patterns import solve, switched


def test_what_a_cycles_jacobian_may_be_wrong_by_is_part_of_the_proof():
    """Its entries cancel from 8e15 to about 1: the exact Jacobian is -1.04, and what is computed is -0.6."""
    weights = np.array([[0.0, 97977838.29, -90428365.42], [82611848.92, 0.0, 0.0], [89508754.66, 0.0, 0.0]])
    pattern = np.array([[False, True, True], [True, False, False]])
    plane = Plane(ReluMap(weights, np.ones(3)), np.eye(3)[:2])
    jacobian, error = solve(plane, pattern).jacobian()
    first, second = (
        Fraction(weights[0, 1]) * Fraction(weights[1, 0]),
        Fraction(weights[0, 2]) * Fraction(weights[2, 0]),
    )
    exact = float(first + second)
    assert abs(exact) > 1
    assert abs(abs(np.linalg.eigvals(jacobian)).max() - abs(exact)) <= error
    assert not contracts(jacobian, error)


@pytest.mark.parametrize("leak", [1.0, 0.4])
def test_the_bound_on_a_cycles_jacobian_holds_and_is_small(leak):
    rng = np.random.default_rng(3)
    weights = rng.standard_normal((12, 12)) / 3
    pattern = rng.random((5, 12)) < 0.6
    plane = Plane(ReluMap(weights, np.ones(12), leak), rng.standard_normal((2, 12)))
    jacobian, error = solve(plane, pattern).jacobian()
    exact = [[Fraction(int(i == j)) for j in range(12)] for i in range(12)]
    whole = [[Fraction(w) for w in row] for row in weights]
    keep, renew = Fraction(1 - leak), Fraction(leak)
    for active in pattern:
        heard = [
            [sum(a * b for a, b in zip(row, column, strict=True)) for column in zip(*exact, strict=True)]
            for row in whole
        ]
        exact = [[keep * exact[i][j] + (renew * heard[i][j] if active[i] else 0) for j in range(12)] for i in range(12)]
    exact = np.array([[float(x) for x in row] for row in exact])
    if leak == 1:
        kept = np.flatnonzero(pattern[-1])
        exact = exact[np.ix_(kept, kept)]
    assert np.linalg.norm(jacobian - exact) <= error
    assert error < 1e-10


@pytest.mark.parametrize("leak", [1.0, 0.4])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_chain_of_neighbours_is_what_solving_each_anew_gives(steps, leak):
    """Units are switched one after the other, in every step, those that carry the state to the next period included."""
    rng = np.random.default_rng(steps)
    units = 9
    weights = rng.standard_normal((units, units)) / 2
    plane = Plane(ReluMap(weights, rng.standard_normal(units), leak), rng.standard_normal((2, units)))
    pattern = rng.random((steps, units)) < 0.6
    here, switches = solve(plane, pattern), rng.permutation(steps * units)[:30]
    met = set()
    for number in [*switches, *switches[::2]]:
        there = here.neighbour([int(number)])
        pattern = switched(here.pattern, [int(number)])
        anew = solve(plane, pattern)
        assert (there is None) == (anew is None)
        if there is None:
            continue
        here = there
        assert (here.pattern == pattern).all()
        assert here.index == anew.index
        drives = type(here).drives([here])[0]
        np.testing.assert_allclose(drives, type(anew).drives([anew])[0], rtol=1e-9, atol=1e-9 * np.abs(drives).max())
        (updated, error), (exact, exact_error) = here.jacobian(), anew.jacobian()
        # Units may stand in another order; the powers' traces do not depend on it.
        trace, allowed = np.trace(updated @ updated), 1e-12 + 10 * (error + exact_error) * (1 + np.linalg.norm(exact))
        assert abs(trace - np.trace(exact @ exact)) <= allowed
        met.add(here.index)
    assert len(met) == 2 or leak < 1  # where most of a state is kept, J is small and det(I - J) above zero


def test_updates_without_end_are_made_anew_before_their_rounding_counts():
    """A unit whose switching nearly makes the system singular takes digits at each update."""
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((6, 6)) / 2
    plane = Plane(ReluMap(weights, np.ones(6)), np.eye(6)[:2])
    here = solve(plane, rng.random((3, 6)) < 0.7)
    for turn in range(400):
        there = here.neighbour([turn % 18])
        here = here if there is None else there
    anew = solve(plane, here.pattern)
    np.testing.assert_allclose(type(here).drives([here]), type(anew).drives([anew]), rtol=1e-10, atol=1e-10)
    assert here.jacobian()[1] < 1e-7
