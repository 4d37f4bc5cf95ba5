"""Files of the user's own: what they may hold, and what is said of those that do not fit."""

import os
import pickle
from dataclasses import replace

import jax
import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from attrax.dynamics import ReluMap, gru_map, tanh_map
from attrax.networks import NetworkSettings, initialise, own_network, read_arrays, save_networks
from attrax.settings import SettingsError

RNG = np.random.default_rng(0)
W, U, B = RNG.normal(size=(6, 6)), RNG.normal(size=(6, 3)), RNG.normal(size=6)


def pytorch_names(gates, prefix="", layer="_l0", rng=RNG):
    shapes = {
        "weight_ih": (gates * 6, 3),
        "weight_hh": (gates * 6, 6),
        "bias_ih": (gates * 6,),
        "bias_hh": (gates * 6,),
    }
    return {f"{prefix}{name}{layer}": rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def test_npz_and_safetensors_give_the_same_network(tmp_path):
    arrays = {"W": W, "U": U, "b": B, "leak": np.array(0.25), "readout": np.ones((2, 6))}
    np.savez(tmp_path / "own.npz", **arrays)
    save_file(arrays, tmp_path / "own.safetensors")
    for name in ("own.npz", "own.safetensors"):
        network = own_network(read_arrays(tmp_path / name))
        assert (network.kind, network.leak, network.n_units, network.n_inputs) == ("relu", 0.25, 6, 3)
        assert np.array_equal(network.recurrent_weights, W)
        assert np.array_equal(network.drive(np.array([1.0, 0.0, -2.0])), U[:, 0] - 2 * U[:, 2] + B)
        assert network.unused == ("readout",)
        assert network.remark == ""


def test_without_u_the_drive_is_the_bias():
    network = own_network({"W": W, "b": B}, nonlinearity="tanh")
    assert (network.kind, network.leak, network.n_inputs) == ("tanh", 1.0, 0)
    assert np.array_equal(network.drive(np.zeros(0)), B)


@pytest.mark.parametrize("dtype", [np.float32, ml_dtypes.bfloat16])
def test_narrow_numbers_are_kept_exactly(tmp_path, dtype):
    save_file({"W": W.astype(dtype), "b": B.astype(dtype)}, tmp_path / "narrow.safetensors")
    network = own_network(read_arrays(tmp_path / "narrow.safetensors"))
    assert np.array_equal(network.recurrent_weights, W.astype(dtype).astype(float))


def test_networks_that_attrax_wrote_are_chosen_by_name(tmp_path):
    network = initialise(NetworkSettings(delta=0.5, n_hidden=5, leak=0.5), 3, 2, jax.random.key(0))
    path = tmp_path / "weights.safetensors"
    save_networks(path, {"abc/final": network, "abc/update_10": replace(network, bias=network.bias + 1)})
    with pytest.raises(SettingsError, match="2 networks .* choose one by --name: abc/final, abc/update_10"):
        own_network(read_arrays(path))
    for name in ("abc/final", "final"):
        own = own_network(read_arrays(path), name)
        assert np.array_equal(own.recurrent_weights, np.asarray(network.recurrent_weights))
        assert np.array_equal(own.input_weights, np.asarray(network.input_weights))
        assert (own.leak, own.unused, own.bias.sum()) == (0.5, (), 0.0)
    with pytest.raises(SettingsError, match="no network 'first' in the file; it has abc/final, abc/update_10"):
        own_network(read_arrays(path), "first")
    with pytest.raises(SettingsError, match="and is relu, not tanh"):
        own_network(read_arrays(path), "final", "tanh")


@pytest.mark.parametrize("layer", ["_l0", ""])
@pytest.mark.parametrize("nonlinearity", ["relu", "tanh"])
def test_an_rnn_in_pytorch_names_obeys_the_equation_of_nn_rnn(layer, nonlinearity):
    arrays = pytorch_names(1, "model.rnn.", layer)
    network = own_network(arrays, nonlinearity=nonlinearity)
    hidden, values = RNG.normal(size=6), RNG.normal(size=3)
    weight_ih, weight_hh, bias_ih, bias_hh = (values.astype(float) for values in arrays.values())
    function = {"relu": lambda drive: np.maximum(drive, 0), "tanh": np.tanh}[nonlinearity]
    expected = function(weight_ih @ values + bias_ih + weight_hh @ hidden + bias_hh)
    make = {"relu": ReluMap, "tanh": tanh_map}[nonlinearity]
    step = make(network.recurrent_weights, network.drive(values), network.leak)
    assert network.kind == nonlinearity
    np.testing.assert_allclose(step(hidden), expected, rtol=0, atol=1e-12)


def test_a_gru_in_pytorch_names_obeys_the_equations_of_nn_gru():
    arrays = pytorch_names(3)
    network = own_network(arrays)
    hidden, values = RNG.normal(size=6), RNG.normal(size=3)
    weight_ih, weight_hh, bias_ih, bias_hh = (values.astype(float) for values in arrays.values())
    from_input = np.split(weight_ih @ values + bias_ih, 3)
    from_state = np.split(weight_hh @ hidden + bias_hh, 3)
    reset, update = (1 / (1 + np.exp(-from_input[gate] - from_state[gate])) for gate in (0, 1))
    expected = (1 - update) * np.tanh(from_input[2] + reset * from_state[2]) + update * hidden
    step = gru_map(network.recurrent_weights, network.drive(values), network.recurrent_bias)
    assert (network.kind, network.n_units, network.n_inputs) == ("gru", 6, 3)
    np.testing.assert_allclose(step(hidden), expected, rtol=0, atol=1e-12)


def test_what_pytorch_does_not_say_is_remarked():
    assert "PyTorch's default is tanh" in own_network(pytorch_names(1)).remark
    assert own_network(pytorch_names(1), nonlinearity="tanh").remark == ""
    assert own_network(pytorch_names(3)).remark == ""


def test_layers_without_bias_and_without_input_are_read():
    arrays = {name: values for name, values in pytorch_names(1).items() if name == "weight_hh_l0"}
    network = own_network(arrays)
    assert network.n_inputs == 0
    assert np.array_equal(network.bias, np.zeros(6))


def test_one_of_several_layers_of_a_model_is_chosen_by_its_prefix():
    arrays = pytorch_names(1, "encoder.rnn.") | pytorch_names(3, "decoder.rnn.")
    with pytest.raises(SettingsError, match="choose one by --name: encoder.rnn, decoder.rnn"):
        own_network(arrays)
    assert own_network(arrays, "decoder.rnn").kind == "gru"
    with pytest.raises(SettingsError, match="several networks are called 'rnn'"):
        own_network(arrays, "rnn")


PLAIN = {"W": W, "U": U, "b": B}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, r"no recurrent weights among nothing; needed: W \(N, N\)"),
        ({"w": W, "b": B}, r"no recurrent weights among w, b; needed: W \(N, N\)"),
        ({"W": W}, "there is no b beside W, but W; a network without bias has b = 0, and its file must say so"),
        (PLAIN | {"W": W[:5]}, r"W has shape \(5, 6\); it must be square, \(N, N\)"),
        (PLAIN | {"W": W[None]}, r"W has shape \(1, 6, 6\); it must be square"),
        (PLAIN | {"W": np.zeros((0, 0))}, r"W has shape \(0, 0\); it must be square"),
        (PLAIN | {"U": U.T}, r"U has shape \(3, 6\) and W \(6, 6\); U must have shape \(6, inputs\)"),
        (PLAIN | {"U": U[:, 0]}, r"U has shape \(6,\) and W \(6, 6\)"),
        (PLAIN | {"b": B[:5]}, r"b has shape \(5,\) and W \(6, 6\); b must have shape \(6,\)"),
        (PLAIN | {"b": B[:, None]}, r"b has shape \(6, 1\) and W"),
        (PLAIN | {"b": B * np.nan}, "b holds 6 of 6 values that are not finite"),
        (PLAIN | {"W": np.where(W.max() - 1e-9 < W, np.inf, W)}, "W holds 1 of 36 values that are not finite"),
        (PLAIN | {"W": W * 1j}, "W holds complex128 values; it must hold real numbers"),
        (PLAIN | {"b": np.array(["x"] * 6)}, "b holds <U1 values"),
        (PLAIN | {"leak": np.array(0.0)}, "leak is 0; it must lie above 0 and not above 1"),
        (PLAIN | {"leak": np.ones(6)}, r"leak has shape \(6,\); it must be a single number"),
        (pytorch_names(4, "rnn."), r"rnn.weight_hh_l0 has shape \(24, 6\): an nn.LSTM"),
        (pytorch_names(2), r"weight_hh_l0 has shape \(12, 6\); it must be \(N, N\)"),
        (pytorch_names(1) | pytorch_names(1, layer="_l1"), "the network has 2 layers"),
        (pytorch_names(1) | pytorch_names(1, layer="_l0_reverse"), "the network is bidirectional"),
        (
            {name: values for name, values in pytorch_names(1).items() if name != "bias_hh_l0"},
            "only one of bias_ih_l0 and bias_hh_l0",
        ),
        (pytorch_names(3) | {"bias_hh_l0": np.zeros(6)}, r"bias_hh_l0 has shape \(6,\) and weight_hh_l0 \(18, 6\)"),
        (pytorch_names(1) | {"weight_ih_l0": np.zeros((3, 6))}, r"weight_ih_l0 has shape \(3, 6\) and weight_hh_l0"),
    ],
)
def test_what_does_not_fit_is_told_in_one_line(arrays, message):
    with pytest.raises(SettingsError, match=message) as told:
        own_network(arrays)
    assert "\n" not in str(told.value)


def test_a_gru_takes_no_nonlinearity():
    with pytest.raises(SettingsError, match="leave out --nonlinearity"):
        own_network(pytorch_names(3), nonlinearity="tanh")


class Evil:
    def __reduce__(self):
        return os.mkdir, ("ran",)


@pytest.mark.parametrize("ending", ["npz", "safetensors", "pkl", "npy"])
def test_a_pickle_is_refused_and_not_run(tmp_path, monkeypatch, ending):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"evil.{ending}"
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(SettingsError) as told:
        read_arrays(path)
    assert not (tmp_path / "ran").exists()
    assert "\n" not in str(told.value)


def test_objects_in_an_npz_are_refused_and_not_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "evil.npz", W=np.array([Evil()], dtype=object), b=B)
    with pytest.raises(SettingsError, match="holds pickled objects, which can run code"):
        read_arrays(tmp_path / "evil.npz")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_told_in_one_line(tmp_path, ending, content):
    path = tmp_path / f"damaged.{ending}"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="damaged") as told:
        read_arrays(path)
    assert "\n" not in str(told.value)


def test_missing_files_folders_and_other_kinds_are_told(tmp_path):
    with pytest.raises(SettingsError, match="there is no file"):
        read_arrays(tmp_path / "missing.npz")
    with pytest.raises(SettingsError, match="is a folder"):
        read_arrays(tmp_path)
    (tmp_path / "w.mat").write_bytes(b"")
    with pytest.raises(SettingsError, match=r"is a .mat file; needed: a .npz or .safetensors file"):
        read_arrays(tmp_path / "w.mat")
    np.save(tmp_path / "one.npz.npy", W)
    (tmp_path / "one.npz.npy").rename(tmp_path / "one.npz")
    with pytest.raises(SettingsError, match="is no .npz file of arrays"):
        read_arrays(tmp_path / "one.npz")
