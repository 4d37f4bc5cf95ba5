"""ReLU maps."""

import numpy as np
import pytest

from attrax.dynamics import ReluMap


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([[1.0, 2.0]], [0.0]), "must be square"),
        ((np.eye(3), np.zeros(2)), r"bias has shape \(2,\); with weights \(3, 3\) it must be \(3,\)"),
        (([[np.nan]], [0.0]), "not finite"),
        (([[1.0]], [0.0], 1.5), "leak is 1.5"),
    ],
)
def test_a_map_that_cannot_be_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        ReluMap(*arguments)


def test_one_step_from_many_states():
    """h' = (1 - leak) h + leak relu(W h + b), written out."""
    relu_map = ReluMap([[0.5, -1.0], [2.0, 0.0]], [1.0, -3.0], 0.25)
    states = np.array([[[2.0, 1.0], [0.0, 4.0]]])
    np.testing.assert_allclose(relu_map(states), [[[1.75, 1.0], [0.0, 3.0]]])
    assert relu_map.n_units == 2
