"""Figures and pages, from the store alone: a report can be made again at any time, at no cost."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attrax.reports.atlas_page import write_atlas_page
    from attrax.reports.attractor_page import write_attractor_page
    from attrax.reports.attractor_words import analysis_findings
    from attrax.reports.figures import planes_figure
    from attrax.reports.page import write_report
    from attrax.reports.sentences import findings

_PLACES = {
    "analysis_findings": "attractor_words",
    "findings": "sentences",
    "planes_figure": "figures",
    "write_atlas_page": "atlas_page",
    "write_attractor_page": "attractor_page",
    "write_report": "page",
}
__all__ = ["analysis_findings", "findings", "planes_figure", "write_atlas_page", "write_attractor_page", "write_report"]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(f"attrax.reports.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'attrax.reports' has no attribute {name!r}")
