"""Is each attractor counted once? 500 maps with a known number of attractors that move. Writes benchmarks/counting.md.

    .venv/bin/python benchmarks/counting.py [--maps 500] [--seed 2] [--page]

The maps: circles turned by random and by nearly rational amounts, one to three of them, concentric, mirrored, or beside
each other, 1 % to 50 % of their size apart; tori; locked cycles beside curves; Lorenz, Rössler and Lozi in one and two
copies. One thread; by its table it takes about half an hour.
"""

import argparse
import collections
import json
import os
import sys
import time
from pathlib import Path

from attrax.one_thread import ONE_THREAD

os.environ |= ONE_THREAD  # before JAX and NumPy are imported

HERE = Path(__file__).parent
TABLES = HERE / "counting"


def counted(case) -> dict[str, object]:
    """Count the attractors of a map, and say whether that is right; and how long labelling and numbering took."""
    from attrax.dynamics import find_attractors
    from attrax.dynamics.attractors import finding

    seconds, label = [], finding.label_and_sample

    def timed(*arguments):
        begin = time.perf_counter()
        labelled = label(*arguments)
        seconds.append(time.perf_counter() - begin)
        return labelled

    finding.label_and_sample = timed
    begin = time.perf_counter()
    found = find_attractors(case.network_map, case.starts)
    whole = time.perf_counter() - begin
    finding.label_and_sample = label
    numbers = found.attractor.values
    known = numbers >= 0
    pairs = {(int(side), int(number)) for side, number in zip(case.side[known], numbers[known], strict=True)}
    sides, found_numbers = len(set(case.side.tolist())), len(set(numbers[known].tolist()))
    return {
        "kind": case.kind, "about": case.about, "there": sides, "counted": found_numbers,
        "one_counted_as_several": len(pairs) > len({side for side, _ in pairs}),
        "several_counted_as_one": len(pairs) > len({number for _, number in pairs}),
        "undecided": int((~known).sum()), "perhaps": int(found.perhaps_same.sum()),
        "labelling_seconds": seconds[0], "numbering_seconds": whole - seconds[0],
        "labels": dict(collections.Counter(found.kind.values.tolist())),
    }  # fmt: skip


def write(rows: list[dict], seed: int) -> None:
    """Write the page."""
    from counting_maps import STARTS

    lines = [
        "# Is each attractor counted once?",
        "",
        f"Made by `benchmarks/counting.py --maps {len(rows)} --seed {seed}` (see its help): maps with a known",
        f'number of attractors that move, and {STARTS} starts each. "Right": as many as there are on the sides that',
        'starts were put on. "Perhaps": orbits were counted together, and it is said that they may run on several.',
        "",
        "| maps | how many | right | one as several | several as one | of these said so | perhaps | undecided starts |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind in [*dict.fromkeys(row["kind"] for row in rows), None]:
        of_kind = [row for row in rows if kind in (None, row["kind"])]
        merged = [row for row in of_kind if row["several_counted_as_one"]]
        cells = [
            kind or "all", len(of_kind), sum(row["there"] == row["counted"] for row in of_kind),
            sum(row["one_counted_as_several"] for row in of_kind), len(merged),
            sum(row["perhaps"] > 0 for row in merged), sum(row["perhaps"] > 0 for row in of_kind),
            sum(row["undecided"] > 0 for row in of_kind),
        ]  # fmt: skip
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    labelling, numbering = (sum(row[f"{what}_seconds"] for row in rows) for what in ("labelling", "numbering"))
    lines += [
        "",
        f"Telling attractors apart took {100 * numbering / labelling:.1f} % of the time of labelling the orbits",
        f"({labelling:.0f} s, compiling included: each map is a function of its own).",
        "",
    ]
    wrong = [row for row in rows if row["there"] != row["counted"]]
    for row in wrong:
        labels = ", ".join(f"{count} {kind}" for kind, count in row["labels"].items())
        lines.append(f"- Not right: {row['kind']} ({row['about']}): {row['counted']} for {row['there']}; {labels}.")
    (HERE / "counting.md").write_text("\n".join(lines) + "\n" * bool(wrong), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maps", type=int, default=500)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--page", action="store_true", help="make the page anew from the table")
    arguments = parser.parse_args()
    if arguments.page:
        write(json.loads((TABLES / "maps.json").read_text(encoding="utf-8")), arguments.seed)
        return
    import jax
    from counting_maps import cases

    rows = []
    for case in cases(arguments.maps, arguments.seed):
        rows.append(counted(case))
        jax.clear_caches()  # every map compiles code of its own, and a process can hold that of some hundred
        if rows[-1]["there"] != rows[-1]["counted"] or rows[-1]["perhaps"]:
            print(rows[-1], file=sys.stderr)
    TABLES.mkdir(exist_ok=True)
    # A row a line: who reads it looks for one map.
    (TABLES / "maps.json").write_text(
        "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n", encoding="utf-8"
    )
    write(rows, arguments.seed)


if __name__ == "__main__":
    main()
