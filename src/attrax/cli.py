"""The command line."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from attrax.settings import SettingsError


def demo(
    out: Annotated[Path, tyro.conf.arg(help="folder for the results")] = Path("attrax-out/demo"),
) -> None:
    """Train four networks by two rules, map their attractors, and write a page: minutes on two cores."""
    _run("demo", out, None)


def run(
    study: Annotated[tyro.conf.Positional[str], tyro.conf.arg(help="a study file (TOML), or the name of a preset")],
    out: Annotated[Path | None, tyro.conf.arg(help="folder for the results; default: attrax-out/NAME")] = None,
    workers: Annotated[int | None, tyro.conf.arg(help="processes at a time; default: one a core")] = None,
) -> None:
    """Run a study: train and analyse what is missing, then write its report."""
    _run(study, out, workers)


def status(
    directory: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(help="the folder of a study")],
) -> None:
    """Say how far a study is."""
    from attrax.studies import open as open_store

    store = open_store(directory)
    finished = {condition.identity for condition in store.conditions}
    conditions = store.study.conditions()
    print(f"{store.study.name}: {len(finished)} of {len(conditions)} networks finished")
    for condition in conditions:
        print(f"  {'finished' if condition.identity in finished else 'missing ':8}  {condition.title}")


def report(
    directory: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(help="the folder of a study")],
) -> None:
    """Write a study's report from its finished networks, without computing them again."""
    from attrax.reports import write_report
    from attrax.studies import open as open_store

    print(f"The page is {write_report(open_store(directory)).resolve()}")


def tasks() -> None:
    """List the tasks, with what they ask and how well an ideal observer does."""
    from attrax.tasks import TASKS

    for name in TASKS.names():
        task = TASKS.build(name, {})
        summary = (type(task).__doc__ or "").strip().splitlines()[0]
        print(f"{name}: {summary} An ideal observer is right in {100 * task.ideal_observer_accuracy():.1f} %.")


_COMMANDS: dict[str, Callable[..., Any]] = {
    "demo": demo, "run": run, "status": status, "report": report, "tasks": tasks,
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 2 bad input, 130 interrupted, 1 anything else."""
    try:
        tyro.extras.subcommand_cli_from_dict(
            _COMMANDS,
            prog="attrax",
            description="Train recurrent networks by several rules, map their attractors, compare the rules.",
            args=arguments,
        )
    except SettingsError as error:
        print(f"attrax: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print(
            "attrax: interrupted; what was finished is kept, and the same command goes on from there",
            file=sys.stderr,
        )
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away (`attrax tasks | head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _run(source: str, out: Path | None, workers: int | None) -> None:
    from attrax.reports import findings, write_report
    from attrax.reports.progress import StudyProgress
    from attrax.settings import require
    from attrax.studies import load_study
    from attrax.studies.study_run import missing_conditions, prepare_study, run_study

    require(workers is None or workers >= 1, f"--workers is {workers}; it must be 1 or more")
    study = load_study(source)
    directory = out or Path("attrax-out") / study.name
    prepare_study(study, directory)
    with StudyProgress(study, missing_conditions(study, directory)) as progress:
        store = run_study(study, directory, workers, progress)
    if store.conditions:
        page = write_report(store)
        print(f"\nThe page is {page.resolve()}")
        for sentence in findings(store):
            print(f"- {sentence}")
    if progress.failed:
        print(f"attrax: {progress.failed} networks failed; see {directory / 'logs'}", file=sys.stderr)
        sys.exit(1)
