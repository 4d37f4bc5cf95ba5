"""Power cuts at every moment: what had been said to be finished is there, and nothing damaged is read as good.

The calls by which real code changes its folder are written down (`recorded_calls.c`) and carried out again on a model
of a disk, up to every one of them. There the power fails, and of what no fsync had confirmed anything may be lost:
what a file holds, or that it has its name.
"""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from attrax.checked_files import read_checked
from attrax.studies import parse_study
from attrax.studies.shards import shard_name, shards_in

PARTS = (("weights", "safetensors"), ("history", "npz"), ("trained", "json"))
"""Of the training of a network that is not finished."""

WORK = """
import sys
from pathlib import Path

import numpy as np
import xarray as xr

from attrax.dynamics import Effort
from attrax.learning import Trained
from attrax.learning.compiled_training import initial_network
from attrax.networks import NetworkSettings, own_network
from attrax.own_network import WeightsAnalysis, run_analysis
from attrax import checked_files
from attrax.studies import parse_study, shard_run
from attrax.studies.index import open_index
from attrax.studies.shards import NetworkResult
from attrax.studies.study_folder import make_folder, read_study_text, set_damaged_shards_aside, write_study
from attrax.studies.unfinished_network import UnfinishedNetwork

study, disk = parse_study(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
directory, said = disk / "results" / "study", disk / "said"
one, other, third, fourth, fifth = study.conditions()[:5]
made_up = initial_network(one.task, NetworkSettings(delta=0.3, n_hidden=2), 0)


def tell(line):
    (said / f"{len(list(said.iterdir()))} {line}").mkdir()


def finish(directory, condition, report):
    # as attrax.studies.network_run.finish_network, with a network that took no training
    unfinished = UnfinishedNetwork(directory, condition.identity)
    history = {"accuracy": np.array([0.5])}
    unfinished.keep(Trained(made_up, "reached", 0.5, 0.5, 0.0, 4, 8, history, {}, {}), 1.0)
    tell(f"kept {condition.identity}")
    part = unfinished.dataset("plane", lambda: xr.Dataset({"kind": ("point", np.array(["fixed point"]))}))
    row = {"network": condition.identity, **condition.factors, "accuracy": 0.5}
    arrays = part.expand_dims(network=[condition.identity])
    return NetworkResult(condition.identity, condition.settings, row, row, arrays, {"final": made_up})


def say(message):
    if message.kind == "finished":
        tell(f"finished {message.identity}")
    assert message.kind != "failed", message


def index():
    open_index(directory, read_study_text(directory), lambda: study)


shard_run.finish_network = finish
said.mkdir()
make_folder(directory)
write_study(directory, study)
set_damaged_shards_aside(directory)
shard_run.run_shard(directory, [one], say)
index()
shard_run.run_shard(directory, [other, third], say)  # two networks in one shard
index()

# a shard is harmed, and written again
shard_run.run_shard(directory, [fourth], say)
tell(f"harmed {fourth.identity}")
(directory / "shards" / fourth.identity / "arrays.nc").write_bytes(b"harmed")
assert set_damaged_shards_aside(directory)
shard_run.run_shard(directory, [fourth], say)

# an attempt dies after it has given a shard its name; the next one finds it there
class Death(BaseException):
    pass


confirm = checked_files.sync_folder


def die_among_shards(folder):
    if folder == directory / "shards" and (folder / fifth.identity).is_dir():
        raise Death
    confirm(folder)


checked_files.sync_folder = die_among_shards
try:
    shard_run.run_shard(directory, [fifth], say)
    raise AssertionError("the attempt lives")
except Death:
    checked_files.sync_folder = confirm
shard_run.run_shard(directory, [fifth], say)
index()

# weights of one's own
own = own_network({"W": np.eye(2) / 2, "b": np.ones(2)})
effort = Effort(settling_steps=300, steps=1000, extension=1)
analysed = run_analysis(WeightsAnalysis("w.npz", own, np.zeros((1, 0)), 2, 0, effort, 0), disk / "results" / "own")
tell("finished own")
"""


class Call(NamedTuple):
    """What a process did to a folder."""

    kind: str
    path: str
    second: str
    written: bytes


class File:
    def __init__(self):
        self.now = b""
        self.confirmed = b""

    def sync(self):
        self.confirmed = self.now


class Folder:
    def __init__(self):
        self.now = {}
        self.confirmed = {}

    def sync(self):
        self.confirmed = dict(self.now)


class Disk:
    """A folder on a disk: as processes see it now, and as far as the disk has confirmed it."""

    def __init__(self, top):
        self.top, self.root, self.said = top, Folder(), []

    def place(self, path):
        *above, name = Path(path).relative_to(self.top).parts
        folder = self.root
        for part in above:
            folder = folder.now[part]
        return folder, name

    def do(self, call):
        """Carry out a call."""
        assert not call.kind.startswith("unknown"), call
        if Path(call.path).parent == self.top / "said":
            return self.said.append(Path(call.path).name.split()[1:])
        if Path(call.path) == self.top:
            return self.root.sync() if call.kind == "fsync" else None
        folder, name = self.place(call.path)
        if call.kind == "mkdir":
            folder.now[name] = Folder()
        elif call.kind == "create":
            folder.now.setdefault(name, File())
        elif call.kind == "truncate":
            folder.now.setdefault(name, File()).now = b""
        elif call.kind == "write":
            folder.now[name].now += call.written
        elif call.kind == "fsync":
            folder.now[name].sync()
        elif call.kind == "rename":
            moved = folder.now.pop(name)
            target, new = self.place(call.second)
            target.now[new] = moved
        elif call.kind == "remove":
            del folder.now[name]
        return None

    def after_power_cut(self, choose):
        """Return what is on the disk then: path to content, None for a folder.

        `choose` is given what may be there, the confirmed first, and returns one of it.
        """
        found = {}

        def visit(folder, path):
            for name in sorted({*folder.now, *folder.confirmed}):
                entry = choose("name", folder.confirmed.get(name), folder.now.get(name))
                if isinstance(entry, Folder):
                    found[f"{path}{name}/"] = None
                    visit(entry, f"{path}{name}/")
                elif entry is not None:
                    found[path + name] = choose("content", entry.confirmed, entry.now)

        visit(self.root, "")
        return found


def nothing_unconfirmed(kind, confirmed, now):
    return confirmed


def names_without_contents(kind, confirmed, now):
    return now if kind == "name" else confirmed


def contents_without_names(kind, confirmed, now):
    return confirmed if kind == "name" else now


def everything(kind, confirmed, now):
    return now


def at_random(seed):
    rng = random.Random(seed)

    def choose(kind, confirmed, now):
        if confirmed == now:
            return now
        return rng.choice([confirmed, now] if kind == "name" else [confirmed, now, now[: len(now) // 2]])

    return choose


def read_calls(file):
    calls, content, at = [], file.read_bytes(), 0
    while at < len(content):
        end = content.index(b"\n", at)
        kind, path, second, length = content[at:end].decode().split("\t")
        at = end + 1 + int(length)
        calls.append(Call(kind, path, second, content[end + 1 : at]))
    return calls


@pytest.fixture(scope="module")
def study(bare_study_text):
    return parse_study(bare_study_text.replace("seeds = [0]", "seeds = 3"))  # six networks


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, study):
    """The calls of some work that ends well, and the folder that it leaves."""
    compiler = shutil.which("cc")
    if compiler is None:
        assert not os.environ.get("CI"), "the tests of power cuts need a C compiler, called cc"
        pytest.skip("NO POWER CUT WAS TRIED: there is no C compiler, called cc")
    place = tmp_path_factory.mktemp("power")
    library, calls, disk, text = (place / name for name in ("calls.so", "calls", "disk", "study.toml"))
    source = Path(__file__).with_name("recorded_calls.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl", "-lpthread"], check=True)
    text.write_text(study.to_toml())
    disk.mkdir()
    watched = {"LD_PRELOAD": str(library), "ATTRAX_CALLS": str(calls), "ATTRAX_UNDER": str(disk)}
    done = subprocess.run(
        [sys.executable, "-c", WORK, str(text), str(disk)],
        env={**os.environ, **watched},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return disk, read_calls(calls)


def losses(disk, calls, study, place):
    """Cut the power after every call, in several ways each; yield what is wrong then, for each state that differs."""
    whole = {path.relative_to(disk).as_posix(): path.read_bytes() for path in disk.rglob("*") if path.is_file()}
    names = [condition.identity for condition in study.conditions()[:5]]
    shard_of = {name: name for name in names} | dict.fromkeys(names[1:3], shard_name(names[1:3]))
    replayed, tried, there = Disk(disk), set(), {}
    place.mkdir()
    for number, call in enumerate(calls):
        replayed.do(call)
        promised = promises(replayed.said)
        ways = (nothing_unconfirmed, names_without_contents, contents_without_names, everything)
        for way in (*ways, at_random(2 * number), at_random(2 * number + 1)):
            left = replayed.after_power_cut(way)
            key = (promised, tuple(left.items()))
            if key in tried:
                continue
            tried.add(key)
            there = lay_out(left, place, there)
            wrong = check(left, promised, whole, shard_of, place)
            yield [f"after call {number}, {call[:3]}, {way.__name__}: {line}" for line in wrong]


def lay_out(left, place, there):
    """Make a folder hold what is left, given what it holds; return that."""
    for path in sorted(there.keys() - left.keys(), reverse=True):
        (place / path).rmdir() if there[path] is None else (place / path).unlink()
    for path, content in left.items():
        if path not in there and content is None:
            (place / path).mkdir()
        elif path not in there or there[path] != content:
            (place / path).write_bytes(content)
    return left


def promises(said):
    """Return what must be there after these words; who harms a shard takes the promise back."""
    found = []
    for what, name in said:
        if what == "harmed":
            found = [promise for promise in found if promise[1] != name]
        else:
            found.append((what, name))
    return tuple(found)


def check(left, promised, whole, shard_of, place):
    """Return what is wrong with what a power cut has left."""
    directory = place / "results" / "study"
    sound = {shard.name: shard for shard in shards_in(directory) if not shard.damage()}
    wrong = [
        f"{name}/{file} passes for whole"
        for name, shard in sound.items()
        for file in shard.checksums()
        if shard.read(file) != whole[f"results/study/shards/{name}/{file}"]
    ]
    for what, name in promised:
        if name == "own":
            own = [path for path in whole if path.startswith("results/own/")]
            wrong += [f"{path} is lost" for path in own if left.get(path) != whole[path]]
        elif shard_of[name] not in sound:
            training = [read_checked(directory / "unfinished" / name, *part) for part in PARTS]
            if what == "finished" or None in training:
                wrong.append(f"{name} was {what} and is lost")
    return wrong


def test_nothing_that_was_finished_is_lost_in_a_power_cut(recorded, study, tmp_path):
    disk, calls = recorded
    assert sum("/said/" in call.path and " finished " in call.path for call in calls) == 7
    found = list(losses(disk, calls, study, tmp_path / "left"))
    assert len(found) > 500
    assert [line for lines in found for line in lines] == []


@pytest.mark.parametrize("kept_back", ["files", "folders"])
def test_power_cuts_would_show_what_is_not_confirmed(recorded, study, tmp_path, kept_back):
    """The same work without the calls that confirm files, or folders: here something is lost."""
    disk, calls = recorded
    folders = {call.path for call in calls if call.kind == "mkdir"} | {
        call.second for call in calls if call.kind == "rename" and "/shards/" in call.second
    }
    without = [c for c in calls if c.kind != "fsync" or (c.path in folders) != (kept_back == "folders")]
    assert len(without) < len(calls)
    found = losses(disk, without, study, tmp_path / "left")
    assert any("was finished and is lost" in line for lines in found for line in lines)
