import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.networks import NetworkSettings, initialise, load_networks, save_networks
from attrax.settings import SettingsError


def test_first_weights_have_the_width_that_was_asked_for_and_no_bias():
    settings = NetworkSettings(delta=0.06)
    network = initialise(settings, 5, 3, jax.random.key(0))
    for weights, width in (
        (network.recurrent_weights, 0.06), (network.input_weights, 0.06),
        (network.policy_weights, 0.1), (network.value_weights, 0.1),
    ):  # fmt: skip
        assert float(jnp.abs(weights).max()) <= width
        assert float(jnp.abs(weights).max()) > 0.95 * width
        assert float(weights.std()) == pytest.approx(width / np.sqrt(3), rel=0.1)
    assert not np.asarray(network.bias).any()
    assert not np.asarray(network.policy_bias).any()
    assert float(network.value_bias) == 0


def test_networks_of_one_key_differ_in_scale_only():
    narrow, broad = (initialise(NetworkSettings(delta=d), 5, 3, jax.random.key(1)) for d in (0.05, 0.1))
    np.testing.assert_allclose(2 * narrow.recurrent_weights, broad.recurrent_weights, rtol=1e-6)
    np.testing.assert_allclose(2 * narrow.input_weights, broad.input_weights, rtol=1e-6)
    np.testing.assert_array_equal(narrow.policy_weights, broad.policy_weights)


def test_a_step_is_the_equation():
    network = initialise(NetworkSettings(delta=0.5, n_hidden=4, leak=0.3), 2, 3, jax.random.key(2))
    hidden, observation = jnp.array([0.1, 0.0, 0.7, 0.2]), jnp.array([1.0, -0.5])
    drive = network.recurrent_weights @ hidden + network.input_weights @ observation + network.bias
    expected = 0.7 * hidden + 0.3 * np.maximum(drive, 0)
    np.testing.assert_allclose(network.step(hidden, observation), expected, rtol=1e-5)


def test_saved_networks_come_back_to_the_bit(tmp_path):
    networks = {
        name: initialise(NetworkSettings(delta=0.2, n_hidden=6, leak=leak), 3, 3, jax.random.key(3))
        for name, leak in (("final", 1.0), ("accuracy 0.6", 0.1))
    }
    save_networks(tmp_path / "weights.safetensors", networks, {"note": "δ = 0.2"})
    loaded = load_networks(tmp_path / "weights.safetensors")
    assert list(loaded) == list(networks)
    for name, network in networks.items():
        assert loaded[name].leak == network.leak
        jax.tree.map(np.testing.assert_array_equal, loaded[name], network)


@pytest.mark.parametrize("cell", ["relu", "gru", "lstm"])
def test_a_network_without_biases_has_none_and_is_read_back_as_such(tmp_path, cell):
    settings = NetworkSettings(delta=0.2, n_hidden=6, bias=False, cell=cell)
    network = initialise(settings, 3, 3, jax.random.key(3))
    assert not np.asarray(network.bias).any()
    usual = initialise(NetworkSettings(0.2, 6), 3, 3, jax.random.key(3))
    save_networks(tmp_path / "weights.safetensors", {"without": network, "with": usual})
    loaded = load_networks(tmp_path / "weights.safetensors")
    assert not loaded["without"].learns_biases
    assert loaded["with"].learns_biases

    def output(n):
        return n.logits(n.step(jnp.ones(n.n_state), jnp.ones(3))).sum() + n.value(jnp.ones(n.n_state))

    slopes = jax.grad(output)(loaded["without"])
    for name in ("bias", "policy_bias", "value_bias"):
        assert not np.asarray(getattr(slopes, name)).any()
    assert np.asarray(slopes.recurrent_weights).any()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"delta": 0.0}, "delta is 0.0; it must be above 0"),
        ({"delta": -0.1}, "it must be above 0"),
        ({"delta": float("inf")}, "delta: inf is not possible; needed: a finite number"),
        ({"delta": 0.1, "leak": 0.0}, "leak is 0.0"),
        ({"delta": 0.1, "n_hidden": 0}, "n_hidden is 0; it must be 1 or more"),
    ],
)
def test_impossible_settings_are_refused(settings, words):
    with pytest.raises(SettingsError, match=words):
        NetworkSettings(**settings)
