"""Shared settings of the tests: everything small enough to train in a second."""

import gc
import json
import os
import shutil
import sys
from pathlib import Path

from attrax.one_thread import ONE_THREAD

# Each of the processes that share the tests has a core. Most of the time of a first run is compiling, and half of that
# is LLVM making small programs faster: not here, unless whoever runs the tests says otherwise (`make test-slow` does).
QUICKLY_COMPILED = f"{ONE_THREAD['XLA_FLAGS']} --xla_backend_optimization_level=0"
os.environ.update(ONE_THREAD, XLA_FLAGS=os.environ.get("XLA_FLAGS") or QUICKLY_COMPILED)
CACHE = Path(__file__).parent.parent / ".pytest_cache" / "jax"
os.environ["ATTRAX_COMPILATION_CACHE"] = str(CACHE)

import jax  # before the rest of attrax, so that its annotations name JAX's array and shapes are checked
import pytest
from filelock import FileLock
from hypothesis import settings

from attrax.networks import NetworkSettings
from attrax.tasks.context_decision import ContextDecision

# The two processes of a run, and later runs, share what is compiled.
jax.config.update("jax_compilation_cache_dir", str(CACHE))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)

# What a terminal or a shell is like is no business of a test: colours and widths are those of a plain file.
for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "PY_COLORS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
    os.environ.pop(name, None)

# The same examples each time: a test that fails has failed because of what was changed. New ones are looked for where
# there is time (`make test-slow`), and what fails there becomes an `@example`. There is no deadline: how long one takes
# says more about the machine than about the code.
settings.register_profile("the same every time", deadline=None, derandomize=True, database=None, print_blob=True)
settings.register_profile("exploring", deadline=None, derandomize=False, print_blob=True)
settings.load_profile("the same every time")  # `pytest --hypothesis-profile=exploring` for the other one


MOST_MEMORY = 1.2e9  # bytes; what one test adds to it comes on top
STATUS = Path("/proc/self/statm")


@pytest.fixture(autouse=True, scope="module")
def _programs_of_a_file_are_let_go():
    """They are of little use to the next file, and there are gigabytes of them."""
    yield
    jax.clear_caches()
    gc.collect()


@pytest.fixture(autouse=True)
def _programs_of_a_large_process_are_let_go():
    """Those of a file that compiles many: what is needed again is read from the disk."""
    yield
    if STATUS.exists() and int(STATUS.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") > MOST_MEMORY:
        jax.clear_caches()
        gc.collect()


# A shell without job control starts what it puts in the background with SIGINT ignored, and every child inherits that.
LIKE_A_TERMINAL = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@pytest.fixture(scope="session")
def as_at_a_terminal():
    """Return a Python command that Ctrl-C interrupts, from whatever shell the tests were started."""
    return lambda *arguments: [sys.executable, "-c", LIKE_A_TERMINAL, *arguments]


@pytest.fixture(scope="session")
def easy_task():
    """A context decision of a dozen steps with little noise."""
    return ContextDecision(fixation=1, stimulus=3, delay=(1, 2), decision=2, coherences=(0.5, 1.0), noise=0.1)


@pytest.fixture(scope="session")
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

[populations]
units = true
causes = true
trials = 60
shuffles = 200
permutations = 100

[populations.cause]
trials = 100
draws = 2
points = 2
noise_sizes = [0.1, 0.4]
weight_sizes = [0.1, 0.4]
lesion_shares = [0.1, 0.3]
damping = [0.0]
effort = { settling_steps = 200, steps = 1000, extension = 1, largest_period = 100 }
"""


@pytest.fixture(scope="session")
def tiny_study_text():
    return TINY_STUDY


@pytest.fixture(scope="session")
def bare_study_text():
    """The same without atlases, courses and populations, which take most of its time."""
    planes = TINY_STUDY[: TINY_STUDY.index("[populations]")]
    kept = [line for line in planes.splitlines() if not line.startswith(("atlas", "course"))]
    return "\n".join(kept)


def run_once(tmp_path_factory, name, text):
    """Run a study in two spawned processes, once for all processes of the tests; return a copy of one's own.

    Returns the folder, and kind and stage of each event.
    """
    own = tmp_path_factory.mktemp(name) / "out"
    all_processes = own.parent.parent.parent if os.environ.get("PYTEST_XDIST_WORKER") else own.parent.parent
    shared, said = all_processes / f"shared-{name}", all_processes / f"shared-{name}.json"
    with FileLock(f"{shared}.lock"):
        if not said.is_file():
            from attrax.studies import parse_study, run_study

            events = []
            run_study(parse_study(text), shared, 2, events.append)
            said.write_text(json.dumps([(event.kind, event.stage) for event in events]))
    shutil.copytree(shared, own)
    return own, json.loads(said.read_text())


@pytest.fixture(scope="session")
def tiny_store(tmp_path_factory):
    """The tiny study, run for real; what was told meanwhile is kept beside the store."""
    from attrax.studies import open as open_store

    directory, events = run_once(tmp_path_factory, "tiny", TINY_STUDY)
    store = open_store(directory)
    store.events = events
    return store


@pytest.fixture(scope="session")
def four_networks_text(bare_study_text):
    """The bare study with two seeds."""
    return bare_study_text.replace("seeds = [0]", "seeds = 2")


@pytest.fixture(scope="session")
def four_networks(tmp_path_factory, four_networks_text):
    """The folder of that study, run without any trouble."""
    directory, events = run_once(tmp_path_factory, "four", four_networks_text)
    assert {kind for kind, _ in events} == {"working", "finished"}
    return directory
