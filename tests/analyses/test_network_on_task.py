"""What several analyses share is computed once."""

import jax
import jax.numpy as jnp
import numpy as np

from attrax.analyses import NetworkOnTask, groups_in_trials
from attrax.analyses.trial_states import states_at_stage_ends, states_of_trials
from attrax.analyses.unit_recording import record_units
from attrax.tasks.context_decision import ContextDecision
from attrax.tasks.trial import STAGES
from tests.analyses.test_stage_planes import network


def test_it_tells_what_the_parts_tell(easy_task, networks):
    network = networks["final"]
    on_task, points = NetworkOnTask(easy_task, network), np.array([[0.5, -0.5], [1.0, 0.0]])
    np.testing.assert_array_equal(on_task.recording(20).activity, record_units(easy_task, network, 20).activity)
    grouped = groups_in_trials(record_units(easy_task, network, 20), 0.1)
    np.testing.assert_array_equal(on_task.trial_groups(20, 0.1).group, grouped.group)
    for stage in STAGES:
        ends = states_of_trials(easy_task, network, 12, 5).ends
        np.testing.assert_array_equal(on_task.trial_states(12, 5).ends[stage], ends[stage])
        at = states_at_stage_ends(easy_task, network, points, 1, 4)
        np.testing.assert_array_equal(on_task.states_at(points, 1, 4)[stage], at[stage])
    weights, bias = on_task.choice_lead
    states = on_task.trial_states(12).ends["decision"]
    logits = np.asarray(network.logits(jnp.asarray(states, jnp.float32)))
    np.testing.assert_allclose(states @ weights + bias, logits[:, 1] - logits[:, 2], rtol=1e-4, atol=1e-5)


def test_it_makes_each_thing_once(easy_task, networks, counted):
    on_task, points = NetworkOnTask(easy_task, networks["final"]), np.array([[0.5, -0.5]])
    for _ in range(3):
        on_task.trial_groups(20)
        on_task.recording(20)
        on_task.trial_states(12)
        on_task.states_at(points, 0, 4)
    assert set(counted.values()) == {1}
    on_task.recording(21)
    on_task.trial_states(12, seed=1)
    on_task.trial_groups(20, 0.5)
    on_task.states_at(points, 1, 4)
    assert set(counted.values()) == {2}


def test_starts_are_the_states_that_a_noise_free_trial_visits(easy_task):
    net = network(easy_task)
    inputs = NetworkOnTask(easy_task, net)
    coherence, context = np.array([[0.5, -1.0]]), 1
    lengths = jnp.array([easy_task.stage_steps(stage) for stage in ("fixation", "stimulus", "delay", "decision")])
    trial = easy_task.compose(
        lengths, jnp.array(context), jnp.asarray(coherence[0], jnp.float32), jnp.array(2),
        jnp.zeros((easy_task.longest_trial, 2)),
    )  # fmt: skip
    hidden = jnp.zeros(net.n_hidden)
    visited = [hidden]
    for step in range(int(trial.length)):
        hidden = net.step(hidden, trial.observation[step])
        visited.append(hidden)
    begins = np.concatenate([[0], np.cumsum(lengths)])
    for index, stage in enumerate(("fixation", "stimulus", "delay", "decision")):
        start = inputs.starts(stage, coherence, context)
        np.testing.assert_allclose(start[0], visited[begins[index]], rtol=1e-4, atol=1e-5)


def test_biases_are_the_stage_input_in_float64():
    task = ContextDecision()
    net = network(task)
    inputs = NetworkOnTask(task, net)
    bias = inputs.biases("stimulus", np.array([[0.1, -0.7]]), 1)[0]
    weights = np.asarray(net.input_weights, float)
    np.testing.assert_allclose(bias, weights @ [1, 0.1, -0.7, 0, 1], rtol=1e-14)
    assert not jax.config.jax_enable_x64
