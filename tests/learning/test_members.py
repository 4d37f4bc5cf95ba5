"""What the members of a batch must have in common, told before anything is compiled."""

import dataclasses

import pytest

from attrax.learning import Member, StoppingRule, train_batch
from attrax.learning.a2c_and_reinforce import A2C
from attrax.learning.ppo import PPO
from attrax.networks import NetworkSettings
from attrax.settings import SettingsError

NETWORK = NetworkSettings(delta=0.2, n_hidden=24)
TEN = StoppingRule(accuracy=None, updates=10, evaluate_every=5, evaluation_trials=100, fresh_trials=100)
LEARNER = PPO(environments=16, steps=32, minibatches=2)


@pytest.fixture(autouse=True)
def _nothing_compiles(monkeypatch):
    def refuse(*_):
        raise AssertionError("something was compiled")

    monkeypatch.setattr("attrax.learning.training.compiled_training_for", refuse)


def test_members_that_need_another_program(easy_task):
    one = LEARNER
    for other, words in (
        (
            Member(NETWORK, dataclasses.replace(one, epochs=3)),
            r"members 0 and 1 of the batch differ in epochs \(4, 3\)",
        ),
        (Member(NETWORK, A2C(environments=16, steps=32)), r"different learning rules \(PPO, A2C\)"),
        (
            Member(dataclasses.replace(NETWORK, n_hidden=25), one),
            r"differ in n_hidden \(24, 25\); in one batch seeds",
        ),
    ):
        with pytest.raises(SettingsError, match=words):
            train_batch(easy_task, [Member(NETWORK, one), other], TEN)


def test_nobody_and_nowhere(easy_task):
    with pytest.raises(SettingsError, match="no members"):
        train_batch(easy_task, [], TEN)
    with pytest.raises(SettingsError, match="width is 0"):
        train_batch(easy_task, [Member(NETWORK, LEARNER, seed) for seed in range(5)], TEN, 0)
