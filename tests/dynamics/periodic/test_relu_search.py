"""The search for fixed points of ReLU maps: what it spends, and where it begins."""

import numpy as np

from attrax.dynamics import ReluMap, fixed_points
from tests.dynamics.exhaustive import is_among, random_map
from tests.dynamics.known_systems import lozi


def test_the_budget_holds_and_patience_saves():
    m = random_map(1001, (12, 12))
    assert fixed_points(m, solves=30).attrs["solves"] <= 30
    assert fixed_points(m, patience=20, solves=200).attrs["solves"] < 200


def test_own_starts_are_used():
    found = fixed_points(lozi(1.7, 0.5).relu_map(), starts=np.ones((2, 4)))
    assert found.attrs["starts"] == 2
    assert found.sizes["point"] == 2


def test_a_stable_point_planted_in_250_units_takes_few_solves():
    rng = np.random.default_rng(1000)
    weights = rng.standard_normal((250, 250)) / np.sqrt(250)
    state = np.maximum(rng.standard_normal(250), 0.0)
    weights *= 0.9 / np.abs(np.linalg.eigvals(weights * (state > 0))).max()
    drives = np.where(state > 0, state, -np.abs(rng.standard_normal(250)))
    found = fixed_points(ReluMap(weights, drives - weights @ state), solves=20)
    assert is_among(state[None], found.state.values[:, None])
    assert found.instability.values[0] == "stable"
    assert found.certified.all()
