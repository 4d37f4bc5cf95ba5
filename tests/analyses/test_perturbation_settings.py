"""Settings of perturbations."""

import pytest

from attrax.analyses.perturbation_settings import PerturbationSettings
from attrax.settings import SettingsError


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"trials": 405}, "trials is 405; it must be a multiple of 10"),
        ({"draws": 0}, "draws is 0"),
        ({"points": 1}, "points is 1; it must be 2 or more"),
        ({"noise_sizes": ()}, r"noise_sizes \[\]: there must be one or more"),
        ({"weight_sizes": (0.2, 0.1)}, "above 0 and rising"),
        ({"lesion_shares": (0.5, 1.0)}, "each must be below 1"),
        ({"damping": (1.0,)}, "at least 0 and below 1"),
        ({"damping": (0.5, 0.5)}, "each must be there once"),
        ({"stages": ("all", "stimulos")}, "did you mean 'stimulus'"),
        ({"stages": ("stimulus",)}, "stages must name 'all'"),
    ],
)
def test_settings_that_cannot_be_are_refused(given, words):
    with pytest.raises(SettingsError, match=words):
        PerturbationSettings(**given)
