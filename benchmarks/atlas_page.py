"""The page of the atlas benchmark, from its tables."""
# ruff: noqa: E501 - rows of tables

import json
from pathlib import Path

KINDS_OF_BORDERS = ("switch", "fold", "Neimark-Sacker", "flip", "exchange", "merging", "singular")


def write_page(folder: Path, page: Path) -> None:
    """Make the page from the tables that there are."""
    tables = {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}
    lines = ["# The exact atlas: does it agree, does it miss anything, what does it cost?", "",
             "Made by `benchmarks/atlas.py` from the tables in `benchmarks/atlas/`; the networks are those of",
             "`benchmarks/atlas.toml` (N = 250, two seeds of each; supervised learning with the settings from before any were tuned).",
             "One thread of a shared machine.", ""]  # fmt: skip
    if rows := tables.get("small"):
        cells, wrong = sum(r["cells"] for r in rows), sum(r["disagree"] for r in rows)
        lines += ["## Are all fixed points there, and are the areas right?", "",
                  f"{len(rows)} random networks of {rows[0]['units']} to {rows[-1]['units']} units, small enough to solve every one of the 2^N patterns at the middle of each",
                  f"cell of a 400 x 400 grid. The number of fixed points that attract is another than the atlas's at {wrong} of {cells:,} points; their shares",
                  f"of the window differ from the grid's by at most {max(r['area_error'] for r in rows):.1e}, which is what such a grid can tell.", "",
                  "| units | regions | points that disagree | largest error of a share | most that attract at one point | share of the window where none does |",
                  "|---|---|---|---|---|---|"]  # fmt: skip
        for units in sorted({r["units"] for r in rows}):
            of = [r for r in rows if r["units"] == units]
            lines.append(
                f"| {units} | {', '.join(str(r['regions']) for r in of)} | {sum(r['disagree'] for r in of)} | {max(r['area_error'] for r in of):.1e} | "
                f"{', '.join(str(r['most']) for r in of)} | {', '.join(format(r['none'], '.1%') for r in of)} |"
            )
        lines.append("")
    if rows := tables.get("agreement"):
        lines += ["## At random inputs, does the atlas say what the engine says?", "",
                  "At 2,000 random inputs (context 1; fewer where the table says so) the engine follows the orbit from the state in which the network",
                  "enters the stage. \"Missing\" are orbits that it certifies (period up to 12) on a fixed point or cycle that is",
                  "above that input in no polygon; \"worst\" is the largest distance between its state and the formula's, in units of",
                  "the state's size. \"Bare\" are inputs above which no polygon lies: how many there are, and at how many of them the",
                  "engine certifies something all the same (0 is right).", "",
                  "| network | inputs | regions | of attractors | sheets | certified | missing | worst | bare | certified there | fixed point exists | quasi-periodic exists (sampled) | two or more coexist | s |",
                  "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
        for r in rows:
            more = sum(share for count, share in r["coexistence"].items() if int(count) > 1)
            lines.append(
                f"| {r['network']} | {r['points']:,} | {r['regions']:,} | {r['stable']:,} | {r['sheets']} | {r['exact']:,} | {r['missing']} | "
                f"{r['worst']:.0e} | {r['bare']} | {r['exact_where_bare']} | {r['areas']['fixed point']:.2%} | "
                f"{r['areas']['quasi-periodic']:.1%} | {more:.1%} | {r['seconds']:.0f} |"
            )
        for r in rows:
            if periods := r.get("missing_periods"):
                lines += ["", f"Missing of {r['network']}: of period {', '.join(map(str, periods))}. Cycles are followed from where sampled orbits meet",
                          "them (64 inputs and 4 starts each, and more where no polygon lies), and none met this one."]  # fmt: skip
        worst = max(r["overlap"] for r in rows)
        lines += ["", f"Regions of one sheet overlap by at most {worst:.0e} of the window.", "", "Borders of attractors, by what happens there:", "", "| network | " + " | ".join(KINDS_OF_BORDERS) + " |",
                  "|---|" + "---|" * len(KINDS_OF_BORDERS)]  # fmt: skip
        lines += [
            f"| {r['network']} | " + " | ".join(f"{r['borders'].get(kind, 0):,}" for kind in KINDS_OF_BORDERS) + " |"
            for r in rows
        ]
        lines.append("")
    if rows := tables.get("coverage"):
        lines += ["## Does it miss attractors?", "",
                  "From random starts (uniform, up to twice the largest activity of any attractor) at random inputs the engine finds attractors. Each",
                  "one that it certifies should lie on a polygon of the atlas, which was made from other inputs and starts.", "",
                  "| network | inputs | starts | certified orbits | without a polygon | attractors above the inputs | of them met by these starts |",
                  "|---|---|---|---|---|---|---|"]  # fmt: skip
        lines += [
            f"| {r['network']} | {r['points']:,} | {r['starts']} | {r['exact']:,} | {r['without_polygon']} | "
            f"{r['stable_above']:,} | {r['of_them_met']:,} |"
            for r in rows
        ]
        lines.append("")
    if rows := tables.get("outlook"):
        ratios = sorted(r["seconds_said"] / r["seconds"] for r in rows)
        within = sum(0.5 <= ratio <= 2 for ratio in ratios)
        lines += ["## Is what it says beforehand right?", "",
                  "After 24 sampled inputs an atlas says how many regions are to be expected, and how long it will take until they",
                  "are found. The second context of each network, one run, the first one compiling; up to 50,000 regions.", "",
                  f"Within a factor of two of the seconds: {within} of {len(rows)}.", "",
                  "| network | regions expected | met | seconds expected | taken | ratio |", "|---|---|---|---|---|---|"]  # fmt: skip
        lines += [
            f"| {r['network']} | {r['regions_said']:,} | {r['regions']:,}{'' if r['complete'] else ' (limit)'} | {r['seconds_said']:.0f} | {r['seconds']:.0f} | "
            f"{r['seconds_said'] / r['seconds']:.2f} |"
            for r in rows
        ]
        lines.append("")
    if rows := tables.get("cost"):
        lines += ["## What does it cost?", "",
                  "Medians of five, after one run that compiles; the grids are the engine's labels from one start. Without unstable",
                  "regions the walk stops at the first of them.", "",
                  "| network | context | regions | s | with borders and sheets, s | attractors alone: regions | s | 21 x 21 grid, s | 101 x 101 grid, s | memory of the process, MB |",
                  "|---|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
        lines += [
            f"| {r['network']} | {r['context'] + 1} | {r['regions_seconds']:,} | {r['seconds']:.1f} | {r['with_sheets']:.1f} | {r['regions_stable_only']:,} | "
            f"{r['stable_only']:.1f} | {r['grid_21']:.1f} | {r['grid_101']:.1f} | {r['memory_MB']:.0f} |"
            for r in rows
        ]
        first = [r for r in rows if r["network"] == rows[0]["network"]]
        regions, seconds = sum(r["regions_seconds"] for r in first), sum(r["seconds"] for r in first)
        lines += ["",
                  f"The aim was 4 s for both contexts of a network whose plane is all fixed points, less than a 21 x 21 grid takes. It is missed: {seconds:.1f} s",
                  f"for {rows[0]['network']}. A network has not some hundred regions but thousands ({regions:,} in both contexts), at {1e3 * seconds / regions:.1f} ms",
                  "each, samples and search included. Where it goes, by a profile: a third is the proof of stability (about four squarings of a matrix of",
                  "130 active units a region, most of them in single precision); a tenth each are the sampled orbits, the search for fixed points, the change of",
                  "the inverse across an edge, the cutting of polygons out of 250 half-planes, and the union of areas. A certificate of one region (a Lyapunov matrix) proves nothing for most of its neighbours. The cost of a",
                  "grid grows with its points: against 101 x 101 of them the atlas takes a fraction."]  # fmt: skip
        lines.append("")
    if rows := tables.get("size"):
        lines += ["## How does it grow with the network?", "",
                  "Random networks at one gain (W of variance 1/N), 16 sampled inputs.", "",
                  "| units | regions | of attractors | s | memory of the regions, MB |", "|---|---|---|---|---|"]  # fmt: skip
        lines += [
            f"| {r['units']:,} | {r['regions']:,}{'' if r['complete'] else ' (limit)'} | {r['stable']:,} | {r['seconds']:.1f} | {r['regions_MB']:.1f} |"
            for r in rows
        ]
        lines.append("")
    page.write_text("\n".join(lines), encoding="utf-8")
