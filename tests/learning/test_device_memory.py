"""The memory that an update is said to take: that of the compiled program, told before it is compiled."""

import dataclasses

import pytest

from attrax.learning import Member, StoppingRule, train, train_batch
from attrax.learning.a2c_and_reinforce import A2C, Reinforce
from attrax.learning.closed_loop_supervised import ClosedLoopSupervised
from attrax.learning.compiled_training import compiled_training_for
from attrax.learning.device_memory import update_bytes
from attrax.learning.members import split_settings
from attrax.learning.ppo import PPO
from attrax.learning.supervised import Supervised
from attrax.networks import NetworkSettings
from attrax.settings import SettingsError

NETWORK = NetworkSettings(delta=0.2, n_hidden=24)
TEN = StoppingRule(accuracy=None, updates=10, evaluate_every=5, evaluation_trials=100, fresh_trials=100)
LEARNERS = [
    PPO(environments=16, steps=32, minibatches=2),
    A2C(environments=16, steps=32),
    Reinforce(environments=16, steps=32),
    Supervised(batch_size=16, sequence_steps=32),
    ClosedLoopSupervised(environments=16, steps=32),
]


def refuse_to_compile(*_):
    raise AssertionError("something was compiled")


def test_more_steps_than_memory_holds(easy_task, monkeypatch):
    monkeypatch.setattr("attrax.learning.training.compiled_training_for", refuse_to_compile)
    huge = PPO(environments=1_000_000, steps=10_000, minibatches=1)
    with pytest.raises(SettingsError, match=r"10,000,000,000 steps of 24 units: about [\d,.e+]+ GiB, and there are"):
        train(easy_task, NETWORK, huge, TEN)
    monkeypatch.setattr("attrax.learning.device_memory._device_bytes", lambda: 2**22)
    members = [Member(NETWORK, LEARNERS[0], seed) for seed in range(50)]
    with pytest.raises(
        SettingsError, match=r"for 50 networks side by side: about 0\.[0-9]+ GiB, and there are 0\.00391"
    ):
        train_batch(easy_task, members, TEN, 50)


@pytest.mark.parametrize(
    ("learner", "cell"),
    [
        (LEARNERS[0], "relu"),
        (LEARNERS[3], "lstm"),
        *(pytest.param(one, cell, marks=pytest.mark.slow) for one in LEARNERS for cell in ("relu", "gru", "lstm")),
    ],
)
def test_the_memory_that_is_told_is_that_of_the_compiled_program(easy_task, learner, cell):
    sizes = (
        {"environments": 64, "steps": 80}
        if hasattr(learner, "environments")
        else {"sequence_steps": 80, "batch_size": 64}
    )
    member = Member(NetworkSettings(delta=0.1, n_hidden=100, cell=cell), dataclasses.replace(learner, **sizes))
    static, _ = split_settings(member)
    compiled = compiled_training_for(easy_task, static, TEN, False)
    batch = compiled.start([member])
    traced, keys = batch._inputs
    lowered = compiled.update_compiled.lower(traced, batch._states, 1, keys.evaluation_trials, False)
    report = lowered.compile().memory_analysis()
    measured = report.temp_size_in_bytes + report.argument_size_in_bytes + report.output_size_in_bytes
    assert 0.4 < update_bytes(easy_task, member) / measured < 2.5
