"""Do both rules reach 95 % with untuned settings? Writes benchmarks/learning.md.

    .venv/bin/python benchmarks/learning.py [--out DIR] [--workers N]

Goes on where it was interrupted; about 15 minutes on two cores.
"""

import argparse
from pathlib import Path

if __name__ == "__main__":  # before what takes long to import, so that --help answers at once
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("attrax-out/learning"))
    parser.add_argument("--workers", type=int, default=None)
    ARGUMENTS = parser.parse_args()

from attrax.studies import load_study, run_study

HERE = Path(__file__).parent
DEFAULTS = """\
**And with the defaults?** PPO's are those of this table. Supervised learning's were tuned for speed after it was made
(learning rate 1e-3, 32 sequences of 100 steps; here 3e-4, 64 and 150:
[how](../docs/training.md#are-the-default-settings-tuned)). Of the 24 networks of `benchmarks/units.toml`, which have
the defaults (δ = 0.06 and 0.15, six seeds), 23 reached the criterion: all of PPO, and of supervised learning all but
one (δ = 0.06, seed 5: 0.918 after 2,000 updates; [table](units/networks.csv)). For the defaults at the widths above,
run a copy of `benchmarks/learning.toml` without the settings of `[learners.supervised]`: some 15 minutes on two cores.
"""


def table(store) -> str:
    summary, timing = store.summary(), store.timing()
    rows = summary.merge(timing[["network", "training_seconds"]], on="network")
    rows = rows.sort_values(["learner", "delta", "seed"])
    versions = ", ".join(
        f"{name.removeprefix('version_')} {timing[name].iloc[0]}"
        for name in timing.columns
        if name in ("python", "version_attrax", "version_jax", "version_numpy")
    )
    lines = [
        "# Both rules learn the task with untuned settings",
        "",
        "N = 250, `ContextDecision`, settings from before any were tuned; training stops at 95 % of 1,000 held-out",
        "trials, within 2,000 updates. Accuracy is on 10,000 fresh trials after the stop (that of the stop",
        "is biased upward, so this one may lie a little lower); “in a row”: the hidden state is carried on over ten",
        "trials; early answers: share of trials with an answer before the decision stage.",
        "Made by `.venv/bin/python benchmarks/learning.py`; seconds include compiling, on one thread",
        f"of a shared machine ({versions}).",
        "",
        "| rule | δ | seed | reached | accuracy | in a row | early answers | updates | trials | seconds |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.learner} | {r.delta:g} | {r.seed} | {'yes' if r.reached else 'no'} | {r.accuracy:.4f} "
        f"| {r.accuracy_in_a_row:.4f} | {r.early_answers:.2f} "
        f"| {r.updates:,} | {r.trials:,} | {r.training_seconds:.0f} |"
        for r in rows.itertuples()
    ]
    lines += [
        "",
        f"{int(rows.reached.sum())} of {len(store.study.conditions())} networks reached the criterion.",
        "",
        DEFAULTS,
    ]
    return "\n".join(lines)


def main(arguments) -> None:
    study = load_study(str(HERE / "learning.toml"))
    store = run_study(study, arguments.out, arguments.workers, on_event=_say)
    (HERE / "learning.md").write_text(table(store), encoding="utf-8")


def _say(event) -> None:
    if event.kind != "working":
        print(event.condition.title, event.kind, event.stage, flush=True)


if __name__ == "__main__":
    main(ARGUMENTS)
