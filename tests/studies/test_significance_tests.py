"""Tests and corrections, against their definitions."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from attrax.studies import corrected, power_of_pairs
from attrax.studies.significance_tests import cliffs_delta, sign_flip_test

VALUES = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=8)


@given(one=VALUES, other=VALUES)
def test_cliffs_delta_is_the_difference_of_the_shares_of_pairs(one, other):
    pairs = list(product(one, other))
    counted = (sum(x > y for x, y in pairs) - sum(x < y for x, y in pairs)) / len(pairs)
    assert cliffs_delta(np.array(one), np.array(other)) == pytest.approx(counted, abs=1e-12)


@given(differences=st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=8))
@settings(deadline=None)
def test_the_sign_flip_test_is_exact_for_few_pairs(differences):
    """All 2^n ways to flip the signs, counted; two-sided as twice the smaller tail."""
    d = np.array(differences)
    means = np.array([np.mean(d * signs) for signs in product((-1, 1), repeat=len(d))])
    tail = min(np.mean(means >= d.mean() - 1e-12), np.mean(means <= d.mean() + 1e-12))
    assert sign_flip_test(d) == pytest.approx(min(1.0, 2 * tail))


def test_p_values_of_no_effect_are_uniform():
    """Over many ensembles without any effect, a p of 0.05 or below comes in 5 % of them or fewer (it is discrete)."""
    rng = np.random.default_rng(1)
    p_values = np.array([sign_flip_test(rng.normal(size=8)) for _ in range(400)])
    for level in (0.05, 0.2, 0.5):
        assert stats.binomtest(int((p_values <= level).sum()), 400, level, alternative="greater").pvalue > 0.001


@given(
    p_values=st.lists(st.one_of(st.just(np.nan), st.floats(1e-6, 1.0)), min_size=1, max_size=20),
    method=st.sampled_from(["bh", "by"]),
)
def test_the_correction_is_that_of_benjamini_and_hochberg_or_yekutieli(p_values, method):
    """By their definition: the smallest level of the step-up procedure that rejects."""
    p = np.array(p_values)
    known = p[np.isfinite(p)]
    m = len(known)
    factor = 1.0 if method == "bh" else sum(1 / k for k in range(1, m + 1))
    ordered = np.sort(known)
    for value, q in zip(p, corrected(p, method), strict=True):
        if np.isnan(value):
            assert np.isnan(q)
        else:
            ranks = [k for k in range(1, m + 1) if ordered[k - 1] >= value]
            assert q == pytest.approx(min(1.0, *(factor * m * ordered[k - 1] / k for k in ranks), 1.0))


def test_power_is_what_it_is_known_to_be():
    """At 20 pairs and 0.8 the t test has 0.924 (two-sided, 0.05), and Wilcoxon's is 0.955 as efficient."""
    assert power_of_pairs(5) == {0.5: 0.0, 0.8: 0.0, 1.2: 0.0}
    found = power_of_pairs(20)
    assert found[0.8] == pytest.approx(0.91, abs=0.03)
    assert found[0.5] < found[0.8] < found[1.2]
