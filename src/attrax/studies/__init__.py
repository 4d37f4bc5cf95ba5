"""Many networks: a study file, its execution, and the store of its results."""

from typing import TYPE_CHECKING

from attrax.rooms import names_of
from attrax.studies.conditions import Condition
from attrax.studies.study import Study
from attrax.studies.study_file import load_study, parse_study

if TYPE_CHECKING:
    from attrax.studies.execution import Event, Executor
    from attrax.studies.interval_estimates import interval, intervals
    from attrax.studies.local_executor import LocalExecutor
    from attrax.studies.significance_tests import corrected, power_of_pairs
    from attrax.studies.statistics import compare, describe, trend
    from attrax.studies.store import Store, open
    from attrax.studies.study_folder import verify
    from attrax.studies.study_run import run_study

_PLACES = {
    "execution": ("Event", "Executor"),
    "interval_estimates": ("interval", "intervals"),
    "local_executor": ("LocalExecutor",),
    "significance_tests": ("corrected", "power_of_pairs"),
    "statistics": ("compare", "describe", "trend"),
    "store": ("Store", "open"),
    "study_folder": ("verify",),
    "study_run": ("run_study",),
}
__all__ = [
    "Condition",
    "Event",
    "Executor",
    "LocalExecutor",
    "Store",
    "Study",
    "compare",
    "corrected",
    "describe",
    "interval",
    "intervals",
    "load_study",
    "open",
    "parse_study",
    "power_of_pairs",
    "run_study",
    "trend",
    "verify",
]

__getattr__ = names_of(__name__, _PLACES)


def __dir__() -> list[str]:
    return list(__all__)
