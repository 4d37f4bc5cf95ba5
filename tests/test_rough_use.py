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

NOBODY = 54321  # a user that no passwd entry names
LAUNCHER = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from attrax.__main__ import start; start()"
)
"""As from a terminal, whatever the shell of these tests does with SIGINT."""
BEGUN = 0.5
"""Seconds before which an interruption meets Python itself, which has its own way to say so."""


@dataclass
class Place:
    """A user's folder: a study, weights, and a store that some runs have come across."""

    folder: Path
    rng: random.Random
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
    command = [*prefix, sys.executable, "-c", LAUNCHER, *arguments]
    process = subprocess.Popen(
        command, cwd=place.folder, env={**os.environ, **(environment or {})}, process_group=0,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if disturb is not None:
        disturb(process)
    out, err = process.communicate(timeout=600)
    return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")


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
        for moment in moments:
            time.sleep(moment)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)

    code, _, err = attrax(place, *a_command(place), disturb=press)
    assert code in (0, 130), err
    if code == 130:
        assert last_words(err).startswith("attrax: interrupted; what was finished is kept")
    return f"interrupted: {code}"


def killed(place: Place) -> str:
    """The whole run or one of its workers ends from one moment to the next."""
    moment, whole = place.rng.uniform(BEGUN, 12.0), place.rng.random() < 0.5
    sent = place.rng.choice([signal.SIGKILL, signal.SIGTERM])

    def kill(process: subprocess.Popen[bytes]) -> None:
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
    assert code in (0, -sent), err
    return f"killed: {code}"


def without_a_home(place: Place) -> str:
    """A container's user: no HOME, and no entry in the list of users; what it writes is its own."""
    for path in (place.folder, *place.folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    variables = {"HOME": "", "XDG_CACHE_HOME": "", "MPLCONFIGDIR": "", "TMPDIR": str(place.folder)}
    prefix = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "env")
    prefix += tuple(f"--unset={name}" for name in ("HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR", "USER", "LOGNAME"))
    code, _, err = attrax(place, *a_command(place), environment=variables, prefix=prefix)
    for path in (place.folder, *place.folder.rglob("*")):
        os.chown(path, 0, 0)
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
    (place.out / "report").mkdir(parents=True, exist_ok=True)
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
def place(tmp_path, bare_study_text, request):
    if sys.platform != "linux" or os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("needs the right to mount, and to be another user")
    probe = tmp_path / "probe"
    probe.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "none", str(probe)], capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    subprocess.run(["umount", str(probe)], check=True)
    folder = tmp_path / "user"
    folder.mkdir()
    above = [path for path in (tmp_path, *tmp_path.parents) if path.owner() == "root" and path != Path("/")]
    modes = {path: path.stat().st_mode for path in above}
    for path, mode in modes.items():  # another user has to come in
        path.chmod(mode | 0o055)
    (folder / "study.toml").write_text(bare_study_text.replace("seeds = [0]", "seeds = 2"))
    rng = np.random.default_rng(0)
    np.savez(folder / "own.npz", W=rng.normal(size=(12, 12)) * 0.4, U=np.eye(12)[:, :2], b=rng.normal(size=12))
    yield Place(folder, random.Random(request.node.name))
    for path, mode in modes.items():
        path.chmod(mode)


def use(place, kind):
    before = place.finished
    came = kind(place)
    place.check()
    return came, len(place.finished) - len(before)


@pytest.mark.parametrize("kind", ROUGH, ids=lambda kind: kind.__name__)
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
