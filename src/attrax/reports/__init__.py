"""Figures and pages, from the store alone: a report can be made again at any time, at no cost."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attrax.reports.atlas_figures import atlas_figure, sweep_figure
    from attrax.reports.atlas_page import write_atlas_page
    from attrax.reports.attractor_page import write_attractor_page
    from attrax.reports.attractor_words import analysis_findings
    from attrax.reports.basin_figures import basin_figure
    from attrax.reports.cause_figures import lesion_bars, mode_bars, robustness_curves
    from attrax.reports.course_figures import course_figure
    from attrax.reports.figures import planes_figure
    from attrax.reports.page import write_report
    from attrax.reports.population_figures import block_matrix, group_bars, group_flow
    from attrax.reports.population_report import study_figures
    from attrax.reports.sentences import findings
    from attrax.reports.unit_figures import activity_heat_map, selectivity_raster

_PLACES = {
    "analysis_findings": "attractor_words",
    "atlas_figure": "atlas_figures",
    "basin_figure": "basin_figures",
    "course_figure": "course_figures",
    "findings": "sentences",
    "planes_figure": "figures",
    "sweep_figure": "atlas_figures",
    "write_atlas_page": "atlas_page",
    "write_attractor_page": "attractor_page",
    "write_report": "page",
    **dict.fromkeys(("block_matrix", "group_bars", "group_flow"), "population_figures"),
    **dict.fromkeys(("activity_heat_map", "selectivity_raster"), "unit_figures"),
    "study_figures": "population_report",
    **dict.fromkeys(("lesion_bars", "mode_bars", "robustness_curves"), "cause_figures"),
}
__all__ = [
    "activity_heat_map", "analysis_findings", "atlas_figure", "basin_figure", "block_matrix", "course_figure",
    "findings", "group_bars", "group_flow", "lesion_bars", "mode_bars", "planes_figure", "robustness_curves",
    "selectivity_raster", "study_figures", "sweep_figure", "write_atlas_page", "write_attractor_page", "write_report",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(f"attrax.reports.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'attrax.reports' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
