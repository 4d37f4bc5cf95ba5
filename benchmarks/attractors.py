"""How sure, how complete and how fast is the attractor analysis? Writes benchmarks/attractors.md.

    .venv/bin/attrax run benchmarks/attractors.toml --out attrax-out/attractors
    .venv/bin/python benchmarks/attractors.py [PART ...] [--networks DIR] [--peers PYTHON] [--finder DIR]

PART is one of known, border-collision, trained, plane, profile, peers, cost (all of them where none is given). Each
part writes a small table into benchmarks/attractors/ as it ends, so that parts can be made one by one; the page is made
anew from all tables each time. `--peers` is the Python of an environment with torch and pynamicalsys, `--finder` the
folder of FixedPointFinder's modules (it is on no package index). One thread.
By its tables the planes take about half an hour, the other parts minutes each; each says at its end how long it took.
"""

import argparse
import collections
import json
import os
import resource
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

from attrax.one_thread import ONE_THREAD

os.environ |= ONE_THREAD  # before JAX and NumPy are imported

import numpy as np

HERE = Path(__file__).parent
TABLES = HERE / "attractors"
sys.path[:0] = [str(HERE), str(HERE.parent)]

PARTS = ("known", "border-collision", "trained", "plane", "profile", "peers", "cost")


def save(name: str, rows: object) -> None:
    TABLES.mkdir(exist_ok=True)
    (TABLES / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def medians(function, runs: int = 5) -> float:
    """Seconds of a call: median of several, after one that compiles."""
    function()
    seconds = []
    for _ in range(runs):
        begin = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - begin)
    return float(np.median(seconds))


# --- known answers ---


def known(_) -> None:
    from attrax.dynamics import find_attractors
    from tests.dynamics import known_systems as systems

    golden = (np.sqrt(5) - 1) / 2
    a, b = 0.45, 0.35
    slopes = np.log((1 - b) / a), np.log(b / (1 - a))
    rotation = slopes[0] / (slopes[0] - slopes[1])
    quasi = (0.0540905, 0.59820461, -0.80434312, 1.09224173)
    locked = (0.43101732, 0.4763399, 0.14795075, 1.17435556)
    tent = 0.37
    linear = [  # name, system, start, expected kind, period, exponents, rotation number
        ("border collision, curve", systems.border_collision(*quasi), (0.1, 0.1), "quasi-periodic", 0, [0, -0.0996],
         0.303651),
        ("border collision, locked", systems.border_collision(*locked), (0.1, 0.1), "cycle", 283, [-3.651e-4], None),
        ("Lozi (1.7, 0.5)", systems.lozi(1.7, 0.5), (0.1, 0.1), "chaotic", 0, [0.470, -1.163], None),
        ("Knuth", systems.knuth(), (0.3, 0.7), "undecided", 0, [], None),
        ("skew tent, a = 0.37", systems.skew_tent(tent), (0.3,), "chaotic", 0,
         [-tent * np.log(tent) - (1 - tent) * np.log(1 - tent)], None),
    ]  # fmt: skip
    smooth = [
        ("Hénon (1.4, 0.3)", systems.henon(), (0.1, 0.1), "chaotic", 0, [0.419, -1.623], None),
        ("delayed logistic, a = 2.1", systems.delayed_logistic(2.1), (0.5, 0.4), "quasi-periodic", 0, [0, -0.12677],
         0.15610602),
        ("delayed logistic, a = 2.18", systems.delayed_logistic(2.18), (0.5, 0.4), "cycle", 7, [-0.1271], 1 / 7),
        ("delayed logistic, a = 2.27", systems.delayed_logistic(2.27), (0.5, 0.4), "chaotic", 0, [0.183, -1.242], None),
        ("Arnold, K = 0", systems.arnold(golden, 0.0), (1.3, 0.2), "quasi-periodic", 0, [0], 1 - golden),
        ("Arnold, 0/1 tongue", systems.arnold(0.9 * 0.8 / (2 * np.pi), 0.8), (1.3, 0.2), "fixed point", 1, [], None),
        ("affine, two intervals", systems.two_intervals(a, b), (1.3, 0.2), "quasi-periodic", 0, [0],
         min(rotation, 1 - rotation)),
    ]  # fmt: skip
    cases = [("relu(b - w h), w = 1.7", 1, systems.two_cycle(1.7, 0.8), [[0.3]], "cycle", 2, [-np.inf], None)]
    for name, system, start, *expected in linear:
        for n_units in (system.U.shape[0], 250):
            wide = system.widened(n_units)
            cases.append((name, n_units, wide.relu_map(), [wide.state(start)], *expected))
    cases += [(name, 2, smooth_map, [start], *expected) for name, smooth_map, start, *expected in smooth]
    rows = []
    for name, n_units, network_map, start, kind, period, exponents, turn in cases:
        found = find_attractors(network_map, start).isel(start=0)
        measured = found.exponents.values
        rows.append(
            {
                "system": name, "units": n_units, "expected": kind, "label": str(found.kind.values),
                "neutral": bool(found.neutral), "period": int(found.period), "expected_period": period,
                "certified": bool(found.certified), "period_excluded": int(found.period_excluded),
                "exponents": [float(e) for e in measured[: max(len(exponents), 1)]],
                "expected_exponents": [float(e) for e in exponents],
                "rotation": float(found.rotation_number), "expected_rotation": turn, "steps": int(found.steps),
            }
        )  # fmt: skip
    save("known", rows)


# --- random border-collision maps against brute force ---


def border_collision(_) -> None:
    for name, seed in (("border-collision", 0), ("border-collision-new", 1)):
        against_brute_force(name, seed)


def against_brute_force(name: str, seed: int) -> None:
    import border_collision_truth as brute

    from attrax.dynamics import find_attractors
    from tests.dynamics.known_systems import border_collision as system

    maps = brute.parameters(1000, seed=seed)
    begin = time.perf_counter()
    truth = brute.truth(maps)
    truth_seconds = time.perf_counter() - begin
    rows, begin = [], time.perf_counter()
    for values, kind, period, exponent, test in zip(
        maps, truth.kind, truth.period, truth.exponent, truth.chaos_test, strict=True
    ):
        case = system(*values)
        found = find_attractors(case.relu_map(), case.state(brute.START)[None]).isel(start=0)
        rows.append(
            {
                "map": values.tolist(), "truth": str(kind), "true_period": int(period),
                "true_exponent": float(exponent),
                "true_chaos_test": float(test), "label": str(found.kind.values), "period": int(found.period),
                "neutral": bool(found.neutral), "certified": bool(found.certified),
                "period_excluded": int(found.period_excluded), "exponent": float(found.exponents[0]),
                "steps": int(found.steps),
            }
        )  # fmt: skip
    save(
        name,
        {"seconds": time.perf_counter() - begin, "truth_seconds": truth_seconds, "rows": rows},
    )


# --- trained networks ---


def trained_planes(directory: Path, points: int):
    """Title, weights, biases and starts of the stimulus-stage planes of each network, both contexts together."""
    from attrax.analyses.coherence_planes import coherence_axes
    from attrax.analyses.network_on_task import NetworkOnTask
    from attrax.networks.weights import load_networks
    from attrax.studies import open as open_store

    store = open_store(directory)
    for condition in store.conditions:
        path = next((directory / "shards" / condition.identity).glob("weights*"))
        network = load_networks(path)[f"{condition.identity}/final"]
        inputs = NetworkOnTask(condition.task, network)
        coherences = np.array(list(product(*coherence_axes(condition.task, points))))
        planes = [
            (inputs.biases("stimulus", coherences, context), inputs.starts("stimulus", coherences, context))
            for context in range(condition.task.n_contexts)
        ]
        biases, starts = (np.concatenate(parts) for parts in zip(*planes, strict=True))
        yield condition.title, inputs, biases, starts, coherences


def trained(arguments) -> None:
    from attrax.dynamics import Effort, classify

    rows = []
    for title, inputs, biases, starts, _ in trained_planes(arguments.networks, 6):
        begin = time.perf_counter()
        short = classify(inputs.weights, biases, inputs.leak, starts, Effort())
        seconds = time.perf_counter() - begin
        long = classify(inputs.weights, biases, inputs.leak, starts, Effort(steps=100_000, extension=1))
        both = (short.kind != "undecided") & (long.kind != "undecided")
        changed = collections.Counter(
            f"{a} → {b}" for a, b in zip(short.kind[both], long.kind[both], strict=True) if a != b
        )
        rows.append(
            {
                "network": title, "points": len(starts), "seconds": seconds,
                "labels": dict(collections.Counter(short.kind.tolist())),
                "labels_at_10_T": dict(collections.Counter(long.kind.tolist())),
                "neutral": int(short.neutral.sum()), "decided_in_both": int(both.sum()), "changed": dict(changed),
                "undecided": int(((short.kind == "undecided") & ~short.neutral).sum()),
            }
        )  # fmt: skip
        save("trained", rows)
        print(rows[-1], flush=True)


def plane(arguments) -> None:
    """Whole planes, one in which half of the points oscillate, and a NumPy loop."""
    from attrax.dynamics import classify

    rows = []

    def measure(title: str, inputs, biases: np.ndarray, starts: np.ndarray, runs: int) -> np.ndarray:
        def analyse():
            return classify(inputs.weights, biases, inputs.leak, starts)

        seconds, found = [], None
        for _ in range(runs + 1):
            begin = time.perf_counter()
            found = analyse()
            seconds.append(time.perf_counter() - begin)
        begin, hidden = time.perf_counter(), starts.copy()
        for _ in range(600):
            hidden = np.maximum(hidden @ inputs.weights.T + biases, 0.0)
        loop = time.perf_counter() - begin
        rows.append(
            {
                "network": title, "points": len(starts), "fixed": float((found.kind == "fixed point").mean()),
                "labels": dict(collections.Counter(found.kind.tolist())), "runs": runs,
                "first_seconds": seconds[0], "seconds": float(np.median(seconds[1:])), "numpy_600_steps_seconds": loop,
                "peak_memory_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )  # fmt: skip
        save("plane", rows)
        print(rows[-1], flush=True)
        return found.kind

    half = None
    for title, inputs, biases, starts, _ in trained_planes(arguments.networks, 21):
        if title.startswith("supervised, δ = 0.15"):  # nearly all of it oscillates, and takes a quarter of an hour
            continue
        kind = measure(title, inputs, biases, starts, 5 if title.startswith("ppo, δ = 0.06, seed 0") else 1)
        oscillating = np.flatnonzero(np.isin(kind, ["quasi-periodic", "cycle", "chaotic", "undecided"]))
        if half is None or oscillating.size > half[-1].size:
            half = title, inputs, biases, starts, oscillating
    title = half[0]
    inputs, biases, starts = half_oscillating(arguments.networks, title)
    measure(title + HALF, inputs, biases, starts, 3)


HALF = ": half of them"


def half_oscillating(directory: Path, title: str):
    """Points of a finer plane of one network: as many that oscillate as make half of 882."""
    from attrax.dynamics import classify

    for network, inputs, biases, starts, _ in trained_planes(directory, 33):
        if network == title:
            kind = classify(inputs.weights, biases, inputs.leak, starts).kind
            fixed, moving = np.flatnonzero(kind == "fixed point"), np.flatnonzero(kind != "fixed point")
            chosen = np.concatenate([fixed[:: max(1, len(fixed) // 441)][:441], moving[:441]])
            return inputs, biases[chosen], starts[chosen]
    raise SystemExit(f"there is no network {title} in {directory}; train it as the first lines of this file say")


def profile(arguments) -> None:
    """Where the time of the plane that half oscillates goes."""
    import cProfile
    import pstats

    from attrax.dynamics import classify

    title = json.loads((TABLES / "plane.json").read_text())[-1]["network"]
    inputs, biases, starts = half_oscillating(arguments.networks, title.removesuffix(HALF))
    watched = cProfile.Profile()
    begin = time.perf_counter()
    watched.runcall(classify, inputs.weights, biases, inputs.leak, starts)
    total = time.perf_counter() - begin
    spent = collections.Counter()
    for (_, _, name), (_, _, _, cumulative, _) in pstats.Stats(watched).stats.items():
        spent[name] = max(spent[name], cumulative)
    save(
        "profile",
        {
            "network": title, "seconds": total,
            "peak_memory_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            **{name: spent[name] for name in (
                "measure_until", "have_cycles", "certify_cycle", "follow_until_certain", "_settle", "_judge"
            )},
        },
    )  # fmt: skip


# --- peers ---

FINDER = """
import sys, time, json, numpy as np, torch
torch.set_num_threads(1)
sys.path.insert(0, sys.argv[1])
from FixedPointFinderTorch import FixedPointFinderTorch
data = np.load(sys.argv[2])
W, b, starts = data["W"], data["b"], data["starts"]
rnn = torch.nn.RNN(1, len(b), nonlinearity="relu", batch_first=True).double()
with torch.no_grad():
    rnn.weight_hh_l0.copy_(torch.tensor(W)); rnn.weight_ih_l0.zero_()
    rnn.bias_ih_l0.copy_(torch.tensor(b)); rnn.bias_hh_l0.zero_()
finder = FixedPointFinderTorch(
    rnn, dtype="float64", verbose=False, max_iters=int(sys.argv[5]), lr_init=float(sys.argv[4]),
    do_compute_jacobians=False, do_decompose_jacobians=False,
)
begin = time.perf_counter()
unique, found = finder.find_fixed_points(starts, np.zeros((1, 1)))
seconds = time.perf_counter() - begin
np.savez(sys.argv[3], states=unique.xstar, seconds=seconds)
"""

LYAPUNOV = """
import sys, time, json
from pynamicalsys import DiscreteDynamicalSystem as dds
steps = int(sys.argv[1])
from numba import njit
import numpy as np
@njit
def henon(u, parameters):
    a, b = parameters
    return np.array([1 - a * u[0] ** 2 + u[1], b * u[0]])
@njit
def jacobian(u, parameters, *rest):
    a, b = parameters
    return np.array([[-2 * a * u[0], 1.0], [b, 0.0]])
system = dds(mapping=henon, jacobian=jacobian, system_dimension=2, number_of_parameters=2)
seconds = []
for _ in range(6):
    begin = time.perf_counter()
    values = system.lyapunov([0.1, 0.1], steps, parameters=[1.4, 0.3])
    seconds.append(time.perf_counter() - begin)
print(json.dumps({"exponents": list(map(float, np.ravel(values))), "seconds": float(np.median(seconds[1:]))}))
"""


def solved_from_patterns(relu_map, states: np.ndarray) -> list[np.ndarray]:
    """The distinct fixed points that one exact solve makes of candidates: what is nearly found is given credit."""
    solved: list[np.ndarray] = []
    for state in states:
        active = (relu_map(state) > 0).astype(float)
        matrix = np.eye(len(state)) - active[:, None] * relu_map.weights
        point = np.linalg.solve(matrix, active * relu_map.bias)
        scale = np.abs(point).max()
        real = np.abs(relu_map(point) - point).max() < 1e-9 * scale
        if real and all(np.abs(point - other).max() > 1e-6 * scale for other in solved):
            solved.append(point)
    return solved


def found_in(ours, states) -> int:
    distances = [np.abs(ours.state.values - state).max(axis=1).min(initial=np.inf) for state in states]
    return int(sum(distance < 1e-3 for distance in distances))


def peers(arguments) -> None:
    from attrax.dynamics import ReluMap, fixed_points

    rows = []
    scratch = Path(arguments.scratch)
    scratch.mkdir(parents=True, exist_ok=True)
    if arguments.finder and arguments.peers:
        for title, inputs, biases, starts, coherences in trained_planes(arguments.networks, 3):
            generator = np.random.default_rng(0)
            point = len(coherences) // 2  # the centre of the plane, in the first context
            relu_map = ReluMap(inputs.weights, biases[point], inputs.leak)
            scale = np.abs(starts).max()
            many = np.concatenate([starts, scale * generator.random((100 - len(starts), relu_map.n_units))])
            np.savez(scratch / "in.npz", W=relu_map.weights, b=relu_map.bias, starts=many)
            begin = time.perf_counter()
            ours = fixed_points(relu_map, starts=many)
            first = time.perf_counter() - begin
            seconds = medians(lambda relu_map=relu_map, many=many: fixed_points(relu_map, starts=many), 3)
            row = {"network": title, "ours": int(ours.sizes["point"]), "seconds": seconds, "first_seconds": first}
            for rate, iterations in ((1.0, 5000), (1.0, 1000), (0.1, 5000)):
                subprocess.run(
                    [arguments.peers, "-c", FINDER, arguments.finder, str(scratch / "in.npz"), str(scratch / "out.npz"),
                     str(rate), str(iterations)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip
                theirs = np.load(scratch / "out.npz")
                states = theirs["states"]
                residual = np.abs(relu_map(states) - states).max(axis=1) / np.maximum(
                    np.abs(states).max(axis=1), 1e-300
                )
                true = states[residual < 1e-6]
                solved = solved_from_patterns(relu_map, states)
                row[f"finder_{rate:g}, {iterations:,}"] = {
                    "seconds": float(theirs["seconds"]), "candidates": len(states),
                    "true": len(true), "of_them_ours": found_in(ours, true),
                    "solved": len(solved), "of_those_ours": found_in(ours, solved),
                }  # fmt: skip
            rows.append(row)
            save("finder", rows)
            print(row, flush=True)
    if arguments.peers:
        from attrax.dynamics import Effort, SmoothMap, find_attractors
        from attrax.dynamics.orbits.smooth_orbits import SmoothOrbits
        from tests.dynamics.known_systems import henon

        steps = 100_000
        answer = subprocess.run(
            [arguments.peers, "-c", LYAPUNOV, str(steps)], check=True, capture_output=True, text=True
        )
        system: SmoothMap = henon()
        bank = np.eye(2)

        def ours():
            orbits = SmoothOrbits(system.function, system.arguments, np.array([[0.1, 0.1]]))
            growth = [orbits.measure(np.zeros((1, 1, 2)), bank).growths for _ in range(steps // 500)]
            return np.concatenate(growth).sum(axis=(0, 1)) / steps

        labelled = medians(lambda: find_attractors(system, [[0.1, 0.1]], effort=Effort(extension=1)), 5)
        save(
            "lyapunov",
            {"steps": steps, "pynamicalsys": json.loads(answer.stdout), "seconds": medians(ours),
             "exponents": ours().tolist(), "label_seconds": labelled},
        )  # fmt: skip


# --- cost ---


def cost(_) -> None:
    from attrax.dynamics import Effort, ReluMap, find_attractors
    from tests.dynamics.known_systems import border_collision as system

    def random_network(n_units: int, seed: int = 0) -> ReluMap:
        """A network whose orbits end in fixed points; about half of its units are silent, as in trained ones."""
        rng = np.random.default_rng(seed)
        weights = 0.7 * rng.standard_normal((n_units, n_units)) / np.sqrt(n_units / 2)
        return ReluMap(weights, rng.standard_normal(n_units))

    rows = []
    curve = system(0.0540905, 0.59820461, -0.80434312, 1.09224173)
    for n_units in (50, 100, 250, 500, 1000, 2000):
        network = random_network(n_units)
        starts = np.random.default_rng(1).random((16, n_units))
        kinds = find_attractors(network, starts).kind.values.tolist()
        seconds = medians(lambda network=network, starts=starts: find_attractors(network, starts), 3)
        row = {"units": n_units, "starts": 16, "kinds": dict(collections.Counter(kinds)), "fixed_seconds": seconds}
        wide = curve.widened(n_units)
        start = wide.state([0.1, 0.1])[None]
        row["curve_seconds"] = medians(
            lambda w=wide, s=start: find_attractors(w.relu_map(), s, effort=Effort(extension=1)),
            3 if n_units < 1000 else 1,
        )
        rows.append(row)
        print(row, flush=True)
        save("cost", rows)
    for n_starts in (1, 10, 100, 1000, 10_000):
        network = random_network(250)
        starts = np.random.default_rng(1).random((n_starts, 250))
        seconds = medians(lambda network=network, starts=starts: find_attractors(network, starts), 3)
        rows.append({"units": 250, "starts": n_starts, "fixed_seconds": seconds})
        print(rows[-1], flush=True)
        save("cost", rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--networks", type=Path, default=Path("attrax-out/attractors"))
    parser.add_argument("--peers", default="", help="a Python with torch and pynamicalsys")
    parser.add_argument("--finder", default="", help="the folder with FixedPointFinderTorch.py")
    parser.add_argument("--scratch", default="attrax-out/attractors-scratch")
    arguments = parser.parse_args()
    functions = {
        "known": known, "border-collision": border_collision, "trained": trained, "plane": plane, "profile": profile,
        "peers": peers,
        "cost": cost,
    }  # fmt: skip
    for part in arguments.part or PARTS:
        begin = time.perf_counter()
        functions[part](arguments)
        print(f"{part}: {time.perf_counter() - begin:.0f} s", flush=True)
    from attractors_page import write

    write(TABLES, HERE / "attractors.md", HERE.parent / "docs" / "images")


if __name__ == "__main__":
    main()
