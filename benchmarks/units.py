"""Does the learning rule shape the population? Writes benchmarks/units.md from a finished study.

    .venv/bin/attrax run benchmarks/units.toml --out attrax-out/units
    .venv/bin/python benchmarks/units.py [--directory attrax-out/units] [PART ...]

PART is one of networks, course, definitions, figures (those of docs/populations.md): all where none is given. Tables are kept in
benchmarks/units/; the page is made anew from them each time. What units do is computed anew from the networks and their
checkpoints (a quarter of a minute each), for the store may have been made before this code; what lesions cost is the
store's.
"""

# ruff: noqa: E402, E501 - help answers before imports; rows of tables

import argparse
from pathlib import Path

PARTS = ("networks", "course", "definitions", "figures")

if __name__ == "__main__":  # before what takes long to import, so that --help answers at once
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS])
    parser.add_argument("--directory", default="attrax-out/units")
    ARGUMENTS = parser.parse_args()

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
TABLES, IMAGES = HERE / "units", HERE.parent / "docs" / "images"

BALANCE = {
    "unequal": "G_+ and G_-: difference over sum of their sizes",
    "group_entropy": "entropy of the groups, bits",
    "share_a": "share of units in G_a",
    "share_silent": "share of units in G_s",
    "group_heterogeneity": "heterogeneity of tuning within groups",
    "largest_block_z": "largest z of a block of weights, of either sign",
}
TUNING = {
    "selective_coherence_1": "selective for coherence 1",
    "selective_coherence_2": "selective for coherence 2",
    "selective_context": "selective for context",
    "selective_choice": "selective for choice",
    "selective_correct": "selective for correctness",
    "mixed_share": "selective for two features or more",
    "modularity": "modularity of functional connectivity",
}
CAUSES = {
    "robustness_noise": "robustness: noise on the state",
    "robustness_weights": "robustness: noise on the weights",
    "robustness_lesions": "robustness: random lesions",
    "lesion_effect_a": "G_a silenced, accuracy lost beyond random units",
    "lesion_effect_plus": "G_+ silenced, the same",
    "lesion_effect_minus": "G_- silenced, the same",
    "mode_removal_effect": "mode taken out, accuracy lost beyond random planes",
    "mode_removal_quasi": "mode taken out, change of the quasi-periodic share",
}
MEASURES = {**BALANCE, **TUNING, **CAUSES}


def networks(store) -> None:
    """Write a row a network, the cells of the study, and the pairs."""
    from attrax.analyses import NetworkOnTask, map_units
    from attrax.analyses.unit_analysis import unit_summary
    from attrax.studies import compare, describe

    summary = store.summary().set_index("network", drop=False)
    for condition in store.conditions:
        both = store.networks(condition.identity)
        units = map_units(
            NetworkOnTask(condition.task, both["final"]),
            condition.populations,
            NetworkOnTask(condition.task, both["initial"]),
        )
        for name, value in unit_summary(units).items():
            summary.loc[condition.identity, name] = value
        print(condition.title, flush=True)
    summary = summary.reset_index(drop=True).assign(unequal=lambda table: table.group_imbalance.abs())
    columns = ["learner", "delta", "seed", "reached", "accuracy", "updates", *MEASURES, "untrained_group_entropy"]
    summary[columns].round(4).to_csv(TABLES / "networks.csv", index=False)
    cells = describe(summary, list(MEASURES))
    cells[cells["of"] == "all"].round(4).to_csv(TABLES / "cells.csv", index=False)
    pairs = compare(summary, list(MEASURES), "ppo", "supervised")
    pairs[pairs["of"] == "all"].round(5).to_csv(TABLES / "pairs.csv", index=False)


def definitions(store) -> None:
    """Write how many networks have groups by each definition, and how far definitions agree."""
    found, rows = store.groups(), []
    for (learner, delta), place in _cells(found):
        one = found.isel(network=place)
        for definition in found.definition.values:
            reason = one.group_reason.sel(definition=definition).values
            agreement = one.group_agreement.sel(definition=definition).isel(other_definition=-1).values  # with trials
            rows.append(
                {
                    "learner": learner, "delta": delta, "definition": definition, "maps": reason.size,
                    "with_groups": int((reason == "").sum()),
                    "one_attractor": int((reason == "one attractor for both choices").sum()),
                    "agreement_with_trials": np.nanmean(agreement) if np.isfinite(agreement).any() else np.nan,
                }
            )  # fmt: skip
    pd.DataFrame(rows).round(4).to_csv(TABLES / "definitions.csv", index=False)


def course(store) -> None:
    """Write groups at each checkpoint: means over the networks that reached it."""
    courses, rows = {c.identity: _course_of(store, c) for c in store.conditions}, []
    for (learner, delta), of in pd.DataFrame([c.factors | {"network": c.identity} for c in store.conditions]).groupby(
        ["learner", "delta"], sort=False
    ):
        for checkpoint in ("initial", *store.study.checkpoints, "final"):
            there = [courses[name] for name in of.network if checkpoint in courses[name].checkpoint]
            at = [one.sel(checkpoint=checkpoint) for one in there]
            if not at:
                continue
            row = {"learner": learner, "delta": delta, "checkpoint": checkpoint, "networks": len(at)}
            row["updates"] = _mean([one.units_course_updates for one in at])
            row["with_groups"] = sum(str(one.units_course_reason.values) == "" for one in at)
            row["entropy"] = _mean([one.units_course_entropy for one in at])
            row["settled"] = _mean([(one.units_course_settled <= one.units_course_updates).mean() for one in at])
            for measure in ("imbalance", "heterogeneity", "largest_block_z"):
                values = np.array([float(one.units_course_balance.sel(balance_measure=measure)) for one in at])
                row["unequal" if measure == "imbalance" else measure] = _mean(np.abs(values))
            for feature in at[0].feature.values.tolist():
                row[feature] = _mean([one.units_course_selective.sel(feature=feature).mean() for one in at])
            rows.append(row)
    pd.DataFrame(rows).round(4).to_csv(TABLES / "course.csv", index=False)


def _course_of(store, condition):
    """Return the units of a network along its training."""
    from attrax.analyses import map_unit_course
    from attrax.learning import Progress

    found, networks_of = store.units().sel(network=condition.identity), store.networks(condition.identity)
    progress = {
        name: Progress(int(at.units_course_updates), 0, float(at.units_course_accuracy))
        for name in networks_of
        for at in [found.sel(checkpoint=name)]
    }
    print(condition.title, flush=True)
    return map_unit_course(condition.task, networks_of, progress, condition.populations)


def _mean(values) -> float:
    known = np.asarray(values, float)[np.isfinite(np.asarray(values, float))]
    return float(known.mean()) if known.size else float("nan")


def _cells(found):
    """Yield (learner, δ) and the places of their networks."""
    labels = list(zip(found.learner.values, found.delta.values, strict=True))
    for label in dict.fromkeys(labels):
        yield label, [place for place, other in enumerate(labels) if other == label]


def figures(store) -> None:
    """Draw the pictures of docs/populations.md, in 256 colours: a third of the size."""
    from PIL import Image

    from attrax.reports import study_figures
    from attrax.reports.figures.planes_figure import save

    for name, figure in study_figures(store).items():
        path = IMAGES / f"units-{name}.png"
        save(figure, path)
        with Image.open(path) as image:
            small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        small.save(path, optimize=True)


def write_page(page: Path) -> None:
    """Make the page from the tables that there are."""
    cells, pairs = pd.read_csv(TABLES / "cells.csv"), pd.read_csv(TABLES / "pairs.csv")
    deltas = sorted(cells.delta.unique())
    counts = pd.read_csv(TABLES / "networks.csv").groupby(["learner", "delta"]).reached.agg(["size", "sum"])
    lines = [
        "# What the units of trained networks do",
        "",
        "Made by `benchmarks/units.py` from `attrax run benchmarks/units.toml`: ContextDecision, N = 250, both rules with",
        "their default settings to 95 %, the same first weights and trials at one seed. A row a network:",
        "[units/networks.csv](units/networks.csv).",
        "",
        "Networks (reached): "
        + "; ".join(
            f"{learner} δ = {delta:g}: {row['size']} ({row['sum']})" for (learner, delta), row in counts.iterrows()
        )
        + ".",
        "",
        "## The rules compared",
        "",
        "Means over networks; difference of pairs of one seed with its 95 % interval; p by flipping signs, and q over this",
        "table (Benjamini and Hochberg). With so few pairs the smallest p is 2^(1 − pairs).",
        "",
        "| measure | δ | PPO | supervised | difference | pairs | p | q |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for measure, words in MEASURES.items():
        for delta in deltas:
            means = [
                cells[(cells.measure == measure) & (cells.delta == delta) & (cells.learner == learner)].value.iloc[0]
                for learner in ("ppo", "supervised")
            ]
            pair = pairs[(pairs.measure == measure) & (pairs.delta == delta)].iloc[0]
            shown = " | ".join("–" if np.isnan(mean) else f"{mean:.3f}" for mean in means)
            between = "–" if not pair.pairs else f"{pair.difference:+.3f} ({pair.low:+.3f} to {pair.high:+.3f})"
            tested = "– | –" if np.isnan(pair.p_sign_flip) else f"{pair.p_sign_flip:.3f} | {pair.q_sign_flip:.3f}"
            lines.append(f"| {words} | {delta:g} | {shown} | {between} | {int(pair.pairs)} | {tested} |")
    lines += ["", "## Groups by three definitions", ""]
    lines += ["Of each network two contexts; agreement is the adjusted Rand index with the groups of real trials.", ""]
    lines += _table(pd.read_csv(TABLES / "definitions.csv"))
    lines += ["", "## Along training", ""]
    lines += [
        "Means over the networks that reached a checkpoint; `settled`: share of the units that keep their final group from",
        "there on; `unequal`: |n₊ − n₋| / (n₊ + n₋); then the shares of units that are selective for each feature.",
        "",
    ]
    lines += _table(pd.read_csv(TABLES / "course.csv"))
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _table(table: pd.DataFrame) -> list[str]:
    """Return a table in Markdown."""
    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|" + "---|" * len(table.columns)]
    for row in table.itertuples(index=False):
        cells = [
            "–" if isinstance(x, float) and np.isnan(x) else f"{x:.3g}" if isinstance(x, float) else str(x) for x in row
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def main(arguments) -> None:
    """Make the parts that are asked for, and the page."""
    from attrax.studies import open as open_store

    TABLES.mkdir(exist_ok=True)
    store = open_store(arguments.directory)
    for part in arguments.parts or PARTS:
        {"networks": networks, "course": course, "definitions": definitions, "figures": figures}[part](store)
    write_page(HERE / "units.md")


if __name__ == "__main__":
    main(ARGUMENTS)
