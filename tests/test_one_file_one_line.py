"""A task or a learner is one file in its room and one line in its registry; no other file names it."""

import re
from pathlib import Path

import pytest

import attrax
from attrax.learning import LEARNERS
from attrax.tasks import TASKS

PACKAGE = Path(attrax.__file__).parent


@pytest.mark.parametrize(
    ("registry", "name"), [(TASKS, "PerceptualDecision"), *((LEARNERS, name) for name in LEARNERS.names())]
)
def test_nothing_but_its_file_and_the_registry_names_it(registry, name):
    cls = registry.get(name)
    own = cls.__module__.removeprefix("attrax.").replace(".", "/") + ".py"
    naming = {
        file.relative_to(PACKAGE).as_posix(): sum(
            bool(re.search(rf"\b{cls.__name__}\b", line)) for line in file.read_text().splitlines()
        )
        for file in PACKAGE.rglob("*.py")
    }
    naming = {file: lines for file, lines in naming.items() if lines and file != own}
    assert naming == {f"{own.split('/')[0]}/__init__.py": 1}


def test_an_unknown_task_is_told_with_the_nearest_one():
    from attrax.settings import SettingsError

    with pytest.raises(SettingsError, match="unknown task 'ContextDecison'; did you mean 'ContextDecision'"):
        TASKS.build("ContextDecison", {})
