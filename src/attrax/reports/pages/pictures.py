"""The pictures of a report: one for each part that a study can ask for, or several."""

from typing import NamedTuple

from matplotlib.figure import Figure

from attrax.reports.figures.atlas_figures import stored_atlases_figure
from attrax.reports.figures.course_figures import course_figure
from attrax.reports.figures.study_population_figures import study_figures
from attrax.studies import Store


class Pictures(NamedTuple):
    """Every picture that a report can have beside its planes; None where no network that is drawn has the part."""

    atlas: Figure | None
    course: Figure | None
    groups: Figure | None
    units: Figure | None
    flow: Figure | None
    causes: Figure | None

    @property
    def drawn(self) -> dict[str, Figure]:
        """Those that there are, by name."""
        return {name: figure for name, figure in self._asdict().items() if figure is not None}


ASKED_BY = {
    "atlas": "planes.atlas",
    "course": "planes.course",
    **dict.fromkeys(("groups", "units", "flow"), "populations.units"),
    "causes": "populations.causes",
}
"""Picture to the setting of a study that asks for it; tests make a report for every combination of these settings."""


def draw_pictures(store: Store) -> Pictures:
    """Draw what is in a store."""
    populations: dict[str, Figure | None] = dict.fromkeys(("groups", "units", "flow", "causes"))
    populations |= study_figures(store)
    return Pictures(atlas=stored_atlases_figure(store), course=course_figure(store), **populations)
