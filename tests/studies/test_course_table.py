"""One checkpoint of every network, as a table."""

import numpy as np
import pytest

from attrax.settings import SettingsError


def test_networks_are_compared_at_equal_updates_trials_or_accuracy(tiny_store):
    equal = tiny_store.summary_at(updates=2)
    assert equal.reached.all()
    assert (equal.updates == 2).all()
    shares = equal[[name for name in equal if name.startswith("frac_") and name != "frac_locked"]]
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (tiny_store.summary_at(trials=30).trials >= 30).all()
    late = tiny_store.summary_at(accuracy=0.9)
    assert len(late) == 2
    assert not late.reached.any()
    assert late.frac_quasi.isna().all()
    assert late.frac_locked.isna().all()
    with pytest.raises(SettingsError, match=r"no checkpoint at updates=3; it has .*updates=2"):
        tiny_store.summary_at(updates=3)
    with pytest.raises(SettingsError, match="one of"):
        tiny_store.summary_at(updates=2, trials=30)
