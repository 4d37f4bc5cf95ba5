"""Settings of the analyses."""

import pytest

from attrax.analyses import (
    PopulationSettings,
)
from attrax.settings import SettingsError


def test_a_threshold_below_zero_is_refused():
    """An activity is never below it: every unit would be active for every choice."""
    with pytest.raises(SettingsError, match=r"threshold is -0.1; it must be 0 or more"):
        PopulationSettings(threshold=-0.1)
