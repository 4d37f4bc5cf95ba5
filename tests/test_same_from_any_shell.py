"""What the tests find does not depend on chance, nor on the shell that they were started from."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
WAITS = "import time; print('ready', flush=True); time.sleep(60)"


def test_a_command_can_be_interrupted_where_the_shell_ignores_sigint(as_at_a_terminal):
    """As where the tests run in the background of a script: `make test &`."""
    ignoring = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]
    with subprocess.Popen(
        [*ignoring, *as_at_a_terminal("-c", WAITS)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in said


def test_whatever_is_interrupted_was_started_as_at_a_terminal():
    senders = [
        file.relative_to(TESTS)
        for file in TESTS.rglob("*.py")
        if "signal.SIGINT)" in (text := file.read_text(encoding="utf-8")) and "as_at_a_terminal" not in text
    ]
    assert senders == []


PROFILE = "import conftest, hypothesis; s = hypothesis.settings(); print(s.derandomize, s.database, s.print_blob)"


def test_property_tests_draw_the_same_examples_each_time(monkeypatch):
    monkeypatch.delenv("CI", raising=False)  # there Hypothesis has the same default, and would hide that we do not
    done = subprocess.run([sys.executable, "-c", PROFILE], cwd=TESTS, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "None", "True"]


def test_the_exploring_profile_draws_others(pytestconfig):
    from hypothesis import settings

    assert not settings.get_profile("exploring").derandomize
    if pytestconfig.getoption("--hypothesis-profile") is None:
        assert settings().derandomize


@pytest.mark.parametrize("name", ["COLUMNS", "FORCE_COLOR", "NO_COLOR"])
def test_colours_and_widths_of_the_shell_do_not_reach_the_tests(monkeypatch, name):
    monkeypatch.setenv(name, "40")
    code = f"import conftest, os; print({name!r} in os.environ)"
    done = subprocess.run([sys.executable, "-c", code], cwd=TESTS, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
