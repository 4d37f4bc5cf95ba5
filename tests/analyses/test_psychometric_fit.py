"""Known observers are recovered, and as often inside their intervals as these say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.analyses.psychometric_fit import PARAMETERS, fit_psychometric

STRENGTHS = np.array([-0.6, -0.3, -0.15, -0.05, 0.05, 0.15, 0.3, 0.6])


def observer(truth, rng, trials=4000):
    """Counts of answers by a logistic observer with known threshold, slope, lapse and weight of what is irrelevant."""
    threshold, slope, lapse, weight = truth
    coherence, irrelevant = (values.ravel() for values in np.meshgrid(STRENGTHS, STRENGTHS))
    total = rng.multinomial(trials, np.full(coherence.size, 1 / coherence.size))
    p = lapse / 2 + (1 - lapse) / (1 + np.exp(-slope * (coherence + weight * irrelevant - threshold)))
    return coherence, rng.binomial(total, p), total, irrelevant


@pytest.mark.parametrize("truth", [(0.04, 12.0, 0.08, 0.15), (-0.1, 5.0, 0.03, 0.0), (0.0, 25.0, 0.2, -0.1)])
def test_a_large_sample_gives_the_truth(truth):
    fit = fit_psychometric(*observer(truth, np.random.default_rng(0), trials=2_000_000))
    for name, known in zip(PARAMETERS, truth, strict=True):
        assert getattr(fit, name) == pytest.approx(known, rel=0.02, abs=0.003)


def inside(truth, seeds):
    counted = np.zeros(len(PARAMETERS))
    for seed in seeds:
        fit = fit_psychometric(*observer(truth, np.random.default_rng(seed)))
        counted += (fit.low <= truth) & (truth <= fit.high)
    return counted / len(seeds)


@pytest.mark.parametrize(
    "truth", [(0.04, 12.0, 0.08, 0.15), pytest.param((-0.1, 6.0, 0.05, 0.3), marks=pytest.mark.slow)]
)
def test_the_truth_lies_in_95_percent_of_200_intervals(truth):
    share = inside(np.array(truth), range(200))
    assert share.min() >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 200)
    assert share.max() <= 1


def test_without_an_irrelevant_coherence_it_has_no_weight():
    coherence, plus, total, _ = observer((0.1, 8.0, 0.1, 0.0), np.random.default_rng(1), trials=20_000)
    fit = fit_psychometric(coherence, plus, total)
    assert np.isnan(fit.irrelevant_weight)
    assert np.isnan(fit.low[3])
    assert fit.low[1] < 8 < fit.high[1]
    np.testing.assert_allclose(fit.probability([-9.0, 0.1, 9.0]), [fit.lapse / 2, 0.5, 1 - fit.lapse / 2], atol=0.05)


def test_answers_that_step_say_that_the_slope_is_without_bound():
    total = np.full(8, 500)
    fit = fit_psychometric(STRENGTHS, np.where(STRENGTHS > 0, total, 0), total)
    assert fit.high[1] == 1000
    assert fit.low[1] > 50
    assert fit.lapse == pytest.approx(0, abs=1e-3)
    assert -0.05 <= fit.low[0] < fit.high[0] <= 0.05


def test_one_coherence_tells_nothing():
    fit = fit_psychometric(np.array([0.3, 0.3]), np.array([3, 4]), np.array([10, 10]))
    assert np.isnan([fit.threshold, fit.slope, fit.lapse, *fit.low]).all()


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="plus must lie between 0 and total"):
        fit_psychometric(STRENGTHS, np.full(8, 5), np.full(8, 4))


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_turning_the_sign_of_everything_turns_threshold_alone(seed):
    coherence, plus, total, irrelevant = observer((0.07, 9.0, 0.1, 0.2), np.random.default_rng(seed), trials=3000)
    here = fit_psychometric(coherence, plus, total, irrelevant)
    there = fit_psychometric(-coherence, total - plus, total, -irrelevant)
    assert there.threshold == pytest.approx(-here.threshold, abs=2e-4)
    assert there.slope == pytest.approx(here.slope, rel=5e-3)
    assert there.lapse == pytest.approx(here.lapse, abs=1e-3)
    assert there.irrelevant_weight == pytest.approx(here.irrelevant_weight, abs=2e-3)
