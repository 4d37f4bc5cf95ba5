"""The figures of a study whose units were looked at."""

from attrax.analyses import record_units
from attrax.reports import (
    activity_heat_map,
    group_bars,
    study_figures,
    write_report,
)
from attrax.reports.pages.study_page import render
from attrax.studies import Store


def test_the_tiny_study_is_drawn(tiny_store):
    units = tiny_store.units()
    assert len(group_bars(units).axes) == 2
    condition = tiny_store.conditions[0]
    recording = record_units(condition.task, tiny_store.network(condition.identity), condition.populations.trials)
    axis = activity_heat_map(recording, units.unit_group.sel(network=condition.identity).values).axes[0]
    assert axis.get_images()[0].get_array().shape[0] == 16


def test_the_page_has_a_section_where_units_were_looked_at(tiny_store, four_networks):
    text = write_report(tiny_store).read_text(encoding="utf-8")
    assert text.count("<h2>Which units do what</h2>") == 1
    for name in ("groups", "units", "flow", "causes"):
        assert (tiny_store.directory / "report" / f"{name}.png").stat().st_size > 10_000
    without = Store(four_networks)
    assert study_figures(without) == {}
    text = render(without)
    assert "Which units do what" not in text
    assert "what its units do" not in text
