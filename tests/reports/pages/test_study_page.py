"""The page, as text and in a browser."""

import re

import pytest

from attrax.reports import findings, write_report


@pytest.fixture(scope="module")
def page_path(tiny_store):
    return write_report(tiny_store)


def test_the_page_names_nothing_elsewhere(page_path):
    text = page_path.read_text(encoding="utf-8")
    outside_plotly = re.sub(r"<script>/\*\*.*?</script>", "", text, count=1, flags=re.DOTALL)
    assert len(outside_plotly) < len(text) / 2
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?!data:)[a-z]+:""", outside_plotly)
    assert "http" not in outside_plotly


def test_findings_say_every_share_of_every_rule(tiny_store):
    sentences = findings(tiny_store)
    assert len(sentences) == 3 + int((tiny_store.summary().eval("accuracy - accuracy_in_a_row") > 0.05).any())
    assert "real trials leave the stage at" in sentences[2]
    for words in ("quasi-periodic", "locked", "fixed points", "short cycles", "chaotic", "divergent", "undecided"):
        assert sentences[1].count(words) == 2
    summary = tiny_store.summary().set_index("learner")
    (of_ppo, *_) = re.findall(r"(\d+) % fixed points", sentences[1])
    assert abs(int(of_ppo) - 100 * summary.frac_fixed["ppo"]) < 1
    assert "PPO went through its set training in 1 of 1 networks" in sentences[0]


def test_the_figure_for_print_is_the_same_each_time(tiny_store, page_path):
    first = (page_path.parent / "planes.png").read_bytes()
    write_report(tiny_store)
    assert (page_path.parent / "planes.png").read_bytes() == first


def test_the_page_holds_the_atlas(page_path, tiny_store):
    assert (page_path.parent / "atlas.png").stat().st_size > 10_000
    assert "The stimulus stage at every coherence" in page_path.read_text(encoding="utf-8")
    summary = tiny_store.summary()
    assert summary.atlas_fixed.between(0, 1).all()
    assert summary.atlas_complete.all()


@pytest.fixture
def page(open_page, page_path):
    page = open_page(page_path)
    page.wait_for_selector("#planes .heatmaplayer")
    return page


def test_the_page_shows_curves_planes_and_legend(page, tiny_store):
    assert page.locator("#networks tbody tr").count() == 2
    assert page.locator("#curves .scatterlayer .trace").count() >= 4
    assert page.locator("#planes .heatmaplayer .hm").count() == 4
    assert [" ".join(text.split()) for text in page.locator("ul.legend li").all_inner_texts()] == [
        "fixed point", "Ccycle", "Qquasi-periodic", "Xchaotic", "Ddivergent", "?undecided",
    ]  # fmt: skip
    assert "n_hidden = 16" in page.locator("pre").inner_text()
    assert "jax 0." in page.locator("p.note").last.inner_text()


def test_hovering_over_a_point_shows_its_evidence(page):
    plane = page.locator("#planes .heatmaplayer .hm").first
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3)
    text = page.locator("#planes .hoverlayer .hovertext")
    text.wait_for()
    words = text.text_content()
    assert re.search("fixed point|cycle|quasi-periodic|chaotic|divergent|undecided", words)
    assert "c = (0, 0)" in words
    assert "steps" in words


def test_another_stage_can_be_chosen(page):
    before = page.evaluate("JSON.stringify(document.getElementById('planes').data[0].customdata)")
    page.select_option("#stage", "decision")
    page.select_option("#start", "zero")
    page.wait_for_timeout(200)
    after = page.evaluate("JSON.stringify(document.getElementById('planes').data[0].customdata)")
    assert before != after
