"""How far a study is: for a terminal, for a file, and for another terminal."""

import io
import re

import pytest
from rich.console import Console

from attrax.reports.terminal.status_lines import status_lines
from attrax.reports.terminal.study_progress import StudyProgress, duration
from attrax.studies import open as open_store
from attrax.studies import parse_study
from attrax.studies.execution import Event
from attrax.studies.folder_lock import folder_lock
from attrax.studies.run_record import RunRecorder, read_record
from attrax.studies.study_folder import make_folder, write_study


@pytest.fixture
def many(bare_study_text):
    return parse_study(bare_study_text.replace("seeds = [0]", "seeds = 12"))


def events(study, failing=()):
    for place, condition in enumerate(study.conditions()):
        yield Event(condition, "working", "compiling")
        yield Event(condition, "working", "training", 2, 0.5)
        yield Event(condition, "failed", "no luck") if place in failing else Event(condition, "finished")


def shown(study, terminal, failing=()):
    out = io.StringIO()
    with StudyProgress(study, console=Console(file=out, force_terminal=terminal, width=150)) as progress:
        progress.start(study.conditions(), [])
        for event in events(study, failing):
            progress(event)
    return progress, out.getvalue()


def test_few_networks_have_lines_of_their_own_and_many_a_line_for_all(tiny_study_text, many):
    _, few = shown(parse_study(tiny_study_text), terminal=False)
    assert "ppo, δ = 0.6, seed 0: compiling" in few
    assert "ppo, δ = 0.6, seed 0: update 2, accuracy 0.500" in few
    progress, lines = shown(many, terminal=False, failing=[3])
    assert "compiling" not in lines
    assert "ppo, δ = 0.6, seed 3: failed: no luck" in lines
    assert re.search(r"24 of 24 networks, 1 failed, .* a minute, 0 seconds left", lines)
    assert progress.failed == 1


def test_a_terminal_shows_bars_by_what_is_varied(many):
    _, screen = shown(many, terminal=True)
    assert "all networks" in screen
    assert "ppo, δ = 0.6" in screen
    assert "12 of 12" in screen
    assert "24 of 24 networks" in screen


def test_damage_is_told_at_the_start(many):
    out = io.StringIO()
    with StudyProgress(many, console=Console(file=out, width=150)) as progress:
        progress.start([], ["shards/x/arrays.nc is missing; the next `attrax run` computes it again"])
    assert "damaged: shards/x/arrays.nc is missing; moved to damaged/, to be computed again" in out.getvalue()


def test_times_are_said_as_people_say_them():
    assert [duration(s) for s in (5.0, 300.0, 7200.0, 200_000.0)] == ["5 seconds", "5 minutes", "2.0 hours", "2.3 days"]


def test_status_in_another_terminal_knows_what_runs_and_what_failed(tmp_path, many):
    make_folder(tmp_path)
    write_study(tmp_path, many)
    conditions = many.conditions()
    lines = status_lines(open_store(tmp_path))
    assert lines[:2] == ["tiny: 0 of 24 networks finished", "  no run is at work on it"]
    assert lines[-1].split() == ["0", "0", "0", "12", *["ContextDecision,", "supervised,", "δ", "=", "0.6"]]
    with folder_lock(tmp_path):
        recorder = RunRecorder(tmp_path, 24)
        recorder._begun -= 60
        recorder(Event(conditions[0], "finished"))
        recorder(Event(conditions[1], "failed", "attempt 3: killed"))
        recorder._begun -= 60
        recorder(Event(conditions[12], "working", "training", 5, 0.5))
        lines = status_lines(open_store(tmp_path))
    assert "1 finished by this run, 0.5 a minute, about 22 minutes left" in lines[1]
    assert lines[3].split()[:4] == ["0", "0", "1", "11"]
    assert lines[4].split()[:4] == ["0", "1", "0", "11"]
    assert lines[5] == f"  failed: {conditions[1].identity} attempt 3: killed"
    recorder.close()
    assert read_record(tmp_path).running == {}
    assert status_lines(open_store(tmp_path))[1] == "  no run is at work on it"


def test_a_record_that_cannot_be_read_is_none(tmp_path):
    assert read_record(tmp_path) is None
    (tmp_path / "run.json").write_text("{")
    assert read_record(tmp_path) is None
