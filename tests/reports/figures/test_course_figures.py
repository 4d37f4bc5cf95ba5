import numpy as np

from attrax.dynamics import Effort
from attrax.reports.figures.course_figures import course_figure
from attrax.reports.words.matched_comparisons import comparison_rows
from attrax.studies import Store

QUICK = Effort(settling_steps=300, steps=1000, extension=1)


def test_the_strip_has_a_row_for_each_network_and_context_and_a_column_for_each_moment(tiny_store):
    figure = course_figure(tiny_store)
    shown = [axis for axis in figure.axes if axis.get_images()]
    moments = [
        len(np.unique(tiny_store.arrays(c.identity).course_updates.values)) for c in tiny_store.conditions
    ]  # fmt: skip
    assert len(shown) == 2 * sum(moments)
    assert shown[0].get_title().startswith("0 updates\n")


def test_without_a_course_there_is_neither(tiny_store, tmp_path):
    (tmp_path / "study.toml").write_text(tiny_store.study.to_toml())
    store = Store(tmp_path)
    assert course_figure(store) is None
    assert comparison_rows(store) == []
