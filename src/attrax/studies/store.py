"""Results on disk: one shard a network, written once, and read without computing anything again."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrax.settings import SettingsError, require
from attrax.studies.conditions import Condition, complete_settings
from attrax.studies.study import Study
from attrax.studies.study_file import parse_study

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from attrax.networks import RecurrentNetwork

STUDY_FILE = "study.toml"
_CHECKSUMS = "checksums.json"


def prepare(directory: Path, study: Study) -> None:
    """Make a study's folder, or go on in it.

    Raises
    ------
    SettingsError
        If the folder holds something else, cannot be written, or holds finished networks that this study has not:
        they would be lost from sight. Nothing is changed then.
    """
    study_file = directory / STUDY_FILE
    if directory.exists() and not directory.is_dir():
        raise SettingsError(f"{directory} is a file; name a folder that is new or holds this study")
    if directory.is_dir() and any(directory.iterdir()):
        if not study_file.is_file():
            raise SettingsError(f"{directory} holds something else; name a folder that is new or holds this study")
        present = Store(directory)
        if present.study.name != study.name:
            raise SettingsError(
                f"{directory} holds the study {present.study.name!r}, not {study.name!r}; name another folder"
            )
        wanted = [condition.settings for condition in study.conditions()]
        lost = [condition.title for condition in present.conditions if condition.settings not in wanted]
        if lost:
            raise SettingsError(
                f"{directory} holds {len(lost)} finished networks that this study has not (the first: {lost[0]}); "
                "keep them in the study, or name another folder"
            )
    try:
        (directory / "shards").mkdir(parents=True, exist_ok=True)
        temporary = study_file.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(study.to_toml(), encoding="utf-8")
        temporary.replace(study_file)
    except OSError as error:
        raise SettingsError(f"{directory} cannot be written: {error.strerror}; name another folder") from None


def is_finished(directory: Path, identity: str) -> bool:
    """Whether a network's shard is there (a shard appears under its name only when it is complete)."""
    return (directory / "shards" / identity / _CHECKSUMS).is_file()


def write_shard(
    directory: Path,
    identity: str,
    summary: Mapping[str, Any],
    timing: Mapping[str, Any],
    arrays: "xr.Dataset",
    networks: "Mapping[str, RecurrentNetwork]",
    settings: Mapping[str, Any],
) -> None:
    """Write a network's results under a temporary name, with checksums, then rename: all of it or nothing."""
    import pandas as pd

    from attrax.networks import save_networks

    shards = directory / "shards"
    temporary = shards / f".{identity}.{os.getpid()}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    pd.DataFrame([summary]).to_parquet(temporary / "summary.parquet", index=False)
    pd.DataFrame([timing]).to_parquet(temporary / "timing.parquet", index=False)
    arrays.drop_encoding().to_netcdf(temporary / "arrays.nc", engine="h5netcdf")
    metadata = {"settings": json.dumps(settings, sort_keys=True)}
    save_networks(
        temporary / "weights.safetensors",
        {f"{identity}/{name}": net for name, net in networks.items()},
        metadata,
    )
    checksums = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(temporary.iterdir())}
    (temporary / _CHECKSUMS).write_text(json.dumps(checksums, indent=1), encoding="utf-8")
    for file in temporary.iterdir():
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
    target = shards / identity
    if is_finished(directory, identity):  # another run was faster: equal settings and code give equal results
        shutil.rmtree(temporary)
        return
    shutil.rmtree(target, ignore_errors=True)  # incomplete: not of our making, and it would stay in the way
    temporary.replace(target)


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
        study_file = self.directory / STUDY_FILE
        if not study_file.is_file():
            raise SettingsError(f"{directory} holds no study: there is no {STUDY_FILE} in it")
        try:
            self.study = parse_study(study_file.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            raise SettingsError(f"{study_file} is not a text in UTF-8") from None
        self.conditions = self._finished()
        """The conditions whose networks are finished; by this version of the code, or else by an earlier one."""

    def _finished(self) -> list[Condition]:
        shards = {}
        for shard in sorted((self.directory / "shards").glob("[!.]*"), key=lambda path: path.stat().st_mtime):
            if is_finished(self.directory, shard.name):
                shards[_settings_text(shard)] = shard.name
        finished = []
        for condition in self.study.conditions():
            stored = shards.get(json.dumps(condition.settings, sort_keys=True))
            if is_finished(self.directory, condition.identity):
                finished.append(condition)
            elif stored is not None:
                finished.append(condition.of_earlier_code(stored))
        return finished

    def summary(self) -> "pd.DataFrame":
        """Return a row per network: what it is, how it was trained, and the shares of its planes."""
        return self._table("summary.parquet")

    def timing(self) -> "pd.DataFrame":
        """Return a row per network of what depends on the machine: seconds, host, versions."""
        return self._table("timing.parquet")

    def arrays(self, identity: str) -> "xr.Dataset":
        """Return planes, orbits and history of one network."""
        import xarray as xr

        with xr.open_dataset(self._shard(identity) / "arrays.nc", engine="h5netcdf") as dataset:
            return dataset.load()

    def planes(self) -> "xr.Dataset":
        """Return the labelled planes of all networks, over (network, stage, context, start, coherences)."""
        import xarray as xr

        planes = []
        for condition in self.conditions:
            arrays = self.arrays(condition.identity)
            planes.append(arrays[[name for name in arrays.data_vars if _is_plane(arrays[name])]])
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

        courses = []
        for condition in self.conditions:
            arrays = self.arrays(condition.identity)
            courses.append(arrays[[name for name in arrays.data_vars if str(name).startswith("course_")]])
        if not any("checkpoint" in course.dims for course in courses):
            raise SettingsError(
                f"no network in {self.directory} was mapped along training; set course = true in [planes]"
            )
        order = list(self.study.stopping.checkpoints)
        return (
            xr.concat(courses, dim="network", join="outer", coords="minimal")
            .reindex(checkpoint=["initial", *order, "final"])
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
        (counted, value), known = next(iter(given.items())), self.study.stopping.checkpoints
        name = next((name for name, what in known.items() if what == (counted, value)), None)
        if name is None:
            have = ", ".join(f"{what[0]}={what[1]:.15g}" for what in known.values())
            raise SettingsError(f"this study has no checkpoint at {counted}={value:.15g}; it has {have or 'none'}")
        from attrax.studies.training_course import course_table

        return course_table(self.course().sel(checkpoint=name))

    def histories(self) -> "xr.Dataset":
        """Return the training histories of all networks, over (network, evaluation); NaN after the last one."""
        import xarray as xr

        histories = []
        for condition in self.conditions:
            arrays = self.arrays(condition.identity)
            histories.append(arrays[[name for name in arrays.data_vars if arrays[name].dims == ("network", "update")]])
        return xr.concat(histories, dim="network", join="outer").assign_coords(self._factors())

    def network(self, identity: str) -> "RecurrentNetwork":
        """Return a trained network, alive."""
        return self.networks(identity)["final"]

    def networks(self, identity: str) -> "dict[str, RecurrentNetwork]":
        """Return a trained network and its checkpoints, by name."""
        from attrax.networks import load_networks

        loaded = load_networks(self._shard(identity) / "weights.safetensors")
        return {name.removeprefix(f"{identity}/"): network for name, network in loaded.items()}

    def _shard(self, identity: str) -> Path:
        if not is_finished(self.directory, identity):
            raise SettingsError(f"there is no network {identity!r} in {self.directory}; see summary().network")
        return self.directory / "shards" / identity

    def _table(self, name: str) -> "pd.DataFrame":
        import pandas as pd

        tables = [pd.read_parquet(self._shard(c.identity) / name) for c in self.conditions]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    def _factors(self) -> dict[str, Any]:
        summary = self.summary()
        return {name: ("network", summary[name].to_numpy()) for name in ("task", "learner", "delta", "seed")}


def _is_plane(array: "xr.DataArray") -> bool:
    return "coherence_1" in array.dims and "checkpoint" not in array.dims


def _settings_text(shard: Path) -> str:
    """Return the settings that a shard's network was made with, which stand in the header of its weights, as JSON."""
    from attrax.networks.weights import read_metadata

    stored = json.loads(read_metadata(shard / "weights.safetensors").get("settings", "{}"))
    return json.dumps(complete_settings(stored), sort_keys=True)


def open(directory: str | Path) -> Store:
    """Open the results of a study: see `Store`."""
    return Store(directory)
