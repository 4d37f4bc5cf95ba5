"""Results on disk, read without computing anything again."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrax.settings import SettingsError, require
from attrax.studies.conditions import Condition
from attrax.studies.index import OWN_COLUMNS, Index, open_index
from attrax.studies.parquet import to_frame
from attrax.studies.shards import SHARDS, Shard
from attrax.studies.study import Study
from attrax.studies.study_file import parse_study
from attrax.studies.study_folder import STUDY_FILE, read_study_text

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import xarray as xr

    from attrax.networks import RecurrentNetwork

_RECENT = 8
"""Networks whose arrays are kept at hand."""


class Store:
    """The finished networks of a study.

    Parameters
    ----------
    directory
        Where the study ran.

    Raises
    ------
    SettingsError
        If there is no study in it.
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)
        self._text = read_study_text(self.directory)
        self._recent: dict[str, xr.Dataset] = {}  # what was read last: a report asks for a few networks again and again

    @cached_property
    def study(self) -> Study:
        """What the study asks for."""
        return parse_study(self._text, str(self.directory / STUDY_FILE))

    @cached_property
    def _index(self) -> Index:
        return open_index(self.directory, self._text, lambda: self.study)

    @property
    def damaged(self) -> list[str]:
        """What is wrong with shards whose networks are not counted as finished, as far as their summaries tell.

        `attrax.studies.verify` reads every byte.
        """
        return list(self._index.damaged)

    @cached_property
    def conditions(self) -> list[Condition]:
        """The conditions whose networks are finished; by this version of the code, or else by an earlier one."""
        rows = to_frame(self._index.table)
        wanted = self.study.conditions()
        found = []
        for place, identity in zip(rows.get("position", ()), rows.get("network", ()), strict=True):
            if int(place) >= 0:
                condition = wanted[int(place)]
                found.append(condition if condition.identity == identity else condition.of_earlier_code(str(identity)))
        return found

    def query(self, sql: str) -> "pd.DataFrame":
        """Answer a question in SQL (DuckDB's) about the table ``summary``.

        Parameters
        ----------
        sql
            For instance ``"SELECT learner, delta, avg(frac_quasi) FROM summary GROUP BY ALL"``.

        Raises
        ------
        SettingsError
            If DuckDB cannot make sense of it, with its reason.
        """
        import duckdb

        with self._database() as database:
            try:
                return database.sql(sql).df()
            except duckdb.Error as error:
                first = str(error).splitlines()[0]
                raise SettingsError(f"the query cannot be answered: {first}") from None

    def _database(self) -> "duckdb.DuckDBPyConnection":
        import duckdb

        database = duckdb.connect(config={"autoinstall_known_extensions": False, "threads": 1})
        database.register("stored", self._index.table)
        own = ", ".join(OWN_COLUMNS)
        database.execute(
            f"CREATE VIEW summary AS SELECT * EXCLUDE ({own}) FROM stored WHERE position >= 0 ORDER BY position"
        )
        return database

    def summary(self) -> "pd.DataFrame":
        """Return a row per network: what it is, how it was trained, and the shares of its planes.

        Columns that only some networks have (a setting varied of one learner) are missing values elsewhere.
        """
        import pandas as pd

        if self._index.table.num_rows == 0:
            return pd.DataFrame()
        return self.query("SELECT * FROM summary")

    def timing(self) -> "pd.DataFrame":
        """Return a row per network of what depends on the machine: seconds, host, versions."""
        import pandas as pd

        tables = [shard.table("timing.parquet") for shard in self.shards]
        if not tables:
            return pd.DataFrame()
        joined = pd.concat(tables, ignore_index=True).set_index("network", drop=False)
        return joined.loc[[c.identity for c in self.conditions]].reset_index(drop=True)

    @cached_property
    def shards(self) -> list[Shard]:
        """The shards that hold the finished networks."""
        names = dict.fromkeys(self._places[condition.identity] for condition in self.conditions)
        return [Shard(self.directory / SHARDS / name) for name in names]

    @cached_property
    def _places(self) -> dict[str, str]:
        """Name of each network: name of its shard."""
        table = self._index.table
        return dict(zip(table.column("network").to_pylist(), table.column("shard").to_pylist(), strict=True))

    def arrays(self, identity: str) -> "xr.Dataset":
        """Return planes, orbits and history of one network.

        Raises
        ------
        SettingsError
            If there is no such network, or its file is damaged.
        """
        from attrax.studies.packing import unpack

        if identity not in self._recent:
            if len(self._recent) >= _RECENT:
                self._recent.pop(next(iter(self._recent)))
            self._recent[identity] = unpack(self._shard(identity).arrays(), identity)
        return self._recent[identity].copy()

    def _all_arrays(self) -> "list[xr.Dataset]":
        """Return the arrays of every network, in the order of `conditions`; each shard is read once."""
        found = self._unpacked(Shard.arrays)
        return [found[condition.identity] for condition in self.conditions]

    def _unpacked(self, read: "Callable[[Shard], xr.Dataset | None]") -> "dict[str, xr.Dataset]":
        """Return what is read of each shard, by the name of the network."""
        from attrax.studies.packing import unpack

        found: dict[str, xr.Dataset] = {}
        for shard in self.shards:
            packed = read(shard)
            if packed is not None:
                found |= {str(name): unpack(packed, str(name)) for name in packed.network.values}
        return found

    def planes(self) -> "xr.Dataset":
        """Return the labelled planes of all networks, over (network, stage, context, start, coherences)."""
        import xarray as xr

        planes = [
            arrays[[name for name in arrays.data_vars if _is_plane(arrays[name])]] for arrays in self._all_arrays()
        ]
        return xr.concat(planes, dim="network").assign_coords(self._factors())

    def course(self) -> "xr.Dataset":
        """Return the dynamics along training, over (network, checkpoint): see `attrax.studies.map_course`.

        A checkpoint that a network did not reach is NaN (or empty) there.

        Raises
        ------
        SettingsError
            If no network has one: the study must be run with ``course = true`` under [planes].
        """
        import xarray as xr

        courses = [
            arrays[[name for name in arrays.data_vars if str(name).startswith("course_")]]
            for arrays in self._all_arrays()
        ]
        if not any("checkpoint" in course.dims for course in courses):
            raise SettingsError(
                f"no network in {self.directory} was mapped along training; set course = true in [planes]"
            )
        return (
            xr.concat(courses, dim="network", join="outer", coords="minimal")
            .reindex(checkpoint=["initial", *self.study.checkpoints, "final"])
            .assign_coords(self._factors())
        )

    def summary_at(
        self, *, accuracy: float | None = None, updates: int | None = None, trials: int | None = None
    ) -> "pd.DataFrame":
        """Compare networks at matched accuracy, after equal updates, or after equal training trials.

        These are three comparisons, and can answer differently: a rule that needs few, small updates keeps more of the
        dynamics of its first weights.

        Parameters
        ----------
        accuracy, updates, trials
            One of them: a checkpoint that the study asked for (checkpoint_accuracies, checkpoint_updates or
            checkpoint_trials under [stopping]).

        Returns
        -------
        A row for every network: network, task, learner, delta, seed; reached (whether it got there); updates, trials
        and accuracy of the checkpoint; frac_fixed and so on of its stimulus-stage planes, as in `summary`, with
        wrong_side_delay and wrong_side_decision, shares of real trials on the wrong side when these stages begin. NaN
        where the network did not get there.

        Raises
        ------
        SettingsError
            For none or several of the three, or a checkpoint that the study has not; and as `course`.
        """
        asked = {"accuracy": accuracy, "updates": updates, "trials": trials}
        given = {name: value for name, value in asked.items() if value is not None}
        require(len(given) == 1, "summary_at needs one of accuracy, updates and trials")
        (counted, value), known = next(iter(given.items())), self.study.checkpoints
        name = next((name for name, what in known.items() if what == (counted, value)), None)
        if name is None:
            have = ", ".join(f"{what[0]}={what[1]:.15g}" for what in known.values())
            raise SettingsError(f"this study has no checkpoint at {counted}={value:.15g}; it has {have or 'none'}")
        from attrax.studies.training_course import course_table

        return course_table(self.course().sel(checkpoint=name))

    def histories(self) -> "xr.Dataset":
        """Return the training histories of all networks, over (network, update); NaN after the last one."""
        import xarray as xr

        histories = [
            arrays[[name for name in arrays.data_vars if arrays[name].dims == ("network", "update")]]
            for arrays in self._all_arrays()
        ]
        return xr.concat(histories, dim="network", join="outer").assign_coords(self._factors())

    def groups(self) -> "xr.Dataset":
        """Return the functional groups of all networks' units, over (network, definition, context, unit).

        Returns
        -------
        See `attrax.studies.map_groups`; with what the study varies as coordinates. Where networks differ in size, the
        units that a network does not have are empty texts and NaN, and ``own_unit`` is -1.

        Raises
        ------
        SettingsError
            If no network has groups, or all of them are of a version that knew one definition only.
        """
        return self._with_names(
            Shard.arrays,
            ("group", "choice_"),
            "group_reason",
            "no network in {} has groups: an earlier version made them; run the study again",
        )

    def units(self) -> "xr.Dataset":
        """Return what every unit of all networks does, and how it came to, over (network, unit, ...).

        Returns
        -------
        See `attrax.studies.map_units` and `map_unit_course`; as `groups` where networks differ in size (numbers that
        are whole, such as signs, are 0 there). A checkpoint that a network did not reach, and a feature that its task
        has not, are NaN, empty or False.

        Raises
        ------
        SettingsError
            If no network has it: the study must be run with ``units = true`` under [populations].
        """
        found = self._with_names(
            Shard.units,
            ("unit_", "units_course_", "balance_", "connectivity_"),
            "unit_information",
            "the units of no network in {} were looked at; set units = true in [populations]",
        )
        in_order = [name for name in ("initial", *self.study.checkpoints, "final") if name in found.checkpoint]
        return found.sel(checkpoint=in_order)

    def causes(self) -> "xr.Dataset":
        """Return what all networks' answers depend on, over (network, ...): see `attrax.studies.map_causes`.

        Raises
        ------
        SettingsError
            If no network has it: the study must be run with ``causes = true`` under [populations].
        """
        return self._with_names(
            Shard.units,
            ("cause_",),
            "cause_intact",
            "no network in {} was tried with lesions; set causes = true in [populations]",
        )

    def _with_names(
        self, read: "Callable[[Shard], xr.Dataset | None]", starts: tuple[str, ...], marker: str, without: str
    ) -> "xr.Dataset":
        """Return the variables whose names begin so, of the networks that have the marker; an error if none has."""
        from attrax.studies.packing import pack

        all_arrays, found, places = self._unpacked(read), [], []
        for place, condition in enumerate(self.conditions):
            arrays = all_arrays.get(condition.identity)
            if arrays is not None and marker in arrays:
                found.append(arrays[[name for name in arrays.data_vars if str(name).startswith(starts)]])
                places.append(place)
        if not found:
            raise SettingsError(without.format(self.directory))
        columns = {name: (dims, values[places]) for name, (dims, values) in self._factors().items()}
        return pack(found).assign_coords(columns)

    def network(self, identity: str) -> "RecurrentNetwork":
        """Return a trained network, alive."""
        return self.networks(identity)["final"]

    def networks(self, identity: str) -> "dict[str, RecurrentNetwork]":
        """Return a trained network and its checkpoints, by name; raises as `arrays`."""
        return self._shard(identity).networks(identity)

    def _shard(self, identity: str) -> Shard:
        if identity not in self._places:
            raise SettingsError(f"there is no network {identity!r} in {self.directory}; see summary().network")
        return Shard(self.directory / SHARDS / self._places[identity])

    def _factors(self) -> dict[str, Any]:
        """Return what the study varies, as coordinates over the networks."""
        summary = self.summary()
        names = ["task", "learner", "delta", "seed", *self.study.levels]
        return {name: ("network", summary[name].to_numpy()) for name in dict.fromkeys(names)}


def _is_plane(array: "xr.DataArray") -> bool:
    return "coherence_1" in array.dims and "checkpoint" not in array.dims


def open(directory: str | Path) -> Store:
    """Open the results of a study: see `Store`."""
    return Store(directory)
