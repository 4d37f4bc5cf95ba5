"""What several analyses share is computed once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.analyses import NetworkOnTask, PlaneSettings, PopulationSettings, groups_in_trials
from attrax.analyses import network_on_task as room
from attrax.analyses.portrait import ATTRACTORS, CAUSES, UNITS, portrait
from attrax.analyses.trial_states import states_at_stage_ends, states_of_trials
from attrax.analyses.unit_recording import record_units
from attrax.dynamics import Effort
from attrax.learning import Progress
from attrax.learning.compiled_training import initial_network
from attrax.networks import NetworkSettings
from attrax.tasks.context_decision import ContextDecision
from attrax.tasks.trial import STAGES

QUICK = Effort(settling_steps=300, steps=1000, extension=1)


@pytest.fixture
def counted(monkeypatch):
    """How often each costly thing is made."""
    calls = dict.fromkeys(("states_of_trials", "states_at_stage_ends", "record_units", "groups_in_trials"), 0)
    for name in calls:
        really = getattr(room, name)

        def count(*arguments, name=name, really=really):
            calls[name] += 1
            return really(*arguments)

        monkeypatch.setattr(room, name, count)
    return calls


@pytest.fixture
def networks(easy_task):
    settings = NetworkSettings(delta=0.6, n_hidden=16)
    return {"initial": initial_network(easy_task, settings, 1), "final": initial_network(easy_task, settings, 0)}


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


def asked_for(*, everything: bool):
    planes = PlaneSettings(points=3, effort=QUICK, trials=4, orbit_steps=50, course=everything, course_points=2,
                           course_trials=20, atlas=everything, atlas_samples=8)  # fmt: skip
    return planes, PopulationSettings(units=everything, trials=40, shuffles=100, permutations=100)


def test_a_portrait_records_the_final_network_once(easy_task, networks, counted):
    """It was recorded five times, and trials at the plane's points were run once for each stage."""
    progress = {"initial": Progress(0, 0, 0.4), "final": Progress(4, 40, 0.6)}
    said = []
    found = portrait(easy_task, networks, progress, *asked_for(everything=True), say=said.append)
    assert said == [ATTRACTORS, UNITS]
    assert CAUSES not in said
    assert counted["record_units"] == 3  # the final network; the untrained one, and that as the course's checkpoint
    assert counted["states_at_stage_ends"] == easy_task.n_contexts
    assert found.units is not None
    final = found.arrays.course_kind.sel(checkpoint="final")
    plane = found.arrays.kind.sel(stage="stimulus", start="stage")
    np.testing.assert_array_equal(final.transpose(*plane.dims).values, plane.values)
    assert set(found.columns) >= {"frac_fixed", "atlas_fixed", "first_quasi_updates", "group_imbalance"}


def test_a_portrait_that_is_interrupted_repeats_nothing(easy_task, networks):
    """Interrupted after each part in turn, it asks only for the parts that were not kept."""
    progress = {"initial": Progress(0, 0, 0.4), "final": Progress(4, 40, 0.6)}
    kept, computed = {}, []

    class Stop(Exception):
        pass

    def keep(name, compute):
        if name not in kept:
            computed.append(name)
            kept[name] = compute()
            raise Stop
        return kept[name]

    found = None
    while found is None:
        try:
            found = portrait(easy_task, networks, progress, *asked_for(everything=True), keep)
        except Stop:
            continue
    assert len(computed) == len(set(computed))
    parts = {"stimulus 0", "groups", "atlas 0", "checkpoint 0", "checkpoint 4", "turnover 2", "units balance"}
    assert parts <= set(computed)
    again = portrait(easy_task, networks, progress, *asked_for(everything=True))
    assert found.arrays.identical(again.arrays)
    assert found.columns.keys() == again.columns.keys()


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
