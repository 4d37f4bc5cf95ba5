"""What is packed with others comes out as it was."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.studies.packing import pack, unpack


def network(name, updates, checkpoints, rows, seed):
    rng = np.random.default_rng(seed)
    kinds = np.array(["fixed point", "quasi-periodic", "chaotic"])
    data = xr.Dataset(
        {
            "kind": (("place",), rng.choice(kinds[: 1 + seed % 3], 4)),
            "accuracy": (("update",), rng.random(len(updates))),
            "course_kind": (("checkpoint", "place"), rng.choice(kinds, (len(checkpoints), 4))),
            "certified": (("checkpoint",), rng.random(len(checkpoints)) < 0.5),
            "vertex": (("row", "place"), rng.integers(0, 9, (rows, 4))),
            "single": ((), float(seed)),
        },
        coords={"update": updates, "checkpoint": checkpoints, "place": [-1.0, -0.5, 0.5, 1.0]},
    )
    return data.expand_dims(network=[name])


SHAPES = st.tuples(
    st.lists(st.integers(0, 50), min_size=1, max_size=6, unique=True).map(sorted),
    st.lists(st.sampled_from(["initial", "accuracy 0.6", "accuracy 0.7", "final"]), min_size=1, unique=True),
    st.integers(1, 4),
)


@given(shapes=st.lists(SHAPES, min_size=1, max_size=5))
@settings(max_examples=50, deadline=None)
def test_every_network_comes_out_as_it_went_in(shapes):
    """Also through a file, and with the types of its numbers."""
    originals = [network(f"n{i}", *shape, seed=i) for i, shape in enumerate(shapes)]
    content = pack(originals).to_netcdf(engine="h5netcdf")
    packed = xr.open_dataset(bytes(content), engine="h5netcdf").load()
    for i, original in enumerate(originals):
        again = unpack(packed, f"n{i}")
        assert again.drop_encoding().identical(original)
        assert {name: again[name].dtype.kind for name in again} == {
            name: original[name].dtype.kind for name in original
        }


def test_a_single_network_is_left_as_it_is():
    one = network("n0", [0, 1], ["final"], 2, 0)
    assert pack([one]).identical(one)


def test_networks_with_other_variables_are_refused():
    one, other = (network(f"n{i}", [0, 1], ["final"], 2, i) for i in range(2))
    with pytest.raises(ValueError, match="only some networks have 'vertex'"):
        pack([one, other.drop_vars("vertex")])
    with pytest.raises(ValueError, match="'kind' has other axes"):
        pack([one, other.assign(kind=other.kind.isel(place=0))])


def test_a_network_that_is_not_there_is_told():
    with pytest.raises(KeyError):
        unpack(network("n0", [0, 1], ["final"], 2, 0), "n1")
