"""The ceiling against a closed form, and against an observer who computes the posterior of every trial."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrax.tasks.context_decision import ContextDecision
from attrax.tasks.ideal_observer import accuracy_of, gaussian_choice, uniform_choice
from attrax.tasks.perceptual_decision import PerceptualDecision
from attrax.tasks.trial import STAGES


def uniform_accuracy(coherences, *noise):
    return accuracy_of(coherences, uniform_choice(coherences, *noise))


def gaussian_accuracy(coherences, *noise):
    return accuracy_of(coherences, gaussian_choice(coherences, *noise))


SEVERAL = (0.05, 0.15, 0.15, 0.3, 0.6)


@pytest.mark.parametrize(("coherence", "half_width", "steps"), [(0.1, 0.35, 20), (0.05, 0.2, 7), (0.3, 0.31, 1)])
def test_one_strength_and_one_channel_in_closed_form(coherence, half_width, steps):
    error = (1 - coherence / half_width) ** steps / 2
    assert uniform_accuracy((coherence,), half_width, steps, 1) == pytest.approx(1 - error, abs=1e-15)


@pytest.mark.parametrize("channels", [1, 2])
def test_noise_that_never_turns_the_sign_allows_no_error(channels):
    assert uniform_accuracy((0.1, 0.5), 0.0999 / channels, 3, channels) == 1.0
    assert uniform_accuracy((0.1, 0.5), 0.0, 3, channels) == 1.0
    assert uniform_accuracy((0.0,), 0.3, 3, channels) == 0.5


def posterior_choice(task, trials, context):
    """Return P(+) for each trial by Bayes' rule over all signed coherences, from the likelihood of every sample."""
    observation, stage = np.asarray(trials.observation, float), np.asarray(trials.stage)
    per = task.channels_per_modality
    seen = np.stack([observation[np.arange(len(stage)), :, 1 + context * per + side] for side in range(per)], axis=-1)
    signed = np.array([sign * c for c in task.coherences for sign in (1, -1)])
    plus = np.array([sign > 0 for _ in task.coherences for sign in (1, -1)])
    means = np.stack([0.5 + signed / 2, 0.5 - signed / 2], axis=-1) if per == 2 else signed[:, None]
    away = seen[:, :, None] - means  # trials, steps, hypotheses, channels
    if task.noise_kind == "uniform":
        log = np.where(np.abs(away) <= task.noise * (1 + 1e-6), 0.0, -np.inf)  # observations are float32
    else:
        log = -(away**2) / (2 * task.noise**2)
    log = np.where((stage == STAGES.index("stimulus"))[:, :, None, None], log, 0.0).sum(axis=(1, 3))
    weight = np.exp(log - log.max(axis=1, keepdims=True))
    return (weight * plus).sum(axis=1) / weight.sum(axis=1)


@pytest.mark.parametrize(
    "task",
    [
        ContextDecision(noise_kind="uniform", noise=0.5, coherences=SEVERAL, stimulus=6),
        ContextDecision(noise_kind="uniform", noise=0.5, coherences=SEVERAL, stimulus=4, coding="ring"),
        ContextDecision(noise_kind="uniform", noise=0.4, coherences=(0.0, 0.1, 0.4), stimulus=(2, 5)),
        ContextDecision(noise_kind="uniform", noise=0.5, noise_channels="all", noise_stages="all", stimulus=3),
        PerceptualDecision(noise_kind="uniform", noise=1.2, coherences=SEVERAL, stimulus=9),
        ContextDecision(noise=0.8, coherences=SEVERAL, stimulus=5),
        ContextDecision(noise=0.8, coherences=SEVERAL, stimulus=5, coding="ring"),
    ],
)  # fmt: skip
def test_the_ceiling_is_what_an_observer_reaches_who_computes_the_posterior(task):
    n = 20_000
    trials = jax.jit(jax.vmap(task.trial))(jax.random.split(jax.random.key(11), n))
    context = np.asarray(trials.context)
    p = posterior_choice(task, trials, context)
    is_plus = np.asarray(trials.choice) == 1
    tied = np.abs(p - 0.5) < 1e-9
    right = np.where(tied, 0.5, (p > 0.5) == is_plus).mean()
    ceiling = task.ideal_observer_accuracy()
    assert 0.55 < ceiling < 0.99
    assert right == pytest.approx(ceiling, abs=4 * np.sqrt(ceiling * (1 - ceiling) / n))
    counts = np.asarray(trials.coherence)[np.arange(n), context]
    answered = np.where(tied, 0.5, p > 0.5)
    for level, plus in zip(*task.ideal_observer_choice(), strict=True):
        here = answered[np.isclose(counts, level, atol=1e-6)]
        assert here.mean() == pytest.approx(plus, abs=4.5 * np.sqrt(max(plus * (1 - plus), 1e-3) / here.size))


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=4), st.floats(0.01, 2), st.integers(1, 12), st.sampled_from([1, 2])
)
def test_more_steps_and_less_noise_never_hurt(coherences, half_width, steps, channels):
    here = uniform_accuracy(coherences, half_width, steps, channels)
    assert 0.5 - 1e-12 <= here <= 1
    assert uniform_accuracy(coherences, half_width, steps + 1, channels) >= here - 1e-12
    assert uniform_accuracy(coherences, half_width / 2, steps, channels) >= here - 1e-12
    assert gaussian_accuracy(coherences, half_width, steps + 1) >= gaussian_accuracy(coherences, half_width, steps)
