"""Losses against their formulas, on numbers that can be followed by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from attrax.learning.losses import entropy, label_loss, log_probability, standardised, weighted_mean


def test_squared_error_is_the_distance_of_the_logits_from_the_right_one():
    logits = jnp.array([[[1.0, 0.0, 0.0]], [[0.0, 2.0, 0.0]]])
    target, weight = jnp.array([[0], [2]]), jnp.array([[1.0], [3.0]])
    assert float(label_loss("squared error", logits, target, weight)) == pytest.approx((0 + 3 * (4 + 1)) / 4)


def test_the_entropy_is_that_of_the_policy():
    logits = jnp.log(jnp.array([[0.5, 0.25, 0.25], [1.0, 1.0, 1.0]]))
    np.testing.assert_allclose(entropy(logits), [1.5 * np.log(2), np.log(3)], rtol=1e-6)
    np.testing.assert_allclose(log_probability(logits, jnp.array([1, 2])), [-np.log(4), -np.log(3)], rtol=1e-6)


def test_what_does_not_count_is_no_part_of_a_mean():
    values, counted = jnp.array([1.0, 3.0, 100.0]), jnp.array([1.0, 1.0, 0.0])
    assert float(weighted_mean(values, counted)) == 2
    assert float(weighted_mean(values, 0 * counted)) == 0
    np.testing.assert_allclose(standardised(values, counted)[:2], [-1, 1], rtol=1e-6)
