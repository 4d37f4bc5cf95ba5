"""Parts of a piece of work are kept until its result is written."""

import pytest
import xarray as xr

from attrax.unfinished import Unfinished


@pytest.fixture
def part():
    return xr.Dataset({"kind": ("point", ["a", "bb"]), "number": ("point", [1.5, float("nan")])}, attrs={"limit": 3})


def test_a_part_is_computed_once(tmp_path, part):
    computed = []
    for _ in range(3):
        found = Unfinished(tmp_path, "work").dataset("part", lambda: computed.append(1) or part)
        assert found.identical(part)
    assert computed == [1]


def test_what_is_damaged_is_computed_again(tmp_path, part):
    Unfinished(tmp_path, "work").dataset("part", lambda: part)
    (file,) = (tmp_path / "unfinished" / "work").iterdir()
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    other = part.assign(number=("point", [2.0, 3.0]))
    assert Unfinished(tmp_path, "work").dataset("part", lambda: other).identical(other)


def test_texts_are_not_cut_to_the_longest_that_was_kept(tmp_path, part):
    kept = Unfinished(tmp_path, "work").dataset("part", lambda: part)
    longer = xr.concat([kept, kept.assign(kind=("point", ["quasi-periodic", "c"]))], dim="point")
    again = Unfinished(tmp_path, "other").dataset("part", lambda: longer)
    assert again.kind.values.tolist() == ["a", "bb", "quasi-periodic", "c"]


def test_two_pieces_of_work_are_discarded_one_by_one(tmp_path, part):
    one, other = Unfinished(tmp_path, "one"), Unfinished(tmp_path, "other")
    one.dataset("part", lambda: part), other.dataset("part", lambda: part)
    one.discard()
    assert (tmp_path / "unfinished" / "other").is_dir()
    other.discard()
    assert not (tmp_path / "unfinished").exists()
    other.discard()  # there is nothing left to discard
