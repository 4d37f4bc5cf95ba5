"""What tests of a network on its task share."""

import pytest

from attrax.analyses import network_on_task as room
from attrax.learning.compiled_training import initial_network
from attrax.networks import NetworkSettings


@pytest.fixture
def counted(monkeypatch):
    """How often each costly thing is made."""
    calls = dict.fromkeys(("states_of_trials", "states_at_stage_ends", "record_units", "groups_in_trials"), 0)
    for name in calls:
        really = getattr(room, name)

        def count(*arguments, name=name, really=really):
            calls[name] += 1
            return really(*arguments)

        monkeypatch.setattr(room, name, count)
    return calls


@pytest.fixture
def networks(easy_task):
    settings = NetworkSettings(delta=0.6, n_hidden=16)
    return {"initial": initial_network(easy_task, settings, 1), "final": initial_network(easy_task, settings, 0)}
