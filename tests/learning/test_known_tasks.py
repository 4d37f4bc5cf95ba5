"""Tasks whose best behaviour is known are solved; benchmarks/speed compares how soon with a peer."""

import pytest

from attrax.learning import StoppingRule, train
from attrax.learning.a2c_and_reinforce import A2C, Reinforce
from attrax.learning.ppo import PPO
from attrax.networks import NetworkSettings
from tests.learning.known_tasks import Bandit, MemoryLength

RULE = StoppingRule(accuracy=0.99, updates=200, evaluate_every=10, evaluation_trials=100, fresh_trials=100)
NETWORK = NetworkSettings(delta=0.2, n_hidden=32)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_best_arm_of_a_bandit_is_found(seed):
    learner = PPO(environments=16, steps=16, learning_rate=3e-3)
    trained = train(Bandit(order_seed=seed), NETWORK, learner, RULE, seed)
    assert trained.status == "reached"
    assert trained.history["reward"][-1] == 1.0
    assert trained.history["reward"][0] < 1.0


def test_a_bit_is_remembered():
    learner = PPO(environments=32, steps=40, learning_rate=2e-3, reset_hidden=True)
    trained = train(MemoryLength(6), NETWORK, learner, RULE)
    assert trained.status == "reached"
    assert trained.history["accuracy"][0] < 0.9


@pytest.mark.slow
@pytest.mark.parametrize("learner", [A2C, Reinforce])
@pytest.mark.parametrize("task", [Bandit(), MemoryLength(6)], ids=["bandit", "memory"])
def test_the_neighbours_of_ppo_solve_them_too(learner, task):
    rule = learner(environments=32, steps=40, learning_rate=3e-3, reset_hidden=True)
    trained = train(
        task, NETWORK, rule, StoppingRule(accuracy=0.99, updates=2000, evaluation_trials=100, fresh_trials=100)
    )
    assert trained.status == "reached"
