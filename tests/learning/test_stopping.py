"""Stopping rules that cannot be."""

import pytest

from attrax.learning import StoppingRule, train
from attrax.learning.ppo import PPO
from attrax.settings import SettingsError
from attrax.tasks.context_decision import ContextDecision


def test_a_criterion_out_of_reach_is_refused_with_the_ceiling(small_network):
    with pytest.raises(SettingsError, match=r"accuracy 0\.95 cannot be reached.*94\.09 %"):
        train(ContextDecision.neurogym(), small_network, PPO())
    ceiling = ContextDecision().ideal_observer_accuracy()
    with pytest.raises(SettingsError, match="cannot be reached"):
        StoppingRule(accuracy=ceiling).check_ceiling(ceiling)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"accuracy": 1.0}, "must be below 1"),
        ({"accuracy": 0.0}, "must be above 0"),
        ({"updates": 0}, "updates is 0"),
        ({"trials": 0}, "trials is 0"),
        ({"evaluation_trials": 15}, "multiple of 10"),
        ({"fresh_trials": 1500}, "multiple of the 1000"),
        ({"checkpoint_accuracies": (0.5, 1.2)}, "between 0 and 1"),
    ],
)
def test_impossible_rules_are_refused(settings, words):
    with pytest.raises(SettingsError, match=words):
        StoppingRule(**settings)
