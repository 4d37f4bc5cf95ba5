"""What the runner costs and how fast a large store answers: writes benchmarks/studies.json and prints a table.

    python benchmarks/studies.py store|cores|kills [--out DIR]

store: 100,000 made-up networks in the format of a study, then sizes and times of opening it and asking it.
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
    parser.add_argument("what", choices=["store", "cores", "kills"], nargs="+")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    with tempfile.TemporaryDirectory() as temporary:
        for what in arguments.what:
            results |= {"store": store, "cores": cores, "kills": kills}[what]((arguments.out or Path(temporary)) / what)
            results["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, python {platform.python_version()}"
            RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    for name, value in results.items():
        print(f"| `{name}` | {value:,.4g} |" if isinstance(value, float) else f"| `{name}` | {value} |")


if __name__ == "__main__":
    main()
