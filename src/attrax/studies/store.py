"""Results on disk, read without computing anything again."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrax.parquet import to_frame
from attrax.settings import SettingsError, require
from attrax.studies.columns.attributes import of_summary
from attrax.studies.conditions import Condition
from attrax.studies.index import OWN_COLUMNS, Index, open_index
from attrax.studies.shards import SHARDS, Shard
from attrax.studies.stored_parts import MissingPartError, Part, part
from attrax.studies.study import Study
from attrax.studies.study_file import parse_study
from attrax.studies.study_folder import STUDY_FILE, read_study_text

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import xarray as xr

    from attrax.networks import RecurrentNetwork

_RECENT = 32
"""Networks whose arrays are kept at hand: as many as a figure draws (a megabyte or less each)."""


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
            self._recent[identity] = unpack(self._shard(identity).arrays(networks=[identity]), identity)
        return self._recent[identity].copy(deep=True)  # what a reader writes into it is the reader's own

    def each(
        self, what: str = "arrays", networks: Sequence[str] | None = None
    ) -> "Iterator[tuple[Condition, xr.Dataset]]":
        """Go through the finished networks one by one: for stores that are larger than memory.

        Parameters
        ----------
        what
            "planes", "course", "histories", "groups", "units" or "causes", as the methods of these names return them of
            all networks at once; or "arrays", all of `arrays`. Networks that have no such thing are left out.
        networks
            Whose; None: of all.

        Yields
        ------
        The network's condition (what it was made with), and its dataset over (network, ...), with what the study varies
        as coordinates. Networks of one shard follow one another, and only its arrays are held.

        Raises
        ------
        SettingsError
            For another word, a network that there is not, or a damaged file.
        """
        known = {condition.identity: condition for condition in self.conditions}
        for piece in self._pieces(what, networks):
            for row, identity in enumerate(piece.network.values.tolist()):
                yield known[identity], piece.isel(network=[row])

    def _pieces(
        self, what: str, networks: Sequence[str] | None = None, only: Sequence[str] | None = None
    ) -> "Iterator[xr.Dataset]":
        """Yield a part of the arrays of those networks that have it, shard by shard: some networks at a time.

        With `only`, no other variables than these and the marker.
        """
        from attrax.studies.packing import alike

        asked = part(what)
        chosen = asked.chosen if only is None else lambda name, dims: name in {*only, asked.marker}
        for shard, names in self._by_shard(networks).items():
            packed = Shard(self.directory / SHARDS / shard)
            read = packed.units if asked.of_units else packed.arrays
            found = read(chosen, names)
            if found is not None and (not asked.marker or asked.marker in found):
                for piece in alike(found):
                    yield piece.assign_coords(self._factors(piece.network.values.tolist()))

    def _by_shard(self, networks: Sequence[str] | None) -> dict[str, list[str]]:
        names = [condition.identity for condition in self.conditions] if networks is None else networks
        shards: dict[str, list[str]] = {}
        for name in names:
            shards.setdefault(self._shard(name).name, []).append(name)
        return shards

    def _joined(self, what: str) -> "xr.Dataset":
        """Return a part of all networks that have it, in the order of `conditions`; an error if none has."""
        from attrax.studies.packing import join

        pieces = list(self._pieces(what))
        return join(pieces, self._in_order(pieces, part(what)))

    def _packed(
        self, what: str, networks: Sequence[str] | None = None, only: Sequence[str] | None = None
    ) -> "xr.Dataset":
        """Return the same, and of axes that differ which places are a network's own (``own_...``)."""
        from attrax.studies.packing import complete, pack

        pieces = list(self._pieces(what, networks, only))
        order = self._in_order(pieces, part(what))
        found = pack(complete(pieces))
        return found if found.network.values.tolist() == order else found.sel(network=order)

    def _in_order(self, pieces: "list[xr.Dataset]", asked: Part) -> list[str]:
        there = {name for piece in pieces for name in piece.network.values.tolist()}
        if not there:
            raise MissingPartError(asked.missing.format(self.directory))
        return [condition.identity for condition in self.conditions if condition.identity in there]

    def planes(self) -> "xr.Dataset":
        """Return the labelled planes of all networks, over (network, stage, context, start, coherences).

        What a network lacks, since an earlier version of the code made it, is NaN. See `each` where all together are
        too much for memory.

        Raises
        ------
        SettingsError
            If no network is there.
        """
        return self._joined("planes")

    def course(self) -> "xr.Dataset":
        """Return the dynamics along training, over (network, checkpoint): see `attrax.analyses.map_course`.

        Of the networks that were mapped along training. A checkpoint that a network did not reach is NaN (or empty)
        there.

        Raises
        ------
        SettingsError
            If no network has one: the study must be run with ``course = true`` under [planes].
        """
        return self._joined("course").reindex(checkpoint=self._checkpoint_names)

    @property
    def _checkpoint_names(self) -> list[str]:
        return ["initial", *self.study.checkpoints, "final"]

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
        A row for every network that was mapped along training: network, task, learner, delta, seed; reached (whether
        it got there); updates, trials and accuracy of the checkpoint; frac_fixed and so on of its stimulus-stage
        planes, as in `summary`, with wrong_side_delay and wrong_side_decision, shares of real trials on the wrong side
        when these stages begin. NaN where the network did not get there.

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
        return self.checkpoint_tables([name])[name]

    def checkpoint_tables(self, names: Sequence[str] | None = None) -> "dict[str, pd.DataFrame]":
        """Return what `summary_at` does for several checkpoints, going through the store once.

        Parameters
        ----------
        names
            Of checkpoints; None: all that the study asks for.

        Raises
        ------
        SettingsError
            As `course`.
        """
        import pandas as pd

        from attrax.studies.course_table import course_table

        asked = list(self.study.checkpoints if names is None else names)
        tables: dict[str, list[pd.DataFrame]] = {name: [] for name in asked}
        there = False
        for piece in self._pieces("course"):
            there, whole = True, piece.reindex(checkpoint=self._checkpoint_names)
            for name in asked:
                tables[name].append(course_table(whole.sel(checkpoint=name)))
        if not there:
            raise MissingPartError(part("course").missing.format(self.directory))
        return {
            name: pd.concat(rows, ignore_index=True).sort_values(
                "network", key=lambda column: column.map(self._rows), ignore_index=True
            )
            for name, rows in tables.items()
        }

    def histories(self) -> "xr.Dataset":
        """Return the training histories of all networks, over (network, update); NaN after the last one.

        Raises
        ------
        SettingsError
            If no network is there.
        """
        return self._joined("histories")

    def groups(self, networks: Sequence[str] | None = None, variables: Sequence[str] | None = None) -> "xr.Dataset":
        """Return the functional groups of all networks' units, over (network, definition, context, unit).

        Parameters
        ----------
        networks
            Whose; None: all.
        variables
            Which; None: all. What is not asked for is not read.

        Returns
        -------
        See `attrax.analyses.map_groups`; with what the study varies as coordinates. Where networks differ in size, the
        units that a network does not have are empty texts and NaN, and ``own_unit`` is -1.

        Raises
        ------
        SettingsError
            If no network has groups, or all of them are of a version that knew one definition only.
        """
        return self._packed("groups", networks, variables)

    def units(self, networks: Sequence[str] | None = None, variables: Sequence[str] | None = None) -> "xr.Dataset":
        """Return what every unit of all networks does, and how it came to, over (network, unit, ...).

        Parameters
        ----------
        networks
            Whose; None: all.
        variables
            Which; None: all. What is not asked for is not read.

        Returns
        -------
        See `attrax.analyses.map_units` and `map_unit_course`; as `groups` where networks differ in size (numbers that
        are whole, such as signs, are 0 there). A checkpoint that a network did not reach, and a feature that its task
        has not, are NaN, empty or False.

        Raises
        ------
        SettingsError
            If no network has it: the study must be run with ``units = true`` under [populations].
        """
        found = self._packed("units", networks, variables)
        if "checkpoint" not in found.coords:  # of a version that did not look at them along training
            return found
        return found.sel(checkpoint=[name for name in self._checkpoint_names if name in found.checkpoint])

    def causes(self, networks: Sequence[str] | None = None, variables: Sequence[str] | None = None) -> "xr.Dataset":
        """Return what all networks' answers depend on, over (network, ...): see `attrax.analyses.map_perturbations`.

        Parameters
        ----------
        networks
            Whose; None: all.
        variables
            Which; None: all. What is not asked for is not read.

        Raises
        ------
        SettingsError
            If no network has it: the study must be run with ``causes = true`` under [populations].
        """
        return self._packed("causes", networks, variables)

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

    def _factors(self, networks: Sequence[str]) -> dict[str, Any]:
        """Return what the study varies, as coordinates over some networks."""
        rows = [self._rows[name] for name in networks]
        said = of_summary(self._levels)
        return {name: ("network", values[rows], said[name]) for name, values in self._levels.items()}

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {condition.identity: row for row, condition in enumerate(self.conditions)}

    @cached_property
    def _levels(self) -> dict[str, Any]:
        """Column to what stands there, for each factor, in the order of `conditions`."""
        summary = self.summary()
        names = dict.fromkeys(["task", "learner", "delta", "seed", *self.study.levels])
        return {name: summary[name].to_numpy() for name in names}


def open(directory: str | Path) -> Store:
    """Open the results of a study: see `Store`."""
    return Store(directory)
