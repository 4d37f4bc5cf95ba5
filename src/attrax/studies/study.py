"""A study: which tasks, learners, widths and seeds, what else is varied, and how each network is analysed."""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, product
from typing import Any

from attrax.analyses.settings import PlaneSettings, PopulationSettings
from attrax.learning import LEARNERS, StoppingRule
from attrax.networks import NetworkSettings
from attrax.settings import (
    SettingsError,
    from_mapping,
    inert_fields,
    located,
    require,
    to_mapping,
    unknown_name,
)
from attrax.studies.conditions import Condition, Treatment, stopping_rule
from attrax.tasks import TASKS

MOST_NETWORKS = 1_000_000
_ROOTS = {"tasks": 2, "learners": 2, "network": 1, "stopping": 1, "planes": 1, "populations": 1}
"""Tables of a study whose settings can be varied, and how many keys lead to a table of settings there."""
_COLUMNS = {
    "network", "task", "learner", "seed", "n_hidden", "reached", "status", "accuracy", "accuracy_in_a_row",
    "early_answers", "updates", "trials", "spectral_radius", "period_excluded", "relaxation_time", "trial_distance",
    "shard", "settings_hash", "by_this_code", "position",
}  # fmt: skip
"""Columns of the summary that a varied setting of another meaning must not take the name of."""
Levels = Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Study:
    """Tasks, learners and seeds, and settings that are varied: every combination is trained.

    Raises
    ------
    SettingsError
        If a task or learner is not registered, a varied setting does not exist, a level of it is not possible, two
        combinations are the same, settings that go together have different numbers of levels, or there are more
        networks than a million.
    """

    name: str
    tasks: Mapping[str, Any]
    learners: Mapping[str, Any]
    network: NetworkSettings
    seeds: tuple[int, ...]
    stopping: StoppingRule
    planes: PlaneSettings
    populations: PopulationSettings = field(default_factory=PopulationSettings)
    description: str = ""
    crossed: Levels = field(default_factory=dict)
    """Setting (``network.delta``, ``learners.ppo.entropy_weight``) to its levels: all combinations."""
    zipped: tuple[Levels, ...] = ()
    """The same, but the levels of the settings of one group go together: first with first, second with second."""

    def __post_init__(self) -> None:
        for where, labels, registry in (("tasks", self.tasks, TASKS), ("learners", self.learners, LEARNERS)):
            for label, settings in labels.items():
                with located(where, label):
                    registry.stored_name(settings)  # refuses what could be trained and never be read back
                require("." not in label, f"{where}: the name {label!r} has a dot, which separates names; leave it out")
        _ = self._treatments  # checks every level

    def learner_title(self, label: str) -> str:
        """Return what a learner is called in sentences: the rule's title, or the label that the study gives it."""
        learner = self.learners[label]
        return str(learner.title) if label == LEARNERS.name_of(learner) else label

    @property
    def deltas(self) -> list[float]:
        """Widths of the first weights, ascending."""
        return sorted({treatment.network.delta for treatment in self._treatments})

    @property
    def levels(self) -> list[str]:
        """Columns of the summary for what is varied besides task, learner, δ and seed."""
        return list(dict.fromkeys(name for treatment in self._treatments for name in treatment.levels))

    @property
    def checkpoints(self) -> dict[str, tuple[str, float]]:
        """The checkpoints that are asked for of any network: name to what is counted, and the count."""
        found: dict[str, tuple[str, float]] = {}
        for treatment in self._treatments:
            found |= treatment.stopping.checkpoints
        return found

    @property
    def n_networks(self) -> int:
        """How many networks there are."""
        return len(self._treatments) * len(self.seeds)

    @property
    def treatments(self) -> tuple[Treatment, ...]:
        """Every combination of what is varied but the seed; learners outermost, so that the slow rules start first."""
        return self._treatments

    def conditions(self) -> list[Condition]:
        """Return one condition a network: for each treatment every seed."""
        return [Condition(treatment, seed) for treatment in self._treatments for seed in self.seeds]

    @cached_property
    def _treatments(self) -> tuple[Treatment, ...]:
        """Every combination once: what is varied of one learner makes no copies of another's networks."""
        names = self._column_names()
        cells = self._cells(names)
        found: dict[tuple[Any, ...], Treatment] = {}
        count = len(self.tasks) * len(self.learners) * math.prod(map(len, self.crossed.values()))
        count *= math.prod(len(next(iter(group.values()), ())) for group in self.zipped)
        require(
            count * len(self.seeds) <= MOST_NETWORKS,
            f"the study has up to {count * len(self.seeds):,} networks; {MOST_NETWORKS:,} are the most in one study",
        )
        combinations = list(self._combinations())
        made: dict[tuple[Any, ...], Any] = {}
        computed: dict[str, Treatment] = {}

        def varied(where: tuple[str, ...], settings: Any, changes: Mapping[str, Any]) -> Any:
            key = (where, json.dumps(changes))
            if key not in made:
                made[key] = _with(where, settings, changes)
            return made[key]

        for task_label, learner_label in product(self.tasks, self.learners):
            bases = {
                ("tasks", task_label): self.tasks[task_label],
                ("learners", learner_label): self.learners[learner_label],
                ("network",): self.network,
                ("stopping",): self.stopping,
                ("planes",): self.planes,
                ("populations",): self.populations,
            }
            for combination in combinations:
                changes = [_below(table, combination) for table in bases]
                objects = [varied(*base, change) for base, change in zip(bases.items(), changes, strict=True)]
                levels = {
                    names[".".join((*table, name))]: cells[".".join((*table, name))][json.dumps(value)]
                    for table, of_table in zip(bases, changes, strict=True)
                    for name, value in of_table.items()
                    if (*table, name) != ("network", "delta")
                }
                task, learner, network, stopping, planes, populations = objects
                with located(*(("varied",) if "cell" in changes[2] else ()), "network", "cell"):
                    require(
                        network.cell == "relu",
                        f"network: cell is {network.cell!r}; a study maps the attractors of relu networks. Train "
                        "others with attrax.learning.train, and analyse their weights with `attrax analyse`",
                    )
                treatment = Treatment(
                    task_label, task, learner_label, learner, network, stopping, planes, populations, levels
                )
                key = (task_label, learner_label, json.dumps(changes))
                if key in found:
                    continue
                twin = computed.setdefault(treatment.settings_text(0), treatment)
                if twin is not treatment:
                    one, other = (f"{each.task_label}, {Condition(each, 0).title}" for each in (twin, treatment))
                    raise SettingsError(
                        f"two names for the same network: {one}, and {other}; leave one of them out"
                        + _why_equal(bases, changes, objects)
                    )
                found[key] = treatment
        return tuple(found.values())

    def _combinations(self) -> Iterator[dict[str, Any]]:
        """Yield setting to level, for every combination; broad δ first, since these networks take longer to analyse."""
        for where, group in (("crossed", self.crossed), *(("zipped", group) for group in self.zipped)):
            for path, levels in group.items():
                with located(where, *path.split(".")):
                    self._check(where, path, levels)
        paths = [path for group in (self.crossed, *self.zipped) for path in group]
        for path in paths:
            require(paths.count(path) == 1, f"{path} is varied twice; name it once, under [crossed] or [[zipped]]")
        axes = [[{path: level} for level in reversed(levels)] for path, levels in self.crossed.items()]
        for group in self.zipped:
            lengths = {path: len(levels) for path, levels in group.items()}
            require(
                len(set(lengths.values())) == 1,
                "zipped: settings that go together need equally many levels, and these have "
                + ", ".join(f"{path} {length}" for path, length in lengths.items()),
            )
            axes.append([dict(zip(group, row, strict=True)) for row in zip(*group.values(), strict=True)])
        for parts in product(*axes):
            yield dict(chain.from_iterable(part.items() for part in parts))

    def _check(self, where: str, path: str, levels: tuple[Any, ...]) -> None:
        keys = path.split(".")
        if keys[0] not in _ROOTS:
            raise unknown_name(f"setting under {where}", path, _ROOTS)
        require(
            len(keys) > _ROOTS[keys[0]],
            f"{where}: {path} is no setting; written {'.'.join([*keys[: _ROOTS[keys[0]]], 'SETTING'])}",
        )
        known = {"tasks": self.tasks, "learners": self.learners}.get(keys[0], {keys[1]: None})
        if keys[1] not in known:
            raise unknown_name(f"table under {where}: {keys[0]}", keys[1], known)
        require(len(levels) > 0, f"{where}: {path} is an empty list; give at least one level")
        if where == "crossed":  # what goes together may come again beside something else
            for level, count in Counter(json.dumps(level) for level in levels).items():
                require(count == 1, f"{where}: {path} names {level} twice")

    def _column_names(self) -> dict[str, str]:
        """Return what each varied setting is called in the summary: its last name, or all of it where that is taken."""
        paths = [path for group in (self.crossed, *self.zipped) for path in group]
        names = {}
        for path in paths:
            last = path.rpartition(".")[2]
            others = {other.split(".")[0] for other in paths if other.rpartition(".")[2] == last}
            own = path.startswith("network.") and last == "n_hidden"  # is that column
            free = own or (last not in _COLUMNS and last != "delta" and not last.startswith("frac_"))
            names[path] = last if free and len(others) == 1 else path
        return names

    def _cells(self, names: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """Return, for each varied setting, what stands in its column of the summary for each level (written as JSON).

        A column has one type: numbers, texts, true or false; whatever else or mixed is written as JSON.
        """
        varied = {path: levels for group in (self.crossed, *self.zipped) for path, levels in group.items()}
        cells = {}
        for path, levels in varied.items():
            kinds = {type(level) for other, them in varied.items() if names[other] == names[path] for level in them}
            write: Callable[[Any], Any] = json.dumps
            if len(kinds) == 1 and kinds <= {bool, int, float, str}:
                write = kinds.pop()
            elif kinds == {int, float}:
                write = float
            cells[path] = {json.dumps(level): write(level) for level in levels}
        return cells

    def to_toml(self) -> str:
        """Write the study with every default written out; `parse_study` reads it back."""
        tables: dict[str, Any] = {
            "name": self.name,
            "description": self.description,
            "seeds": list(self.seeds),
        }
        for label, task in self.tasks.items():
            tables[f"tasks.{_key(label)}"] = {"task": TASKS.stored_name(task), **to_mapping(task)}
        for label, learner in self.learners.items():
            tables[f"learners.{_key(label)}"] = {"rule": LEARNERS.stored_name(learner), **to_mapping(learner)}
        stopping = to_mapping(self.stopping)
        if self.stopping.accuracy is None:
            stopping["accuracy"] = False  # TOML has no "none"
        tables |= {"network": to_mapping(self.network), "stopping": stopping}
        tables |= {"planes": to_mapping(self.planes), "populations": to_mapping(self.populations)}
        if self.crossed:
            tables["crossed"] = _written(self.crossed)
        lines = _write_toml(tables)
        for group in self.zipped:
            lines += [
                "",
                "[[zipped]]",
                *(f"{name} = {_toml_value(levels)}" for name, levels in _written(group).items()),
            ]
        return "\n".join(lines) + "\n"


def _why_equal(bases: Iterable[tuple[str, ...]], changes: Sequence[Mapping[str, Any]], objects: Sequence[Any]) -> str:
    """Say which varied settings have no effect, and because of what."""
    reasons = []
    for table, change, settings in zip(bases, changes, objects, strict=True):
        inert = inert_fields(settings)
        for name in (path.split(".")[0] for path in change):
            if name in inert:
                value = json.dumps(getattr(settings, inert[name]))
                reasons.append(f"{'.'.join((*table, name))} has no effect while {inert[name]} is {value}")
    return "".join(f" ({reason})" for reason in dict.fromkeys(reasons))


def _written(levels: Levels) -> dict[str, list[Any]]:
    return {".".join(map(_key, path.split("."))): list(values) for path, values in levels.items()}


def _below(table: tuple[str, ...], combination: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a combination says of the settings of one table."""
    start = ".".join(table) + "."
    return {path.removeprefix(start): value for path, value in combination.items() if path.startswith(start)}


def _with(where: tuple[str, ...], settings: Any, changes: Mapping[str, Any]) -> Any:
    """Return settings with some of them changed; `where` names the table they stand in."""
    if not changes:
        return settings
    mapping = to_mapping(settings)
    if where == ("stopping",) and settings.accuracy is None:
        mapping["accuracy"] = False
    for path, value in changes.items():
        inner, keys = mapping, path.split(".")
        for key in keys[:-1]:
            inner = inner.setdefault(key, {})
            require(isinstance(inner, dict), f"{'.'.join(where)}.{path} is no setting: {key} is no table")
        inner[keys[-1]] = value
    paths = [(*where, *path.split(".")) for path in changes]
    try:
        if where[0] in ("tasks", "learners"):
            registry = TASKS if where[0] == "tasks" else LEARNERS
            return registry.build(registry.stored_name(settings), mapping)
        if where == ("stopping",):
            return stopping_rule(mapping)
        return from_mapping(type(settings), mapping, where[0])
    except SettingsError as error:
        # the level stands where the setting is varied, not in the table
        at = next((path for path in paths if path == (*where, *error.keys)), paths[0])
        told = SettingsError(str(error))
        told.keys = ("varied", *at)
        raise told from None


def _key(label: str) -> str:
    return label if label.replace("-", "").replace("_", "").isalnum() and label.isascii() else _text(label)


def _write_toml(tables: Mapping[str, Any]) -> list[str]:
    lines = [f"{key} = {_toml_value(value)}" for key, value in tables.items() if not isinstance(value, dict)]
    for key, table in tables.items():
        if isinstance(table, dict):
            lines += ["", f"[{key}]", *(f"{name} = {_toml_value(value)}" for name, value in table.items())]
    return lines


def _toml_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml_value(item)}" for name, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    return _text(value)  # strings, numbers and booleans are written alike in both


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
