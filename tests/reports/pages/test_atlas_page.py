"""The page of an atlas: what is embedded, what it must refuse, and what it says and computes in a browser."""

import base64
import json
import re

import numpy as np
import pytest

from attrax.dynamics import Effort, atlas
from attrax.reports import write_atlas_page

QUICK = Effort(settling_steps=500, steps=1000, extension=1)


def two_choices(**more):
    """The example of docs/atlas.md: two units that silence each other."""
    weights, directions = np.array([[0.4, -1.2], [-1.2, 0.4]]), np.array([[1.0, -1.0], [0.5, 0.5]])
    return atlas(weights, np.ones(2), directions, samples=8, effort=QUICK, **more)


def one_unit(weight, bias=0.0):
    """h' = relu(w h + x + b): a cycle of two steps for w = -1.5, divergence for w = 1.5; y drives another unit."""
    weights = np.array([[weight, 0.0], [0.0, 0.0]])
    return atlas(weights, [bias, bias], np.eye(2), samples=8, effort=QUICK)


def random_network(seed, leak):
    rng = np.random.default_rng(seed)
    weights, bias, directions = rng.standard_normal((7, 7)), rng.standard_normal(7), rng.standard_normal((2, 7))
    return atlas(weights, bias, directions, leak, start=np.abs(rng.standard_normal(7)), samples=16, effort=QUICK)


def numbers(text, kind="<f8"):
    return np.frombuffer(base64.b64decode(text), kind)


def embedded(path):
    found = re.search(r"^const data = (.*);$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return json.loads(found[1])


@pytest.fixture(scope="module")
def choices():
    return two_choices()


@pytest.fixture(scope="module")
def choices_path(choices, tmp_path_factory):
    return write_atlas_page(choices, tmp_path_factory.mktemp("atlas") / "atlas.html", np.eye(2), ("one", "two"))


def check_formulas(found, data):
    """What is embedded must give the readouts of the states that the regions give, where the regions lie."""
    rows, offset = numbers(data["readout"]).reshape(2, -1), np.array(data["offset"])
    formulas = numbers(data["regions"]["formulas"]).reshape(-1, 2, 3)
    corners = np.split(
        numbers(data["regions"]["places"]).reshape(-1, 2), np.cumsum(data["regions"]["corners"], dtype=int)[:-1]
    )
    assert len(formulas) == len(found.stable) == len(data["regions"]["number"])
    for formula, place, number in zip(formulas, corners, data["regions"]["number"], strict=True):
        region = found.regions.found[number]
        assert region.stable
        np.testing.assert_array_equal(place, region.polygon.corners)
        middle = region.polygon.middle
        states = region.states(middle[None], found.regions.plane.origin.leak)[0]
        expected = rows @ states.mean(axis=0) + offset
        np.testing.assert_allclose(formula @ [1, *middle], expected, rtol=1e-9, atol=1e-9)


def test_the_page_is_one_file_that_fetches_nothing(choices_path):
    text = choices_path.read_text(encoding="utf-8")
    assert "http" not in text
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?!data:)[a-z/]|fetch\(|import\(|@import|url\(""", text)
    assert len(text) < 60_000
    assert [path.name for path in choices_path.parent.iterdir()] == ["atlas.html"]


def test_what_is_embedded_agrees_with_the_regions(choices, choices_path):
    data = embedded(choices_path)
    check_formulas(choices, data)
    assert data["single"] is False  # 0.4 is no number of single precision
    np.testing.assert_array_equal(numbers(data["weights"]).reshape(2, 2), choices.regions.plane.origin.weights)
    assert sorted(data["regions"]["sheet"]) == [0, 1]
    assert [(border["kind"], numbers(border["ends"]).size) for border in data["borders"]] == [("fold", 8)]
    assert np.unpackbits(numbers(data["regions"]["patterns"], "u1").reshape(2, 1), axis=1)[:, :2].sum() == 2
    np.testing.assert_allclose(numbers(data["regions"]["leading"]), [0.4, 0, 0.4, 0])


def test_principal_components_are_named_and_centred(choices, tmp_path):
    data = embedded(write_atlas_page(choices, tmp_path / "atlas.html"))
    check_formulas(choices, data)
    rows = numbers(data["readout"]).reshape(2, 2)
    np.testing.assert_allclose(rows @ rows.T, np.eye(2), atol=1e-12)
    shares = [int(re.fullmatch(r"principal component \d \((\d+) %\)", name)[1]) for name in data["names"]]
    assert sum(shares) == pytest.approx(100, abs=1)
    assert shares[0] > shares[1]


@pytest.mark.parametrize("leak", [1.0, 0.5])
def test_formulas_of_cycles_are_of_their_mean(leak, tmp_path):
    weights = np.array([[-1.5 if leak == 1 else -3.5, 0.0], [0.0, 0.0]])
    found = atlas(weights, np.zeros(2), np.eye(2), leak, samples=8, effort=QUICK)
    data = embedded(write_atlas_page(found, tmp_path / "atlas.html", np.eye(2)))
    assert max(data["regions"]["period"]) >= 2
    check_formulas(found, data)


@pytest.mark.parametrize("readout", [np.eye(3), np.ones(2), np.ones((2, 3)), np.ones((3, 2))])
def test_a_readout_of_another_shape_is_refused(choices, readout, tmp_path):
    with pytest.raises(ValueError, match=r"^readout has shape .*; with 2 units it must be \(2, 2\)$"):
        write_atlas_page(choices, tmp_path / "atlas.html", readout)
    assert not list(tmp_path.iterdir())


def test_a_readout_that_is_not_finite_is_refused(choices, tmp_path):
    with pytest.raises(ValueError, match="^readout holds values that are not finite$"):
        write_atlas_page(choices, tmp_path / "atlas.html", [[1, np.nan], [0, 1]])


def test_names_are_escaped(choices, tmp_path, open_page):
    name = "</script><b>x</b> {{ 1 }} & <!--"
    path = write_atlas_page(choices, tmp_path / "a.html", np.eye(2), (name, "two"), (name, name), name)
    assert embedded(path)["names"][0] == name
    page = open_page(path)
    assert page.locator("h1").text_content() == name
    assert name in page.locator("#cards").text_content()
    assert "x" not in page.locator("b").all_text_contents()


def test_weights_of_single_precision_are_kept_in_it(tmp_path):
    data = embedded(write_atlas_page(one_unit(-1.5), tmp_path / "atlas.html"))
    assert data["single"] is True
    assert numbers(data["weights"], "<f4").tolist() == [-1.5, 0, 0, 0]


def test_without_an_attractor_there_is_a_page(tmp_path, open_page):
    found = one_unit(1.5, bias=2.0)
    assert not found.stable
    page = open_page(write_atlas_page(found, tmp_path / "atlas.html"))
    assert page.locator("#cards").inner_text() == "No attractor with a formula here."
    assert page.locator("#fate").inner_text().startswith("The orbit diverges.")
    page.locator("#start").select_option("random")
    assert page.locator("#fate").inner_text().startswith("The orbit diverges.")
    assert "divergent, at a sampled input" in page.locator("#areas").inner_text()


def test_one_unit_alone_has_a_page(tmp_path, open_page):
    found = atlas([[0.5]], [1.0], [[1.0], [0.0]], samples=4, effort=QUICK)
    page = open_page(write_atlas_page(found, tmp_path / "atlas.html"))
    assert "= 0" in page.locator("#cards").inner_text()


def test_a_point_in_the_address_is_selected(choices_path, open_page):
    page = open_page(choices_path)
    page.evaluate("location.hash = '#x=0.1,y=0.05'")
    page.wait_for_function("document.getElementById('where').textContent.startsWith('x = 0.100, y = 0.050')")
    text = page.locator("#cards").inner_text()
    assert text.count("Fixed point") == 2
    assert text.count("1 of 2 units active") == 2
    assert "= 1.667 + 1.667 x + 0.8333 y = 1.875" in text
    assert page.locator("#fate").inner_text().startswith("The orbit goes to attractor")
    page.evaluate("location.hash = '#x=0.1,y=nonsense'")
    assert page.locator("#where").inner_text().startswith("x = 0.100")


def test_the_pointer_shows_and_a_click_selects(choices_path, open_page):
    page = open_page(choices_path)
    box = page.locator("#over").bounding_box()
    frame = page.evaluate("mapBox.frame")

    def at(x, y):
        return box["x"] + frame["left"] + (x + 1) / 2 * frame["width"], box["y"] + frame["top"] + (1 - y) / 2 * frame[
            "height"
        ]

    page.mouse.move(*at(0.9, -0.9))
    assert "at the pointer" in page.locator("#where").inner_text()
    assert page.locator(".card").count() == 1
    page.mouse.move(*at(0.0, 0.0))
    assert page.locator(".card").count() == 2
    page.mouse.click(*at(0.9, -0.9))
    page.mouse.move(0, 0)
    assert "selected" in page.locator("#where").inner_text()
    x, y = page.evaluate("[selected.x, selected.y]")
    assert (x, y) == (pytest.approx(0.9, abs=0.01), pytest.approx(-0.9, abs=0.01))
    assert page.evaluate("location.hash") == f"#x={x},y={y}"

    page.mouse.move(*at(0.2, 0.4))
    page.mouse.wheel(0, -500)
    page.wait_for_function("view.right - view.left < 1")
    before = page.evaluate("view.left")
    page.mouse.down()
    page.mouse.move(*at(0.0, 0.4), steps=4)
    page.mouse.up()
    assert page.evaluate("view.left") > before
    assert page.evaluate("selected.x") == x  # a drag selects nothing
    page.mouse.dblclick(*at(0.2, 0.4))
    assert page.evaluate("[view.left, view.right, selected.x]") == [-1, 1, x]


def test_keys_move_and_select(choices_path, open_page):
    page = open_page(choices_path)
    page.locator("#over").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.evaluate("selected.x") == pytest.approx(0.2)
    page.keyboard.press("+")
    assert page.evaluate("view.right - view.left") < 2
    page.keyboard.press("0")
    assert page.evaluate("view.right - view.left") == 2


def test_kinds_of_borders_can_be_hidden(choices_path, open_page):
    page = open_page(choices_path)
    image = "document.getElementById('map').toDataURL()"
    before = page.evaluate(image)
    page.locator("#lines input").uncheck()
    assert page.evaluate(image) != before
    page.locator("#lines input").check()
    assert page.evaluate(image) == before


@pytest.mark.parametrize("leak", [1.0, 0.5])
def test_the_page_computes_what_the_package_does(leak, tmp_path, open_page):
    periods, rows = set(), np.eye(7)[:2]
    for seed in (1, 4):
        found = random_network(seed, leak)
        page = open_page(write_atlas_page(found, tmp_path / f"{seed}.html", rows))
        data = page.evaluate("data.regions.number")
        points = np.array([[0.11, 0.23], [-0.71, 0.52], [0.36, -0.87]])
        for point in points:
            here = page.evaluate("([x, y]) => above(x, y).map(region => region.number)", point.tolist())
            assert sorted(here) == sorted(found.above(point[None])[1].tolist())
            seen = page.evaluate("([x, y]) => follow(ownStart, x, y).points.slice(0, 20)", point.tolist())
            hidden, one = found.start, found.regions.plane.at(point)
            for values in seen:  # chaos would tell the two apart later
                np.testing.assert_allclose(values, rows @ hidden, rtol=1e-9, atol=1e-9)
                hidden = one(hidden)
        for number in data[:20]:
            region = found.regions.found[number]
            periods.add(region.period)
            states = page.evaluate(
                "([number, x, y]) => statesOf(regions.find(region => region.number === number), x, y).map(s => [...s])",
                [number, *region.polygon.middle.tolist()],
            )
            expected = region.states(region.polygon.middle[None], leak)[0]
            np.testing.assert_allclose(states, expected, rtol=1e-8, atol=1e-8)
    assert 1 in periods
    assert max(periods) > 1


def test_other_starts_and_late_steps_can_be_chosen(choices_path, open_page):
    page = open_page(choices_path)
    image = "document.getElementById('plane').toDataURL()"
    own = page.evaluate(image)
    assert page.locator("#again").is_hidden()
    page.locator("#start").select_option("random")
    drawn = [page.evaluate(image)]
    page.locator("#again").click()
    drawn.append(page.evaluate(image))
    page.locator("#late").select_option("late")
    drawn.append(page.evaluate(image))
    assert len({own, *drawn}) == 4


@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_fits(choices_path, open_page, width):
    page = open_page(choices_path, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sizes = page.evaluate("[mapBox.frame.width, mapBox.frame.height]")
    assert sizes[0] == pytest.approx(sizes[1], abs=1)
