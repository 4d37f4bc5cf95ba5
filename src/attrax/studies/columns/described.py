"""What is said of a column of a table, and of a variable of a file of arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

ONE = "1"
"""The unit of numbers that have none: shares, counts, ratios, probabilities, activities."""
TEXT, TRUE_OR_FALSE = "text", "true or false"
"""What stands in the place of a unit where values are no numbers."""


@dataclass(frozen=True)
class Column:
    """A column of `summary.parquet` or `timing.parquet`."""

    unit: str
    """In words: "steps", "updates", "trials", "bits"; `ONE`, `TEXT` or `TRUE_OR_FALSE`."""
    meaning: str
    """One or two sentences."""

    def attributes(self) -> dict[str, str]:
        """Return what is written into files, by the names that the CF conventions give it."""
        return {"long_name": self.meaning, "units": self.unit}


@dataclass(frozen=True)
class Variable(Column):
    """A variable or a coordinate of `arrays.nc` or `units.nc`."""

    dims: tuple[str, ...]
    """Its dimensions, in their order."""


Described = TypeVar("Described", bound=Column)


@dataclass(frozen=True)
class Section(Generic[Described]):
    """Columns, or variables, that a store has together or not at all."""

    title: str
    method: str
    """The method of `attrax.studies.Store` that returns them."""
    switch: tuple[str, str] | None
    """Table and setting of a study file that must be on for them; None: every network has them."""
    columns: Mapping[str, Described]


def over(dims: str, /, **variables: tuple[str, str]) -> dict[str, Variable]:
    """Return variables over the same dimensions.

    Parameters
    ----------
    dims
        Their names with spaces between, without "network", which comes before them.
    variables
        Name to unit and meaning.
    """
    return {name: Variable(unit, meaning, ("network", *dims.split())) for name, (unit, meaning) in variables.items()}
