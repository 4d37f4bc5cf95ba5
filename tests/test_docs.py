"""What the documentation shows can be pasted: Python, study files and commands; and what it names is there."""

import ast
import contextlib
import functools
import importlib.util
import inspect
import io
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

import attrax
from attrax import cli
from attrax.studies import parse_study

from .conftest import run_once

ROOT = Path(__file__).parent.parent
RUN = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "benchmarks").glob("*.md"))]
READ = [*RUN, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]


class Block(NamedTuple):
    """What stands between a pair of fences."""

    page: Path
    line: int
    language: str
    text: str
    shown: str | None
    """Of Python: what a block without a language right below says that it prints."""

    @property
    def name(self):
        return f"{self.page.stem}-{self.line}"


FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
A_COMMAND = re.compile(r"(?:\S+/)?(?:attrax|make|python|pip)\s")


def blocks_of(page):
    text = page.read_text(encoding="utf-8")
    found = list(FENCED.finditer(text))
    for i, fenced in enumerate(found):
        after = found[i + 1] if i + 1 < len(found) else None
        shows = after is not None and not after[1] and not text[fenced.end() : after.start()].strip()
        shown = after[2] if shows and not A_COMMAND.match(after[2]) else None
        yield Block(page, text[: fenced.start()].count("\n") + 1, fenced[1], fenced[2], shown)


BLOCKS = [block for page in RUN for block in blocks_of(page)]


WHOLE = next(block.text for block in BLOCKS if block.language == "toml" and block.page.name == "README.md")


def blocks(language):
    return pytest.mark.parametrize(
        "block", [block for block in BLOCKS if block.language == language], ids=lambda block: block.name
    )


def prose(page):
    """Return a page without its blocks."""
    return FENCED.sub("", page.read_text(encoding="utf-8"))


# --- Python: every block runs by itself, in a new namespace ---


def changed(text, *changes):
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return text


@pytest.fixture(scope="module")
def rules_compared(tmp_path_factory, bare_study_text):
    """The study of the README, tiny."""
    of_supervised = bare_study_text[bare_study_text.index("[learners.supervised]") : bare_study_text.index("[network]")]
    of_ppo = bare_study_text[bare_study_text.index("[learners.ppo]") : bare_study_text.index("[learners.supervised]")]
    of_reset = of_ppo.replace(".ppo]", '.ppo_reset]\nrule = "ppo"\nreset_hidden = true')
    text = changed(
        bare_study_text, (of_supervised, of_reset), ('"tiny"', '"my_study"'), ("delta = 0.6", "delta = [0.1, 0.6]")
    )
    assert parse_study(text).learners.keys() == parse_study(WHOLE).learners.keys()
    return run_once(tmp_path_factory, "rules", text)[0]


@pytest.fixture(scope="module")
def course_mapped(tmp_path_factory, tiny_study_text):
    """A study with the checkpoints that the page on training asks for."""
    checkpoints = next(
        block.text for block in BLOCKS if "checkpoint_updates" in block.text and block.language == "toml"
    )
    text = changed(
        tiny_study_text[: tiny_study_text.index("[populations]")],
        ("checkpoint_updates = [2]\ncheckpoint_trials = [30]", checkpoints.partition("\n\n")[0].partition("\n")[2]),
        ("[learners.supervised]\nbatch_size = 8\nsequence_steps = 16\n", ""),
        ("atlas = true\natlas_samples = 8\n", ""),
    )
    return run_once(tmp_path_factory, "course", text)[0]


@pytest.fixture
def stored(request):
    """Return the folder of a finished study such as a page opens."""
    own = {("statistics", "my_study"): "rules_compared", ("along-training", "my_study"): "course_mapped"}

    def folder(page, name):
        if (page, name) in own:
            return request.getfixturevalue(own[page, name])
        return request.getfixturevalue("tiny_store").directory

    return folder


@pytest.fixture
def analysed(tmp_path):
    """What `attrax analyse network.npz` leaves."""
    import numpy as np

    from attrax.dynamics import Effort
    from attrax.networks import own_network
    from attrax.own_network import WeightsAnalysis, run_analysis

    network = own_network({"W": 0.3 * np.eye(3), "U": np.eye(3), "b": np.ones(3)})
    effort = Effort(steps=1000, extension=1)
    analysis = WeightsAnalysis("network.npz", network, np.zeros((1, 3)), np.zeros((1, 3)), 0, effort, 10)
    run_analysis(analysis, tmp_path / "attrax-out" / "network")


def shortly(train):
    """Return a function that trains for an update where nothing else is asked, and of many members the first two."""
    from attrax.learning import StoppingRule

    briefly = StoppingRule(accuracy=None, updates=1, evaluate_every=1, evaluation_trials=10, fresh_trials=10)

    @functools.wraps(train)
    def trained(*arguments, **named):
        given = inspect.signature(train).bind(*arguments, **named)
        given.arguments.setdefault("stopping", briefly)
        if "members" in given.arguments:
            given.arguments["members"] = given.arguments["members"][:2]
        return train(*given.args, **given.kwargs)

    return trained


@blocks("python")
def test_python_runs_by_itself_and_prints_what_is_shown(block, tmp_path, monkeypatch, request):
    names = {
        node.id
        for node in ast.walk(compile(block.text, block.name, "exec", ast.PyCF_ONLY_AST))
        if isinstance(node, ast.Name)
    }
    if "torch" in block.text and importlib.util.find_spec("torch") is None:
        pytest.skip("compiled only: PyTorch is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    opened = re.findall(r'"attrax-out/(\w+)', block.text)
    if "network" in opened:
        request.getfixturevalue("analysed")
    for name in {*opened} - {"network"}:
        shutil.copytree(request.getfixturevalue("stored")(block.page.stem, name), tmp_path / "attrax-out" / name)
    for name in names & {"train", "train_batch"}:
        monkeypatch.setattr(f"attrax.learning.{name}", shortly(getattr(attrax.learning, name)))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block.text, block.name, "exec"), {"__name__": "__main__"})
    if block.shown is not None:
        assert printed.getvalue().strip() == block.shown.strip()


# --- Study files: whole ones, and pieces that the page says are added to one ---


@blocks("toml")
def test_study_files_can_be_read(block):
    if "name" in tomllib.loads(block.text):
        assert parse_study(block.text).conditions()
    else:
        before = block.page.read_text(encoding="utf-8").splitlines()[: block.line - 1]
        said = next(line for line in reversed(before) if line.strip())
        assert re.match("Add to .*:$", said), f"the page does not say what this is added to: {said}"
        assert parse_study(f"{WHOLE}\n{block.text}").conditions()


# --- Commands: each is parsed, none is run ---


class Parsed(BaseException):
    """Raised instead of running a command."""


def is_accepted(monkeypatch, capsys, words):
    """Whether the command line takes these words; what it would do is not done."""

    def stub(command):
        @functools.wraps(command)
        def parsed(*arguments, **named):
            raise Parsed

        return parsed

    for name, command in list(cli._COMMANDS.items()):
        monkeypatch.setitem(cli._COMMANDS, name, stub(command))
    try:
        cli.main(words)
    except Parsed:
        return True
    except SystemExit as end:  # `--help` and its like
        return not end.code
    finally:
        monkeypatch.undo()
        capsys.readouterr()
    return True


def commands_in(text):
    """The words after `attrax` (or a path to it) in each line of a shell; [what may be left out] is there."""
    for line in re.sub(r"\[(--.*?)\]", r"\1", text.replace("\\\n", " ")).splitlines():
        words = shlex.split(line.split("|")[0], comments=True)
        for i, word in enumerate(words):
            if word.rpartition("/")[2] == "attrax" and words[i + 1 : i + 2] and "install" not in words:
                yield words[i + 1 :]


INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
INDENTED = re.compile(r"^    (.*)$", re.MULTILINE)


def commands_on(page):
    for block in BLOCKS:
        if block.page == page and block.language in ("", "bash") and block.shown is None:
            yield from commands_in(block.text)
    for code in (*INLINE.findall(prose(page)), *INDENTED.findall(prose(page))):
        if re.match(r"(?:\S+/)?attrax ", code):
            yield from commands_in(code)


SAID = sorted({tuple(words) for page in READ for words in commands_on(page)})


@pytest.mark.parametrize("words", SAID, ids=" ".join)
def test_the_command_line_knows_every_command_that_a_page_names(monkeypatch, capsys, words):
    # A sentence may name a command without what it is given: `attrax status --verify`.
    tries = (list(words), [*words, "SOMETHING"])
    assert any(is_accepted(monkeypatch, capsys, tried) for tried in tries), f"attrax {shlex.join(words)}"


def test_commands_are_found_on_the_pages():
    assert {words[0] for words in SAID} >= {"run", "demo", "status", "analyse", "atlas", "tasks"}
    assert any("--executor" in words and "--address" in words for words in SAID)  # in the script for SLURM


@pytest.mark.parametrize(
    "words", [["run", "demo", "--nonsense", "1"], ["dmeo"], ["status"], ["run", "demo", "--workers", "two"]]
)
def test_a_command_that_is_not_there_is_not_accepted(monkeypatch, capsys, words):
    assert not is_accepted(monkeypatch, capsys, words)


@pytest.mark.parametrize("page", READ, ids=lambda page: page.stem)
def test_make_knows_every_target_that_a_page_names(page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    assert {"demo", "test"} <= targets
    code = "\n".join([*INLINE.findall(prose(page)), *(block.text for block in blocks_of(page))])
    assert set(re.findall(r"^make ([a-z][\w-]*)", code, re.MULTILINE)) <= targets


# --- What pages point at is there ---

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page):
    """The names that headings get where Markdown is shown."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", READ, ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    for target in LINK.findall(prose(page)):
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), target
        assert there.is_relative_to(ROOT), target
        assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_every_page_is_reached_from_the_readme(page):
    seen, left = set(), [ROOT / "README.md"]
    while left:
        at = left.pop()
        if at.suffix != ".md" or at in seen:
            continue
        seen.add(at)
        targets = (target.partition("#")[0] for target in LINK.findall(prose(at)) if not target.startswith("http"))
        left += [(at.parent / target).resolve() for target in targets if target]
    assert page in seen


NAME = re.compile(r"attrax(?:\.\w+)+")
FILE = re.compile(r"(?:benchmarks|docs|tests|src)/[\w/.-]*\w")


@pytest.mark.parametrize("page", READ, ids=lambda page: page.stem)
def test_names_and_files_in_sentences_are_there(page):
    for code in INLINE.findall(prose(page)):
        for name in NAME.findall(code):
            pkgutil.resolve_name(name)
        for file in FILE.findall(code):
            assert (ROOT / file).exists(), file


# --- Benchmarks: each says what it does, and starts nothing unasked ---

SCRIPTS = [
    file for file in sorted((ROOT / "benchmarks").rglob("*.py")) if "__main__" in file.read_text(encoding="utf-8")
]


def script_name(script):
    return script.relative_to(ROOT / "benchmarks").as_posix()


# Else help takes seconds, and fails where a peer is not installed.
SLOW_TO_IMPORT = ("jax", "matplotlib", "pandas", "torch", "xarray")
HELP = f"""
import pathlib, runpy, sys
script = sys.argv.pop(1)
sys.argv = [script, "--help"]
sys.path.insert(0, str(pathlib.Path(script).parent))
try:
    runpy.run_path(script, run_name="__main__")
finally:
    print("imported:", [name for name in {SLOW_TO_IMPORT} if name in sys.modules])
"""


@pytest.mark.parametrize("script", SCRIPTS, ids=script_name)
def test_a_benchmark_says_what_it_does_and_how_long_it_takes_and_starts_nothing(script):
    done = subprocess.run([sys.executable, "-c", HELP, str(script)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    said, _, imported = done.stdout.rpartition("imported: ")
    said = " ".join(said.split())
    assert imported.strip() == "[]"
    assert ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))).splitlines()[0] in said
    assert re.search(r"(?i)\b(second|minute|hour)", said), "it does not say how long it takes"


@pytest.mark.parametrize("script", SCRIPTS, ids=script_name)
def test_a_benchmark_refuses_what_it_does_not_know(script):
    done = subprocess.run([sys.executable, str(script), "--nonsense"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stderr
    assert "--nonsense" in done.stderr or "required" in done.stderr


def test_what_is_no_script_is_a_part_of_one():
    """So that no benchmark escapes these tests."""
    texts = {file: file.read_text(encoding="utf-8") for file in (ROOT / "benchmarks").rglob("*.py")}
    for part in texts.keys() - set(SCRIPTS):
        assert any(re.search(rf"\b(?:import|from) {part.stem}\b", text) for text in texts.values()), part
