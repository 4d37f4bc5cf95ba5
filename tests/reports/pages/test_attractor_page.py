"""The page of one network's attractors, as sentences, as figures and in a browser."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from attrax.dynamics import Effort
from attrax.networks import own_network
from attrax.own_network import AnalysedWeights, WeightsAnalysis, run_analysis
from attrax.reports import analysis_findings, write_attractor_page
from attrax.reports.plots.attractor_plots import principal_axes, shares_figure
from attrax.reports.plots.fixed_point_marks import widened
from attrax.reports.words.attractor_words import exponent, number, percent, points_sentence, rotation, share_words
from tests.dynamics.known_systems import border_collision, lozi, two_cycle

# Side by side and independent: a quasi-periodic curve, two units of which one wins, and one that may diverge.
QUICK = Effort(settling_steps=300, steps=2000, extension=1, largest_period=500)


def side_by_side(*maps):
    n_units = sum(one.n_units for one in maps)
    weights, bias, first = np.zeros((n_units, n_units)), np.zeros(n_units), 0
    for one in maps:
        block = slice(first, first + one.n_units)
        weights[block, block], bias[block], first = one.weights, one.bias, first + one.n_units
    return weights, bias


@pytest.fixture(scope="module")
def analysed(tmp_path_factory):
    curve = border_collision(0.0540905, 0.59820461, -0.80434312, 1.09224173).relu_map()
    weights, bias = side_by_side(curve, two_cycle(0.5, 1.0), two_cycle(0.5, 1.0), two_cycle(-1.5, -1.0))
    weights[4, 5] = weights[5, 4] = -1.5
    weights[4, 4] = weights[5, 5] = 0
    inputs = np.zeros((7, 2))
    inputs[4:6] = [[1, 0], [0, 1]]
    arrays = {"W": weights, "b": bias, "U": inputs, "readout": np.zeros(2)}
    analysis = WeightsAnalysis("my <network>.npz", own_network(arrays), np.array([[0, 0], [5, -1.0]]), 30, 0, QUICK)
    return run_analysis(analysis, tmp_path_factory.mktemp("page") / "out")


@pytest.fixture(scope="module")
def page_path(analysed):
    return write_attractor_page(analysed)


def test_sentences_count_attractors_and_name_every_share(analysed):
    first, second, third = analysis_findings(analysed)
    attractors = analysed.table[analysed.table.attractor > 0]
    assert first.startswith(
        f"{len(attractors)} attractors under 2 inputs: {len(attractors)} quasi-periodic attractors."
    )
    divergent = analysed.table[analysed.table.kind == "divergent"].starts.sum() / 60
    assert re.search(r"Of the random starts, \d+ % reach one of them, \d+ % diverge and \d+ % stay undecided", first)
    assert abs(int(re.search(r"(\d+) % diverge", first)[1]) - 100 * divergent) < 1
    assert second.startswith("Input 1 (zero): quasi-periodic ")
    unstable = int((analysed.points[analysed.points.input == 1].unstable > 0).sum())
    assert second.endswith(f"{unstable} fixed points found, all of them unstable.")
    assert third.startswith("Input 2 (5, −1): quasi-periodic ")
    for sentence, index in ((second, 1), (third, 2)):
        rows = analysed.table[analysed.table.input == index]
        for text, starts in zip(share_words(rows.share.tolist()), rows.starts, strict=True):
            assert (text if starts else "from the zero state only") in sentence


def table_of(rows):
    nothing = {"input": 1, "period": 0, "neutral": False, "from_zero": False}
    return pd.DataFrame([nothing | row for row in rows])


def with_table(table, value=0.5):
    """An analysis of which only the table is looked at."""
    network = own_network({"W": np.eye(1), "U": np.ones((1, 1)), "b": np.ones(1)})
    count = int(table.input.max())
    analysis = WeightsAnalysis("x.npz", network, np.full((count, 1), value), 100)
    analysed = AnalysedWeights(analysis, Path("nowhere"), (xr.Dataset(),) * count, ("",) * count)
    analysed.__dict__["table"] = table  # where the cached property keeps it
    return analysed


def test_kinds_and_periods_are_counted_in_words():
    table = table_of(
        [
            {"attractor": 1, "kind": "fixed point", "period": 1, "share": 0.5, "starts": 50},
            {"attractor": 2, "kind": "cycle", "period": 12, "share": 0.3, "starts": 30},
            {"attractor": 3, "kind": "cycle", "period": 2, "share": 0.195, "starts": 19},
            {"attractor": 4, "kind": "chaotic", "share": 0.005, "starts": 1},
        ]
    )
    assert analysis_findings(with_table(table)) == [
        "4 attractors under 1 input: 1 fixed point, 2 cycles (periods 2 and 12) and 1 chaotic attractor. "
        "All random starts reach one of them.",
        "Input 1 (0.5): fixed point 50.0 %, cycle of period 12 30.0 %, cycle of period 2 19.5 %, chaotic 0.5 %.",
    ]


def test_the_shares_under_an_input_add_up_in_words_table_and_figure():
    rows = [
        {"attractor": k, "kind": "cycle", "period": k, "share": n / 60, "starts": n}
        for k, n in enumerate([20, 20, 7, 5, 3, 2, 2, 1], 1)
    ]
    sentence = analysis_findings(with_table(table_of(rows)))[1]
    assert sum(int(text) for text in re.findall(r"(\d+) %", sentence)) == 100
    shares = [row["share"] for row in rows]
    assert sum(int(text.removesuffix(" %")) for text in share_words(shares)) == 100
    more = {"certified": True, "share_low": 0.0, "share_high": 0.9, "relaxation_steps": 1.0, "period_excluded": 0}
    more |= {"rotation_number": np.nan, "rotation_digits": np.nan}
    more |= {f"exponent_{i}{end}": 0.0 for i in range(1, 5) for end in ("", "_error")}
    texts = [note.text for note in shares_figure(table_of([row | more for row in rows])).layout.annotations]
    assert texts == share_words(shares)


def test_nothing_found_is_said():
    table = table_of([{"attractor": -1, "kind": "undecided", "neutral": True, "share": 1.0, "starts": 100}])
    assert analysis_findings(with_table(table, 0.0)) == [
        "No attractor was found under 1 input. Of the random starts, 0 % diverge and 100 % stay undecided.",
        "Zero input: undecided (neutral) 100 %.",
    ]


def test_many_inputs_and_many_attractors_are_kept_short():
    rows = [
        {"input": i, "attractor": k, "kind": "cycle", "period": k, "share": 0.1, "starts": 10}
        for i in range(1, 31) for k in range(1, 11)
    ]  # fmt: skip
    sentences = analysis_findings(with_table(table_of(rows)))
    assert "300 cycles (periods 1 to 10)" in sentences[0]
    assert sentences[1].endswith("cycle of period 6 10 %, 4 others 40 %.")
    assert sentences[-1] == "The other 18 inputs are in the table."


def test_bars_that_are_left_out_are_summed_up():
    row = {"kind": "fixed point", "period": 1, "certified": True, "share": 0.05, "starts": 5, "period_excluded": 0}
    row |= {"share_low": 0.02, "share_high": 0.1, "relaxation_steps": 1.0, "rotation_number": np.nan}
    row |= {"rotation_digits": np.nan}
    row |= {f"exponent_{i}{end}": 0.0 for i in range(1, 5) for end in ("", "_error")}
    bars = shares_figure(table_of([row | {"attractor": k} for k in range(1, 21)])).data
    assert [bar.y[0] for bar in bars] == [f"{k}  fixed point" for k in range(1, 16)] + ["5 more"]
    assert sum(bar.x[0] for bar in bars) == pytest.approx(1)


def with_points(*points):
    """An analysis of which only the fixed points are looked at."""
    analysed = with_table(table_of([{"attractor": 1, "kind": "fixed point", "share": 1.0, "starts": 100}]))
    rows = [{"input": 1, "attractor": -1, "unstable": 0, "instability": "stable"} | point for point in points]
    analysed.__dict__["points"] = pd.DataFrame(rows, columns=["input", "attractor", "unstable", "instability"])
    analysed.results[0]["point_state"] = (("point", "unit"), np.zeros((len(rows), 1)))
    return analysed


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ((), "No fixed point was found."),
        (({"attractor": 1},), "1 fixed point found: stable."),
        (({},), "1 fixed point found: stable, though no start was seen to reach it."),
        (({"unstable": 1, "instability": "-1"},), "1 fixed point found: unstable, −1."),
        (({"unstable": -1, "instability": "border", "attractor": 1},), "1 fixed point found: on a border."),
        (({"unstable": 2, "instability": "+1"},) * 3, "3 fixed points found, all of them unstable."),
        (
            ({"attractor": 1}, {}, {"unstable": 2, "instability": "complex pair"}),
            "3 fixed points found, 1 of them unstable, 1 stable one that no start was seen to reach.",
        ),
    ],
)
def test_fixed_points_are_counted_in_words(points, words):
    analysed = with_points(*points)
    assert points_sentence(analysed) == points_sentence(analysed, 0) == words
    assert analysis_findings(analysed)[1] == f"Input 1 (0.5): fixed point 100 %. {words}"


def test_undecided_starts_are_no_evidence_that_a_point_is_out_of_reach():
    analysed = with_points({})
    analysed.__dict__["table"] = table_of(
        [
            {"attractor": 1, "kind": "fixed point", "share": 0.9, "starts": 90},
            {"attractor": -1, "kind": "undecided", "share": 0.1, "starts": 10},
        ]
    )
    assert points_sentence(analysed, 0) == (
        "1 fixed point found: stable, though no start was seen to reach it "
        "(of 10 starts it is undecided where they go)."
    )


def test_a_search_that_ran_out_of_solves_says_so():
    analysed = with_points({"attractor": 1}, {"attractor": 1})
    analysed.results[0].attrs["still_new"] = 1
    assert points_sentence(analysed, 0).endswith(
        "none of them unstable. The search still found new ones when its solves ran out: there are more, perhaps a "
        "continuum."
    )


def test_a_point_far_off_does_not_make_all_else_small():
    ranges, near = widened([[0.0, 1.0], [0.0, 2.0]], np.array([[1.2, 1.0], [40.0, 1.0]]))
    assert near.tolist() == [True, False]
    assert ranges[0] == [0, pytest.approx(1.26)]
    assert ranges[1] == [0, 2]


def test_a_rotation_number_has_the_digits_that_are_known():
    assert [rotation(0.123456789, digits) for digits in (3.7, np.inf, np.nan, -1.0)] == [
        "0.123", "0.123457", "0.12346", "0.1",
    ]  # fmt: skip
    assert rotation(np.nan, np.nan) == "–"


def test_numbers_are_written_for_people():
    assert [percent(share) for share in (0.0, 0.0001, 0.004, 0.123, 0.999, 1.0)] == [
        "0 %", "<0.1 %", "0.4 %", "12 %", "99.9 %", "100 %",
    ]  # fmt: skip
    assert [number(value) for value in (np.nan, np.inf, -np.inf, -1.2345)] == ["–", "∞", "−∞", "−1.23"]
    assert exponent(-0.00001, 0.0003) == "0.0000 ± 0.0003"
    assert exponent(-0.5, 0.0) == "−0.5000"


@pytest.mark.parametrize("states", [1, 2, 5])
def test_axes_exist_however_few_states_there_are(states, analysed):
    result = analysed.results[0]
    few = result.isel(sample=slice(0, states))
    project = principal_axes(few)
    assert project(few.sample_state.values).shape == (states, 2)
    assert np.allclose(project.axes @ project.axes.T, np.eye(2))
    assert (project.source != "the attractors") == (states < 3)


def test_axes_of_states_on_a_plane_hold_all_of_their_variance(analysed):
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(50, 2)) @ rng.normal(size=(2, 7))
    flat = analysed.results[0].isel(sample=slice(0, 50))
    flat = flat.assign(sample_state=(("sample", "unit"), plane), sample_attractor=("sample", np.ones(50, int)))
    assert principal_axes(flat).explained.sum() == pytest.approx(1)


def test_the_page_names_nothing_elsewhere_and_escapes_names(page_path):
    text = page_path.read_text(encoding="utf-8")
    outside_plotly = re.sub(r"<script>/\*\*.*?</script>", "", text, count=1, flags=re.DOTALL)
    assert len(outside_plotly) < len(text) / 2
    assert "http" not in outside_plotly
    assert "<h1>Attractors of my &lt;network&gt;.npz</h1>" in outside_plotly
    assert "Not used from the file: readout." in outside_plotly


@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_fits_and_shows_the_table_and_the_figures(open_page, page_path, analysed, width):
    page = open_page(page_path, width)
    page.wait_for_selector("#projection .scatterlayer .trace")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#attractors tbody tr").count() == len(analysed.table)
    assert page.locator("#points tbody tr").count() == len(analysed.points) > 1
    assert "unstable fixed point" in page.locator("#projection .legend").text_content()
    assert "No search is complete" in page.locator("body").inner_text()
    first = analysed.table[analysed.table.input == 1]
    assert page.locator("#shares .barlayer .trace").count() == len(first)
    kinds = analysed.table.groupby("input").kind.nunique().sum()
    assert page.locator("#overview .barlayer .point").count() >= kinds
    labels = page.locator("#shares .ytick text").all_text_contents()
    assert "divergent" in [label.strip() for label in labels]


def test_another_input_and_an_attractor_alone_can_be_chosen(open_page, page_path):
    page = open_page(page_path)
    page.wait_for_selector("#projection .scatterlayer .trace")

    def drawn(place):
        return page.evaluate(f"JSON.stringify(document.getElementById('{place}').data)")

    shares, together = drawn("shares"), drawn("projection")
    page.select_option("#view", "1")
    assert drawn("projection") != together
    page.select_option("#input", "1")
    assert page.locator("#view").input_value() == "0"
    assert drawn("shares") != shares


def test_hovering_over_a_bar_shows_its_evidence(open_page, page_path):
    page = open_page(page_path)
    page.wait_for_selector("#shares .barlayer .point")
    box = page.locator("#shares .barlayer .point path").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3)
    text = page.locator("#shares .hoverlayer .hovertext")
    text.wait_for()
    assert "quasi-periodic" in text.text_content()
    assert "not certified" in text.text_content()


def test_chaos_and_a_single_input_have_a_page(tmp_path, open_page):
    weights, bias = side_by_side(lozi(1.7, 0.5).relu_map())
    network = own_network({"W": weights, "b": bias})
    analysed = run_analysis(WeightsAnalysis("lozi", network, np.zeros((1, 0)), 5, 0, QUICK), tmp_path / "out")
    page = open_page(write_attractor_page(analysed))
    page.wait_for_selector("#projection .scatterlayer .trace")
    assert page.locator("#overview").count() == 0
    assert page.locator("#input").count() == 0
    assert "4 ReLU units, no input weights." in page.locator("p.lead").inner_text()
