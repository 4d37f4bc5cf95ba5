"""How often unrelated units are called selective: 1,000 null recordings for each kind of feature, and ways that fail.

Units are slow (a correlation of 0.9 from step to step). Where there are trials, each begins anew, and units have a
level of their own in it.

    .venv/bin/python benchmarks/null_rates.py

Writes benchmarks/populations/null_rates.json; about three minutes on one core.
"""

import argparse
import json
from pathlib import Path

if __name__ == "__main__":  # before what takes long to import, so that --help answers at once
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()

import numpy as np
from scipy.signal import lfilter

from attrax.populations import mixed_selectivity, selectivity

RUNS, UNITS, TRIALS, STEPS = 1000, 10, 50, 30
LEVELS = (0.05, 0.01, 0.001, 1e-4)
TRIAL, STEP = np.repeat(np.arange(TRIALS), STEPS), np.tile(np.arange(STEPS), TRIALS)
OUT = Path(__file__).parent / "populations" / "null_rates.json"


def slow(correlation, steps, units, rng):
    """Return stationary activity with a correlation from step to step."""
    noise = np.sqrt(1 - correlation**2) * rng.normal(size=(steps + 300, units))
    return lfilter([1.0], [1.0, -correlation], noise, axis=0)[300:]


def trials_anew(correlation, rng):
    """Return slow activity that begins anew in each trial."""
    return slow(correlation, STEPS, TRIALS * UNITS, rng).reshape(STEPS, TRIALS, UNITS).swapaxes(0, 1).reshape(-1, UNITS)


def recording(rng):
    """Return units that follow themselves and their trial, rectified: a third of the samples are zero."""
    return np.maximum(trials_anew(0.9, rng) + rng.normal(size=(TRIALS, UNITS))[TRIAL] + 0.6, 0.0)


def features(rng):
    """Return features that have nothing to do with it."""
    strengths = np.array([-1, -0.6, -0.3, -0.15, -0.05, 0.05, 0.15, 0.3, 0.6, 1])
    return {
        "coherence": rng.choice(strengths, TRIALS)[TRIAL],
        "context": rng.permutation(np.arange(TRIALS) % 2)[TRIAL],
        "time": STEP.astype(float),
        "stage": STEP // 10,
    }


def cases():
    """Yield name, and how to get the p values of a run."""
    yield (
        "coherence, trials permuted",
        lambda rng, run: selectivity(recording(rng), {"f": features(rng)["coherence"]}, TRIAL, run, shuffles=1000),
    )
    yield (
        "context, trials permuted",
        lambda rng, run: selectivity(recording(rng), {"f": features(rng)["context"]}, TRIAL, run, shuffles=1000),
    )
    yield (
        "time in trial, shifts within trials",
        lambda rng, run: selectivity(recording(rng), {"f": features(rng)["time"]}, TRIAL, run, shuffles=1000),
    )
    yield (
        "stage, shifts within trials",
        lambda rng, run: selectivity(recording(rng), {"f": features(rng)["stage"]}, TRIAL, run, shuffles=1000),
    )
    yield (
        "white feature, whole recording shifted",
        lambda rng, run: selectivity(slow(0.9, 2000, UNITS, rng), {"f": rng.normal(size=2000)}, None, run),
    )
    yield (
        "slow feature (0.9), whole recording shifted",
        lambda rng, run: selectivity(slow(0.9, 2000, UNITS, rng), {"f": slow(0.9, 2000, 1, rng)[:, 0]}, None, run),
    )
    yield (
        "WRONG: coherence, whole recording shifted",
        lambda rng, run: selectivity(recording(rng), {"f": features(rng)["coherence"]}, None, run),
    )
    yield (
        "WRONG: context, whole recording shifted",
        lambda rng, run: selectivity(recording(rng), {"f": features(rng)["context"]}, None, run),
    )


def plain_sums_within_trials(rng, run):
    """Return p of shifts within trials without the spread over trials: what a plain correlation would give."""
    activity, ramp = trials_anew(0.97, rng), STEP[:STEPS] - STEP[:STEPS].mean()
    rolled = np.stack([np.roll(ramp, shift) for shift in range(STEPS)], axis=1)
    products = activity.reshape(TRIALS, STEPS, UNITS).transpose(0, 2, 1) @ rolled  # trials, units, shifts
    chosen = np.random.default_rng(run).integers(0, STEPS, (500, TRIALS))
    shuffled = np.abs(products[np.arange(TRIALS), :, chosen].sum(axis=1))
    observed = np.abs(products[:, :, 0].sum(axis=0))
    return ((shuffled >= observed).sum(axis=0) + 1) / 501


def given_the_choice(rng, run):
    """Return p of the coherence where the choice is fixed, of units that follow the choice alone."""
    found = features(rng)
    choice = (found["coherence"] + 0.3 * rng.normal(size=TRIALS)[TRIAL] > 0) * 1
    activity = recording(rng) + choice[:, None]
    mixed = mixed_selectivity(activity, {"f": found["coherence"], "choice": choice}, TRIAL, run, shuffles=200)
    return mixed.conditional_p_uncorrected.sel(feature="f", given="choice").values


def main():
    """Run everything and write it."""
    rates, sizes = {}, {}
    everything = [(name, lambda rng, run, how=how: how(rng, run).p_uncorrected.values.ravel()) for name, how in cases()]
    everything += [
        ("WRONG: ramp in time, plain sums within trials", plain_sums_within_trials),
        ("coherence given the choice (200 runs)", given_the_choice),
    ]
    for name, how in everything:
        runs = 200 if "200 runs" in name else RUNS
        found = np.concatenate([np.atleast_1d(how(np.random.default_rng([run, 11]), run)) for run in range(runs)])
        tested = found[np.isfinite(found)]
        rates[name], sizes[name] = [float((tested <= level).mean()) for level in LEVELS], int(tested.size)
        print(f"{name:50} {tested.size:6}", *(f"{rate:.5f}" for rate in rates[name]), flush=True)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"levels": LEVELS, "rates": rates, "tested": sizes}, indent=1) + "\n")


if __name__ == "__main__":
    main()
