"""The command line."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from attrax import __version__
from attrax.plain_text import INTERRUPTED, show_what_can_be_shown
from attrax.settings import SettingsError, StoppedError, require

if TYPE_CHECKING:
    import numpy as np

    from attrax.dynamics import Effort
    from attrax.own_network.input_atlas import InputAtlas
    from attrax.studies import Executor, Store
    from attrax.studies.network_atlas import NetworkAtlas


_PRESETS = sorted(file.stem for file in (Path(__file__).parent / "studies" / "presets").glob("*.toml"))
"""Names of the studies that ship with attrax, without loading what reads them."""


StudyFolder = Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="DIR", help="the folder of a study")]
ResultsFolder = Annotated[
    Path | None, tyro.conf.arg(metavar="DIR", help="folder for the results; default: attrax-out/NAME")
]
StudyName = Annotated[
    tyro.conf.Positional[str],
    tyro.conf.arg(
        metavar="STUDY",
        help=f"a study file (TOML), or the name of a preset: {', '.join(_PRESETS)}",
    ),
]
WeightsFile = Annotated[
    tyro.conf.Positional[Path],
    tyro.conf.arg(
        help="a .npz or .safetensors file with W (N, N) as in W h, b (N,), U (N, inputs) and perhaps leak, or with "
        "PyTorch's names; or a PyTorch state_dict of nn.RNN or nn.GRU (.pt, .pth, .ckpt)",
        metavar="WEIGHTS",
    ),
]
ConstantInputs = Annotated[
    tyro.conf.UseAppendAction[tuple[str, ...]],
    tyro.conf.arg(
        metavar="INPUT",
        help="a constant input, such as 1,0,0.5, or a file with one in each row (.csv, .npy, .npz); default: zero",
    ),
]
StudyOrWeights = Annotated[
    tyro.conf.Positional[Path],
    tyro.conf.arg(
        metavar="DIR_OR_WEIGHTS",
        help="the folder of a study, or a file with the weights of a ReLU network of your own",
    ),
]
Level = Literal["quick", "standard", "thorough"]


def demo(
    out: Annotated[Path, tyro.conf.arg(metavar="DIR", help="folder for the results")] = Path("attrax-out/demo"),
) -> None:
    """Train four networks by two rules, map their attractors, and write a page: minutes on two cores."""
    run("demo", out)


def run(
    study: StudyName,
    out: ResultsFolder = None,
    workers: Annotated[int | None, tyro.conf.arg(metavar="N", help="processes at a time; default: one a core")] = None,
    executor: Annotated[
        Literal["local", "ray"], tyro.conf.arg(help="who runs the workers: this machine, or a Ray cluster")
    ] = "local",
    address: Annotated[
        str | None, tyro.conf.arg(metavar="ADDRESS", help="of a Ray cluster; default: one is started here")
    ] = None,
    device: Annotated[
        Literal["cpu", "gpu"], tyro.conf.arg(help="gpu: the networks of a shard are trained side by side")
    ] = "cpu",
    shard_size: Annotated[
        int | None,
        tyro.conf.arg(metavar="N", help="networks written together; default: 1, more in large studies, 64 on a gpu"),
    ] = None,
    retries: Annotated[int, tyro.conf.arg(metavar="N", help="how often a shard is tried again whose worker died")] = 2,
    dry_run: Annotated[
        tyro.conf.FlagCreatePairsOff[bool],
        tyro.conf.arg(help="only say what would be done, and how long it takes where that is known; computes nothing"),
    ] = False,
    most: Annotated[
        int | None,
        tyro.conf.arg(
            metavar="N", help="compute at most so many shards, keep them, and say how long the rest will take"
        ),
    ] = None,
) -> None:
    """Run a study: train and analyse what is missing, then write its report."""
    from attrax.reports.terminal.run_plan import plan_lines, time_words
    from attrax.reports.terminal.study_progress import StudyProgress
    from attrax.studies import load_study
    from attrax.studies.execution import default_shard_size
    from attrax.studies.study_run import available_cores, check_study, run_study

    _check_run(workers, shard_size, retries, most, dry_run, executor, address, device)
    loaded = load_study(study)
    directory = _folder(out, loaded.name)
    size = shard_size or default_shard_size(loaded.n_networks, device)
    n_workers = workers or (1 if device == "gpu" else available_cores())
    check_study(loaded, directory)
    if not dry_run:
        by_whom = _executor(executor, directory, n_workers, workers, address, device, size)
        with StudyProgress(loaded, time_words(loaded, directory, n_workers)) as progress:
            store = run_study(
                loaded, directory, n_workers, progress, shard_size=size, retries=retries, on_start=progress.start,
                executor=by_whom, most=most, on_wait=progress.say,
            )  # fmt: skip
    if dry_run or most is not None:
        for line in plan_lines(loaded, directory, n_workers):
            print(line)
    elif store.conditions:
        _write_report(store)
    if not dry_run and progress.failed:
        print(f"attrax: {progress.failed} networks failed; see {directory / 'logs'}", file=sys.stderr)
        sys.exit(1)


def _check_run(
    workers: int | None, shard_size: int | None, retries: int, most: int | None, dry_run: bool, executor: str,
    address: str | None, device: str,
) -> None:  # fmt: skip
    """Refuse options that cannot be, alone or together."""
    at_least = (("workers", workers, 1), ("shard-size", shard_size, 1), ("retries", retries, 0), ("most", most, 1))
    for name, value, least in at_least:
        require(value is None or value >= least, f"--{name} is {value}; it must be {least} or more")
    require(not (dry_run and most is not None), "--dry-run computes nothing; leave out --most")
    require(address is None or executor == "ray", "--address is for --executor ray")
    require(device == "cpu" or executor == "local", "--device gpu is for --executor local")
    require(
        device == "cpu" or shard_size is None or shard_size > 1,
        "--device gpu trains the networks of a shard side by side; --shard-size must be 2 or more",
    )


def _write_report(store: "Store") -> None:
    from attrax.reports import findings, write_report
    from attrax.reports.terminal.steps_shown import StepsShown

    with StepsShown("report") as shown:
        page = write_report(store, on_progress=shown)
    print(f"\nThe page is {page.resolve()}")
    for sentence in findings(store):
        print(f"- {sentence}")


def _executor(
    kind: str, directory: Path, n_workers: int, workers: int | None, address: str | None, device: str, size: int
) -> "Executor":
    if kind == "ray":
        from attrax.interop.ray_executor import RayExecutor

        return RayExecutor(directory, workers, address)
    from attrax.studies import LocalExecutor

    return LocalExecutor(directory, n_workers, size if device == "gpu" else 1)


def _folder(out: Path | None, name: str) -> Path:
    """Return the folder that was asked for, or the default one."""
    require(out is None or out != Path(), "--out is empty or this very folder; name a folder of its own")
    return out or Path("attrax-out") / name


def status(
    directory: StudyFolder,
    verify: Annotated[
        tyro.conf.FlagCreatePairsOff[bool], tyro.conf.arg(help="read every byte, and name what is damaged")
    ] = False,
) -> None:
    """Say how far a study is, and whether a run is at work on it."""
    from attrax.reports.terminal.status_lines import status_lines
    from attrax.reports.terminal.steps_shown import StepsShown
    from attrax.studies import open as open_store
    from attrax.studies import verify as read_all

    if verify:
        with StepsShown(f"reading {directory}") as shown:
            damage = read_all(directory, shown)
        for line in damage:
            print(line)
        print(f"{len(damage)} damaged or missing files" if damage else "every file is as it was written")
        if damage:
            sys.exit(1)
        return
    for line in status_lines(open_store(directory)):
        print(line)


def report(
    directory: StudyFolder,
    out: Annotated[
        Path | None, tyro.conf.arg(metavar="FOLDER", help="where the page is written; default: DIR/report")
    ] = None,
) -> None:
    """Write a study's report from its finished networks, without computing them again."""
    from attrax.reports import write_report
    from attrax.reports.terminal.steps_shown import StepsShown
    from attrax.studies import open as open_store

    with StepsShown(f"report of {directory}") as shown:
        page = write_report(open_store(directory), out, shown)
    print(f"The page is {page.resolve()}")


def analyse(
    weights: WeightsFile,
    input: ConstantInputs = (),
    out: ResultsFolder = None,
    starts: Annotated[
        str,
        tyro.conf.arg(
            metavar="N_OR_FILE", help="how many random starts besides the zero state, or a file with one in each row"
        ),
    ] = "100",
    seed: Annotated[int, tyro.conf.arg(metavar="N", help="of the random starts")] = 0,
    nonlinearity: Annotated[
        Literal["relu", "tanh"] | None,
        tyro.conf.arg(help="of a network that is no GRU, since files do not say it; default: relu"),
    ] = None,
    name: Annotated[str | None, tyro.conf.arg(metavar="NAME", help="which network, if the file holds several")] = None,
    effort: Annotated[
        Level,
        tyro.conf.arg(help="how hard to look: quick for a first look, thorough where much stays undecided"),
    ] = "standard",
    solves: Annotated[
        int | None,
        tyro.conf.arg(
            metavar="N",
            help="linear solves spent on fixed points, stable or not, under each input; 0: none; default: 100, 500 or "
            "5000, by the effort, and fewer in tanh and GRU networks above 256 units",
        ),
    ] = None,
) -> None:
    """Find the attractors and the unstable fixed points of a network of your own, and write tables and a page."""
    from attrax.compilation_cache import use_compilation_cache
    from attrax.networks import own_network
    from attrax.own_network import WeightsAnalysis, run_analysis
    from attrax.own_network.effort_levels import EFFORT_LEVELS, affordable_solves
    from attrax.own_network.inputs_and_starts import read_inputs, read_starts
    from attrax.reports import analysis_findings, write_attractor_page
    from attrax.reports.terminal.steps_shown import StepsShown

    require(solves is None or solves >= 0, f"--solves is {solves}; it must be 0 or more")
    network, level = own_network(_read_weights(weights), name, nonlinearity), EFFORT_LEVELS[effort]
    solves = affordable_solves(network, level) if solves is None else solves
    inputs, first = read_inputs(input, network, _remark), read_starts(starts, network, _remark)
    analysis = WeightsAnalysis(weights.name, network, inputs, first, seed, level.effort, solves)
    if network.remark:
        _say(f"attrax: {network.remark}")
    directory = _folder(out, weights.stem)
    use_compilation_cache()
    with StepsShown(f"analysing {weights.name}") as shown:
        analysed = run_analysis(analysis, directory, _say, shown)
    print(f"The page is {write_attractor_page(analysed).resolve()}")
    for sentence in analysis_findings(analysed):
        print(f"- {sentence}")


def _say(line: str) -> None:
    """Tell whoever sits at the terminal; what a command answers goes to the standard output."""
    print(line, file=sys.stderr, flush=True)


def _remark(remark: str) -> None:
    _say(f"attrax: {remark}")


def _read_weights(path: Path) -> "dict[str, np.ndarray]":
    from attrax.interop import torch_weights
    from attrax.networks import read_arrays

    return torch_weights.read_state_dict(path) if torch_weights.reads(path) else read_arrays(path)


def atlas(
    source: StudyOrWeights,
    network: Annotated[
        str | None,
        tyro.conf.arg(metavar="NAME", help="which network of a study (enough of its name in the summary) or of a file"),
    ] = None,
    context: Annotated[int | None, tyro.conf.arg(metavar="N", help="of a study: which context; default: 1")] = None,
    checkpoint: Annotated[
        str | None,
        tyro.conf.arg(metavar="NAME", help="of a study: final (default), initial, or such as 'accuracy 0.8'"),
    ] = None,
    vary: Annotated[
        tuple[int, int] | None,
        tyro.conf.arg(metavar="N N", help="of own weights: the two inputs to vary; default: 1 2"),
    ] = None,
    input: Annotated[
        str | None,
        tyro.conf.arg(
            metavar="NUMBERS", help="of own weights: all inputs, such as 1,0,0.5, to which the two are added"
        ),
    ] = None,
    span: Annotated[
        tuple[float, float] | None,
        tyro.conf.arg(metavar="FROM TO", help="of own weights: from where to where they go; default: -1 1"),
    ] = None,
    effort: Annotated[
        Level | None,
        tyro.conf.arg(help="how long sampled orbits are followed; default: as the study says, or standard"),
    ] = None,
    out: Annotated[
        Path | None,
        tyro.conf.arg(metavar="PAGE", help="name of the page; default: beside the study's or weights' results"),
    ] = None,
) -> None:
    """Map a ReLU network's attractors at every input of a plane, as a page that answers to the pointer."""
    from attrax.own_network.effort_levels import EFFORT_LEVELS
    from attrax.studies import open as open_store
    from attrax.studies.network_atlas import network_atlas

    require(source.exists(), f"there is no {source}; give the folder of a study, or a file of weights")
    studys = {"context": context, "checkpoint": checkpoint}
    own_weights = {"vary": vary, "input": input, "span": span}
    for name, value in (own_weights if source.is_dir() else studys).items():
        whose, is_a = ("own weights", "study") if source.is_dir() else ("a study", "file of weights")
        require(value is None, f"--{name} is for {whose}, and {source} is a {is_a}")
    how_long = None if effort is None else EFFORT_LEVELS[effort].effort
    if source.is_dir():
        asked = network_atlas(
            open_store(source), network, 1 if context is None else context, checkpoint or "final", how_long
        )
        page = _write_atlas(asked, out or source / "report" / asked.page, asked.readout, asked.readout_names)
    else:
        page = _write_atlas(
            _input_atlas(source, network, vary or (1, 2), input, span or (-1.0, 1.0), how_long),
            out or Path("attrax-out") / source.stem / "atlas.html",
        )
    print(f"The page is {page.resolve()}")


def _input_atlas(
    source: Path,
    network: str | None,
    vary: tuple[int, int],
    values: str | None,
    span: tuple[float, float],
    effort: "Effort | None",
) -> "InputAtlas":
    from attrax.networks import own_network
    from attrax.own_network.input_atlas import InputAtlas
    from attrax.own_network.inputs_and_starts import read_inputs

    own = own_network(_read_weights(source), network)
    if own.remark:
        _remark(own.remark)
    inputs = read_inputs([] if values is None else [values], own, _remark)[0]
    return InputAtlas(source.name, own, inputs, vary, span, effort)


def _write_atlas(
    asked: "NetworkAtlas | InputAtlas",
    page: Path,
    readout: "np.ndarray | None" = None,
    readout_names: tuple[str, str] | None = None,
) -> Path:
    """Compute an atlas and write its page; what is done of one that is interrupted is kept beside it."""
    from attrax.checked_files import make_writable
    from attrax.compilation_cache import use_compilation_cache
    from attrax.reports import write_atlas_page
    from attrax.reports.terminal.steps_shown import StepsShown

    require(not page.is_dir(), f"--out {page} is a folder; name a page, such as atlas.html")
    make_writable(page.parent, "--out names another page")
    use_compilation_cache()
    with StepsShown("atlas") as shown:
        _say(
            f"an atlas of {asked.n_units} units: first orbits at 64 to 128 inputs, then every polygon, then the page; "
            "after 24 inputs it says how long that will take; an interrupted one keeps its orbits, and its polygons "
            "once all are found"
        )
        if asked.remark:
            _say(asked.remark)
        unfinished = asked.unfinished(page.parent)
        found = asked.compute(shown, unfinished.dataset)
        write_atlas_page(found, page, readout, readout_names, asked.labels, asked.title)
        unfinished.discard()
    return page


def tasks() -> None:
    """List the tasks, with what they ask and how well an ideal observer does."""
    from attrax.tasks import TASKS

    for name in TASKS.names():
        task = TASKS.build(name, {})
        summary = (type(task).__doc__ or "").strip().splitlines()[0]
        remark = getattr(task, "ceiling_remark", "")
        ceiling = f"{100 * task.ideal_observer_accuracy():.1f} %" + (f" ({remark})" if remark else "")
        print(f"{name}: {summary} An ideal observer is right in {ceiling}.")


_COMMANDS: dict[str, Callable[..., Any]] = {
    "demo": demo, "run": run, "status": status, "report": report, "analyse": analyse,
    "atlas": atlas, "tasks": tasks,
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 2 bad input, 130 interrupted, 1 anything else."""
    show_what_can_be_shown()
    if list(sys.argv[1:] if arguments is None else arguments) == ["--version"]:
        print(f"attrax {__version__}")
        return
    try:
        tyro.extras.subcommand_cli_from_dict(
            _COMMANDS,
            prog="attrax",
            description="Train recurrent networks by several rules, map their attractors, compare the rules. "
            "--version says which attrax this is.",
            args=arguments,
        )
    except SettingsError as error:
        print(f"attrax: {error}", file=sys.stderr)
        sys.exit(2)
    except StoppedError as error:
        print(f"attrax: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(INTERRUPTED, file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away (`attrax tasks | head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:  # a full disk, a file without the right to read it
        print(f"attrax: {error.filename or 'the disk'}: {error.strerror or error}", file=sys.stderr)
        sys.exit(1)
