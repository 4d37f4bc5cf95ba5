"""The house itself: a test is found by the name of what it tests, files stay short, and no name hides another."""

import ast
import importlib
import re
from pathlib import Path

import pytest

from attrax.rooms import ROOMS

ROOT = Path(__file__).parent.parent
SOURCE, TESTS = ROOT / "src" / "attrax", ROOT / "tests"
MOST_LINES, MOST_IN_A_FUNCTION = 450, 60

NOTHING_TO_TEST = {
    "_lazy.py": "stands for modules",
    "keys.py": "one line, which every test of a draw goes through",
    "reports/appearance.py": "colours",
    "studies/columns/axes.py": "words",
    "studies/columns/balance_variables.py": "words",
    "studies/columns/cause_variables.py": "words",
    "studies/columns/course_variables.py": "words",
    "studies/columns/plane_variables.py": "words",
    "studies/columns/summary_columns.py": "words",
    "studies/columns/timing_columns.py": "words",
    "studies/columns/unit_variables.py": "words",
    "tasks/perceptual_decision.py": "a case of the staged decision",
    "tasks/context_decision.py": "a case of the staged decision",
    "tasks/trial.py": "types",
}
TESTED_ELSEWHERE = {
    "analyses/group_lesions.py": "analyses/test_perturbations.py",
    "analyses/trial_distance.py": "analyses/test_stage_planes.py",
    "analyses/unit_course.py": "analyses/test_unit_analysis.py",
    "learning/actor_critic.py": "learning/test_ppo.py",
    "learning/evaluation.py": "analyses/test_disturbed_trials.py",
    "learning/optimising.py": "learning/test_supervised.py",
    "networks/lstm_step.py": "networks/test_cells.py",
    "networks/settings.py": "networks/test_recurrent_network.py",
    "networks/weights.py": "networks/test_recurrent_network.py",
    "own_network/attractor_table.py": "own_network/test_weights_analysis.py",
    "own_network/fixed_point_search.py": "own_network/test_weights_analysis.py",
    "own_network/fixed_point_table.py": "own_network/test_weights_analysis.py",
    "registry.py": "test_one_file_one_line.py",
    "reports/figures/atlas_figures.py": "test_docs.py",
    "reports/figures/planes_figure.py": "reports/pages/test_study_page.py",
    "reports/plots/attractor_plots.py": "reports/pages/test_attractor_page.py",
    "reports/plots/fixed_point_marks.py": "reports/pages/test_attractor_page.py",
    "reports/plots/study_plots.py": "reports/pages/test_study_page.py",
    "reports/terminal/run_plan.py": "test_cli.py",
    "reports/terminal/status_lines.py": "reports/terminal/test_study_progress.py",
    "reports/words/attractor_words.py": "reports/pages/test_attractor_page.py",
    "reports/words/shares.py": "reports/words/test_findings_in_sentences.py",
    "studies/array_files.py": "studies/test_store_of_many.py",
    "studies/columns/attributes.py": "studies/test_columns.py",
    "studies/columns/described.py": "studies/test_columns.py",
    "studies/columns/page.py": "studies/test_columns.py",
    "studies/conditions.py": "studies/test_study.py",
    "studies/estimate.py": "test_cli.py",
    "studies/local_executor.py": "studies/test_execution.py",
    "studies/network_atlas.py": "test_cli.py",
    "studies/network_run.py": "studies/test_run_and_store.py",
    "studies/process_identity.py": "studies/test_folder_lock.py",
    "studies/run_record.py": "reports/terminal/test_study_progress.py",
    "studies/shard_run.py": "studies/test_execution.py",
    "studies/store.py": "studies/test_run_and_store.py",
    "studies/stored_parts.py": "studies/test_store_of_many.py",
    "studies/study_file.py": "studies/test_study.py",
    "studies/study_folder.py": "studies/test_run_and_store.py",
    "studies/study_run.py": "studies/test_run_and_store.py",
    "studies/unfinished_network.py": "studies/test_run_and_store.py",
    "tasks/environment.py": "tasks/test_stream.py",
}
"""What is tested together with something else, or through it (a command, a study, a page): source file to test file."""


def sources():
    return [file for file in sorted(SOURCE.rglob("*.py")) if not file.name.startswith("__")]


def parsed(*folders):
    return [(file, ast.parse(file.read_text(encoding="utf-8"))) for where in folders for file in where.rglob("*.py")]


def test_the_test_of_a_file_is_found_by_its_name_or_in_a_list():
    names = {str(file.relative_to(SOURCE)) for file in sources()}
    of_its_name = {name for name in names if (TESTS / name).with_name(f"test_{Path(name).name}").is_file()}
    assert names - of_its_name - {*NOTHING_TO_TEST} - {*TESTED_ELSEWHERE} == set()
    listed = {*NOTHING_TO_TEST, *TESTED_ELSEWHERE}
    assert listed <= names - of_its_name, "no longer needed"
    assert not [where for where in TESTED_ELSEWHERE.values() if not (TESTS / where).is_file()]


def test_files_and_functions_stay_short():
    long_files, long_functions = [], []
    for file, tree in parsed(SOURCE, TESTS):
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > MOST_LINES:
            long_files.append(f"{file}: {lines}")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                documented = ast.get_docstring(node, clean=False) is not None
                words = first.end_lineno - first.lineno + 1 if documented else 0
                if (lines := node.end_lineno - node.lineno + 1 - words) > MOST_IN_A_FUNCTION:
                    long_functions.append(f"{file}:{node.name}: {lines}")
    assert long_files == []
    assert long_functions == []


def test_file_names_say_something():
    assert not [file for file in sources() if re.search(r"util|helper|common|misc", file.stem)]


@pytest.mark.parametrize("room", ROOMS)
def test_no_file_hides_a_name_of_its_rooms_face(room):
    """Importing ``attrax.populations.selectivity`` as a module would take the function's place."""
    face = importlib.import_module(f"attrax.{room}")
    beside = {entry.stem for entry in (SOURCE / room).iterdir() if entry.is_dir() or entry.suffix == ".py"}
    assert beside & set(face.__all__) == set()


def test_every_name_that_is_imported_from_the_package_is_there():
    """mypy does not see it for a room's face, whose names load on first use."""
    missing = []
    for file, tree in parsed(SOURCE, TESTS, ROOT / "benchmarks"):
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom) or node.level or not (node.module or "").startswith("attrax"):
                continue
            module = importlib.import_module(node.module)
            for name in (alias.name for alias in node.names):
                if not hasattr(module, name):
                    try:
                        importlib.import_module(f"{node.module}.{name}")
                    except ImportError:
                        missing.append(f"{file}:{node.lineno}: {name} of {node.module}")
    assert missing == []


def test_where_ten_things_are_is_told_rightly():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([^|`]+|`weight_hh_l0`) \| `([\w/]+\.\w+)` \|$", text, re.M))
    words = {
        "GAE": "Generalised advantage estimates", "the clipped objective": "clipped_ratio",
        "a pattern's half-planes": "half-plane",
        "the 0-1 test": "0-1 test", "the plane of a stage": "def map_planes", "a lesion": "def silence",
        "a shard's checksum": "checksum", "the sign-flip test": "def sign_flip_test", "the page's template": "<html",
        "`weight_hh_l0`": "weight_hh_l0",
    }  # fmt: skip
    assert rows.keys() == words.keys()
    for thing, where in rows.items():
        assert words[thing] in (SOURCE / where).read_text(encoding="utf-8"), thing
