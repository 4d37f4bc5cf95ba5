"""How far one long piece of work is, on a terminal and in a file."""

import io
import re
import threading
import time

import pytest
import xarray as xr
from rich.console import Console

from attrax.progress import Step, ignore_progress, telling
from attrax.reports.terminal.steps_shown import StepsShown


def shown(terminal, work, every=0.05):
    out = io.StringIO()
    before = threading.active_count()
    with StepsShown("counting", Console(file=out, force_terminal=terminal, width=120), every) as tell:
        work(tell)
    for _ in range(100):  # rich's own thread, which it does not wait for
        if threading.active_count() == before:
            break
        time.sleep(0.05)
    assert threading.active_count() == before
    return out.getvalue()


def counting(tell):
    for done in range(1, 6):
        time.sleep(0.3)
        tell(Step("sheep counted", done, 5))
    tell(Step("wolves met", 12))
    time.sleep(0.1)


def test_lines_say_what_is_done_and_what_is_left():
    lines = shown(False, counting).splitlines()
    assert lines[0] == "counting: 0 seconds so far"
    assert any(re.fullmatch(r"counting: 4 of 5 sheep counted, about \d seconds left of these; 1 seconds so far", line)
               for line in lines)  # fmt: skip
    assert re.fullmatch(r"counting: 12 wolves met; 2 seconds so far", lines[-1])


@pytest.mark.parametrize("terminal", [True, False])
def test_what_is_expected_is_said_once_and_a_total_that_is_one_is_told(terminal):
    def work(tell):
        tell(Step("sheep counted", 1, 5, outlook="about 5 sheep are expected"))
        for done in range(1, 3):
            time.sleep(0.2)
            tell(Step("wolves met", done, 10, about=True))

    said = shown(terminal, work)
    assert said.count("counting: about 5 sheep are expected") == 1
    assert "of about 10 wolves met" in said


def test_a_terminal_shows_a_bar_and_nothing_stays():
    screen = shown(True, counting)
    assert "4 of 5 sheep counted" in screen
    assert not re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.rsplit("\x1b[2K", 1)[1]).strip()  # the line is cleared


def test_something_is_said_even_where_nothing_is_told():
    lines = shown(False, lambda tell: time.sleep(0.5)).splitlines()
    assert len(lines) >= 2
    assert set(lines) <= {"counting: 0 seconds so far", "counting: 1 seconds so far"}


def test_lines_are_not_many():
    def work(tell):
        for done in range(10_000):
            tell(Step("steps", done, 10_000))

    assert len(shown(False, work, every=5.0).splitlines()) == 0


def test_it_ends_with_the_work_however_that_ends():
    def fails(tell):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shown(False, fails)


def test_parts_are_counted_as_they_are_kept():
    told, part = [], xr.Dataset({"part": 1})
    keep = telling(None, told.append, "parts", 2)
    assert keep("one", lambda: part) is part
    assert keep("two", lambda: part) is part
    assert told == [Step("parts", 1, 2), Step("parts", 2, 2)]
    assert telling(lambda name, compute: part, None, "parts", 1)("one", lambda: pytest.fail("it was kept")) is part
    assert ignore_progress(told[0]) is None
