"""Weights of a network that was trained elsewhere: read from plain files, checked, and told apart.

Only arrays are read, never objects: opening a pickle can run code.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from attrax.settings import SettingsError, require

Nonlinearity = Literal["relu", "tanh"]

NEEDED = "W (N, N) and b (N,), with U (N, inputs) and leak where there are any; or PyTorch's weight_hh_l0 and its like"
"""What a file must hold, for messages."""


@dataclass(frozen=True, eq=False)
class OwnNetwork:
    """A recurrent layer: what makes its next state from its state and its input.

    Parameters
    ----------
    kind
        "relu" or "tanh": h' = (1 - leak) h + leak f(W h + U x + b). "gru": as PyTorch's `nn.GRU`,
        r = sigmoid(U_r x + b_r + W_r h + c_r), z = sigmoid(U_z x + b_z + W_z h + c_z),
        n = tanh(U_n x + b_n + r (W_n h + c_n)), h' = (1 - z) n + z h.
    recurrent_weights
        W, shape (units, units); of a GRU W_r, W_z, W_n, shape (3, units, units).
    input_weights
        U, shape (units, inputs); of a GRU (3, units, inputs). None where the file has none.
    bias
        b, shape (units,); of a GRU (3, units).
    recurrent_bias
        Of a GRU c, shape (3, units); else None.
    leak
        Share of the state that is renewed at each step, in (0, 1]; of a GRU 1.
    unused
        Names of arrays in the file that were not looked at.
    remark
        What was assumed because the file does not say it; empty where nothing was.
    """

    kind: Literal["relu", "tanh", "gru"]
    recurrent_weights: Float[np.ndarray, "*gates units units"]
    input_weights: Float[np.ndarray, "*gates units inputs"] | None
    bias: Float[np.ndarray, "*gates units"]
    recurrent_bias: Float[np.ndarray, "gates units"] | None = None
    leak: float = 1.0
    unused: tuple[str, ...] = ()
    remark: str = ""

    @property
    def n_units(self) -> int:
        """Number of units."""
        return self.bias.shape[-1]

    @property
    def n_inputs(self) -> int:
        """Number of inputs; 0 where the file has no input weights."""
        return 0 if self.input_weights is None else self.input_weights.shape[-1]

    def drive(self, values: Float[np.ndarray, " inputs"]) -> Float[np.ndarray, "*gates units"]:
        """Return U x + b."""
        return self.bias if self.input_weights is None else self.input_weights @ values + self.bias


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Read the arrays of a ``.npz`` or ``.safetensors`` file.

    Parameters
    ----------
    path
        The file. In one that attrax wrote, each network's leak and kind of cell are added as ``NAME/leak`` and
        ``NAME/cell``.

    Raises
    ------
    SettingsError
        If there is no such file, it is of another kind, damaged, or holds pickled objects.
    """
    path = Path(path)
    require_file(path)
    readers: dict[str, Callable[[Path], dict[str, np.ndarray]]] = {
        ".npz": read_npz, ".safetensors": _read_safetensors,
    }  # fmt: skip
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise SettingsError(f"{path} is a {path.suffix or 'nameless'} file; {_ACCEPTED}")
    return reader(path)


PICKLES = (".pkl", ".pickle", ".joblib", ".dill")
_ACCEPTED = "needed: a .npz or .safetensors file, or a PyTorch state_dict (.pt, .pth, .ckpt)"


def require_file(path: Path, accepted: str = _ACCEPTED) -> None:
    """Raise `SettingsError` unless `path` is a file that is no pickle by its name; `accepted` says what is needed."""
    require(path.exists(), f"there is no file {path}")
    require(path.is_file(), f"{path} is a folder; {accepted}")
    require(path.suffix.lower() not in PICKLES, f"{path} is a pickle, which can run code when it is opened; {_INSTEAD}")


_INSTEAD = "save the arrays with numpy.savez(FILE, W=W, U=U, b=b) instead"


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of a ``.npz`` file; raises as `read_arrays`."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, TypeError, AttributeError) as error:
        # NumPy takes whatever it does not know for a pickle; only what looks like one, or an archive with one, is one.
        if "pickle" in str(error) and looks_pickled(path):
            message = f"{path} holds pickled objects, which can run code when they are opened; {_INSTEAD}"
            raise SettingsError(message) from None
        raise SettingsError(f"{path} is no .npz file of arrays; {_INSTEAD}") from None
    except Exception as error:  # zlib, zipfile and the operating system each have errors of their own
        raise _unreadable(path, error) from None


_PICKLE, _ARRAYS = b"\x80", (b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY")  # what files begin with


def looks_pickled(path: Path) -> bool:
    """Whether a file begins like a pickle, or like an archive or array of NumPy's in which there may be one."""
    with path.open("rb") as file:
        start = file.read(8)
    protocol = start[1:2]
    return start.startswith(_ARRAYS) or (start[:1] == _PICKLE and b"\x02" <= protocol <= b"\x05")


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    from safetensors import safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
        if any(name.endswith(_ATTRAX.recurrent) for name in arrays):
            from attrax.networks.weights import read_cells, read_leaks

            arrays |= {f"{name}/leak": np.asarray(leak) for name, leak in read_leaks(path).items()}
            arrays |= {f"{name}/cell": np.asarray(cell) for name, cell in read_cells(path).items()}
    except Exception as error:  # the format's own error, and Python's for a type that NumPy lacks
        raise _unreadable(path, error) from None
    return arrays


def _unreadable(path: Path, error: Exception) -> SettingsError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return SettingsError(f"{path} cannot be read ({reason}); {_ACCEPTED}")


@dataclass(frozen=True)
class _Spelling:
    """How a kind of file names the arrays of one network, after the name of the network itself."""

    recurrent: str
    inputs: str
    bias: str
    leak: str


_PLAIN = _Spelling("W", "U", "b", "leak")
_ATTRAX = _Spelling("/recurrent_weights", "/input_weights", "/bias", "/leak")
_PYTORCH = re.compile(r"(?P<prefix>(?:.*\.)?)weight_hh(?P<layer>_l\d+|)(?P<reverse>_reverse|)")


def own_network(
    arrays: Mapping[str, np.ndarray], name: str | None = None, nonlinearity: Nonlinearity | None = None
) -> OwnNetwork:
    """Make a network of the arrays of a file.

    Parameters
    ----------
    arrays
        Either W, b and perhaps U and leak; or ``NAME/recurrent_weights`` and so on, as attrax writes them; or
        ``weight_hh_l0``, ``weight_ih_l0``, ``bias_hh_l0``, ``bias_ih_l0`` as in a state_dict of PyTorch's `nn.RNN`
        and `nn.GRU`, or the same without ``_l0`` as in their cells; a prefix may stand before them.
    name
        Which network, where there are several: NAME, or the prefix; the end of it is enough if no other ends so.
    nonlinearity
        Of a network that is no GRU; None: relu.

    Notes
    -----
    Nothing is filled in silently: a file with W must have b. PyTorch leaves both biases out where a layer has none.

    Raises
    ------
    SettingsError
        In one line: what is missing, does not fit, is not finite, or is another kind of network.
    """
    found: dict[str, Callable[[], OwnNetwork]] = {}
    if _PLAIN.recurrent in arrays:
        found[_PLAIN.recurrent] = lambda: _spelt_out(arrays, "", _PLAIN, nonlinearity)
    for key in arrays:
        if key.endswith(_ATTRAX.recurrent):
            prefix = key.removesuffix(_ATTRAX.recurrent)
            found[prefix] = lambda prefix=prefix: _from_attrax(arrays, prefix, nonlinearity)  # type: ignore[misc]
        elif match := _PYTORCH.fullmatch(key):
            prefix = match["prefix"]
            found[prefix.rstrip(".") or "weight_hh"] = (
                lambda prefix=prefix: _from_pytorch(arrays, prefix, nonlinearity)  # type: ignore[misc]
            )
    if not found:
        raise SettingsError(f"no recurrent weights among {_listed(arrays)}; needed: {NEEDED}")
    return found[_choose(list(found), name)]()


def _choose(names: list[str], wanted: str | None) -> str:
    if wanted is None:
        require(len(names) == 1, f"there are {len(names)} networks in the file; choose one by --name: {_listed(names)}")
        return names[0]
    matching = [name for name in names if name == wanted] or [name for name in names if name.endswith(wanted)]
    require(bool(matching), f"there is no network {wanted!r} in the file; it has {_listed(names)}")
    require(len(matching) == 1, f"several networks are called {wanted!r}: {_listed(matching)}")
    return matching[0]


_LISTED = 8


def _listed(names: Mapping[str, Any] | list[str]) -> str:
    if not names:
        return "nothing"
    shown = ", ".join(list(names)[:_LISTED])
    return shown if len(names) <= _LISTED else f"{shown} and {len(names) - _LISTED} more"


def _spelt_out(
    arrays: Mapping[str, np.ndarray], prefix: str, spelling: _Spelling, nonlinearity: Nonlinearity | None
) -> OwnNetwork:
    recurrent, inputs, bias, leak = (
        prefix + end for end in (spelling.recurrent, spelling.inputs, spelling.bias, spelling.leak)
    )
    require(
        bias in arrays,
        f"there is no {bias} beside {recurrent}, but {_listed(arrays)}; "
        f"a network without bias has {bias} = 0, and its file must say so",
    )
    weights = _numbers(arrays, recurrent)
    _require_square(weights, recurrent)
    n_units = weights.shape[0]
    input_weights = _numbers(arrays, inputs) if inputs in arrays else None
    _require_rows(input_weights, inputs, n_units, weights, recurrent)
    values = _numbers(arrays, bias)
    require(
        values.shape == (n_units,),
        f"{bias} has shape {values.shape} and {recurrent} {weights.shape}; {bias} must have shape ({n_units},)",
    )
    return OwnNetwork(
        kind=nonlinearity or "relu",
        recurrent_weights=weights,
        input_weights=input_weights,
        bias=values,
        leak=_read_leak(arrays, leak),
        unused=tuple(sorted(set(arrays) - {recurrent, inputs, bias, leak})),
    )


def _from_attrax(arrays: Mapping[str, np.ndarray], prefix: str, nonlinearity: Nonlinearity | None) -> OwnNetwork:
    cell = str(arrays.get(f"{prefix}/cell", "relu"))
    require(
        cell in ("relu", "tanh", "gru"),
        f"{prefix} has {cell} cells; attrax analyses networks of relu, tanh and gru cells",
    )
    require(nonlinearity in (None, cell), f"{prefix} was written by attrax and is {cell}, not {nonlinearity}")
    if cell != "gru":
        return replace(_spelt_out(arrays, prefix, _ATTRAX, "tanh" if cell == "tanh" else "relu"), unused=())
    weights, input_weights, bias = (
        _numbers(arrays, prefix + end) for end in (_ATTRAX.recurrent, _ATTRAX.inputs, _ATTRAX.bias)
    )
    units = weights.shape[-1]
    return OwnNetwork(
        kind="gru",
        recurrent_weights=weights.reshape(3, units, units),
        input_weights=input_weights.reshape(3, units, -1),
        bias=bias.reshape(3, units),
        recurrent_bias=np.zeros((3, units)),
    )


def _read_leak(arrays: Mapping[str, np.ndarray], name: str) -> float:
    if name not in arrays:
        return 1.0
    values = _numbers(arrays, name)
    require(values.size == 1, f"{name} has shape {values.shape}; it must be a single number")
    leak = float(values.reshape(()))
    require(0 < leak <= 1, f"{name} is {leak:g}; it must lie above 0 and not above 1")
    return leak


_GATES = {1: "nn.RNN", 3: "nn.GRU", 4: "nn.LSTM"}


def _from_pytorch(arrays: Mapping[str, np.ndarray], prefix: str, nonlinearity: Nonlinearity | None) -> OwnNetwork:
    layers = [m for m in map(_PYTORCH.fullmatch, arrays) if m and m["prefix"] == prefix]
    title = prefix.rstrip(".") or "the network"
    require(not any(m["reverse"] for m in layers), f"{title} is bidirectional; attrax analyses one direction only")
    require(len(layers) == 1, f"{title} has {len(layers)} layers; attrax analyses networks of a single layer")
    layer = layers[0]["layer"]
    recurrent, inputs, bias, recurrent_bias = (
        f"{prefix}{part}{layer}" for part in ("weight_hh", "weight_ih", "bias_ih", "bias_hh")
    )
    weights = _numbers(arrays, recurrent)
    n_units = weights.shape[1] if weights.ndim == 2 else 0
    gates = weights.shape[0] // n_units if n_units and weights.shape[0] % n_units == 0 else 0
    require(
        gates in _GATES,
        f"{recurrent} has shape {weights.shape}; it must be (N, N) as in nn.RNN, or (3 N, N) as in nn.GRU",
    )
    require(gates != 4, f"{recurrent} has shape {weights.shape}: an nn.LSTM; attrax analyses nn.RNN and nn.GRU")
    input_weights = _numbers(arrays, inputs) if inputs in arrays else None
    _require_rows(input_weights, inputs, gates * n_units, weights, recurrent)
    biases = [_pytorch_bias(arrays, name, gates * n_units, weights, recurrent) for name in (bias, recurrent_bias)]
    require(
        (bias in arrays) == (recurrent_bias in arrays),
        f"there is only one of {bias} and {recurrent_bias}; PyTorch has both, or none",
    )
    unused = tuple(sorted(set(arrays) - {recurrent, inputs, bias, recurrent_bias}))
    if gates == 1:
        return OwnNetwork(
            kind=nonlinearity or "relu",
            recurrent_weights=weights,
            input_weights=input_weights,
            bias=biases[0] + biases[1],
            unused=unused,
            remark="" if nonlinearity else _NO_NONLINEARITY,
        )
    require(nonlinearity is None, f"{title} is an nn.GRU, whose gates are fixed; leave out --nonlinearity")
    return OwnNetwork(
        kind="gru",
        recurrent_weights=weights.reshape(3, n_units, n_units),
        input_weights=None if input_weights is None else input_weights.reshape(3, n_units, -1),
        bias=biases[0].reshape(3, n_units),
        recurrent_bias=biases[1].reshape(3, n_units),
        unused=unused,
    )


_NO_NONLINEARITY = (
    "A saved nn.RNN does not say which nonlinearity it has. relu was assumed; PyTorch's default is tanh: "
    "--nonlinearity tanh"
)


def _pytorch_bias(
    arrays: Mapping[str, np.ndarray], name: str, size: int, weights: np.ndarray, recurrent: str
) -> np.ndarray:
    values = _numbers(arrays, name) if name in arrays else np.zeros(size)
    require(
        values.shape == (size,),
        f"{name} has shape {values.shape} and {recurrent} {weights.shape}; {name} must have shape ({size},)",
    )
    return values


def _numbers(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Return an array in float64, which holds every float32 exactly."""
    return finite_numbers(arrays[name], name)


def finite_numbers(values: np.ndarray, name: str) -> np.ndarray:
    """Return an array in float64; raise `SettingsError` if it is not of finite real numbers."""
    values = np.asarray(values)
    real = values.dtype.kind in "fiu" or values.dtype.name == "bfloat16"  # a type that NumPy has from elsewhere
    require(real, f"{name} holds {values.dtype} values; it must hold real numbers")
    values = values.astype(np.float64)
    bad = int(np.count_nonzero(~np.isfinite(values)))
    require(bad == 0, f"{name} holds {bad} of {values.size} values that are not finite; it must hold none")
    return values


def _require_square(weights: np.ndarray, name: str) -> None:
    square = weights.ndim == 2 and weights.shape[0] == weights.shape[1] and weights.shape[0] > 0
    require(square, f"{name} has shape {weights.shape}; it must be square, (N, N)")


def _require_rows(values: np.ndarray | None, name: str, rows: int, weights: np.ndarray, recurrent: str) -> None:
    require(
        values is None or (values.ndim == 2 and values.shape[0] == rows),
        f"{name} has shape {None if values is None else values.shape} and {recurrent} {weights.shape}; "
        f"{name} must have shape ({rows}, inputs)",
    )
