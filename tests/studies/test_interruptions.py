"""Runs that are killed, folders that are damaged, full disks: nothing finished is lost, nothing false is read."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from attrax.settings import SettingsError, StoppedError
from attrax.studies import open as open_store
from attrax.studies import parse_study, run_study, verify
from attrax.studies.folder_lock import folder_lock, is_held

RESULTS = ("summary.parquet", "arrays.nc", "weights.safetensors")


@pytest.fixture
def study_text(four_networks_text):
    return four_networks_text


@pytest.fixture
def undisturbed(four_networks):
    return four_networks


def results(directory):
    """Return every byte of results, by shard and file."""
    return {
        f"{shard.name}/{name}": (shard / name).read_bytes()
        for shard in sorted((directory / "shards").iterdir())
        for name in RESULTS
    }


def started(study, out, *options):
    """Start a run as a person would, in a process group of its own."""
    command = [sys.executable, "-m", "attrax", "run", str(study), "--out", str(out), "--workers", "2", *options]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, process_group=0)


def children(process):
    """Return the processes that a process has spawned and that are at work."""
    found = []
    for listed in Path(f"/proc/{process.pid}/task").glob("*/children"):
        for pid in listed.read_text().split():
            try:
                if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(int(pid))
            except OSError:  # it has ended meanwhile
                continue
    return found


def disturb(study, out, kills, rng, longest):
    """Run a study again and again until it ends, killing a worker or the whole tree at random moments.

    Returns how many workers were killed, how many whole runs, and for each finished network how often it was said to be
    finished.
    """
    killed, finished = {"worker": 0, "run": 0}, {}
    while True:
        process = started(study, out, "--retries", "1000")
        while sum(killed.values()) < kills:
            time.sleep(rng.uniform(0, longest))
            of_worker = rng.random() < 0.7
            while process.poll() is None and of_worker and not (workers := children(process)):
                time.sleep(0.05)
            if process.poll() is not None:
                break
            if of_worker:
                os.kill(rng.choice(workers), signal.SIGKILL)
                killed["worker"] += 1
            else:
                os.killpg(process.pid, signal.SIGKILL)
                killed["run"] += 1
                break
        _, said = process.communicate(timeout=300)
        for line in said.splitlines():
            title, _, state = line.rpartition(": ")
            if state == "finished":
                finished[title] = finished.get(title, 0) + 1
        if process.returncode == 0:
            return killed, finished
        assert process.returncode == -signal.SIGKILL, said


def check_kills(tmp_path, study_text, undisturbed, kills, seed):
    rng, wanted, round_, left = random.Random(seed), results(undisturbed), 0, kills
    counts = {"worker": 0, "run": 0}
    study = tmp_path / "study.toml"
    study.write_text(study_text)
    while left > 0:
        out = tmp_path / f"out{round_}"
        killed, finished = disturb(study, out, left, rng, longest=9)
        assert results(out) == wanted
        assert verify(out) == []
        assert not (out / "unfinished").exists()
        assert not list((out / "shards").glob(".*"))
        # what was finished is never computed again (a tree that dies may take the last word with it)
        assert all(count == 1 for count in finished.values())
        left, round_ = left - sum(killed.values()), round_ + 1
        counts = {what: counts[what] + killed[what] for what in counts}
    print(f"{kills} kills: {counts['worker']} of a worker, {counts['run']} of the whole run; {round_} studies")


def test_a_run_that_is_killed_again_and_again_ends_with_the_same_bytes(tmp_path, study_text, undisturbed):
    check_kills(tmp_path, study_text, undisturbed, kills=3, seed=0)


@pytest.mark.slow
def test_fifty_kills(tmp_path, study_text, undisturbed):
    check_kills(tmp_path, study_text, undisturbed, kills=50, seed=1)


def test_a_run_killed_after_writing_a_shard_leaves_nothing_behind(tmp_path, study_text, undisturbed):
    """A whole run may die between a shard and what it kept until then, or between that and its empty folder."""
    out = tmp_path / "out"
    shutil.copytree(undisturbed, out)
    finished, other = next(iter(parse_study(study_text).conditions())).identity, "of_another_study"
    for name in (finished, other):
        (out / "unfinished" / name).mkdir(parents=True)
        (out / "unfinished" / name / "kept").write_text("")
    run_study(parse_study(study_text), out, 1)
    assert [folder.name for folder in (out / "unfinished").iterdir()] == [other]
    shutil.rmtree(out / "unfinished" / other)
    run_study(parse_study(study_text), out, 1)
    assert not (out / "unfinished").exists()


def test_workers_end_with_the_process_that_spawned_them(tmp_path, study_text):
    study = tmp_path / "study.toml"
    study.write_text(study_text)
    process = started(study, tmp_path / "out")
    while not (workers := children(process)):
        assert process.poll() is None
        time.sleep(0.1)
    time.sleep(3)  # they have set themselves up
    process.kill()
    process.communicate(timeout=60)
    for _ in range(100):
        if not any(Path(f"/proc/{worker}").exists() for worker in workers):
            return
        time.sleep(0.1)
    pytest.fail("workers live on")


def test_results_do_not_depend_on_the_packing(tmp_path, study_text, undisturbed):
    """Shards of three networks, one worker: the same networks, and the same numbers."""
    run_study(parse_study(study_text), tmp_path / "out", 1, shard_size=3)
    packed, single = open_store(tmp_path / "out"), open_store(undisturbed)
    assert len(list((tmp_path / "out" / "shards").iterdir())) == 2  # two of each rule
    assert packed.summary().equals(single.summary())
    for condition in single.conditions:
        identity = condition.identity
        assert packed.arrays(identity).identical(single.arrays(identity))
        one, other = packed.networks(identity), single.networks(identity)
        assert one.keys() == other.keys()
        for name in one:
            assert (one[name].recurrent_weights == other[name].recurrent_weights).all()
    assert packed.histories().identical(single.histories())
    assert packed.planes().identical(single.planes())


def flipped(path, rng):
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(content))


def shortened(path, rng):
    path.write_bytes(path.read_bytes()[: rng.randrange(path.stat().st_size)])


def removed(path, rng):
    path.unlink()


@pytest.mark.parametrize("harm", [flipped, shortened, removed])
@pytest.mark.parametrize("name", [*RESULTS, "timing.parquet", "checksums.json", "study.toml", "index"])
def test_damage_is_found_named_and_never_read_as_good(tmp_path, undisturbed, name, harm):
    out = tmp_path / "out"
    shutil.copytree(undisturbed, out)
    rng = random.Random(f"{name} {harm.__name__}")
    shard = rng.choice(sorted((out / "shards").iterdir()))
    file = {"study.toml": out / name, "index": next((out / "index").iterdir(), None)}.get(name, shard / name)
    assert verify(out) == []
    harm(file, rng)
    if not (name == "index" and harm is removed):  # it is made again from the shards
        (line,) = verify(out)
        assert line.startswith(str(file))
    whole = open_store(undisturbed)
    if name == "study.toml":
        return
    store = open_store(out)
    if name == "index":
        assert store.summary().equals(whole.summary())
        assert verify(out) == []
    if name in ("summary.parquet", "checksums.json"):
        shutil.rmtree(out / "index")
        store = open_store(out)
        assert shard.name not in set(store.summary().network)
        assert store.damaged
    if name in RESULTS[1:]:
        with pytest.raises(SettingsError, match="computes it again"):
            store.networks(shard.name) if name.startswith("weights") else store.arrays(shard.name)


def test_what_is_damaged_is_computed_again_and_nothing_else(tmp_path, study_text, undisturbed):
    out, rng = tmp_path / "out", random.Random(5)
    shutil.copytree(undisturbed, out)
    first, second, *_ = sorted((out / "shards").iterdir())
    flipped(first / "arrays.nc", rng)
    shortened(second / "weights.safetensors", rng)
    flipped(out / "study.toml", rng)
    flipped(next((out / "index").iterdir()), rng)
    assert len(verify(out)) == 4
    events, found = [], []
    run_study(
        parse_study(study_text), out, 2, events.append, on_start=lambda missing, damaged: found.append(damaged)
    )  # fmt: skip
    assert len(found[0]) == 2
    assert {event.condition.identity for event in events} == {first.name, second.name}
    assert results(out) == results(undisturbed)
    assert verify(out) == []
    assert sorted(path.name for path in (out / "damaged").iterdir()) == [first.name, second.name]


def test_a_second_run_in_the_same_folder_is_refused_and_a_dead_one_leaves_no_lock(tmp_path, study_text, undisturbed):
    out = tmp_path / "out"
    shutil.copytree(undisturbed, out)
    study = parse_study(study_text)
    with folder_lock(out):
        assert is_held(out)
        with pytest.raises(SettingsError, match="another run is at work in"):
            run_study(study, out, 1)
    assert not is_held(out)
    holder = "import sys, time\nfrom pathlib import Path\nfrom attrax.studies.folder_lock import folder_lock\n" \
             f"with folder_lock(Path({str(out)!r})):\n    print('held', flush=True)\n    time.sleep(60)"  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    assert is_held(out)
    process.kill()
    process.communicate()
    assert not is_held(out)
    run_study(study, out, 1)


def test_a_full_disk_stops_the_study_and_what_is_finished_is_whole(tmp_path, study_text):
    """A small disk, on which the first networks fit and the others do not."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1200k", "none", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("needs the right to mount")
    try:
        out = disk / "out"
        with pytest.raises(StoppedError, match="the disk of .* is full; what is finished is whole"):
            run_study(parse_study(study_text.replace("seeds = 2", "seeds = 20")), out, 2)
        shutil.copytree(out, tmp_path / "copy")
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    store = open_store(tmp_path / "copy")
    assert 0 < len(store.conditions) < 40
    assert verify(tmp_path / "copy") == []
    for condition in store.conditions:
        assert store.arrays(condition.identity).network.values == [condition.identity]
