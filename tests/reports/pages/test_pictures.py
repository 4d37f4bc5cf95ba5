"""The report of a study with any of the parts that a study can have: each is on the page, and nothing else."""

import re
from dataclasses import fields
from itertools import combinations

import numpy as np
import pytest

from attrax.analyses.settings import PlaneSettings, PopulationSettings
from attrax.reports import write_report
from attrax.reports.pages import study_page
from attrax.reports.pages.pictures import ASKED_BY, Pictures
from tests.reports.stores_of_parts import OPTIONAL, store_with, text_with

HEADINGS = {
    "The rules compared": None,
    "The stimulus stage at every coherence": {"atlas"},
    "Along training": {"course"},
    "Which units do what": {"groups", "units", "flow", "causes"},
}
"""Heading to the pictures one of which it needs; it is there if one is."""
SUBSETS = [parts for size in range(len(OPTIONAL) + 1) for parts in combinations(OPTIONAL, size)]


def without_plotly(text):
    return re.sub(r"<script>/\*\*.*?</script>", "", text, count=1, flags=re.DOTALL)


def check_words(text):
    """No value that is missing may have become a word."""
    seen = re.sub(r"<script>.*?</script>|<style>.*?</style>|<pre>.*?</pre>|<[^>]*>", " ", text, flags=re.DOTALL)
    assert not re.search(r"\b(nan|None|undefined|inf|Undefined|NaT)\b", seen)
    assert "{{" not in seen


def check_parts(text, parts, compared=False):
    """Pictures and headings are those of the parts, and those only."""
    expected = {name for name, setting in ASKED_BY.items() if setting in parts}
    assert set(re.findall(r'<img id="picture-(\w+)" src="data:image/png', text)) == expected
    assert text.count("<img") == len(expected)
    headings = re.findall(r"<h2>(.*?)</h2>", text)
    for heading, pictures in HEADINGS.items():
        assert headings.count(heading) == (compared if pictures is None else bool(pictures & expected)), heading
    assert ('<table id="comparisons">' in text) == ("planes.course" in parts)
    check_words(text)


def test_every_picture_has_a_setting_and_every_setting_that_can_be_off_has_a_picture():
    assert tuple(ASKED_BY) == Pictures._fields
    switches = {
        f"{table}.{each.name}"
        for table, settings in (("planes", PlaneSettings), ("populations", PopulationSettings))
        for each in fields(settings)
        if isinstance(each.default, bool)
    }
    assert switches == set(OPTIONAL)


@pytest.mark.parametrize("parts", SUBSETS, ids=lambda parts: ", ".join(parts) or "none")
def test_a_report_has_its_parts_and_no_others(parts, tiny_store, tiny_study_text, tmp_path, monkeypatch):
    monkeypatch.setattr(study_page, "save", lambda figure, path: path.write_bytes(b"a picture"))  # layout is slow
    text = text_with(parts, tiny_study_text)
    text = text[: text.index("[learners.ppo]")] + text[text.index("[learners.supervised]") :]
    written = write_report(store_with(tmp_path / "out", tiny_store, text))
    check_parts(without_plotly(written.read_text(encoding="utf-8")), parts)
    files = {name for name, setting in ASKED_BY.items() if setting in parts} | {"planes"}
    assert {path.stem for path in written.parent.glob("*.png")} == files


def ended(condition, result, lost=("diverged", "budget spent")):
    """Networks of the second seed do not get there: the first rule's diverge, and the other's budget is spent."""
    if condition.seed == 0:
        return result
    diverged = condition.learner_label == "ppo"
    row = {**result.summary, "reached": False, "status": lost[0] if diverged else lost[1]}
    if diverged:
        nothing = ("accuracy", "accuracy_in_a_row", "early_answers", "relaxation_time", "trial_distance")
        row |= dict.fromkeys((*nothing, "spectral_radius"), np.nan)
    return result._replace(summary=row)


@pytest.fixture(scope="session")
def rules_compared_path(tiny_store, tiny_study_text, tmp_path_factory):
    """The page of two seeds, of which one did not get there under either rule, with every part."""
    text = tiny_study_text.replace("seeds = [0]", "seeds = 2").replace("accuracy = false", "accuracy = 0.4")
    store = store_with(tmp_path_factory.mktemp("compared") / "out", tiny_store, text, ended)
    return write_report(store)


def test_rules_are_compared_where_some_networks_did_not_get_there(rules_compared_path):
    text = without_plotly(rules_compared_path.read_text(encoding="utf-8"))
    check_parts(text, OPTIONAL, compared=True)
    first, at_width, reach = re.findall("<li>(.*?)</li>", text, re.DOTALL)[:3]
    assert "PPO met the criterion in 1 of 2 networks (1 diverged)" in first
    assert "supervised learning met the criterion in 1 of 2 networks (1 was stopped by the budget" in first
    assert at_width.count("(mean of 2 networks, of which 1 did not meet the criterion)") == 2
    assert "(median over points; 1 network without a value is left out)" in reach
    assert reach.count("(median over points, then over 2 networks, of which 1 did not meet the criterion)") == 1
    rows = re.search('<table id="networks">.*?</table>', text, re.DOTALL)[0]
    assert "<td>diverged</td><td>–</td><td>–</td>" in re.sub(r"\n", "", rows)


def test_all_networks_diverged(tiny_store, tiny_study_text, tmp_path):
    def change(condition, result):
        lost = ended(condition, result._replace(summary={**result.summary}), ("diverged", "diverged"))
        row = {**lost.summary, "reached": False, "status": "diverged"}
        shares = {name: float(name == "frac_divergent") for name in row if name.startswith("frac_")}
        nothing = dict.fromkeys(
            ("accuracy", "accuracy_in_a_row", "early_answers", "relaxation_time", "trial_distance"), np.nan
        )
        return lost._replace(summary=row | shares | nothing)

    store = store_with(tmp_path / "out", tiny_store, text_with((), tiny_study_text), change)
    text = without_plotly(write_report(store).read_text(encoding="utf-8"))
    check_parts(text, ())
    assert "in 0 of 1 networks (1 diverged) in a median of 4 updates" in text
    assert "(mean of 1 network, which did not go through the set training)" in text
    assert "Do trials get there? No attractor was decided." in text


def still(condition, result):
    """Nothing oscillates."""
    arrays = result.arrays.assign(kind=result.arrays.kind.copy(data=np.full(result.arrays.kind.shape, "fixed point")))
    for name in ("readout_orbit", "orbit_context", "orbit_coherence_1", "orbit_coherence_2"):
        arrays[name] = arrays[name] * np.nan
    row = result.summary | {name: float(name == "frac_fixed") for name in result.summary if name.startswith("frac_")}
    return result._replace(arrays=arrays, summary=row)


def test_nothing_oscillates_and_one_stage_is_mapped(tiny_store, tiny_study_text, tmp_path):
    text = text_with((), tiny_study_text).replace("points = 3\natlas", 'points = 3\nstages = ["stimulus"]\natlas')
    written = write_report(store_with(tmp_path / "out", tiny_store, text, still))
    text = without_plotly(written.read_text(encoding="utf-8"))
    check_parts(text, ())
    assert "No point of any network’s stimulus stage oscillates." in text
    assert re.findall("<option[^>]*>(stimulus|delay|decision)</option>", text) == ["stimulus"]
    assert "Delay and decision stage" not in text
    assert text.count("beside 100\N{NO-BREAK SPACE}% fixed points, 0\N{NO-BREAK SPACE}% short cycles") == 2


def one_modality(condition, result):
    """Where the task has one modality and one context, so has what is stored."""
    if condition.task.n_modalities > 1:
        return result
    arrays = result.arrays.isel(context=[0], coherence_2=[1])
    return result._replace(arrays=arrays.assign_coords(coherence_2=[0.0]))


@pytest.mark.parametrize("parts", [(), ("planes.atlas", "planes.course")], ids=["none", "planes"])
def test_several_tasks_and_varied_settings(parts, tiny_store, tiny_study_text, tmp_path):
    text = text_with(parts, tiny_study_text).replace(
        "[learners.ppo]", "[tasks.PerceptualDecision]\nfixation = 1\n\n[learners.ppo]"
    )
    text += "\n[crossed]\nlearners.ppo.entropy_weight = [0.0, 0.01]\n"
    store = store_with(tmp_path / "out", tiny_store, text, one_modality)
    assert len(store.conditions) == 6
    written = without_plotly(write_report(store).read_text(encoding="utf-8"))
    check_parts(written, parts)
    assert written.count("<th>task</th>") == 1 + ("planes.course" in parts)
    assert "<th>entropy_weight</th>" in written


@pytest.mark.parametrize("parts", [(), OPTIONAL], ids=["none", "all"])
def test_some_networks_are_finished(parts, tiny_store, tiny_study_text, tmp_path):
    text = text_with(parts, tiny_study_text).replace("seeds = [0]", "seeds = 2")
    store = store_with(tmp_path / "out", tiny_store, text, finished=3)
    assert len(store.conditions) == 3
    text = without_plotly(write_report(store).read_text(encoding="utf-8"))
    check_parts(text, parts, compared=True)
    assert "3 of 4 networks are finished." in text
