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


class Frame(NamedTuple):
    """What all members of a program share: everything that shapes it. Hashable, so that it can be compiled for."""

    network: NetworkSettings
    learner: type[Any]
    fixed: tuple[tuple[str, Any], ...]
    """The learner's settings that are no numbers on a scale: sizes, counts, choices."""

    def learner_with(self, numbers: Mapping[str, Any]) -> Any:
        """Return the learner with these numbers, which may be traced.

        They are not checked again: those of a real learner were, when it was made.
        """
        learner = object.__new__(self.learner)
        for name, value in (*self.fixed, *numbers.items()):
            object.__setattr__(learner, name, value)
        return learner


class Numbers(NamedTuple):
    """What members of a program may differ in, beside the seed: floats, or traced arrays of them."""

    delta: Any
    readout_delta: Any
    learner: dict[str, Any]
    """The learner's settings of type float, by name."""


def separate(member: Member) -> tuple[Frame, Numbers]:
    """Split a member's settings into what shapes the program and what does not.

    A learner's numeric settings are its dataclass fields of type float.
    """
    if not dataclasses.is_dataclass(member.learner):
        raise SettingsError(f"{type(member.learner).__name__} is no learner: needed is a frozen dataclass of settings")
    kinds = typing.get_type_hints(type(member.learner))
    values = {field.name: getattr(member.learner, field.name) for field in dataclasses.fields(member.learner)}
    numbers = {name: value for name, value in values.items() if kinds[name] is float}
    fixed = tuple((name, value) for name, value in values.items() if name not in numbers)
    return (
        Frame(without_widths(member.network), type(member.learner), fixed),
        Numbers(member.network.delta, member.network.readout_delta, numbers),
    )


def without_widths(network: NetworkSettings) -> NetworkSettings:
    """Return the settings of a network with the widths of its first weights taken out."""
    return dataclasses.replace(network, delta=1.0, readout_delta=1.0)


def common_frame(members: Sequence[Member]) -> Frame:
    """Return what the members share.

    Raises
    ------
    SettingsError
        If there are none, or two differ in a setting that shapes the program.
    """
    if not members:
        raise SettingsError("a batch has no members; give at least one")
    first = separate(members[0])[0]
    for number, member in enumerate(members):
        frame = separate(member)[0]
        if frame != first:
            raise SettingsError(f"members 0 and {number} of the batch {_difference(first, frame)}; {_MAY_DIFFER}")
    return first


_MAY_DIFFER = "in one batch seeds, delta, readout_delta and the learner's settings of type float may differ"


def _difference(one: Frame, other: Frame) -> str:
    if one.learner is not other.learner:
        return f"have different learning rules ({one.learner.__name__}, {other.learner.__name__})"
    for first, second in ((dict(one.fixed), dict(other.fixed)), (vars(one.network), vars(other.network))):
        for name, value in first.items():
            if second[name] != value:
                return f"differ in {name} ({value!r}, {second[name]!r})"
    return "differ"
