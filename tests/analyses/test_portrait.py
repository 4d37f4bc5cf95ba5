"""The portrait of one network: everything once, and nothing again after an interruption."""

import numpy as np

from attrax.analyses import PlaneSettings, PopulationSettings
from attrax.analyses.portrait import ATTRACTORS, CAUSES, UNITS, portrait
from attrax.dynamics import Effort
from attrax.learning import Progress

QUICK = Effort(settling_steps=300, steps=1000, extension=1)


def asked_for(*, everything: bool):
    planes = PlaneSettings(points=3, effort=QUICK, trials=4, orbit_steps=50, course=everything, course_points=2,
                           course_trials=20, atlas=everything, atlas_samples=8)  # fmt: skip
    return planes, PopulationSettings(units=everything, trials=40, shuffles=100, permutations=100)


def test_a_portrait_records_the_final_network_once(easy_task, networks, counted):
    """It was recorded five times, and trials at the plane's points were run once for each stage."""
    progress = {"initial": Progress(0, 0, 0.4), "final": Progress(4, 40, 0.6)}
    said = []
    found = portrait(easy_task, networks, progress, *asked_for(everything=True), say=said.append)
    assert said == [ATTRACTORS, UNITS]
    assert CAUSES not in said
    assert counted["record_units"] == 3  # the final network; the untrained one, and that as the course's checkpoint
    assert counted["states_at_stage_ends"] == easy_task.n_contexts
    assert found.units is not None
    final = found.arrays.course_kind.sel(checkpoint="final")
    plane = found.arrays.kind.sel(stage="stimulus", start="stage")
    np.testing.assert_array_equal(final.transpose(*plane.dims).values, plane.values)
    assert set(found.columns) >= {"frac_fixed", "atlas_fixed", "first_quasi_updates", "group_imbalance"}


def test_a_portrait_that_is_interrupted_repeats_nothing(easy_task, networks):
    """Interrupted after each part in turn, it asks only for the parts that were not kept."""
    progress = {"initial": Progress(0, 0, 0.4), "final": Progress(4, 40, 0.6)}
    kept, computed = {}, []

    class Stop(Exception):
        pass

    def keep(name, compute):
        if name not in kept:
            computed.append(name)
            kept[name] = compute()
            raise Stop
        return kept[name]

    found = None
    while found is None:
        try:
            found = portrait(easy_task, networks, progress, *asked_for(everything=True), keep)
        except Stop:
            continue
    assert len(computed) == len(set(computed))
    parts = {"stimulus 0", "groups", "atlas 0", "checkpoint 0", "checkpoint 4", "turnover 2", "units balance"}
    assert parts <= set(computed)
    again = portrait(easy_task, networks, progress, *asked_for(everything=True))
    assert found.arrays.identical(again.arrays)
    assert found.columns.keys() == again.columns.keys()
