"""Shards: folders that hold finished networks, written once, with a checksum for every byte."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from attrax.checked_files import checksum, make_folders, rename, sync_folder, write_through
from attrax.parquet import frame_as_bytes, read_table, to_frame
from attrax.settings import SettingsError, StoppedError
from attrax.studies.array_files import Chosen, read_arrays
from attrax.studies.columns import ARRAYS as KNOWN_ARRAYS
from attrax.studies.columns import UNITS as KNOWN_UNITS
from attrax.studies.columns.attributes import of_summary, of_timing, with_attributes

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from attrax.networks import RecurrentNetwork

SHARDS = "shards"
CHECKSUMS = "checksums.json"
FILES = ("summary.parquet", "timing.parquet", "arrays.nc", "weights.safetensors")
UNITS = "units.nc"
"""Beside these, where units were looked at: apart from the rest, since so many variables take their time to open."""


class DamagedShardError(SettingsError):
    """A file of a shard is not as it was written, or is not there."""


class NetworkResult(NamedTuple):
    """All that is kept of a finished network."""

    identity: str
    settings: Mapping[str, Any]
    summary: Mapping[str, Any]
    """A row: results only."""
    timing: Mapping[str, Any]
    """A row: what depends on the machine."""
    arrays: "xr.Dataset"
    """Over (network, ...)."""
    networks: "Mapping[str, RecurrentNetwork]"
    """The final network and its checkpoints, by name."""
    units: "xr.Dataset | None" = None
    """Over (network, ...): what its units do, and what lesions cost; None where that was not asked for."""


@dataclass(frozen=True)
class Shard:
    """A folder of finished networks."""

    folder: Path

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name

    def checksums(self) -> dict[str, str]:
        """Return the checksum of each file.

        Raises
        ------
        DamagedShardError
            If they cannot be read, or are not as they were written.
        """
        try:
            text = (self.folder / CHECKSUMS).read_text(encoding="utf-8")
            sums: dict[str, str] = json.loads(text)
        except FileNotFoundError:
            raise self._damaged(CHECKSUMS, "is missing") from None
        except OSError as error:
            raise self._unreadable(CHECKSUMS, error) from None
        except ValueError:
            raise self._damaged(CHECKSUMS, "is not as it was written") from None
        if isinstance(sums, dict):
            # its own checksum tells whether it or another file is the damaged one; early shards have none
            write = _checksums_text if sums.pop(CHECKSUMS, None) else _plain_text
            if sorted({*sums} - {UNITS}) == sorted(FILES) and write(sums) == text:
                return sums
        raise self._damaged(CHECKSUMS, "is not as it was written")

    def read(self, file: str) -> bytes:
        """Return the content of a file, after its checksum was compared.

        Raises
        ------
        DamagedShardError
            If it is not as it was written.
        """
        wanted = self.checksums()[file]
        try:
            content = (self.folder / file).read_bytes()
        except FileNotFoundError:
            raise self._damaged(file, "is missing") from None
        except OSError as error:
            raise self._unreadable(file, error) from None
        if checksum(content) != wanted:
            raise self._damaged(file, "is not as it was written")
        return content

    def damage(self) -> list[str]:
        """Return what is wrong with each of its files: nothing in a whole shard."""
        try:
            files = self.checksums()
        except DamagedShardError as error:
            return [str(error)]
        found = []
        for file in files:
            try:
                self.read(file)
            except DamagedShardError as error:
                found.append(str(error))
        return found

    def _damaged(self, file: str, how: str) -> DamagedShardError:
        return DamagedShardError(f"{self.folder / file} {how}; the next `attrax run` computes it again")

    def _unreadable(self, file: str, error: OSError) -> StoppedError:
        """Say that a file may be whole and cannot be read now: no reason to compute it again."""
        return StoppedError(
            f"{self.folder / file} cannot be read ({error.strerror}); see to its rights, or to the disk"
        )

    def table(self, file: str) -> "pd.DataFrame":
        """Return summary.parquet or timing.parquet: a row for each network."""
        return to_frame(read_table(self.read(file)))

    def arrays(self, chosen: Chosen | None = None, networks: Sequence[str] | None = None) -> "xr.Dataset":
        """Return the arrays of its networks, as `attrax.studies.packing.pack` puts them side by side.

        Each says of itself what it means (`attrax.studies.columns`), also where it was written before they did.

        Parameters
        ----------
        chosen
            Given name and axes of a variable: whether it is read; None: all are. Others are not decoded.
        networks
            Whose arrays; None: of all.
        """
        return with_attributes(read_arrays(self.read("arrays.nc"), chosen, networks), KNOWN_ARRAYS)

    def units(self, chosen: Chosen | None = None, networks: Sequence[str] | None = None) -> "xr.Dataset | None":
        """Return what was found of the units of its networks, as `arrays`; None where nothing was asked for."""
        if UNITS not in self.checksums():
            return None
        return with_attributes(read_arrays(self.read(UNITS), chosen, networks), KNOWN_UNITS)

    def networks(self, identity: str) -> "dict[str, RecurrentNetwork]":
        """Return a network and its checkpoints, by name."""
        from attrax.networks import load_networks

        loaded = load_networks(self.read("weights.safetensors"), f"{identity}/")
        return {name.removeprefix(f"{identity}/"): network for name, network in loaded.items()}

    def settings(self) -> dict[str, Any]:
        """Return what each of its networks was made with, by the network's name."""
        from attrax.networks.weights import read_metadata

        stored = json.loads(read_metadata(self.read("weights.safetensors")).get("settings", "{}"))
        if "seed" in stored:  # of the time when a shard held one network
            return {str(self.table("summary.parquet").network[0]): stored}
        return dict(stored)


def shards_in(directory: Path) -> list[Shard]:
    """Return the shards of a study's folder, whole or not, by name."""
    try:
        with os.scandir(directory / SHARDS) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [Shard(directory / SHARDS / name) for name in names]


def shard_name(identities: Sequence[str]) -> str:
    """Return the name of the shard that holds these networks: a hash of their names, or the only one's name."""
    if len(identities) == 1:
        return identities[0]
    return hashlib.sha256("\n".join(sorted(identities)).encode()).hexdigest()[:16]


def write_shard(directory: Path, results: Sequence[NetworkResult]) -> Shard:
    """Write networks under a temporary name, with checksums, then rename: all of it or nothing.

    What was written stays through a power cut once this has returned.

    Raises
    ------
    OSError
        If the disk is full or refuses; what was begun is removed.
    """
    shard = Shard(directory / SHARDS / shard_name([result.identity for result in results]))
    contents = _contents(results)
    temporary = shard.folder.with_name(f".{shard.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    make_folders(temporary.parent)
    try:
        temporary.mkdir()
        for file, content in contents.items():
            write_through(temporary / file, content)
        sums = {file: checksum(content) for file, content in contents.items()}
        write_through(temporary / CHECKSUMS, _checksums_text(sums).encode())
        sync_folder(temporary)
        if shard.folder.exists():
            if not shard.damage():  # another run was faster: equal settings and code give equal results
                confirm_shards(directory)
                return shard
            set_aside(directory, shard)
        rename(temporary, shard.folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return shard


def confirm_shards(directory: Path) -> None:
    """Let the disk confirm that finished shards are called so: who renamed one may have died before doing that."""
    sync_folder(directory / SHARDS)


def set_aside(directory: Path, shard: Shard) -> Path:
    """Move a damaged shard out of the way, so that its networks are computed again; nothing is deleted."""
    place = directory / "damaged"
    make_folders(place)
    target = place / shard.name
    number = 1
    while target.exists():
        number += 1
        target = place / f"{shard.name}.{number}"
    rename(shard.folder, target)
    return target


def remove_leftovers(directory: Path) -> None:
    """Remove what an attempt that was killed has begun to write. Only while no other run is at work there."""
    places = (f"{SHARDS}/.*", "unfinished/*/.*", "index/.*", ".study.toml.*", ".run.json.*", ".clock.*")
    begun = [found for place in places for found in directory.glob(place)]
    for leftover in [found for found in begun if not found.name.endswith(f".{os.getpid()}")]:  # this run's record
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def _contents(results: Sequence[NetworkResult]) -> dict[str, bytes | memoryview]:
    import pandas as pd

    from attrax.networks import networks_as_bytes
    from attrax.studies.packing import pack

    networks = {f"{r.identity}/{name}": network for r in results for name, network in r.networks.items()}
    metadata = {"settings": json.dumps({r.identity: r.settings for r in results}, sort_keys=True)}
    arrays = with_attributes(pack([result.arrays.drop_encoding() for result in results]), KNOWN_ARRAYS)
    units = [result.units.drop_encoding() for result in results if result.units is not None]
    if len(units) not in (0, len(results)):
        raise ValueError("the units of some networks of a shard were looked at, and of others not")
    summary = pd.DataFrame([result.summary for result in results])
    timing = pd.DataFrame([result.timing for result in results])
    return {
        "summary.parquet": frame_as_bytes(summary, of_summary(summary.columns)),
        "timing.parquet": frame_as_bytes(timing, of_timing(timing.columns)),
        "arrays.nc": arrays.to_netcdf(engine="h5netcdf"),
        "weights.safetensors": networks_as_bytes(networks, metadata),
        **({UNITS: with_attributes(pack(units), KNOWN_UNITS).to_netcdf(engine="h5netcdf")} if units else {}),
    }


def _checksums_text(sums: Mapping[str, str]) -> str:
    """Return the text of the file of checksums, which has its own among them."""
    return _plain_text({**sums, CHECKSUMS: checksum(_plain_text(sums).encode())})


def _plain_text(sums: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(sums.items())), indent=1)
