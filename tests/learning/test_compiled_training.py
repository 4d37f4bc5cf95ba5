"""Many networks under one compiled program: the same as one by one, whatever the width, and whoever ends when."""

import dataclasses

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from attrax.learning import Member, StoppingRule, train, train_batch
from attrax.learning.a2c_and_reinforce import A2C, Reinforce
from attrax.learning.closed_loop_supervised import ClosedLoopSupervised
from attrax.learning.compiled_training import TrainingBatch, compiled_training_for
from attrax.learning.members import common_static_settings, split_settings
from attrax.learning.ppo import PPO
from attrax.learning.supervised import Supervised
from attrax.networks import NetworkSettings
from attrax.tasks.context_decision import ContextDecision

EASY = ContextDecision(fixation=1, stimulus=3, delay=(1, 2), decision=2, coherences=(0.5, 1.0), noise=0.1)
NETWORK = NetworkSettings(delta=0.2, n_hidden=24)
LEARNERS = [
    PPO(environments=16, steps=32, minibatches=2),
    A2C(environments=16, steps=32),
    Reinforce(environments=16, steps=32),
    Supervised(batch_size=16, sequence_steps=32),
    ClosedLoopSupervised(environments=16, steps=32),
]
TEN = StoppingRule(accuracy=None, updates=10, evaluate_every=5, evaluation_trials=100, fresh_trials=100)


def members_of(learner):
    """Five that differ in everything that may differ."""
    slower = dataclasses.replace(learner, learning_rate=learner.learning_rate / 3)
    wider = dataclasses.replace(NETWORK, delta=0.3, readout_delta=0.2)
    return [
        Member(NETWORK, learner, 0), Member(NETWORK, learner, 1), Member(wider, learner, 0), Member(NETWORK, slower, 0),
        Member(wider, slower, 7),
    ]  # fmt: skip


def same(ours, theirs, rtol=2e-3, atol=2e-4):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=rtol, atol=atol), ours, theirs)


@pytest.mark.parametrize(
    "learner",
    [one if isinstance(one, Supervised) else pytest.param(one, marks=pytest.mark.slow) for one in LEARNERS],
    ids=lambda learner: learner.title,
)
def test_side_by_side_is_one_by_one_within_rounding_over_ten_updates(easy_task, learner):
    """Of PPO the next test sees it too."""
    members = members_of(learner)
    alone = [train(easy_task, m.network, m.learner, TEN, m.seed) for m in members]
    for width in (5, 2):  # all at once; and two places that the others take in turn
        for mine, theirs in zip(train_batch(easy_task, members, TEN, width), alone, strict=True):
            same(mine.network, theirs.network)
            same(mine.history, theirs.history, rtol=0.05, atol=0.02)
            assert (mine.updates, mine.trials, mine.status) == (theirs.updates, theirs.trials, theirs.status)


def test_a_setting_reaches_its_own_member_only(easy_task):
    learner = LEARNERS[0]
    names = [name for name in split_settings(Member(NETWORK, learner))[1].learner if name not in ("gae_lambda", "clip")]
    assert {"learning_rate", "entropy_weight", "discount", "temperature", "value_weight"} <= set(names)
    changed = [dataclasses.replace(learner, **{name: 0.5 * getattr(learner, name)}) for name in names]
    members = [Member(NETWORK, one) for one in (learner, *changed)]
    first, *others = train_batch(easy_task, members, TEN, len(members))
    plain = train(easy_task, NETWORK, learner, TEN)
    same(first.network, plain.network)
    for name, one, other in zip(names, changed, others, strict=True):
        same(other.network, train(easy_task, NETWORK, one, TEN).network)
        moved = np.abs(np.asarray(other.network.recurrent_weights) - np.asarray(first.network.recurrent_weights))
        assert moved.max() > 1e-5, name


def test_nothing_is_compiled_for_another_seed_width_or_number(easy_task):
    learner, other = LEARNERS[3], dataclasses.replace(LEARNERS[3], learning_rate=1e-3, fixation_weight=0.3)
    train(easy_task, NETWORK, learner, TEN)
    compiled = compiled_training_for(easy_task, common_static_settings([Member(NETWORK, learner)]), TEN, False)
    sizes = compiled.update_compiled._cache_size(), compiled.start_compiled._cache_size()
    train(easy_task, dataclasses.replace(NETWORK, delta=0.1), other, TEN, seed=3)
    assert (compiled.update_compiled._cache_size(), compiled.start_compiled._cache_size()) == sizes == (1, 1)


def test_members_that_meet_the_criterion_leave_and_the_batch_shrinks(easy_task, monkeypatch):
    """What is worked on after each chunk: never more than twice what is not finished."""
    quick = Supervised(batch_size=32, sequence_steps=32, learning_rate=5e-3)
    rates = [5e-3, 4e-3, 1e-6, 5e-3, 1e-6, 3e-3, 5e-3]
    members = [Member(NETWORK, dataclasses.replace(quick, learning_rate=r), seed) for seed, r in enumerate(rates)]
    rule = StoppingRule(accuracy=0.9, updates=400, evaluation_trials=100, fresh_trials=100)
    sizes, updated = [], TrainingBatch.update

    def counted(self, until):
        sizes.append(self.size)
        return updated(self, until)

    monkeypatch.setattr(TrainingBatch, "update", counted)
    seen = []
    results = train_batch(easy_task, members, rule, 7, on_trained=lambda index, _: seen.append(index))
    assert [r.status for r in results] == ["budget spent" if r == 1e-6 else "reached" for r in rates]
    assert sorted(seen) == list(range(7))
    assert set(sizes) <= {7, 4, 2, 1}
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 2
    steps = [1 + int(r.history["updates"].size - 1) for r in results]
    for chunk, size in enumerate(sizes[1:], start=1):
        assert size <= 2 * max(sum(s > chunk for s in steps), 1)


def test_places_are_taken_by_those_who_wait_and_the_rest_shrinks(easy_task):
    quick = Supervised(batch_size=16, sequence_steps=32, learning_rate=5e-3)
    members = [Member(NETWORK, quick, seed) for seed in range(5)]
    rule = StoppingRule(accuracy=0.9, updates=400, evaluation_trials=100, fresh_trials=100)
    results = train_batch(easy_task, members, rule, 2)
    assert all(r.status == "reached" for r in results)
    initial = [train(easy_task, NETWORK, quick, TEN, seed).checkpoints["initial"] for seed in range(5)]
    same([r.checkpoints["initial"] for r in results], initial)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_member_that_diverges_ends_and_the_others_go_on(easy_task, width):
    learner = Supervised(batch_size=8, sequence_steps=32)
    wild = dataclasses.replace(learner, learning_rate=1e30, gradient_norm=1e30)
    results = train_batch(easy_task, [Member(NETWORK, one) for one in (learner, wild, learner)], TEN, width)
    assert [r.status for r in results] == ["reached", "diverged", "reached"]
    assert np.isnan(results[1].accuracy)
    assert results[1].updates < 10
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(results[1].network))
    plain = train(easy_task, NETWORK, learner, TEN)
    for index in (0, 2):
        same(results[index].network, plain.network)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 100))
@settings(max_examples=8, deadline=None)
def test_every_member_has_its_own_result_for_any_width(n_members, width, first_seed):
    """Order, places and padding never mix members up: what a seed starts from tells it."""
    rule = StoppingRule(accuracy=None, updates=1, evaluation_trials=10, fresh_trials=10, evaluate_every=1)
    learner = Supervised(batch_size=2, sequence_steps=8)
    network = NetworkSettings(delta=0.2, n_hidden=4)
    members = [Member(network, learner, first_seed + i) for i in range(n_members)]
    results = train_batch(EASY, members, rule, width)
    for member, result in zip(members, results, strict=True):
        same(result.checkpoints["initial"], train(EASY, network, learner, rule, member.seed).checkpoints["initial"])


@pytest.mark.slow
def test_side_by_side_learns_as_soon_and_as_well_as_one_by_one(easy_task):
    """After the first updates rounding has grown: then updates and accuracies agree in distribution."""
    learner = PPO(environments=32, steps=32, learning_rate=2e-3)
    rule = StoppingRule(evaluate_every=2, evaluation_trials=200, fresh_trials=1000)
    members = [Member(NETWORK, learner, seed) for seed in range(30)]
    alone, together = (train_batch(easy_task, members, rule, width) for width in (1, 30))
    assert all(run.status == "reached" for run in alone + together)
    for count in ("updates", "accuracy"):
        mine, theirs = ([getattr(run, count) for run in runs] for runs in (together, alone))
        assert ks_2samp(mine, theirs).pvalue > 0.05
