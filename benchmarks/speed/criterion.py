"""Seconds from a key to 95 %, compiling, memory, two processes: prints JSON.

python criterion.py time_to_95 ppo|supervised [--seeds 10]
python criterion.py compile ppo|supervised          (the folder of the compilation cache comes from the environment)
python criterion.py work [--networks 1]             (a fixed amount of training: for two processes against one)
python criterion.py memory                          (both rules at their defaults; peak of the process)

Ten seeds to 95 % take eight minutes (PPO) or two (supervised learning), the others less than a minute. `make bench`
runs all of them.
"""

import argparse
import json
import resource
import time

if __name__ == "__main__":  # before what takes long to import, so that --help answers at once
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["time_to_95", "compile", "work", "memory"])
    parser.add_argument("rule", nargs="?", choices=["ppo", "supervised"])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--networks", type=int, default=1)
    ARGUMENTS = parser.parse_args()

import one_thread  # noqa: F401, I001 (before JAX)
import jax

from attrax.learning import LEARNERS, StoppingRule, train
from attrax.networks import NetworkSettings
from attrax.tasks.context_decision import ContextDecision

TASK = ContextDecision()
NETWORK = NetworkSettings(delta=0.1)


def time_to_95(rule, seeds):
    """Wall-clock seconds of training to the criterion, evaluations included, compiling and final evaluations not."""
    learner = LEARNERS.build(rule, {})
    stopping = StoppingRule(updates=5000)
    train(TASK, NETWORK, learner, StoppingRule(accuracy=None, updates=1))  # compiles
    rows = []
    for seed in range(seeds):
        moments = []
        trained = train(TASK, NETWORK, learner, stopping, seed, lambda _, m=moments: m.append(time.perf_counter()))
        rows.append(
            {
                "seed": seed, "seconds": moments[-1] - moments[0], "status": trained.status, "updates": trained.updates,
                "accuracy": trained.accuracy, "in_a_row": trained.accuracy_in_a_row,
            }
        )  # fmt: skip
    return rows


def compiling(rule):
    """Seconds that the first training takes longer than the second one."""
    learner, stopping = LEARNERS.build(rule, {}), StoppingRule(accuracy=None, updates=1)
    jax.block_until_ready(jax.numpy.ones(3) + 1)  # JAX itself has started
    taken = []
    for seed in (0, 1):
        begun = time.perf_counter()
        train(TASK, NETWORK, learner, stopping, seed)
        taken.append(time.perf_counter() - begun)
    return taken[0] - taken[1]


def work(networks):
    """Seconds of 40 updates of PPO and 100 supervised ones for each network, after compiling."""
    rules = {"ppo": 40, "supervised": 100}
    for rule in rules:
        train(TASK, NETWORK, LEARNERS.build(rule, {}), StoppingRule(accuracy=None, updates=1))
    print("ready", flush=True)
    input()
    begun = time.perf_counter()
    for seed in range(networks):
        for rule, updates in rules.items():
            train(TASK, NETWORK, LEARNERS.build(rule, {}), StoppingRule(accuracy=None, updates=updates), seed)
    return time.perf_counter() - begun


def memory():
    """Peak resident memory in MB after both rules have been compiled and have trained."""
    for rule in ("ppo", "supervised"):
        train(TASK, NETWORK, LEARNERS.build(rule, {}), StoppingRule(accuracy=None, updates=5))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def main(arguments):
    if arguments.what == "time_to_95":
        result = time_to_95(arguments.rule, arguments.seeds)
    elif arguments.what == "compile":
        result = compiling(arguments.rule)
    elif arguments.what == "work":
        result = work(arguments.networks)
    else:
        result = memory()
    print(json.dumps(result))


if __name__ == "__main__":
    main(ARGUMENTS)
