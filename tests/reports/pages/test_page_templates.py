"""The pages of attractors and of an atlas, with any of the parts that they can have."""

import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from attrax.dynamics import atlas
from attrax.networks import own_network
from attrax.own_network import WeightsAnalysis, run_analysis
from attrax.reports.pages.atlas_page import render_atlas
from attrax.reports.pages.attractor_page import render_attractors
from tests.reports.pages.test_atlas_page import QUICK, one_unit, two_choices
from tests.reports.pages.test_pictures import check_words, without_plotly

NETWORKS = {
    "one fixed point": own_network({"W": np.array([[0.5]]), "U": np.ones((1, 1)), "b": np.ones(1)}),
    "nothing": own_network({"W": np.array([[1.5]]), "U": np.ones((1, 1)), "b": np.ones(1)}),
    "a cycle": own_network({"W": np.array([[-1.5]]), "U": np.ones((1, 1)), "b": np.ones(1)}),
    "no ReLU": own_network({"W": np.array([[0.5]]), "U": np.ones((1, 1)), "b": np.ones(1)}, nonlinearity="tanh"),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_page_of_attractors_has_its_parts_and_no_others(name, tmp_path):
    few = np.abs(np.random.default_rng(0).normal(size=(5, 1)))
    for inputs, solves, starts in product(([[0.5]], [[0.0], [1.0]]), (0, 20), (5, few)):
        analysis = WeightsAnalysis(name, NETWORKS[name], np.array(inputs), starts, 0, QUICK, solves=solves)
        analysed = run_analysis(analysis, tmp_path / "out")
        for remark, unused in product(("", "A remark."), ((), ("readout",))):
            network = replace(analysis.network, remark=remark, unused=unused)
            text = render_attractors(replace(analysed, analysis=replace(analysis, network=network)))
            text = without_plotly(text)
            check_words(text)
            several = len(inputs) > 1
            assert ('<div id="overview">' in text) == ("<h2>Every input</h2>" in text) == several
            assert ('<select id="input">' in text) == several
            assert ('<p class="remark">A remark.</p>' in text) == bool(remark)
            assert ("Not used from the file: readout." in text) == bool(unused)
            assert ("<h2>The fixed points, stable or not</h2>" in text) == (solves > 0)
            found = len(analysed.points)
            assert (found > 0) == (solves > 0 and name != "nothing")
            assert ('<table id="points">' in text) == ("fixed_points.csv" in text) == (found > 0)
            drawn = isinstance(starts, int)
            assert ("the zero state not counted" in text) == (drawn and analysed.table.from_zero.any())
            assert ("are those of the file" in text) == (not drawn)


@pytest.fixture(scope="module")
def atlases():
    return {
        "two attractors": two_choices(),
        "a cycle": one_unit(-1.5),
        "nothing": one_unit(1.5, bias=2.0),
        "one unit": atlas([[0.5]], [1.0], [[1.0], [0.0]], samples=4, effort=QUICK),
    }


@pytest.mark.parametrize("name", ["two attractors", "a cycle", "nothing", "one unit"])
def test_the_page_of_an_atlas_has_its_parts_and_no_others(name, atlases, monkeypatch):
    found = atlases[name]
    assert found.complete
    for complete, readout, title in product((True, False), (None, np.eye(2)[:, : found.start.size]), ("", "A title")):
        monkeypatch.setattr(found.regions, "complete", complete)
        text = render_atlas(found, readout, title=title)
        check_words(text)
        assert ("The map is not complete" in text) == (not complete)
        assert ("principal\ncomponents of" in text) == (readout is None)
        assert f"<h1>{title or 'Attractors over a plane of inputs'}</h1>" in text
        shares = re.search(r"by share of the window:\s*(.*?)\.\s*Sheets", text, re.DOTALL)[1]
        assert sum(float(share) for share in re.findall(r"([\d.]+) %", shares)) == pytest.approx(100)
