"""What the runner costs and how fast a large store answers: writes benchmarks/studies.json and prints a table.

    python benchmarks/studies.py store|report|statistics|cores|kills [--out DIR]

store: 100,000 made-up networks in the format of a study, then sizes and times of opening it and asking it.
report: 10,000 made-up networks with arrays, 50 to a shard, then seconds and peak memory of writing their report, in a
    new process. The arrays are those of one small network that is trained for four updates and analysed (planes of five
    by five coherences in three stages, the course of three checkpoints, 16 units' groups); the labels of each made-up
    network are drawn anew. No atlases, units or causes. With --networks N of so many; with --widths W of so many δ.
statistics: the tables of the rules compared, of 100,000 made-up summaries in memory.
cores: six networks of about a minute, on one core and on two: the speedup, and what is neither training nor analysis.
kills: fifty random SIGKILLs over small studies (the test of that name), and what came of them.

With nothing else running: store takes minutes, cores and kills about ten each. Each part keeps the figures of
the others.
"""

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "studies.json"

LARGE = """
name = "large"
seeds = 1000
[tasks.ContextDecision]
[learners.ppo]
[learners.supervised]
[network]
n_hidden = 16
delta = {deltas}
"""

REPORTED = """
name = "reported"
seeds = {seeds}
[tasks.ContextDecision]
[learners.ppo]
environments = 8
steps = 16
[learners.supervised]
batch_size = 8
sequence_steps = 16
[network]
n_hidden = 16
delta = {deltas}
[stopping]
accuracy = false
updates = 4
evaluate_every = 2
evaluation_trials = 50
fresh_trials = 100
checkpoint_accuracies = []
checkpoint_updates = [2]
[planes]
points = 5
course = true
course_points = 2
course_trials = 20
effort = {{ settling_steps = 300, steps = 1000, extension = 1 }}
orbit_steps = 100
"""
PER_SHARD = 50

ALIKE = """
name = "alike"
seeds = 6
[tasks.ContextDecision]
[learners.supervised]
[network]
delta = 0.1
# as many updates for all, so that all take as long; few coherences, since orbits do not
[stopping]
accuracy = false
updates = 3200
evaluate_every = 100
[planes]
points = 3
effort = {{ extension = 1 }}
"""


def write_large(directory):
    """Write shards of 100 networks; their arrays and weights are small, their summaries are like real ones."""
    import jax
    import numpy as np
    import xarray as xr

    from attrax.networks import NetworkSettings, initialise
    from attrax.studies import parse_study
    from attrax.studies.execution import plan_jobs
    from attrax.studies.shards import NetworkResult, write_shard
    from attrax.studies.study_folder import make_folder, write_study

    study = parse_study(LARGE.format(deltas=[round(0.01 * k, 2) for k in range(1, 51)]))
    make_folder(directory)
    write_study(directory, study)
    rng = np.random.default_rng(0)
    network = initialise(NetworkSettings(delta=0.1, n_hidden=16), 5, 3, jax.random.key(0))
    for job in plan_jobs(study.conditions(), 100):
        results = []
        for condition in job.conditions:
            shares = dict(zip(("fixed", "cycle", "locked", "quasi", "chaotic", "divergent", "undecided"),
                              rng.dirichlet(np.ones(7)).tolist(), strict=True))  # fmt: skip
            summary = {
                "network": condition.identity, **condition.factors, "n_hidden": 16, "reached": bool(rng.random() < 0.9),
                "status": "reached", "accuracy": float(rng.random()), "accuracy_in_a_row": float(rng.random()),
                "early_answers": float(rng.random()), "updates": int(rng.integers(100, 900)),
                "trials": int(rng.integers(10_000, 90_000)), "spectral_radius": float(rng.random()),
                **{f"frac_{kind}": share for kind, share in shares.items()}, "period_excluded": 0,
                "relaxation_time": float(rng.random()), "trial_distance": float(rng.random()),
            }  # fmt: skip
            timing = {"network": condition.identity, "training_seconds": 40.0, "planes_seconds": 5.0, "host": "none"}
            arrays = xr.Dataset({"accuracy": ("update", rng.random(3))}, coords={"update": [0, 20, 40]})
            arrays = arrays.expand_dims(network=[condition.identity])
            results.append(
                NetworkResult(condition.identity, condition.settings, summary, timing, arrays, {"final": network})
            )
        write_shard(directory, results)


def write_reported(directory, n_networks, n_widths):
    """Write shards of networks whose arrays are those of one that was really trained, with other labels."""
    import tempfile as temporary_folders

    import numpy as np

    from attrax.analyses.stage_planes import plane_shares
    from attrax.dynamics import KINDS
    from attrax.studies import parse_study
    from attrax.studies.network_run import finish_network
    from attrax.studies.shards import write_shard
    from attrax.studies.study_folder import make_folder, write_study

    deltas = np.round(np.linspace(0.02, 0.5, n_widths), 6).tolist()
    study = parse_study(REPORTED.format(seeds=n_networks // (2 * n_widths), deltas=deltas))
    make_folder(directory)
    write_study(directory, study)
    conditions = study.conditions()
    with temporary_folders.TemporaryDirectory() as folder:
        real = finish_network(Path(folder), conditions[-1], lambda stage, progress: None)
    rng = np.random.default_rng(0)
    kinds = np.array(KINDS)
    for first in range(0, len(conditions), PER_SHARD):
        results = []
        for condition in conditions[first : first + PER_SHARD]:
            arrays = real.arrays.assign_coords(network=[condition.identity])
            likely = rng.dirichlet(np.ones(len(kinds)))
            for name in ("kind", "course_kind"):
                arrays[name] = (arrays[name].dims, rng.choice(kinds, arrays[name].shape, p=likely))
            arrays["accuracy"] = (arrays.accuracy.dims, np.sort(rng.random(arrays.accuracy.shape)))
            summary = {
                **real.summary, **condition.factors, "network": condition.identity, "reached": bool(rng.random() < 0.9),
                **plane_shares(arrays.isel(network=0)), "updates": int(rng.integers(100, 900)),
            }  # fmt: skip
            timing = {**real.timing, "network": condition.identity}
            results.append(real._replace(identity=condition.identity, settings=condition.settings, summary=summary,
                                         timing=timing, arrays=arrays))  # fmt: skip
        write_shard(directory, results)


REPORT = """
import json, resource, sys, time
begun = time.perf_counter()
import attrax
from attrax.reports import write_report
store = attrax.studies.open(sys.argv[1])
page = write_report(store)
print(json.dumps({
    "report_networks": len(store.conditions), "report_seconds": time.perf_counter() - begun,
    "report_processor_seconds": time.process_time(),
    "report_peak_memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    "report_page_mb": page.stat().st_size / 1e6,
}))
"""


def report(directory, n_networks=10_000, n_widths=50):
    if not (directory / "study.toml").is_file():
        write_reported(directory, n_networks, n_widths)
    found = in_new_process(REPORT, str(directory))
    assert found["report_networks"] == n_networks
    return {**found, "report_arrays_mb": sum(f.stat().st_size for f in directory.glob("shards/*/arrays.nc")) / 1e6}


STATISTICS = """
import json, resource, time
import numpy as np, pandas as pd
from attrax.studies import compare, describe, trend
measures = [f"frac_{kind}" for kind in ("fixed", "quasi", "locked", "chaotic", "divergent", "undecided")]
deltas, seeds, rng = np.round(0.01 * np.arange(1, 51), 2), np.arange(1000), np.random.default_rng(0)
table = pd.DataFrame([(l, d, s) for l in ("ppo", "supervised") for d in deltas for s in seeds],
                     columns=["learner", "delta", "seed"])
table[measures] = np.round(242 * rng.dirichlet(np.ones(7), len(table))[:, :6]) / 242
table = table.assign(task="made up", reached=rng.random(len(table)) < 0.9, status="reached")
found, begun, busy = {"statistics_networks": len(table)}, time.perf_counter(), time.process_time()
for name, made in (("describe", lambda: describe(table, measures)), ("trend", lambda: trend(table, measures)),
                   ("compare", lambda: compare(table, measures, "ppo", "supervised"))):
    before = time.process_time()
    made()
    found[f"statistics_{name}_processor_seconds"] = time.process_time() - before
found |= {"statistics_seconds": time.perf_counter() - begun, "statistics_processor_seconds": time.process_time() - busy,
          "statistics_peak_memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9}
print(json.dumps(found))
"""


def statistics_of_many(directory):
    return in_new_process(STATISTICS)


TIMED = """
import json, sys, time
begun = time.perf_counter()
import attrax
s = attrax.studies.open(sys.argv[1])
table = s.summary()
opened = time.perf_counter() - begun
begun = time.perf_counter()
s.query("SELECT learner, delta, avg(frac_quasi), count(*) FROM summary WHERE reached GROUP BY ALL ORDER BY ALL")
asked = time.perf_counter() - begun
print(json.dumps({"rows": len(table), "open_and_summary_seconds": opened, "query_seconds": asked}))
"""


def in_new_process(code, *arguments):
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def size(path):
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def store(directory):
    from attrax.studies import open as open_store
    from attrax.studies import parse_study, verify
    from attrax.studies.study_run import missing_conditions

    if not (directory / "study.toml").is_file():
        write_large(directory)
    shutil.rmtree(directory / "index", ignore_errors=True)
    begun = time.perf_counter()
    opened = open_store(directory)
    rows = len(opened.summary())
    rebuilt = time.perf_counter() - begun
    times = [in_new_process(TIMED, str(directory)) for _ in range(7)]
    study = parse_study((directory / "study.toml").read_text())
    begun = time.perf_counter()
    missing = missing_conditions(study, directory)
    planned = time.perf_counter() - begun
    begun = time.perf_counter()
    damage = verify(directory)
    verified = time.perf_counter() - begun
    assert rows == times[0]["rows"] == 100_000
    assert not missing
    assert not damage
    return {
        "store_networks": rows,
        "store_shards": len(list((directory / "shards").iterdir())),
        "store_summaries_mb": sum(f.stat().st_size for f in directory.glob("shards/*/summary.parquet")) / 1e6,
        "store_index_mb": size(directory / "index") / 1e6,
        "store_open_and_summary_seconds": statistics.median(t["open_and_summary_seconds"] for t in times),
        "store_query_seconds": statistics.median(t["query_seconds"] for t in times),
        "store_index_rebuilt_seconds": rebuilt,
        "store_nothing_missing_seconds": planned,
        "store_verify_seconds": verified,
    }


def cores(directory):
    """Return the speedup of two workers, and the share of a run that is neither training nor analysis."""
    from attrax.studies import open as open_store

    study = directory / "alike.toml"
    directory.mkdir(parents=True, exist_ok=True)
    study.write_text(ALIKE.format())
    walls, works = {}, {}
    for workers in (1, 2):
        out = directory / f"alike{workers}"
        shutil.rmtree(out, ignore_errors=True)
        begun = time.perf_counter()
        command = [sys.executable, "-m", "attrax", "run", str(study), "--out", str(out), "--workers", str(workers)]
        said = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        first = last = None
        for line in said.stderr:
            if first is None and "compiling" in line:
                first = time.perf_counter()
            if line.rstrip().endswith(": finished"):
                last = time.perf_counter()
        assert said.wait() == 0
        timing = open_store(out).timing()
        walls[workers] = (time.perf_counter() - begun, last - first)
        works[workers] = (timing.training_seconds + timing.planes_seconds).tolist()
    return {
        "cores_shard_seconds": statistics.median(works[1]),
        "cores_speedup": walls[1][1] / walls[2][1],
        "cores_speedup_with_start_and_report": walls[1][0] / walls[2][0],
        "cores_overhead_share": 1 - sum(works[1]) / walls[1][1],
        "cores_start_and_report_seconds": walls[1][0] - walls[1][1],
    }


def kills(directory):
    """Run the test of fifty kills; it says what it did."""
    begun = time.perf_counter()
    test = "tests/studies/test_interruptions.py::test_fifty_kills"
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-m", "slow", test]
    done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=False)
    said = re.search(r"(\d+) kills: (\d+) of a worker, (\d+) of the whole run; (\d+) studies", done.stdout)
    if done.returncode or said is None:
        raise SystemExit(done.stdout[-3000:])
    names = ("kills", "kills_of_a_worker", "kills_of_the_whole_run", "kills_studies")
    return {**dict(zip(names, map(int, said.groups()), strict=True)), "kills_seconds": time.perf_counter() - begun}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = {"store": store, "report": report, "statistics": statistics_of_many, "cores": cores, "kills": kills}
    parser.add_argument("what", choices=list(parts), nargs="+")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--networks", type=int, default=10_000, help="of the report")
    parser.add_argument("--widths", type=int, default=50, help="of the report")
    arguments = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    with tempfile.TemporaryDirectory() as temporary:
        for what in arguments.what:
            sizes = (arguments.networks, arguments.widths) if what == "report" else ()
            results |= parts[what]((arguments.out or Path(temporary)) / what, *sizes)
            results["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, python {platform.python_version()}"
            RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    for name, value in results.items():
        print(f"| `{name}` | {value:,.4g} |" if isinstance(value, float) else f"| `{name}` | {value} |")


if __name__ == "__main__":
    main()
