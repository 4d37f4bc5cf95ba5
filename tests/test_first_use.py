"""What is imported when, in a fresh interpreter."""

import subprocess
import sys

import pytest


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "code",
    [
        "import attrax",
        "import attrax.cli",
        "from attrax.networks import own_network; own_network({'W': [[0.5]], 'b': [1.0]})",
        "import attrax.interop.torch_weights",
        "from attrax.tasks import TASKS; TASKS.build('ContextDecision', {}).ideal_observer_accuracy()",
        "from attrax.learning import LEARNERS; LEARNERS.build('ppo', {})",
        "from attrax.studies import load_study; [c.identity for c in load_study('demo').conditions()]",
    ],
)
def test_settings_need_no_jax(code):
    assert run(f"{code}\nimport sys; print([m for m in ('jax', 'xarray', 'plotly') if m in sys.modules])") == "[]\n"


def test_rooms_load_when_they_are_named():
    assert run("import attrax; print(attrax.dynamics.ReluMap([[0.5]], [1.0]).n_units)") == "1\n"


def test_tasks_work_when_jax_comes_last():
    code = (
        "from attrax.tasks import TASKS\ntask = TASKS.build('PerceptualDecision', {})\n"
        "import jax\nprint(task.trial(jax.random.key(0)).observation.shape)"
    )
    assert run(code) == "(45, 2)\n"


def test_an_unknown_room_is_an_attribute_error():
    import attrax

    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = attrax.nonsense


def test_rooms_are_listed_before_they_are_loaded():
    code = "import attrax, sys; print(sorted(dir(attrax))); print('jax' in sys.modules)"
    rooms, loaded = run(code).splitlines()
    for room in (
        "analyses",
        "dynamics",
        "interop",
        "learning",
        "networks",
        "own_network",
        "populations",
        "reports",
        "studies",
        "tasks",
    ):
        assert f"'{room}'" in rooms
    assert loaded == "False"
