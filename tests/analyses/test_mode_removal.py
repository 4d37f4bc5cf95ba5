"""The leading complex pair at a fixed point, against NumPy's eigenvalues, and its removal."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from attrax.analyses.mode_removal import damp, damp_random, oscillating_mode
from attrax.networks import RecurrentNetwork
from attrax.networks.cells import Relu, Tanh
from attrax.settings import SettingsError

LEAKS = st.sampled_from([1.0, 0.7, 0.2])


def planted(n_units, leak, seed, silent_share=0.4):
    """A network with a fixed point whose active units are known: the bias is what makes it one."""
    generator = np.random.default_rng(seed)
    weights = (generator.standard_normal((n_units, n_units)) / np.sqrt(n_units)).astype(np.float32)
    silent = generator.random(n_units) < silent_share
    state = np.where(silent, 0.0, 0.5 + generator.random(n_units))
    drive = np.where(silent, -0.5 - generator.random(n_units), state)
    bias = drive - weights.astype(float) @ state
    network = RecurrentNetwork(
        recurrent_weights=jnp.asarray(weights), input_weights=jnp.zeros((n_units, 1)),
        bias=jnp.asarray(bias, jnp.float32),
        policy_weights=jnp.zeros((3, n_units)), policy_bias=jnp.zeros(3), value_weights=jnp.zeros(n_units),
        value_bias=jnp.zeros(()), cell=Relu(leak=leak),
    )  # fmt: skip
    return network, bias, state, ~silent


def jacobian(network, active):
    weights = np.asarray(network.recurrent_weights, float)
    return (1 - network.leak) * np.eye(len(weights)) + network.leak * active[:, None] * weights


def moved(network, state, extra_bias=0.0):
    weights, bias = np.asarray(network.recurrent_weights, float), np.asarray(network.bias, float)
    return (1 - network.leak) * state + network.leak * np.maximum(weights @ state + bias + extra_bias, 0)


def assert_same_eigenvalues(found, expected, tolerance):
    """Each of the one has its own among the other."""
    left = list(expected)
    for value in found:
        nearest = int(np.argmin(np.abs(np.array(left) - value)))
        assert abs(left.pop(nearest) - value) < tolerance


def mode_of(network, bias, state):
    return oscillating_mode(np.asarray(network.recurrent_weights, float), bias, network.leak, state)


def test_a_rotation_is_its_own_mode():
    angle, size = 0.4, 0.9
    weights = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    state = np.ones(2)
    mode = oscillating_mode(weights, state - weights @ state, 1.0, state)
    assert mode.eigenvalue == pytest.approx(size * np.exp(1j * angle))
    np.testing.assert_allclose(mode.matrix, weights, atol=1e-12)
    np.testing.assert_allclose(mode.left @ mode.right, np.eye(2), atol=1e-12)


@pytest.mark.parametrize(
    ("weights", "state"),
    [
        (np.diag([0.5, -0.9, 0.2]), np.ones(3)),
        (np.array([[0.5, 0.3], [0.3, 0.1]]), np.ones(2)),
        (np.array([[0.0, -1.0], [1.0, 0.0]]), np.array([1.0, 0.0])),  # one of the two is silent
        (np.array([[0.0, -1.0], [1.0, 0.0]]), np.zeros(2)),
    ],
)
def test_without_a_complex_pair_there_is_no_mode(weights, state):
    drive = np.where(state > 0, state, -1.0)
    assert oscillating_mode(weights, drive - weights @ state, 1.0, state) is None


@settings(deadline=None, max_examples=40)
@given(n_units=st.integers(3, 20), leak=LEAKS, seed=st.integers(0, 10_000))
def test_the_mode_is_the_leading_complex_pair_of_the_jacobian(n_units, leak, seed):
    network, bias, state, active = planted(n_units, leak, seed)
    full = jacobian(network, active)
    eigenvalues = np.linalg.eigvals(full)
    mode = mode_of(network, bias, state)
    upper = eigenvalues[eigenvalues.imag > 1e-6]
    if mode is None:
        assert not upper.size
        return
    assert abs(mode.eigenvalue) == pytest.approx(np.abs(upper).max(), abs=1e-6)
    np.testing.assert_array_equal(mode.active, active)
    scale = np.linalg.norm(mode.left)
    np.testing.assert_allclose(mode.left @ mode.right, np.eye(2), atol=1e-9 * scale)
    np.testing.assert_allclose(full @ mode.right, mode.matrix @ mode.right, atol=1e-9 * scale)
    np.testing.assert_allclose(mode.left @ full, mode.left @ mode.matrix, atol=1e-9 * scale**2)
    assert (mode.right[~active] == 0).all()
    assert np.linalg.matrix_rank(mode.matrix) == 2
    assert np.linalg.norm(mode.right[:, 0] + 1j * mode.right[:, 1]) == pytest.approx(1)


@settings(deadline=None, max_examples=40)
@given(
    n_units=st.integers(4, 20), leak=LEAKS, seed=st.integers(0, 10_000), factor=st.sampled_from([0.0, 0.5, 0.9, 1.2])
)
def test_damping_moves_this_pair_and_nothing_else(n_units, leak, seed, factor):
    network, bias, state, active = planted(n_units, leak, seed)
    mode = mode_of(network, bias, state)
    assume(mode is not None)
    condition = np.linalg.cond(np.linalg.eig(jacobian(network, active)[np.ix_(active, active)])[1])
    damped = damp(network, mode, state, factor)
    expected = list(np.linalg.eigvals(jacobian(network, active)))
    for eigenvalue in (mode.eigenvalue, mode.eigenvalue.conjugate()):
        expected[int(np.argmin(np.abs(np.array(expected) - eigenvalue)))] = factor * eigenvalue
    # the rows of silent units are those of (1 - leak) I
    kept = [1 - leak] * int((~active).sum())
    found = list(np.linalg.eigvals(jacobian(damped, active)[np.ix_(active, active)])) + kept
    size = np.linalg.norm(mode.matrix) + np.linalg.norm(network.recurrent_weights)
    # Bauer-Fike, for weights rounded to float32; the eigenvectors are those of before
    assert_same_eigenvalues(found, expected, 1e-9 + 1.5e-7 * condition * size)
    drive = np.asarray(damped.recurrent_weights, float) @ state + np.asarray(damped.bias, float)
    np.testing.assert_array_equal(drive > 0, active)
    off = 2e-7 * (np.abs(damped.bias).max() + np.abs(network.bias).max())
    np.testing.assert_allclose(moved(damped, state), state, atol=off)
    change = np.asarray(damped.recurrent_weights, float) - np.asarray(network.recurrent_weights, float)
    np.testing.assert_array_equal(change[~active], 0)


@settings(deadline=None, max_examples=30)
@given(n_units=st.integers(4, 20), leak=LEAKS, seed=st.integers(0, 10_000), factor=st.sampled_from([0.0, 0.5]))
def test_the_control_has_the_same_size_and_leaves_the_fixed_point(n_units, leak, seed, factor):
    network, bias, state, active = planted(n_units, leak, seed)
    mode = mode_of(network, bias, state)
    assume(mode is not None)
    before = np.asarray(network.recurrent_weights, float)
    changes = [
        np.asarray(changed.recurrent_weights, float) - before
        for changed in (
            damp(network, mode, state, factor),
            damp_random(network, mode, state, jax.random.key(seed), factor),
            damp_random(network, mode, state, jax.random.key(seed + 1), factor),
        )
    ]
    norms = [np.linalg.norm(change) for change in changes]
    np.testing.assert_allclose(norms, (1 - factor) * np.linalg.norm(mode.matrix) / leak, rtol=1e-4)
    for change in changes[1:]:
        sizes = np.linalg.svd(change, compute_uv=False)
        np.testing.assert_allclose(sizes, np.linalg.svd(changes[0], compute_uv=False), atol=1e-5 * norms[0])
        assert np.linalg.norm(change - changes[0]) > 1e-2 * norms[0] or active.sum() < 3
        np.testing.assert_array_equal(change[~active], 0)
        assert np.trace(change) == pytest.approx(np.trace(changes[0]), abs=1e-5 * norms[0])
    control = damp_random(network, mode, state, jax.random.key(seed), factor)
    off = 2e-7 * (np.abs(control.bias).max() + np.abs(network.bias).max())
    np.testing.assert_allclose(moved(control, state), state, atol=off)


def test_an_oscillation_stops_when_its_mode_is_taken_out():
    angle = 0.7
    block = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    weights = np.zeros((3, 3))
    weights[:2, :2], weights[2, 2] = 0.999 * block, 0.5
    state = np.array([5.0, 5.0, 1.0])
    network, _, _, _ = planted(3, 1.0, 0)
    network = RecurrentNetwork(
        **{**vars(network), "recurrent_weights": jnp.asarray(weights, jnp.float32),
           "bias": jnp.asarray(state - weights @ state, jnp.float32)}
    )  # fmt: skip
    bias = np.asarray(network.bias, float)
    state = np.linalg.solve(np.eye(3) - np.asarray(network.recurrent_weights, float), bias)
    mode = mode_of(network, bias, state)
    after = {}
    for factor in (1.0, 0.5, 0.0):
        damped, orbit = damp(network, mode, state, factor), state + np.array([1.0, 0.0, 0.5])
        for _ in range(20):
            orbit = moved(damped, orbit)
        after[factor] = np.linalg.norm(orbit - state)
    assert after[1.0] == pytest.approx(0.999**20, rel=1e-3)
    assert after[0.5] < 1e-5
    assert after[0.0] < 1e-5


def test_another_cell_is_refused_and_a_mask_is_dropped():
    network, bias, state, _ = planted(8, 1.0, 1)
    mode = mode_of(network, bias, state)
    tanh = RecurrentNetwork(**{**vars(network), "cell": Tanh()})
    with pytest.raises(SettingsError, match="the cell is Tanh; only Relu"):
        damp(tanh, mode, state, 0.0)
    masked = RecurrentNetwork(**{**vars(network), "mask": jnp.ones((8, 8), bool)})
    assert damp(masked, mode, state, 0.5).mask is None


def test_a_state_that_is_no_fixed_point_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(SettingsError, match="the state is no fixed point of this map: a step moves it by"):
        oscillating_mode(rng.normal(size=(5, 5)), rng.normal(size=5), 0.5, rng.normal(size=5))
