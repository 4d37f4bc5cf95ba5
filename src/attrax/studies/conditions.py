"""A network of a study: all that its numbers depend on, and the name that follows from it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any

from attrax.analyses.settings import PlaneSettings, PopulationSettings
from attrax.learning import LEARNERS, StoppingRule
from attrax.networks import NetworkSettings
from attrax.settings import SettingsError, from_mapping, to_effective_mapping
from attrax.source_version import source_version
from attrax.tasks import TASKS

NUMBERS_COME_FROM = ("tasks", "networks", "learning", "dynamics", "populations", "analyses", "keys.py")
"""Rooms with all that is in them: their source is part of a network's name."""
_NO_SEED = '"seed": null'  # cannot be in the settings: no setting is None there, and quotes in texts are escaped


@dataclass(frozen=True)
class Treatment:
    """One combination of a study's factors: all that a network's numbers depend on, but for the seed."""

    task_label: str
    task: Any
    learner_label: str
    learner: Any
    network: NetworkSettings
    stopping: StoppingRule
    planes: PlaneSettings
    populations: PopulationSettings
    levels: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Column of the summary to value, for each factor besides task, learner, δ and seed that counts here."""

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Everything that is computed but for the seed, as a mapping; labels are not part of it.

        Neither is what computes nothing: settings of an analysis that is switched off stand there at their defaults.
        """
        tables = {"task": self.task, "learner": self.learner, "network": self.network, "stopping": self.stopping,
                  "planes": self.planes, "populations": self.populations}  # fmt: skip
        return _written(tables, TASKS.stored_name(self.task), LEARNERS.stored_name(self.learner))

    @cached_property
    def _text(self) -> tuple[str, str]:
        """The settings as JSON, before the seed and after it: a study of many seeds writes them once."""
        before, after = json.dumps({**self.settings, "seed": None}, sort_keys=True).split(_NO_SEED)
        return before + _NO_SEED.removesuffix("null"), after

    def settings_text(self, seed: int) -> str:
        """Return the settings of one of its networks as JSON, always in the same order."""
        before, after = self._text
        return f"{before}{seed}{after}"


@dataclass(frozen=True)
class Condition:
    """One network of a study: a combination of its factors, and a seed."""

    treatment: Treatment
    seed: int
    stored_as: str | None = None
    """Name of the network where another version of the code made it."""

    @property
    def task_label(self) -> str:
        """What the study calls the task."""
        return self.treatment.task_label

    @property
    def task(self) -> Any:
        """Settings of the task."""
        return self.treatment.task

    @property
    def learner_label(self) -> str:
        """What the study calls the learning rule."""
        return self.treatment.learner_label

    @property
    def learner(self) -> Any:
        """Settings of the learning rule."""
        return self.treatment.learner

    @property
    def network(self) -> NetworkSettings:
        """Settings of the network."""
        return self.treatment.network

    @property
    def stopping(self) -> StoppingRule:
        """When training stops."""
        return self.treatment.stopping

    @property
    def planes(self) -> PlaneSettings:
        """How the trained network is analysed."""
        return self.treatment.planes

    @property
    def populations(self) -> PopulationSettings:
        """How its units are looked at."""
        return self.treatment.populations

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that is computed, as a mapping; labels are not part of it."""
        return {**self.treatment.settings, "seed": self.seed}

    @property
    def settings_text(self) -> str:
        """The same as JSON, always in the same order."""
        return self.treatment.settings_text(self.seed)

    @cached_property
    def identity(self) -> str:
        """Name of the network: a hash of its settings and of the code that computes it."""
        if self.stored_as is not None:
            return self.stored_as
        return hashlib.sha256((self.settings_text + code_version()).encode()).hexdigest()[:16]

    @property
    def factors(self) -> dict[str, Any]:
        """What the study varies, by column of the summary."""
        return {
            "task": self.task_label,
            "learner": self.learner_label,
            "delta": self.network.delta,
            "seed": self.seed,
            **self.treatment.levels,
        }

    @property
    def title(self) -> str:
        """What a person calls it."""
        levels = "".join(
            f", {name} = {value:g}" if isinstance(value, float) else f", {name} = {value}"
            for name, value in self.treatment.levels.items()
        )
        return f"{self.learner_label}, δ = {self.network.delta:g}{levels}, seed {self.seed}"

    def of_earlier_code(self, identity: str) -> "Condition":
        """Return the condition with the name under which another version of the code stored its network."""
        return replace(self, stored_as=identity)


def complete_settings(stored: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a stored network as `Treatment.settings` writes them today.

    Those that came later are at their defaults: a network that was made before a setting existed is what that setting's
    default makes. So are those without effect, which early versions wrote as they stood.
    """
    try:
        task, learner = dict(stored["task"]), dict(stored["learner"])
        names = {"task": task.pop("task"), "rule": learner.pop("rule")}
        tables = {
            "task": TASKS.build(names["task"], task),
            "learner": LEARNERS.build(names["rule"], learner),
            "network": from_mapping(NetworkSettings, stored["network"], "network"),
            # without an accuracy: none was asked for
            "stopping": stopping_rule({"accuracy": False, **stored["stopping"]}),
            "planes": from_mapping(PlaneSettings, stored["planes"], "planes"),
            "populations": from_mapping(PopulationSettings, stored.get("populations", {}), "populations"),
        }
        return {**_written(tables, names["task"], names["rule"]), "seed": stored["seed"]}
    except (SettingsError, KeyError, TypeError):
        return stored  # of a version with other settings: it is no network of a study that can be written today


def _written(tables: Mapping[str, Any], task: str, rule: str) -> dict[str, Any]:
    """Write tables of settings, what computes nothing left at its default."""
    written = {name: to_effective_mapping(settings) for name, settings in tables.items()}
    written["task"] = {"task": task, **written["task"]}
    written["learner"] = {"rule": rule, **written["learner"]}
    return written


def stopping_rule(table: Mapping[str, Any]) -> StoppingRule:
    """Read a stopping rule from a mapping: TOML has no "none", so an accuracy that does not bound is false there."""
    if table.get("accuracy") is False:
        rule = from_mapping(StoppingRule, {k: v for k, v in table.items() if k != "accuracy"}, "stopping")
        return replace(rule, accuracy=None)
    return from_mapping(StoppingRule, table, "stopping")


@cache
def code_version() -> str:
    """Return a hash of the source that a network's numbers depend on."""
    return source_version(*NUMBERS_COME_FROM)
