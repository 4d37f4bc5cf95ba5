"""Basins as they are drawn."""

import numpy as np
import pytest
import xarray as xr

from attrax.analyses import NetworkOnTask, basins_of_stage
from attrax.dynamics import Effort, ReluMap, basin_plane
from attrax.reports.figures.basin_figures import basin_figure
from attrax.reports.figures.planes_figure import save
from tests.analyses.test_decision_sides import TASK, latch

QUICK = Effort(settling_steps=300, steps=1000, extension=1)


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
