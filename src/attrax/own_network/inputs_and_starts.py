"""Inputs and starts as a user gives them: numbers on the command line, or files with one in each row."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from attrax.networks.own_weights import OwnNetwork, finite_numbers, looks_pickled, read_npz, require_file
from attrax.settings import SettingsError, require


def ignore_remark(remark: str) -> None:
    """Do nothing: for who does not want to know what was assumed."""


def read_inputs(
    texts: Sequence[str], network: OwnNetwork, remark: Callable[[str], None] = ignore_remark
) -> Float[np.ndarray, "count inputs"]:
    """Return constant inputs of a network.

    Parameters
    ----------
    texts
        Each either numbers with commas between them (one input) or the name of a file (an input in each row). None at
        all: the zero input.
    network
        What they are for.
    remark
        Told in a line what was assumed of a file: that its first line holds names.

    Raises
    ------
    SettingsError
        For what is neither, is not finite, or has another width than the network's input weights.
    """
    if not texts:
        return np.zeros((1, network.n_inputs))
    require(
        all(text.strip() for text in texts),
        "an input is empty; write numbers with commas between them, such as 1,0,0.5, or leave --input out for zero",
    )
    weights = network.input_weights
    if weights is None:
        raise SettingsError(
            f"an input is given, but the file has no input weights U; needed: U with shape ({network.n_units}, inputs)"
        )
    shape, width = (weights.size // network.n_inputs, network.n_inputs), network.n_inputs
    rows = []
    for text in texts:
        values = _numbers_in(text)
        title = "input" if values is not None else f"each input in {text}"
        values = read_rows(Path(text), remark) if values is None else values
        require(
            values.shape[1] == width,
            f"{title} has {values.shape[1]} values; the input weights U have shape {shape}, so it must have {width}",
        )
        rows.append(finite_numbers(values, f"input {text}"))
    return np.concatenate(rows)


def read_starts(
    text: str, network: OwnNetwork, remark: Callable[[str], None] = ignore_remark
) -> int | Float[np.ndarray, "starts units"]:
    """Return how many starts are to be drawn, or the starts in a file, one in each row; as `read_inputs`."""
    require(bool(text.strip()), "--starts is empty; it must be 1 or more, or a file of starts")
    try:
        count = int(text)
    except ValueError:
        starts = finite_numbers(read_rows(Path(text), remark), f"the file of starts {text}")
        require(
            starts.shape[1] == network.n_units,
            f"each start in {text} has {starts.shape[1]} values; the recurrent weights W have shape "
            f"{(network.n_units,) * 2}, so it must have {network.n_units}",
        )
        return starts
    require(count >= 1, f"--starts is {count}; it must be 1 or more, or a file of starts")
    return count


def _numbers_in(text: str) -> np.ndarray | None:
    """Return the numbers of a text in one row; None if it is no list of numbers."""
    try:
        return np.array([[float(part) for part in text.split(",")]])
    except ValueError:
        return None


def read_rows(path: Path, remark: Callable[[str], None] = ignore_remark) -> np.ndarray:
    """Read the rows of a ``.csv``, ``.npy`` or ``.npz`` file.

    Parameters
    ----------
    path
        The file. A ``.csv`` may begin with a line of names, none of which is a number.
    remark
        Told in a line that it does.

    Raises
    ------
    SettingsError
        If there is no such file, it is of another kind, damaged, pickled, or holds no rows of numbers.
    """
    require(
        path.exists(),
        f"{path} is neither numbers with commas between them, such as 1,0,0.5, nor a file that exists",
    )
    require_file(path, _ROWS)
    ending = path.suffix.lower()
    require(ending in _READERS, f"{path} is a {ending or 'nameless'} file; {_ROWS}")
    values = _READERS[ending](path, remark)
    values = values[None] if values.ndim == 1 else values
    shape = values.shape
    require(values.ndim == 2 and values.size > 0, f"{path} holds an array of shape {shape}; needed: a row each")
    return values


_ROWS = "needed: .csv, .npy or .npz with a row each"


def _read_csv(path: Path, remark: Callable[[str], None]) -> np.ndarray:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (UnicodeDecodeError, OSError):
        raise SettingsError(f"{path} cannot be read as a text in UTF-8; needed: numbers with commas between") from None
    rows = [line for line in (line.split("#")[0].strip() for line in lines) if line]
    if rows and all(_numbers_in(field) is None for field in rows[0].split(",")):
        remark(f"the first line of {path} was taken for names: {rows[0]}")
        rows = rows[1:]
    numbers = [_numbers_in(row) for row in rows]
    widths = {None if row is None else row.shape[1] for row in numbers}
    require(
        len(widths) == 1 and None not in widths,
        f"{path} is no table of numbers; needed: as many numbers in each line, with commas between them",
    )
    return np.concatenate([row for row in numbers if row is not None])


def _read_npy(path: Path, remark: Callable[[str], None]) -> np.ndarray:
    try:
        with path.open("rb") as file:
            return np.lib.format.read_array(file, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        if "pickle" in str(error).lower() and looks_pickled(path):
            message = f"{path} holds pickled objects, which can run code when they are opened; save numbers instead"
            raise SettingsError(message) from None
        raise SettingsError(f"{path} is no .npy file of numbers; {_ROWS}") from None


def _read_single(path: Path, remark: Callable[[str], None]) -> np.ndarray:
    arrays = read_npz(path)
    require(len(arrays) == 1, f"{path} holds {len(arrays)} arrays; needed: one, with a row each")
    return next(iter(arrays.values()))


_READERS = {".csv": _read_csv, ".npy": _read_npy, ".npz": _read_single}
