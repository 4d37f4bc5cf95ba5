"""Figures and pages, from the store alone: a report can be made again at any time, at no cost."""

from typing import TYPE_CHECKING

from attrax.rooms import names_of

if TYPE_CHECKING:
    from attrax.reports.figures.atlas_figures import atlas_figure, sweep_figure
    from attrax.reports.figures.basin_figures import basin_figure
    from attrax.reports.figures.course_figures import course_figure
    from attrax.reports.figures.perturbation_figures import lesion_bars, mode_bars, robustness_curves
    from attrax.reports.figures.planes_figure import planes_figure
    from attrax.reports.figures.population_figures import block_matrix, group_bars, group_flow
    from attrax.reports.figures.study_population_figures import study_figures
    from attrax.reports.figures.unit_figures import activity_heat_map, selectivity_raster
    from attrax.reports.pages.atlas_page import write_atlas_page
    from attrax.reports.pages.attractor_page import write_attractor_page
    from attrax.reports.pages.study_page import write_report
    from attrax.reports.words.attractor_words import analysis_findings
    from attrax.reports.words.findings_in_sentences import findings

_PLACES = {
    "figures.atlas_figures": ("atlas_figure", "sweep_figure"),
    "figures.basin_figures": ("basin_figure",),
    "figures.course_figures": ("course_figure",),
    "figures.perturbation_figures": ("lesion_bars", "mode_bars", "robustness_curves"),
    "figures.planes_figure": ("planes_figure",),
    "figures.population_figures": ("block_matrix", "group_bars", "group_flow"),
    "figures.study_population_figures": ("study_figures",),
    "figures.unit_figures": ("activity_heat_map", "selectivity_raster"),
    "pages.atlas_page": ("write_atlas_page",),
    "pages.attractor_page": ("write_attractor_page",),
    "pages.study_page": ("write_report",),
    "words.attractor_words": ("analysis_findings",),
    "words.findings_in_sentences": ("findings",),
}
__all__ = [
    "activity_heat_map",
    "analysis_findings",
    "atlas_figure",
    "basin_figure",
    "block_matrix",
    "course_figure",
    "findings",
    "group_bars",
    "group_flow",
    "lesion_bars",
    "mode_bars",
    "planes_figure",
    "robustness_curves",
    "selectivity_raster",
    "study_figures",
    "sweep_figure",
    "write_atlas_page",
    "write_attractor_page",
    "write_report",
]

__getattr__ = names_of(__name__, _PLACES)


def __dir__() -> list[str]:
    return list(__all__)
