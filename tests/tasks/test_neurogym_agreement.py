"""Step by step against trials recorded from NeuroGym 2.3.1 (see make_neurogym_fixture.py)."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from attrax.tasks.context_decision import ContextDecision


@pytest.fixture(scope="module")
def recorded():
    with np.load(Path(__file__).with_name("neurogym_trials.npz")) as file:
        return dict(file)


@pytest.fixture(scope="module")
def trials(recorded):
    """The same trials in attrax: same durations, context, coherences and choice, no noise."""
    task = ContextDecision.neurogym()
    compose = jax.vmap(task.compose, in_axes=(0, 0, 0, 0, None))
    return compose(
        jnp.asarray(recorded["lengths"]), jnp.asarray(recorded["context"]),
        jnp.asarray(recorded["coherence"], jnp.float32), jnp.asarray(recorded["choice"]),
        jnp.zeros((task.longest_trial, 4)),
    )  # fmt: skip


def test_observations_agree(recorded, trials):
    steps = trials.observation.shape[1]
    np.testing.assert_allclose(trials.observation, recorded["observation"][:, :steps], atol=1e-6)
    assert not recorded["observation"][:, steps:].any()


def test_ground_truth_agrees(recorded, trials):
    np.testing.assert_array_equal(trials.target, recorded["target"][:, : trials.target.shape[1]])


def test_rewards_and_ends_agree(recorded, trials):
    task = ContextDecision.neurogym()
    judge = jax.jit(task.judge)
    for index in range(len(recorded["n_steps"])):
        trial = jax.tree.map(lambda a, i=index: a[i], trials)
        for step in range(recorded["n_steps"][index]):
            feedback = judge(trial, jnp.array(step), jnp.array(recorded["action"][index, step]))
            assert float(feedback.reward) == pytest.approx(recorded["reward"][index, step])
            assert bool(feedback.end) == recorded["end"][index, step]
    assert recorded["end"].sum() == len(recorded["n_steps"])  # every recorded trial was driven to its end


def test_noise_and_delay_agree_in_distribution(recorded):
    task = ContextDecision.neurogym()
    drawn = jax.vmap(task.trial)(jax.random.split(jax.random.key(0), 4000))
    stage = np.asarray(drawn.stage)
    first = np.argmax(stage == 1, axis=1)
    stimulus = np.asarray(drawn.observation)[np.arange(4000), first]
    clean = 0.5 + np.asarray(drawn.coherence)[:, 0] / 2
    assert stats.ks_2samp(stimulus[:, 1] - clean, recorded["noise"]).pvalue > 1e-3
    delays, counts = np.unique(np.concatenate([(stage == 2).sum(axis=1), recorded["delay"]]), return_inverse=True)
    table = np.zeros((2, delays.size))
    np.add.at(table, (np.repeat([0, 1], [4000, recorded["delay"].size]), counts), 1)
    table = np.column_stack([table[:, :12], table[:, 12:].sum(axis=1)])  # the long tail in one bin
    assert stats.chi2_contingency(table).pvalue > 1e-3
