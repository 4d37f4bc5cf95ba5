"""PPO's loss and gradients on a fixed batch, against the same formulas in PyTorch with its own autograd."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.learning.ppo import PPO
from attrax.networks import NetworkSettings, initialise

torch = pytest.importorskip("torch")

MEMBERS, STEPS, UNITS, INPUTS, ACTIONS = 5, 30, 20, 4, 3
LEARNER = PPO(environments=MEMBERS, steps=STEPS, minibatches=1, temperature=1.5, value_weight=0.7, entropy_weight=0.03)
CELLS = ["relu", "tanh", "gru", "lstm"]


def batch(settings):
    """A rollout of made-up numbers: nothing here has to be what an environment would say."""
    from attrax.learning.rollouts import Experience

    rng = np.random.default_rng(3)
    network = initialise(settings, INPUTS, ACTIONS, jax.random.key(0))
    shape = (STEPS, MEMBERS)
    experience = Experience(
        observation=jnp.asarray(rng.normal(size=(*shape, INPUTS)), float),
        restart=jnp.asarray(rng.random(shape) < 0.1),
        action=jnp.asarray(rng.integers(0, ACTIONS, shape)),
        log_probability=jnp.asarray(-1.1 + 0.3 * rng.normal(size=shape), float),
        value=jnp.asarray(rng.normal(size=shape), float),
        reward=jnp.zeros(shape),
        end=jnp.zeros(shape, bool),
        target=jnp.zeros(shape, int),
    )
    hidden = jnp.asarray(rng.random((MEMBERS, network.n_state)), float)
    advantage, returns = (jnp.asarray(rng.normal(size=shape), float) for _ in range(2))
    return network, hidden, experience, advantage, returns


def step(kind, W, U, b, state, x):
    if kind == "gru":
        (wr, wz, wn), (ur, uz, un) = (state @ W.T).chunk(3, -1), (x @ U.T + b).chunk(3, -1)
        z = torch.sigmoid(wz + uz)
        return (1 - z) * torch.tanh(torch.sigmoid(wr + ur) * wn + un) + z * state
    if kind == "lstm":
        h, c = state.chunk(2, -1)
        i, f, g, o = (h @ W.T + x @ U.T + b).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.cat([torch.sigmoid(o) * torch.tanh(c), c], -1)
    return {"relu": torch.relu, "tanh": torch.tanh}[kind](state @ W.T + x @ U.T + b)


def loss_in_torch(kind, weights, hidden, experience, advantage, returns):
    W, U, b, policy, policy_bias, value, value_bias = weights
    tensor = lambda a: torch.tensor(np.asarray(a))  # noqa: E731
    state, states = tensor(hidden), []
    for t in range(STEPS):
        state = torch.where(tensor(experience.restart)[t][:, None], torch.zeros(()), state)
        state = step(kind, W, U, b, state, tensor(experience.observation)[t])
        states.append(state[:, :UNITS])
    h = torch.stack(states)
    policy = torch.distributions.Categorical(logits=(h @ policy.T + policy_bias) / LEARNER.temperature)
    ratio = torch.exp(policy.log_prob(tensor(experience.action)) - tensor(experience.log_probability))
    a = tensor(advantage)
    surrogate = torch.min(ratio * a, torch.clamp(ratio, 1 - LEARNER.clip, 1 + LEARNER.clip) * a)
    value_loss = torch.nn.functional.mse_loss(h @ value + value_bias, tensor(returns))
    return -surrogate.mean() + LEARNER.value_weight * value_loss - LEARNER.entropy_weight * policy.entropy().mean()


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("double", [False, True], ids=["float32", "float64"])
def test_ppos_loss_and_gradients_are_those_of_pytorch(kind, double):
    with jax.enable_x64(double):
        network, *inputs = batch(NetworkSettings(delta=0.4, n_hidden=UNITS, cell=kind))
        (loss, metrics), gradient = jax.value_and_grad(LEARNER._loss, has_aux=True)(network, *inputs)
        weights = [torch.tensor(np.asarray(leaf), requires_grad=True) for leaf in jax.tree.leaves(network)]
        expected = loss_in_torch(kind, weights, *inputs)
    expected.backward()
    assert 0.2 < float(metrics["clipped"]) < 0.9  # both sides of the clip are there
    tolerance = 1e-10 if double else 1e-5
    assert float(loss) == pytest.approx(expected.item(), rel=tolerance)
    for ours, theirs in zip(jax.tree.leaves(gradient), weights, strict=True):
        np.testing.assert_allclose(ours, theirs.grad, rtol=tolerance, atol=tolerance * float(theirs.grad.abs().max()))
