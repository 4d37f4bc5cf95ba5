"""A study: which tasks, learners, widths and seeds, and how each network is analysed; read from TOML."""

import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any

from attrax.learning import LEARNERS, StoppingRule
from attrax.networks import NetworkSettings
from attrax.settings import SettingsError, from_mapping, require, to_mapping, unknown_name
from attrax.studies.settings import PlaneSettings
from attrax.tasks import TASKS

_ANALYSES = tuple(
    f"studies/{name}.py"
    for name in ("planes", "plane_atlases", "trial_distance", "decision_sides", "trial_states", "training_course")
)
"""What analyses a trained network, besides whole rooms of the package."""
_TABLES = {"name", "description", "seeds", "tasks", "learners", "network", "stopping", "planes"}


@dataclass(frozen=True)
class Condition:
    """One network of a study: everything that its numbers depend on."""

    task_label: str
    task: Any
    learner_label: str
    learner: Any
    network: NetworkSettings
    stopping: StoppingRule
    planes: PlaneSettings
    seed: int
    stored_as: str | None = None
    """Name of the shard that holds it, where another version of the code made it."""

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Everything that is computed, as a mapping; labels are not part of it."""
        return {
            "task": {"task": TASKS.name_of(self.task), **to_mapping(self.task)},
            "learner": {"rule": LEARNERS.name_of(self.learner), **to_mapping(self.learner)},
            "network": to_mapping(self.network),
            "stopping": to_mapping(self.stopping),
            "planes": to_mapping(self.planes),
            "seed": self.seed,
        }

    @cached_property
    def identity(self) -> str:
        """Name of the network: a hash of its settings and of the code that computes it."""
        if self.stored_as is not None:
            return self.stored_as
        text = json.dumps(self.settings, sort_keys=True) + code_version()
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def title(self) -> str:
        """What a person calls it."""
        return f"{self.learner_label}, δ = {self.network.delta:g}, seed {self.seed}"


def complete_settings(stored: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a stored network with those that came later at their defaults.

    A network that was made before a setting existed is what that setting's default makes.
    """
    try:
        task, learner = dict(stored["task"]), dict(stored["learner"])
        names = {"task": task.pop("task"), "rule": learner.pop("rule")}
        return {
            "task": {"task": names["task"], **to_mapping(TASKS.build(names["task"], task))},
            "learner": {"rule": names["rule"], **to_mapping(LEARNERS.build(names["rule"], learner))},
            "network": to_mapping(from_mapping(NetworkSettings, stored["network"], "network")),
            "stopping": to_mapping(
                _stopping({"accuracy": False, **stored["stopping"]})
            ),  # without one: none was asked for
            "planes": to_mapping(from_mapping(PlaneSettings, stored["planes"], "planes")),
            "seed": stored["seed"],
        }
    except (SettingsError, KeyError, TypeError):
        return stored  # of a version with other settings: it is no network of a study that can be written today


@dataclass(frozen=True)
class Study:
    """Tasks, learners, widths and seeds, all crossed."""

    name: str
    tasks: Mapping[str, Any]
    learners: Mapping[str, Any]
    networks: tuple[NetworkSettings, ...]
    """One for each δ."""
    seeds: tuple[int, ...]
    stopping: StoppingRule
    planes: PlaneSettings
    description: str = ""

    def learner_title(self, label: str) -> str:
        """Return what a learner is called in sentences: the rule's title, or the label that the study gives it."""
        learner = self.learners[label]
        return str(learner.title) if label == LEARNERS.name_of(learner) else label

    def conditions(self) -> list[Condition]:
        """Return one condition a network, learners outermost, so that the slow rules start first."""
        return [
            Condition(task_label, task, learner_label, learner, network, self.stopping, self.planes, seed)
            for (task_label, task), (learner_label, learner), network, seed in product(
                self.tasks.items(), self.learners.items(), reversed(self.networks), self.seeds
            )
        ]

    def to_toml(self) -> str:
        """Write the study with every default written out; `parse_study` reads it back."""
        network = to_mapping(self.networks[0]) | {"delta": [n.delta for n in self.networks]}
        tables: dict[str, Any] = {
            "name": self.name,
            "description": self.description,
            "seeds": list(self.seeds),
        }
        for label, task in self.tasks.items():
            tables[f'tasks."{label}"'] = {"task": TASKS.name_of(task), **to_mapping(task)}
        for label, learner in self.learners.items():
            tables[f'learners."{label}"'] = {"rule": LEARNERS.name_of(learner), **to_mapping(learner)}
        # TOML has no "none": an accuracy that does not bound is written as false
        stopping = to_mapping(self.stopping)
        if self.stopping.accuracy is None:
            stopping["accuracy"] = False
        tables |= {"network": network, "stopping": stopping, "planes": to_mapping(self.planes)}
        return _write_toml(tables)


def load_study(source: str) -> Study:
    """Read a study from a file, or by the name of a preset.

    Raises
    ------
    SettingsError
        In one line: no such file or preset, not TOML (with the line), an unknown or impossible setting.
    """
    path = Path(source)
    if path.is_file():
        try:
            text = path.read_text(encoding="utf-8")
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
    try:
        return parse_study(text)
    except SettingsError as error:
        raise SettingsError(f"{source}: {error}") from None


def parse_study(text: str) -> Study:
    """Read a study from TOML text; raises `SettingsError` as `load_study`."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"not valid TOML: {error}") from None
    for key in tables:
        if key not in _TABLES:
            raise unknown_name("table or key", key, _TABLES)
    for key in ("name", "tasks", "learners", "network"):
        require(key in tables, f"{key} is missing; a study needs name, [tasks.…], [learners.…] and [network]")
    name = tables["name"]
    require(
        isinstance(name, str) and name.replace("-", "").replace("_", "").isalnum(),
        f"name {name!r} must be made of letters, digits, - and _",
    )
    seeds = tables.get("seeds", [0])
    require(
        isinstance(seeds, list) and seeds != [] and all(type(s) is int and 0 <= s < 2**31 for s in seeds),
        f"seeds {seeds!r} must be a list of whole numbers from 0 to 2^31 - 1",
    )
    require(len(set(seeds)) == len(seeds), f"seeds {seeds!r} name one seed twice")
    description = tables.get("description", "")
    require(isinstance(description, str), f"description {description!r} must be a text")
    return Study(
        name=name,
        description=description,
        tasks=_labelled(tables["tasks"], "tasks", "task", TASKS),
        learners=_labelled(tables["learners"], "learners", "rule", LEARNERS),
        networks=_networks(_table(tables["network"], "network")),
        seeds=tuple(seeds),
        stopping=_stopping(_table(tables.get("stopping", {}), "stopping")),
        planes=from_mapping(PlaneSettings, _table(tables.get("planes", {}), "planes"), "planes"),
    )


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SettingsError(f"{where} must be a table, written [{where}]")
    return value


def _labelled(value: Any, where: str, kind_key: str, registry: Any) -> dict[str, Any]:
    """Read ``[where.LABEL]`` tables; `kind_key` names the registered class, the label itself where absent."""
    tables = _table(value, where)
    require(len(tables) > 0, f"{where} is empty; write at least one table [{where}.NAME]")
    built = {}
    for label, table in tables.items():
        settings = dict(_table(table, f"{where}.{label}"))
        kind = settings.pop(kind_key, label)
        require(isinstance(kind, str), f"{where}.{label}: {kind_key} must be a name, not {kind!r}")
        built[label] = registry.build(kind, settings)
    return built


def _networks(table: dict[str, Any]) -> tuple[NetworkSettings, ...]:
    require("delta" in table, "network: delta must be given, a number or a list of numbers")
    deltas = table["delta"] if isinstance(table["delta"], list) else [table["delta"]]
    require(len(deltas) > 0, "network: delta is an empty list; give at least one width")
    networks = tuple(from_mapping(NetworkSettings, table | {"delta": delta}, "network") for delta in deltas)
    require(len(set(networks)) == len(networks), f"network: delta {deltas} names one width twice")
    cell = networks[0].cell
    require(
        cell == "relu",
        f"network: cell is {cell!r}; a study maps the attractors of relu networks. Train others with "
        "attrax.learning.train, and analyse their weights with `attrax analyse`",
    )
    return networks


def _stopping(table: dict[str, Any]) -> StoppingRule:
    if table.get("accuracy") is False:
        rule = from_mapping(StoppingRule, {k: v for k, v in table.items() if k != "accuracy"}, "stopping")
        return dataclasses.replace(rule, accuracy=None)
    return from_mapping(StoppingRule, table, "stopping")


def _write_toml(tables: Mapping[str, Any]) -> str:
    lines = [f"{key} = {_toml_value(value)}" for key, value in tables.items() if not isinstance(value, dict)]
    for key, table in tables.items():
        if isinstance(table, dict):
            lines += ["", f"[{key}]", *(f"{name} = {_toml_value(value)}" for name, value in table.items())]
    return "\n".join(lines) + "\n"


def _toml_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml_value(item)}" for name, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)  # strings, numbers and booleans are written alike in both


@cache
def code_version() -> str:
    """Return a hash of the source that a network's numbers depend on."""
    return source_version(("tasks", "networks", "learning", "dynamics"), ("keys.py", *_ANALYSES))


@cache
def source_version(rooms: tuple[str, ...], files: tuple[str, ...]) -> str:
    """Return a hash of the source of whole rooms and of single files of this package."""
    package = resources.files("attrax")
    digest = hashlib.sha256()
    for room in rooms:
        for file in sorted((package / room).iterdir(), key=lambda p: p.name):
            if file.name.endswith(".py"):
                digest.update(file.name.encode() + file.read_bytes())
    for name in files:
        digest.update(package.joinpath(name).read_bytes())
    return digest.hexdigest()
