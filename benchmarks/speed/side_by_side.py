"""Networks per minute by how many are trained side by side, on whatever device JAX finds: prints JSON.

    python side_by_side.py [--sizes 1 4 16 64 256 1024] [--updates 20] [--repeats 5]

Meant for a GPU; on a CPU, one after the other is the size 1. Both rules at their defaults, compiling and final
evaluations included in a first run that is not counted. Minutes on a GPU; on a CPU 64 side by side take some already.
"""

import argparse
import json
import statistics
import time

if __name__ == "__main__":  # before what takes long to import, so that --help answers at once
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 4, 16, 64, 256, 1024])
    parser.add_argument("--updates", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    ARGUMENTS = parser.parse_args()

import jax

from attrax.learning import LEARNERS, Member, StoppingRule, train_batch
from attrax.networks import NetworkSettings
from attrax.tasks.context_decision import ContextDecision

TASK, NETWORK = ContextDecision(), NetworkSettings(delta=0.1)


def networks_per_minute(rule, size, updates, repeats):
    stopping = StoppingRule(accuracy=None, updates=updates, fresh_trials=1000)
    members = [Member(NETWORK, LEARNERS.build(rule, {}), seed) for seed in range(size)]
    rates = []
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        train_batch(TASK, members, stopping, width=size)
        rates.append(60 * size / (time.perf_counter() - begun))
    return statistics.median(rates[1:])


def main(arguments):
    result = {"device": jax.devices()[0].device_kind, "updates": arguments.updates}
    for rule in ("ppo", "supervised"):
        for size in arguments.sizes:
            rate = networks_per_minute(rule, size, arguments.updates, arguments.repeats)
            result[f"{rule}_{size}_networks_per_minute"] = rate
            print(rule, size, rate, flush=True)
    print(json.dumps(result))


if __name__ == "__main__":
    main(ARGUMENTS)
