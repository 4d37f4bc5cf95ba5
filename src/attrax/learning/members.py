"""Members of a batch: networks that one compiled program trains, and what they may differ in."""

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from attrax.networks import NetworkSettings
from attrax.settings import SettingsError


@dataclass(frozen=True)
class Member:
    """One network to train: its settings, its learning rule, its seed."""

    network: NetworkSettings
    learner: Any
    seed: int = 0


class StaticSettings(NamedTuple):
    """What all members of a program share: it is compiled for these (static arguments), so they are hashable."""

    network: NetworkSettings
    learner_type: type[Any]
    learner_settings: tuple[tuple[str, Any], ...]
    """The learner's settings that are no numbers on a scale: sizes, counts, choices."""

    def learner_with(self, traced: Mapping[str, Any]) -> Any:
        """Return the learner with these settings of type float, which may be traced.

        They are not checked again: those of a real learner were, when it was made.
        """
        learner = object.__new__(self.learner_type)
        for name, value in (*self.learner_settings, *traced.items()):
            object.__setattr__(learner, name, value)
        return learner


class TracedSettings(NamedTuple):
    """What members of a program may differ in, beside the seed: inputs of it (traced arguments), floats or arrays."""

    delta: Any
    readout_delta: Any
    learner: dict[str, Any]
    """The learner's settings of type float, by name."""


def split_settings(member: Member) -> tuple[StaticSettings, TracedSettings]:
    """Split a member's settings into those that shape the program and those that are inputs of it.

    A learner's numeric settings are its dataclass fields of type float.
    """
    if not dataclasses.is_dataclass(member.learner):
        raise SettingsError(f"{type(member.learner).__name__} is no learner: needed is a frozen dataclass of settings")
    kinds = typing.get_type_hints(type(member.learner))
    values = {field.name: getattr(member.learner, field.name) for field in dataclasses.fields(member.learner)}
    traced = {name: value for name, value in values.items() if kinds[name] is float}
    static = tuple((name, value) for name, value in values.items() if name not in traced)
    return (
        StaticSettings(without_widths(member.network), type(member.learner), static),
        TracedSettings(member.network.delta, member.network.readout_delta, traced),
    )


def without_widths(network: NetworkSettings) -> NetworkSettings:
    """Return the settings of a network with the widths of its first weights taken out."""
    return dataclasses.replace(network, delta=1.0, readout_delta=1.0)


def common_static_settings(members: Sequence[Member]) -> StaticSettings:
    """Return the static settings that the members share.

    Raises
    ------
    SettingsError
        If there are none, or two differ in a setting that shapes the program.
    """
    if not members:
        raise SettingsError("a batch has no members; give at least one")
    first = split_settings(members[0])[0]
    for number, member in enumerate(members):
        static = split_settings(member)[0]
        if static != first:
            raise SettingsError(f"members 0 and {number} of the batch {_difference(first, static)}; {_MAY_DIFFER}")
    return first


_MAY_DIFFER = "in one batch seeds, delta, readout_delta and the learner's settings of type float may differ"


def _difference(one: StaticSettings, other: StaticSettings) -> str:
    if one.learner_type is not other.learner_type:
        return f"have different learning rules ({one.learner_type.__name__}, {other.learner_type.__name__})"
    of_learners = dict(one.learner_settings), dict(other.learner_settings)
    for first, second in (of_learners, (vars(one.network), vars(other.network))):
        for name, value in first.items():
            if second[name] != value:
                return f"differ in {name} ({value!r}, {second[name]!r})"
    return "differ"
