"""The exit status is the one that was meant, whatever threads of libraries there still are."""

import subprocess
import sys
from pathlib import Path

import pytest

from attrax.studies import parse_study, run_study

ENDS = {
    0: ("status", "out"),
    2: ("run", "fewer.toml", "--out", "out"),
    1: ("status", "damaged", "--verify"),
}
"""Exit status to a command that ends with it, all of which have read tables before."""
INTERRUPTED = (
    "import attrax.studies\n"
    "def interrupted(directory):\n"
    "    import os, signal\n"
    "    opened(directory).summary()\n"
    "    os.kill(os.getpid(), signal.SIGINT)\n"
    "opened, attrax.studies.open = attrax.studies.open, interrupted\n"
    "from attrax.__main__ import start; start()"
)
"""A command that is interrupted when it has read tables."""


@pytest.fixture
def folder(tmp_path, four_networks, bare_study_text):
    (tmp_path / "fewer.toml").write_text(bare_study_text)
    (tmp_path / "out").symlink_to(four_networks)
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "study.toml").write_text("nonsense")
    return tmp_path


def status(folder, *command):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def check(folder, code, times, as_at_a_terminal):
    if code == 130:
        command = as_at_a_terminal("-c", INTERRUPTED, "status", "out")
    else:
        command = (sys.executable, "-m", "attrax", *ENDS[code])
    for _ in range(times):
        ended = status(folder, *command)
        assert ended.returncode == code, ended.stderr
        assert "terminate" not in ended.stderr
        assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("code", [*ENDS, 130])
def test_each_exit_status_is_what_was_meant(folder, code, as_at_a_terminal):
    check(folder, code, 2, as_at_a_terminal)


@pytest.mark.slow
@pytest.mark.parametrize("code", [*ENDS, 130])
def test_each_exit_status_is_what_was_meant_fifty_times(folder, code, as_at_a_terminal):
    check(folder, code, 50, as_at_a_terminal)


def test_reading_tables_leaves_nothing_to_other_threads(four_networks):
    """In a program of a user's own, which ends as Python does: there pyarrow's threads made it abort."""
    code = (
        "import sys, os\nfrom attrax.studies.shards import shards_in\nfrom pathlib import Path\n"
        "before = len(os.listdir('/proc/self/task'))\n"
        "import pyarrow, pandas\n"
        "imported = len(os.listdir('/proc/self/task'))\n"
        f"for shard in shards_in(Path({str(four_networks)!r})): shard.table('summary.parquet')\n"
        "print(len(os.listdir('/proc/self/task')) - imported)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"


def test_an_end_while_threads_are_at_work_is_the_end_that_was_meant(tmp_path):
    """A thread in foreign code that asks for Python when Python is gone: the process must have ended by then."""
    code = (
        "import sys, threading, time, attrax.cli\n"
        "def work():\n    while True: time.sleep(1e-4)\n"
        "def main():\n"
        "    for _ in range(20): threading.Thread(target=work, daemon=True).start()\n"
        "    print('said'); sys.exit(2)\n"
        "attrax.cli.main = main\nfrom attrax.__main__ import start; start()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "said\n", "")


def test_what_is_to_be_done_at_the_end_is_done(tmp_path):
    mark = tmp_path / "mark"
    code = (
        f"import atexit, attrax.cli\natexit.register(lambda: open({str(mark)!r}, 'w').close())\n"
        "attrax.cli.main = lambda: None\nfrom attrax.__main__ import start; start()"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert mark.exists()


def test_a_full_output_is_no_success():
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")
    with full.open("w") as out:
        ended = subprocess.run(
            [sys.executable, "-m", "attrax", "tasks"], stdout=out, stderr=subprocess.PIPE, check=False
        )
    assert ended.returncode == 1
    assert b"Traceback" not in ended.stderr


def test_a_study_that_could_not_be_read_back_is_refused_before_training(tmp_path, bare_study_text):
    from dataclasses import dataclass, replace

    from attrax.learning.ppo import PPO
    from attrax.settings import SettingsError
    from attrax.tasks.context_decision import ContextDecision

    @dataclass(frozen=True)
    class Mine(ContextDecision):
        pass

    @dataclass(frozen=True)
    class Own(PPO):
        pass

    study = parse_study(bare_study_text)
    for change in ({"tasks": {"mine": Mine()}}, {"learners": {"own": Own()}}):
        with pytest.raises(SettingsError, match=r"is not registered, .* needed: one of"):
            replace(study, **change)
    odd = ({"name": "a name with spaces"}, {"seeds": (-1,)}, {"seeds": (2**40,)})
    for change in odd:
        with pytest.raises(SettingsError, match="read back"):
            run_study(replace(study, **change), tmp_path / "out", 1)
        assert not (tmp_path / "out").exists()


def test_a_network_whose_cell_is_not_registered_is_not_saved(tmp_path, small_network):
    from dataclasses import replace

    import jax

    from attrax.networks import initialise, save_networks
    from attrax.networks.cells import Relu
    from attrax.settings import SettingsError

    class Mine(Relu):
        pass

    network = initialise(small_network, 3, 3, jax.random.key(0))
    with pytest.raises(SettingsError, match=r"the cell .*Mine is not registered"):
        save_networks(tmp_path / "own.safetensors", {"final": replace(network, cell=Mine())})


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_streams_that_are_closed_are_no_failure(tmp_path, closed):
    """As of a service that was detached from any terminal."""
    mark = tmp_path / "status"
    script = f"{sys.executable} -m attrax --version {closed}; echo $? > {mark}"
    ended = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert mark.read_text().strip() == "0"
    assert "Traceback" not in ended.stderr


def test_a_fault_is_shown_and_ends_the_process_at_once():
    code = (
        "import threading, time, attrax.cli\n"
        "def main():\n"
        "    threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "    raise RuntimeError('a fault')\n"
        "attrax.cli.main = main\nfrom attrax.__main__ import start; start()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=50)
    assert ended.returncode == 1
    assert "RuntimeError: a fault" in ended.stderr
