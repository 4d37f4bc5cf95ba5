"""Files that are whole or not there, and folders that disks confirm or cannot."""

import errno
import os
from pathlib import Path

import pytest

from attrax.checked_files import make_folders, rename, sync_folder, write_whole
from attrax.studies.shards import remove_leftovers


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_confirms_no_folders_is_put_up_with(tmp_path, monkeypatch, code):
    monkeypatch.setattr(os, "fsync", lambda file: _refuse(code))
    sync_folder(tmp_path)


def test_a_platform_that_opens_no_folders_is_put_up_with(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "open", lambda *arguments: _refuse(errno.EACCES))
    sync_folder(tmp_path)


def test_a_disk_that_fails_to_confirm_a_name_is_told(tmp_path, monkeypatch):
    (tmp_path / "old").touch()
    monkeypatch.setattr(os, "fsync", lambda file: _refuse(errno.EIO))
    with pytest.raises(OSError, match="Input/output error"):
        rename(tmp_path / "old", tmp_path / "new")


def _refuse(code):
    raise OSError(code, os.strerror(code))


def test_a_write_that_fails_leaves_nothing_behind_and_the_old_file_whole(tmp_path, monkeypatch):
    write_whole(tmp_path / "file", b"old")
    monkeypatch.setattr(os, "fsync", lambda file: _refuse(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "file", b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_a_folder_that_another_process_removes_meanwhile_is_made_again(tmp_path, monkeypatch):
    """As `unfinished/`, which whoever finishes the last network in it removes."""
    really_make, removed = Path.mkdir, []

    def remove_once(folder, *arguments, **options):
        if folder.name == "network" and not removed:
            removed.append(folder.parent.rmdir())
        return really_make(folder, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", remove_once)
    make_folders(tmp_path / "unfinished" / "network")
    assert removed
    assert (tmp_path / "unfinished" / "network").is_dir()


def test_what_a_killed_run_has_begun_to_write_is_removed_and_nothing_else(tmp_path):
    for name in ("shards", "index", "unfinished/network", "shards/.begun.7", "shards/whole"):
        (tmp_path / name).mkdir(parents=True)
    begun = ["index/.networks.7", "unfinished/network/.plane.nc.7", ".study.toml.7", ".run.json.7", "shards/.begun.7/a"]
    kept = ["index/networks", "unfinished/network/plane.nc", "study.toml", "run.json", ".lock", ".my.notes"]
    for name in begun + kept:
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()) == sorted(kept)
    assert sorted(path.name for path in (tmp_path / "shards").iterdir()) == ["whole"]
