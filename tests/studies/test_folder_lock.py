"""Who holds a folder, where the file system has locks and where it has none."""

import errno
import fcntl
import json
import os
import re
import subprocess
import sys
import time
import warnings
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from attrax.reports.terminal.status_lines import status_lines
from attrax.settings import SettingsError
from attrax.studies import LocalExecutor, parse_study, run_study
from attrax.studies import open as open_store
from attrax.studies.folder_lock import SILENCE, find_holder, folder_lock, is_held
from attrax.studies.process_identity import ProcessIdentity
from attrax.studies.run_record import HEARTBEAT, RunRecorder, read_record
from attrax.studies.study_folder import make_folder, write_study

NO_LOCKS = """
import errno, fcntl, os, sys

really_lock = fcntl.flock


def flock(file, how):
    number = file if isinstance(file, int) else file.fileno()
    if os.readlink(f"/proc/self/fd/{number}").startswith(sys.argv[1]):
        raise OSError(int(sys.argv[2]), os.strerror(int(sys.argv[2])))
    really_lock(file, how)


fcntl.flock = flock
"""
HOLD = """
import time
from pathlib import Path

from attrax.studies.folder_lock import folder_lock
from attrax.studies.run_record import RunRecorder

with folder_lock(Path(sys.argv[1])), RunRecorder(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""
ELSEWHERE = ProcessIdentity(7, "node3", "another machine", "8")


@pytest.fixture(params=[errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def no_locks(request, tmp_path, monkeypatch):
    """A folder on a file system that has no locks; the number of its error."""
    really_lock = fcntl.flock

    def flock(file, how):
        number = file if isinstance(file, int) else file.fileno()
        if os.readlink(f"/proc/self/fd/{number}").startswith(str(tmp_path)):
            raise OSError(request.param, os.strerror(request.param))
        really_lock(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    return request.param


def hold(folder, without_locks):
    """Return a process that holds a folder."""
    script = (NO_LOCKS if without_locks else "import sys") + HOLD
    arguments = [str(folder), str(without_locks or 0)]
    process = subprocess.Popen([sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def mark(folder, identity, seconds_ago=0.0):
    """Leave the mark of a process in a folder, as of so many seconds ago."""
    file = folder / ".held"
    file.write_text(json.dumps(asdict(identity)))
    os.utime(file, (time.time() - seconds_ago,) * 2)


def test_a_run_holds_a_folder_without_locks_and_lets_go_of_it(tmp_path, no_locks):
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert not is_held(tmp_path)
        with folder_lock(tmp_path):
            assert is_held(tmp_path)
            with pytest.raises(SettingsError, match=f"another run is at work in .* .process {os.getpid()} on "):
                folder_lock(tmp_path).__enter__()
            assert is_held(tmp_path)
        assert not is_held(tmp_path)
        with folder_lock(tmp_path):
            assert is_held(tmp_path)
    assert warned == []
    assert not (tmp_path / ".held").exists()


def test_a_lock_file_that_was_copied_from_elsewhere_holds_nothing(tmp_path, no_locks):
    """Where there are locks the file stays when its run ends, and goes with the folder to a disk that has none."""
    (tmp_path / ".lock").touch()
    (tmp_path / ".lock").write_text("7\nnode3\n8\n")  # or of a lock that marks by being there
    assert not is_held(tmp_path)
    with folder_lock(tmp_path):
        assert is_held(tmp_path)


def test_a_run_of_this_machine_is_believed_while_it_lives_and_no_longer(tmp_path, no_locks):
    process = hold(tmp_path, no_locks)
    os.utime(tmp_path / ".held", (0, 0))  # a process that is there needs no other sign of life
    os.utime(tmp_path / "run.json", (0, 0))
    assert is_held(tmp_path)
    wanted = rf"another run is at work in .* \(process {process.pid} on .*, since .*\); wait until it has ended"
    with pytest.raises(SettingsError, match=wanted):
        folder_lock(tmp_path).__enter__()
    process.kill()
    process.communicate()
    assert (tmp_path / ".held").is_file()
    assert not is_held(tmp_path)
    with folder_lock(tmp_path):
        assert json.loads((tmp_path / ".held").read_text())["process"] == os.getpid()
    assert not is_held(tmp_path)


def test_a_number_that_another_process_has_now_holds_nothing(tmp_path, no_locks):
    mark(tmp_path, replace(ProcessIdentity.own(), begun="1"))
    assert not is_held(tmp_path)
    with folder_lock(tmp_path):
        assert is_held(tmp_path)


def test_a_run_of_another_machine_that_was_just_heard_of_is_at_work(tmp_path, no_locks):
    mark(tmp_path, ELSEWHERE, seconds_ago=20)
    assert is_held(tmp_path)
    wanted = (
        r"another run is at work in .* \(process 7 on node3, last heard of 2\d seconds ago\); wait until it has ended"
    )
    with pytest.raises(SettingsError, match=wanted):
        folder_lock(tmp_path).__enter__()
    assert (tmp_path / ".held").is_file()


def test_a_run_of_another_machine_that_was_long_not_heard_of_is_told_with_the_way_out(tmp_path, no_locks):
    mark(tmp_path, ELSEWHERE, seconds_ago=3 * 3600)
    assert not is_held(tmp_path)
    with pytest.raises(SettingsError) as refused:
        folder_lock(tmp_path).__enter__()
    assert str(refused.value) == (
        f"{tmp_path} is held by a run (process 7 on node3) that was last heard of 3 hours ago; it would write every "
        f"10 seconds if it were alive. If it is dead, remove {tmp_path / '.held'}, and the same command goes on from "
        "there"
    )
    (tmp_path / ".held").unlink()
    with folder_lock(tmp_path):
        assert is_held(tmp_path)


def test_a_run_of_another_machine_is_heard_of_by_its_record(tmp_path, no_locks):
    mark(tmp_path, ELSEWHERE, seconds_ago=3 * 3600)
    (tmp_path / "run.json").write_text(json.dumps(asdict(ELSEWHERE) | {"started": "yesterday"}))
    assert is_held(tmp_path)
    assert find_holder(tmp_path).process == "process 7 on node3, since yesterday"
    os.utime(tmp_path / "run.json", (time.time() - SILENCE - 60,) * 2)
    assert not is_held(tmp_path)
    # the record of another run is no sign of life
    (tmp_path / "run.json").write_text(json.dumps(asdict(ELSEWHERE) | {"process": 8}))
    assert not is_held(tmp_path)


@pytest.mark.parametrize(("seconds_ago", "held"), [(1, True), (3 * 3600, False)])
def test_a_mark_that_was_never_finished(tmp_path, no_locks, seconds_ago, held):
    (tmp_path / ".held").touch()
    os.utime(tmp_path / ".held", (time.time() - seconds_ago,) * 2)
    assert is_held(tmp_path) == held
    with pytest.raises(SettingsError, match="another run is at work" if held else f"remove {tmp_path}/.held"):
        folder_lock(tmp_path).__enter__()


def test_a_full_disk_leaves_no_mark(tmp_path, no_locks, monkeypatch):
    def dumps(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("attrax.studies.folder_lock.json.dumps", dumps)
    with pytest.raises(OSError, match="No space"):
        folder_lock(tmp_path).__enter__()
    assert not (tmp_path / ".held").exists()


def test_where_a_dead_run_cannot_be_taken_over_the_way_out_is_told(tmp_path, no_locks, monkeypatch):
    """No locks among the temporary files either: two runs that find the mark could not be kept apart."""
    mark(tmp_path, replace(ProcessIdentity.own(), begun="1"))
    monkeypatch.setattr("attrax.studies.folder_lock.tempfile.gettempdir", lambda: str(tmp_path))
    with pytest.raises(
        SettingsError, match=f"process {os.getpid()} on .*, which has ended; remove {tmp_path}/.held, and"
    ):
        folder_lock(tmp_path).__enter__()


def test_of_several_that_find_a_dead_run_one_takes_the_folder(tmp_path):
    """Three processes at once, again and again."""
    no_locks = errno.ENOSYS
    script = NO_LOCKS + (
        "import time\nfrom pathlib import Path\nfrom attrax.settings import SettingsError\n"
        "from attrax.studies.folder_lock import folder_lock\n"
        "for line in sys.stdin:\n"
        "    try:\n"
        "        held = folder_lock(Path(line.strip()))\n"
        "        held.__enter__()\n"
        "        print('held', flush=True)\n"
        "    except SettingsError:\n"
        "        print('refused', flush=True)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path), str(no_locks)]
    several = [subprocess.Popen(command, stdin=-1, stdout=-1, text=True) for _ in range(3)]
    try:
        for number in range(25):
            folder = tmp_path / str(number)
            folder.mkdir()
            mark(folder, replace(ProcessIdentity.own(), begun="1"))
            for process in several:
                process.stdin.write(f"{folder}\n")
                process.stdin.flush()
            assert sorted(process.stdout.readline() for process in several) == ["held\n"] + 2 * ["refused\n"]
    finally:
        for process in several:
            process.kill()
            process.communicate()


def test_a_node_with_locks_minds_the_mark_of_one_without(tmp_path):
    mark(tmp_path, ELSEWHERE)
    assert is_held(tmp_path)
    with pytest.raises(SettingsError, match="another run is at work in .* .process 7 on node3"):
        folder_lock(tmp_path).__enter__()
    mark(tmp_path, replace(ProcessIdentity.own(), begun="1"))
    with folder_lock(tmp_path):
        assert not (tmp_path / ".held").exists()


def test_whoever_may_only_read_sees_that_a_run_is_at_work(tmp_path, monkeypatch):
    process = hold(tmp_path, without_locks=None)
    try:
        really_open = os.open

        def read_only(path, flags, *arguments, **options):
            if flags & (os.O_WRONLY | os.O_RDWR):
                raise PermissionError(errno.EACCES, "Permission denied", path)
            return really_open(path, flags, *arguments, **options)

        monkeypatch.setattr(os, "open", read_only)
        assert is_held(tmp_path)
    finally:
        process.kill()
        process.communicate()
    assert not is_held(tmp_path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / ".lock").mkdir()
    with pytest.raises(SettingsError, match="cannot be written: Is a directory; name another folder"):
        folder_lock(tmp_path).__enter__()


@pytest.fixture
def prepared(tmp_path, bare_study_text):
    study = parse_study(bare_study_text)
    make_folder(tmp_path)
    write_study(tmp_path, study)
    return study


def second_line(folder):
    return status_lines(open_store(folder))[1]


def test_status_tells_a_run_that_was_long_not_heard_of(tmp_path, prepared, no_locks):
    mark(tmp_path, ELSEWHERE, seconds_ago=7200)
    wanted = (
        r"  .* is held by a run \(process 7 on node3\) that was last heard of 2 hours ago; .* If it is dead, remove "
    )
    assert re.match(wanted, second_line(tmp_path))


def test_status_shows_a_run_from_its_first_moment_and_not_the_one_before(tmp_path, prepared, monkeypatch):
    """What another terminal sees: at the beginning, while the shards are read, and when all is there."""
    with RunRecorder(tmp_path, 2) as before:
        before.record.failed["x"] = "of an earlier run"
    seen = []

    def look(name):
        really = getattr(sys.modules["attrax.studies.study_run"], name)

        def looking(*arguments, **options):
            seen.append((name, second_line(tmp_path), read_record(tmp_path).failed))
            return really(*arguments, **options)

        monkeypatch.setattr(f"attrax.studies.study_run.{name}", looking)

    monkeypatch.setattr("attrax.studies.study_run.carry_out", lambda *arguments: None)
    for name in ("check_folder", "set_damaged_shards_aside", "missing_conditions", "carry_out"):
        look(name)
    started = time.strftime("%Y")
    run_study(prepared, tmp_path, 1, executor=LocalExecutor(tmp_path, 1))
    who = rf"  running since {started}.* \(process {os.getpid()}\): "
    assert [name for name, *_ in seen] == [
        "check_folder", "check_folder", "set_damaged_shards_aside", "missing_conditions", "carry_out"
    ]  # fmt: skip
    for (_, line, failed), wanted in zip(
        seen[1:], ["", "checking 0 shards$", "looking for what is missing$", "0 finished by this run$"], strict=True
    ):
        assert re.match(who + wanted, line), line
        assert failed == {}
    assert second_line(tmp_path) == "  no run is at work on it"


def test_a_run_that_has_not_written_its_record_is_beginning(tmp_path, prepared):
    RunRecorder(tmp_path, 2).close()
    with folder_lock(tmp_path):
        assert second_line(tmp_path) == "  a run is just beginning"
        with pytest.raises(SettingsError, match="another run is at work in .*[^)]; wait until"):
            folder_lock(tmp_path).__enter__()


def test_status_says_what_a_run_waits_for_until_something_happens(tmp_path, prepared):
    from attrax.studies.execution import Event

    with folder_lock(tmp_path), RunRecorder(tmp_path, 2) as recorder:
        recorder.wait("2 of 2 workers have not begun")
        assert "  waiting: 2 of 2 workers have not begun" in status_lines(open_store(tmp_path))
        recorder._begun -= 60
        recorder(Event(prepared.conditions()[0], "working", "compiling"))
        assert "waiting" not in "".join(status_lines(open_store(tmp_path)))


def test_a_record_is_written_again_and_again_while_nothing_happens(tmp_path, monkeypatch):
    assert SILENCE > 10 * HEARTBEAT
    monkeypatch.setattr("attrax.studies.run_record.HEARTBEAT", 0.05)
    with RunRecorder(tmp_path) as recorder:
        for _ in range(3):
            os.utime(tmp_path / "run.json", (0, 0))
            deadline = time.monotonic() + 20
            while (tmp_path / "run.json").stat().st_mtime == 0 and time.monotonic() < deadline:
                time.sleep(0.02)
            assert (tmp_path / "run.json").stat().st_mtime > 0
        # also on a full disk
        monkeypatch.setattr("attrax.studies.run_record.write_whole", lambda *a: (_ for _ in ()).throw(OSError("full")))
        time.sleep(0.2)
        os.utime(tmp_path / "run.json", (0, 0))
        time.sleep(1)
        assert (tmp_path / "run.json").stat().st_mtime > 0
    os.utime(tmp_path / "run.json", (0, 0))
    time.sleep(0.3)
    assert not recorder._heart.is_alive()
    assert (tmp_path / "run.json").stat().st_mtime == 0


def test_a_record_of_another_version_is_read_as_far_as_it_goes(tmp_path):
    (tmp_path / "run.json").write_text(json.dumps({"process": 3, "host": "node3", "finished": 5, "mood": "good"}))
    record = read_record(tmp_path)
    assert (record.process, record.finished, record.machine) == (3, 5, "")
    assert not record.is_over()  # nothing says so


def test_a_process_is_known_to_be_dead_only_where_that_is_certain():
    own = ProcessIdentity.own()
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    ended = replace(own, process=process.pid, begun="")
    assert not own.is_dead()
    assert ended.is_dead()
    assert not replace(ended, host="node3").is_dead()
    assert not replace(ended, machine="another start, or container").is_dead()
    assert not replace(ended, machine="").is_dead()
    assert not replace(own, begun="").is_dead()
    assert replace(own, begun="1").is_dead()
    assert not replace(own, process=10**30).is_dead()


def test_a_process_that_has_ended_and_was_not_waited_for_is_dead():
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    identity = replace(ProcessIdentity.own(), process=process.pid, begun="")
    deadline = time.monotonic() + 30
    while not identity.is_dead() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert identity.is_dead()
    assert Path(f"/proc/{process.pid}").exists()
    process.wait()


def test_a_run_with_a_lock_is_seen_from_where_there_are_no_locks(tmp_path):
    """A node whose mount has locks makes no mark; one whose mount has none must not begin beside it."""
    HELD = "import sys\n" + HOLD
    with subprocess.Popen([sys.executable, "-c", HELD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout.readline() == "held\n"
        command = [sys.executable, "-c", NO_LOCKS + HOLD, str(tmp_path), str(errno.ENOSYS)]
        second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)
        first.kill()
    assert "another run is at work in" in second.stderr
    assert "held" not in second.stdout
    assert not (tmp_path / ".held").exists()
