"""How do the dynamics come about along training, and where are decisions held? Writes benchmarks/course.md.

    .venv/bin/attrax run benchmarks/course.toml --out attrax-out/course
    .venv/bin/attrax run benchmarks/atlas.toml --out attrax-out/atlas
    .venv/bin/python benchmarks/course.py [PART ...]

PART is one of course, sides, figures (those of docs/along-training.md): all where none is given. Tables are kept in
benchmarks/course/; the page is made anew from all of them each time. Training takes minutes for each of the two dozen
networks; a part follows every one of them, which takes minutes as well.
"""

# ruff: noqa: E501 - rows of tables

import argparse
import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
TABLES, IMAGES = HERE / "course", HERE.parent / "docs" / "images"
TRIALS = 400
TURNOVER = ("attractors", "born", "died", "changed", "unknown")
COLUMNS = ("frac_fixed", "frac_quasi", "frac_locked", "frac_chaotic", "frac_divergent", "frac_undecided")


def save(name: str, rows: object) -> None:
    TABLES.mkdir(exist_ok=True)
    (TABLES / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def _mean(values) -> float | None:
    """Of both contexts; None where there is none, which JSON knows, unlike NaN."""
    return None if np.isnan(values).all() else float(values.mean())


def wrong_in_the_delay(condition, network) -> float:
    """Share of real trials on the wrong side, or none, when the delay begins; the mean over strengths."""
    from attrax.analyses import NetworkOnTask, trial_sides, wrong_side

    sides = trial_sides(NetworkOnTask(condition.task, network), condition.planes.course_trials, ("delay",))
    return float(wrong_side(sides).wrong_side.mean())


def course(arguments) -> None:
    """Each checkpoint of each network; and the three comparisons."""
    from attrax.analyses.training_course import attractor_turnover
    from attrax.reports.words.matched_comparisons import comparison_rows
    from attrax.studies import open as open_store

    store, rows = open_store(arguments.course), []
    for condition in store.conditions:
        arrays = store.arrays(condition.identity).isel(network=0)
        arrays = arrays.isel(checkpoint=np.unique(arrays.course_updates.values, return_index=True)[1])
        # Counted anew from the checkpoints: the store may have been made before this code.
        networks = store.networks(condition.identity)
        in_order = [networks[name] for name in arrays.checkpoint.values.tolist()]
        counted = attractor_turnover(condition.task, in_order, condition.planes)
        for moment in range(arrays.sizes["checkpoint"]):
            at, turned = arrays.isel(checkpoint=moment), counted.isel(moment=moment)
            rows.append(
                {
                    "network": condition.title, "updates": int(at.course_updates), "trials": int(at.course_trials),
                    "accuracy": float(at.course_accuracy),
                    "shares": dict(zip(at.attractor_kind.values.tolist(), at.course_share.values.tolist(), strict=True)),
                    **{name: _mean(turned[f"course_{name}"]) for name in TURNOVER},
                    "wrong_delay": wrong_in_the_delay(condition, in_order[moment]),
                }
            )  # fmt: skip
        save("course", rows)
        print(rows[-1], flush=True)
    compared = comparison_rows(store)
    save("comparisons", [{n: None if v != v else v for n, v in row.items()} for row in compared])


def sides(arguments) -> None:
    """Of the trained networks: which share of real trials would each stage lead to the wrong answer, if it lasted?"""
    from attrax.analyses import trial_sides, wrong_side
    from attrax.studies import open as open_store

    store, rows = open_store(arguments.networks), []
    for condition in store.conditions:
        table = wrong_side(trial_sides(NetworkOnTask(condition.task, store.network(condition.identity)), TRIALS))
        rows.append(
            {
                "network": condition.title, "trials": TRIALS,
                "strength": table.strength.values.tolist(), "wrong_answer": table.wrong_answer.values.tolist(),
                **{stage: table.wrong_side.sel(stage=stage).values.tolist() for stage in table.stage.values.tolist()},
            }
        )  # fmt: skip
        save("sides", rows)
        print(rows[-1], flush=True)


def figures(arguments) -> None:
    """The pictures of docs/along-training.md: the strip, and the delay's basins under both rules."""
    from attrax.analyses import basins_of_stage
    from attrax.reports.figures.basin_figures import basin_figure
    from attrax.reports.figures.course_figures import course_figure
    from attrax.reports.figures.planes_figure import save as save_figure
    from attrax.studies import open as open_store

    strip = course_figure(open_store(arguments.course))
    assert strip is not None
    save_figure(strip, IMAGES / "course.png")
    store = open_store(arguments.networks)
    for learner in ("ppo", "supervised"):
        condition = next(
            c for c in store.conditions if c.learner_label == learner and c.network.delta == 0.06 and c.seed == 0
        )
        basins = basins_of_stage(
            NetworkOnTask(condition.task, store.network(condition.identity)), "delay", 0, points=41
        )
        figure = basin_figure(basins, title=f"{condition.title}: delay stage, context 1")
        save_figure(figure, IMAGES / f"basins-{learner}.png")


PARTS = {"course": course, "sides": sides, "figures": figures}


def write_page(page: Path) -> None:
    """Make the page from the tables that there are."""
    tables = {file.stem: json.loads(file.read_text()) for file in sorted(TABLES.glob("*.json"))}
    lines = ["# How do the dynamics come about along training?", "",
             "Made by `benchmarks/course.py`. N = 250, the task's defaults; supervised learning with the settings from before any were tuned. Planes of 7 x 7 coherences in both contexts; shares of them, from where",
             "the stimulus stage begins. Few networks: what differs between two of them need not differ between the rules.", ""]  # fmt: skip
    if rows := tables.get("comparisons"):
        lines += ["## Matched accuracy, equal updates, equal trials", "",
                  "Networks of `benchmarks/course.toml`, trained on for 400 updates whatever their accuracy. Means over the networks that got there.", "",
                  "| compared at | | rule | δ | got there | updates | trials | accuracy | fixed | quasi-periodic | locked | chaotic | divergent | undecided | wrong side in the delay |",
                  "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
        for r in rows:
            start = f"| {r['comparison']} | {r['value']} | {r['learner']} | {r['delta']:g} | {r['reached']} of {r['networks']} |"
            if not r["reached"]:
                lines.append(start + " |" * 10)
                continue
            shares = " | ".join(f"{r[name]:.0%}" for name in (*COLUMNS, "wrong_side_delay"))
            lines.append(f"{start} {r['updates']:,.0f} | {r['trials']:,.0f} | {r['accuracy']:.3f} | {shares} |")
        lines.append("")
    if rows := tables.get("course"):
        lines += ["## Each checkpoint", "",
                  "Attractors, births and deaths: means over a plane of 3 x 3 coherences in both contexts, from four starts at each (three of",
                  "them random) and from the attractors of the checkpoint before and after; changed: live on as another kind; not known: lead to an orbit that stays undecided.", "",
                  "| network | updates | trials | accuracy | fixed | quasi-periodic | chaotic | divergent | undecided | attractors | born | died | changed | not known | wrong side in the delay |",
                  "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
        for r in rows:
            shares = " | ".join(
                f"{r['shares'][k]:.0%}" for k in ("fixed point", "quasi-periodic", "chaotic", "undecided")
            )
            moved = " | ".join("" if r[n] is None else f"{r[n]:.2f}" for n in TURNOVER)
            lines.append(
                f"| {r['network']} | {r['updates']:,} | {r['trials']:,} | {r['accuracy']:.2f} | {shares} | {moved} | {r['wrong_delay']:.0%} |"
            )
        lines.append("")
    if rows := tables.get("sides"):
        strengths = rows[0]["strength"]
        lines += ["## Where is the decision held?", "",
                  f"Networks of `benchmarks/atlas.toml`, trained to 95 %. {rows[0]['trials']} real trials each: if the stage began now and lasted for ever without",
                  "noise, which share of them would end on the side of the wrong answer? 50 % is what a network does that holds nothing: all trials go",
                  "to one place. Beside it the share of wrong answers that it really gives. Weakest and strongest evidence, and mean over all.", "",
                  f"| network | stimulus: c = {strengths[0]:g} | {strengths[-1]:g} | mean | delay: c = {strengths[0]:g} | {strengths[-1]:g} | mean | decision: mean | wrong answers: c = {strengths[0]:g} | mean |",
                  "|---|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
        for r in rows:
            cells = [f"{r[s][0]:.0%} | {r[s][-1]:.0%} | {np.mean(r[s]):.0%}" for s in ("stimulus", "delay")]
            lines.append(
                f"| {r['network']} | {' | '.join(cells)} | {np.mean(r['decision']):.0%} | {r['wrong_answer'][0]:.0%} | {np.mean(r['wrong_answer']):.0%} |"
            )
        lines.append("")
    page.write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART")
    parser.add_argument("--course", type=Path, default=Path("attrax-out/course"))
    parser.add_argument("--networks", type=Path, default=Path("attrax-out/atlas"))
    arguments = parser.parse_args()
    for part in arguments.parts or PARTS:
        PARTS[part](arguments)
        write_page(HERE / "course.md")


if __name__ == "__main__":
    main()
