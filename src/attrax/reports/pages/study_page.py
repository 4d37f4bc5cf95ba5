"""The report of a study: one self-contained page, and the figure for print."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from attrax.checked_files import make_writable, write_whole
from attrax.progress import OnProgress, Step, ignore_progress
from attrax.reports.appearance import KIND_LOOKS
from attrax.reports.drawn_cells import Choice, choose, shown_words
from attrax.reports.figures.planes_figure import any_planes, planes_figure, save
from attrax.reports.pages.page_templates import embed, template
from attrax.reports.pages.pictures import Pictures, draw_pictures
from attrax.reports.plots import study_plots
from attrax.reports.words.findings_in_sentences import findings
from attrax.reports.words.matched_comparisons import comparison_rows
from attrax.reports.words.rules_compared import POPULATION_WORDS, WORDS, RulesCompared, compare_rules
from attrax.reports.words.shares import PLANE_SHARES, parted, percents, share_meanings
from attrax.settings import SettingsError
from attrax.studies import Store

MOST_ROWS = 500
"""Networks that are listed one by one on the page, and rows of its other tables."""
_PARTS = "parts of the page made"


def write_report(store: Store, folder: Path | None = None, on_progress: OnProgress | None = None) -> Path:
    """Write ``index.html`` and what is in it as files of their own; return the page's path.

    Parameters
    ----------
    store
        The study.
    folder
        Where; None: ``report`` in the study's folder.
    on_progress
        Told how many parts of the page are made.

    Notes
    -----
    Beside it: ``planes.png``, with an atlas ``atlas.png``, with a course ``course.png``, with units ``groups.png``,
    ``units.png`` and ``flow.png``, with causes ``causes.png``; ``cells.csv``, ``pairs.csv`` and ``trends.csv``, the
    tables of `attrax.studies.describe`, `compare` and `trend`.

    Raises
    ------
    SettingsError
        If no network of the study is finished, or the folder cannot be written.
    """
    if not store.conditions:
        raise SettingsError(f"no network in {store.directory} is finished; run the study first")
    folder, tell = folder or store.directory / "report", on_progress or ignore_progress
    make_writable(folder, "--out names another folder")
    if any_planes(store):
        save(planes_figure(store), folder / "planes.png")
    tell(Step(_PARTS, 1, 4))
    pictures = draw_pictures(store).drawn
    for name, figure in pictures.items():
        save(figure, folder / f"{name}.png")
    tell(Step(_PARTS, 2, 4))
    compared = compare_rules(store)
    for name, table in (("cells", compared.cells), ("pairs", compared.pairs), ("trends", compared.trends)):
        if len(table):
            write_whole(folder / f"{name}.csv", table.to_csv(index=False).encode())
    tell(Step(_PARTS, 3, 4))
    page = folder / "index.html"
    write_whole(page, render(store, {name: folder / f"{name}.png" for name in pictures}, compared).encode())
    tell(Step(_PARTS, 4, 4))
    return page


def render(store: Store, pictures: Mapping[str, Path] | None = None, compared: RulesCompared | None = None) -> str:
    """Return the page as text: nothing in it is fetched from elsewhere.

    Of what `Pictures` has, those whose files are named are put into the page.
    """
    pictures = pictures or {}
    compared = compared or compare_rules(store)
    choice = choose(store.conditions)
    pairs, pairs_left_out = _of_drawn_cells(_compared_rows(compared), choice, "pairs.csv, beside this page")
    comparisons, comparisons_left_out = _of_drawn_cells(comparison_rows(store), choice, "the store")
    stages, starts = store.study.planes.stages, ("stage", "zero")
    figures: dict[str, Any] = {
        "curves": study_plots.learning_curves(store),
        "orbits": study_plots.orbits(store),
    }
    figures |= {f"{stage}/{start}": study_plots.planes(store, stage, start) for stage in stages for start in starts}
    return template("page.html").render(
        study=store.study,
        description=store.study.description,
        findings=[sentence.replace(" %", "\N{NO-BREAK SPACE}%") for sentence in findings(store)],
        rows=store.summary().head(MOST_ROWS).to_dict("records"),
        levels=store.study.levels,
        most_rows=MOST_ROWS,
        curves_drawn=len(study_plots.networks_with_curves(store)),
        curves_left_out=choice.left_out.partition(";")[0],
        shown=shown_words(store),
        compared=pairs,
        power=" ".join(filter(None, (compared.power, pairs_left_out))),
        finished=len(store.conditions),
        wanted=len(store.study.conditions()),
        looks=KIND_LOOKS,
        stages=stages,
        has_orbits=figures["orbits"] is not None,
        pictures={name: _embedded(pictures[name]) if name in pictures else None for name in Pictures._fields},
        compares_units=len(compared.pairs) > 0 and bool(compared.pairs.measure.isin(list(POPULATION_WORDS)).any()),
        comparisons=[{**row, "shares": percents(list(parted(row).values()))} for row in comparisons],
        comparisons_left_out=comparisons_left_out,
        plane_shares=PLANE_SHARES,
        share_meanings=share_meanings(),
        figures=embed({name: figure for name, figure in figures.items() if figure is not None}),
        settings=store.study.to_toml(),
        versions=_versions(store),
    )


def _of_drawn_cells(rows: list[dict[str, Any]], choice: Choice, place: str) -> tuple[list[dict[str, Any]], str]:
    """Return the rows of a table, or of too many those of the widths that are drawn, and words that say so."""
    if len(rows) <= MOST_ROWS:
        return rows, ""
    drawn = [row for row in rows if row["delta"] in choice.deltas]
    kept = drawn[:MOST_ROWS]
    which = "of the widths that are drawn" if kept == drawn else "the first of the widths that are drawn"
    return kept, f"Here stand {len(kept):,} of {len(rows):,} rows, {which}; all are in {place}."


def _compared_rows(compared: RulesCompared) -> list[dict[str, Any]]:
    """Return the pairs for the page: of all networks, and of those that reached where these are fewer."""
    if not len(compared.pairs):
        return []
    columns = [str(name) for name in compared.pairs.columns]
    levels = [name for name in columns[: columns.index("measure")] if name not in ("one", "other", "task", "delta")]
    words = WORDS | POPULATION_WORDS
    rows: list[dict[str, Any]] = []
    for row in compared.pairs.to_dict("records"):
        if row["of"] == "reached" and not row["lost_one"] + row["lost_other"]:
            continue  # the same networks as all
        where = ", ".join(f"{name} {row[name]}" for name in levels if not pd.isna(row[name]))
        rows.append({**{str(k): v for k, v in row.items()}, "where": where, "words": words[row["measure"]]})
    return rows


def _embedded(image: Path) -> Markup:
    """Return a picture as an address that holds it."""
    return Markup("data:image/png;base64," + base64.b64encode(image.read_bytes()).decode())


def _versions(store: Store) -> dict[str, str]:
    timing = store.timing()
    names = [name for name in timing.columns if name == "python" or name.startswith("version_")]
    return {name.removeprefix("version_"): ", ".join(sorted(set(timing[name].dropna().astype(str)))) for name in names}
