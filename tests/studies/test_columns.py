"""What every column and variable means: said once, of all that there is and of nothing else."""

import jax
import numpy as np
import pyarrow.parquet as pq
import pytest
import xarray as xr

from attrax.learning import LEARNERS
from attrax.learning.compiled_training import initial_network
from attrax.networks import NetworkSettings
from attrax.studies import parse_study, shards
from attrax.studies.array_files import read_arrays
from attrax.studies.columns import ARRAYS, SECTIONS, SUMMARY, TIMING, UNITS
from attrax.studies.columns.attributes import with_attributes
from attrax.studies.columns.axes import BARE_AXES_OF_ARRAYS, BARE_AXES_OF_UNITS
from attrax.studies.columns.course_variables import HISTORY
from attrax.studies.columns.described import ONE, TEXT, TRUE_OR_FALSE
from attrax.studies.columns.page import page
from attrax.studies.packing import alike, complete, join, pack, unpack
from tests.studies.made_up_shards import made_up_study
from tests.studies.made_up_store import STUDY, write_made_up

TABLES = {"summary.parquet": SUMMARY, "timing.parquet": TIMING, "arrays.nc": ARRAYS, "units.nc": UNITS}
FILES = {"arrays.nc": (ARRAYS, BARE_AXES_OF_ARRAYS), "units.nc": (UNITS, BARE_AXES_OF_UNITS)}
OF_EVERY_RULE = {"trials", "accuracy", "early_answers", "reward", "weight_norm", "spectral_radius"}
"""What the training loop records."""


def files_of(store, file):
    """Return what is stored under a name in all shards, as any reader of netCDF sees it."""
    return [xr.open_dataset(shard.read(file), engine="h5netcdf").load() for shard in store.shards]


# --- All that there is, and nothing else ---


def test_every_column_is_described_and_no_other(tiny_store):
    assert set(tiny_store.summary()) == set(SUMMARY)
    assert set(tiny_store.timing()) == set(TIMING)


@pytest.mark.parametrize("file", FILES)
def test_every_variable_and_axis_is_described_as_it_is_and_no_other(tiny_store, file):
    table, bare = FILES[file]
    found = files_of(tiny_store, file)
    dims = {str(name): variable.dims for dataset in found for name, variable in dataset.variables.items()}
    assert dims == {name: table[name].dims for name in table.keys() - ({"used"} if table is ARRAYS else set())}
    assert {str(dim) for dataset in found for dim in dataset.dims} - dims.keys() == bare.keys()


def test_a_description_says_what_values_are(tiny_store):
    for file, (table, _) in FILES.items():
        for dataset in files_of(tiny_store, file):
            for name, variable in dataset.variables.items():
                kind = variable.dtype.kind if variable.dtype != object else "U"
                said = {TEXT: "U", TRUE_OR_FALSE: "b"}.get(table[name].unit, "number")
                assert said == (kind if kind in "Ub" else "number"), name
    for table, frame in ((SUMMARY, tiny_store.summary()), (TIMING, tiny_store.timing())):
        for name, column in frame.items():
            texts = not np.issubdtype(column.to_numpy().dtype, np.number) and column.dtype != bool
            assert (table[name].unit == TEXT) == texts, name
            assert (table[name].unit == TRUE_OR_FALSE) == (column.dtype == bool), name


def test_what_every_learning_rule_records_is_described(easy_task):
    """Also what no rule of the tiny study records; and no metric is described that none records."""
    network = initial_network(easy_task, NetworkSettings(delta=0.3, n_hidden=4), 0)
    recorded = set()
    for name in LEARNERS.names():
        learner = LEARNERS.build(name, {})
        state = jax.eval_shape(lambda k, of=learner: of.start(easy_task, network, k, k), jax.random.key(0))
        recorded |= set(jax.eval_shape(lambda s, of=learner: of.update(easy_task, s)[1], state))
    assert recorded | OF_EVERY_RULE == HISTORY.keys()


@pytest.mark.parametrize("file", TABLES)
def test_words_are_whole_sentences_that_stand_alone(file):
    names = [name for section in SECTIONS[file] for name in section.columns]
    assert sorted(names) == sorted(TABLES[file])  # in one section each
    for name, said in TABLES[file].items():
        assert said.unit, name
        assert said.meaning.endswith("."), name
        assert said.meaning.count(". ") <= 1, name
        assert len(said.meaning) <= 300, name
        assert not said.meaning.startswith(("The same", "It ", "Those")), name
        assert "\n" not in said.meaning
        assert "`" not in said.meaning


def test_no_unit_makes_dates_of_numbers():
    """As "seconds" would, or "days since"."""
    units = sorted({said.unit for table, _ in FILES.values() for said in table.values()})
    data = xr.Dataset({f"v{i}": ("x", np.array([0.0, 1.5]), {"units": unit}) for i, unit in enumerate(units)})
    again = xr.open_dataset(bytes(data.to_netcdf(engine="h5netcdf")), engine="h5netcdf").load()
    assert again.drop_encoding().identical(data)
    assert {ONE, "steps", "updates", "trials", "bits"} <= {*units}


# --- In files, and in what is read of them ---


def words_missing(dataset):
    return [
        str(name)
        for name, variable in dataset.variables.items()
        if not variable.attrs.get("long_name") or not variable.attrs.get("units")
    ]


@pytest.mark.parametrize("file", FILES)
def test_the_words_are_in_the_files_of_arrays(tiny_store, file):
    table, _ = FILES[file]
    for dataset in files_of(tiny_store, file):
        for name, variable in dataset.variables.items():
            assert variable.attrs == table[name].attributes()


@pytest.mark.parametrize("file", ["summary.parquet", "timing.parquet"])
def test_the_words_are_in_the_files_of_tables(tiny_store, file):
    import pyarrow as pa

    for shard in tiny_store.shards:
        schema = pq.read_schema(pa.BufferReader(shard.read(file)))
        assert len(schema.names) == len(TABLES[file])
        for name in schema.names:
            said = {key.decode(): value.decode() for key, value in schema.field(name).metadata.items()}
            assert TABLES[file][name].attributes().items() <= said.items()


@pytest.mark.parametrize("file", FILES)
def test_words_change_no_value_dimension_or_type(tiny_store, file):
    table, _ = FILES[file]
    for shard in tiny_store.shards:
        plain = read_arrays(shard.read(file)).drop_encoding().drop_attrs()
        assert words_missing(plain)
        contents = [each.to_netcdf(engine="h5netcdf") for each in (plain, with_attributes(plain, table))]
        assert not any(variable.attrs for variable in plain.variables.values())  # it got a copy
        without, described = (read_arrays(bytes(content)) for content in contents)
        assert not words_missing(described)
        assert without.identical(described.drop_attrs())
        assert {n: v.dtype for n, v in without.variables.items()} == {
            n: v.dtype for n, v in described.variables.items()
        }


def test_whatever_a_store_returns_says_what_it_means(tiny_store):
    for identity in tiny_store.summary().network:
        assert words_missing(tiny_store.arrays(identity)) == []
    assert tiny_store.arrays(identity).kind.attrs == ARRAYS["kind"].attributes()
    for what in ("planes", "course", "histories", "groups", "units", "causes"):
        assert words_missing(getattr(tiny_store, what)()) == [], what
        assert all(words_missing(dataset) == [] for _, dataset in tiny_store.each(what)), what


def test_files_without_words_are_read_with_them(tmp_path, monkeypatch):
    """As an earlier version of the code wrote them."""
    with monkeypatch.context() as patch:
        patch.setattr(shards, "with_attributes", lambda arrays, known: arrays)
        store = write_made_up(tmp_path)
        assert store.arrays(store.conditions[0].identity).kind.attrs == {}
    again = type(store)(tmp_path)
    assert again.arrays(again.conditions[0].identity).kind.attrs == ARRAYS["kind"].attributes()
    assert words_missing(again.planes()) == []


def test_a_file_keeps_its_own_words():
    own = xr.Dataset({"kind": ("network", ["chaotic"], {"long_name": "As it was then."})})
    assert with_attributes(own, ARRAYS).kind.attrs == {"long_name": "As it was then.", "units": TEXT}


def test_what_is_not_known_is_left_without_words():
    """A metric of a learner of one's own."""
    assert with_attributes(xr.Dataset({"surprise": ("network", [1.0])}), ARRAYS).surprise.attrs == {}


def test_networks_that_differ_in_an_axis_keep_the_words(tmp_path):
    store = write_made_up(tmp_path, of=lambda condition: {"updates": 3 + condition.seed})
    (name, *_) = store.summary().network
    assert any("own_update" in shard.arrays() for shard in store.shards)
    for shard in store.shards:
        packed = shard.arrays()
        assert words_missing(packed) == []
        assert words_missing(unpack(packed, packed.network.values[0])) == []
        assert all(words_missing(piece) == [] for piece in alike(packed))
    for what in ("planes", "course", "histories", "groups"):
        assert words_missing(getattr(store, what)()) == [], what
    assert words_missing(pack([piece for _, piece in store.each("histories")])) == []
    assert store.arrays(name)["update"].attrs == ARRAYS["update"].attributes()
    assert shard.arrays().own_update.attrs["long_name"].startswith("Which places along update are the network's own")


@pytest.mark.parametrize("lacking", [0, 1])
def test_a_variable_that_only_some_networks_have_keeps_its_words(lacking):
    pieces = [
        with_attributes(
            xr.Dataset({"kind": ("network", ["chaotic"]), "period": ("network", [i])}, {"network": [f"n{i}"]}), ARRAYS
        )
        for i in range(2)
    ]
    pieces[lacking] = pieces[lacking].drop_vars("kind")
    assert words_missing(pack(complete(pieces))) == []
    assert words_missing(join(list(pieces), ["n0", "n1"])) == []


# --- What a study varies ---


def test_a_varied_setting_says_so(tmp_path):
    store = write_made_up(tmp_path, STUDY + "[crossed]\nlearners.ppo.entropy_weight = [0.0, 0.1]\n")
    assert "entropy_weight" in store.summary()
    said = store.planes().entropy_weight.attrs["long_name"]
    assert said == "The setting entropy_weight, which the study varies."
    schema = pq.read_schema(next(shard.folder / "summary.parquet" for shard in store.shards))
    assert schema.field("entropy_weight").metadata[b"long_name"].decode() == said


def test_a_column_that_is_no_setting_is_not_described_in_the_timing(tmp_path, bare_study_text):
    (shard, *_) = made_up_study(tmp_path, parse_study(bare_study_text))
    assert not pq.read_schema(shard.folder / "timing.parquet").field("seconds").metadata


# --- The page ---


def test_the_page_is_what_the_code_says(request):
    file = request.config.rootpath / "docs" / "columns.md"
    assert file.read_text(encoding="utf-8") == page(), "run `make columns`"


def test_the_page_names_everything_once_in_a_table():
    text = page()
    for file, table in TABLES.items():
        part = text.split(f"\n## {file}\n")[1].split("\n## ")[0]
        for name in table:
            assert part.count(f"\n| `{name}` |") == 1, (file, name)
