"""Which learning settings meet the criterion soonest? A random search on seeds that nothing else uses.

    .venv/bin/python benchmarks/tuning.py search supervised --minutes 16
    .venv/bin/python benchmarks/tuning.py search ppo --minutes 40
    .venv/bin/python benchmarks/tuning.py validate

`search` starts from the untuned settings and some guesses, then changes one or two settings of one of the four best at
a time, on the seeds 1000 to 1004 at δ = 0.1; what is clearly slower is given up early, which the score says by adding
1000. `validate` measures the choice and the untuned settings on the seeds 2000 to 2005. Lines of JSON are added to
benchmarks/tuning/. Seconds are processor time of training, without compiling and the final evaluations.

`search` ends after --minutes; `validate` takes about a quarter of an hour.
"""

import argparse
import json
import random
import sys
import time
from pathlib import Path

if __name__ == "__main__":  # before what takes long to import, so that --help answers at once
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["search", "validate"])
    parser.add_argument("rule", nargs="?", choices=["ppo", "supervised"])
    parser.add_argument("--minutes", type=float, default=20)
    ARGUMENTS = parser.parse_args()

sys.path.insert(0, str(Path(__file__).parent / "speed"))
import one_thread  # noqa: F401 (before JAX)

from attrax.learning import LEARNERS, StoppingRule, train
from attrax.networks import NetworkSettings
from attrax.settings import SettingsError
from attrax.tasks.context_decision import ContextDecision

OUT = Path(__file__).parent / "tuning"
UNTUNED = {"supervised": {"learning_rate": 3e-4, "batch_size": 64, "sequence_steps": 150}, "ppo": {}}
SPACE = {
    "supervised": {
        "learning_rate": [5e-4, 7e-4, 1e-3, 1.4e-3, 2e-3], "batch_size": [16, 24, 32, 48], "sequence_steps": [100, 150],
        "fixation_weight": [0.03, 0.1], "gradient_norm": [0.5, 1.0, 3.0],
    },
    "ppo": {
        "learning_rate": [4e-4, 5e-4, 7e-4, 1e-3, 1.4e-3, 2e-3], "environments": [32, 64], "steps": [40, 60, 80],
        "epochs": [3, 4, 6], "minibatches": [2, 4], "entropy_weight": [0.001, 0.003, 0.01], "clip": [0.1, 0.2, 0.3],
        "discount": [0.9, 0.95, 0.98], "gae_lambda": [0.7, 0.8, 0.9, 0.95], "value_weight": [0.25, 0.5, 1.0],
        "gradient_norm": [0.3, 0.5, 1.0],
    },
}  # fmt: skip
GUESSES = {
    "supervised": [
        {"learning_rate": 1e-3, "batch_size": 32}, {"learning_rate": 1e-3, "batch_size": 32, "sequence_steps": 100},
        {"learning_rate": 1e-3, "batch_size": 16, "sequence_steps": 100},
    ],
    "ppo": [
        {"steps": 60, "clip": 0.1, "gae_lambda": 0.8}, {"gae_lambda": 0.8}, {"learning_rate": 1e-3},
        {"learning_rate": 1e-3, "clip": 0.1, "gae_lambda": 0.8},
    ],
}  # fmt: skip
EVALUATE_EVERY = {"supervised": 20, "ppo": 10}
CAP = {"supervised": 40.0, "ppo": 75.0}


class TooLong(Exception):
    pass


def measure(rule, settings, seed, cap):
    """Train one network; return seconds and how good it is."""
    moments = []

    def look(progress):
        moments.append(time.process_time())
        if moments[-1] - moments[0] > cap:
            raise TooLong

    stopping = StoppingRule(updates=100_000, evaluate_every=EVALUATE_EVERY[rule], fresh_trials=1000)
    learner = LEARNERS.build(rule, UNTUNED[rule] | settings)
    try:
        run = train(ContextDecision(), NetworkSettings(delta=0.1), learner, stopping, seed, look)
    except TooLong:
        return {"seconds": cap, "reached": False}
    return {
        "seconds": moments[-1] - moments[0], "reached": run.status == "reached", "acc": run.accuracy,
        "row": run.accuracy_in_a_row, "early": run.early_answers, "updates": run.updates,
        "radius": float(run.history["spectral_radius"][-1]),
    }  # fmt: skip


def search(rule, minutes):
    file = OUT / f"{rule}.jsonl"
    seen = [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []
    draw, end, queue = random.Random(1), time.time() + 60 * minutes, [{}, *GUESSES[rule]]
    while time.time() < end:
        if queue:
            settings = queue.pop(0)
        else:
            settings = dict(draw.choice(sorted(seen, key=lambda s: s["score"])[:4])["cfg"])
            for name in draw.sample(list(SPACE[rule]), draw.choice([1, 2])):
                settings[name] = draw.choice(SPACE[rule][name])
        if any(s["cfg"] == settings for s in seen):
            continue
        try:
            LEARNERS.build(rule, UNTUNED[rule] | settings)
        except SettingsError:
            continue
        fourth = sorted([s["score"] for s in seen] + [CAP[rule]])[min(3, len(seen))]
        runs = []
        for seed in range(1000, 1005):
            runs.append(measure(rule, settings, seed, CAP[rule]))
            mean = sum(r["seconds"] for r in runs) / len(runs)
            if not runs[-1]["reached"] or (len(runs) >= 2 and mean > 1.3 * fourth):
                break
        seen.append({"cfg": settings, "score": mean + (0 if len(runs) == 5 else 1000), "runs": runs})
        _add(file, seen[-1])


def validate():
    chosen = {
        "supervised": {"learning_rate": 1e-3, "batch_size": 32, "sequence_steps": 100},
        "ppo": {"learning_rate": 1e-3},
    }
    for rule, settings in chosen.items():
        for title, tried in (("chosen", settings), ("untuned", {})):
            for seed in range(2000, 2006):
                _add(
                    OUT / "validation.jsonl",
                    {"name": f"{rule} {title}", "seed": seed} | measure(rule, tried, seed, 120.0),
                )


def _add(file, record):
    OUT.mkdir(exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(record) + "\n")


def main(arguments):
    if arguments.what == "search":
        search(arguments.rule, arguments.minutes)
    else:
        validate()


if __name__ == "__main__":
    main(ARGUMENTS)
