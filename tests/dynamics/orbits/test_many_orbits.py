"""What every kind of orbit measures."""

import numpy as np
import pytest

from attrax.dynamics.orbits.compiled_steps import CHUNK
from attrax.dynamics.orbits.relu_orbits import ReluOrbits
from tests.dynamics.known_systems import border_collision


@pytest.mark.parametrize("n_units", [4, 60])
def test_exponents_are_those_of_a_long_product_of_jacobians(n_units):
    """The spectrum against the QR decomposition of every step in two dimensions, on an orbit that is not chaotic."""
    tau, delta = (0.0540905, -0.80434312), (0.59820461, 1.09224173)
    system = border_collision(tau[0], delta[0], tau[1], delta[1]).widened(n_units)
    bias = system.U @ system.d + system.c
    orbits = ReluOrbits(system.U @ system.V, bias[None], 1.0, system.state([0.1, 0.1])[None])
    orbits.follow(500)
    z = system.V @ orbits.hidden[0] + system.d
    basis, direct, steps = np.eye(2), np.zeros(2), 8 * CHUNK
    for _ in range(steps):
        right = int(z[0] > 0)
        jacobian = np.array([[tau[right], 1.0], [-delta[right], 0.0]])
        z = np.array([tau[right] * z[0] + z[1] + 1, -delta[right] * z[0]])
        basis, triangle = np.linalg.qr(jacobian @ basis)
        direct += np.log(np.abs(np.diag(triangle)))
    bank = np.random.default_rng(0).standard_normal((4, n_units))
    axes = np.zeros((1, 1, n_units))
    measured = sum(orbits.measure(axes, bank).growths.sum(axis=(0, 1)) for _ in range(steps // CHUNK))
    np.testing.assert_allclose(measured[:2] / steps, direct / steps, atol=4 / steps)
    assert np.isneginf(measured[2:]).all()
