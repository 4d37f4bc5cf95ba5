"""Does the exact atlas agree with the engine, does it miss an attractor, what does it cost? Writes benchmarks/atlas.md.

    .venv/bin/attrax run benchmarks/atlas.toml --out attrax-out/atlas
    .venv/bin/python benchmarks/atlas.py [PART ...] [--networks DIR]

PART is one of small, agreement, coverage, outlook, cost, size, figures (those of docs/atlas.md): all where none is
given. Each writes a small table into benchmarks/atlas/ as it ends; the page is made anew from all tables each time.
One thread.
By its table the agreement takes fifty minutes; each part says at its end how long it took.
"""

# ruff: noqa: E402 - help answers before imports

import argparse
import collections
import json
import os
import resource
import time
from pathlib import Path

PARTS = ("small", "agreement", "coverage", "outlook", "cost", "size", "figures")
POINTS, COVERAGE_POINTS = 2_000, 10_000

if __name__ == "__main__":  # before what takes long to import, so that --help answers at once
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART")
    parser.add_argument("--networks", type=Path, default=Path("attrax-out/atlas"))
    parser.add_argument("--points", type=int, default=POINTS)
    parser.add_argument("--coverage", type=int, default=COVERAGE_POINTS)
    parser.add_argument("--only", help="networks whose title holds this; rows of the others stay as they are")
    ARGUMENTS = parser.parse_args()

from attrax.one_thread import ONE_THREAD

os.environ |= ONE_THREAD  # before JAX and NumPy are imported

import numpy as np
from atlas_page import write_page

HERE = Path(__file__).parent
TABLES = HERE / "atlas"
COVERAGE_STARTS = 20
OSCILLATING_POINTS = 100  # an orbit that oscillates takes a quarter of a second
GRID = 400


def save(name: str, rows: object) -> None:
    TABLES.mkdir(exist_ok=True)
    (TABLES / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def kept(name: str, arguments) -> list:
    """The rows of a table that a run with --only leaves as they are."""
    file = TABLES / f"{name}.json"
    if arguments.only is None or not file.is_file():
        return []
    return [row for row in json.loads(file.read_text(encoding="utf-8")) if arguments.only not in row["network"]]


def planes(directory: Path, only: str | None = None):
    """Title, weights, bias, directions and start of the stimulus-stage plane of each network, context 1."""
    from attrax.analyses.network_on_task import NetworkOnTask
    from attrax.networks.weights import load_networks
    from attrax.studies import open as open_store

    for condition in open_store(directory).conditions:
        if only is not None and only not in condition.title:
            continue
        path = next((directory / "shards" / condition.identity).glob("weights*"))
        inputs = NetworkOnTask(condition.task, load_networks(path)[f"{condition.identity}/final"])
        corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        for context in range(condition.task.n_contexts):
            biases = inputs.biases("stimulus", corners, context)
            start = inputs.starts("stimulus", corners[:1], context)[0]
            yield condition.title, context, inputs.weights, biases[0], biases[1:] - biases[0], start


def stable_fixed_points(weights, bias, directions, points):
    """By brute force, all patterns one after the other: how many stable fixed points there are at each point."""
    units, counted = len(bias), np.zeros(len(points), int)
    drives_without = bias + points @ directions
    for number in range(2**units):
        pattern = ((number >> np.arange(units)) & 1).astype(bool)
        jacobian = pattern[:, None] * weights
        if np.abs(np.linalg.eigvals(jacobian)).max() >= 1:
            continue
        states = np.linalg.solve(np.eye(units) - jacobian, (pattern * drives_without).T).T
        counted += (((states @ weights.T + drives_without) > 0) == pattern).all(axis=1)
    return counted


def small(_) -> None:
    """Small random networks: regions against brute force at the middle of every cell of a grid; and the areas."""
    from attrax.dynamics import Effort, atlas

    rows = []
    for units in range(4, 11):
        for seed in range(3):
            rng = np.random.default_rng([units, seed])
            weights = 1.3 * rng.standard_normal((units, units)) / np.sqrt(units / 2)
            bias, directions = 0.5 * rng.standard_normal(units), rng.standard_normal((2, units))
            found = atlas(weights, bias, directions, longest_cycle=1, effort=Effort(extension=1))
            axis = (np.arange(GRID) + 0.5) / GRID * 2 - 1
            points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
            truth = stable_fixed_points(weights, bias, directions, points)
            counted = np.bincount(found.above(points)[0], minlength=len(points))
            shares, counts = found.coexistence(), range(int(truth.max()) + 1)
            rows.append(
                {
                    "units": units, "seed": seed, "regions": len(found.regions.found), "cells": len(points),
                    "disagree": int((truth != counted).sum()), "most": int(truth.max()),
                    "none": float((truth == 0).mean()),
                    "area_error": max(abs(shares.get(count, 0.0) - float((truth == count).mean())) for count in counts),
                }
            )  # fmt: skip
            save("small", rows)
            print(rows[-1], flush=True)


def largest_overlap(found) -> float:
    """By how much of the window the regions of a sheet overlap, in the worst sheet."""
    import shapely

    from attrax.dynamics.plane.sheets import GRID as SNAP
    from attrax.dynamics.plane.sheets import shape_of

    worst = 0.0
    for sheet in range(int(found.sheets.max(initial=-1)) + 1):
        members = [found.regions.found[n].polygon for n in np.flatnonzero(found.sheets == sheet)]
        shapes = [shape_of(polygon, found.regions.window) for polygon in members]
        worst = max(worst, sum(map(shapely.area, shapes)) - shapely.union_all(shapes, grid_size=SNAP).area)
    return float(worst)


def agreement(arguments) -> None:
    """At random inputs: the engine's label and state, against the polygons there and their formula."""
    from attrax.dynamics import atlas, classify

    rows = kept("agreement", arguments)
    # Where most orbits oscillate the engine takes half an hour for these points: last, so that the others are there.
    in_order = sorted(
        planes(arguments.networks, arguments.only),
        key=lambda p: (p[0].startswith("supervised, δ = 0.15"), p[0].endswith("seed 1")),
    )
    for title, context, weights, bias, directions, start in in_order:
        if context:
            continue
        begin = time.perf_counter()
        found = atlas(weights, bias, directions, start=start)
        seconds = time.perf_counter() - begin
        points = np.random.default_rng(11).uniform(-1, 1, (arguments.points, 2))
        begin = time.perf_counter()
        engine = classify(weights, bias + points @ directions, 1.0, np.tile(start, (len(points), 1)))
        engine_seconds = time.perf_counter() - begin
        which, regions = found.above(points)
        above = collections.defaultdict(list)
        for point, region in zip(which.tolist(), regions.tolist(), strict=True):
            above[point].append(region)
        exact = engine.certified & (engine.period <= 12)
        missing, worst = [], 0.0
        for point in np.flatnonzero(exact):
            away = [
                np.abs(found.regions.found[r].states(points[point][None], 1.0)[0] - engine.state[point])
                .max(axis=1)
                .min()
                for r in above[point]
            ]
            size = max(float(np.abs(engine.state[point]).max()), 1e-300)
            if not away or min(away) > 1e-6 * size:
                missing.append(int(engine.period[point]))
            else:
                worst = max(worst, min(away) / size)
        bare = np.array([not above[point] for point in range(len(points))])
        rows.append(
            {
                "network": title, "points": len(points), "seconds": seconds, "engine_seconds": engine_seconds,
                "regions": len(found.regions.found), "stable": len(found.stable), "sheets": int(found.sheets.max()) + 1,
                "complete": found.complete, "areas": found.areas(), "coexistence": found.coexistence(),
                "labels": dict(collections.Counter(engine.kind.tolist())), "exact": int(exact.sum()),
                "missing": len(missing), "missing_periods": missing, "worst": worst,
                "overlap": largest_overlap(found),
                "bare": int(bare.sum()), "exact_where_bare": int((exact & bare).sum()),
                "borders": dict(collections.Counter(
                    border.kind for border in found.borders if found.regions.found[border.regions[0]].stable
                )),
            }
        )  # fmt: skip
        save("agreement", rows)
        print(rows[-1], flush=True)


def coverage(arguments) -> None:
    """Many starts at many inputs: has each certified attractor that the engine finds its polygon?"""
    from attrax.dynamics import atlas

    rows = kept("coverage", arguments)
    for title, context, weights, bias, directions, start in planes(arguments.networks, arguments.only):
        if context or "0.06" not in title:
            continue
        calm = title.startswith("ppo, δ = 0.06, seed 0")
        n_points = arguments.coverage if calm else min(arguments.coverage, OSCILLATING_POINTS)
        found = atlas(weights, bias, directions, start=start)
        rng = np.random.default_rng(12)
        points = rng.uniform(-1, 1, (n_points, 2))
        size = 2 * max(float(region.states(region.polygon.middle[None], 1.0).max()) for region in found.stable)
        starts = rng.uniform(0, size, (n_points * COVERAGE_STARTS, len(bias)))
        reached = found.reach(np.repeat(points, COVERAGE_STARTS, axis=0), starts)
        exact = reached.certified.values & (reached.period.values <= 12)
        met = collections.defaultdict(set)
        for row in np.flatnonzero(exact & (reached.region.values >= 0)).tolist():
            met[row // COVERAGE_STARTS].add(int(reached.region[row]))
        rows.append(
            {
                "network": title, "points": len(points), "starts": COVERAGE_STARTS, "orbits": len(starts),
                "exact": int(exact.sum()), "without_polygon": int((reached.region.values[exact] < 0).sum()),
                "stable_above": len(found.above(points)[0]),
                "of_them_met": sum(len(regions) for regions in met.values()),
                "labels": dict(collections.Counter(reached.kind.values.tolist())),
            }
        )  # fmt: skip
        save("coverage", rows)
        print(rows[-1], flush=True)


def outlook(arguments) -> None:
    """The second context of each network: what is said beforehand, and what it took."""
    from attrax.dynamics import atlas
    from attrax.dynamics.plane import outlook as outlooks

    rows = kept("outlook", arguments)
    said = []
    say = outlooks.Pilot.outlook

    def heard(self, *of_it):
        said.append(say(self, *of_it))
        return said[-1]

    outlooks.Pilot.outlook = heard
    for title, context, weights, bias, directions, start in planes(arguments.networks, arguments.only):
        if not context:
            continue
        begin = time.perf_counter()
        found = atlas(weights, bias, directions, start=start)
        took, expected = time.perf_counter() - begin, said[-1]
        rows.append(
            {"network": title, "context": context, "regions_said": expected.regions,
             "regions": len(found.regions.found), "seconds_said": expected.seconds, "seconds": took,
             "complete": found.complete}
        )  # fmt: skip
        save("outlook", rows)
        print(rows[-1], flush=True)


def cost(arguments) -> None:
    """Both contexts of each network: the atlas, its parts, and the engine on grids."""
    from attrax.dynamics import atlas, classify

    rows = kept("cost", arguments)
    for title, context, weights, bias, directions, start in planes(arguments.networks, arguments.only):
        if "0.06" not in title or "ppo" not in title:
            continue

        def grid(points, weights=weights, bias=bias, directions=directions, start=start):
            axis = np.linspace(-1, 1, points)
            inputs = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
            classify(weights, bias + inputs @ directions, 1.0, np.tile(start, (len(inputs), 1)))

        def exact(weights=weights, bias=bias, directions=directions, start=start, **more):
            return atlas(weights, bias, directions, start=start, **more)

        exact()
        row = {"network": title, "context": context}
        for name, run in {
            "seconds": exact,
            "with_sheets": lambda run=exact: run().sheets,
            "stable_only": lambda run=exact: run(unstable=False, solves=0),
            "grid_21": lambda run=grid: run(21),
            "grid_101": lambda run=grid: run(101),
        }.items():
            seconds = []
            for _ in range(1 if name == "grid_101" else 5):
                begin = time.perf_counter()
                found = run()
                seconds.append(time.perf_counter() - begin)
                if name in ("seconds", "stable_only"):
                    row[f"regions_{name}"] = len(found.regions.found)
            row[name] = float(np.median(seconds))
        row["memory_MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append(row)
        save("cost", rows)
        print(rows[-1], flush=True)


def size(_) -> None:
    """Random networks of growing size, at the same gain: number of regions, seconds, memory of the regions."""
    from attrax.dynamics import atlas

    rows = []
    for units in (10, 30, 100, 250, 500):
        rng = np.random.default_rng(units)
        weights = rng.standard_normal((units, units)) / np.sqrt(units)
        bias, directions = rng.standard_normal(units), rng.standard_normal((2, units))
        atlas(weights, bias, directions, samples=16)
        begin = time.perf_counter()
        found = atlas(weights, bias, directions, samples=16)
        seconds = time.perf_counter() - begin
        kept = sum(region.drives.nbytes + region.pattern.nbytes for region in found.regions.found)
        rows.append(
            {"units": units, "regions": len(found.regions.found), "stable": len(found.stable), "seconds": seconds,
             "regions_MB": kept / 2**20, "complete": found.complete}
        )  # fmt: skip
        save("size", rows)
        print(rows[-1], flush=True)


def figures(arguments) -> None:
    """The pictures of docs/atlas.md, of the first network with δ = 0.15."""
    from attrax.dynamics import atlas, sweep
    from attrax.reports.figures.atlas_figures import atlas_figure, sweep_figure
    from attrax.reports.figures.planes_figure import save as save_figure

    images = HERE.parent / "docs" / "images"
    title, _, weights, bias, directions, start = next(
        plane for plane in planes(arguments.networks, arguments.only) if "0.15" in plane[0] and plane[1] == 0
    )
    found = atlas(weights, bias, directions, start=start)
    save_figure(atlas_figure(found, title=f"{title}, context 1"), images / "atlas.png")
    branches = sweep(weights, bias + 0.1 * directions[1], directions[0], start=start)
    states = branches.state.values[branches.stable.values, :, 0].reshape(-1, len(bias))
    component = np.linalg.svd(states - states.mean(axis=0), full_matrices=False)[2][0]
    save_figure(sweep_figure(branches, component, ("coherence 1", "first principal component")), images / "sweep.png")


def main(arguments) -> None:
    functions = {
        "small": small, "agreement": agreement, "coverage": coverage, "outlook": outlook, "cost": cost,
        "size": size, "figures": figures,
    }  # fmt: skip
    for part in arguments.parts or PARTS:
        begin = time.perf_counter()
        functions[part](arguments)
        print(f"{part}: {time.perf_counter() - begin:.0f} s", flush=True)
        write_page(TABLES, HERE / "atlas.md")


if __name__ == "__main__":
    main(ARGUMENTS)
