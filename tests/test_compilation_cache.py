"""Where compiled programs are kept, in fresh interpreters."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from attrax.compilation_cache import cache_folder

TRAIN = """
import jax, sys
{before}
from attrax.learning import LEARNERS, StoppingRule, train
from attrax.networks import NetworkSettings
from attrax.tasks import TASKS
task = TASKS.build("PerceptualDecision", {{}})
rule = StoppingRule(accuracy=None, updates=1, evaluation_trials=10, fresh_trials=10)
train(task, NetworkSettings(delta=0.1, n_hidden=5), LEARNERS.build("supervised", {{"batch_size": 2}}), rule)
print(jax.config.jax_compilation_cache_dir)
"""


def run(home, before="", **environment):
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("JAX", "XDG", "ATTRAX"))}
    variables |= {"HOME": str(home), **environment}
    result = subprocess.run(
        [sys.executable, "-c", TRAIN.format(before=before)], capture_output=True, text=True, check=True, env=variables
    )
    return result.stdout.strip()


def test_programs_are_kept_in_the_users_cache_folder(tmp_path):
    folder = Path(run(tmp_path))
    assert folder == tmp_path / ".cache" / "attrax" / "compiled"
    assert any(folder.iterdir())


def test_a_cache_of_ones_own_is_kept(tmp_path):
    mine = str(tmp_path / "mine")
    assert run(tmp_path, f"jax.config.update('jax_compilation_cache_dir', {mine!r})") == mine
    assert not (tmp_path / ".cache").exists()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"ATTRAX_COMPILATION_CACHE": "off"}, None),
        ({"ATTRAX_COMPILATION_CACHE": "/somewhere"}, Path("/somewhere")),
        ({"XDG_CACHE_HOME": "/cache"}, Path("/cache/attrax/compiled")),
        ({"XDG_CACHE_HOME": ""}, Path.home() / ".cache" / "attrax" / "compiled"),
    ],
)
def test_it_can_be_switched_off_and_moved(monkeypatch, environment, expected):
    for name in ("ATTRAX_COMPILATION_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == expected


def test_a_user_without_a_home_has_no_cache(monkeypatch):
    def nobody():
        raise RuntimeError("Could not determine home directory.")

    for name in ("ATTRAX_COMPILATION_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    assert cache_folder() is None
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert cache_folder() == Path("/cache/attrax/compiled")
    monkeypatch.setattr(Path, "expanduser", lambda path: nobody())
    monkeypatch.setenv("ATTRAX_COMPILATION_CACHE", "~/mine")
    assert cache_folder() is None


def test_where_the_cache_cannot_be_written_there_is_none(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert run(tmp_path, ATTRAX_COMPILATION_CACHE=str(tmp_path / "file" / "cache")) == "None"
