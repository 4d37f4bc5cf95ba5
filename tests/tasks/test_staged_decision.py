"""Both decision tasks: stages, coding, judgement, ceiling."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attrax.settings import SettingsError, from_mapping
from attrax.tasks import Task
from attrax.tasks.context_decision import ContextDecision
from attrax.tasks.perceptual_decision import PerceptualDecision
from attrax.tasks.trial import DECISION, OVER, STAGES


@pytest.fixture(params=[ContextDecision(), ContextDecision.neurogym(), PerceptualDecision()])
def task(request):
    return request.param


def draw(task, n=200, seed=0):
    return jax.vmap(task.trial)(jax.random.split(jax.random.key(seed), n))


def test_a_task_does_what_the_protocol_says(task):
    assert isinstance(task, Task)


def test_stages_come_in_order_and_last_as_long_as_set(task):
    trials = draw(task)
    stage = np.asarray(trials.stage)
    assert (np.diff(stage, axis=1) >= 0).all()
    assert ((stage < OVER).sum(axis=1) == trials.length).all()
    assert stage.shape[1] == task.longest_trial
    assert trials.length.min() >= task.fewest_steps


def test_the_target_is_fixation_until_the_decision(task):
    trials = draw(task)
    deciding = np.asarray(trials.stage) == DECISION
    assert (np.asarray(trials.target)[~deciding] == 0).all()
    assert (np.where(deciding, trials.target, trials.choice[:, None]) == trials.choice[:, None]).all()


def test_the_choice_is_the_sign_of_the_relevant_coherence(task):
    trials = draw(task)
    relevant = np.take_along_axis(np.asarray(trials.coherence), np.asarray(trials.context)[:, None], axis=1)[:, 0]
    assert (np.where(relevant > 0, 1, 2) == trials.choice).all()


def test_modalities_contexts_and_signs_are_independent():
    trials = draw(ContextDecision(), n=4000)
    positive = np.asarray(trials.coherence) > 0
    variables = np.column_stack([positive, np.asarray(trials.context), np.abs(np.asarray(trials.coherence))])
    correlation = np.corrcoef(variables.T.astype(float)) - np.eye(variables.shape[1])
    assert np.abs(correlation).max() < 5 / np.sqrt(4000)


def test_stimuli_are_what_trials_draw_with_their_probabilities(task):
    stimuli, probability = task.stimuli()
    assert probability.sum() == pytest.approx(1)
    drawn = np.asarray(jax.vmap(task.trial)(jax.random.split(jax.random.key(4), 4000)).coherence)
    at = np.abs(drawn[:, None] - stimuli).max(axis=2).argmin(axis=1)
    np.testing.assert_allclose(stimuli[at], drawn, atol=1e-6)
    share = np.bincount(at, minlength=len(stimuli)) / len(at)
    assert np.abs(share - probability).max() < 5 * np.sqrt(probability.max() / len(at))


def test_zero_coherence_has_no_sign_and_counts_twice():
    stimuli, probability = PerceptualDecision(coherences=(0.0, 0.5)).stimuli()
    assert dict(zip(stimuli[:, 0].tolist(), probability.tolist(), strict=True)) == {-0.5: 0.25, 0.0: 0.5, 0.5: 0.25}


def test_without_noise_a_trial_is_the_constant_input_of_each_stage(task):
    import dataclasses

    quiet = dataclasses.replace(task, noise=0.0)
    trial = quiet.trial(jax.random.key(3))
    for step in range(int(trial.length)):
        stage = STAGES[int(trial.stage[step])]
        expected = quiet.stage_input(stage, trial.coherence, trial.context)
        np.testing.assert_allclose(trial.observation[step], expected, atol=1e-7)
    assert (np.asarray(trial.observation[int(trial.length) :]) == 0).all()


def test_noise_is_in_the_stimulus_stage_and_its_channels_only():
    task = ContextDecision()
    trials = draw(task, n=500)
    inputs = jax.vmap(lambda c, k: jnp.stack([task.stage_input(s, c, k) for s in STAGES]))(
        trials.coherence, trials.context
    )
    stage = np.asarray(trials.stage)
    clean = np.take_along_axis(np.asarray(inputs), np.minimum(stage, 3)[..., None], axis=1)
    noise = np.where((stage < OVER)[..., None], np.asarray(trials.observation) - clean, 0)
    in_stimulus = noise[stage == 1]
    assert np.abs(noise[stage != 1]).max() < 1e-6
    assert np.abs(in_stimulus[:, [0, 3, 4]]).max() < 1e-6
    n = in_stimulus[:, 1:3].size
    assert in_stimulus[:, 1:3].std() == pytest.approx(0.2, rel=5 / np.sqrt(2 * n))
    assert np.corrcoef(in_stimulus[:, 1:3].T)[0, 1] == pytest.approx(0, abs=5 / np.sqrt(n / 2))


def test_the_end_of_the_fixation_input_is_the_go_cue_or_not():
    fixation = [float(ContextDecision().stage_input(s, jnp.zeros(2), 0)[0]) for s in STAGES]
    assert fixation == [1, 1, 1, 0]
    fixation = [float(ContextDecision.neurogym().stage_input(s, jnp.zeros(2), 0)[0]) for s in STAGES]
    assert fixation == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("stage", "action", "reward", "end", "early"),
    [
        ("fixation", 0, 0.0, False, False),
        ("fixation", 1, -0.1, False, True),
        ("stimulus", 2, -0.1, False, True),
        ("delay", 1, -0.1, False, True),
        ("decision", 0, 0.0, False, False),
        ("decision", 1, 1.0, True, False),
        ("decision", 2, 0.0, True, False),
    ],
)
def test_judgement_by_stage(stage, action, reward, end, early):
    task = ContextDecision(delay=5)
    trial = task.compose(
        jnp.array([5, 20, 5, 5]), jnp.array(0), jnp.array([0.3, -0.3]), jnp.array(1), jnp.zeros((35, 2))
    )
    step = int(np.argmax(np.asarray(trial.stage) == STAGES.index(stage)))
    feedback = task.judge(trial, jnp.array(step), jnp.array(action))
    assert float(feedback.reward) == pytest.approx(reward)
    assert (bool(feedback.end), bool(feedback.early)) == (end, early)
    assert int(feedback.answer) == (action if stage == "decision" else 0)


def test_early_answers_are_punished_only_where_set_and_may_end_the_trial():
    lenient = ContextDecision(delay=5, early_stages=("fixation",))
    strict = ContextDecision(delay=5, early_answer_ends_trial=True)
    for task, reward, end in ((lenient, 0.0, False), (strict, -0.1, True)):
        trial = task.trial(jax.random.key(0))
        feedback = task.judge(trial, jnp.array(10), jnp.array(1))
        assert float(feedback.reward) == pytest.approx(reward)
        assert bool(feedback.end) is end
        assert bool(feedback.early)


def test_a_trial_without_an_answer_ends_with_its_last_step():
    task = ContextDecision()
    trial = task.trial(jax.random.key(1))
    ends = [bool(task.judge(trial, jnp.array(s), jnp.array(0)).end) for s in range(int(trial.length))]
    assert ends == [False] * (len(ends) - 1) + [True]


@pytest.mark.parametrize(
    "task",
    [
        ContextDecision(),
        ContextDecision(stimulus=(1, 30), noise=0.8),
        ContextDecision.neurogym(),
        PerceptualDecision(),
    ],
)
def test_the_ceiling_is_what_the_sum_of_the_evidence_reaches(task):
    n = 40_000
    trials = draw(task, n=n, seed=7)
    first, per = 1, task.channels_per_modality
    stimulus = np.asarray(trials.observation)[:, :, first : first + per * task.n_modalities]
    stimulus = stimulus.reshape(n, task.longest_trial, task.n_modalities, per)
    evidence = stimulus[..., 0] - (stimulus[..., 1] if per == 2 else 0)
    total = np.where((np.asarray(trials.stage) == 1)[..., None], evidence, 0).sum(axis=1)
    relevant = np.take_along_axis(total, np.asarray(trials.context)[:, None], axis=1)[:, 0]
    right = np.mean(np.where(relevant > 0, 1, 2) == trials.choice)
    ceiling = task.ideal_observer_accuracy()
    assert right == pytest.approx(ceiling, abs=4 * np.sqrt(ceiling * (1 - ceiling) / n))


def test_known_ceilings():
    assert ContextDecision().ideal_observer_accuracy() >= 0.97
    assert ContextDecision.neurogym().ideal_observer_accuracy() == pytest.approx(0.941, abs=5e-4)
    assert ContextDecision(noise=0.0).ideal_observer_accuracy() == 1.0
    assert ContextDecision(coherences=(0.0,)).ideal_observer_accuracy() == 0.5


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"coherences": ()}, "coherences is empty"),
        ({"coherences": (1.5,)}, r"must lie in \[0, 1\]"),
        ({"noise": -0.1}, "noise is -0.1; it must be 0 or more"),
        ({"fixation": -3}, "fixation lasts -3 steps; it must last 0 or more"),
        ({"decision": 0}, "decision lasts 0 steps; it must last 1 or more"),
        ({"early_stages": ("fixatoin",)}, "did you mean 'fixation'"),
    ],
)
def test_impossible_settings_are_refused(settings, words):
    with pytest.raises(SettingsError, match=words):
        ContextDecision(**settings)


def test_an_unknown_stage_is_told_with_the_nearest_one():
    with pytest.raises(SettingsError, match="did you mean 'stimulus'"):
        ContextDecision().stage_input("stimuls", jnp.zeros(2), 0)


def noise_of(task, n=200):
    """What a trial's observation has beside the constant input of its stage: (trials, steps, inputs), and the stage."""
    trials = draw(task, n=n, seed=3)
    constant = jax.vmap(
        lambda c, k: jnp.stack([*(task.stage_input(name, c, k) for name in STAGES), jnp.zeros(task.n_inputs)])
    )(trials.coherence, trials.context)
    stage = np.asarray(trials.stage)
    return np.asarray(trials.observation) - np.asarray(constant)[np.arange(n)[:, None], stage], stage


@pytest.mark.parametrize(
    ("kind", "settings", "stages", "channels"),
    [
        ("gaussian", {}, ["stimulus"], [1, 2]),
        ("uniform", {"noise_stages": ("stimulus", "delay")}, ["stimulus", "delay"], [1, 2]),
        ("uniform", {"noise_channels": "all"}, ["stimulus"], range(5)),
        ("gaussian", {"noise_channels": "all", "noise_stages": "all"}, STAGES, range(5)),
        ("uniform", {"noise_channels": "all", "noise_stages": "all", "coding": "ring"}, STAGES, range(7)),
    ],
)
def test_noise_is_where_it_is_said_to_be(kind, settings, stages, channels):
    task = ContextDecision(noise=0.3, noise_kind=kind, **settings)
    noise, stage = noise_of(task)
    for index in range(5):
        for channel in range(task.n_inputs):
            here = noise[..., channel][stage == index]
            noisy = index < 4 and STAGES[index] in stages and channel in channels
            expected = 0.0 if not noisy else 0.3 if kind == "gaussian" else 0.3 / np.sqrt(3)
            assert here.std() == pytest.approx(expected, rel=0.1)
            if noisy and kind == "uniform":
                assert 0.29 < np.abs(here).max() <= 0.3 + 1e-6


def test_a_stage_of_noise_is_told_by_its_nearest_name():
    with pytest.raises(SettingsError, match="unknown stage in noise_stages 'stimulis'; did you mean 'stimulus'"):
        ContextDecision(noise_stages=("stimulis",))
    with pytest.raises(SettingsError, match="noise_kind: unknown value 'unifrom'; did you mean 'uniform'"):
        from_mapping(ContextDecision, {"noise_kind": "unifrom"}, "task")
    assert ContextDecision(noise_stages="all") == ContextDecision(noise_stages=STAGES)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, ""),
        ({"noise_kind": "uniform", "noise": 0.35, "noise_channels": "all", "noise_stages": "all"}, ""),
        ({"noise_kind": "uniform", "noise": 0.05}, "no error is possible: noise of 0.05 never turns the sign"),
        ({"noise_kind": "uniform", "noise": 0.05, "coding": "ring"}, ""),
        ({"noise_channels": "all", "noise_stages": "all"}, "an upper bound: noise on the context cue"),
        ({"noise_kind": "uniform", "noise": 0.6, "noise_channels": "all", "noise_stages": "all"}, "an upper bound"),
        ({"noise_stages": ("delay",)}, "no error is possible"),
    ],
)
def test_what_is_said_beside_the_ceiling(settings, words):
    task = ContextDecision(**settings)
    assert task.ceiling_remark.startswith(words) if words else task.ceiling_remark == ""
    assert (task.ideal_observer_accuracy() == 1) == ("no error" in words)
