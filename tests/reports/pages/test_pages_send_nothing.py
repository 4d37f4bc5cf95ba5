"""No page of ours offers to send anything anywhere: each is opened without a network, and its buttons are looked at."""

import re
from importlib import resources

import numpy as np
import pytest

from attrax.dynamics import atlas
from attrax.networks import own_network
from attrax.own_network import WeightsAnalysis, run_analysis
from attrax.reports import write_atlas_page, write_attractor_page, write_report
from tests.reports.conftest import offers_to_send
from tests.reports.pages.test_atlas_page import QUICK
from tests.reports.pages.test_pictures import ended
from tests.reports.stores_of_parts import OPTIONAL, store_with, text_with

BUTTONS = ["Download plot as a PNG", "Zoom", "Pan", "Zoom in", "Zoom out", "Autoscale", "Reset axes"]


def study_page(store, text, folder, parts, seeds=1):
    text = text_with(parts, text).replace("seeds = [0]", f"seeds = {seeds}")
    return write_report(store_with(folder, store, text, ended))


@pytest.mark.parametrize(
    ("parts", "seeds"), [((), 1), (OPTIONAL, 1), (("planes.course", "populations.causes"), 2)],
    ids=["no part", "all parts", "rules compared"],
)  # fmt: skip
def test_the_page_of_a_study(parts, seeds, tiny_store, tiny_study_text, tmp_path, open_page):
    page = open_page(study_page(tiny_store, tiny_study_text, tmp_path / "out", parts, seeds))
    page.wait_for_selector("#planes .heatmaplayer")
    for figure in ("curves", "planes", "orbits"):
        page.locator(f"#{figure} .plot-container").hover()
        buttons = page.locator(f"#{figure} .modebar-btn").evaluate_all(
            "found => found.map(e => e.dataset.title || e.ariaLabel || e.title)"
        )
        assert buttons == BUTTONS
    assert offers_to_send(page) == []


@pytest.mark.parametrize("inputs", [[[0.0]], [[0.0], [1.0]]], ids=["one input", "two inputs"])
def test_the_page_of_attractors(inputs, tmp_path, open_page):
    network = own_network({"W": np.array([[0.5]]), "U": np.ones((1, 1)), "b": np.ones(1)})
    analysis = WeightsAnalysis("one unit", network, np.array(inputs), 10, 0, QUICK, solves=20)
    page = open_page(write_attractor_page(run_analysis(analysis, tmp_path / "out")))
    page.wait_for_selector("#shares .barlayer .point")
    for figure in page.locator(".js-plotly-plot").all():
        figure.hover()
    assert page.locator(".modebar-btn").count() == 0
    assert offers_to_send(page) == []


def test_the_page_of_an_atlas(tmp_path, open_page):
    found = atlas([[0.5]], [1.0], [[1.0], [0.0]], samples=4, effort=QUICK)
    page = open_page(write_atlas_page(found, tmp_path / "atlas.html"))
    page.locator("#over").hover()
    assert page.locator("button").count() == 4
    assert offers_to_send(page) == []


def test_what_would_send_is_seen(tmp_path, open_page, browser):
    path = tmp_path / "page.html"
    path.write_text(
        '<a href="https://example.org">x</a><a class="modebar-btn" data-title="Share chart...">y</a>'
        '<button aria-label="Edit in Chart Studio">z</button><a href="#below">w</a><form action="//example.org"></form>'
    )
    page = browser.new_page()
    page.goto(path.as_uri())
    assert len(offers_to_send(page)) == 4
    page.close()


def test_pages_draw_with_plotly_in_one_place_only():
    templates = {file.name: file.read_text(encoding="utf-8") for file in _templates()}
    assert [name for name, text in templates.items() if re.search(r"\bPlotly\b|plotly\(\)", text)] == ["plotly.html"]
    assert not [name for name, text in templates.items() if re.search(r"<form|href=\"(?!data:,)|https?:", text)]


def _templates():
    return sorted((resources.files("attrax.reports") / "templates").iterdir(), key=lambda file: file.name)
