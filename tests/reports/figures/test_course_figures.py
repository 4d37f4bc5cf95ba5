import numpy as np
import pytest
import xarray as xr

from attrax.analyses import NetworkOnTask, basins_of_stage
from attrax.dynamics import Effort, ReluMap, basin_plane
from attrax.reports.figures.basin_figures import basin_figure
from attrax.reports.figures.course_figures import course_figure
from attrax.reports.figures.planes_figure import save
from attrax.reports.words.matched_comparisons import comparison_rows
from attrax.studies import Store
from tests.analyses.test_decision_sides import TASK, latch

QUICK = Effort(settling_steps=300, steps=1000, extension=1)


def test_the_strip_has_a_row_for_each_network_and_context_and_a_column_for_each_moment(tiny_store):
    figure = course_figure(tiny_store)
    shown = [axis for axis in figure.axes if axis.get_images()]
    moments = [
        len(np.unique(tiny_store.arrays(c.identity).course_updates.values)) for c in tiny_store.conditions
    ]  # fmt: skip
    assert len(shown) == 2 * sum(moments)
    assert shown[0].get_title().startswith("0 updates\n")


def test_each_checkpoint_is_compared_for_each_rule(tiny_store):
    rows = comparison_rows(tiny_store)
    assert len(rows) == 2 * len(tiny_store.study.stopping.checkpoints)
    by_name = {(row["comparison"], row["value"], row["learner"]): row for row in rows}
    equal = by_name["equal updates", "2", "ppo"]
    expected = tiny_store.summary_at(updates=2).set_index("learner").loc["ppo"]
    assert equal["frac_fixed"] == expected.frac_fixed
    assert equal["reached"] == 1
    assert by_name["matched accuracy", "90 %", "supervised"]["reached"] == 0


def test_without_a_course_there_is_neither(tiny_store, tmp_path):
    (tmp_path / "study.toml").write_text(tiny_store.study.to_toml())
    store = Store(tmp_path)
    assert course_figure(store) is None
    assert comparison_rows(store) == []


def test_basins_of_a_latch_are_drawn_with_its_trials(tmp_path):
    basins = basins_of_stage(NetworkOnTask(TASK, latch()), "delay", 0, n_trials=40, points=9, effort=QUICK, solves=50)
    figure = basin_figure(basins, title="delay")
    save(figure, tmp_path / "basins.png")
    assert (tmp_path / "basins.png").stat().st_size > 10_000
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "goes to attractor 1: fixed point" in words
    assert "border: stable manifold of a saddle" in words
    assert "saddle (projected)" in words


def test_basins_without_trials_are_drawn_too(tmp_path):
    bistable = ReluMap(np.array([[0.4, -1.2], [-1.2, 0.4]]), np.ones(2))
    basins = basin_plane(bistable, [0.5, 0.5], 0.4 * np.eye(2), points=5, solves=0, effort=QUICK)
    save(basin_figure(basins), tmp_path / "basins.png")
    words = [text.get_text() for text in basin_figure(basins).legends[0].get_texts()]
    assert words == ["goes to attractor 1", "goes to attractor 2", "border"]
    assert isinstance(basins, xr.Dataset)
    with pytest.raises(ValueError, match="window"):
        basin_plane(bistable, [0.5, 0.5], np.eye(2), window=((1, 0), (0, 1)))
