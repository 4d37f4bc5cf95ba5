"""What is read of shards: only what is as it was written, and nothing called damaged that merely cannot be read."""

import errno
import json
import os
from pathlib import Path

import pytest

from attrax.cli import main
from attrax.settings import StoppedError
from attrax.studies import open as open_store
from attrax.studies import parse_study, run_study, verify
from attrax.studies.shard_run import run_shard
from attrax.studies.shards import CHECKSUMS, DamagedShardError
from attrax.studies.unfinished_network import UnfinishedNetwork
from tests.studies.made_up_shards import made_up_study


@pytest.fixture
def study(bare_study_text):
    return parse_study(bare_study_text)


@pytest.fixture
def shards(tmp_path, study):
    return made_up_study(tmp_path, study)


def refuse_to_read(monkeypatch, name):
    """Let a file of this name be unreadable, as one without rights or on a failing disk."""
    really_open = Path.open

    def opened(path, *arguments, **options):
        if path.name == name:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return really_open(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", opened)


@pytest.mark.parametrize("name", ["arrays.nc", CHECKSUMS])
def test_what_cannot_be_read_now_is_not_called_damaged(tmp_path, study, shards, monkeypatch, capsys, name):
    with monkeypatch.context() as patch:
        refuse_to_read(patch, name)
        wanted = rf"{shards[0].folder / name} cannot be read \(Input/output error\); see to its rights, or to the disk"
        with pytest.raises(StoppedError, match=wanted):
            shards[0].read("arrays.nc")
        with pytest.raises(StoppedError, match="cannot be read"):
            run_study(study, tmp_path, 1)
        with pytest.raises(SystemExit) as stopped:
            main(["status", str(tmp_path), "--verify"])
    assert stopped.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("attrax: ")
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "damaged").exists()  # it may be whole: nothing is computed again
    assert verify(tmp_path) == []


def test_an_error_of_the_disk_is_one_line_and_exit_code_1(tmp_path, shards, monkeypatch, capsys):
    refuse_to_read(monkeypatch, "study.toml")
    with pytest.raises(SystemExit) as stopped:
        main(["status", str(tmp_path)])
    assert stopped.value.code == 1
    assert capsys.readouterr().err == f"attrax: {tmp_path / 'study.toml'}: Input/output error\n"


def test_settings_are_read_of_whole_weights_only(shards):
    assert list(shards[0].settings()) == [shards[0].name]
    weights = shards[0].folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes().replace(b"ContextDecision", b"ContextDecisiun"))
    with pytest.raises(DamagedShardError, match="weights.safetensors is not as it was written"):
        shards[0].settings()


def test_checksums_know_whether_they_are_the_damaged_ones(shards):
    """Another sum for another file: without a sum of its own, the file it is for would be blamed."""
    file = shards[0].folder / CHECKSUMS
    sums = json.loads(file.read_text())
    file.write_text(json.dumps(sums | {"arrays.nc": "0" * 64}, indent=1))
    assert [line.split(" is ")[0] for line in shards[0].damage()] == [str(file)]


def test_early_checksums_without_one_of_their_own_are_still_read(shards):
    file = shards[0].folder / CHECKSUMS
    sums = json.loads(file.read_text())
    del sums[CHECKSUMS]
    file.write_text(json.dumps(sums, indent=1))
    assert shards[0].damage() == []
    (shards[0].folder / "arrays.nc").write_bytes(b"?")
    assert [line.split(" is ")[0] for line in shards[0].damage()] == [str(shards[0].folder / "arrays.nc")]


def test_a_shard_that_was_written_before_its_worker_died_costs_nothing(tmp_path, study, shards, monkeypatch):
    condition = study.conditions()[0]
    UnfinishedNetwork(tmp_path, condition.identity).dataset("plane", lambda: shards[0].arrays())
    monkeypatch.setattr("attrax.studies.shard_run.finish_network", None)  # nothing is computed
    said = []
    run_shard(tmp_path, [condition], said.append)
    assert [(message.identity, message.kind) for message in said] == [(condition.identity, "finished")]
    assert not (tmp_path / "unfinished").exists()


def test_verifying_beside_a_run_minds_neither_what_it_writes_nor_what_it_removes(tmp_path, shards, monkeypatch):
    open_store(tmp_path).summary()  # makes the index
    for folder in ("index", "unfinished/network"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / ".begun.7").touch()
    (index,) = (tmp_path / "index").glob("[!.]*")
    gone = (tmp_path / "unfinished/network") / index.name
    gone.write_bytes(index.read_bytes())
    really_read = Path.read_bytes

    def read(path):
        if path == gone:
            path.unlink(missing_ok=True)
        return really_read(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    assert verify(tmp_path) == []
    refuse_to_read(monkeypatch, index.name)
    assert verify(tmp_path) == [f"{index} is not as it was written; it is made again when it is needed"]


def test_what_is_done_to_arrays_that_a_store_gave_is_not_done_to_its_own(tmp_path, shards):
    store = open_store(tmp_path)
    name = shards[0].name
    first = store.arrays(name)
    first["more"] = 1
    assert "more" not in store.arrays(name)
