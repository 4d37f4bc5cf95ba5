"""Writes benchmarks/attractors.md and its pictures from the tables in benchmarks/attractors/."""

import collections
import json
import platform
from importlib.metadata import version
from pathlib import Path

KINDS = ("fixed point", "cycle", "quasi-periodic", "chaotic", "divergent", "undecided")


def write(tables: Path, page: Path, images: Path) -> None:
    parts = [_head()]
    for name, section in (
        ("known", _known),
        ("border-collision", _border_collision),
        ("border-collision-new", _new_maps),
        ("trained", _trained),
        ("plane", _plane),
        ("profile", _profile),
        ("finder", _finder),
        ("lyapunov", _lyapunov),
        ("cost", _cost),
    ):
        file = tables / f"{name}.json"
        if file.is_file():
            parts.append(section(json.loads(file.read_text(encoding="utf-8")), images))
    page.write_text("\n".join(parts), encoding="utf-8")


def _table(head: list[str], rows: list[list[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]) + "\n"


def _head() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("attrax", "jax", "numpy", "scipy"))
    return f"""# How sure, how complete and how fast is the attractor analysis?

    .venv/bin/attrax run benchmarks/attractors.toml --out attrax-out/attractors
    .venv/bin/python benchmarks/attractors.py --peers PYTHON --finder DIR

The first command trains eight networks (supervised ones with the settings from before any were tuned), the second makes
this page (see its help). One thread of a shared, noisy machine
(Python {platform.python_version()}, {versions}); seconds are medians of several runs after one that compiles, unless
said otherwise. How many fixed points and cycles are *found* is on a page of its own: [fixed points](fixed_points.md).
"""


def _number(value: float, digits: int = 4) -> str:
    if value is None or value != value:
        return "-"
    if value in (float("inf"), float("-inf")):
        return "-∞" if value < 0 else "∞"
    return f"{value:.{digits}g}".replace("-", "-")


def _known(rows: list[dict], _: Path) -> str:
    body = [
        [
            row["system"], row["units"], row["label"] + (" (neutral)" if row["neutral"] else ""),
            "right" if row["label"] == row["expected"] and row["period"] == row["expected_period"] else "WRONG",
            row["period"] or "-", "yes" if row["certified"] else "no",
            ", ".join(_number(e) for e in row["exponents"]), ", ".join(_number(e) for e in row["expected_exponents"]) or "-",
            _number(row["rotation"], 9), _number(row["expected_rotation"], 9), row["steps"],
        ]
        for row in rows
    ]  # fmt: skip
    return (
        "## Systems with known answers\n\nPiecewise-linear ones as they are and lifted to 250 ReLU units. The tests "
        "check each: label, period, nonzero exponents within 2 %, zero exponents within 10/T, rotation number within "
        "1e-6 (folded to [0, 1/2]). The circle map in its tongue is not certified because no bound on its curvature is "
        "given.\n\n"
        + _table(
            ["system", "units", "label", "", "period", "certified", "exponents", "known", "rotation", "known", "steps"],
            body,
        )
    )


def _border_collision(found: dict, _: Path) -> str:
    rows = found["rows"]
    order = ("fixed point", "cycle", "quasi-periodic", "chaotic", "chaotic?", "divergent", "unclear")
    counts = collections.Counter((row["truth"], row["label"]) for row in rows)
    body = [
        [truth, *[counts[truth, kind] or "" for kind in KINDS], sum(counts[truth, kind] for kind in KINDS)]
        for truth in order
    ]
    cycles = [row for row in rows if row["truth"] == "cycle"]
    both = [row for row in cycles if row["label"] == "cycle"]
    same = sum(row["period"] == row["true_period"] for row in both)
    missed = [row for row in cycles if row["label"] == "quasi-periodic"]
    within = sum(row["true_period"] <= row["period_excluded"] for row in missed)
    shortest = min((row["true_period"] for row in missed), default=0)
    wrong = [
        row
        for row in rows
        if (row["label"] in ("fixed point", "cycle") and row["truth"] not in (row["label"], "unclear"))
        or (row["label"] == "divergent" and row["truth"] != "divergent")
        or (row["label"] == "chaotic" and row["truth"] not in ("chaotic", "chaotic?", "unclear"))
    ]
    undecided = [row for row in rows if row["label"] == "undecided"]
    text = f"""
Rows: brute force, without attrax ([how](border_collision_truth.py)); columns: the label at the default effort.
“chaotic?”: by the exponent over a million steps, which a 0-1 test of that orbit does not confirm; “unclear”: brute force
could not say. Half of the maps are drawn from everywhere, half from where curves and locked cycles are common.

{_table(["truth", *KINDS, "maps"], body)}
- Of {len(both)} cycles that are cycles, {same} have the period that brute force found (the longest: \
{max((row["period"] for row in both), default=0):,}).
- {len(missed)} cycles are called quasi-periodic, {within} of them of a period within the K = 5,000 that such a label \
excludes: the shortest has {shortest:,}.
- Wrong among fixed points, cycles, divergent and chaotic labels: {len(wrong)} of {len(rows):,}."""
    for row in wrong:
        text += f" Brute force says {row['truth']} of period {row['true_period']}, attrax {row['label']}"
        if row["label"] == "chaotic":
            share = row["true_exponent"] / row["exponent"]
            text += (
                f": its exponent over a million steps is {100 * share:.0f} % of that over T, so the orbit was chaotic for "
                f"some {1e6 * share:,.0f} steps before it fell into the cycle; no run of 10,000 steps can know that"
            )
        text += "."
    text += f"""
- Undecided: {len(undecided)} ({100 * len(undecided) / len(rows):.1f} %).
- {found["seconds"]:.0f} s for the {len(rows):,} maps, compiling included; brute force took {found["truth_seconds"]:.0f} s.
"""
    return "## 1,000 random border-collision maps\n" + text


def _new_maps(found: dict, images: Path) -> str:
    """Write of maps that no threshold was looked at with."""
    text = _border_collision(found, images).partition("\n| truth")
    return "## 1,000 others\n\nDrawn anew: no threshold of a label was set on them.\n" + "".join(text[1:])


def _trained(rows: list[dict], _: Path) -> str:
    points = sum(row["points"] for row in rows)
    undecided, neutral = sum(row["undecided"] for row in rows), sum(row["neutral"] for row in rows)
    both = sum(row["decided_in_both"] for row in rows)
    changed = collections.Counter()
    for row in rows:
        changed.update(row["changed"])
    body = [
        [
            row["network"], *[row["labels"].get(kind, "") for kind in KINDS[:-1]], row["undecided"], row["neutral"],
            row["decided_in_both"], ", ".join(f"{n} {change}" for change, n in row["changed"].items()) or "none",
            f"{row['seconds']:.0f}",
        ]
        for row in rows
    ]  # fmt: skip
    agree = 100 * (1 - sum(changed.values()) / max(both, 1))
    return f"""## Trained networks: do labels change when the orbit is followed ten times longer?

{len(rows)} networks of 250 units, 6 x 6 x 2 points of the stimulus-stage planes, started where the stage begins. Labels at
the default effort (T = 10,000, followed up to ten times longer where unclear) against those of one run with T = 100,000.

{_table(["network", *KINDS, "neutral", "decided in both", "changed", "seconds"], body)}
- {agree:.1f} % of the {both} points that are decided in both have the same label.
- {undecided} of {points} points are undecided ({100 * undecided / points:.1f} %), {neutral} more are neutral.
- “seconds”: one run each at the default effort, compiling included.
"""


def _plane(rows: list[dict], _: Path) -> str:
    body = [
        [
            row["network"], f"{100 * row['fixed']:.0f} %", ", ".join(f"{n} {kind}" for kind, n in row["labels"].items()),
            f"{row['first_seconds']:.1f}", f"{row['seconds']:.1f}", f"{row['numpy_600_steps_seconds']:.1f}",
            f"{row['peak_memory_MB']:.0f}",
        ]
        for row in rows
    ]  # fmt: skip
    return f"""## A whole plane

21 x 21 points in two contexts (882 maps of 250 units), one orbit each, at the default effort; the last row takes as many
points from a finer plane of the same network as make half of 882 oscillate. “NumPy”: 600 plain steps of all orbits,
without any label. “first”: compiling included, where nothing was compiled for the rows before it; “seconds”: the median of
the five runs after it in the row that is all fixed points, of three in the last row, one run in the others. The memory is the largest that the process had until then, interpreter and libraries
(about 300 MB) included. The supervised networks of δ = 0.15, where nearly all points oscillate, are left out: at the seconds
a point of the section before they would take far longer.

{_table(["network", "fixed", "labels", "first (s)", "seconds", "NumPy (s)", "memory (MB)"], body)}
The aims were 3 s where all points are fixed, which is met; 2 GB, which is met as well; and 60 s where half of them oscillate,
which is missed by a factor of {rows[-1]["seconds"] / 60:.1f}. Each oscillating point is followed for 10,000 steps or more with four tangent
vectors, and after that cycles are looked for at its near returns. This table and that of the cost at the end are of the
version before attractors were counted by samples; what has become of the time, and where it goes
now, is on [a page of its own](engine.md).
"""


def _profile(found: dict, _: Path) -> str:
    return f"""### Where the time goes

The last row's plane ({found["network"]}) once more, in a process that has compiled its code, under Python's profiler:
{found["seconds"]:.0f} s, of which {found["measure_until"]:.0f} s are the steps with tangent vectors, longer runs of what is unclear included;
{found["have_cycles"]:.0f} s the equations of near returns; {found["certify_cycle"]:.0f} s the certificates of cycles, each a few
passes along one orbit; {found["follow_until_certain"]:.0f} s orbits that are followed until their cycle is certain (their certificates
included); {found["_settle"]:.0f} s the transients (with theirs); {found["_judge"]:.0f} s what decides between the other labels. The largest memory of the process was
{found["peak_memory_MB"]:.0f} MB.
"""


def _finder(rows: list[dict], _: Path) -> str:
    body, ratios = [], []
    for row in rows:
        for name, theirs in row.items():
            if name.startswith("finder_"):
                ratios.append(theirs["seconds"] / row["seconds"])
                body.append(
                    [
                        row["network"], name.removeprefix("finder_"), f"{theirs['seconds']:.1f}", theirs["candidates"],
                        f"{theirs['true']} ({theirs['of_them_ours']})", f"{theirs['solved']} ({theirs['of_those_ours']})",
                        row["ours"], f"{row['seconds']:.2f}", f"{ratios[-1]:.0f}",
                    ]
                )  # fmt: skip
    missed = sum(
        theirs["true"] - theirs["of_them_ours"] + theirs["solved"] - theirs["of_those_ours"]
        for row in rows
        for name, theirs in row.items()
        if name.startswith("finder_")
    )
    return f"""## FixedPointFinder

The centre of the plane, 100 starts, float64, one thread. FixedPointFinder (PyTorch, the version of September 2023) with its
defaults (learning rate 1, 5,000 iterations), with fewer iterations and with a lower rate, without Jacobians. “True”: candidates whose residual
is below 1e-6 of their size; “solved”: distinct fixed points that one exact solve makes of its candidates' patterns, which it
does not do itself; in brackets how many of them attrax has found too. attrax solves 500 linear systems, and gives
eigenvalues, types and certificates with the points.

{_table(["network", "rate, iterations", "its seconds", "candidates", "true", "solved", "attrax points", "attrax seconds", "ratio"], body)}
- {min(ratios):.0f} to {max(ratios):.0f} times as fast; fixed points that it has and attrax has not: {missed}.
"""


def _lyapunov(found: dict, _: Path) -> str:
    theirs = found["pynamicalsys"]
    return f"""## pynamicalsys

Lyapunov exponents of the Hénon map over {found["steps"]:,} steps: pynamicalsys (numba) {theirs["seconds"] * 1e3:.0f} ms,
{", ".join(_number(e) for e in theirs["exponents"])}; attrax {found["seconds"] * 1e3:.0f} ms,
{", ".join(_number(e) for e in found["exponents"])}. For one orbit in two dimensions numba is the faster one by
{found["seconds"] / theirs["seconds"]:.0f} times: attrax's compiled steps are made for many orbits of hundreds of units. The
whole label of that map (T = 10,000, exponents, 0-1 test) takes {found["label_seconds"] * 1e3:.0f} ms.
"""


def _cost(rows: list[dict], images: Path) -> str:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    by_units = [row for row in rows if "curve_seconds" in row]
    by_starts = [row for row in rows if "curve_seconds" not in row]
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    units = [row["units"] for row in by_units]
    axes[0].loglog(
        units, [row["fixed_seconds"] for row in by_units], "o-", color="#0072B2", label="16 starts, fixed points"
    )
    axes[0].loglog(units, [row["curve_seconds"] for row in by_units], "s--", color="#D55E00", label="1 start, a curve")
    axes[0].set(xlabel="units", ylabel="seconds")
    axes[0].legend(frameon=False)
    axes[1].loglog(
        [row["starts"] for row in by_starts], [row["fixed_seconds"] for row in by_starts], "o-", color="#0072B2"
    )
    axes[1].set(xlabel="starts (250 units, fixed points)", ylabel="seconds")
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(which="major", color="#ddd", linewidth=0.6)
    images.mkdir(parents=True, exist_ok=True)
    figure.savefig(images / "attractor-cost.png", dpi=150)
    plt.close(figure)
    first = [[row["units"], f"{row['fixed_seconds']:.3f}", f"{row['curve_seconds']:.2f}"] for row in by_units]
    second = [[f"{row['starts']:,}", f"{row['fixed_seconds']:.3f}"] for row in by_starts]
    return f"""## Cost

Random ReLU networks whose orbits end in fixed points, and a border-collision map with an invariant curve lifted to as many
units (T = 10,000; one run from 1,000 units on).

![Seconds against the number of units and of starts](../docs/images/attractor-cost.png)

{_table(["units", "16 starts, fixed points (s)", "1 start, a curve (s)"], first)}
{_table(["starts, 250 units", "seconds"], second)}"""
