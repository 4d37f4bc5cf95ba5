import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.keys import derive_key
from attrax.learning import StoppingRule, evaluate, train
from attrax.learning.a2c_and_reinforce import A2C, Reinforce
from attrax.learning.closed_loop_supervised import ClosedLoopSupervised
from attrax.learning.compiled_training import initial_network
from attrax.learning.ppo import PPO
from attrax.learning.supervised import Supervised
from attrax.networks import NetworkSettings
from attrax.tasks.perceptual_decision import PerceptualDecision

LEARNERS = [
    PPO(environments=32, steps=32, minibatches=2, learning_rate=2e-3),
    Supervised(batch_size=32, sequence_steps=32, learning_rate=2e-3),
]
OTHERS = [
    A2C(environments=32, steps=32, learning_rate=4e-3),
    Reinforce(environments=32, steps=32, learning_rate=4e-3),
    ClosedLoopSupervised(environments=32, steps=32, learning_rate=2e-3),
    ClosedLoopSupervised(environments=32, steps=32, learning_rate=2e-3, loss="squared error", reset_hidden=True),
    Supervised(batch_size=32, sequence_steps=32, learning_rate=2e-3, loss="squared error"),
]
QUICK = StoppingRule(evaluation_trials=200, fresh_trials=400)


@pytest.mark.parametrize("learner", [*LEARNERS, *OTHERS], ids=lambda learner: learner.title)
def test_an_easy_task_is_learned_to_the_criterion(easy_task, learner):
    seen = []
    trained = train(
        easy_task, NetworkSettings(delta=0.15, n_hidden=48), learner, QUICK, seed=5, on_progress=seen.append
    )
    assert trained.status == "reached"
    assert trained.accuracy > 0.9
    assert [p.updates for p in seen] == trained.history["updates"].tolist()
    assert trained.history["accuracy"][-1] >= 0.95 > trained.history["accuracy"][:-1].max()
    assert {"initial", "accuracy 0.6", "accuracy 0.9"} <= set(trained.checkpoints)
    assert trained.checkpoint_progress["initial"].updates == 0
    lengths = {values.size for values in trained.history.values()}
    assert lengths == {len(seen)}
    assert np.isnan(trained.history["loss"][0])
    assert np.isfinite(trained.history["loss"][1:]).all()
    weights = np.asarray(trained.network.recurrent_weights, float)
    assert trained.history["spectral_radius"][-1] == pytest.approx(np.abs(np.linalg.eigvals(weights)).max(), rel=1e-3)


def test_every_learner_starts_from_the_same_network_and_evaluation(easy_task, small_network):
    rule = dataclasses.replace(QUICK, updates=1, evaluate_every=1)
    runs = [train(easy_task, small_network, learner, rule, seed=3) for learner in LEARNERS]
    jax.tree.map(np.testing.assert_array_equal, runs[0].checkpoints["initial"], runs[1].checkpoints["initial"])
    assert runs[0].history["accuracy"][0] == runs[1].history["accuracy"][0]


@pytest.mark.parametrize("learner", LEARNERS, ids=["ppo", "supervised"])
def test_training_is_reproducible_to_the_bit_and_depends_on_the_seed(easy_task, small_network, learner):
    rule = dataclasses.replace(QUICK, accuracy=None, updates=3, evaluate_every=2)
    first, second, other = (train(easy_task, small_network, learner, rule, seed=s) for s in (0, 0, 1))
    jax.tree.map(np.testing.assert_array_equal, first.network, second.network)
    assert first.accuracy == second.accuracy
    assert np.abs(np.asarray(first.network.bias) - np.asarray(other.network.bias)).max() > 0


def test_the_number_of_updates_is_met_exactly(easy_task, small_network):
    rule = dataclasses.replace(QUICK, accuracy=None, updates=7, evaluate_every=5)
    trained = train(easy_task, small_network, LEARNERS[1], rule)
    assert trained.updates == 7
    assert trained.status == "reached"
    assert trained.history["updates"].tolist() == [0, 5, 7]


@pytest.mark.parametrize("learner", LEARNERS, ids=["ppo", "supervised"])
def test_the_number_of_trials_stops_at_the_first_update_that_meets_it(easy_task, small_network, learner):
    rule = dataclasses.replace(QUICK, accuracy=None, trials=300, evaluate_every=50)
    trained = train(easy_task, small_network, learner, rule)
    assert 300 <= trained.trials < 300 + 32 * 8
    before = train(
        easy_task,
        small_network,
        learner,
        dataclasses.replace(QUICK, accuracy=None, updates=trained.updates - 1),
    )
    assert before.trials < 300


def test_weights_are_kept_after_the_updates_and_trials_that_were_asked_for(easy_task, small_network):
    rule = dataclasses.replace(
        QUICK, accuracy=None, updates=6, evaluate_every=2, checkpoint_updates=(2, 3, 100), checkpoint_trials=(40,)
    )
    trained = train(easy_task, small_network, LEARNERS[1], rule)
    kept = trained.checkpoint_progress
    assert kept["updates 2"].updates == 2
    assert kept["updates 3"].updates == 4  # the first evaluation after it
    assert "updates 100" not in kept
    first = int(np.argmax(trained.history["trials"] >= 40))
    assert kept["trials 40"].updates == trained.history["updates"][first]
    assert set(kept) == set(trained.checkpoints)
    weights = [
        np.asarray(trained.checkpoints[name].recurrent_weights) for name in ("initial", "updates 2", "updates 3")
    ]
    assert (weights[0] != weights[1]).any()
    assert (weights[1] != weights[2]).any()


def test_trials_that_were_asked_for_and_not_seen_are_not_reached(easy_task, small_network):
    rule = dataclasses.replace(QUICK, accuracy=None, trials=10_000_000, updates=2)
    assert train(easy_task, small_network, LEARNERS[1], rule).status == "budget spent"


def test_a_budget_that_is_spent_says_so(easy_task, small_network):
    trained = train(easy_task, small_network, LEARNERS[1], dataclasses.replace(QUICK, updates=2))
    assert trained.status == "budget spent"
    assert np.isfinite(trained.accuracy)


def test_numbers_that_stop_being_finite_end_as_diverged_with_the_last_finite_network(easy_task, small_network):
    wild = Supervised(batch_size=8, sequence_steps=32, learning_rate=1e30, gradient_norm=1e30)
    trained = train(easy_task, small_network, wild, dataclasses.replace(QUICK, updates=20, evaluate_every=7))
    assert trained.status == "diverged"
    assert trained.updates < 7
    assert trained.history["updates"].tolist()[-1] == trained.updates
    assert np.isnan(trained.accuracy)
    assert all(np.isfinite(np.asarray(leaf)).all() for leaf in jax.tree.leaves(trained.network))
    assert trained.history["updates"][0] == 0


class TestEvaluation:
    """Networks whose behaviour is known."""

    task = PerceptualDecision(fixation=2, stimulus=3, delay=1, decision=3, noise=0.0, coherences=(0.5,))

    def network(self, **changes):
        network = initial_network(self.task, NetworkSettings(delta=0.1, n_hidden=2), 0)
        silent = jax.tree.map(jnp.zeros_like, network)
        return dataclasses.replace(silent, **changes)

    def test_a_network_that_never_answers_is_never_right(self):
        evaluation = evaluate(self.task, self.network(policy_bias=jnp.array([1.0, 0, 0])), jax.random.key(0), 100)
        assert [float(v) for v in evaluation] == [0.0, 0.0, 0.0]

    def test_a_network_that_always_says_plus_is_right_by_half_and_always_early(self):
        n = 2000
        network = self.network(policy_bias=jnp.array([0, 1.0, 0]))
        evaluation = evaluate(self.task, network, jax.random.key(0), n)
        assert float(evaluation.accuracy) == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / n))
        assert float(evaluation.early_answers) == 1.0
        # six early steps at -0.1 each, and then 1 in every other trial
        assert float(evaluation.reward) == pytest.approx(-0.6 + float(evaluation.accuracy), abs=1e-5)

    def integrator(self):
        """Two units, one for each sign, that hold what they have seen; the end of fixation lets the larger speak."""
        return self.network(
            recurrent_weights=jnp.eye(2),
            input_weights=jnp.array([[0.0, 1.0], [0.0, -1.0]]),
            policy_weights=jnp.array([[0.0, 0.0], [1.0, -1.0], [-1.0, 1.0]]),
        )

    def test_an_integrator_is_always_right(self):
        evaluation = evaluate(self.task, self.integrator(), jax.random.key(0), 200)
        assert float(evaluation.accuracy) == 1.0

    def test_a_hidden_state_that_is_carried_on_brings_the_last_trial_along(self):
        """What the integrator holds from the last trial cancels the next one or adds to it; from zero it is right."""
        carried = evaluate(self.task, self.integrator(), jax.random.key(0), 2000, True)
        assert 0.3 < float(carried.accuracy) < 0.9


def test_keys_depend_on_task_seed_and_purpose():
    keys = {
        jax.random.key_data(derive_key(task, seed, purpose)).tobytes()
        for task in ("A", "B") for seed in (0, 1) for purpose in ("weights", "trials")
    }  # fmt: skip
    assert len(keys) == 8


@pytest.mark.parametrize("learner", [*LEARNERS, *OTHERS[:3]], ids=lambda learner: learner.title)
def test_without_biases_they_stay_exactly_zero_and_the_rest_learns(easy_task, learner):
    rule = dataclasses.replace(QUICK, accuracy=None, updates=2, evaluate_every=2)
    trained = train(easy_task, NetworkSettings(delta=0.2, n_hidden=16, bias=False), learner, rule, seed=5)
    network, first = trained.network, trained.checkpoints["initial"]
    for name in ("bias", "policy_bias", "value_bias"):
        assert not np.asarray(getattr(network, name)).any()
    for name in ("recurrent_weights", "input_weights", "policy_weights"):
        assert not np.array_equal(getattr(network, name), getattr(first, name))


def test_with_biases_they_learn_from_the_same_first_weights(easy_task):
    rule = dataclasses.replace(QUICK, accuracy=None, updates=2, evaluate_every=2)
    with_them, without = (
        train(easy_task, NetworkSettings(delta=0.2, n_hidden=16, bias=bias), LEARNERS[1], rule, seed=5)
        for bias in (True, False)
    )
    assert np.asarray(with_them.network.bias).any()
    assert np.asarray(with_them.network.policy_bias).any()
    firsts = [trained.checkpoints["initial"].recurrent_weights for trained in (with_them, without)]
    np.testing.assert_array_equal(*firsts)
