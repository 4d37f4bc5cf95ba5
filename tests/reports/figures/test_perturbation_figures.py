"""Lesions, noise and the oscillating mode as they are drawn."""

import numpy as np
import pytest

from attrax.reports import (
    lesion_bars,
    mode_bars,
    robustness_curves,
)
from attrax.reports.figures.planes_figure import save
from tests.reports.figures.made_populations import LETTERS, bars_of, legend_of, made_causes, many, texts


@pytest.mark.parametrize("n_seeds", [1, 6])
def test_curves_have_a_line_for_each_rule_and_width(n_seeds, tmp_path):
    figure = robustness_curves(many(made_causes, n_seeds), {"ppo": "PPO"})
    for axis in figure.axes:
        thick = [line for line in axis.lines if line.get_linewidth() == 1.6 and len(line.get_xdata()) == 3]
        assert len(thick) == 4
        assert len({(line.get_color(), line.get_marker()) for line in thick}) == 4
        assert len(axis.collections) == (4 if n_seeds > 3 else 0)
        words = [text.get_text() for text in axis.get_legend().get_texts()]
        assert words[0].startswith("PPO, δ = 0.06: area 7")
        assert words[-1] == "chance"
        assert axis.get_xticklabels()[0].get_text() == "intact"
    assert [axis.get_title() for axis in figure.axes] == [
        "noise on the state",
        "noise on the weights",
        "random lesions",
    ]
    assert next(line.get_ydata()[0] for line in figure.axes[0].lines if len(line.get_xdata()) == 1) == pytest.approx(96)
    save(figure, tmp_path / "curves.png")


def test_lesions_stand_beside_as_many_random_units():
    axis = lesion_bars(many(made_causes, 1, units=(9, 0, 7, 4))).axes[0]
    bars = bars_of(axis)
    assert len(bars) == 4 * 3 * 2
    assert texts(axis).count("empty") == 4
    assert [words for words in texts(axis) if words != "empty"] == [
        "all stages", "stimulus only", "delay only", "decision only"
    ]  # fmt: skip
    first = made_causes(units=(9, 0, 7, 4))
    lost = 100 * (0.96 - float(first.cause_silenced[0, 0, 0]))
    assert bars[0].get_height() == pytest.approx(lost)
    assert [label.get_text() for label in axis.get_xticklabels()] == LETTERS * 4


def test_lesions_of_unknown_groups_are_left_out():
    axes = lesion_bars(many(made_causes, 1, units=(np.nan,) * 4)).axes
    assert all("no groups" in texts(axis) and not bars_of(axis) for axis in axes)
    assert axes[0].get_title().endswith("(1 of 1 without groups)")


def test_the_mode_is_removed_where_something_oscillates():
    figure = mode_bars(many(made_causes, 2))
    accuracy, quasi = figure.axes
    assert [label.get_text() for label in accuracy.get_xticklabels()] == [
        "as it is", "damped\n(×0.5)", "taken out", "random\ncontrol"
    ]  # fmt: skip
    assert len(bars_of(accuracy)) == len(bars_of(quasi)) == 16
    assert legend_of(figure)[0] == "ppo, δ = 0.06: 2 of 4 contexts oscillate"
    assert bars_of(accuracy)[0].get_height() == pytest.approx(95)
    assert bars_of(accuracy)[3].get_height() == pytest.approx(90)
    still = mode_bars(made_causes(winds=(False, True), damping=(0.0,)))
    assert texts(still.axes[0]) == ["nothing oscillates about a mode"]
    assert legend_of(still) == ["0 of 2 contexts oscillate"]
    assert len(still.axes[0].get_xticklabels()) == 3


def test_lesions_that_cost_nothing_are_drawn_all_the_same(tiny_store, tmp_path):
    causes = tiny_store.causes()
    for name in ("cause_silenced", "cause_silenced_random", "cause_intact"):
        causes[name] = causes[name] * 0.0
    figure = lesion_bars(causes)
    save(figure, tmp_path / "lesions.png")  # warnings of a layout that collapses are errors
    assert figure.axes[0].get_ylim()[1] >= 5
