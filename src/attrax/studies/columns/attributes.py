"""The words in files, and on what is read of them: ``long_name`` and ``units``, as the CF conventions call them."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from attrax.studies.columns import SUMMARY, TIMING, Variable
from attrax.studies.columns.axes import own_places
from attrax.studies.columns.summary_columns import varied

if TYPE_CHECKING:
    import xarray as xr

_OWN = "own_"


def with_attributes(arrays: "xr.Dataset", known: Mapping[str, Variable]) -> "xr.Dataset":
    """Return arrays with words on every variable and coordinate that is known.

    Parameters
    ----------
    arrays
        As written or read; what they say of themselves stays, so that a file keeps the words of the code that made it.
    known
        `ARRAYS` or `UNITS`. A variable that is not there (a metric of a learner of one's own) is left without words.
    """
    described = arrays.copy()
    for name, variable in described.variables.items():
        found = known.get(str(name))
        if found is None and str(name).startswith(_OWN):
            found = own_places(str(name).removeprefix(_OWN))
        if found is not None:
            variable.attrs = {**found.attributes(), **variable.attrs}
    return described


def of_summary(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the attributes of columns of the summary; one that is not known is a setting that the study varies."""
    return {name: SUMMARY.get(name, varied(name)).attributes() for name in names}


def of_timing(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the attributes of columns of the timing, as far as they are known."""
    return {name: TIMING[name].attributes() for name in names if name in TIMING}
