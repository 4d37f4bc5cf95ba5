"""The demo, as a newcomer runs it: minutes."""

import subprocess
import sys

import pytest

from attrax.studies import open as open_store


@pytest.mark.slow
def test_the_demo_shows_an_oscillation_under_ppo_at_the_broad_width(tmp_path):
    out = tmp_path / "demo"
    command = [sys.executable, "-m", "attrax", "demo", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"The page is {out.resolve()}/report/index.html" in done.stdout
    findings = [line.removeprefix("- ") for line in done.stdout.splitlines() if line.startswith("- ")]
    subjects = ["Training", "Stimulus stage at δ = 0.15", "Stimulus stage at δ = 0.06", "Do trials get there?"]
    # a sentence on trials in a row may follow
    assert all(finding.startswith(subject) for finding, subject in zip(findings[:4], subjects, strict=True))
    store = open_store(out)
    assert store.summary().reached.all()
    planes = store.planes().sel(stage="stimulus", start="stage")
    ppo = planes.isel(network=(planes.learner == "ppo") & (planes.delta == 0.15)).isel(network=0)
    quasi = (ppo.kind == "quasi-periodic").values
    locked = ((ppo.kind == "cycle") & (ppo.period > 10)).values
    assert (quasi | locked).any()
    exponents, errors = ppo.exponents.values[quasi], ppo.exponent_error.values[quasi]
    assert (abs(exponents[:, 0]) <= 1e-3).all()
    assert (exponents[:, 1] < 0).all() or (ppo.torus_dimension.values[quasi] == 2).any()
    assert (errors[:, 0] < 1e-3).all()
    assert ppo.certified.values[locked].all()
