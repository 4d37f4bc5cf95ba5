"""Shared settings of the tests: everything small enough to train in a second."""

from pathlib import Path

import jax  # before attrax, so that its annotations name JAX's array and shapes are checked
import pytest

from attrax.networks import NetworkSettings
from attrax.tasks.context_decision import ContextDecision

# Most of the time of a first run is compiling; the two processes of a run, and later runs, share what is compiled.
jax.config.update("jax_compilation_cache_dir", str(Path(__file__).parent.parent / ".pytest_cache" / "jax"))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


@pytest.fixture
def easy_task():
    """A context decision of a dozen steps with little noise."""
    return ContextDecision(fixation=1, stimulus=3, delay=(1, 2), decision=2, coherences=(0.5, 1.0), noise=0.1)


@pytest.fixture
def small_network():
    return NetworkSettings(delta=0.3, n_hidden=24)


TINY_STUDY = """
name = "tiny"
description = "Two networks that hardly train."
seeds = [0]

[tasks.ContextDecision]
fixation = 1
stimulus = 3
delay = [1, 2]
decision = 2
coherences = [0.5, 1.0]

[learners.ppo]
environments = 8
steps = 16

[learners.supervised]
batch_size = 8
sequence_steps = 16

[network]
n_hidden = 16
delta = 0.6

[stopping]
accuracy = false
updates = 4
evaluate_every = 2
evaluation_trials = 50
fresh_trials = 100
checkpoint_updates = [2]
checkpoint_trials = [30]

[planes]
points = 3
atlas = true
atlas_samples = 8
course = true
course_points = 2
course_trials = 20
effort = { settling_steps = 300, steps = 1000, extension = 1 }
orbit_steps = 50
"""


@pytest.fixture(scope="session")
def tiny_study_text():
    return TINY_STUDY


@pytest.fixture(scope="session")
def bare_study_text():
    """The same without atlases and courses, which take most of its time."""
    kept = [line for line in TINY_STUDY.splitlines() if not line.startswith(("atlas", "course"))]
    return "\n".join(kept)


@pytest.fixture(scope="session")
def tiny_store(tmp_path_factory):
    """The tiny study, run for real in two spawned processes; the events are kept beside the store."""
    from attrax.studies import parse_study, run_study

    directory = tmp_path_factory.mktemp("tiny") / "out"
    events = []
    store = run_study(parse_study(TINY_STUDY), directory, 2, events.append)
    store.events = events
    return store
