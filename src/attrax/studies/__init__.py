"""Many networks: a study file, its execution, and the store of its results."""

import importlib
from typing import TYPE_CHECKING, Any

from attrax.studies.cause_settings import CauseSettings
from attrax.studies.conditions import Condition
from attrax.studies.settings import PlaneSettings, PopulationSettings
from attrax.studies.study import Study
from attrax.studies.study_file import load_study, parse_study

if TYPE_CHECKING:
    from attrax.studies.causes import map_causes
    from attrax.studies.decision_groups import groups_in_trials, map_groups
    from attrax.studies.decision_sides import trial_sides, wrong_side
    from attrax.studies.execution import Event, Executor
    from attrax.studies.local_executor import LocalExecutor
    from attrax.studies.plane_atlases import map_atlases, stage_atlas
    from attrax.studies.planes import map_planes, plane_shares
    from attrax.studies.stage_basins import basins_of_stage
    from attrax.studies.statistics import compare, corrected, describe, interval, intervals, power_of_pairs, trend
    from attrax.studies.store import Store, open
    from attrax.studies.study_folder import verify
    from attrax.studies.study_run import run_study
    from attrax.studies.training_course import map_course
    from attrax.studies.unit_analysis import map_units
    from attrax.studies.unit_course import map_unit_course
    from attrax.studies.unit_recording import record_units
    from attrax.studies.weights_analysis import AnalysedWeights, WeightsAnalysis, run_analysis

_PLACES = {
    "Event": "execution",
    "Executor": "execution",
    "LocalExecutor": "local_executor",
    "verify": "study_folder",
    "map_atlases": "plane_atlases",
    "map_groups": "decision_groups",
    "groups_in_trials": "decision_groups",
    "map_causes": "causes",
    "map_units": "unit_analysis",
    "map_unit_course": "unit_course",
    "record_units": "unit_recording",
    "stage_atlas": "plane_atlases",
    "map_planes": "planes",
    "plane_shares": "planes",
    "Store": "store",
    "basins_of_stage": "stage_basins",
    "map_course": "training_course",
    "trial_sides": "decision_sides",
    "wrong_side": "decision_sides",
    "open": "store",
    "run_study": "study_run",
    "AnalysedWeights": "weights_analysis",
    "WeightsAnalysis": "weights_analysis",
    "run_analysis": "weights_analysis",
    **dict.fromkeys(
        ("compare", "corrected", "describe", "interval", "intervals", "power_of_pairs", "trend"), "statistics"
    ),
}
__all__ = [
    "AnalysedWeights",
    "CauseSettings",
    "Condition",
    "Event",
    "Executor",
    "LocalExecutor",
    "PlaneSettings",
    "PopulationSettings",
    "Store",
    "Study",
    "WeightsAnalysis",
    "basins_of_stage",
    "compare",
    "corrected",
    "describe",
    "groups_in_trials",
    "interval",
    "intervals",
    "load_study",
    "map_atlases",
    "map_causes",
    "map_course",
    "map_groups",
    "map_planes",
    "map_unit_course",
    "map_units",
    "open",
    "parse_study",
    "plane_shares",
    "power_of_pairs",
    "record_units",
    "run_analysis",
    "run_study",
    "stage_atlas",
    "trend",
    "trial_sides",
    "verify",
    "wrong_side",
]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(f"attrax.studies.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'attrax.studies' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
