"""Panels of networks that belong together."""

from attrax.reports import (
    group_bars,
    group_flow,
    robustness_curves,
    selectivity_raster,
)
from attrax.reports.figures.population_panels import cells
from attrax.studies.packing import pack
from tests.reports.figures.made_populations import bars_of, made_causes, made_units, many


def test_many_networks_have_a_panel_each(tmp_path):
    figure = group_flow(many(made_units, 6))
    titles = [part.axes[0].get_title() for part in figure.subfigs]
    assert len(titles) == 24
    assert len(set(titles)) == 24
    assert titles[0] == "ppo, δ = 0.06, seed 0"


def test_a_width_looks_the_same_under_both_rules():
    axis = robustness_curves(many(made_causes, 1).isel(network=[1, 2, 3])).axes[0]
    lines = [line for line in axis.lines if line.get_linewidth() == 1.6 and len(line.get_xdata()) == 3]
    of_ppo, narrow, wide = [(line.get_color(), line.get_marker()) for line in lines]
    assert of_ppo[1] == wide[1] != narrow[1]
    assert of_ppo[0] != wide[0] == narrow[0]
    assert [cell.setting for cell in cells(many(made_causes, 1))] == ["δ = 0.06", "δ = 0.15"] * 2


def test_networks_of_different_sizes_and_checkpoints_are_told_apart():
    packed = pack(
        [
            made_units(n_units=20).expand_dims(network=["one"]),
            made_units(n_units=12, updates=(0, 5)).expand_dims(network=["other"]),
        ]
    )
    parts = group_flow(packed).subfigs
    assert [sum(bar.get_height() for bar in bars_of(part.axes[0])) for part in parts] == [3 * 20, 2 * 12]
    axis = selectivity_raster(packed.sel(network=["other"])).axes[2]
    assert axis.get_ylabel() == "12 units, sorted by group"
    assert len(group_bars(packed).axes) == 1
