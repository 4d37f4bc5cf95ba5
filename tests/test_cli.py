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
