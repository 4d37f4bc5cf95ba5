"""The linear pieces of a ReLU map: a walk across their borders, and what is kept of each."""

import numpy as np

from attrax.dynamics import fixed_points
from attrax.dynamics.periodic.linear_pieces import Budget, Pieces, walk
from tests.dynamics.exhaustive import all_fixed_points, competing_map, is_among


def test_a_branch_goes_round_the_circle_and_closes():
    m = competing_map(1001)
    pieces = Pieces(m, 1, Budget(4000))
    state = all_fixed_points(m)[0][0]
    start = pieces.at((m.weights @ state + m.bias > 0)[None])
    met = list(walk(pieces, start, np.random.default_rng(0).standard_normal((1, m.n_units)), 1))
    assert not pieces.budget.spent
    assert any(piece is start for piece in met)


def test_factors_that_were_let_go_are_paid_for_again(monkeypatch):
    m = competing_map(1004)
    ample = fixed_points(m, solves=150)
    monkeypatch.setattr("attrax.dynamics.periodic.linear_pieces._MOST_NUMBERS", 1)
    scarce = fixed_points(m, solves=150)
    assert scarce.attrs["solves"] == 150
    assert all(is_among(state[None], ample.state.values[:, None]) for state in scarce.state.values[:1])
