"""Information and selectivity of units against DRIADA: do they agree, who finds what is not there, how fast is each?

    .venv/bin/python benchmarks/populations.py agreement --driada /path/to/driada/python
    .venv/bin/python benchmarks/populations.py significance --driada /path/to/driada/python
    .venv/bin/python benchmarks/populations.py speed --driada /path/to/driada/python
    .venv/bin/python benchmarks/populations.py page

The first three write benchmarks/populations/*.json (together some ten minutes on one core; DRIADA in an environment of
its own: benchmarks/populations.md says how), the last benchmarks/populations.md from them.
"""

# ruff: noqa: E501 - sentences of the page

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

if __name__ == "__main__":  # before what takes long to import, so that --help answers at once
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["agreement", "significance", "speed", "page", "one-run"])
    parser.add_argument("recording", nargs="?", choices=["trials", "free"], help="of one-run")
    parser.add_argument("correction", nargs="?", help="of one-run")
    parser.add_argument("--driada", help="the Python of DRIADA's environment")
    ARGUMENTS = parser.parse_args()

from attrax.one_thread import ONE_THREAD

os.environ |= ONE_THREAD  # before NumPy is imported

import numpy as np
import scipy
from scipy.signal import lfilter

from attrax.populations import category_information, copula_information, selectivity
from attrax.populations.dependence import DependenceTest
from attrax.populations.features import read_recording
from attrax.populations.multiple_testing import first_stage
from attrax.populations.normal_scores import normal_scores
from attrax.populations.shuffles import correlation_time

HERE = Path(__file__).parent / "populations"
SEEDS = range(10)
NOMINAL = 0.01


def peer(python, part, **arrays):
    """Run a part of DRIADA's side."""
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch, "in.npz"), Path(scratch, "out.npz")
        np.savez(source, **arrays)
        command = [python, str(HERE / "peer_driada.py"), part, str(source), str(target)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise RuntimeError(f"{part}: {ended.stderr.strip().splitlines()[-1]}")
        with np.load(target) as file:
            return dict(file)


def slow(correlation, shape, rng):
    """Stationary noise of variance 1 with a correlation from sample to sample."""
    noise = np.sqrt(1 - correlation**2) * rng.normal(size=(shape[0] + 300, *shape[1:]))
    return lfilter([1.0], [1.0, -correlation], noise, axis=0)[300:]


def ours(activity, features, kinds):
    ask = {"quantity": copula_information, "category": category_information}
    return np.stack([ask[kind](activity, one) for one, kind in zip(features.T, kinds, strict=True)], axis=1)


# ---- the same data, the same information? ----

CORRELATIONS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)
LEAST = 0.05  # bits from which on relative differences are taken
WEIGHTS = (0.0, 0.3, 0.6, 1.0, 2.0)
TIED = ("continuous", "coherence", "context", "time", "context as category")


def untied(seed, n=5000):
    """Units correlated with a quantity; the second feature is the half that each sample's quantity belongs to."""
    rng = np.random.default_rng([seed, 1])
    quantity = rng.normal(size=n)
    noise = rng.normal(size=(n, len(CORRELATIONS)))
    activity = quantity[:, None] * CORRELATIONS + noise * np.sqrt(1 - np.square(CORRELATIONS))
    return activity, np.column_stack([quantity, np.digitize(quantity, [-0.5, 0.5])]), np.array(["quantity", "category"])


def tied(seed, trials=250, steps=40):
    """ReLU units, silent about half of the time, each tuned to one feature so strongly; features as "
    "tasks have them."""
    rng = np.random.default_rng([seed, 2])
    trial = np.repeat(np.arange(trials), steps)
    strengths = np.array([-1, -0.6, -0.3, -0.15, -0.05, 0.05, 0.15, 0.3, 0.6, 1])
    features = np.column_stack(
        [
            slow(0.9, (trials * steps,), rng),
            rng.choice(strengths, trials)[trial],
            rng.integers(0, 2, trials)[trial],
            np.tile(np.arange(steps), trials),
        ]
    )
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    noise = slow(0.9, (trials * steps, len(WEIGHTS), 4), rng)
    activity = np.maximum(noise + scaled[:, None] * np.array(WEIGHTS)[:, None], 0)  # samples, weights, features
    return activity, features


def agreement(python):
    bare = {"exact": [], "as_it_comes": [], "category_exact": [], "category_as_it_comes": []}
    levels = []
    for seed in range(3):
        activity, features, kinds = untied(seed)
        mine = ours(activity, features, kinds)
        found = peer(python, "information", activity=activity, features=features, kinds=kinds)
        for name in ("exact", "as_it_comes"):
            gap = np.abs(found[name] - mine)
            bare[name].append(gap[:, 0].tolist())
            bare["category_" + name].append(gap[:, 1].tolist())
        levels.append(mine[:, 0].tolist())
    result = {
        "versions": {name: str(found[name]) for name in ("version", "numpy", "scipy")},
        "quantile_error": float(found["quantile_error"]),
        "correlations": CORRELATIONS,
        "untied_bits": np.median(levels, axis=0).tolist(),
        "untied_gaps": {name: np.max(gaps, axis=0).tolist() for name, gaps in bare.items()},
        "tied": [],
    }
    activity, features = tied(0)
    n, rng = len(activity), np.random.default_rng(3)
    orders = [np.arange(n), np.arange(n)[::-1], *(rng.permutation(n) for _ in range(20))]
    for column, name in enumerate(TIED):
        source = min(column, 2 if "category" in name else column)
        kinds = np.array(["category" if "category" in name else "quantity"])
        units, feature = activity[:, :, source], features[:, [source]]
        sorted_ = np.argsort(feature[:, 0], kind="stable")
        found = peer(
            python, "information", activity=units, features=feature, kinds=kinds,
            orders=np.array([*orders, sorted_]), draws=100,
        )  # fmt: skip
        mine = ours(units, feature, kinds)[:, 0]
        other = np.stack([ours(units[order], feature[order], kinds)[:, 0] for order in (*orders[1:4], sorted_)])
        theirs, drawn = found["orders"][:, :, 0], found["drawn"][:, :, 0]
        for weight in range(len(WEIGHTS)):
            here = theirs[:, weight]
            result["tied"].append(
                {
                    "feature": name,
                    "weight": WEIGHTS[weight],
                    "zero": float((units[:, weight] == 0).mean()),
                    "attrax": float(mine[weight]),
                    "attrax_other_orders": float(np.abs(other[:, weight] - mine[weight]).max()),
                    "recorded": float(here[0]),
                    "reversed": float(here[1]),
                    "permuted": [float(here[2:-1].min()), float(here[2:-1].mean()), float(here[2:-1].max())],
                    "sorted": float(here[-1]),
                    "drawn_mean": float(drawn[:, weight].mean()),
                    "drawn_sd": float(drawn[:, weight].std(ddof=1)),
                }
            )
    names = ("continuous", "coherence", "context", "time", "context, -1 and 1")
    given = np.column_stack([features, 2 * features[:, 2] - 1])
    units = slow(0.9, given.shape, rng) + given / given.std(axis=0)
    detected = peer(python, "types", activity=units, features=given)
    result["detected"] = {
        name: {key: detected[key][k].item() for key in ("discrete", "classes", "detected", "named")}
        for k, name in enumerate(names)
    }
    return result


# ---- which units are significant? ----

QUANTITIES, UNITS, SAMPLES = 5, 60, 5000


def recording(seed):
    """Five quantities and a category, slow; 60 units, half of them rectified, of which 33 are tuned to nothing."""
    rng = np.random.default_rng([seed, 4])
    features = np.column_stack([slow(c, (SAMPLES,), rng) for c in (0.8, 0.85, 0.9, 0.9, 0.95, 0.95)])
    features[:, 5] = features[:, 5] > 0
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    activity, planted = slow(0.9, (SAMPLES, UNITS), rng), np.zeros((UNITS, 6))
    for unit, weight in enumerate(np.repeat([1.0, -1.0, 0.3, -0.15], 6)):
        activity[:, unit] += weight * scaled[:, unit % 6]
        planted[unit, unit % 6] = weight
    for unit in (24, 25, 26):  # most active in the middle
        activity[:, unit] -= 0.7 * np.abs(scaled[:, unit % 6])
        planted[unit, unit % 6] = np.nan
    activity[:, ::2] = np.maximum(activity[:, ::2], 0)
    return activity, features, planted


def names_of(features):
    return {f"feature {k}": column for k, column in enumerate(features.T)}


def nearest_shifts(activity, features):
    """Return, of each feature, the shifts that attrax leaves out, so that DRIADA can be told to do the same."""
    units = correlation_time(normal_scores(activity).mean).max()
    return np.maximum(units, correlation_time(features))


def first_stages(activity, features, tuning):
    """Return which pairs pass attrax's first stage."""
    test = DependenceTest(read_recording(activity, names_of(features), None), 0, "copula", tuning, 10_000)
    return np.stack([first_stage(*test.of(feature).strength) for feature in test._recording.features], axis=1)


COMPARED = {
    "any / by_type": ("any", "by_type, masked"),
    "any / by_type, all shifts": ("any", "by_type"),
    "monotone / raw": ("monotone", "raw, masked"),
    "monotone / raw, all shifts": ("monotone", "raw"),
    "any / raw": ("any", "raw, masked"),
    "monotone / raw, gamma and noise": ("monotone", "raw, masked, noise"),
    "DRIADA / DRIADA, other seed": ("by_type, masked, other seed", "by_type, masked"),
}


def significance(python):
    base = {"mode": "two_stage", "significance": NOMINAL, "correction": "holm", "seed": 0}
    settings = {
        name: {**base, "representation": name.split(",")[0], "masked": "masked" in name} | more
        for name, more in {
            "by_type, masked": {},
            "by_type": {},
            "raw, masked": {},
            "raw": {},
            "raw, masked, noise": {"law": "gamma", "noise": 1e-3},
            "by_type, masked, other seed": {"seed": 1},
        }.items()
    }
    tables = {name: np.zeros((4, 4), int) for name in COMPARED}  # planted class x (both, first, second, neither)
    first = {"attrax": [0, 0], "DRIADA": [0, 0]}
    causes, listed, ratios = {name: {} for name in COMPARED}, [], {}
    for seed in SEEDS:
        activity, features, planted = recording(seed)
        kinds = np.array(["quantity"] * QUANTITIES + ["category"])
        nearest = nearest_shifts(activity, features)
        found = peer(
            python, "significance", activity=activity, features=features, kinds=kinds, nearest=nearest,
            settings=json.dumps(settings),
        )  # fmt: skip
        passed = {name: found[f"{name}/first"] > 0 for name in settings}
        decided = {name: found[f"{name}/significant"] > 0 for name in settings}
        p_values = {}
        for tuning in ("any", "monotone"):
            mine = selectivity(
                activity, names_of(features), correction="two-stage", significance=NOMINAL, tuning=tuning
            )
            decided[tuning] = mine.significant.values
            p_values[tuning] = mine.p_uncorrected.values
            passed[tuning] = first_stages(activity, features, tuning)
        nothing = planted == 0
        for name, one in (("attrax", "any"), ("DRIADA", "by_type, masked")):
            first[name][0] += int(passed[one][nothing].sum())
            first[name][1] += int(nothing.sum())
        for tuning, other in (("any", "by_type, masked"), ("monotone", "raw, masked")):
            a, b = p_values[tuning], found[f"{other}/p"]
            for (unit, column), one in np.ndenumerate(a):
                if column == QUANTITIES and tuning == "monotone":  # the same as before
                    continue
                if 1e-12 < one < 0.02 and b[unit, column] < 1:  # both have a p, and one that matters
                    kind = "category" if column == QUANTITIES else f"quantity, {tuning}"
                    key = f"{kind}, {'with' if unit % 2 == 0 else 'without'} ties"
                    ratios.setdefault(key, []).append(float(np.log10(max(b[unit, column], 1e-300) / one)))
        which = np.select([np.isnan(planted), np.abs(planted) >= 1, planted != 0], [1, 2, 3], 0)
        for name, (one, other) in COMPARED.items():
            a, b = decided[one], decided[other]
            for row in range(4):
                here = which == row
                tables[name][row] += [(m & here).sum() for m in (a & b, a & ~b, ~a & b, ~a & ~b)]
            for unit, column in np.argwhere(a != b):
                alike = passed[one][unit, column] == passed[other][unit, column]
                reason = "; ".join(
                    (
                        f"found by the {'first' if a[unit, column] else 'second'}",
                        "second stage" if alike else "first stage",
                        "with ties" if unit % 2 == 0 else "without ties",
                    )
                )
                causes[name][reason] = causes[name].get(reason, 0) + 1
                if name == "any / by_type":
                    listed.append(
                        {
                            "seed": seed,
                            "unit": int(unit),
                            "feature": int(column),
                            "planted": None if np.isnan(planted[unit, column]) else float(planted[unit, column]),
                            "reason": reason,
                            "p_attrax": float(p_values["any"][unit, column]),
                            "p_driada": float(found[f"{other}/p"][unit, column]),
                        }
                    )
        print("significance", seed, {name: table.tolist() for name, table in tables.items()}, flush=True)
    return {
        "versions": {name: str(found[name]) for name in ("version", "numpy", "scipy")},
        "seeds": len(SEEDS),
        "classes": ["none", "bent", "strong", "weak"],
        "tables": {name: table.tolist() for name, table in tables.items()},
        "first_stage_of_untuned": first,
        "causes": causes,
        "listed": listed,
        "log10_p_ratios": {
            key: [len(found), *np.quantile(found, [0.25, 0.5, 0.75]).tolist()] for key, found in sorted(ratios.items())
        },
        "trials": false_positives(python),
    }


def untuned_trials(seed, trials=125, steps=40):
    """Features constant in trials; untuned units, slow, with a level of their own in each."""
    rng = np.random.default_rng([seed, 5])
    trial = np.repeat(np.arange(trials), steps)
    strengths = np.array([-1, -0.6, -0.3, -0.15, -0.05, 0.05, 0.15, 0.3, 0.6, 1])
    features = np.column_stack([rng.choice(strengths, (trials, 2)), rng.integers(0, 2, (trials, 4))])[trial]
    activity = slow(0.9, (trials * steps, UNITS), rng) + rng.normal(size=(trials, UNITS))[trial]
    activity[:, ::2] = np.maximum(activity[:, ::2], 0)
    return activity, features, trial


def false_positives(python):
    base = {"significance": NOMINAL, "seed": 0, "representation": "by_type"}
    holm, none = {"mode": "two_stage", "correction": "holm"}, {"mode": "stage2", "correction": None}
    settings = {
        f"{rule}, {mask}": {**base, **more, "masked": mask == "masked"}
        for rule, more in (("two-stage", holm), ("none", none))
        for mask in ("masked", "all shifts")
    }
    counts, recordings = {}, {}
    for seed in SEEDS:
        activity, features, trial = untuned_trials(seed)
        kinds = np.array(["quantity"] * 2 + ["category"] * 4)
        found = peer(
            python, "significance", activity=activity, features=features, kinds=kinds,
            nearest=nearest_shifts(activity, features), settings=json.dumps(settings),
        )  # fmt: skip
        decided = {f"DRIADA, {name}": found[f"{name}/significant"] > 0 for name in settings}
        # p alone: INTENSE's rule also asks for a rank among the five largest, which is a level of its own
        for mask in ("masked", "all shifts"):
            decided[f"DRIADA, p only, {mask}"] = found[f"none, {mask}/p"] < NOMINAL
        for rule in ("two-stage", "none"):
            for name, given in (("trials", trial), ("one recording", None)):
                result = selectivity(activity, names_of(features), given, correction=rule, significance=NOMINAL)
                decided[f"attrax, {rule}, {name}"] = result.significant.values
        for name, which in decided.items():
            counts[name] = counts.get(name, 0) + int(which.sum())
            recordings[name] = recordings.get(name, 0) + int(which.any())
        print("untuned", seed, counts, flush=True)
    return {"pairs": len(SEEDS) * UNITS * 6, "found": counts, "recordings": recordings}


# ---- how fast? ----

RUNS = 3


def task_recording(trials=250, steps=40, units=250):
    """250 units in 250 trials of 40 steps, a third of them tuned; six features of a task."""
    rng = np.random.default_rng(6)
    trial = np.repeat(np.arange(trials), steps)
    strengths = np.array([-1, -0.6, -0.3, -0.15, -0.05, 0.05, 0.15, 0.3, 0.6, 1])
    per_trial = np.column_stack([rng.choice(strengths, (trials, 2)), rng.integers(0, 2, (trials, 2))])
    correct = rng.random((trials, 1)) < 0.85
    features = np.column_stack([np.hstack([per_trial, correct])[trial], np.tile(np.arange(steps), trials)])
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    activity = slow(0.9, (trials * steps, units), rng) + rng.normal(size=(trials, units))[trial]
    for unit in range(units // 3):
        activity[:, unit] += rng.choice([-1, 1]) * rng.uniform(0.3, 1.5) * scaled[:, unit % 6]
    kinds = np.array(["quantity", "quantity", "category", "category", "category", "quantity"])
    return np.maximum(activity, 0), features, trial, kinds


def free_recording(samples=10_000, units=250):
    """250 units, four quantities, no trials."""
    rng = np.random.default_rng(7)
    features = slow(0.9, (samples, 4), rng)
    activity = slow(0.9, (samples, units), rng)
    for unit in range(units // 3):
        activity[:, unit] += rng.choice([-1, 1]) * rng.uniform(0.1, 1.0) * features[:, unit % 4]
    return np.maximum(activity, 0), features, None, np.array(["quantity"] * 4)


WORK = {"trials": task_recording, "free": free_recording}


def one_run(name, correction):
    """Measure attrax once, in this process: the first call, seconds and the peak of resident memory."""
    activity, features, trial, _ = WORK[name]()
    begun, used = time.perf_counter(), time.process_time()
    found = selectivity(activity, names_of(features), trial, correction=correction, significance=NOMINAL)
    seconds, used = time.perf_counter() - begun, time.process_time() - used
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer = {"seconds": seconds, "processor": used, "megabytes": memory}
    answer["significant"] = found.significant.values.sum(axis=0).tolist()
    print(json.dumps(answer))


def speed(python):
    result = {}
    for name, make in WORK.items():
        activity, features, _, kinds = make()
        nearest = nearest_shifts(activity, features)
        runs = {who: [] for who in ("attrax", "attrax, two-stage", "DRIADA, raw", "DRIADA, by_type")}
        for _ in range(RUNS):  # in turn, so that a busy machine hits all of them
            for who, correction in (("attrax", "fdr"), ("attrax, two-stage", "two-stage")):
                command = [sys.executable, __file__, "one-run", name, correction]
                ended = subprocess.run(command, capture_output=True, text=True, check=True)
                runs[who].append(json.loads(ended.stdout.strip().splitlines()[-1]))
            for representation in ("raw", "by_type"):
                settings = {
                    "mode": "two_stage", "significance": NOMINAL, "correction": "holm", "seed": 0,
                    "representation": representation, "masked": True,
                }  # fmt: skip
                found = peer(
                    python, "speed", activity=activity, features=features, kinds=kinds, nearest=nearest,
                    settings=json.dumps(settings),
                )  # fmt: skip
                values = {key: found[key].tolist() for key in ("seconds", "processor", "megabytes", "significant")}
                runs[f"DRIADA, {representation}"].append(values)
            print(name, {k: [round(x["seconds"], 2) for x in v] for k, v in runs.items()}, flush=True)
        result[name] = {
            who: {
                "seconds": statistics.median(run["seconds"] for run in all_),
                "all_seconds": [run["seconds"] for run in all_],
                "processor": statistics.median(run["processor"] for run in all_),
                "megabytes": max(run["megabytes"] for run in all_),
                "significant": all_[0]["significant"],
            }
            for who, all_ in runs.items()
        }
        result[name]["ratios"] = {
            who: statistics.median(
                b["seconds"] / a["seconds"] for a, b in zip(runs["attrax, two-stage"], runs[who], strict=True)
            )
            for who in ("DRIADA, raw", "DRIADA, by_type")
        }
    result["versions"] = {name: str(found[name]) for name in ("version", "numpy", "scipy")}
    return result


def percent(part, whole, digits=1):
    return f"{100 * part / whole:.{digits}f} %"


def said(text):
    """Lines of a paragraph, or of a point of a list."""
    return textwrap.wrap(text, 112, subsequent_indent="  " * text.startswith("- "), break_long_words=False)


def agreement_lines(result):
    gaps = result["untied_gaps"]
    exact, rough = (max(*gaps[name], *gaps[f"category_{name}"]) for name in ("exact", "as_it_comes"))
    strong = [row for row in result["tied"] if row["attrax"] >= LEAST]
    mean_gap = max(abs(row["drawn_mean"] / row["attrax"] - 1) for row in strong)
    recorded = [abs(row["recorded"] / row["attrax"] - 1) for row in strong]
    reordered = max(row["attrax_other_orders"] for row in result["tied"])
    lost = max(1 - row["sorted"] / row["attrax"] for row in strong)
    met = {True: "met", False: "not met"}
    yield "## The same information?"
    yield ""
    yield from said(
        "**Without ties.** 5,000 samples, three recordings; the greatest difference in bits. The "
        "category is which of "
        f"three parts of its range the quantity is in. With exact quantiles at most {exact:.0e} "
        "bits: the target, 1e-6, "
        f"is {met[exact <= 1e-6]}. As DRIADA comes, at most {rough:.0e}: {met[rough <= 1e-6]}, for its compiled path "
        f"takes normal quantiles from a rational approximation (`ndtri_approx`, off by up to "
        f"{result['quantile_error']:.1e}); its other path (`gcmi._JIT_AVAILABLE = False`) takes SciPy's."
    )
    yield from (
        "",
        "| correlation | bits | exact quantiles | as it comes | category, exact | category, as it comes |",
        "|---|---|---|---|---|---|",
    )
    for k, correlation in enumerate(result["correlations"]):
        cells = [f"{gaps[name][k]:.0e}" for name in ("exact", "as_it_comes", "category_exact", "category_as_it_comes")]
        yield f"| {correlation} | {result['untied_bits'][k]:.4f} | {' | '.join(cells)} |"
    yield ""
    yield from said(
        "**With ties.** 10,000 samples in trials of 40; ReLU units, zero half of the time, tuned "
        "with a weight. attrax "
        "takes the mean of the scores over all orders of equal values; DRIADA ranks equal values as its sort leaves "
        "them, so that its answer hangs on the order of the samples: as recorded, reversed, in 20 "
        "random orders (least "
        "to greatest), sorted by the feature. “Ties at random”: DRIADA with equal values ranked at "
        "random beforehand, "
        "each variable by itself; mean and standard deviation of 100 draws."
    )
    yield from (
        "",
        "| feature | weight | attrax | ties at random | their mean | recorded | reversed | 20 orders | sorted |",
        "|---|---|---|---|---|---|---|---|---|",
    )
    for row in result["tied"]:
        away = f"{100 * (row['drawn_mean'] / row['attrax'] - 1):+.1f} %" if row["attrax"] >= LEAST else "-"
        cells = [
            row["feature"], f"{row['weight']}", f"{row['attrax']:.4f}",
            f"{row['drawn_mean']:.4f} ± {row['drawn_sd']:.4f}", away, f"{row['recorded']:.4f}",
            f"{row['reversed']:.4f}", f"{row['permuted'][0]:.4f} to {row['permuted'][-1]:.4f}", f"{row['sorted']:.4f}",
        ]  # fmt: skip
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield from said(
        f"- From {LEAST} bits up (nearer to 0 a relative difference says nothing) attrax is within "
        f"{100 * mean_gap:.1f} % of "
        "DRIADA's mean over random ranks: in that sense the target, 1 %, is "
        f"{met[mean_gap <= 0.01]}. With the samples "
        f"in another order attrax's answers change by at most {reordered:.0e} bits."
    )
    yield from said(
        f"- With DRIADA's one answer to the samples as recorded it is {met[max(recorded) <= 0.01]}: "
        f"{sum(gap <= 0.01 for gap in recorded)} of {len(strong)} are within 1 %, the worst is "
        f"{100 * max(recorded):.0f} % "
        "off. Where both variables have long ties, equal values of both are left in related orders, "
        "and that counts as "
        "dependence: of two contexts as a quantity DRIADA gives far more than any random ranks do. "
        "Where the units alone "
        "have long ties it goes either way, by about the scatter of random ranks, or more where the "
        "order of the samples "
        f"follows the feature: sorted by it up to {100 * lost:.0f} % are lost."
    )
    categories = [row for row in strong if "category" in row["feature"]]
    off = max(abs(row[name] / row["attrax"] - 1) for row in categories for name in ("recorded", "reversed"))
    yield from said(
        "- Of a category only the units' ties matter: told the classes, DRIADA is off by up to "
        f"{100 * off:.0f} % as recorded or reversed."
    )
    detected = result["detected"]
    yield ""
    yield from said(
        "DRIADA was told the types above. Left to itself it takes these for discrete, with so many "
        "classes once values "
        "are rounded to whole numbers, and finds so much about a unit tuned to each:"
    )
    yield from ("", "| feature | taken for | classes | bits then | bits, told the classes |", "|---|---|---|---|---|")
    for name, found in detected.items():
        what = "discrete" if found["discrete"] else "continuous"
        classes = found["classes"] or "-"
        yield f"| {name} | {what} | {classes} | {found['detected']:.4f} | {found['named']:.4f} |"
    yield ""
    yield from said(
        "Coherences from -1 to 1 become three classes. Classes below 0 are left out of its sum over "
        "classes (which runs "
        "from 0 to the greatest)."
    )
    yield ""


CLASS_NAMES = {"none": "untuned", "bent": "tuned to the middle", "strong": "weight ±1", "weak": "weight 0.3 or -0.15"}


def significance_lines(result):
    seeds, trials = result["seeds"], result["trials"]
    tables = {name: np.array(table) for name, table in result["tables"].items()}
    table = tables["any / by_type"]
    both, one, other, _ = table.sum(axis=0)
    agreed = 1 - (one + other) / table.sum()
    yield "## Which units are significant?"
    yield ""
    yield from said(
        f"{seeds} recordings without trials: {UNITS} units (every other one ReLU), 5 quantities and a category, "
        f"{SAMPLES:,} samples, all slow; 27 pairs of a recording are planted. Two-stage rule at 0.01 (100 and 10,000 "
        "shuffles, Holm), no delays, no removal of negative tuning, DRIADA's noise 0 (its default "
        "with `gamma_zi`; one "
        "row has `gamma` and 1e-3 bits). “by_type” is DRIADA's quadratic representation, near to "
        '`tuning="any"`; “raw” to '
        '`"monotone"`. attrax leaves out shifts within the correlation time; so was DRIADA told to, '
        "by a mask, but for "
        "“all shifts”."
    )
    yield ""
    yield from said(
        f"Of all pairs {100 * agreed:.2f} % agree (any / by_type): the target, 98 %, is "
        f"{'met' if agreed >= 0.98 else 'not met'}. "
        "Most pairs are untuned, and easy; of those that either finds, "
        f"{percent(both, both + one + other)} are found by "
        "both. The last row is what DRIADA's own seed does."
    )
    yield from (
        "",
        "| attrax / DRIADA | agree | both | only the first | only the second | of the found, both |",
        "|---|---|---|---|---|---|",
    )
    for name, counts in tables.items():
        both, one, other, _ = counts.sum(axis=0)
        cells = [percent(counts.sum() - one - other, counts.sum(), 2), both, one, other]
        yield f"| {name} | {' | '.join(map(str, cells))} | {percent(both, both + one + other)} |"
    yield from (
        "",
        "| planted (any / by_type) | both | only attrax | only DRIADA | neither |",
        "|---|---|---|---|---|",
    )
    for name, row in zip(result["classes"], table, strict=True):
        yield f"| {CLASS_NAMES[name]} | {' | '.join(str(number) for number in row)} |"
    yield from (
        "",
        "| compared | disagreements, by who finds the pair, the stage that differs, and the unit |",
        "|---|---|",
    )
    for name, found in result["causes"].items():
        listed = "; ".join(f"{count} " + why.replace("; ", ", ") for why, count in sorted(found.items()))
        yield f"| {name} | {listed} |"
    first = {name: percent(*counts) for name, counts in result["first_stage_of_untuned"].items()}
    yield from ("", "Causes:", "")
    yield from said(
        f"- *First stage.* Of untuned pairs {first['DRIADA']} pass DRIADA's 100 drawn shifts and "
        f"{first['attrax']} attrax's 100, which are spread evenly over all: other luck for weak pairs."
    )
    yield from said(
        "- *Ties.* Ranked as they come they add noise to statistic and shuffles alike, so that "
        "DRIADA's p are larger for "
        "weakly tuned ReLU units (below): what attrax alone finds."
    )
    yield from said(
        "- *Law of the second stage.* Both fit a gamma distribution; DRIADA to the shuffles' "
        "information less its bias, "
        "cut at 0, attrax (of quantities) to the information before that, whose law without dependence is a gamma "
        "distribution. With one degree of freedom (raw) DRIADA's p are smaller by it; with two, or "
        "of categories, alike."
    )
    yield from said("- *Shifts near 0* (“all shifts”): rolled by so little, the recording is nearly itself.")
    yield from said("- *Form of tuning* (“any / raw”): all units tuned to the middle.")
    yield from ("", "| log10 of DRIADA's p over attrax's | pairs | quartiles |", "|---|---|---|")
    for name, (count, *quartiles) in result["log10_p_ratios"].items():
        yield f"| {name} | {count} | {', '.join(f'{value:+.2f}' for value in quartiles)} |"
    yield ""
    yield "### Untuned units with trials"
    yield ""
    yield from said(
        f"{seeds} recordings of 125 trials of 40 steps: {UNITS} units with a level of their own in each trial, six "
        f"features constant in trials, nothing tuned to anything: {trials['pairs']:,} pairs. At "
        "0.01: over the pairs of a "
        "recording (two-stage; but corrected over the survivors of the first stage only), or for each pair (none). "
        "“p only” leaves out DRIADA's demand that fewer than five shuffles be as large."
    )
    yield from ("", "| who, rule, shuffles | pairs found | share | recordings with any |", "|---|---|---|---|")
    for name, count in trials["found"].items():
        yield f"| {name} | {count} | {percent(count, trials['pairs'], 2)} | {trials['recordings'][name]} of {seeds} |"
    yield ""
    yield from said(
        "Rolling the whole recording mixes the trials that come to overlap, so that shuffles are less extreme than "
        "unrelated trials are: by either tool. Permuted trials keep the level."
    )
    yield ""


def speed_lines(result):
    slowest = max(result[name]["attrax"]["processor"] for name in WORK)
    elapsed = max(result[name]["attrax"]["seconds"] for name in WORK)
    most = max(result[name]["attrax"]["megabytes"] for name in WORK)
    yield "## How fast?"
    yield ""
    yield from said(
        f"One thread; medians of {RUNS} runs in turn, each in a process of its own, on a machine that did other work "
        "beside; memory: the peak of the process. “Trials”: 250 units, 6 features (coherences, context, choice, "
        "correctness, time in trial), 10,000 samples in trials of 40. “Free”: 250 units, 4 "
        "quantities, 10,000 samples, all "
        "shifts. Every third unit is tuned to one feature. DRIADA: two stages (100, 10,000), one process, compiled "
        "before. The targets, 5 s on one core and 1 GB, are "
        f"{'met' if slowest < 5 and most < 1000 else 'not met'}: at most "
        f"{slowest:.1f} s of the processor ({elapsed:.1f} s on the clock, with what else was "
        f"running) and {most:.0f} MB."
    )
    yield from (
        "",
        "| data | who | processor s | clock s | peak MB | processor, / attrax two-stage | found, by feature |",
        "|---|---|---|---|---|---|---|",
    )
    for name in WORK:
        for who, found in result[name].items():
            if who != "ratios":  # those are of the clock
                ratio = found["processor"] / result[name]["attrax, two-stage"]["processor"]
                cells = [
                    name, who, f"{found['processor']:.2f}", f"{found['seconds']:.2f}", f"{found['megabytes']:.0f}",
                    f"{ratio:.2f} times", ", ".join(f"{n:.0f}" for n in found["significant"]),
                ]  # fmt: skip
                yield f"| {' | '.join(cells)} |"
    yield ""
    yield from said(
        "With trials DRIADA rolls the recording, which costs less than permuting trials and finds no "
        "unit tuned to time "
        "in trial: rolled by whole trials, that feature is itself."
    )


def null_lines(result):
    yield from ("", "## How often is an unrelated unit found?", "")
    yield from said(
        "`benchmarks/null_rates.py`: 1,000 recordings without any dependence for each row, ten units each, slow (0.9 from "
        "step to step; 0.97 in the row of the ramp) and, with 50 trials of 30 steps, beginning anew in each with a level "
        "of their own, rectified; 1,000 shuffles (without trials all shifts of 2,000 samples), so that p below 0.01 are of "
        "the fitted tail. Shares of the tests at or below a level; rows marked WRONG are what the shuffles named there "
        "would do, and why attrax does not use them."
    )
    levels = [f"{level:g}" for level in result["levels"]]
    yield from ("", f"| feature, shuffles | tests | {' | '.join(levels)} |", "|---|---|" + "---|" * len(levels))
    for name, rates in result["rates"].items():
        yield f"| {name} | {result['tested'][name]:,} | {' | '.join(f'{rate:.4f}' for rate in rates)} |"
    yield ""
    yield from said(
        "Where trials move as wholes the rates are nominal. Shifts of a whole recording are nominal for a feature without "
        "memory, and up to twice (at 0.001: three times) too frequent for one as slow as the units: the two ends of a "
        "recording that are joined by rolling do not fit, and shifts in a row are alike. Take p of a few in 10,000 "
        "from slow recordings without trials as such."
    )


def write_page() -> None:
    results = {name: json.loads((HERE / f"{name}.json").read_text()) for name in ("agreement", "significance", "speed")}
    theirs, mine = results["speed"]["versions"], results["speed"]["ours"]
    minutes = sum(result["minutes"] for result in results.values())
    opening = said(
        "Made by `.venv/bin/python benchmarks/populations.py agreement`, `significance` and `speed` "
        "(each with `--driada "
        "/path/to/driada/python`), then `page`, on one thread of a shared machine "
        f"({results['speed']['machine']}, NumPy {mine['numpy']}, SciPy {mine['scipy']}; "
        f"{minutes:.0f} minutes), against "
        f"DRIADA {theirs['version']} (NumPy {theirs['numpy']}, SciPy {theirs['scipy']}) in an "
        "environment of its own: "
        "`python -m venv .driada && .driada/bin/pip install driada==1.2.2`. Its side is "
        "`benchmarks/populations/peer_driada.py`. Seeds are fixed."
    )
    lines = [
        "# Information and selectivity against DRIADA",
        "",
        *opening,
        "",
        *agreement_lines(results["agreement"]),
        *significance_lines(results["significance"]),
        *speed_lines(results["speed"]),
        *null_lines(json.loads((HERE / "null_rates.json").read_text())),
        "",
    ]
    HERE.with_suffix(".md").write_text("\n".join(lines), encoding="utf-8")


def main(arguments) -> None:
    if arguments.part == "one-run":
        one_run(arguments.recording, arguments.correction)
        return
    if arguments.part == "page":
        write_page()
        return
    part = {"agreement": agreement, "significance": significance, "speed": speed}[arguments.part]
    begun = time.perf_counter()
    result = part(arguments.driada)
    result["machine"] = f"{platform.machine()}, Python {platform.python_version()}"
    result["ours"] = {"numpy": np.__version__, "scipy": scipy.__version__}
    result["minutes"] = (time.perf_counter() - begun) / 60
    path = HERE / f"{arguments.part}.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main(ARGUMENTS)
