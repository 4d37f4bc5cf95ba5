"""Rules side by side at matched accuracy, after equal updates and equal trials."""

from attrax.reports.words.matched_comparisons import comparison_rows


def test_each_checkpoint_is_compared_for_each_rule(tiny_store):
    rows = comparison_rows(tiny_store)
    assert len(rows) == 2 * len(tiny_store.study.stopping.checkpoints)
    by_name = {(row["comparison"], row["value"], row["learner"]): row for row in rows}
    equal = by_name["equal updates", "2", "ppo"]
    expected = tiny_store.summary_at(updates=2).set_index("learner").loc["ppo"]
    assert equal["frac_fixed"] == expected.frac_fixed
    assert equal["reached"] == 1
    assert by_name["matched accuracy", "90 %", "supervised"]["reached"] == 0
