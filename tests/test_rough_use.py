"""Runs as rough as those of real users: interrupted anywhere, without a home, on full and read-only disks, in ASCII.

Whatever happens, the exit status is one that is documented, what is said is one line and no traceback, and nothing that
was finished is lost.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from attrax.studies import verify
from attrax.studies.shards import shards_in

BEGUN = 1.0
"""Seconds before which an interruption meets Python itself, which has its own way to say so."""


@dataclass
class Place:
    """A user's folder: a study, weights, and a store that some runs have come across."""

    folder: Path
    rng: random.Random
    command: list[str]
    """``attrax`` as from a terminal, whatever the shell of these tests does with signals."""
    finished: set[str] = field(default_factory=set)

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def check(self) -> None:
        """Nothing that was finished is gone, and all that is there is whole."""
        now = {shard.name for shard in shards_in(self.out)}
        assert self.finished <= now, f"lost: {self.finished - now}"
        self.finished = now
        if (self.out / "study.toml").is_file():
            assert verify(self.out) == []


def attrax(
    place: Place,
    *arguments: str,
    environment: dict[str, str] | None = None,
    prefix: tuple[str, ...] = (),
    disturb: Callable[[subprocess.Popen[bytes]], None] | None = None,
) -> tuple[int, str, str]:
    """Run the command line in a process group of its own; return exit status, and what it wrote."""
    command = [*prefix, *place.command, *arguments]
    process = subprocess.Popen(
        command, cwd=place.folder, env={**os.environ, **(environment or {})}, process_group=0,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if disturb is not None:
        disturb(process)
    out, err = process.communicate(timeout=600)
    return process.returncode, (out or b"").decode(errors="replace"), err.decode(errors="replace")


def wait_until_begun(process: subprocess.Popen[bytes]) -> None:
    """Wait until a process is no more what only sets its signals, but the command itself."""
    while process.poll() is None and b"SIG_DFL" in Path(f"/proc/{process.pid}/cmdline").read_bytes():
        time.sleep(0.02)


def last_words(err: str) -> str:
    """Return what was said at the end, after the lines of progress; there must be one line of it."""
    said = [line for line in err.splitlines() if line.startswith("attrax: ")]
    assert len(said) == 1, err
    return said[0]


def a_command(place: Place) -> tuple[str, ...]:
    study = str(place.folder / "study.toml")
    commands: list[tuple[str, ...]] = [("run", study, "--out", "out")] * 3
    commands += [("analyse", "own.npz", "--input", "0.1,0", "--out", "own", "--starts", "30", "--effort", "quick")]
    if place.finished:
        commands += [("report", "out"), ("status", "out", "--verify"), ("atlas", "out", "--effort", "quick")]
    return place.rng.choice(commands)


def interrupted(place: Place) -> str:
    """Ctrl-C, which reaches every process of the command, at any moment; sometimes twice."""
    moments = [place.rng.uniform(BEGUN, 12.0)]
    if place.rng.random() < 0.3:
        moments.append(place.rng.uniform(0.0, 0.5))

    def press(process: subprocess.Popen[bytes]) -> None:
        wait_until_begun(process)
        for moment in moments:
            time.sleep(moment)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)

    code, _, err = attrax(place, *a_command(place), disturb=press)
    assert code in (0, 130), (code, err)
    if code == 130:
        assert last_words(err).startswith("attrax: interrupted; what was finished is kept")
    return f"interrupted: {code}"


def killed(place: Place) -> str:
    """The whole run or one of its workers ends from one moment to the next."""
    moment, whole = place.rng.uniform(BEGUN, 12.0), place.rng.random() < 0.5
    sent = place.rng.choice([signal.SIGKILL, signal.SIGTERM])

    def kill(process: subprocess.Popen[bytes]) -> None:
        wait_until_begun(process)
        time.sleep(moment)
        if process.poll() is not None:
            return
        if whole:
            os.killpg(process.pid, sent)
            return
        for listed in Path(f"/proc/{process.pid}/task").glob("*/children"):
            for child in listed.read_text().split():
                if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(int(child), sent)
                    return

    code, _, err = attrax(place, *a_command(place), disturb=kill)
    assert code in (0, -sent), (code, err)
    return f"killed: {code}"


def without_a_home(place: Place) -> str:
    """A container's user: no HOME, and no entry in the list of users."""
    unset = [f"--unset={name}" for name in ("HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR", "USER", "LOGNAME")]
    hide = 'mount --bind /dev/null /etc/passwd && exec "$@"'
    prefix = ("unshare", "--mount", "sh", "-c", hide, "sh", "env", *unset)
    code, _, err = attrax(place, *a_command(place), environment={"ATTRAX_COMPILATION_CACHE": ""}, prefix=prefix)
    assert code == 0, err
    return f"without a home: {code}"


def plain_terminal(place: Place) -> str:
    """A terminal that has no Greek letters."""
    encoding = place.rng.choice(["ascii", "latin-1", "cp1252", "cp437"])
    code, out, err = attrax(place, *a_command(place), environment={"PYTHONIOENCODING": encoding})
    assert code == 0, err
    assert "page is" in out or "every file is as it was written" in out
    return f"terminal in {encoding}: {code}"


def nobody_listens(place: Place) -> str:
    """Whoever reads the output goes away, as `| head` does."""

    def leave(process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None

    code, _, err = attrax(place, *a_command(place), disturb=leave)
    assert code in (0, 1), err
    return f"nobody listens: {code}"


def read_only(place: Place) -> str:
    """The store lies on a disk that cannot be written."""
    was_there = place.out.is_dir()
    (place.out / "report" if was_there else place.out).mkdir(exist_ok=True)
    subprocess.run(["mount", "--bind", str(place.out), str(place.out)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place.out)], check=True)
        study = str(place.folder / "study.toml")
        commands: list[tuple[tuple[str, ...], int]] = [
            (("run", study, "--out", "out"), 2), (("run", study, "--out", "out", "--dry-run"), 0),
        ]  # fmt: skip
        if place.finished:
            commands += [(("report", "out"), 2), (("report", "out", "--out", "elsewhere"), 0), (("status", "out"), 0)]
            commands += [(("status", "out", "--verify"), 0), (("atlas", "out", "--effort", "quick"), 2)]
            commands += [(("atlas", "out", "--effort", "quick", "--out", "elsewhere/atlas.html"), 0)]
        command, wanted = place.rng.choice(commands)
        code, _, err = attrax(place, *command)
    finally:
        subprocess.run(["umount", str(place.out)], check=True)
        if not was_there:
            place.out.rmdir()
    assert code == wanted, (command, err)
    if code:
        assert "cannot be written" in last_words(err)
    return f"read-only disk, {command[0]}: {code}"


def full_disk(place: Place) -> str:
    """The disk has no room, or not enough for what comes."""
    disk = place.folder / "disk"
    disk.mkdir(exist_ok=True)
    size = place.rng.choice([4, 60, 300, 700, 1500])
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "none", str(disk)], check=True)
    study = str(place.folder / "study.toml")
    analyse = ("analyse", "own.npz", "--input", "0.1,0", "--out", "disk/own", "--starts", "30", "--effort", "quick")
    command = place.rng.choice([("run", study, "--out", "disk/out"), analyse])
    try:
        code, _, err = attrax(place, *command)
        whole = verify(disk / "out") if (disk / "out" / "study.toml").is_file() else []
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert code in (0, 1, 2), err
    assert whole == []
    if code:
        assert re.search("full|No space left|cannot be written", last_words(err)), err
    return f"full disk, {command[0]}: {code}"


ROUGH: tuple[Callable[[Place], str], ...] = (
    interrupted, killed, without_a_home, plain_terminal, nobody_listens, read_only, full_disk,
)  # fmt: skip


@pytest.fixture
def place(tmp_path, bare_study_text, request, as_at_a_terminal):
    if sys.platform != "linux" or os.geteuid() or not shutil.which("unshare"):
        pytest.skip("needs the right to mount")
    probe = tmp_path / "probe"
    probe.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "none", str(probe)], capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    subprocess.run(["umount", str(probe)], check=True)
    folder = tmp_path / "user"
    folder.mkdir()
    (folder / "study.toml").write_text(bare_study_text.replace("seeds = [0]", "seeds = 2"))
    rng = np.random.default_rng(0)
    np.savez(folder / "own.npz", W=rng.normal(size=(12, 12)) * 0.4, U=np.eye(12)[:, :2], b=rng.normal(size=12))
    return Place(folder, random.Random(request.node.name), as_at_a_terminal("-m", "attrax"))


def use(place, kind):
    before = place.finished
    came = kind(place)
    place.check()
    return came, len(place.finished) - len(before)


QUICK = (nobody_listens, read_only)
"""Those that take seconds; the others are among the slow tests."""


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=[] if kind in QUICK else pytest.mark.slow, id=kind.__name__) for kind in ROUGH],
)
def test_each_kind_of_rough_use_ends_as_documented(place, kind, four_networks):
    shutil.copytree(four_networks, place.out)
    for shard in shards_in(place.out)[:2]:
        shutil.rmtree(shard.folder)
    place.check()
    use(place, kind)


@pytest.mark.slow
def test_two_hundred_rough_runs(place):
    counts = Counter()
    for number in range(200):
        if number % 25 == 0:  # a new store now and then: else all is finished after a few runs
            shutil.rmtree(place.out, ignore_errors=True)
            place.finished = set()
        came, _ = use(place, place.rng.choice(ROUGH))
        counts[came] += 1
    for came, count in sorted(counts.items()):
        print(f"{count:4}  {came}")
