import numpy as np
import pytest

from attrax.dynamics import ReluMap, basins, find_attractors
from attrax.dynamics.attractors.basin_fractions import wilson_interval


def test_wilson_intervals_are_those_in_print():
    assert wilson_interval(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)  # Newcombe, Stat. Med. 17 (1998), table I
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson_interval(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson_interval(1, 29) == pytest.approx((0.0061, 0.1718), abs=1e-4)
    assert wilson_interval(20, 20)[1] == 1


def test_basins_of_two_attractors_and_of_what_diverges_add_up():
    """h' = relu(2 h - 1), twice: below 1 a unit ends at 0, above 1 it diverges."""
    starts = np.array([[0.2], [0.5], [0.9], [1.5]])
    shares = basins(find_attractors(ReluMap([[2.0]], [-1.0]), starts))
    assert shares.kind.values.tolist() == ["fixed point"]
    assert shares.share.values.tolist() == [0.75]
    assert float(shares.divergent_share) == 0.25
    assert float(shares.undecided_share) == 0.0
    assert shares.share_low[0] < 0.75 < shares.share_high[0]
    weights = np.array([[0.5, -2.0], [-2.0, 0.5]])
    two = basins(find_attractors(ReluMap(weights, [1.0, 1.0]), [[1.0, 0.0], [0.0, 1.0], [2.0, 0.1]]))
    assert two.starts.values.tolist() == [2, 1]
    assert two.share.values.sum() == pytest.approx(1)
