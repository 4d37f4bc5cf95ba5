"""The index of a study's folder: a row for each stored network, so that opening a large study takes no time.

It says nothing that the shards do not say, and is made again from them whenever it is missing, damaged, of another
study or of another version of the code.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from attrax.checked_files import read_checked, write_checked
from attrax.parquet import read_table, table_as_bytes, to_frame
from attrax.source_version import source_version
from attrax.studies.conditions import Condition, code_version, complete_settings
from attrax.studies.shards import DamagedShardError, Shard, shards_in

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from attrax.studies.study import Study

FOLDER = "index"
OWN_COLUMNS = ("shard", "settings_hash", "by_this_code", "position")
"""Columns of the index that are no results: where a network is, what made it, and its place in the study (-1: the study
has no such network, or has it from a shard of this version of the code)."""

_OF_EVERY_NETWORK = (
    "accuracy", "accuracy_in_a_row", "early_answers", "updates", "trials", "spectral_radius", "frac_fixed",
    "frac_cycle", "frac_locked", "frac_quasi", "frac_chaotic", "frac_divergent", "frac_undecided", "period_excluded",
    "relaxation_time", "trial_distance",
)  # fmt: skip
"""Numbers that the summary of every network has today: of networks from before one was known, it is missing."""


class Index(NamedTuple):
    """What is stored in a study's folder."""

    table: "pa.Table"
    """A row a network: `OWN_COLUMNS` and the summary's."""
    damaged: list[str]
    """What is wrong with the shards that could not be read."""


def _own_version() -> str:
    """Return a hash of the source that says what stands in the index."""
    return source_version("settings.py", "analyses", "studies")


def settings_hash(text: str) -> str:
    """Return a hash of settings that are written as JSON."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def open_index(directory: Path, study_text: str, study: "Any") -> Index:
    """Return the index of a folder, brought up to date, and keep it there.

    Parameters
    ----------
    directory
        The study's folder.
    study_text
        The study as it stands in the folder.
    study
        A function that returns the study; called only if there is something new.
    """
    made_for = hashlib.sha256((study_text + code_version() + _own_version()).encode()).hexdigest()
    kept = _read(directory, made_for)
    shards = {shard.name: shard for shard in shards_in(directory)}
    known = set() if kept is None else set(kept.column("shard").unique().to_pylist())
    new = [shard for name, shard in shards.items() if name not in known]
    if kept is not None and not new and known <= set(shards):
        return Index(kept, [])
    tables, damaged = _read_shards(new, study())
    if kept is not None:
        import pyarrow.compute as pc

        tables.insert(0, kept.filter(pc.is_in(kept.column("shard"), value_set=_texts(list(shards)))))
    table = _choose(tables, study())
    if known or tables:
        _write(directory, table, made_for)
    return Index(table, damaged)


def _texts(values: Sequence[str]) -> "pa.Array":
    import pyarrow as pa

    return pa.array(values, pa.string())


def _read(directory: Path, made_for: str) -> "pa.Table | None":
    content = read_checked(directory / FOLDER, "networks", "parquet")
    if content is None:
        return None
    table = read_table(content)
    return table if (table.schema.metadata or {}).get(b"made_for") == made_for.encode() else None


def _write(directory: Path, table: "pa.Table", made_for: str) -> None:
    content = table_as_bytes(table, {"made_for": made_for}, compression="zstd")
    try:
        write_checked(directory / FOLDER, "networks", "parquet", content)
    except OSError:  # read only, or full: it is made again next time
        return


def _read_shards(shards: Sequence[Shard], study: "Study") -> tuple[list["pa.Table"], list[str]]:
    """Return the rows of shards, with what made them."""
    import pyarrow as pa

    of_this_code = {condition.identity: condition for condition in study.conditions()}
    tables, damaged = [], []
    for shard in shards:
        try:
            rows = read_table(shard.read("summary.parquet")).replace_schema_metadata()
            names = rows.column("network").to_pylist()
            if all(name in of_this_code for name in names):
                texts = {name: of_this_code[name].settings_text for name in names}
            else:
                texts = {name: _text(stored) for name, stored in shard.settings().items()}
            hashes = [settings_hash(texts[name]) for name in names]
        except DamagedShardError as error:
            damaged.append(str(error))
            continue
        except Exception as error:  # its checksums are right, and yet it is no shard: nothing of it is read
            damaged.append(f"{shard.folder} holds no networks ({type(error).__name__}: {error})")
            continue
        rows = rows.append_column("shard", pa.array([shard.name] * len(names), pa.string()))
        rows = rows.append_column("settings_hash", pa.array(hashes, pa.string()))
        rows = rows.append_column("by_this_code", pa.array([name in of_this_code for name in names], pa.bool_()))
        tables.append(rows)
    return tables, damaged


def _text(stored: Mapping[str, Any]) -> str:
    return json.dumps(complete_settings(dict(stored)), sort_keys=True)


def _with_equal_types(tables: Sequence["pa.Table"]) -> list["pa.Table"]:
    """Make texts of columns that are not of one type in all tables: settings that were once varied in another way."""
    import pyarrow as pa

    kinds: dict[str, set[Any]] = {}
    for table in tables:
        for field in table.schema:
            kind = "number" if pa.types.is_integer(field.type) or pa.types.is_floating(field.type) else str(field.type)
            kind = "text" if pa.types.is_string(field.type) or pa.types.is_large_string(field.type) else kind
            kinds.setdefault(field.name, set()).add(kind)
    mixed = {name for name, found in kinds.items() if len(found - {"null"}) > 1}
    return [
        table.cast(pa.schema([pa.field(f.name, pa.string()) if f.name in mixed else f for f in table.schema]))
        for table in tables
    ]


def _choose(tables: Sequence["pa.Table"], study: "Study") -> "pa.Table":
    """Join rows; give each network of the study its place in it, and the labels that it has there.

    Where both this version of the code and an earlier one made a network, this one's counts; of several earlier ones,
    any, but always the same.
    """
    import pandas as pd
    import pyarrow as pa

    if not tables:
        return pa.table({name: pa.array([], pa.string()) for name in ("network", *OWN_COLUMNS)})
    frame = to_frame(pa.concat_tables(_with_equal_types(tables), promote_options="permissive"))
    conditions = study.conditions()
    places = {settings_hash(condition.settings_text): place for place, condition in enumerate(conditions)}
    frame["position"] = frame.settings_hash.map(places).fillna(-1).astype("int64")
    frame = frame.sort_values(["position", "by_this_code", "shard"], ascending=[True, False, True], kind="stable")
    superseded = frame.duplicated("position") & (frame.position >= 0)
    frame.loc[superseded, "position"] = -1
    frame = frame.sort_values("position", kind="stable", ignore_index=True)
    frame = _labelled(frame, [conditions[place] for place in frame.position if place >= 0])
    frame = frame.assign(**{name: np.nan for name in _OF_EVERY_NETWORK if name not in frame})
    if "status" not in frame:
        frame["status"] = pd.Series(pd.NA, index=frame.index, dtype="string")
    for name in frame.columns:  # a column of texts in which some are missing
        if frame[name].dtype == object:
            frame[name] = frame[name].astype("string")
    table: pa.Table = pa.Table.from_pandas(pd.DataFrame(frame), preserve_index=False, nthreads=1)
    return table


def _labelled(frame: "pd.DataFrame", conditions: Sequence[Condition]) -> "pd.DataFrame":
    """Write what the study calls things over what it called them when a network was made."""
    import pandas as pd

    if not conditions:
        return frame
    there = (frame.position >= 0).to_numpy()
    rows = [condition.factors for condition in conditions]
    for name in dict.fromkeys(name for row in rows for name in row):
        column = pd.Series(frame.get(name), index=frame.index, dtype=object)
        column[there] = pd.Series([row.get(name) for row in rows], index=frame.index[there], dtype=object)
        frame[name] = column.convert_dtypes()  # types that have a missing value of their own
    return frame
