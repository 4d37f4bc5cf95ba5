"""Inputs and starts from the command line and from files."""

import numpy as np
import pytest

from attrax.networks import own_network
from attrax.own_network.inputs_and_starts import read_inputs, read_starts
from attrax.settings import SettingsError

NETWORK = own_network({"W": np.eye(4) / 2, "U": np.ones((4, 3)), "b": np.ones(4)})
ROWS = np.array([[1.0, 0, 0.5], [-1, 2, 0]])


@pytest.fixture
def files(tmp_path):
    np.save(tmp_path / "rows.npy", ROWS)
    np.savez(tmp_path / "rows.npz", anything=ROWS)
    (tmp_path / "rows.csv").write_text("1,0,0.5\n# a remark\n-1, 2, 0\n")
    (tmp_path / "named.csv").write_text("\ufeffcolour,motion,context\n1,0,0.5\n\n-1,2,0\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", ["rows.npy", "rows.npz", "rows.csv", "named.csv"])
def test_each_kind_of_file_has_an_input_in_each_row(files, name):
    assert np.array_equal(read_inputs([str(files / name)], NETWORK), ROWS)


def test_numbers_and_files_may_be_mixed_and_none_is_zero(files):
    found = read_inputs(["-1,0,1e-1", str(files / "rows.npy")], NETWORK)
    assert np.array_equal(found, [[-1, 0, 0.1], *ROWS])
    assert np.array_equal(read_inputs([], NETWORK), [[0.0, 0, 0]])
    assert read_inputs([], own_network({"W": np.eye(2), "b": np.ones(2)})).shape == (1, 0)


def test_a_flat_file_is_one_input(tmp_path):
    np.save(tmp_path / "flat.npy", ROWS[0].astype(np.float32))
    assert np.array_equal(read_inputs([str(tmp_path / "flat.npy")], NETWORK), ROWS[:1])


def test_starts_are_a_number_or_a_file(tmp_path):
    assert read_starts("30", NETWORK) == 30
    np.save(tmp_path / "starts.npy", np.ones((5, 4)))
    assert np.array_equal(read_starts(str(tmp_path / "starts.npy"), NETWORK), np.ones((5, 4)))


def write(path, content):
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, dict):
        np.savez(path, **content)
    else:
        np.save(path, content)
    return str(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"1,2\n3\n", "is no table of numbers"),
        ("a.csv", b"a,b\n", "is no table of numbers"),
        ("a.csv", b"\xff\xfe1", "cannot be read as a text"),
        ("a.csv", b"1,0,x\n1,2,3\n", "is no table of numbers"),
        ("a.npy", b"nothing", "is no .npy file of numbers; needed"),
        ("a.npy", b"hello", "is no .npy file of numbers; needed"),
        ("a.npz", b"hello", "is no .npz file of arrays"),
        ("a.npy", np.array([{}], dtype=object), "holds pickled objects"),
        ("a.npy", np.zeros((2, 2, 3)), r"holds an array of shape \(2, 2, 3\); needed: a row each"),
        ("a.npy", np.zeros((0, 3)), r"holds an array of shape \(0, 3\)"),
        ("a.npy", np.zeros((2, 4)), r"has 4 values; the input weights U have shape \(4, 3\), so it must have 3"),
        ("a.npy", np.full((1, 3), np.inf), "holds 3 of 3 values that are not finite"),
        ("a.npz", {"a": ROWS, "b": ROWS}, "holds 2 arrays; needed: one"),
        ("a.txt", b"1,2,3", "is a .txt file; needed: .csv, .npy or .npz"),
        ("a.pkl", b"", "is a pickle"),
    ],
)
def test_a_file_of_inputs_that_does_not_fit_is_told(tmp_path, name, content, message):
    path = write(tmp_path / name, content)
    with pytest.raises(SettingsError, match=message) as told:
        read_inputs([path], NETWORK)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2", r"input has 2 values; the input weights U have shape \(4, 3\), so it must have 3"),
        ("1,nan,2", "input 1,nan,2 holds 1 of 3 values that are not finite"),
        ("1,x,2", "1,x,2 is neither numbers with commas between them, such as 1,0,0.5, nor a file that exists"),
        ("1;2;3", "neither numbers"),
    ],
)
def test_an_input_that_does_not_fit_is_told(text, message):
    with pytest.raises(SettingsError, match=message):
        read_inputs([text], NETWORK)


def test_an_input_for_a_network_without_input_weights_is_told():
    with pytest.raises(SettingsError, match=r"no input weights U; needed: U with shape \(2, inputs\)"):
        read_inputs(["1"], own_network({"W": np.eye(2), "b": np.ones(2)}))


def test_starts_that_do_not_fit_are_told(tmp_path):
    with pytest.raises(SettingsError, match="--starts is 0; it must be 1 or more"):
        read_starts("0", NETWORK)
    np.save(tmp_path / "starts.npy", np.ones((5, 3)))
    with pytest.raises(SettingsError, match=r"has 3 values; .* W have shape \(4, 4\), so it must have 4"):
        read_starts(str(tmp_path / "starts.npy"), NETWORK)
    with pytest.raises(SettingsError, match="nor a file that exists"):
        read_starts("many", NETWORK)


def test_a_line_of_names_is_said_and_never_dropped_in_silence(files):
    said = []
    read_inputs([str(files / "named.csv")], NETWORK, said.append)
    assert said == [f"the first line of {files / 'named.csv'} was taken for names: colour,motion,context"]
    said.clear()
    read_inputs([str(files / "rows.csv")], NETWORK, said.append)
    assert said == []


@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_input_or_number_of_starts_is_told(text):
    with pytest.raises(SettingsError, match="an input is empty; write numbers"):
        read_inputs(["1,0,0.5", text], NETWORK)
    with pytest.raises(SettingsError, match="--starts is empty"):
        read_starts(text, NETWORK)


def test_a_folder_in_the_place_of_inputs_is_told(tmp_path):
    with pytest.raises(SettingsError, match=r"is a folder; needed: \.csv, \.npy or \.npz with a row each"):
        read_inputs([str(tmp_path)], NETWORK)
