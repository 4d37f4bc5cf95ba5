"""A study file with mistakes in it, as people make them, at the command line: one line and exit code 2, or a study."""

import contextlib
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attrax.cli import main

EXTENDED = """
[crossed]
learners.ppo.entropy_weight = [0.0, 0.01]
tasks.ContextDecision.noise = [0.1, 0.2]

[[zipped]]
network.leak = [0.5, 1.0]
planes.points = [3, 5]
"""
PIECES = [
    "[", "]", "{", "}", "=", '"', "'", "\n", ".", ",", "-", "#", "0", "-1", "1e99", "nan", "inf", "true", "[]", "{}",
    "[1, [2]]", "''", "δ", "\x00", "\t", "[crossed]", "[[zipped]]", "[network]", "crossed", "delta", "seeds = 1e3",
]  # fmt: skip


class WouldRunError(Exception):
    """The study is valid; what follows is not tried."""


@pytest.fixture
def valid_text(bare_study_text):
    return bare_study_text + EXTENDED


def mutated(data, text):
    """Change a text in one to three places: characters, tokens, lines."""
    for _ in range(data.draw(st.integers(1, 3))):
        kind = data.draw(st.sampled_from(["cut", "insert", "replace", "drop line", "repeat line", "swap lines"]))
        lines = text.split("\n")
        if kind in ("cut", "insert", "replace"):
            first = data.draw(st.integers(0, len(text)))
            last = first if kind == "insert" else min(len(text), first + data.draw(st.integers(1, 8)))
            text = text[:first] + ("" if kind == "cut" else data.draw(st.sampled_from(PIECES))) + text[last:]
            continue
        one, other = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        if kind == "drop line":
            del lines[one]
        elif kind == "repeat line":
            lines.insert(other, lines[one])
        else:
            lines[one], lines[other] = lines[other], lines[one]
        text = "\n".join(lines)
    return text


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mutated_study_is_one_line_and_exit_code_2_or_a_study(data, valid_text, tmp_path, monkeypatch):
    def would_run(*arguments, **options):
        raise WouldRunError

    monkeypatch.setattr("attrax.studies.study_run.run_study", would_run)
    study = tmp_path / "study.toml"
    study.write_bytes(mutated(data, valid_text).encode())
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            main(["run", str(study), "--out", str(tmp_path / "out")])
    except WouldRunError:
        return
    except SystemExit as stop:
        assert stop.code == 2
    assert len(said.getvalue().splitlines()) == 1
    assert said.getvalue().startswith("attrax: ")


def test_the_text_itself_is_a_study(valid_text, tmp_path, monkeypatch):
    def would_run(*arguments, **options):
        raise WouldRunError

    monkeypatch.setattr("attrax.studies.study_run.run_study", would_run)
    (tmp_path / "study.toml").write_text(valid_text)
    with pytest.raises(WouldRunError):
        main(["run", str(tmp_path / "study.toml"), "--out", str(tmp_path / "out")])


def test_a_byte_order_mark_is_no_part_of_a_study(tmp_path, bare_study_text):
    from attrax.studies import load_study, parse_study

    marked = tmp_path / "marked.toml"
    marked.write_bytes(b"\xef\xbb\xbf" + bare_study_text.encode())
    assert load_study(str(marked)) == parse_study(bare_study_text)
