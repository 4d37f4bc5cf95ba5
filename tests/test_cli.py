import pickle

import numpy as np
import pytest

from attrax.cli import main


def outcome(capsys, *arguments):
    """Run the command line; return exit code, standard output, standard error."""
    try:
        main(arguments)
        code = 0
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_tasks_are_listed_with_their_ceiling(capsys):
    code, out, _ = outcome(capsys, "tasks")
    assert code == 0
    assert out.splitlines()[0].startswith("ContextDecision: Decide on the sign of the modality")
    assert "97.4 %" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "dmeo"), "did you mean 'demo'"),
        (("run", "missing.toml"), "there is no study file"),
        (("run", "/bin/ls"), "cannot be read as a text"),
        (("demo", "--out", "/proc/nowhere"), "cannot be written"),
        (("run", "demo", "--workers", "0"), "--workers is 0; it must be 1 or more"),
        (("run", "demo", "--shard-size", "0"), "--shard-size is 0; it must be 1 or more"),
        (("run", "demo", "--retries", "-1"), "--retries is -1; it must be 0 or more"),
        (("run", "demo", "--address", "auto"), "--address is for --executor ray"),
        (("run", "demo", "--device", "gpu", "--executor", "ray"), "--device gpu is for --executor local"),
        (("run", "demo", "--device", "gpu", "--shard-size", "1"), "--shard-size must be 2 or more"),
        (("status", "/nowhere", "--verify"), "holds no study"),
        (("status", "/nowhere"), "holds no study"),
        (("report", "/nowhere"), "holds no study"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(capsys, arguments, words):
    code, out, err = outcome(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert err.startswith("attrax: ")


@pytest.mark.parametrize("arguments", [("nonsense",), ("demo", "--uot", "x"), ()])
def test_an_unknown_command_or_option_is_exit_code_2(capsys, arguments):
    assert outcome(capsys, *arguments)[0] == 2


def test_a_folder_that_holds_something_else_is_refused(capsys, tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    code, _, err = outcome(capsys, "demo", "--out", str(tmp_path))
    assert code == 2
    assert "holds something else" in err
    assert len(err.strip().splitlines()) == 1


def test_status_counts_what_is_finished(capsys, tiny_store):
    code, out, _ = outcome(capsys, "status", str(tiny_store.directory))
    assert code == 0
    assert out.splitlines()[0] == "tiny: 2 of 2 networks finished"


def test_running_a_finished_study_writes_its_page_and_says_what_was_found(
    capsys, tmp_path, tiny_store, tiny_study_text
):
    study = tmp_path / "tiny.toml"
    study.write_text(tiny_study_text)
    code, out, err = outcome(capsys, "run", str(study), "--out", str(tiny_store.directory))
    assert code == 0
    assert f"The page is {tiny_store.directory.resolve()}/report/index.html" in out
    assert "Stimulus stage at δ = 0.6" in out
    assert "tiny: 2 networks, 2 are there already" in err
    assert (tiny_store.directory / "report" / "index.html").is_file()


PAIR = {"W": np.array([[0.5, -1.0], [-1.0, 0.5]]), "U": np.array([[1.0], [0.0]]), "b": np.ones(2)}
"""Two units that inhibit each other: one of them wins."""


@pytest.fixture
def pair(tmp_path):
    np.savez(tmp_path / "pair.npz", **PAIR)
    return str(tmp_path / "pair.npz")


def test_own_weights_are_analysed_once(capsys, tmp_path, pair, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ("analyse", pair, "--input", "0.1", "--input", "-0.1", "--starts", "20")
    code, out, err = outcome(capsys, *arguments)
    assert code == 0
    page, first, *others = out.splitlines()
    assert page == f"The page is {tmp_path.resolve()}/attrax-out/pair/index.html"
    assert first.startswith("- 4 attractors under 2 inputs: 4 fixed points. ")
    assert others[0].startswith("- Input 1 (0.1): fixed point ")
    assert others[0].endswith(" %. 3 fixed points found, 1 of them unstable.")
    assert err.splitlines() == [
        "input 1 of 2 (0.1): following 21 starts", "input 2 of 2 (-0.1): following 21 starts",
    ]  # fmt: skip
    assert (tmp_path / "attrax-out" / "pair" / "index.html").is_file()
    code, again, err = outcome(capsys, *arguments)
    assert (code, again) == (0, out)
    assert err.count("is there already") == 2


GRU = {
    "weight_hh_l0": np.zeros((6, 2)), "weight_ih_l0": np.ones((6, 1)),
    "bias_hh_l0": np.zeros(6), "bias_ih_l0": np.array([0, 0, 0, 0, 0.5, -1]),
}  # fmt: skip
BISTABLE = {"W": 2 * np.eye(1), "b": np.zeros(1)}


@pytest.mark.parametrize(
    ("arrays", "arguments", "words"),
    [
        (BISTABLE, ("--nonlinearity", "tanh"), "3 fixed points found, 1 of them unstable."),
        (BISTABLE, ("--nonlinearity", "tanh", "--solves", "0"), "fixed point "),
        (GRU, ("--input", "1"), "1 fixed point found: stable."),
    ],
)
def test_tanh_networks_and_grus_are_analysed_from_end_to_end(capsys, tmp_path, arrays, arguments, words):
    np.savez(tmp_path / "own.npz", **arrays)
    options = (*arguments, "--out", str(tmp_path / "out"), "--starts", "10", "--effort", "quick")
    code, out, _ = outcome(capsys, "analyse", str(tmp_path / "own.npz"), *options)
    assert code == 0
    assert words in out
    assert ("fixed points found" in out) == (words[0] == "3")
    assert (tmp_path / "out" / "index.html").is_file()
    assert (tmp_path / "out" / "fixed_points.csv").is_file()


def test_what_was_assumed_about_a_network_of_pytorch_is_said(capsys, tmp_path):
    np.savez(tmp_path / "rnn.npz", weight_hh_l0=PAIR["W"], bias_ih_l0=np.ones(2), bias_hh_l0=np.zeros(2))
    arguments = ("analyse", str(tmp_path / "rnn.npz"), "--out", str(tmp_path / "out"), "--starts", "5")
    _, _, err = outcome(capsys, *arguments)
    assert "relu was assumed; PyTorch's default is tanh: --nonlinearity tanh" in err
    assert "relu was assumed" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    _, _, err = outcome(capsys, *arguments, "--nonlinearity", "relu")
    assert "assumed" not in err


@pytest.mark.parametrize(
    ("arrays", "arguments", "words"),
    [
        ({"W": np.ones((3, 2))}, (), "W has shape (3, 2); it must be square, (N, N)"),
        ({"U": np.ones((1, 2))}, (), "U has shape (1, 2) and W (2, 2); U must have shape (2, inputs)"),
        ({"b": np.ones(3)}, (), "b has shape (3,) and W (2, 2); b must have shape (2,)"),
        ({"b": np.array([1, np.nan])}, (), "b holds 1 of 2 values that are not finite"),
        ({"W": np.array([[{}]], dtype=object)}, (), "holds pickled objects, which can run code"),
        ({"leak": np.array(2.0)}, (), "leak is 2; it must lie above 0"),
        ({}, ("--input", "1,0,0.5"), "input has 3 values; the input weights U have shape (2, 1), so it must have 1"),
        ({}, ("--input", "1;2"), "1;2 is neither numbers with commas between them"),
        ({}, ("--starts", "0"), "--starts is 0; it must be 1 or more"),
        ({}, ("--starts", "OWN"), "holds 3 arrays; needed: one"),
        ({}, ("--solves", "-1"), "--solves is -1; it must be 0 or more"),
        ({}, ("--seed", "-1"), "seed is -1; it must be 0 or more"),
        ({}, ("--name", "final"), "no network 'final' in the file; it has W"),
        ({}, ("--out", "/proc/nowhere"), "cannot be written"),
        ({f"weight_hh_l{k}": np.ones((2, 2)) for k in (0, 1)} | {"W": None}, (), "has 2 layers"),
        ({"weight_hh_l0": np.ones((8, 2)), "W": None}, (), "an nn.LSTM"),
        ({"weight_hh_l0": np.ones((6, 2)), "W": None}, ("--nonlinearity", "tanh"), "leave out --nonlinearity"),
    ],
)
def test_own_weights_that_do_not_fit_are_one_line_and_exit_code_2(capsys, tmp_path, arrays, arguments, words):
    path = tmp_path / "own.npz"
    np.savez(path, **{name: values for name, values in (PAIR | arrays).items() if values is not None})
    arguments = tuple(argument.replace("OWN", str(path)) for argument in arguments)
    out = () if "--out" in arguments else ("--out", str(tmp_path / "out"))
    code, said, err = outcome(capsys, "analyse", str(path), *arguments, *out)
    assert code == 2
    assert said == ""
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert err.startswith("attrax: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["own.pkl", "own.npz", "own.safetensors", "own.pt", "own.npy", "missing.npz", "."])
def test_a_file_that_is_no_weights_is_one_line_and_exit_code_2(capsys, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    if name.startswith("own"):
        (tmp_path / name).write_bytes(pickle.dumps(PAIR))
    code, _, err = outcome(capsys, "analyse", name)
    assert code == 2
    assert len(err.strip().splitlines()) == 1


def test_an_interrupted_analysis_is_exit_code_130_and_goes_on(capsys, tmp_path, pair, monkeypatch):
    from attrax.own_network import weights_analysis

    def interrupted(analysis, index, *more):
        if index == 1:
            raise KeyboardInterrupt
        return compute(analysis, index, *more)

    compute = weights_analysis.analyse_input
    arguments = ("analyse", pair, "--input", "0", "--input", "0.1", "--out", str(tmp_path / "out"), "--starts", "5")
    with monkeypatch.context() as patch:
        patch.setattr(weights_analysis, "analyse_input", interrupted)
        code, _, err = outcome(capsys, *arguments)
    assert code == 130
    assert "interrupted; what was finished is kept" in err
    code, _, err = outcome(capsys, *arguments)
    assert code == 0
    assert "input 1 of 2 (0): is there already" in err
    assert "input 2 of 2 (0.1): following 6 starts" in err


def test_the_atlas_of_a_studys_network_is_a_page(capsys, tiny_store):
    name = tiny_store.conditions[1].identity
    code, out, _ = outcome(
        capsys, "atlas", str(tiny_store.directory), "--network", name[:6], "--context", "2", "--checkpoint", "initial",
        "--effort", "quick",
    )  # fmt: skip
    assert code == 0
    page = tiny_store.directory / "report" / f"atlas-{name}-2-initial.html"
    assert str(page) in out
    assert "seed 0, initial: stimulus stage, context 2" in page.read_text(encoding="utf-8")


def test_the_atlas_of_own_weights_is_a_page(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    weights = {"W": np.array([[0.4, -1.2], [-1.2, 0.4]]), "U": np.eye(2), "b": np.ones(2)}
    np.savez("mine.npz", **weights)
    code, out, _ = outcome(
        capsys, "atlas", "mine.npz", "--vary", "2", "1", "--span", "-0.5", "0.5", "--effort", "quick"
    )
    assert code == 0
    page = tmp_path / "attrax-out" / "mine" / "atlas.html"
    assert str(page) in out
    assert "input 2" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("/nowhere",), "there is no /nowhere"),
        (("mine.npz", "--vary", "1", "3"), "--vary is 1 3; it must be two different inputs of the 2"),
        (("mine.npz", "--span", "1", "0"), "--span is 1 0; it must go from a number to a larger one"),
        (("mine.npz", "--span", "-inf", "inf"), "--span is -inf inf; it must go"),
        (("mine.npz", "--out", "study"), "--out study is a folder"),
        (("mine.npz", "--context", "2"), "--context is for a study, and mine.npz is a file of weights"),
        (("study", "--vary", "1", "2"), "--vary is for own weights, and study is a study"),
        (("study", "--network", "zz"), "no network in study begin with 'zz'"),
        (("study", "--context", "3"), "--context is 3; this task has 2"),
        (("study", "--checkpoint", "last"), "has no checkpoint 'last'; it has"),
    ],
)
def test_an_atlas_that_cannot_be_is_one_line_and_exit_code_2(
    capsys, tmp_path, monkeypatch, tiny_store, arguments, words
):
    monkeypatch.chdir(tmp_path)
    np.savez("mine.npz", W=np.eye(2) / 2, U=np.eye(2), b=np.ones(2))
    (tmp_path / "study").symlink_to(tiny_store.directory)
    code, out, err = outcome(capsys, "atlas", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_the_version_is_said(capsys):
    from attrax import __version__

    assert outcome(capsys, "--version") == (0, f"attrax {__version__}\n", "")


def test_the_help_of_run_names_the_study_and_the_presets(capsys):
    code, out, _ = outcome(capsys, "run", "--help")
    words = " ".join(out.replace("│", " ").split())
    assert code == 0
    assert "[RUN OPTIONS] STUDY" in words
    assert "a study file (TOML), or the name of a preset: demo, kononov2025, kononov2025-quick, untuned" in words


def test_a_dry_run_computes_and_writes_nothing(capsys, tmp_path, tiny_store, bare_study_text, tiny_study_text):
    study = tmp_path / "study.toml"
    study.write_text(bare_study_text)
    code, out, err = outcome(capsys, "run", str(study), "--out", str(tmp_path / "out"), "--dry-run")
    assert (code, err) == (0, "")
    first, second, *table = out.splitlines()
    assert first == "tiny: 2 networks, 2 conditions with 1 seeds each"
    assert second.startswith("2 are missing; how long they take is not known before the first of them")
    assert len(table) == 3
    assert not (tmp_path / "out").exists()

    before = {path: path.stat().st_mtime_ns for path in tiny_store.directory.rglob("*")}
    study.write_text(tiny_study_text.replace("seeds = [0]", "seeds = 2"))
    code, out, _ = outcome(capsys, "run", str(study), "--out", str(tiny_store.directory), "--dry-run")
    assert code == 0
    assert out.count(" are missing: about ") == 1
    assert "2 are missing: about" in out
    assert "as measured of 2 finished" in out
    assert {path: path.stat().st_mtime_ns for path in tiny_store.directory.rglob("*")} == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "demo", "--most", "0"), "--most is 0; it must be 1 or more"),
        (("run", "demo", "--most", "1", "--dry-run"), "--dry-run computes nothing; leave out --most"),
        (("run", "demo", "--out", ""), "--out is empty or this very folder"),
        (("analyse", "PAIR", "--input", ""), "an input is empty; write numbers with commas"),
        (("analyse", "PAIR", "--input", "."), "is a folder; needed: .csv, .npy or .npz"),
        (("analyse", "PAIR", "--starts", ""), "--starts is empty"),
        (("analyse", "PAIR", "--out", ""), "--out is empty"),
        (("atlas", "PAIR", "--input", ""), "an input is empty"),
    ],
)
def test_what_is_empty_is_told_by_its_name(capsys, tmp_path, monkeypatch, pair, arguments, words):
    monkeypatch.chdir(tmp_path)
    code, out, err = outcome(capsys, *(pair if argument == "PAIR" else argument for argument in arguments))
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("content", [b"hello", b"", b"\x00\x01\x02\x03\x04", b"PKxyz"])
@pytest.mark.parametrize("ending", [".npz", ".safetensors", ".pt"])
def test_junk_is_called_junk(capsys, tmp_path, content, ending):
    path = tmp_path / f"junk{ending}"
    path.write_bytes(content)
    code, _, err = outcome(capsys, "analyse", str(path), "--out", str(tmp_path / "out"))
    assert code == 2
    assert "pickle" not in err
    assert "Python objects" not in err
    assert err.count("\n") == 1


def test_a_line_of_names_in_a_file_of_inputs_is_said(capsys, tmp_path, pair):
    inputs = tmp_path / "inputs.csv"
    inputs.write_text("motion\n0.1\n")
    code, _, err = outcome(
        capsys, "analyse", pair, "--input", str(inputs), "--out", str(tmp_path / "out"), "--starts", "5"
    )
    assert code == 0
    assert f"attrax: the first line of {inputs} was taken for names: motion" in err


def test_an_atlas_says_of_which_network_it_is_and_goes_on_where_it_was_interrupted(capsys, tmp_path, monkeypatch):
    from attrax.dynamics.plane import input_survey

    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    np.savez("mine.npz", W=rng.normal(size=(12, 12)) * 0.35, U=rng.normal(size=(12, 2)), b=rng.normal(size=12))
    followed, classify = [], input_survey.classify

    def counted(*arguments):
        followed.append(arguments)
        if len(followed) == 4:
            raise KeyboardInterrupt
        return classify(*arguments)

    arguments = ("atlas", "mine.npz", "--effort", "quick", "--out", "atlas.html")
    monkeypatch.setattr(input_survey, "classify", counted)
    code, _, err = outcome(capsys, *arguments)
    assert code == 130
    assert "what was finished is kept" in err
    assert len(list((tmp_path / "unfinished").glob("atlas-*/samples*"))) == 3
    code, _, _ = outcome(capsys, *arguments)
    assert code == 0
    interrupted = (tmp_path / "atlas.html").read_bytes()
    assert not (tmp_path / "unfinished").exists()
    begun_anew = len(followed) - 4
    followed.clear()
    followed += [None] * 10  # past the interruption
    assert outcome(capsys, *arguments)[0] == 0
    assert len(followed) - 10 == begun_anew + 3
    assert (tmp_path / "atlas.html").read_bytes() == interrupted


def test_the_network_that_an_atlas_chooses_is_named(capsys, tiny_store, tmp_path):
    arguments = ("atlas", str(tiny_store.directory), "--effort", "quick", "--out", str(tmp_path / "atlas.html"))
    code, _, err = outcome(capsys, *arguments)
    assert code == 0
    first = tiny_store.conditions[0]
    assert f"network {first.identity} ({first.title}, final: stimulus stage, context 1), the first of 2" in err
    assert "--network chooses another" in err
    _, _, err = outcome(capsys, *arguments, "--network", first.identity)
    assert "the first of" not in err


def test_a_report_can_be_written_elsewhere(capsys, tmp_path, tiny_store):
    code, out, _ = outcome(capsys, "report", str(tiny_store.directory), "--out", str(tmp_path / "deep" / "page"))
    assert code == 0
    assert str(tmp_path / "deep" / "page" / "index.html") in out
    assert (tmp_path / "deep" / "page" / "planes.png").is_file()
    (tmp_path / "file").write_text("")
    code, out, err = outcome(capsys, "report", str(tiny_store.directory), "--out", str(tmp_path / "file"))
    assert (code, out) == (2, "")
    assert "cannot be written: " in err
    assert "--out names another folder" in err
