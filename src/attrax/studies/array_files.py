"""Some of the arrays of a netCDF file, without opening the others.

A shard's file has a hundred variables and more, and xarray looks at each when it opens one: half a second, of which a
store of thousands of shards has too many. Here only those that are asked for are touched; what comes back is what
xarray would give of them.
"""

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

Chosen = Callable[[str, tuple[str, ...]], bool]
"""Given name and axes of a variable, whether it is wanted."""
_NO_VARIABLE = b"This is a netCDF dimension but not a netCDF variable"
_OF_THE_FORMAT = {"DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME", "_Netcdf4Dimid", "_Netcdf4Coordinates"}


def read_arrays(content: bytes, chosen: Chosen | None = None, networks: Sequence[str] | None = None) -> "xr.Dataset":
    """Read arrays over (network, ...) from the bytes of a netCDF-4 file that xarray wrote.

    Parameters
    ----------
    content
        The file.
    chosen
        Which variables; None: all. The coordinates of their axes come with them, and for each axis X ``own_X`` (see
        `attrax.studies.packing.pack`).
    networks
        Whose; None: of all, in the order of the file.

    Raises
    ------
    KeyError
        If one of the networks is not in it.
    """
    import h5py
    import xarray as xr

    with h5py.File(io.BytesIO(content), "r") as file:
        axes = {name: _axes(file, item) for name, item in file.items() if _is_variable(item)}
        names = [name for name, dims in axes.items() if dims != (name,) and (chosen is None or chosen(name, dims))]
        known = {dim for name in names for dim in axes[name]}
        names += [name for name, dims in axes.items()
                  if name.startswith("own_") and name not in names and set(dims) <= known]  # fmt: skip
        beside = [word for name in names for word in _text(file[name].attrs.get("coordinates", "")).split()]
        names += [name for name in dict.fromkeys(beside) if name in axes and name not in names]
        names += [dim for dim in axes if axes[dim] == (dim,) and (chosen is None or dim in known | {"network"})]
        rows = None if networks is None else _rows(_values(file["network"], ...).tolist(), networks)
        raw = xr.Dataset({name: (axes[name], _values(file[name], _index(axes[name], rows)), _attributes(file[name]))
                          for name in names}, attrs=_attributes(file))  # fmt: skip
    return xr.decode_cf(raw)


def _is_variable(item: Any) -> bool:
    return not bytes(item.attrs.get("NAME", b"")).startswith(_NO_VARIABLE)


def _axes(file: Any, item: Any) -> tuple[str, ...]:
    import h5py

    if "DIMENSION_LIST" in item.attrs:
        return tuple(h5py.h5r.get_name(scale[0], file.id).decode()[1:] for scale in item.attrs["DIMENSION_LIST"])
    return (item.name[1:],) if item.attrs.get("CLASS") == b"DIMENSION_SCALE" else ()


def _rows(known: list[str], networks: Sequence[str]) -> slice | list[int]:
    """Return where networks are: as a slice where that can be, which is read at once."""
    place = {name: row for row, name in enumerate(known)}
    rows = [place[name] for name in networks]
    together = rows == list(range(rows[0], rows[0] + len(rows))) if rows else False
    return slice(rows[0], rows[0] + len(rows)) if together else rows


def _index(dims: tuple[str, ...], rows: slice | list[int] | None) -> Any:
    if rows is None or "network" not in dims:
        return ...
    return (*(slice(None),) * dims.index("network"), rows)


def _values(item: Any, index: Any) -> np.ndarray:
    import h5py

    listed = index is not ... and isinstance(index[-1], list)
    texts = h5py.check_string_dtype(item.dtype) is not None
    values = (item.asstr() if texts else item)[... if listed else index]
    values = np.asarray(values)[index] if listed else np.asarray(values)
    return values.astype(str) if texts else values


def _attributes(item: Any) -> dict[str, Any]:
    found = {str(name): value for name, value in item.attrs.items()
             if name not in _OF_THE_FORMAT and not str(name).startswith("_NC")}  # fmt: skip
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.shape == (1,):
        value = value[0]
    return _text(value) if isinstance(value, bytes) else value


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
