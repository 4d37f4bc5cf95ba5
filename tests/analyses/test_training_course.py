import json

import numpy as np
import pytest

from attrax.analyses import NetworkOnTask, PlaneSettings, map_course, map_planes
from attrax.analyses.training_course import first_oscillation
from attrax.dynamics import Effort
from attrax.learning import Progress
from attrax.learning.compiled_training import initial_network
from attrax.networks import NetworkSettings
from attrax.settings import SettingsError
from attrax.studies.conditions import complete_settings
from attrax.studies.store import Store
from attrax.tasks.context_decision import ContextDecision

QUICK = PlaneSettings(
    points=3, course_points=2, course_trials=20, effort=Effort(settling_steps=300, steps=1000, extension=1),
)  # fmt: skip


def test_a_checkpoint_is_mapped_as_a_final_network_is(tiny_store):
    course, planes = tiny_store.course(), tiny_store.planes()
    final = course.sel(checkpoint="final")
    plane = planes.sel(stage="stimulus", start="stage")
    np.testing.assert_array_equal(final.course_kind.values, plane.kind.values)
    for row, summary in enumerate(tiny_store.summary().itertuples()):
        share = final.isel(network=row).course_share
        assert float(share.sel(attractor_kind="fixed point")) == pytest.approx(summary.frac_fixed)
        atlas = final.isel(network=row).course_atlas_share.mean("context")
        assert float(atlas.sel(attractor_kind="cycle")) == pytest.approx(summary.atlas_cycle)


def test_checkpoints_come_in_the_order_of_the_study_and_say_when_they_were_taken(tiny_store):
    course = tiny_store.course()
    names = course.checkpoint.values.tolist()
    assert names[0] == "initial"
    assert names[-1] == "final"
    assert {"updates 2", "trials 30", "accuracy 0.6"} < set(names)
    assert (course.course_updates.sel(checkpoint="initial") == 0).all()
    assert np.isnan(course.course_updates.sel(checkpoint="accuracy 0.9")).all()  # they hardly train
    assert (course.course_trials.sel(checkpoint="trials 30") >= 30).all()


def test_a_network_that_does_not_change_keeps_its_attractors():
    task = ContextDecision(fixation=1, stimulus=3, delay=(1, 2), decision=2, coherences=(0.5,))
    network = initial_network(task, NetworkSettings(delta=0.6, n_hidden=12), 0)
    progress = {"initial": Progress(0, 0, 0.1), "later": Progress(5, 50, 0.2), "final": Progress(5, 50, 0.2)}
    course = map_course(task, dict.fromkeys(progress, network), progress, QUICK)
    assert course.checkpoint.values.tolist() == ["initial", "later", "final"]
    assert np.isnan(course.course_born.sel(checkpoint="initial")).all()
    for name in ("course_born", "course_died", "course_changed"):
        assert (course[name].sel(checkpoint=["later", "final"]) == 0).all()
    assert (course.course_attractors >= 1).all()
    same = course.course_kind.sel(checkpoint="initial").values
    np.testing.assert_array_equal(course.course_kind.sel(checkpoint="final").values, same)
    np.testing.assert_array_equal(
        same, map_planes(NetworkOnTask(task, network), QUICK).sel(stage="stimulus", start="stage").kind
    )


def test_the_first_oscillation_is_the_earliest_checkpoint_that_has_one():
    task = ContextDecision(fixation=1, stimulus=3, delay=(1, 2), decision=2, coherences=(0.5,))
    network = initial_network(task, NetworkSettings(delta=0.1, n_hidden=12), 0)
    course = map_course(task, {"initial": network}, {"initial": Progress(0, 0, 0.25)}, QUICK)
    assert np.isnan(first_oscillation(course)["first_quasi_updates"])
    assert (course.course_share.sel(attractor_kind="fixed point") == 1).all()
    quasi = course.copy(deep=True)
    quasi.course_share.loc[{"attractor_kind": "quasi-periodic"}] = 0.2
    assert first_oscillation(quasi) == {"first_quasi_updates": 0.0, "first_quasi_accuracy": 0.25}


def test_settings_that_came_later_are_at_their_defaults_in_an_older_network(tiny_store):
    settings = json.loads(json.dumps(tiny_store.conditions[0].settings))
    for name in ("course", "course_points", "course_trials"):
        settings["planes"].pop(name)
    settings["stopping"].pop("checkpoint_updates")
    complete = complete_settings(settings)
    assert complete["planes"]["course"] is False
    assert complete["stopping"]["checkpoint_updates"] == []
    assert complete["task"] == tiny_store.conditions[0].settings["task"]
    unknown = {**settings, "planes": {**settings["planes"], "of another time": 1}}
    assert complete_settings(unknown) == unknown


def test_a_study_without_a_course_says_so(tiny_store, tmp_path):
    (tmp_path / "study.toml").write_text(tiny_store.study.to_toml())
    with pytest.raises(SettingsError, match="course = true"):
        Store(tmp_path).course()


def test_attractors_at_a_checkpoint_are_those_before_it_and_the_born_without_the_dead(tiny_store):
    for condition in tiny_store.conditions:
        course = tiny_store.arrays(condition.identity).isel(network=0)
        moments = course.isel(checkpoint=np.unique(course.course_updates.values, return_index=True)[1])
        known = (moments.course_unknown == 0).values[1:]
        assert known.any()
        grown = np.diff(moments.course_attractors.values, axis=0)
        balance = (moments.course_born - moments.course_died).values[1:]
        np.testing.assert_allclose(grown[known], balance[known])
