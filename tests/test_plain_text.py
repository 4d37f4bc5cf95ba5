"""What a terminal cannot show is written in plain letters."""

import io
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrax.plain_text import in_plain_letters

WORDS = "δ = 0.1: 5 −3 “G₊” λ₁ ≤ 2 … é"


def test_words_of_the_field_have_plain_letters():
    assert in_plain_letters(WORDS) == 'delta = 0.1: 5 -3 "G+" lambda1 <= 2 ... e'
    assert in_plain_letters("as it is") == "as it is"


@given(st.text())
def test_any_text_becomes_ascii_and_nothing_is_left_out(text):
    plain = in_plain_letters(text)
    assert plain.isascii()
    assert in_plain_letters(plain) == plain
    assert len(plain) >= len(text) or any(character.isspace() for character in text) or not text.isascii()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437", "utf-8"])
def test_a_stream_shows_what_it_can(encoding):
    code = f"from attrax.plain_text import show_what_can_be_shown as s; s(); print({WORDS!r})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env={"PYTHONIOENCODING": encoding, "PATH": ""}
    )
    shown = done.stdout.decode(encoding).strip()
    assert shown.endswith(WORDS[-1] if encoding in ("latin-1", "cp1252", "cp437", "utf-8") else "e")
    assert (shown == WORDS) == (encoding == "utf-8")


def test_streams_that_are_no_files_are_left_alone(monkeypatch):
    from attrax.plain_text import show_what_can_be_shown

    class Plain(io.StringIO):
        reconfigure = None

    monkeypatch.setattr(sys, "stdout", Plain())
    show_what_can_be_shown()
