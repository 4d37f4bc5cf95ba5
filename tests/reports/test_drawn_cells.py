"""Studies of more cells than a figure has room for, and reports of stores that lack what came later."""

import struct

import numpy as np
import pytest

from attrax.reports import write_report
from attrax.reports.drawn_cells import MOST_CELLS, MOST_WIDTHS, choose, evenly, left_out, shown, shown_words
from attrax.reports.pages.study_page import MOST_ROWS, _of_drawn_cells
from attrax.reports.words.rules_compared import MEASURES
from attrax.studies import parse_study
from tests.reports.words.test_rules_compared import PretendedStore
from tests.studies.made_up_store import LATER_COLUMNS, STUDY, write_made_up

WIDE = STUDY.replace("delta = [0.1, 0.2]", f"delta = {np.round(np.linspace(0.001, 0.4, 400), 6).tolist()}")
LATER = (
    "relaxation_time", "trial_distance", "stage_steps", "certified", "margin", "steps", "period_excluded",
    "readout_orbit", "orbit_context", "orbit_coherence_1", "orbit_coherence_2", "group", "group_reason", "choice_share",
    "course_wrong_side", "course_period", "course_accuracy", "trials",
)  # fmt: skip
"""Variables that early versions of the code had not."""
ALL = ("kind", "period", "course_kind", "course_share", "course_updates", "course_trials", "accuracy", *LATER)


def size_of(picture):
    """Return width and height of a PNG in pixels, from its header."""
    return struct.unpack(">II", picture.read_bytes()[16:24])


@pytest.mark.parametrize(("n", "most"), [(400, 12), (13, 12), (5, 12), (12, 12), (7, 1), (0, 3)])
def test_what_is_drawn_of_many_is_evenly_spread_with_first_and_last(n, most):
    chosen = evenly(list(range(n)), most)
    assert len(chosen) == len(set(chosen)) == min(n, most)
    assert chosen == sorted(chosen)
    if n > 1 and most > 1:
        assert (chosen[0], chosen[-1]) == (0, n - 1)
        assert np.ptp(np.diff(chosen)) <= 1


def test_of_many_widths_some_are_drawn_and_the_words_say_how_many():
    store = PretendedStore(WIDE)
    drawn = shown(store)
    widths = sorted({condition.network.delta for condition in drawn})
    assert (len(widths), widths[0], widths[-1]) == (MOST_WIDTHS, 0.001, 0.4)
    assert len(drawn) == 2 * MOST_WIDTHS
    assert left_out(store) == "12 of 400 widths are drawn; all are in the store"
    assert shown_words(store).endswith("seed 0, 12 of 400 widths")


def test_what_all_has_room_for_is_drawn_as_it_was():
    store = PretendedStore()
    assert left_out(store) == ""
    assert choose(store.conditions).left_out == ""


def test_of_many_rules_tasks_and_levels_some_are_drawn():
    rules = "".join(f'[learners.rule{n}]\nrule = "ppo"\nclip = {0.1 + 0.01 * n}\n' for n in range(8))
    text = STUDY.replace("[learners.ppo]\n[learners.supervised]\n", rules).replace(
        "[0.1, 0.2]", "[0.1, 0.2, 0.3, 0.4, 0.5]"
    )
    text += "[crossed]\nnetwork.leak = [0.2, 0.4, 0.6, 0.8, 1.0]\n"
    study = parse_study(text)
    choice = choose(study.conditions())
    assert choice.learners == [f"rule{n}" for n in range(6)]
    assert choice.deltas == [0.1, 0.2, 0.4, 0.5]
    cells = {
        (c.learner_label, c.network.delta, *c.treatment.levels.values()) for c in study.conditions() if choice.has(c)
    }
    assert len(cells) == MOST_CELLS
    assert choice.left_out == (
        "6 of 8 rules and 4 of 5 widths and 1 of 5 tasks and levels are drawn; all are in the store"
    )


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A store of 400 widths, one seed, whose report is written."""
    store = write_made_up(tmp_path_factory.mktemp("wide"), WIDE.replace("seeds = 2", "seeds = 1"), per_shard=100)
    return store, write_report(store)


@pytest.mark.slow  # 800 made-up networks
def test_the_report_of_400_widths_is_written_and_no_picture_is_absurd(wide):
    _, page = wide
    for name in ("planes", "course"):
        width, height = size_of(page.parent / f"{name}.png")
        assert width < 6_000
        assert height < 12_000
    assert page.stat().st_size < 30e6
    text = page.read_text(encoding="utf-8")
    assert "12 of 400 widths" in text
    assert text.count("<tr>") < 2_000


def test_of_a_table_of_too_many_rows_those_of_the_drawn_widths_stand_on_the_page():
    choice = choose(PretendedStore(WIDE).conditions)
    rows = [
        {"delta": delta, "row": n} for n, delta in enumerate(np.round(np.linspace(0.001, 0.4, 400), 6).tolist() * 2)
    ]
    kept, words = _of_drawn_cells(rows, choice, "report/pairs.csv")
    assert {row["delta"] for row in kept} == set(choice.deltas)
    assert words == "Here stand 24 of 800 rows, of the widths that are drawn; all are in report/pairs.csv."
    assert _of_drawn_cells(rows[:MOST_ROWS], choice, "") == (rows[:MOST_ROWS], "")


@pytest.mark.parametrize("left", ["some of it", "planes and courses", "nothing"])
def test_the_report_of_a_store_that_lacks_what_came_later_is_written(tmp_path, left):
    without = ALL if left == "nothing" else LATER

    def of(condition):
        lacks = left != "planes and courses" or condition.learner_label == "ppo"
        return {"without": without, "columns": LATER_COLUMNS} if lacks else {}

    store = write_made_up(tmp_path, STUDY, of=of)
    page = write_report(store)
    text = page.read_text(encoding="utf-8")
    assert (page.parent / "planes.png").exists() == (left != "nothing")
    assert (page.parent / "course.png").exists() == (left != "nothing")
    assert "<h2>What was found</h2>" in text
    assert "quasi-periodic" in text
    assert "no value" in text or left == "planes and courses"


def test_a_report_without_any_measure_compares_nothing(tmp_path):
    store = write_made_up(tmp_path, STUDY, of=lambda c: {"columns": tuple(MEASURES)})
    text = write_report(store).read_text(encoding="utf-8")
    assert "The rules compared" not in text
