"""Single units as they are drawn: heat map and raster."""

import numpy as np
import pytest
import xarray as xr

from attrax.populations import selectivity
from attrax.reports import (
    activity_heat_map,
    selectivity_raster,
)
from attrax.reports.figures.planes_figure import save
from attrax.reports.figures.unit_figures import unit_order
from attrax.settings import SettingsError
from tests.reports.figures.made_populations import (
    FEATURES,
    bars_of,
    hatched,
    legend_of,
    made_recording,
    made_units,
    many,
    texts,
)


def test_units_are_sorted_by_group_and_then_by_lead_or_peak():
    groups = np.array(["G_-", "G_a", "", "G_a", "G_+"])
    curves = np.array([[1, 0], [0, 3], [0, 0], [2, 1], [1, 1.0]])
    assert unit_order(groups, curves).tolist() == [3, 1, 4, 0, 2]
    assert unit_order(groups, curves, lead=[0, 2, 0, 1, 0]).tolist() == [1, 3, 4, 0, 2]


def test_the_heat_map_is_of_each_units_largest_activity():
    recording = made_recording()
    groups = np.array(["G_a"] * 4 + ["G_+"] * 4 + ["G_s"] * 4)
    figure = activity_heat_map(recording, groups, title="made")
    axis, scale = figure.axes
    shown = axis.get_images()[0].get_array()
    assert shown.shape == (12, 8)
    assert shown.max() == 1
    np.testing.assert_array_equal(shown[:8].argmax(axis=1), np.arange(8))
    assert (shown[10] == 0).all()  # of its group the silent unit is the last that has an activity
    assert len(hatched(axis)) == 8  # the unit that diverges
    assert [t.get_text() for t in axis.get_xticklabels()] == ["−1", "−0.2", "0.2", "1"] * 2
    assert texts(axis) == ["Gₐ (4)", "G₊ (4)", "Gₛ (4)", "context 1", "context 2"]
    assert "largest" in scale.get_ylabel()
    one_context = activity_heat_map(made_recording(contexts=False), np.full(12, "")).axes[0]
    assert texts(one_context) == ["no groups"]
    assert one_context.get_images()[0].get_array().shape == (12, 4)


@pytest.mark.parametrize("n_units", [16, 250])
def test_the_raster_has_signs_shares_and_what_was_not_tested(n_units, tmp_path):
    units = made_units(n_units=n_units)
    figure = selectivity_raster(units)
    top, _, axis, scale = figure.axes
    heights = [bar.get_height() for bar in bars_of(top)]
    chosen, tested = units.unit_significant.values, units.unit_testable.values
    np.testing.assert_allclose(heights[0], 100 * chosen[:, 0].sum() / tested[:, 0].sum())
    assert texts(top)[3] == "not\ntested"
    drawn = [(~np.ma.getmaskarray(image.get_array())).sum() for image in axis.get_images()]
    assert drawn == [int((chosen & (units.unit_sign.values == sign)).sum()) for sign in (1, -1, 0)]
    assert any(patch.get_height() == n_units for patch in hatched(axis))  # the choice, in one piece
    assert [t.get_text() for t in axis.get_xticklabels()][:4] == ["coherence 1", "coherence 2", "context", "choice “−”"]
    assert scale.get_ylabel() == "information (bits)"
    assert "not testable" in legend_of(figure)
    save(figure, tmp_path / "raster.png")


def test_a_raster_is_of_one_network():
    with pytest.raises(SettingsError, match="there are 4 networks"):
        selectivity_raster(many(made_units, 1))
    figure = selectivity_raster(many(made_units, 1).isel(network=[1]))
    assert len(figure.axes) == 4


def test_nothing_selective_is_drawn_as_nothing():
    units = made_units()
    units["unit_significant"] = xr.zeros_like(units.unit_significant)
    units["unit_testable"] = xr.zeros_like(units.unit_testable)
    axis = selectivity_raster(units).axes[2]
    assert all(np.ma.getmaskarray(image.get_array()).all() for image in axis.get_images())
    assert len(hatched(axis)) == len(FEATURES)


def test_a_raster_of_any_recording():
    rng = np.random.default_rng(0)
    trial = np.repeat(np.arange(40), 5)
    features = {"coherence": rng.normal(size=40)[trial], "side": np.array(["left", "right"])[trial % 2]}
    found = selectivity(rng.normal(size=(200, 7)), features, trial, shuffles=100)
    figure = selectivity_raster(found)
    assert "7 units" in figure.axes[2].get_ylabel()
    with pytest.raises(SettingsError, match="this figure needs what"):
        selectivity_raster(xr.Dataset({"nothing": 1}))
