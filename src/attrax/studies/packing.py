"""Many networks' arrays in one dataset, and each of them taken out again as it was.

Networks are trained for different numbers of updates and reach different checkpoints, so some axes differ in length.
They are made equal, and beside them stands which places along such an axis are a network's own, in which order.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import xarray as xr

from attrax.studies.columns.axes import own_places

_OWN = "own_"


def pack(datasets: Sequence[xr.Dataset]) -> xr.Dataset:
    """Join datasets along their axis "network".

    Parameters
    ----------
    datasets
        Each of one network, or of several that have the same places along every axis; over (network, ...), all with the
        same variables and axes. Axes may differ in length and in the values of their coordinate.

    Returns
    -------
    One dataset over (network, ...). For each axis X that differs: all places that any has, and ``own_X`` over (network,
    X): at a network's own places 0, 1, 2... in its order, elsewhere -1, and there numbers are NaN or 0, texts empty.

    Raises
    ------
    ValueError
        If the variables or their axes differ.
    """
    for dataset in datasets[1:]:
        for name in set(dataset.variables) ^ set(datasets[0].variables):
            raise ValueError(f"only some networks have {name!r}; they cannot be packed together")
        for name, variable in dataset.variables.items():
            if variable.dims != datasets[0][name].dims:
                raise ValueError(f"{name!r} has other axes in some networks; they cannot be packed together")
    ragged = [str(dim) for dim in datasets[0].dims if dim != "network" and not _agree(datasets, str(dim))]
    places = {dim: _union(datasets, dim) for dim in ragged}
    equal = [_spread(dataset, places) for dataset in datasets] if ragged else list(datasets)
    return xr.concat(equal, dim="network", data_vars="minimal", coords="minimal", compat="equals", join="exact")


def unpack(packed: xr.Dataset, network: str) -> xr.Dataset:
    """Take one network out of what `pack` returns: the dataset that it was, over (network, ...).

    Raises
    ------
    KeyError
        If it is not in it.
    """
    return _own(packed.sel(network=[network]))


def alike(packed: xr.Dataset) -> Iterator[xr.Dataset]:
    """Take the networks out of what `pack` returns, those together that have the same places along every axis.

    Yields
    ------
    Datasets over (network, ...) without places that are not their networks' own: many networks in few pieces.
    """
    rows: dict[bytes, list[int]] = {}
    orders = _orders(packed)
    for row in range(packed.sizes["network"]):
        rows.setdefault(b"".join(packed[order].values[row].tobytes() for order in orders), []).append(row)
    for places in rows.values():
        yield _own(packed.isel(network=places)) if orders else packed


def join(pieces: list[xr.Dataset], networks: Sequence[str]) -> xr.Dataset:
    """Put pieces of many networks side by side: places and variables that one has not are NaN, or empty, there.

    Parameters
    ----------
    pieces
        Over (network, ...); the list is emptied, so that no variable is held twice for long.
    networks
        In which order the networks come.
    """
    names = list(dict.fromkeys(str(name) for piece in pieces for name in piece.data_vars))
    known = np.concatenate([piece.network.values for piece in pieces]).tolist()
    place = {name: row for row, name in enumerate(known)}
    order = [place[name] for name in networks] if known != list(networks) else None
    joined = []
    for name in names:
        parts = [piece[[name]] if name in piece else piece[["network"]] for piece in pieces]
        pieces[:] = [piece.drop_vars(name, errors="ignore") for piece in pieces]
        whole = xr.concat(parts, dim="network", data_vars="all", coords="minimal", compat="equals", join="outer")
        joined.append(whole if order is None else whole.isel(network=order))
        del parts
    pieces.clear()
    return xr.merge(joined, join="exact", compat="equals")


def complete(pieces: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Give every piece all variables that any has, so that `pack` takes them: as at places that are not its own."""
    first: dict[str, xr.DataArray] = {}
    for piece in pieces:
        first |= {str(name): piece[name] for name in piece.data_vars if str(name) not in first}
    completed = []
    for piece in pieces:
        added = {}
        for name, like in first.items():
            if name not in piece:
                shape = [piece.sizes.get(dim, like.sizes[dim]) for dim in like.dims]
                coords = {dim: (piece if dim in piece.coords else like)[dim] for dim in like.dims
                          if dim in piece.coords or (dim in like.coords and dim not in piece.dims)}  # fmt: skip
                added[name] = xr.DataArray(
                    np.full(shape, _fill(like.dtype), like.dtype), coords, like.dims, attrs=like.attrs
                )
        completed.append(piece.assign(added))
    return completed


def _orders(packed: xr.Dataset) -> list[str]:
    return [str(name) for name in packed.variables if str(name).startswith(_OWN)]


def _own(packed: xr.Dataset) -> xr.Dataset:
    """Return networks that are alike without the places that are not their own."""
    orders = _orders(packed)
    for order in orders:
        places = packed[order].values[0]
        packed = packed.isel({order.removeprefix(_OWN): np.argsort(places)[(places < 0).sum() :]})
    return packed.drop_vars(orders)


def _agree(datasets: Sequence[xr.Dataset], dim: str) -> bool:
    first = datasets[0]
    if any(dataset.sizes[dim] != first.sizes[dim] for dataset in datasets):
        return False
    return dim not in first.variables or all(np.array_equal(d[dim].values, first[dim].values) for d in datasets)


def _union(datasets: Sequence[xr.Dataset], dim: str) -> Any:
    """Return all values along an axis: numbers ascending, others in the order in which they are met."""
    if dim not in datasets[0].variables:
        return np.arange(max(dataset.sizes[dim] for dataset in datasets))
    values = np.concatenate([dataset[dim].values for dataset in datasets])
    if values.dtype.kind in "iuf":
        return np.unique(values)
    return np.array(list(dict.fromkeys(values.tolist())))


def _spread(dataset: xr.Dataset, places: dict[str, Any]) -> xr.Dataset:
    """Put a dataset's values at their places among all, and say which they are."""
    orders = {}
    bare = [dim for dim in places if dim not in dataset.variables]
    for dim, values in places.items():
        if dim in bare:
            dataset = dataset.assign_coords({dim: np.arange(dataset.sizes[dim])})
        own = {value: order for order, value in enumerate(dataset[dim].values.tolist())}
        order = np.array([own.get(value, -1) for value in values.tolist()], np.int32)
        rows = np.repeat(order[None], dataset.sizes["network"], axis=0)
        orders[f"{_OWN}{dim}"] = (("network", dim), rows, own_places(dim).attributes())
    fills = {str(name): _fill(variable.dtype) for name, variable in dataset.data_vars.items()}
    fills |= {str(name): _fill(dataset[name].dtype) for name in dataset.coords if name not in dataset.dims}
    return dataset.reindex(places, fill_value=fills).drop_vars(bare).assign(orders)


def _fill(dtype: np.dtype[Any]) -> Any:
    """Return what stands at places that are not a network's own, of the same type so that nothing is converted."""
    return np.nan if dtype.kind == "f" else "" if dtype.kind in "UT" else np.zeros((), dtype)[()]
