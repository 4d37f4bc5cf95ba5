"""How much faster do labels come than in an earlier version, and do they agree? Writes benchmarks/engine.md.

    git worktree add /somewhere COMMIT
    .venv/bin/attrax run benchmarks/attractors.toml --out attrax-out/attractors
    .venv/bin/attrax run benchmarks/atlas.toml --out attrax-out/atlas
    .venv/bin/python benchmarks/engine.py --before /somewhere/src [--networks DIR] [--atlases DIR] [--runs 3] \
        [--only TEXT]

Both versions label the same inputs in processes of their own, one after the other and in turn, each once to compile and
then measured. One thread. A run of all takes about half an hour, most of it the earlier version's; `--only` does part.
"""

import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

from attrax.one_thread import ONE_THREAD

os.environ |= ONE_THREAD  # before JAX and NumPy are imported

import numpy as np

HERE = Path(__file__).parent
TABLES = HERE / "engine"
POINTS = 21
CURVE = (0.0540905, 0.59820461, -0.80434312, 1.09224173)


def label(inputs: Path) -> None:
    """Label what a file holds, and print the seconds, the labels and the memory: runs in each version."""
    import resource

    from attrax.dynamics import Effort, classify

    with np.load(inputs) as held:
        weights, biases, starts, extension = held["W"], held["b"], held["s"], int(held["extension"])

    def labelled():
        return classify(weights, biases, 1.0, starts, Effort(extension=extension))

    begin = time.perf_counter()
    found = labelled()
    first = time.perf_counter() - begin
    begin = time.perf_counter()
    found = labelled()
    seconds = time.perf_counter() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"first": first, "seconds": seconds, "memory_MB": memory, "kinds": found.kind.tolist()}))


def map_plane(inputs: Path) -> None:
    """Make the atlas of what a file holds, and print the seconds, the regions and the memory: runs in each version."""
    import resource

    from attrax.dynamics import atlas

    with np.load(inputs) as held:
        plane, start, limit = (held["W"], held["b"], held["directions"]), held["s"], int(held["limit"])
    atlas(*plane, start=start, samples=8, limit=200)
    begin = time.perf_counter()
    found = atlas(*plane, start=start, limit=limit)
    seconds = time.perf_counter() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    regions = {"regions": len(found.regions.found), "of attractors": len(found.stable)}
    print(json.dumps({"seconds": seconds, "memory_MB": memory, "regions": regions}))


def planes(directory: Path):
    """Title, weights, biases and starts of the stimulus-stage plane of each network, both contexts together."""
    from attrax.analyses.coherence_planes import coherence_axes
    from attrax.analyses.network_on_task import NetworkOnTask
    from attrax.networks.weights import load_networks
    from attrax.studies import open as open_store

    for condition in open_store(directory).conditions:
        path = next((directory / "shards" / condition.identity).glob("weights*"))
        on_task = NetworkOnTask(condition.task, load_networks(path)[f"{condition.identity}/final"])
        coherences = np.array(list(product(*coherence_axes(condition.task, POINTS))))
        parts = [
            (on_task.biases("stimulus", coherences, c), on_task.starts("stimulus", coherences, c))
            for c in range(condition.task.n_contexts)
        ]
        biases, starts = (np.concatenate(some) for some in zip(*parts, strict=True))
        yield condition.title, on_task.weights, biases, starts


def cases(directory: Path, only: str):
    """What is labelled: planes, or a part of them where that takes long, and single curves of large networks."""
    sys.path[:0] = [str(HERE.parent)]
    from tests.dynamics.known_systems import border_collision

    for title, weights, biases, starts in planes(directory):
        every = 7 if title.startswith("supervised, δ = 0.15") else 1
        if only in title:
            some = np.arange(0, len(starts), every)
            part = f"{title}: one point in {every}" if every > 1 else title
            yield part, weights, biases[some], starts[some], 10
    for units in (250, 1000, 2000):
        title, wide = f"one curve, {units} units", border_collision(*CURVE).widened(units)
        relu_map = wide.relu_map()
        if only in title:
            yield title, relu_map.weights, relu_map.bias[None], wide.state([0.1, 0.1])[None], 1


ATLASES = {
    "ppo, δ = 0.06, seed 0": 50_000,
    "supervised, δ = 0.06, seed 0": 50_000,
    "supervised, δ = 0.1, seed 0": 10_000,
}
"""Networks, and up to how many regions: where there are more than the usual limit the earlier version takes an hour."""


def compare_atlases(before: Path, directory: Path, only: str) -> None:
    """Make each atlas once in each version."""
    import atlas as of_atlases

    kept = TABLES / "atlases.json"
    rows: list[dict] = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else []
    for title, context, weights, bias, directions, start in of_atlases.planes(directory):
        if title not in ATLASES or only not in f"atlas {title}" or (context and not title.startswith("ppo")):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            inputs = Path(scratch) / "inputs.npz"
            np.savez(inputs, W=weights, b=bias, s=start, directions=directions, limit=ATLASES[title])
            row: dict = {"network": title, "context": context + 1, "limit": ATLASES[title]}
            for name, source in {"before": before, "after": HERE.parent / "src"}.items():
                row[name] = told_by(source, "--map", inputs)
        rows = [other for other in rows if (other["network"], other["context"]) != (title, context + 1)] + [row]
        print(row, flush=True)
        kept.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        write()


def told_by(source: Path, what: str, inputs: Path) -> dict:
    """Let one version, in a process of its own, do something with inputs; return what it says."""
    told = subprocess.run(
        [sys.executable, __file__, what, str(inputs)],
        env=os.environ | {"PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(told.stdout.splitlines()[-1])


def compare(before: Path, directory: Path, runs: int, only: str) -> None:
    kept = TABLES / "before-and-after.json"
    rows: list[dict] = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else []
    versions = {"before": before, "after": HERE.parent / "src"}
    with tempfile.TemporaryDirectory() as scratch:
        for title, weights, biases, starts, extension in cases(directory, only):
            inputs = Path(scratch) / "inputs.npz"
            np.savez(inputs, W=weights, b=biases, s=starts, extension=extension)
            found: dict[str, list[dict]] = {name: [] for name in versions}
            for _ in range(runs):
                for name, source in versions.items():
                    found[name].append(told_by(source, "--label", inputs))
            row: dict = {"what": title, "points": len(starts), "runs": runs}
            for name, several in found.items():
                row[name] = float(np.median([one["seconds"] for one in several]))
                row[f"{name}_memory_MB"] = max(one["memory_MB"] for one in several)
                row[f"{name}_labels"] = dict(collections.Counter(several[0]["kinds"]))
            pairs = zip(found["before"][0]["kinds"], found["after"][0]["kinds"], strict=True)
            row["changed"] = dict(collections.Counter(f"{a} → {b}" for a, b in pairs if a != b))
            rows = [other for other in rows if other["what"] != title] + [row]
            print(row, flush=True)
            TABLES.mkdir(exist_ok=True)
            kept.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
            write()


def write() -> None:
    tables = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in TABLES.glob("*.json")}
    rows = tables["before-and-after"]
    lines = [
        "# How much faster do labels come than before, and do they agree?",
        "",
        "Made by `benchmarks/engine.py` (see its help): the version before attractors were counted by samples that",
        "cover them, and this one, in turn on the same inputs of one machine, one thread, after a run that compiles;",
        "medians. Networks of 250 units; planes of the stimulus stage, 21 x 21 points in two contexts, or part of it.",
        "",
        "| what | points | fixed | runs | before (s) | after (s) | ratio | undecided before | after | memory (MB) "
        "| changed |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        undecided = [row[f"{name}_labels"].get("undecided", 0) for name in ("before", "after")]
        fixed = row["after_labels"].get("fixed point", 0) / row["points"]
        changed = ", ".join(f"{count} {what}" for what, count in row["changed"].items()) or "none"
        lines.append(
            f"| {row['what']} | {row['points']} | {fixed:.0%} | {row['runs']} | "
            f"{row['before']:.1f} | {row['after']:.1f} | {row['before'] / row['after']:.1f} | "
            f"{undecided[0]} | {undecided[1]} | {row['after_memory_MB']:.0f} | {changed} |"
        )
    lines += ["", *_WHY]
    if "atlases" in tables:
        lines += [
            "## The atlas",
            "",
            "The whole of `attrax.dynamics.atlas`, sampled orbits included, once in each version after a small",
            "one that compiles. Where a limit is met, the two have met other regions of the plane. The aims were",
            "4 s for both contexts of a network that has fixed points alone, and 60 s for a supervised one of δ =",
            "0.1. What is faster is the walk through regions of cycles. Of those of fixed points the largest part",
            "is the proof that they attract, and nothing of it was found that neighbours could share. Where",
            "orbits oscillate the sampled ones take most of the time.",
            "",
            "| network | context | limit | regions before | after | before (s) | after (s) | ratio "
            "| memory before (MB) | after |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        for row in tables["atlases"]:
            before, after = row["before"], row["after"]
            lines.append(
                f"| {row['network']} | {row['context']} | {row['limit']:,} | {before['regions']['regions']:,} | "
                f"{after['regions']['regions']:,} | {before['seconds']:.1f} | {after['seconds']:.1f} | "
                f"{before['seconds'] / after['seconds']:.1f} | {before['memory_MB']:.0f} | {after['memory_MB']:.0f} |"
            )
        lines.append("")
    (HERE / "engine.md").write_text("\n".join(lines), encoding="utf-8")


_WHY = [
    "The aims were a quarter of the time for a plane of which half oscillates, less than 1.5 GB, and 10 s for a curve",
    "of 2,000 units; the table says what was reached. No one thing is left that takes most of the time: steps with",
    "tangent vectors, steps without (many of them until a cycle of thousands of",
    "steps is certain), certificates of cycles and of fixed points, near returns and their equations. Where an orbit",
    "is unclear after T it is followed ten times as long. At 2,000 units a step reads 32 MB of weights in double",
    "precision and 16 MB in single.",
    "",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, help="the src folder of the earlier version")
    parser.add_argument("--networks", type=Path, default=Path("attrax-out/attractors"))
    parser.add_argument("--atlases", type=Path, default=Path("attrax-out/atlas"))
    parser.add_argument("--only", default="", help="of what holds this text; the other rows stay as they are")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--label", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--map", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.label is not None:
        label(arguments.label)
    elif arguments.map is not None:
        map_plane(arguments.map)
    elif arguments.before is None:
        write()
    else:
        TABLES.mkdir(exist_ok=True)
        compare(arguments.before, arguments.networks, arguments.runs, arguments.only)
        compare_atlases(arguments.before, arguments.atlases, arguments.only)


if __name__ == "__main__":
    main()
