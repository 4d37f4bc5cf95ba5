"""The small plane that is labelled before and after a perturbation."""

import numpy as np
import pytest
import xarray as xr

from attrax.analyses.perturbation_settings import PerturbationSettings
from attrax.analyses.perturbed_planes import kind_shares, small_plane, where_it_winds
from attrax.dynamics import KINDS
from attrax.tasks.context_decision import ContextDecision

TASK, SETTINGS = ContextDecision(), PerturbationSettings(points=2)


def labelled(kind, period=(0, 0, 0, 0), amplitude=(0.1, 0.2, 0.3, 0.4)):
    return xr.Dataset({name: ("point", np.array(values)) for name, values in
                       {"kind": kind, "period": period, "amplitude": amplitude}.items()})  # fmt: skip


def test_shares_are_of_all_kinds_in_their_order():
    shares = kind_shares(labelled(["fixed point", "chaotic", "fixed point", "cycle"]))
    assert dict(zip(KINDS, shares, strict=True)) == dict.fromkeys(KINDS, 0.0) | {
        "fixed point": 0.5, "chaotic": 0.25, "cycle": 0.25,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "period", "where"),
    [
        (["fixed point", "quasi-periodic", "chaotic", "fixed point"], (1, 0, 0, 1), 2),
        (["cycle"] * 4, (2, 3, 2, 2), 1),  # a cycle of two steps does not wind
        (["fixed point"] * 4, (1, 1, 1, 1), None),
    ],
)
def test_it_winds_most_where_the_widest_oscillation_is(kind, period, where):
    coherence, winds = where_it_winds(TASK, labelled(kind, period), SETTINGS)
    assert winds == (where is not None)
    expected = np.zeros(2) if where is None else small_plane(TASK, SETTINGS)[where]
    np.testing.assert_array_equal(coherence, expected)
