"""Study files: TOML in, a `Study` out, and every mistake told with its line."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any

from attrax.analyses.settings import PlaneSettings, PopulationSettings
from attrax.learning import LEARNERS
from attrax.networks import NetworkSettings
from attrax.settings import SettingsError, from_mapping, located, require, unknown_name, with_names_of_today
from attrax.studies.conditions import stopping_rule
from attrax.studies.study import Levels, Study
from attrax.tasks import TASKS

_TABLES = {
    "name", "description", "seeds", "tasks", "learners", "network", "stopping", "planes", "populations", "crossed",
    "zipped",
}  # fmt: skip


def load_study(source: str) -> Study:
    """Read a study from a file, or by the name of a preset.

    Raises
    ------
    SettingsError
        In one line: no such file or preset, not TOML, an unknown or impossible setting; with the line of the file.
    """
    path = Path(source)
    if path.is_file():
        try:
            text = path.read_text(encoding="utf-8-sig")  # some editors begin a file with a byte order mark
        except (OSError, UnicodeDecodeError):
            raise SettingsError(f"{source} cannot be read as a text in UTF-8; a study is a TOML file") from None
    else:
        presets = resources.files("attrax.studies.presets")
        names = sorted(p.name.removesuffix(".toml") for p in presets.iterdir() if p.name.endswith(".toml"))
        if source not in names:
            if path.suffix or len(path.parts) > 1:
                raise SettingsError(f"there is no study file {source!r}; presets: {', '.join(names)}")
            raise unknown_name("study (no such file or preset)", source, names)
        text = (presets / f"{source}.toml").read_text(encoding="utf-8")
    return parse_study(text, source)


def parse_study(text: str, source: str = "") -> Study:
    """Read a study from TOML text; raises `SettingsError` as `load_study`.

    Parameters
    ----------
    text
        The study.
    source
        What messages call it; without one they begin with the line.
    """
    try:
        tables = tomllib.loads(text)
    except ValueError as error:  # also of a number of too many digits
        raise SettingsError(f"{source}: not valid TOML: {error}".removeprefix(": ")) from None
    except RecursionError:
        raise SettingsError(f"{source}: nested too deeply for a study".removeprefix(": ")) from None
    try:
        return _study(tables)
    except (TypeError, OverflowError) as error:
        raise SettingsError(f"{source}: a value that no setting can have: {error}".removeprefix(": ")) from None
    except SettingsError as error:
        line = _line_of(text, list(_places(error.keys)))
        where = ", ".join(part for part in (source, f"line {line}" if line else "") if part)
        raise SettingsError(f"{where}: {error}".removeprefix(": ")) from None


def _study(tables: dict[str, Any]) -> Study:
    for key in tables:
        with located(key):
            if key not in _TABLES:
                raise unknown_name("table or key", key, _TABLES)
    for key in ("name", "tasks", "learners"):
        require(key in tables, f"{key} is missing; a study needs name, [tasks.…], [learners.…] and [network]")
    name, description = tables["name"], tables.get("description", "")
    with located("name"):
        require(
            isinstance(name, str) and name.replace("-", "").replace("_", "").isalnum(),
            f"name {name!r} must be made of letters, digits, - and _",
        )
    with located("description"):
        require(isinstance(description, str), f"description {description!r} must be a text")
    crossed = _levels(_table(tables.get("crossed", {}), "crossed"), "crossed")
    zipped = _groups(tables.get("zipped", []))
    network, crossed = _network(tables, crossed, zipped)
    with located("seeds"):
        seeds = _seeds(tables.get("seeds", [0]))
    with located("stopping"):
        stopping = stopping_rule(_table(tables.get("stopping", {}), "stopping"))
    with located("planes"):
        planes = from_mapping(PlaneSettings, _table(tables.get("planes", {}), "planes"), "planes")
    with located("populations"):
        populations = from_mapping(
            PopulationSettings, _table(tables.get("populations", {}), "populations"), "populations"
        )
    tasks = _labelled(tables["tasks"], "tasks", "task", TASKS)
    learners = _labelled(tables["learners"], "learners", "rule", LEARNERS)
    varied = [_paths_of_today(crossed, "crossed", learners), *(_paths_of_today(g, "zipped", learners) for g in zipped)]
    try:
        return Study(
            name=name,
            description=description,
            tasks=tasks,
            learners=learners,
            network=network,
            seeds=seeds,
            stopping=stopping,
            planes=planes,
            populations=populations,
            crossed=varied[0],
            zipped=tuple(varied[1:]),
        )
    except SettingsError as error:  # it knows the names of today; the line is that of the name that is written
        error.keys = _as_written(error.keys, dict(zip(chain(*varied), chain(crossed, *zipped), strict=True)))
        raise


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SettingsError(f"{where} must be a table, written [{where}]")
    return value


def _seeds(value: Any) -> tuple[int, ...]:
    if type(value) is int:
        require(1 <= value <= 1_000_000, f"seeds is {value}; as a number it is how many there are, 1 to 1000000")
        return tuple(range(value))
    shown = repr(value) if len(repr(value)) < 100 else f"{repr(value)[:100]}…"
    require(
        isinstance(value, list) and value != [] and all(type(s) is int and 0 <= s < 2**31 for s in value),
        f"seeds {shown} must be a list of whole numbers from 0 to 2^31 - 1, or how many there are",
    )
    require(len(set(value)) == len(value), f"seeds {shown} name one seed twice")
    return tuple(value)


def _levels(table: Mapping[str, Any], where: str, before: str = "") -> Levels:
    """Read settings and their levels: ``network.delta = [0.1, 0.2]`` is one of the network's."""
    found: dict[str, tuple[Any, ...]] = {}
    for key, value in table.items():
        path = f"{before}.{key}" if before else key
        with located(where, *path.split(".")):
            if isinstance(value, dict):
                found |= _levels(value, where, path)
            else:
                require(isinstance(value, list), f"{where}: {path} is {value!r}; needed: a list of levels")
                found[path] = tuple(value)
    return found


def _paths_of_today(levels: Levels, where: str, learners: Mapping[str, Any]) -> Levels:
    """Return levels in their order, under the names that the settings of learners have now."""
    found: dict[str, tuple[Any, ...]] = {}
    for written, values in levels.items():
        table, _, setting = written.rpartition(".")
        label = table.removeprefix("learners.")
        with located(where, *written.split(".")):
            if table.startswith("learners.") and label in learners:
                (setting,) = with_names_of_today(type(learners[label]), {setting: values}, where)
            path = f"{table}.{setting}" if table else setting
            require(path not in found, f"{where}: {path} is there by its former name as well; leave one of them out")
            found[path] = values
    return found


def _as_written(keys: tuple[str | int, ...], written: Mapping[str, str]) -> tuple[str | int, ...]:
    """Return the keys of an error as the file has them; `written` says it for the paths of what is varied."""
    path = ".".join(map(str, keys[1:]))
    return (keys[0], *written[path].split(".")) if path in written else keys


def _groups(value: Any) -> tuple[Levels, ...]:
    with located("zipped"):
        require(
            isinstance(value, list) and all(isinstance(group, dict) and group for group in value),
            "zipped must be tables with a list of levels for each setting, written [[zipped]]",
        )
    return tuple(_levels(group, "zipped") for group in value)


def _network(tables: Mapping[str, Any], crossed: Levels, zipped: Sequence[Levels]) -> tuple[NetworkSettings, Levels]:
    """Read the network's settings; a list of δ is short for δ among what is crossed."""
    with located("network"):
        table = dict(_table(tables.get("network", {}), "network"))
        elsewhere = [
            levels for group in (crossed, *zipped) for path, levels in group.items() if path == "network.delta"
        ]
        require("delta" in table or bool(elsewhere), "network: delta must be given, a number or a list of numbers")
        with located("delta"):
            if isinstance(table.get("delta"), list):
                require(not elsewhere, "network: delta is a list here and varied elsewhere as well; leave one out")
                require(table["delta"] != [], "network: delta is an empty list; give at least one width")
                crossed = {"network.delta": tuple(table["delta"]), **crossed}
                table["delta"] = table["delta"][0]
            elif elsewhere and elsewhere[0]:
                table["delta"] = elsewhere[0][0]
        network = from_mapping(NetworkSettings, table, "network")
    return network, crossed


def _labelled(value: Any, where: str, kind_key: str, registry: Any) -> dict[str, Any]:
    """Read ``[where.LABEL]`` tables; `kind_key` names the registered class, the label itself where absent."""
    with located(where):
        tables = _table(value, where)
        require(len(tables) > 0, f"{where} is empty; write at least one table [{where}.NAME]")
    built = {}
    for label, table in tables.items():
        with located(where, label):
            settings = dict(_table(table, f"{where}.{label}"))
            kind = settings.pop(kind_key, label)
            require(isinstance(kind, str), f"{where}.{label}: {kind_key} must be a name, not {kind!r}")
            built[label] = registry.build(kind, settings)
    return built


def _places(keys: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """Yield where a setting may stand in the file: one that is varied under [crossed], [[zipped]] or [network]."""
    if keys and keys[0] in ("varied", "crossed", "zipped"):
        path = keys[1:]
        for written in (path, (".".join(map(str, path)),)):
            yield ("crossed", *written)
            for group in range(100):
                yield ("zipped", group, *written)
        yield path or keys
    else:
        yield keys


def _line_of(text: str, places: Sequence[tuple[str | int, ...]]) -> int | None:
    """Return the line where the statement of a key begins, or the one of the table that it is missing from.

    A TOML parser does not say where things stand. But the start of a file parses where a statement ends, and what is
    new then is what the statement has set.
    """
    lines = text.split("\n")
    best: tuple[int, int] | None = None  # how many keys of a place were found, and the line
    before: dict[str, Any] = {}
    begin = 0
    for end in range(1, min(len(lines), 2000) + 1):  # quadratic; longer files are not written by hand
        try:
            tables = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue
        for place in places:
            depth = _depth(tables, place)
            if depth > _depth(before, place) and (best is None or depth > best[0]):
                first = next(n for n in range(begin, end) if lines[n].strip() and not lines[n].strip().startswith("#"))
                best = (depth, first + 1)
        before, begin = tables, end
    return None if best is None else best[1]


def _depth(tables: Any, place: Sequence[str | int]) -> int:
    """Return how many keys of a place lead somewhere."""
    for depth, key in enumerate(place):
        inside = key in tables if isinstance(tables, dict) else isinstance(tables, list) and key in range(len(tables))
        if not inside:
            return depth
        tables = tables[key]
    return len(place)
