"""Bifurcation diagrams, against known ones and against fixed points that are found one input at a time."""

import re

import numpy as np
import pytest

from attrax.dynamics import Effort, ReluMap, find_attractors, fixed_points, sweep

QUICK = Effort(settling_steps=500, steps=1000, extension=1)


def piece_at(found, x, **chosen):
    """The only piece at an input that has some properties."""
    rows = (found.x[:, 0] <= x) & (x <= found.x[:, 1])
    for name, value in chosen.items():
        rows &= found[name] == value
    (row,) = np.flatnonzero(rows.values)
    return found.isel(piece=row)


def state_at(piece, x):
    share = (x - float(piece.x[0])) / float(piece.x[1] - piece.x[0])
    return ((1 - share) * piece.state[0] + share * piece.state[1]).values[: int(piece.period)]


@pytest.mark.parametrize(("weight", "border"), [(0.5, "switch"), (1.5, "fold"), (-1.5, "flip")])
def test_one_unit(weight, border):
    """h' = relu(w h + x): at rest at 0 for x < 0, and at x / (1 - w) wherever that is positive."""
    found = sweep([[weight]], [0.0], [1.0], between=(-1, 2), samples=8, effort=QUICK)
    silent = piece_at(found, -0.5, period=1, stable=True)
    assert silent.border.values.tolist() == ["end", border]
    np.testing.assert_allclose(silent.x, [-1, 0], atol=1e-12)
    assert silent.radius == 0
    x = -0.5 if weight > 1 else 0.5
    other = piece_at(found, x, period=1, radius=abs(weight))
    np.testing.assert_allclose(state_at(other, x), [[x / (1 - weight)]], atol=1e-12)
    assert bool(other.stable) == (abs(weight) < 1)
    if weight == -1.5:
        cycle = piece_at(found, 0.5, period=2)
        np.testing.assert_allclose(np.sort(state_at(cycle, 0.5)[:, 0]), [0, 0.5], atol=1e-12)
        assert cycle.border.values.tolist() == ["merging", "end"]
    if weight == 1.5:
        assert (found.sample_kind.values[found.sample_x > 0] == "divergent").all()


def test_hysteresis_of_a_unit_that_excites_itself():
    """h1 - h2 is clip(2 (h1 - h2) + x, 0, 1): steep in the middle, so two stable branches and an unstable one."""
    weights = 2 * np.array([[1.0, -1.0], [1.0, -1.0]])
    found = sweep(weights, [0.0, -1.0], [1.0, 1.0], between=(-2, 1), samples=16, effort=QUICK)
    middle = [piece for _, piece in found.groupby("piece") if float(piece.x.min()) <= -0.5 <= float(piece.x.max())]
    assert sorted(bool(piece.stable.item()) for piece in middle) == [False, True, True]
    folds = found.x.values[found.border.values == "fold"]
    np.testing.assert_allclose(np.unique(folds.round(9)), [-1, 0])


def test_pieces_join_and_hold_what_is_found_at_single_inputs():
    rng = np.random.default_rng(4)
    weights, bias, direction = 0.9 * rng.standard_normal((7, 7)), rng.standard_normal(7), rng.standard_normal(7)
    found = sweep(weights, bias, direction, samples=32, effort=QUICK)
    assert found.complete == 1
    for x in (-0.77, -0.2, 0.31, 0.9):
        relu_map = ReluMap(weights, bias + x * direction)
        there = [
            state_at(found.isel(piece=row), x)
            for row in np.flatnonzero(((found.x[:, 0] <= x) & (x <= found.x[:, 1])).values)
        ]
        for cycle in there:
            np.testing.assert_allclose(relu_map(cycle), np.roll(cycle, -1, axis=0), atol=1e-9 * (1 + cycle.max()))
        known = fixed_points(relu_map, solves=200).state.values
        assert len(known) == sum(len(cycle) == 1 for cycle in there)
        attractors = find_attractors(relu_map, 2 * rng.random((10, 7)), effort=QUICK)
        for start in np.flatnonzero(attractors.certified & (attractors.period <= 12)):
            state = attractors.state.values[start]
            assert min(np.abs(cycle - state).max(axis=1).min() for cycle in there) < 1e-8 * (1 + state.max())


def test_bad_input_is_told_in_one_line():
    with pytest.raises(ValueError, match=re.escape("direction has shape (2,); with a bias of shape (1,)")):
        sweep([[0.5]], [0.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="each from below to"):
        sweep([[0.5]], [0.0], [1.0], between=(1, -1))
