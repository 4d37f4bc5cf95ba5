"""What every column of a study's tables and every variable of its files of arrays means, in words.

The same words are in the files, as the attributes ``long_name`` and ``units``, and on the page `docs/columns.md`. They
are apart from the rooms that compute the numbers: the source of those is part of a network's name, and a better word
must not rename a network.
"""

from collections.abc import Sequence

from attrax.studies.columns import axes, plane_variables, summary_columns, unit_variables
from attrax.studies.columns.balance_variables import BALANCE
from attrax.studies.columns.cause_variables import CAUSES
from attrax.studies.columns.course_variables import COURSE, HISTORY
from attrax.studies.columns.described import Column, Described, Section, Variable
from attrax.studies.columns.timing_columns import TIMING

__all__ = ["ARRAYS", "SECTIONS", "SUMMARY", "TIMING", "UNITS", "Column", "Section", "Variable"]

_ATLAS, _COURSE = ("planes", "atlas"), ("planes", "course")
_UNITS, _CAUSES = ("populations", "units"), ("populations", "causes")
_OF_SUMMARY: tuple[Section[Column], ...] = (
    Section("The network and its training", "summary", None, summary_columns.TRAINING),
    Section("Planes", "summary", None, summary_columns.PLANES),
    Section("Atlases", "summary", _ATLAS, summary_columns.ATLAS),
    Section("Along training", "summary", _COURSE, summary_columns.COURSE),
    Section("Units", "summary", _UNITS, summary_columns.UNITS),
    Section("Causes", "summary", _CAUSES, summary_columns.CAUSES),
)
_OF_TIMING: tuple[Section[Column], ...] = (Section("Seconds, machine and versions", "timing", None, TIMING),)
_OF_ARRAYS: tuple[Section[Variable], ...] = (
    Section("Planes", "planes", None, plane_variables.PLANES),
    Section("Stages and orbits", "arrays", None, plane_variables.ORBITS),
    Section("Functional groups", "groups", None, unit_variables.GROUPS),
    Section("Training history", "histories", None, HISTORY),
    Section("Along training", "course", _COURSE, COURSE),
    Section("Atlases", "arrays", _ATLAS, plane_variables.ATLAS),
    Section("Coordinates", "arrays", None, axes.COORDINATES_OF_ARRAYS),
)
_OF_UNITS: tuple[Section[Variable], ...] = (
    Section("Selectivity", "units", _UNITS, unit_variables.SELECTIVITY),
    Section("Balance of the groups", "units", _UNITS, BALANCE),
    Section("Connectivity", "units", _UNITS, unit_variables.CONNECTIVITY),
    Section("Units along training", "units", _UNITS, unit_variables.UNITS_COURSE),
    Section("Causes", "causes", _CAUSES, CAUSES),
    Section("Coordinates", "units", None, axes.COORDINATES_OF_UNITS),
)
SECTIONS: dict[str, Sequence[Section[Column]] | Sequence[Section[Variable]]] = {
    "summary.parquet": _OF_SUMMARY,
    "timing.parquet": _OF_TIMING,
    "arrays.nc": _OF_ARRAYS,
    "units.nc": _OF_UNITS,
}
"""Of each file of a shard what is in it, in the order of the page."""


def _all(sections: Sequence[Section[Described]]) -> dict[str, Described]:
    return {name: said for section in sections for name, said in section.columns.items()}


SUMMARY: dict[str, Column] = _all(_OF_SUMMARY)
"""Column of the summary to what it means. What a study varies adds columns: see `summary_columns.varied`."""
ARRAYS: dict[str, Variable] = _all(_OF_ARRAYS)
"""Variable or coordinate of `arrays.nc` to what it means."""
UNITS: dict[str, Variable] = _all(_OF_UNITS)
"""Variable or coordinate of `units.nc` to what it means."""
