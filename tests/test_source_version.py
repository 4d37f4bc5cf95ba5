"""What is hashed of the source: whole rooms, however deep."""

import shutil
from pathlib import Path

import pytest

import attrax
from attrax.source_version import source_version
from attrax.studies.conditions import NUMBERS_COME_FROM


@pytest.fixture
def package(tmp_path):
    deep = tmp_path / "room" / "cabinet" / "drawer"
    deep.mkdir(parents=True)
    for folder in (deep, deep.parent, deep.parent.parent):
        (folder / "numbers.py").write_text("x = 1\n")
    (tmp_path / "keys.py").write_text("key = 1\n")
    (tmp_path / "other.py").write_text("y = 1\n")
    return tmp_path


def version(package: Path) -> str:
    source_version.cache_clear()
    return source_version("room", "keys.py", package=package)


@pytest.mark.parametrize(
    "file", ["room/numbers.py", "room/cabinet/numbers.py", "room/cabinet/drawer/numbers.py", "keys.py"]
)
def test_a_changed_file_changes_the_version_however_deep_it_lies(package, file):
    before = version(package)
    (package / file).write_text("x = 2\n")
    assert version(package) != before


def test_a_file_that_is_new_gone_or_elsewhere_changes_it(package):
    seen = {version(package)}
    (package / "room" / "cabinet" / "new.py").write_text("")
    seen.add(version(package))
    shutil.move(package / "room" / "cabinet" / "new.py", package / "room" / "cabinet" / "drawer" / "new.py")
    seen.add(version(package))
    (package / "room" / "cabinet" / "drawer" / "new.py").unlink()
    (package / "room" / "cabinet" / "numbers.py").unlink()
    seen.add(version(package))
    assert len(seen) == 4


def test_what_lies_elsewhere_and_what_is_no_source_does_not(package):
    before = version(package)
    (package / "other.py").write_text("y = 2\n")
    (package / "room" / "cabinet" / "notes.txt").write_text("read me")
    assert version(package) == before


def test_a_line_that_moves_from_one_file_to_the_next_changes_it(package):
    (package / "room" / "a.py").write_text("one\n")
    (package / "room" / "b.py").write_text("two\n")
    before = version(package)
    (package / "room" / "a.py").write_text("one\ntwo\n")
    (package / "room" / "b.py").write_text("")
    assert version(package) != before


def test_a_room_that_is_not_there_is_refused(package):
    with pytest.raises(FileNotFoundError, match="attic"):
        source_version("attic", package=package)


def test_networks_are_named_by_whole_rooms_that_are_there():
    package = Path(attrax.__file__).parent
    assert all((package / place).exists() for place in NUMBERS_COME_FROM)
    source_version.cache_clear()
    assert source_version(*NUMBERS_COME_FROM)
