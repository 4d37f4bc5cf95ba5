"""Units of networks that were built to do one thing, and of the tiny study."""

import numpy as np
import pytest

from attrax.analyses import (
    NetworkOnTask,
    PopulationSettings,
    map_groups,
    map_unit_course,
    map_units,
)
from attrax.analyses.unit_analysis import unit_summary
from attrax.keys import derive_key
from attrax.learning import Progress, evaluate
from attrax.learning.compiled_training import initial_network
from attrax.networks import NetworkSettings, RecurrentNetwork
from attrax.populations import GROUPS
from attrax.settings import SettingsError
from tests.analyses.built_units import BOTH, CONTEXT, MINUS, PLUS, SILENT, TASK, held, jnp

QUICK = PopulationSettings(trials=80, shuffles=300, permutations=100)


def test_what_units_were_built_for_is_what_is_found():
    network = held()
    found = map_units(NetworkOnTask(TASK, network), QUICK, NetworkOnTask(TASK, network))
    significant = found.unit_significant
    sign = found.unit_sign.sel(feature="coherence_1").values
    assert sign[[PLUS, MINUS]].tolist() == [1, -1]
    assert sign[[CONTEXT, 5, 6]].tolist() == [0, 0, 0]
    assert found.unit_sign.sel(feature="coherence_2").values[[5, 6]].tolist() == [1, -1]
    assert bool(significant.sel(feature="context").values[CONTEXT])
    assert found.unit_reason.sel(feature="context").values[[BOTH, SILENT]].tolist() == [
        "the unit's activity is constant", "the unit is silent",
    ]  # fmt: skip
    # the trained and the untrained network are one and the same here
    both = found.balance_block_total.sel(balance_of=["trained", "untrained"]).values
    np.testing.assert_array_equal(both[0], both[1])
    groups = found.unit_group.values
    expected = np.array(
        [[np.asarray(network.recurrent_weights)[groups == to][:, groups == of].sum() for of in GROUPS] for to in GROUPS]
    )
    own = np.diag([np.asarray(network.recurrent_weights).diagonal()[groups == group].sum() for group in GROUPS])
    np.testing.assert_allclose(both[0], expected - own, atol=1e-6)
    columns = unit_summary(found)
    assert columns["share_silent"] == pytest.approx((groups == "G_s").mean())
    assert columns["selective_context"] == pytest.approx(significant.sel(feature="context").values.sum() / 5)
    assert found.connectivity_reason.values[SILENT] != ""


def test_a_network_that_never_answers_is_looked_at_all_the_same():
    mute = held()
    mute = RecurrentNetwork(**{**vars(mute), "policy_bias": jnp.asarray([99.0, 0, 0])})
    found = map_units(NetworkOnTask(TASK, mute), QUICK)
    assert int(found.unit_unanswered) == int(found.unit_trials) == 80
    assert set(found.unit_reason.sel(feature="choice").values) >= {"the feature is constant"}
    assert found.unit_sign.sel(feature="coherence_1").values[PLUS] == 1


def test_a_network_that_diverges_says_so():
    wild = RecurrentNetwork(**{**vars(held()), "recurrent_weights": 1e9 * jnp.eye(7)})
    found = map_units(NetworkOnTask(TASK, wild), QUICK)
    reasons = found.unit_reason.values
    assert (reasons != "").all()
    assert reasons[PLUS, 0] == "the unit's activity is not finite"
    assert found.balance_reason.values[0] != ""
    assert np.isnan(unit_summary(found)["group_entropy"])


def test_units_settle_at_the_checkpoint_from_which_they_keep_their_group():
    final, first = held(), RecurrentNetwork(**{**vars(held()), "input_weights": jnp.zeros((7, TASK.n_inputs))})
    checkpoints = {"initial": first, "updates 5": final, "final": final}
    progress = {"initial": Progress(0, 0, 0.3), "updates 5": Progress(5, 50, 0.9), "final": Progress(9, 90, 0.95)}
    course = map_unit_course(TASK, checkpoints, progress, QUICK)
    assert course.checkpoint.values.tolist() == ["initial", "updates 5", "final"]
    groups = course.units_course_group.values
    assert groups[0].tolist() == ["G_s", "G_s", "G_a", "G_s", "G_s", "G_s", "G_s"]
    moved = groups[0] != groups[-1]
    assert moved.any()
    np.testing.assert_array_equal(course.units_course_settled.values, np.where(moved, 5.0, 0.0))
    np.testing.assert_allclose(course.units_course_changed.values, [np.nan, moved.mean(), 0.0])
    assert not course.units_course_selective.values[0].any()
    assert np.isnan(course.units_course_balance.sel(balance_measure="imbalance").values[0])  # one group alone decides
    assert course.units_course_selective.sel(feature="context").values[1:, CONTEXT].all()


def test_a_study_keeps_what_units_do_and_what_lesions_cost(tiny_store):
    units, causes, summary = tiny_store.units(), tiny_store.causes(), tiny_store.summary()
    assert units.unit_information.shape == (2, 16, 6)
    assert units.units_course_group.dims == ("network", "checkpoint", "unit")
    assert causes.cause_silenced.dims == ("network", "cause_stage", "cause_group", "cause_strength")
    assert {"group_entropy", "selective_context", "mixed_share", "robustness_noise"} <= set(summary.columns)
    np.testing.assert_allclose(units.balance_entropy.sel(balance_of="trained"), summary.group_entropy)
    assert {"units", "causes"} <= {stage for _, stage in tiny_store.events}
    # accuracy by strength, weighted by how many trials have it, is the accuracy of all
    of_all = (causes.cause_intact * causes.cause_trials).sum("cause_strength") / causes.cause_trials.sum(
        "cause_strength"
    )
    for condition, accuracy in zip(tiny_store.conditions, of_all.values, strict=True):
        network, key = tiny_store.network(condition.identity), derive_key("ContextDecision", 0, "trials for causes")
        assert accuracy == pytest.approx(float(evaluate(condition.task, network, key, 100).accuracy))


def test_a_study_without_them_says_what_to_switch_on(four_networks):
    from attrax.studies import open as open_store

    store = open_store(four_networks)
    with pytest.raises(SettingsError, match="set units = true in \\[populations\\]"):
        store.units()
    with pytest.raises(SettingsError, match="set causes = true in \\[populations\\]"):
        store.causes()
    assert store.groups().group.sizes["network"] == 4


@pytest.mark.parametrize("analyse", [map_groups, map_units])
def test_units_of_other_cells_have_no_groups(analyse):
    network = initial_network(TASK, NetworkSettings(delta=0.3, n_hidden=4, cell="tanh"), 0)
    with pytest.raises(SettingsError, match="the cell is .*; groups are of Relu units only"):
        analyse(NetworkOnTask(TASK, network))


def test_what_is_stored_of_units_is_asked_for_by_name(tiny_store):
    groups, causes = tiny_store.groups(), tiny_store.causes()
    assert groups["other_definition"].values.tolist() == groups["definition"].values.tolist()
    assert causes.coords["cause_modality"].values.tolist() == [0, 1]
