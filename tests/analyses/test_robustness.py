"""The area under a curve of robustness."""

import numpy as np
import pytest

from attrax.analyses.robustness import _area


def test_the_area_is_the_mean_over_the_logarithm_of_the_size():
    assert _area((0.1, 0.2, 0.8), np.array([0.9, 0.9, 0.9])) == pytest.approx(0.9)
    assert _area((1.0, 10.0, 1000.0), np.array([1.0, 0.5, 0.5])) == pytest.approx((0.75 + 2 * 0.5) / 3)
    assert _area((0.3,), np.array([0.7])) == 0.7
