"""Efforts that cannot be."""

import pytest

from attrax.dynamics import Effort
from attrax.settings import SettingsError


def test_impossible_efforts_are_refused():
    with pytest.raises(SettingsError, match="steps is 10; it must be 1000 or more"):
        Effort(steps=10)
    with pytest.raises(SettingsError, match="extension is 0"):
        Effort(extension=0)
