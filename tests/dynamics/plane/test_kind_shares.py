"""Shares of the plane and of trials, where they are known."""

import numpy as np
import pytest

from attrax.dynamics import atlas
from tests.dynamics.plane.made_up_planes import QUICK, one_unit


def test_known_areas():
    """w = -1.5: a fixed point for x < 0, the 2-cycle {0, x} for x > 0. w = 1.5: growth without bound for x > 0."""
    window = ((-1.0, 2.0), (-1.0, 1.0))
    flip = atlas(*one_unit(-1.5), window=window, samples=8, effort=QUICK)
    assert flip.areas()["fixed point"] == pytest.approx(1 / 3)
    assert flip.areas()["cycle"] == pytest.approx(2 / 3)
    assert flip.coexistence() == {1: pytest.approx(1.0)}
    assert {border.kind for border in flip.borders} == {"switch", "flip", "merging"}
    points = np.array([[0.6, 0.3], [-0.6, 0.3]])
    reached = flip.reach(points)
    assert reached.kind.values.tolist() == ["cycle", "fixed point"]
    assert reached.period.values.tolist() == [2, 1]
    assert set(reached.state.values[0, :1].round(12)) <= {0.0, 0.6}

    fold = atlas(*one_unit(1.5), window=window, samples=64, starts=2, effort=QUICK)
    table = fold.area_table()
    assert table.exact.sel(kind="fixed point") == pytest.approx(1 / 3)
    low, share, high = (float(table[name].sel(kind="divergent")) for name in ("low", "share", "high"))
    assert high >= 2 / 3
    assert low <= share <= high
    # from large random starts it diverges for negative x as well: the fold's other branch is the basin's border
    assert low >= 0.6
    assert fold.label(points).tolist() == ["divergent", "fixed point"]
    assert fold.coexistence() == {0: pytest.approx(2 / 3), 1: pytest.approx(1 / 3)}


def test_shares_at_the_inputs_of_trials():
    """As above: a fixed point for x < 0, a 2-cycle for x > 0."""
    flip = atlas(*one_unit(-1.5), samples=8, effort=QUICK)
    points = [[-0.5, 0.0], [0.5, 0.0], [0.7, 0.1], [-0.2, 0.3]]
    shares = flip.shares_at(points, [1, 2, 4, 1])
    assert float(shares.exists.sel(kind="cycle")) == pytest.approx(6 / 8)
    assert float(shares.reached.sel(kind="fixed point")) == pytest.approx(2 / 8)
    assert float(shares.coexist) == 0
    assert float(flip.shares_at(points).exists.sel(kind="cycle")) == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"weights have shape \(2,\)"):
        flip.shares_at(points, [1, 2])
    with pytest.raises(ValueError, match="below zero"):
        flip.shares_at(points, [1, 2, -1, 1])


def test_what_exists_is_more_than_what_is_reached_where_two_choices_coexist():
    weights = np.array([[0.4, -1.5], [-1.5, 0.4]])
    found = atlas(weights, [1.0, 1.0], [[1.0, -1.0], [0.5, 0.5]], samples=8, starts=8, effort=QUICK)
    axis = np.linspace(-1, 1, 42)[:-1] + 1 / 41
    shares = found.shares_at(np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2))
    assert float(shares.exists.sel(kind="fixed point")) == 1
    assert float(shares.coexist) == pytest.approx(found.coexistence()[2], abs=0.03)
