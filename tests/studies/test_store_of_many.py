"""Stores that are large, and stores that earlier versions of the code began."""

import gc
import weakref
from functools import cache

import numpy as np
import pytest
import xarray as xr

from attrax.settings import SettingsError
from attrax.studies import Store
from attrax.studies.array_files import read_arrays
from attrax.studies.packing import alike, complete, join, pack, unpack
from attrax.studies.shards import Shard
from tests.reports.figures.made_populations import made_causes, made_units
from tests.studies.made_up_store import LATER_COLUMNS, STUDY, write_made_up

UNITS = """
[populations]
units = true
causes = true
"""
PARTS = {
    "planes": ("kind", "period"),
    "course": ("course_kind", "course_share"),
    "histories": ("accuracy", "trials"),
    "groups": ("group_reason", "group"),
    "units": ("unit_information", "balance_share"),
    "causes": ("cause_intact", "cause_noise"),
}
"""Part to the variable without which there is none, and another of it."""


def populations(condition):
    return units_of(condition.seed)


@cache
def units_of(seed):
    units = made_units(seed, 6, updates=(0, 20, 40)).assign_coords(checkpoint=["initial", "updates 20", "final"])
    return xr.merge([units, made_causes(seed)], compat="override", join="outer")


def stripped(condition, variable):
    """Return what is made of a network without a variable, in whichever of the two files it is."""
    units = populations(condition)
    return {"without": (variable,), "units": units.drop_vars(variable, errors="ignore")}


@pytest.mark.parametrize("what", PARTS)
def test_of_a_store_in_which_only_some_have_it_these_are_returned(tmp_path, what):
    marker, other = PARTS[what]
    store = write_made_up(
        tmp_path, STUDY + UNITS,
        of=lambda c: {"units": populations(c)} if c.learner_label == "ppo" else stripped(c, marker),
    )  # fmt: skip
    found = getattr(store, what)()
    assert set(found.learner.values) == {"ppo"}
    assert found.sizes["network"] == 4
    assert {marker, other} <= set(found.data_vars)
    assert [condition.learner_label for condition, _ in store.each(what)] == ["ppo"] * 4


@pytest.mark.parametrize("what", PARTS)
def test_a_store_without_it_says_so_in_a_line(tmp_path, what):
    store = write_made_up(tmp_path, STUDY + UNITS, of=lambda c: stripped(c, PARTS[what][0]))
    with pytest.raises(SettingsError, match=f"network in {tmp_path}") as told:
        getattr(store, what)()
    assert "\n" not in str(told.value)
    assert list(store.each(what)) == []
    if what == "course":
        with pytest.raises(SettingsError, match="set course = true"):
            store.summary_at(updates=20)


@pytest.mark.parametrize("what", PARTS)
def test_networks_that_lack_a_later_variable_have_it_missing(tmp_path, what):
    other = PARTS[what][1]
    store = write_made_up(
        tmp_path, STUDY + UNITS,
        of=lambda c: {"units": populations(c)} if c.learner_label == "ppo" else stripped(c, other),
    )  # fmt: skip
    found = getattr(store, what)()
    assert found.sizes["network"] == 8
    lacking = found[other].where(found.learner == "supervised", drop=True)
    values = lacking.values
    assert (
        not np.isfinite(values).any()
        if values.dtype.kind == "f"
        else not lacking.notnull().any() or (values == "").all()
    )
    assert found[other].where(found.learner == "ppo", drop=True).notnull().any()


def test_matched_comparisons_answer_without_what_came_later(tmp_path):
    """Sides of real trials are a later analysis than the planes along training."""
    later = ("course_wrong_side", "course_period", "course_trials")
    store = write_made_up(tmp_path, of=lambda c: {"without": later} if c.learner_label == "ppo" else {})
    table = store.summary_at(updates=20)
    assert table.network.tolist() == store.summary().network.tolist()
    early, late = table[table.learner == "ppo"], table[table.learner == "supervised"]
    assert early[["wrong_side_delay", "frac_locked", "trials"]].isna().all(axis=None)
    assert late[["wrong_side_delay", "frac_locked", "trials"]].notna().all(axis=None)
    assert table.frac_fixed.notna().all()
    assert table.reached.all()


@pytest.mark.parametrize("all_of_them", [True, False])
def test_columns_of_the_summary_that_came_later_are_missing_values(tmp_path, all_of_them):
    store = write_made_up(
        tmp_path, of=lambda c: {"columns": LATER_COLUMNS} if all_of_them or c.learner_label == "ppo" else {}
    )
    summary = store.summary()
    assert set(LATER_COLUMNS) <= set(summary.columns)
    lacking = summary if all_of_them else summary[summary.learner == "ppo"]
    assert lacking[list(LATER_COLUMNS)].isna().all(axis=None)
    assert store.query("SELECT avg(frac_quasi), avg(early_answers) FROM summary").shape == (1, 2)
    assert len(store.timing()) == 8


def test_a_store_without_networks_says_so(tmp_path):
    full = write_made_up(tmp_path / "full")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "study.toml").write_text(full.study.to_toml())
    store = Store(tmp_path / "empty")
    for what in PARTS:
        with pytest.raises(SettingsError, match="no network in"):
            getattr(store, what)()
    assert store.summary().empty
    assert store.timing().empty


def test_going_through_a_store_gives_what_it_gives_of_all_at_once(tmp_path):
    """Networks stop after different numbers of updates, so that what shards hold is packed."""
    store = write_made_up(tmp_path, of=lambda c: {"updates": 3 + c.seed}, per_shard=3)
    together = store.histories()
    assert together.network.values.tolist() == [c.identity for c in store.conditions]
    assert together["update"].values.tolist() == [0, 20, 40, 60]
    seen = dict.fromkeys(c.identity for c in store.conditions)
    for condition, one in store.each("histories"):
        seen[condition.identity] = one
        assert one.sizes["update"] == 3 + condition.seed
        assert one.seed.item() == condition.seed
        alone = store.arrays(condition.identity)
        assert np.array_equal(one.accuracy, alone.accuracy)
        assert together.sel(network=[condition.identity]).accuracy.dropna("update").equals(one.accuracy)
    assert all(one is not None for one in seen.values())
    some = [store.conditions[5].identity, store.conditions[0].identity]
    assert {condition.identity for condition, _ in store.each("planes", some)} == set(some)
    with pytest.raises(SettingsError, match="there is no network 'nobody'"):
        next(store.each("planes", ["nobody"]))
    with pytest.raises(SettingsError, match="unknown part of a store 'plane'; did you mean 'planes'"):
        next(store.each("plane"))


def test_what_is_read_of_a_file_is_what_xarray_reads(tmp_path):
    store = write_made_up(tmp_path, STUDY + UNITS, of=lambda c: {"updates": 3 + c.seed, "units": populations(c)})
    for shard in store.shards:
        for file in ("arrays.nc", "units.nc"):
            content = shard.read(file)
            with xr.open_dataset(content, engine="h5netcdf") as opened:
                whole = opened.load()
            found = read_arrays(content)
            assert found.identical(whole)
            assert {name: v.dtype for name, v in found.variables.items()} == {
                name: v.dtype for name, v in whole.variables.items()
            }
            names = whole.network.values.tolist()
            for some in (names[1:2], names[::-1], names[1:3]):
                assert read_arrays(content, networks=some).identical(whole.sel(network=some))
    part = read_arrays(store.shards[0].read("arrays.nc"), lambda name, dims: name == "accuracy")
    assert set(part.variables) == {"accuracy", "network", "update", "own_update"}


def test_pieces_are_packed_as_the_networks_were(tmp_path):
    """Networks that are alike are taken out together."""
    store = write_made_up(tmp_path, of=lambda c: {"updates": 3 + c.seed}, per_shard=8)
    packed = store.shards[0].arrays()
    pieces = list(alike(packed))
    assert [piece.sizes["network"] for piece in pieces] == [4, 4]
    names = [str(name) for piece in pieces for name in piece.network.values]
    for piece in pieces:
        for row, name in enumerate(piece.network.values):
            assert piece.isel(network=[row]).identical(unpack(packed, str(name)))
    again = pack(pieces)
    assert again.sel(network=packed.network).identical(packed)
    joined = join([piece[["accuracy"]] for piece in pieces], names[::-1])
    assert joined.network.values.tolist() == names[::-1]
    lacking = complete([pieces[0], pieces[1].drop_vars(["kind", "accuracy"])])[1]
    assert (lacking.kind == "").all()
    assert lacking.accuracy.isnull().all()


def test_tables_of_checkpoints_hold_one_shard_at_a_time(tmp_path, monkeypatch):
    store = write_made_up(tmp_path, STUDY.replace("seeds = 2", "seeds = 4"), per_shard=2)
    read, really = [], Shard.arrays

    def counted(shard, chosen=None, networks=None):
        gc.collect()
        assert sum(earlier() is not None for earlier in read) <= 1  # the last one, until this one takes its place
        found = really(shard, chosen, networks)
        assert all(str(name).startswith(("course_", "own_")) for name in found.data_vars)
        read.append(weakref.ref(found))
        return found

    monkeypatch.setattr(Shard, "arrays", counted)
    tables = store.checkpoint_tables()
    assert len(tables["updates 20"]) == 16
    assert len(read) == 8
