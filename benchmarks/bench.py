"""All figures of speed, each a ratio in one run on one machine: writes benchmarks/results.json and benchmarks/speed.md.

    make bench            (or: .venv/bin/python benchmarks/bench.py --peers .bench/bin/python)

About half an hour on two cores, with nothing else running. A part that fails leaves its figures out and says so.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
SPEED = HERE / "speed"
PAIRS = 5


def call(python, script, *arguments, **environment):
    """Run one measurement in a process of its own."""
    command = [str(python), script, *map(str, arguments)]
    variables = {**os.environ, "ATTRAX_COMPILATION_CACHE": "off", **environment}
    result = subprocess.run(command, cwd=SPEED, env=variables, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"{script} {' '.join(map(str, arguments))}: {result.stderr.strip().splitlines()[-1]}")
    return json.loads(result.stdout.strip().splitlines()[-1])


def against(peers, ours, theirs):
    """Measure in turn, five times each; return the ratio's median and both rates' medians."""
    pairs = []
    for _ in range(PAIRS):
        their_rate = statistics.median(call(peers, *theirs, "--repeats", 3))
        pairs.append((statistics.median(call(sys.executable, "loops.py", ours, "--repeats", 3)), their_rate))
    ratio = statistics.median(mine / other for mine, other in pairs)
    return ratio, *(statistics.median(rates) for rates in zip(*pairs, strict=True))


def median_of_calls(*arguments, **environment):
    return statistics.median(call(sys.executable, *arguments, **environment) for _ in range(PAIRS))


def two_processes():
    """Return how much more two processes get done than one: five times, in turn."""

    def seconds(count):
        command = [sys.executable, "criterion.py", "work"]
        started = [
            subprocess.Popen(command, cwd=SPEED, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(count)
        ]
        for process in started:
            assert process.stdout.readline().strip() == "ready"
        begun = time.perf_counter()
        for process in started:
            process.stdin.write("\n")
            process.stdin.flush()
        for process in started:
            process.communicate()
        return time.perf_counter() - begun

    return statistics.median(2 * seconds(1) / seconds(2) for _ in range(PAIRS))


def measure(peers, results, notes, only):
    """Fill in the figures, part by part."""

    def part(title, function):
        if only and title not in only:
            return
        print(title, flush=True)
        try:
            function()
        except (RuntimeError, json.JSONDecodeError, OSError, AssertionError) as error:
            notes.append(f"{title}: not measured ({error})")
            print(notes[-1], flush=True)

    def compare(key, ours, *theirs):
        ratio, mine, other = against(peers, ours, theirs)
        results[key] = ratio
        results[f"{ours}_rate"], results[f"{key}_peer_rate"] = mine, other

    def shares():
        rows = [call(sys.executable, "loops.py", "shares") for _ in range(PAIRS)]
        results.update({name: statistics.median(row[name] for row in rows) for name in rows[0]})

    def to_95(rule, key):
        rows = call(sys.executable, "criterion.py", "time_to_95", rule)
        results[f"{key}_seconds_to_95"] = statistics.median(row["seconds"] for row in rows)
        results[f"{key}_slowest_seconds_to_95"] = max(row["seconds"] for row in rows)
        results[f"{key}_reached"] = sum(row["status"] == "reached" for row in rows) / len(rows)

    def compiling(rule, key):
        results[f"{key}_compile_seconds"] = median_of_calls("criterion.py", "compile", rule)
        with tempfile.TemporaryDirectory() as folder:
            call(sys.executable, "criterion.py", "compile", rule, ATTRAX_COMPILATION_CACHE=folder)
            results[f"{key}_cached_compile_seconds"] = median_of_calls(
                "criterion.py", "compile", rule, ATTRAX_COMPILATION_CACHE=folder
            )

    def put(key, function):
        results[key] = function()

    def side_by_side():
        rates = call(
            sys.executable, "side_by_side.py", "--sizes", 1, 4, "--updates", 10, JAX_PLATFORMS="cpu", NPROC="1"
        )
        results.update({name: rate for name, rate in rates.items() if name not in ("device", "updates")})

    def known_tasks():
        mine, theirs = (
            call(python, "known_tasks.py", who) for python, who in ((sys.executable, "attrax"), (peers, "peer"))
        )
        for name in mine:
            never = 1e9  # a run that did not solve it counts as the slowest
            steps = [statistics.median(never if s is None else s for s in runs[name]) for runs in (mine, theirs)]
            results[f"{name}_steps"], results[f"{name}_peer_steps"] = steps

    part("shares of the product rate", shares)
    for rule, key in (("supervised", "sl"), ("ppo", "ppo")):
        part(f"{rule}: time to 95 %", lambda rule=rule, key=key: to_95(rule, key))
        part(f"{rule}: compiling", lambda rule=rule, key=key: compiling(rule, key))
    part("two processes", lambda: put("two_process_speedup", two_processes))
    part("memory", lambda: put("peak_memory_mb", lambda: call(sys.executable, "criterion.py", "memory")))
    part(
        "supervised, with data",
        lambda: compare("sl_vs_torch_with_data", "sl_with_data", "peer_supervised.py", "with_data"),
    )
    part("supervised, without data", lambda: compare("sl_vs_torch", "sl", "peer_supervised.py", "without_data"))
    part("PPO", lambda: compare("ppo_vs_recurrentppo", "ppo", "peer_recurrent_ppo.py"))
    part("PPO, LSTM", lambda: compare("ppo_lstm_vs_recurrentppo", "ppo_lstm", "peer_recurrent_ppo.py"))
    part(
        "PPO, 16 environments",
        lambda: compare("ppo_16_vs_recurrentppo_16", "ppo_16", "peer_recurrent_ppo.py", "--environments", 16),
    )
    part(
        "PPO, LSTM, 16 environments",
        lambda: compare("ppo_lstm_16_vs_recurrentppo_16", "ppo_lstm_16", "peer_recurrent_ppo.py", "--environments", 16),
    )
    part("side by side", side_by_side)
    part("known tasks", known_tasks)


AIMS = {
    "ppo_vs_recurrentppo": ("PPO, environment steps per second against sb3-contrib RecurrentPPO", ">= 30"),
    "ppo_lstm_vs_recurrentppo": ("the same, attrax with an LSTM as well", ">= 10"),
    "ppo_16_vs_recurrentppo_16": ("PPO, 16 environments instead of 64", ""),
    "ppo_lstm_16_vs_recurrentppo_16": ("the same, attrax with an LSTM as well", ""),
    "sl_vs_torch_with_data": ("supervised, updates per second against PyTorch with NeuroGym's Dataset", ">= 4"),
    "sl_vs_torch": ("supervised, without data", ">= 1.5"),
    "ppo_gemm_share": ("PPO, share of the rate of one large product", ">= 0.7"),
    "sl_gemm_share": ("supervised, the same", ">= 0.7"),
    "ppo_seconds_to_95": ("PPO, seconds to 95 %, median of 10 seeds", "<= 45"),
    "sl_seconds_to_95": ("supervised, the same", "<= 10"),
    "ppo_compile_seconds": ("PPO, compiling", "<= 10"),
    "ppo_cached_compile_seconds": ("PPO, from the cache", "<= 1"),
    "sl_compile_seconds": ("supervised, compiling", "<= 10"),
    "sl_cached_compile_seconds": ("supervised, from the cache", "<= 1"),
    "two_process_speedup": ("two processes against one", ">= 1.9"),
    "peak_memory_mb": ("memory of a process, MB", "< 1000"),
}


def processor():
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def table(results, machine, notes):
    """Write the figures that have an aim, then all the others."""
    lines = [
        "# How fast does attrax train?",
        "",
        f"Made by `make bench` on {machine}.",
        "Each figure is a median of at least five, each ratio of runs in turn on one thread each (memory: of one run).",
        "",
        "| what | figure | aim |",
        "|---|---|---|",
    ]
    lines += [f"| {title} | {results[key]:.3g} | {aim} |" for key, (title, aim) in AIMS.items() if key in results]
    others = [key for key in results if key not in AIMS]
    lines += ["", "| beside them | |", "|---|---|", *(f"| `{key}` | {results[key]:,.4g} |" for key in others), ""]
    return "\n".join([*lines, *(f"- {note}" for note in notes)])


MARK = "<!-- What follows is written by hand. -->"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, required=True, help="the Python that has what peers.txt names")
    parser.add_argument("--only", nargs="+", help="titles of parts, as they are printed; the other figures stay")
    arguments = parser.parse_args()
    results, notes = {}, []
    machine = (
        f"{processor()}, {os.cpu_count()} cores, python {platform.python_version()}, jax {version('jax')}, "
        f"numpy {version('numpy')}; peers: "
        + ", ".join(line for line in (HERE / "peers.txt").read_text().splitlines() if not line.startswith("#"))
    )
    measure(arguments.peers.absolute(), results, notes, arguments.only)
    file = HERE / "results.json"
    if arguments.only and file.is_file():
        before = json.loads(file.read_text(encoding="utf-8"))
        results = {**before, **results}
    file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    page = HERE / "speed.md"
    kept = page.read_text(encoding="utf-8").split(MARK, 1)[1] if page.is_file() else "\n"
    page.write_text(table(results, machine, notes) + f"\n{MARK}{kept}", encoding="utf-8")


if __name__ == "__main__":
    main()
