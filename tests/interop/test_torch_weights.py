"""Against PyTorch itself, where it is installed; what is said where it is not."""

import importlib.util
import os

import numpy as np
import pytest

from attrax.dynamics import ReluMap, gru_map, tanh_map
from attrax.interop.torch_weights import read_state_dict
from attrax.networks import own_network, read_arrays
from attrax.settings import SettingsError


def test_without_pytorch_both_ways_out_are_told(tmp_path, monkeypatch):
    (tmp_path / "model.pt").write_bytes(b"")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'attrax\[torch\]'.*safetensors.torch.save_file.*npz") as told:
        read_state_dict(tmp_path / "model.pt")
    assert "\n" not in str(told.value)


def test_a_missing_file_is_told():
    with pytest.raises(SettingsError, match="there is no file"):
        read_state_dict("missing.pt")


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def layer_of(torch, kind, dtype):
    torch.manual_seed(0)
    if kind == "gru":
        return torch.nn.GRU(3, 7, dtype=dtype)
    return torch.nn.RNN(3, 7, nonlinearity=kind, dtype=dtype)


@pytest.mark.parametrize("kind", ["relu", "tanh", "gru"])
@pytest.mark.parametrize(("precision", "tolerance"), [("float64", 1e-12), ("float32", 1e-6)])
@pytest.mark.parametrize("ending", ["pt", "npz", "safetensors"])
def test_the_next_state_is_the_one_of_pytorch(torch, tmp_path, kind, precision, tolerance, ending):
    dtype = getattr(torch, precision)
    layer = layer_of(torch, kind, dtype)
    model = torch.nn.ModuleDict({"rnn": layer, "readout": torch.nn.Linear(7, 2, dtype=dtype)})
    path = tmp_path / f"model.{ending}"
    if ending == "pt":
        torch.save(model.state_dict(), path)
        arrays = read_state_dict(path)
    else:
        state = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
        if ending == "npz":
            np.savez(path, **state)
        else:
            from safetensors.numpy import save_file

            save_file(state, path)
        arrays = read_arrays(path)
    network = own_network(arrays, nonlinearity=None if kind == "gru" else kind)
    rng = np.random.default_rng(1)
    values, states = rng.normal(size=3), rng.normal(size=(20, 7))
    with torch.no_grad():
        sequence = torch.tensor(values, dtype=dtype).expand(1, 20, 3).contiguous()
        _, after = layer(sequence, torch.tensor(states, dtype=dtype)[None])
    if kind == "gru":
        step = gru_map(network.recurrent_weights, network.drive(values), network.recurrent_bias)
    else:
        step = {"relu": ReluMap, "tanh": tanh_map}[kind](network.recurrent_weights, network.drive(values))
    np.testing.assert_allclose(step(states), after[0].numpy(), rtol=0, atol=tolerance)
    assert network.unused == ("readout.bias", "readout.weight")


def test_a_cell_is_read_as_a_layer(torch, tmp_path):
    cell = torch.nn.GRUCell(3, 4)
    torch.save(cell.state_dict(), tmp_path / "cell.pt")
    assert own_network(read_state_dict(tmp_path / "cell.pt")).kind == "gru"


def test_the_state_dict_in_a_checkpoint_is_found(torch, tmp_path):
    layer = layer_of(torch, "gru", torch.float32)
    optimizer = torch.optim.Adam(layer.parameters())
    content = {"model": layer.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    torch.save(content, tmp_path / "last.ckpt")
    assert own_network(read_state_dict(tmp_path / "last.ckpt")).n_units == 7


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"num_layers": 2}, "2 layers"), ({"bidirectional": True}, "is bidirectional")],
)
def test_more_than_one_layer_or_direction_is_refused(torch, tmp_path, settings, message):
    torch.save(torch.nn.GRU(3, 7, **settings).state_dict(), tmp_path / "deep.pt")
    with pytest.raises(SettingsError, match=message):
        own_network(read_state_dict(tmp_path / "deep.pt"))


def test_an_lstm_is_refused(torch, tmp_path):
    torch.save(torch.nn.LSTM(3, 7).state_dict(), tmp_path / "lstm.pt")
    with pytest.raises(SettingsError, match=r"shape \(28, 7\): an nn.LSTM"):
        own_network(read_state_dict(tmp_path / "lstm.pt"))


class Evil:
    def __reduce__(self):
        return os.mkdir, ("ran",)


def test_whatever_needs_more_than_tensors_is_refused_and_not_run(torch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    layer = layer_of(torch, "relu", torch.float32)
    torch.save(layer, "module.pt")
    torch.save({"state_dict": layer.state_dict(), "settings": Evil()}, "evil.pt")
    for name in ("module.pt", "evil.pt"):
        with pytest.raises(SettingsError, match="holds Python objects, which can run code.*state_dict") as told:
            read_state_dict(tmp_path / name)
        assert "\n" not in str(told.value)
    assert not (tmp_path / "ran").exists()


def test_damaged_files_and_single_tensors_are_told_in_one_line(torch, tmp_path):
    torch.save(layer_of(torch, "relu", torch.float32).state_dict(), tmp_path / "whole.pt")
    whole = (tmp_path / "whole.pt").read_bytes()
    for content in (b"", b"no archive", whole[: len(whole) // 2]):
        (tmp_path / "damaged.pt").write_bytes(content)
        with pytest.raises(SettingsError, match="damaged.pt") as told:
            read_state_dict(tmp_path / "damaged.pt")
        assert "\n" not in str(told.value)
    torch.save(torch.zeros(3), tmp_path / "tensor.pt")
    with pytest.raises(SettingsError, match="holds a Tensor, not a state_dict"):
        read_state_dict(tmp_path / "tensor.pt")
