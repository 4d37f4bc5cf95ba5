"""What can be asked of all networks of a store: which of their arrays, and what is said where no network has them.

A shard holds what the version of the code that wrote it computed. What came later, or was not asked for, is not in it;
`Part.marker` tells whether it is.
"""

from typing import NamedTuple

from attrax.settings import SettingsError, unknown_name
from attrax.studies.array_files import Chosen


class MissingPartError(SettingsError):
    """No network of a store has what is asked for."""


class Part(NamedTuple):
    """Some of the arrays of a network."""

    chosen: Chosen | None
    """Which variables; None: all."""
    marker: str
    """The variable without which a network does not have it."""
    missing: str
    """What is said where no network of a folder has it."""
    of_units: bool = False
    """Whether it is in the file of units."""


def _starting(*starts: str) -> Chosen:
    return lambda name, dims: name.startswith(starts)


_AGAIN = "; an earlier version of the code made them: run the study again"
_PARTS: dict[str, Part] = {
    "arrays": Part(None, "", "no network in {} is finished; run the study first"),
    "planes": Part(
        lambda name, dims: "coherence_1" in dims and "checkpoint" not in dims,
        "kind", f"no network in {{}} has planes{_AGAIN}",
    ),
    "course": Part(
        _starting("course_"), "course_kind",
        "no network in {} was mapped along training; set course = true in [planes]",
    ),
    "histories": Part(
        lambda name, dims: dims == ("network", "update"), "accuracy",
        f"no network in {{}} has a training history{_AGAIN}",
    ),
    "groups": Part(_starting("group", "choice_"), "group_reason", f"no network in {{}} has groups{_AGAIN}"),
    "units": Part(
        _starting("unit_", "units_course_", "balance_", "connectivity_"), "unit_information",
        "the units of no network in {} were looked at; set units = true in [populations]", of_units=True,
    ),
    "causes": Part(
        _starting("cause_"), "cause_intact",
        "no network in {} was tried with lesions; set causes = true in [populations]", of_units=True,
    ),
}  # fmt: skip


def part(name: str) -> Part:
    """Return what is asked for by name.

    Raises
    ------
    SettingsError
        If there is no such part.
    """
    if name not in _PARTS:
        raise unknown_name("part of a store", name, _PARTS)
    return _PARTS[name]
