"""Attempts, retries and packing, with workers that do as they are told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.settings import StoppedError
from attrax.studies import parse_study
from attrax.studies.execution import Died, DiskFull, Done, Waiting, carry_out, default_shard_size, plan_jobs
from attrax.studies.shard_run import Message

STUDY = """
name = "fake"
seeds = 5

[tasks.ContextDecision]

[learners.ppo]

[learners.supervised]

[crossed]
network.delta = [0.1, 0.2]
learners.ppo.entropy_weight = [0.0, 0.01]
learners.ppo.epochs = [2, 4]
"""


class ScriptedExecutor:
    """Workers that finish every network, but for those whose seeds are in a script of how their attempts go."""

    def __init__(self, n_workers, script=None):
        self.n_workers, self.script = n_workers, script or {}
        self.started = self.stopped = 0
        self.given, self.most_busy = [], 0

    def start(self):
        self.started += 1
        return ScriptedWorker(self)

    def wait(self, workers):
        self.most_busy = max(self.most_busy, len(workers))
        return [(worker, worker.said.pop(0)) for worker in workers]


class ScriptedWorker:
    def __init__(self, executor):
        self.executor, self.said, self.alive = executor, [], True

    def give(self, job):
        assert self.alive
        assert not self.said
        self.executor.given.append(job)
        self.said = []
        for condition in job.conditions:
            fates = self.executor.script.get(condition.seed, [])
            while fates:
                self.said.append(fates.pop(0))
                if isinstance(self.said[-1], (Died, DiskFull)):
                    return
            self.said.append(Message(condition.identity, "finished"))
        self.said.append(Done())

    def stop(self):
        assert self.alive
        self.alive = False
        self.executor.stopped += 1


def run(tmp_path, jobs, executor, retries=2):
    events = []
    try:
        carry_out(tmp_path, jobs, executor, events.append, retries)
    finally:
        assert executor.started == executor.stopped
        assert executor.most_busy <= executor.n_workers
    return [(event.condition.seed, event.kind) for event in events if event.kind != "working"], events


def jobs_of(seeds, size=1):
    conditions = [c for c in parse_study(STUDY).conditions() if c.learner_label == "supervised"]
    return plan_jobs([c for c in conditions if c.network.delta == 0.1 and c.seed in seeds], size)


@given(size=st.integers(1, 7), dropped=st.sets(st.integers(0, 49)))
@settings(max_examples=60, deadline=None)
def test_every_missing_network_is_in_one_job_with_such_as_one_program_trains(size, dropped):
    from attrax.learning.members import Member, common_static_settings

    wanted = [c for place, c in enumerate(parse_study(STUDY).conditions()) if place not in dropped]
    jobs = plan_jobs(wanted, size)
    packed = [condition for job in jobs for condition in job.conditions]
    assert sorted(c.identity for c in packed) == sorted(c.identity for c in wanted)
    for job in jobs:
        assert 1 <= len(job.conditions) <= size
        common_static_settings([Member(c.network, c.learner, c.seed) for c in job.conditions])
    # nothing is split without need: 2 values of epochs and the other rule make 3 kinds of programs
    assert len(jobs) <= len(wanted) / size + 3


@given(size=st.integers(1, 4), lost=st.data())
@settings(max_examples=40, deadline=None)
def test_what_was_lost_as_whole_shards_is_packed_as_before(size, lost):
    jobs = plan_jobs(parse_study(STUDY).conditions(), size)
    kept = lost.draw(st.lists(st.sampled_from(jobs), unique_by=id))
    remaining = [job for job in jobs if all(job is not other for other in kept)]
    again = plan_jobs([c for job in remaining for c in job.conditions], size)
    assert [[c.identity for c in job.conditions] for job in again] == [
        [c.identity for c in job.conditions] for job in remaining
    ]


def test_a_study_has_a_thousand_shards_or_so_at_the_most():
    assert [default_shard_size(n, "cpu") for n in (1, 1000, 1001, 100_000)] == [1, 1, 2, 100]
    assert default_shard_size(5, "gpu") == 64


def test_workers_are_kept_from_job_to_job(tmp_path):
    executor = ScriptedExecutor(2)
    outcomes, _ = run(tmp_path, jobs_of(range(5)), executor)
    assert outcomes == [(seed, "finished") for seed in range(5)]
    assert executor.started == 2


def test_a_worker_that_dies_costs_an_attempt_and_the_rest_goes_on(tmp_path):
    executor = ScriptedExecutor(2, {1: [Died("killed by a test"), Died("again")]})
    outcomes, events = run(tmp_path, jobs_of(range(4)), executor)
    assert sorted(outcomes) == sorted(
        [(0, "finished"), (1, "again"), (1, "again"), (1, "finished"), (2, "finished"), (3, "finished")]
    )
    assert next(event.stage for event in events if event.kind == "again") == "attempt 1: killed by a test"


def test_after_so_many_attempts_a_network_has_failed_with_a_log(tmp_path):
    executor = ScriptedExecutor(1, {0: [Died(f"death {n}") for n in range(9)]})
    outcomes, events = run(tmp_path, jobs_of([0, 1]), executor, retries=1)
    assert outcomes == [(0, "again"), (0, "failed"), (1, "finished")]
    name = events[0].condition.identity
    assert (tmp_path / "logs" / f"{name}.log").read_text() == "attempt 1: death 0\nattempt 2: death 1\n"


def test_one_network_that_kills_its_worker_does_not_cost_the_others_of_its_shard(tmp_path):
    executor = ScriptedExecutor(1, {1: [Died("out of memory") for _ in range(9)]})
    outcomes, _ = run(tmp_path, jobs_of([0, 1, 2], size=3), executor, retries=1)
    assert {seed for seed, kind in outcomes if kind == "failed"} == {1}
    assert {0, 2} <= {seed for seed, kind in outcomes if kind == "finished"}
    assert [len(job.conditions) for job in executor.given] == [3, 3, 1, 1, 1]


def test_a_full_disk_stops_everything_with_a_clear_message(tmp_path):
    executor = ScriptedExecutor(2, {2: [DiskFull()]})
    with pytest.raises(StoppedError, match="the disk of .* is full; what is finished is whole"):
        run(tmp_path, jobs_of(range(5)), executor)
    assert len(executor.given) < 5


def test_workers_that_all_die_without_a_word_stop_the_study(tmp_path):
    """Something is wrong with all of them: a thousand shards need not be tried three times each to see that."""
    executor = ScriptedExecutor(2, {seed: [Died("no such library")] * 999 for seed in range(5)})
    with pytest.raises(StoppedError, match="no worker lives long enough to say a word .no such library.; see .*logs"):
        run(tmp_path, jobs_of(range(5)), executor, retries=999)
    assert 40 < executor.started < 44


def test_workers_that_die_after_a_word_do_not_stop_the_study(tmp_path):
    word = Message(jobs_of([0])[0].conditions[0].identity, "working", "compiling")
    executor = ScriptedExecutor(1, {0: [fate for _ in range(30) for fate in (word, Died("killed"))]})
    outcomes, _ = run(tmp_path, [jobs_of([0])[0]], executor, retries=40)
    assert outcomes == 30 * [(0, "again")] + [(0, "finished")]


def test_what_workers_wait_for_is_told_and_they_go_on(tmp_path):
    executor, told = ScriptedExecutor(2, {1: [Waiting("2 of 2 workers have not begun")]}), []
    carry_out(tmp_path, jobs_of(range(3)), executor, lambda event: None, on_wait=told.append)
    assert told == ["2 of 2 workers have not begun"]
    assert executor.started == executor.stopped == 2


def test_an_interruption_stops_the_workers(tmp_path):
    executor = ScriptedExecutor(2)

    def interrupt(event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out(tmp_path, jobs_of(range(5)), executor, interrupt)
    assert executor.started == executor.stopped == 2
