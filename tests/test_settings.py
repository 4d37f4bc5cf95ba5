from dataclasses import dataclass
from typing import ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrax.settings import SettingsError, _say_renamed, from_mapping, require, to_mapping, unknown_name


@dataclass(frozen=True)
class Inner:
    depth: int = 1

    def __post_init__(self) -> None:
        require(self.depth > 0, f"depth is {self.depth}; it must be above 0")


@dataclass(frozen=True)
class Outer:
    width: float
    name: str = "a"
    on: bool = False
    mode: Literal["fast", "slow"] = "fast"
    bounds: tuple[int, int] = (1, 2)
    values: tuple[float, ...] = (0.5,)
    limit: int | None = None
    span: int | tuple[int, int] | Inner = 3
    inner: Inner = Inner()


def test_every_kind_of_field_is_read():
    settings = from_mapping(
        Outer,
        {"width": 2, "name": "b", "on": True, "mode": "slow", "bounds": [3, 4], "values": [1, 2.5], "limit": 7,
         "span": [5, 6], "inner": {"depth": 2}},
        "test",
    )  # fmt: skip
    assert settings == Outer(2.0, "b", True, "slow", (3, 4), (1.0, 2.5), 7, (5, 6), Inner(2))
    assert isinstance(settings.width, float)
    assert from_mapping(Outer, {"width": 1.0, "span": {"depth": 4}}, "test").span == Inner(4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"width": 1.0, "nmae": "x"}, "unknown setting of test 'nmae'; did you mean 'name'?"),
        ({"name": "x"}, "test: width must be given"),
        ({"width": "wide"}, "test: width: 'wide' is not possible; needed: a number"),
        ({"width": True}, "test: width: True is not possible; needed: a number"),
        ({"width": 1.0, "on": 1}, "test: on: 1 is not possible; needed: true or false"),
        ({"width": 1.0, "mode": "fats"}, "test: mode: unknown value 'fats'; did you mean 'fast'?"),
        ({"width": 1.0, "mode": 3}, "test: mode: 3 is not possible; needed: one of 'fast', 'slow'"),
        (
            {"width": 1.0, "bounds": [1]},
            "test: bounds: [1] is not possible; needed: a list of 2, each a whole number",
        ),
        ({"width": 1.0, "values": 3}, "test: values: 3 is not possible; needed: a list, each a number"),
        ({"width": 1.0, "limit": 1.5}, "test: limit: 1.5 is not possible; needed: a whole number"),
        ({"width": 1.0, "inner": 3}, "test: inner: 3 is not possible; needed: a table with depth"),
        ({"width": 1.0, "inner": {"depth": 0}}, "test: inner: depth is 0; it must be above 0"),
        (
            {"width": 1.0, "span": {"depht": 1}},
            "unknown setting of test: span 'depht'; did you mean 'depth'?",
        ),
    ],
)
def test_what_does_not_fit_is_told_in_one_line(values, message):
    with pytest.raises(SettingsError) as caught:
        from_mapping(Outer, values, "test")
    assert str(caught.value) == message


@dataclass(frozen=True)
class Renamed:
    former_names: ClassVar[dict[str, str]] = {"breadth": "width", "wideness": "width"}

    width: float
    depth: float = 1.0

    def __post_init__(self) -> None:
        require(self.width > 0, f"width is {self.width}; it must be above 0")


def test_a_former_name_is_read_as_the_one_of_today_and_told_once(capsys):
    _say_renamed.cache_clear()
    for _ in range(2):
        assert from_mapping(Renamed, {"breadth": 2, "depth": 3}, "test") == Renamed(2.0, 3.0)
    assert capsys.readouterr().err == "attrax: the setting breadth is called width now; it is read as that\n"
    assert from_mapping(Renamed, {"width": 2}, "test") == Renamed(2.0)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("values", "message", "keys"),
    [
        ({"breadth": 1.0, "width": 1.0}, "test: breadth is a former name of width; leave one of them out",
         ("breadth",)),
        ({"breadth": 1.0, "wideness": 1.0}, "test: wideness is a former name of width; leave one of them out",
         ("wideness",)),
        ({"breadth": "wide"}, "test: width: 'wide' is not possible; needed: a number", ("breadth",)),
        ({"breadth": -1.0}, "test: width is -1.0; it must be above 0", ("breadth",)),
        ({"depth": 1.0}, "test: width must be given", ()),
    ],
)  # fmt: skip
def test_mistakes_under_a_former_name_are_told_where_it_is_written(values, message, keys):
    with pytest.raises(SettingsError) as caught:
        from_mapping(Renamed, values, "test")
    assert (str(caught.value), caught.value.keys) == (message, keys)


def test_far_from_every_name_all_names_are_told():
    assert str(unknown_name("colour", "xyzzy", ["red", "blue"])) == "unknown colour 'xyzzy'; valid: blue, red"


@given(
    st.builds(
        Outer,
        st.floats(allow_nan=False, allow_infinity=False), st.text(), st.booleans(), st.sampled_from(["fast", "slow"]),
        st.tuples(st.integers(), st.integers()), st.lists(st.floats(allow_nan=False, allow_infinity=False)).map(tuple),
        st.none() | st.integers(),
        st.integers() | st.tuples(st.integers(), st.integers()) | st.builds(Inner, st.integers(1, 9)),
        st.builds(Inner, st.integers(1, 9)),
    )
)  # fmt: skip
def test_settings_come_back_from_their_mapping(settings):
    assert from_mapping(Outer, to_mapping(settings), "test") == settings
