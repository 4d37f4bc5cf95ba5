"""What the atlas of a user's own network is of, and what is refused."""

import numpy as np
import pytest

from attrax.dynamics import Effort
from attrax.networks import own_network
from attrax.own_network.input_atlas import InputAtlas
from attrax.settings import SettingsError

ARRAYS = {"W": np.eye(2) / 2, "b": np.ones(2), "U": np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 3.0]])}


def asked(**more):
    return InputAtlas("mine", own_network(ARRAYS), np.array([0.1, 0.2, 0.3]), **more)


def test_the_two_inputs_that_vary_are_the_directions():
    atlas = asked(vary=(3, 1))
    assert atlas.labels == ("input 3", "input 1")
    assert atlas.directions.tolist() == [[2.0, 3.0], [1.0, 0.0]]
    assert atlas.n_units == 2


def test_it_is_computed_around_the_other_inputs():
    """h = relu(h / 2 + drive) has one fixed point, 2 drive, in a window where both drives are above zero."""
    found = asked(span=(-0.5, 0.5), effort=Effort(settling_steps=300, steps=1000, extension=1)).compute()
    assert found.areas()["fixed point"] == pytest.approx(1.0)
    state = found.reach(np.array([[0.25, -0.25]]), np.zeros((1, 2))).state.values[0]
    np.testing.assert_allclose(state, 2 * np.array([1.7 + 0.25, 2.1 - 0.25]), rtol=1e-9)


def test_parts_are_kept_by_all_that_they_depend_on(tmp_path):
    ways = [{}, {"span": (-2.0, 2.0)}, {"vary": (1, 3)}, {"effort": Effort(steps=1000)}]
    assert len({asked(**way).unfinished(tmp_path)._folder for way in ways}) == len(ways)
    assert asked().unfinished(tmp_path)._folder == asked().unfinished(tmp_path)._folder


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"vary": (1, 1)}, "--vary is 1 1; it must be two different inputs of the 3"),
        ({"vary": (0, 1)}, "--vary is 0 1"),
        ({"span": (1.0, 1.0)}, "--span is 1 1; it must go from a number to a larger one"),
    ],
)
def test_what_cannot_be_asked_is_told(more, words):
    with pytest.raises(SettingsError, match=words):
        asked(**more)
