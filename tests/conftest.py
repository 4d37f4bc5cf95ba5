"""Shared settings of the tests: everything small enough to train in a second."""

import jax  # noqa: F401  before attrax, so that its annotations name JAX's array and shapes are checked
import pytest

from attrax.networks import NetworkSettings
from attrax.tasks.context_decision import ContextDecision


@pytest.fixture
def easy_task():
    """A context decision of a dozen steps with little noise."""
    return ContextDecision(
        fixation=1, stimulus=3, delay=(1, 2), decision=2, coherences=(0.5, 1.0), noise=0.1
    )


@pytest.fixture
def small_network():
    return NetworkSettings(delta=0.3, n_hidden=24)
