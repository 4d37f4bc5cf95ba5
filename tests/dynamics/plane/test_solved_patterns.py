"""Cycles of given patterns: how wrong their Jacobians may be, in exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest

from attrax.dynamics.certificates.contraction import contracts
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.plane.input_plane import Plane
from attrax.dynamics.plane.solved_patterns import solve


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
