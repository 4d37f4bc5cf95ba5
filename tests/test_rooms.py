"""The faces of the rooms: names that load on first use."""

import importlib

import pytest

import attrax
from attrax.rooms import ROOMS


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_that_a_room_gives_out_is_there(room):
    face = importlib.import_module(f"attrax.{room}")
    assert len(set(face.__all__)) == len(face.__all__) > 0
    for name in face.__all__:
        found = getattr(face, name)
        assert getattr(found, "__name__", name) == name or isinstance(
            found, (tuple, frozenset, attrax.registry.Registry)
        )


def test_the_rooms_are_those_of_the_package():
    assert {*ROOMS, "interop", "__version__"} == set(attrax.__all__)


def test_a_name_that_is_nowhere_is_no_attribute():
    with pytest.raises(AttributeError, match=r"^module 'attrax.studies' has no attribute 'map_everything'$"):
        attrax.studies.map_everything  # noqa: B018


def test_a_name_that_is_in_another_room_is_told_with_that_room():
    with pytest.raises(AttributeError, match="no attribute 'map_planes'; it is in attrax.analyses$"):
        attrax.studies.map_planes  # noqa: B018


def test_tools_that_ask_for_hidden_names_load_nothing():
    with pytest.raises(AttributeError, match=r"'_ipython_display_'$"):
        attrax.dynamics._ipython_display_  # noqa: B018
