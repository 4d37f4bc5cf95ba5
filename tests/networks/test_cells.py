"""Cells against their equations, written out in NumPy; constraints on the weights of vanilla ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.networks import NetworkSettings, initialise, load_networks, own_network, read_arrays, save_networks
from attrax.settings import SettingsError

UNITS, INPUTS = 4, 3


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def vanilla(f):
    return lambda W, U, b, h, x: f(W @ h + U @ x + b)


def gru(W, U, b, h, x):
    (Wr, Wz, Wn), (Ur, Uz, Un), (br, bz, bn) = (a.reshape(3, UNITS, *a.shape[1:]) for a in (W, U, b))
    r, z = sigmoid(Wr @ h + Ur @ x + br), sigmoid(Wz @ h + Uz @ x + bz)
    return (1 - z) * np.tanh(r * (Wn @ h) + Un @ x + bn) + z * h


def lstm(W, U, b, state, x):
    h, c = state[:UNITS], state[UNITS:]
    i, f, g, o = (W @ h + U @ x + b).reshape(4, UNITS)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return np.concatenate([sigmoid(o) * np.tanh(c), c])


EQUATIONS = {
    "relu": vanilla(lambda z: np.maximum(z, 0)),
    "tanh": vanilla(np.tanh),
    "softplus": vanilla(lambda z: np.log(1 + np.exp(z))),
    "saturating": vanilla(lambda z: np.clip(z, 0, 1)),
    "gru": gru,
    "lstm": lstm,
}


def network_of(cell, **more):
    settings = NetworkSettings(**{"delta": 1.5, "n_hidden": UNITS, "cell": cell} | more)
    return initialise(settings, INPUTS, 3, jax.random.key(3))


@pytest.mark.parametrize("cell", EQUATIONS)
def test_a_step_is_the_equation(cell):
    network = network_of(cell)
    rng = np.random.default_rng(0)
    state, x = rng.normal(size=(2, network.n_state)), rng.normal(size=(2, INPUTS))
    weights = [np.asarray(a, float) for a in (network.recurrent_weights, network.input_weights, network.bias)]
    expected = [EQUATIONS[cell](*weights, s, i) for s, i in zip(state, x, strict=True)]
    after = network.step(jnp.asarray(state, jnp.float32), jnp.asarray(x, jnp.float32))
    np.testing.assert_allclose(after, expected, atol=1e-6)
    logits = np.stack(expected)[:, :UNITS] @ np.asarray(network.policy_weights).T
    np.testing.assert_allclose(network.logits(after), logits, atol=1e-6)


@pytest.mark.parametrize("cell", EQUATIONS)
def test_the_derivative_of_a_step_is_that_of_the_equation(cell):
    """Forwards and backwards, against differences of the equation in NumPy."""
    network = network_of(cell)
    rng = np.random.default_rng(1)
    state, x, push = rng.normal(size=network.n_state), rng.normal(size=INPUTS), rng.normal(size=network.n_state)
    weights = [np.asarray(a, float) for a in (network.recurrent_weights, network.input_weights, network.bias)]
    ahead, behind = (EQUATIONS[cell](*weights, state + sign * 1e-6 * push, x) for sign in (1, -1))
    expected = (ahead - behind) / 2e-6
    step = lambda s: network.step(s, jnp.asarray(x, jnp.float32))  # noqa: E731
    at = jnp.asarray(state, jnp.float32)
    _, forwards = jax.jvp(step, (at,), (jnp.asarray(push, jnp.float32),))
    np.testing.assert_allclose(forwards, expected, atol=1e-4)
    np.testing.assert_allclose(jax.jacrev(step)(at) @ push, expected, atol=1e-4)


@pytest.mark.parametrize("cell", EQUATIONS)
def test_every_cell_comes_back_from_disk_to_the_bit(cell, tmp_path):
    file = tmp_path / "weights.safetensors"
    save_networks(file, {"final": network_of(cell)})
    loaded = load_networks(file)["final"]
    assert loaded.cell == network_of(cell).cell
    jax.tree.map(np.testing.assert_array_equal, loaded, network_of(cell))


@pytest.mark.parametrize("cell", ["relu", "tanh", "gru"])
def test_what_attrax_saved_can_be_analysed(cell, tmp_path):
    file = tmp_path / "weights.safetensors"
    network = network_of(cell)
    save_networks(file, {"final": network})
    own = own_network(read_arrays(file))
    assert own.kind == cell
    np.testing.assert_array_equal(own.recurrent_weights.reshape(-1, UNITS), network.recurrent_weights)
    np.testing.assert_allclose(own.drive(np.ones(INPUTS)).reshape(-1), network.drive(jnp.ones(INPUTS)), atol=1e-6)


def test_cells_that_are_not_analysed_say_so(tmp_path):
    save_networks(tmp_path / "w.safetensors", {"final": network_of("lstm")})
    with pytest.raises(SettingsError, match="lstm cells; attrax analyses networks of relu, tanh and gru"):
        own_network(read_arrays(tmp_path / "w.safetensors"))


def test_dales_law_holds_from_the_start_and_balances_excitation_with_inhibition():
    network = network_of("relu", n_hidden=400, excitatory=0.8, delta=0.1)
    weights, signs = np.asarray(network.recurrent_weights), np.asarray(network.signs)
    assert (signs > 0).sum() == 320
    assert (weights * signs >= 0).all()
    assert abs(weights.sum(axis=1).mean()) < 0.05 * np.abs(weights).sum(axis=1).mean()
    few = network_of("relu", n_hidden=400, excitatory=0.3, delta=0.1)
    sums = np.asarray(few.recurrent_weights).sum(axis=1)
    assert abs(sums.mean()) < 0.05 * np.abs(np.asarray(few.recurrent_weights)).sum(axis=1).mean()


def test_a_mask_has_the_density_that_was_asked_for_and_is_the_same_at_every_width():
    narrow, broad = (network_of("relu", n_hidden=200, density=0.1, delta=d) for d in (0.05, 0.1))
    assert float((narrow.recurrent_weights != 0).mean()) == pytest.approx(0.1, abs=0.01)
    np.testing.assert_array_equal(narrow.recurrent_weights != 0, broad.recurrent_weights != 0)


def test_constraints_come_back_from_disk(tmp_path):
    network = network_of("relu", excitatory=0.5, density=0.5)
    save_networks(tmp_path / "w.safetensors", {"final": network})
    jax.tree.map(np.testing.assert_array_equal, load_networks(tmp_path / "w.safetensors")["final"], network)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"cell": "rellu"}, "unknown cell 'rellu'; did you mean 'relu'"),
        ({"cell": "gru", "leak": 0.5}, "leak is 0.5; a gru cell has none"),
        ({"cell": "lstm", "excitatory": 0.5}, "excitatory is 0.5; a lstm cell has none"),
        ({"density": 0.0}, "density is 0.0"),
        ({"excitatory": 1.0}, "at least one of each sign"),
        ({"excitatory": 0.001}, "at least one of each sign"),
    ],
)
def test_impossible_settings_are_refused(settings, words):
    with pytest.raises(SettingsError, match=words):
        NetworkSettings(**{"delta": 0.1} | settings)
