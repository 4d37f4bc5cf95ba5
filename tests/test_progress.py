"""Whatever takes long tells how far it is."""

import jax
import numpy as np
import pytest
import xarray as xr

from attrax.analyses import (
    NetworkOnTask,
    PerturbationSettings,
    PlaneSettings,
    PopulationSettings,
    map_atlases,
    map_course,
    map_groups,
    map_perturbations,
    map_planes,
    map_unit_course,
    map_units,
)
from attrax.dynamics import Effort, ReluMap, atlas, find_attractors
from attrax.learning import Progress
from attrax.networks import initialise
from attrax.progress import Step

QUICK = Effort(settling_steps=200, steps=1000, extension=1, largest_period=50)


@pytest.fixture
def network(easy_task, small_network):
    return initialise(small_network, 5, 3, jax.random.key(0))


def check(told, what, total):
    assert told == [Step(what, done, total) for done in range(1, total + 1)]


def part(name, compute):
    """Stand for a part that was kept: nothing is computed."""
    return xr.Dataset({f"part of {name.rpartition(' ')[0]}" if name[-1].isdigit() else name: 1.0})


def test_orbits_are_told_as_they_settle_and_as_they_are_measured():
    told, rng = [], np.random.default_rng(3)
    spinning = 1.2 * np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    find_attractors(ReluMap(spinning, np.ones(2)), rng.random((5, 2)), effort=QUICK, on_progress=told.append)
    assert told[0] == Step("orbits followed until most settle", 5, 5)
    assert all(0 <= step.done <= (step.total or step.done) for step in told)


def test_an_atlas_tells_of_inputs_and_regions():
    told = []
    weights = np.array([[0.4, -1.2], [-1.2, 0.4]])
    found = atlas(weights, np.ones(2), np.eye(2), samples=16, effort=QUICK, on_progress=told.append)
    assert [step.done for step in told if step.what == "inputs sampled"][:2] == [8, 16]
    assert any(step.what == "regions met" and step.about for step in told)
    told.clear()
    assert found.borders
    assert {step.what for step in told} == {"regions whose borders are found"}


def test_groups_are_told(easy_task, network):
    told = []
    map_groups(NetworkOnTask(easy_task, network), QUICK, n_trials=20, followed=4, on_progress=told.append)
    check(told, "definitions of groups applied", 3)


def test_planes_and_what_is_kept_of_them_are_told(easy_task, network):
    told = []
    settings = PlaneSettings(points=2, stages=("stimulus",), trials=1, effort=QUICK, orbit_steps=5)
    map_planes(NetworkOnTask(easy_task, network), settings, on_progress=told.append)
    check(told, "planes mapped", 2)


@pytest.mark.parametrize("map_parts", ["units", "causes"])
def test_parts_of_units_and_causes_are_told(easy_task, network, map_parts):
    told = []
    if map_parts == "units":
        map_units(NetworkOnTask(easy_task, network), PopulationSettings(trials=20), None, part, told.append)
        check(told, "tests of units", 3)
    else:
        groups = np.full(network.n_hidden, "G_a")
        map_perturbations(NetworkOnTask(easy_task, network), groups, PerturbationSettings(trials=20), part, told.append)
        check(told, "parts of the causes", 6)


def test_every_function_that_maps_takes_on_progress():
    import inspect

    for function in (map_planes, map_atlases, map_course, map_groups, map_units, map_unit_course, map_perturbations):
        assert "on_progress" in inspect.signature(function).parameters
    assert Progress is not Step
