"""Causes in networks whose groups and modes are known."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.analyses.disturbed_trials import trial_outcomes
from attrax.analyses.lesions import cut_weights, perturb_weights, silence
from attrax.analyses.mode_perturbation import NO_PAIR
from attrax.analyses.network_on_task import NetworkOnTask
from attrax.analyses.perturbation_settings import PerturbationSettings
from attrax.analyses.perturbations import map_perturbations, perturbation_summary
from attrax.dynamics import Effort
from attrax.keys import derive_key
from attrax.learning import evaluate
from attrax.networks import RecurrentNetwork
from attrax.networks.cells import Tanh
from attrax.settings import SettingsError
from tests.analyses.built_decider import decider

QUICK = PerturbationSettings(
    trials=400, draws=2, noise_sizes=(0.1, 1.0), weight_sizes=(0.1, 0.4), lesion_shares=(0.2, 0.5), points=2,
    effort=Effort(settling_steps=300, steps=1000, extension=1),
)  # fmt: skip
KEY = derive_key("ContextDecision", 0, "trials for causes")
PLANTED = np.array(["G_+", "G_+", "G_-", "G_-", "G_a", "G_s"])


def overall(causes, name, counts="cause_trials", **where):
    chosen, trials = causes[name].sel(where), causes[counts].sel({k: v for k, v in where.items() if k == "context"})
    return (chosen * trials).sum("cause_strength") / trials.sum("cause_strength")


@pytest.fixture(scope="module")
def planted():
    task, network = decider()
    return task, network, map_perturbations(NetworkOnTask(task, network), PLANTED, QUICK)


def test_a_group_is_what_the_answers_of_its_choice_depend_on(planted):
    """Only the first context's modality reaches the network: there "+" is lost, and half of the trials with it."""
    task, network, causes = planted
    outcomes = trial_outcomes(task, network, KEY, 400)
    relevant = np.take_along_axis(np.asarray(outcomes.coherence), np.asarray(outcomes.context)[:, None], axis=1)[:, 0]
    first = np.asarray(outcomes.context) == 0
    lost = (first & (relevant > 0)).mean()
    for group in ("G_+", "G_-"):
        silenced = float(overall(causes, "cause_silenced", cause_stage="all", cause_group=group))
        assert silenced < float(overall(causes, "cause_intact")) - lost / 2
    np.testing.assert_array_equal(causes.cause_silenced.sel(cause_group="G_s", cause_stage="all"), causes.cause_intact)
    assert causes.cause_group_units.values.tolist() == [1, 2, 2, 1]


def test_every_accuracy_is_that_of_the_edited_network_on_the_same_trials(planted):
    task, network, causes = planted
    silent = silence(network, PLANTED == "G_+")

    def accuracy(edited):
        return pytest.approx(float(evaluate(task, edited, KEY, 400).accuracy), abs=1e-6)

    assert float(overall(causes, "cause_intact")) == accuracy(network)
    assert float(overall(causes, "cause_silenced", cause_stage="all", cause_group="G_+")) == accuracy(silent)
    block = np.outer(PLANTED == "G_-", PLANTED == "G_+")
    found = float(overall(causes, "cause_cut", cause_source="G_+", cause_target="G_-"))
    assert found == accuracy(cut_weights(network, block))
    noisy = perturb_weights(network, 0.4, jax.random.fold_in(derive_key("ContextDecision", 0, "noise on weights"), 1))
    assert float(overall(causes, "cause_weights", cause_weight_size=0.4)[1]) == accuracy(noisy)
    stage = jnp.array([False, True, False, False])
    right = trial_outcomes(task, network, KEY, 400, stand_in=silent, stages=stage).right
    found = float(overall(causes, "cause_silenced", cause_stage="stimulus", cause_group="G_+"))
    assert found == pytest.approx(float(jnp.mean(right)), abs=1e-6)
    noisy = trial_outcomes(task, network, KEY, 400, state_noise=float(causes.cause_activity)).right
    assert float(overall(causes, "cause_noise", cause_noise_size=1.0)) == pytest.approx(float(noisy.mean()), abs=1e-6)


def test_strengths_are_those_of_the_task_and_the_trials_are_counted(planted):
    task, _, causes = planted
    assert causes.cause_strength.values.tolist() == sorted(task.coherences)
    assert int(causes.cause_trials.sum()) == 400
    np.testing.assert_array_equal(causes.cause_mode_trials.sum("context"), causes.cause_trials)


def test_a_network_without_a_complex_pair_says_so(planted):
    _, _, causes = planted
    assert (causes.cause_mode_found == NO_PAIR).all()
    assert np.isnan(causes.cause_mode_accuracy).all()
    assert np.isfinite(causes.cause_mode_intact).all()
    assert np.isnan(perturbation_summary(causes)["mode_removal_effect"])


@pytest.mark.parametrize(("gain", "fixation"), [(4.0, 5), (1e30, 15)])
def test_a_network_that_diverges_has_no_mode_and_all_else(gain, fixation):
    task, network = decider()
    wild = RecurrentNetwork(**{**vars(network), "recurrent_weights": gain * jnp.eye(6)})
    causes = map_perturbations(NetworkOnTask(dataclasses.replace(task, fixation=fixation), wild), PLANTED, QUICK)
    assert set(causes.cause_mode_found.values.tolist()) == {"divergent"}
    assert (causes.cause_mode_kinds.sel(attractor_kind="divergent") == 1).all()
    assert np.isfinite(causes.cause_silenced).all()


def test_the_summary_compares_with_the_controls(planted):
    _, _, causes = planted
    summary = perturbation_summary(causes)
    group = {"cause_stage": "all", "cause_group": "G_-"}
    expected = overall(causes, "cause_silenced_random", **group).mean() - overall(causes, "cause_silenced", **group)
    assert summary["lesion_effect_minus"] == pytest.approx(float(expected))
    assert summary["lesion_effect_plus"] > 0
    ends = overall(causes, "cause_lesions").mean("cause_draw").values
    assert summary["robustness_lesions"] == pytest.approx(ends.mean())  # of two sizes: a straight line


def test_planes_without_a_silent_group_are_those_of_the_network(planted):
    causes = planted[2]
    silent = causes.cause_silenced_kinds.sel(cause_group="G_s")
    np.testing.assert_array_equal(silent, causes.cause_mode_kinds)  # a unit that is silent already
    np.testing.assert_allclose(causes.cause_silenced_kinds.sum("attractor_kind"), 1.0)


def test_parts_are_kept_and_the_whole_is_the_same():
    task, network = decider()
    kept = {}

    def keep(name, compute):
        kept[name] = compute()
        return kept[name]

    one = map_perturbations(NetworkOnTask(task, network), PLANTED, QUICK, keep)
    assert list(kept) == [
        "causes silenced", "causes planes", "causes cut", "causes robustness", "causes mode 0", "causes mode 1",
    ]  # fmt: skip
    again = map_perturbations(NetworkOnTask(task, network), PLANTED, QUICK, lambda name, _: kept[name])
    assert one.identical(again)


def test_a_network_or_groups_that_do_not_fit_are_refused():
    task, network = decider()
    with pytest.raises(SettingsError, match="the cell is Tanh; causes are mapped of Relu only"):
        map_perturbations(NetworkOnTask(task, dataclasses.replace(network, cell=Tanh())), PLANTED, QUICK)
    with pytest.raises(SettingsError, match=r"groups have shape \(5,\); they must have shape \(6,\)"):
        map_perturbations(NetworkOnTask(task, network), PLANTED[1:], QUICK)
    with pytest.raises(SettingsError, match=r"groups hold \['G_b'\]; each must be one of G_a"):
        map_perturbations(NetworkOnTask(task, network), np.array([*PLANTED[:5], "G_b"]), QUICK)
