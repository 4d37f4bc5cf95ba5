"""DRIADA's side of benchmarks/populations.py, in an environment of its own: a part, a file to read, a file to write.

/path/to/driada/python benchmarks/populations/peer_driada.py information in.npz out.npz

Seconds to minutes, by what is in the file; benchmarks/populations.py calls it.
"""

import argparse
import contextlib
import io
import json
import resource
import time
import warnings
from importlib.metadata import version

if __name__ == "__main__":  # before what takes long to import, so that --help answers at once
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["information", "types", "significance", "speed"])
    parser.add_argument("source", help="a file to read (.npz)")
    parser.add_argument("target", help="a file to write (.npz)")
    ARGUMENTS = parser.parse_args()

import numpy as np

warnings.simplefilter("ignore")
with contextlib.redirect_stdout(io.StringIO()):
    import driada.information.gcmi as gcmi
    from driada.information.info_base import TimeSeries, get_1d_mi
    from driada.intense.intense_base import compute_me_stats
    from driada.intense.representations import build_quadratic_1d


def series(values, kind, name, mask=None):
    """Say what a feature is: DRIADA's own detection is measured apart, in `types`."""
    ts_type = "linear" if kind == "quantity" else "categorical"
    return TimeSeries(np.asarray(values, float), ts_type=ts_type, name=name, shuffle_mask=mask)


def information(activity, features, kinds):
    units = [series(column, "quantity", f"u{k}") for k, column in enumerate(activity.T)]
    wanted = [series(column, kind, f"f{k}") for k, (column, kind) in enumerate(zip(features.T, kinds, strict=True))]
    return np.array([[get_1d_mi(unit, one, check_for_coincidence=False) for one in wanted] for unit in units])


def at_random(values, rng):
    """Replace each column by ranks in which equal values are ranked at random."""
    ranks = np.empty(values.shape)
    for column in range(values.shape[1]):
        ranks[np.lexsort((rng.random(len(values)), values[:, column])), column] = np.arange(len(values))
    return ranks


def part_information(data):
    activity, features, kinds = data["activity"], data["features"], data["kinds"]
    found = {"as_it_comes": information(activity, features, kinds)}
    grid = np.arange(1, len(activity) + 1) / (len(activity) + 1)
    approximate = gcmi.copnorm(np.arange(len(activity)) * 1.0).ravel()
    gcmi._JIT_AVAILABLE = False  # its own other path: quantiles from SciPy
    exact = gcmi.copnorm(np.arange(len(activity)) * 1.0).ravel()
    found |= {"exact": information(activity, features, kinds), "quantile_error": np.abs(approximate - exact).max()}
    assert np.allclose(exact, gcmi.ndtri(grid))
    gcmi._JIT_AVAILABLE = True
    if "orders" in data:
        found["orders"] = np.stack([information(activity[o], features[o], kinds) for o in data["orders"]])
    if "draws" in data:
        rng = np.random.default_rng(0)
        drawn = []
        for _ in range(int(data["draws"])):
            ranked = at_random(features, rng)
            ranked[:, kinds == "category"] = features[:, kinds == "category"]
            drawn.append(information(at_random(activity, rng), ranked, kinds))
        found["drawn"] = np.stack(drawn)
    return found


def part_types(data):
    """What DRIADA takes features for if not told, and what units say about them then and if told the classes."""
    found = {"discrete": [], "classes": [], "detected": [], "named": []}
    for k, column in enumerate(data["features"].T):
        one, unit = TimeSeries(np.asarray(column, float), name=f"x{k}"), series(data["activity"][:, k], "quantity", "u")
        codes = np.unique(column, return_inverse=True)[1]
        named = series(codes, "category", f"x{k}") if one.discrete else one
        found["discrete"].append(one.discrete)
        found["classes"].append(len(np.unique(one.int_data)) if one.discrete else 0)
        found["detected"].append(get_1d_mi(unit, one, check_for_coincidence=False))
        found["named"].append(get_1d_mi(unit, named, check_for_coincidence=False))
    return {key: np.array(values) for key, values in found.items()}


def intense(activity, features, kinds, nearest, settings):
    """Run INTENSE; return what is significant, p and whether the first stage was passed."""
    units = [series(column, "quantity", f"u{k}") for k, column in enumerate(activity.T)]
    wanted, n = [], len(activity)
    for k, (column, kind) in enumerate(zip(features.T, kinds, strict=True)):
        mask = np.ones(n, bool)
        if settings["masked"]:
            mask[: nearest[k]] = mask[n - nearest[k] + 1 :] = False
        one = series(column, kind, f"f{k}", mask)
        if settings["representation"] == "by_type" and kind == "quantity" and np.unique(column).size > 2:
            one = build_quadratic_1d(one, name=f"f{k}_quad")
        wanted.append(one)
    names = list(range(len(units))), list(range(len(wanted)))
    with contextlib.redirect_stderr(io.StringIO()):
        stats, significant, _ = compute_me_stats(
            units, wanted, *names, mode=settings["mode"], n_shuffles_stage1=100,
            n_shuffles_stage2=settings.get("shuffles", 10_000), pval_thr=settings["significance"],
            multicomp_correction=settings["correction"], find_optimal_delays=False,
            metric_distr_type=settings.get("law", "gamma_zi"), noise_ampl=settings.get("noise", 1e-3),
            enable_parallelization=False, n_jobs=1, verbose=False, seed=settings["seed"],
        )  # fmt: skip
    table = {name: np.zeros((len(units), len(wanted))) for name in ("significant", "p", "first", "information")}
    for i in names[0]:
        for j in names[1]:
            table["significant"][i, j] = bool(significant[i][j].get("stage2", False))
            table["first"][i, j] = bool(significant[i][j].get("stage1", False))
            p = stats[i][j].get("pval")
            table["p"][i, j] = 1.0 if p is None else p
            table["information"][i, j] = stats[i][j].get("me") or 0.0
    return table


def part_significance(data):
    found = {}
    for name, settings in json.loads(str(data["settings"])).items():
        table = intense(data["activity"], data["features"], data["kinds"], data["nearest"], settings)
        found |= {f"{name}/{key}": value for key, value in table.items()}
    return found


def part_speed(data):
    """Time the test alone; what is compiled is compiled before, on a few samples."""
    settings = json.loads(str(data["settings"]))
    few = np.arange(400)
    intense(data["activity"][few, :2], data["features"][few], data["kinds"], data["nearest"] * 0 + 1, settings)
    begun, used = time.perf_counter(), time.process_time()
    found = intense(data["activity"], data["features"], data["kinds"], data["nearest"], settings)
    seconds, used = time.perf_counter() - begun, time.process_time() - used
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": seconds, "processor": used, "megabytes": memory, "significant": found["significant"].sum(axis=0)
    }  # fmt: skip


if __name__ == "__main__":
    with np.load(ARGUMENTS.source) as file:
        given = dict(file)
    result = globals()[f"part_{ARGUMENTS.part}"](given)
    np.savez(ARGUMENTS.target, version=version("driada"), numpy=np.__version__, scipy=version("scipy"), **result)
