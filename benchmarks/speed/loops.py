"""How fast attrax's training loops are, in one process on one thread: prints JSON.

    python loops.py ppo|ppo_lstm|ppo_16|ppo_lstm_16|sl_with_data|sl|shares [--repeats R]

Rates exclude compiling and evaluations, and include everything else: drawing trials, acting, learning. Less than a
minute each; `make bench` runs them.
"""

import argparse
import json
import statistics
import time

if __name__ == "__main__":  # before what takes long to import, so that --help answers at once
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["ppo", "ppo_lstm", "ppo_16", "ppo_lstm_16", "sl_with_data", "sl", "shares"])
    parser.add_argument("--repeats", type=int, default=5)
    ARGUMENTS = parser.parse_args()

import jax
import jax.numpy as jnp
import one_thread  # noqa: F401 (before JAX)

from attrax.learning.optimising import descend, gradient_of
from attrax.learning.ppo import PPO
from attrax.learning.supervised import Supervised
from attrax.networks import NetworkSettings, initialise
from attrax.tasks.context_decision import ContextDecision

N = 250
NEUROGYM = ContextDecision.neurogym()
# What both sides of the comparison with sb3-contrib use.
COMPARED_PPO = PPO(environments=64, steps=80, epochs=4, minibatches=2)
COMPARED_PPO_16 = PPO(environments=16, steps=80, epochs=4, minibatches=2)
COMPARED_SL = Supervised(batch_size=64, sequence_steps=45)


def started(task, learner, cell="relu"):
    settings = NetworkSettings(delta=0.1, n_hidden=N, cell=cell)
    network = initialise(settings, task.n_inputs, task.n_actions, jax.random.key(0))
    return learner.start(task, network, jax.random.key(1), jax.random.key(2))


def several(update, updates):
    """Compile so many updates as one program, as training does."""
    return jax.jit(lambda state: jax.lax.fori_loop(0, updates, lambda _, s: update(s), state))


def seconds(function, argument):
    begun = time.perf_counter()
    result = jax.block_until_ready(function(argument))
    return time.perf_counter() - begun, result


def updates_per_second(update, state, updates, repeats):
    run = several(update, updates)
    _, state = seconds(run, state)  # compiles
    rates = []
    for _ in range(repeats):
        taken, state = seconds(run, state)
        rates.append(updates / taken)
    return rates


def ppo(repeats, learner=COMPARED_PPO, cell="relu"):
    """Environment steps per second, learning included, on the task that NeuroGym has."""
    steps = learner.environments * learner.steps
    update = lambda state: learner.update(NEUROGYM, state)[0]  # noqa: E731
    state = started(NEUROGYM, learner, cell)
    return [steps * rate for rate in updates_per_second(update, state, 3 if cell == "relu" else 1, repeats)]


def sl_with_data(repeats):
    update = lambda state: COMPARED_SL.update(NEUROGYM, state)[0]  # noqa: E731
    return updates_per_second(update, started(NEUROGYM, COMPARED_SL), 50, repeats)


def sl(repeats):
    """The same on a batch that is there already."""
    state = started(NEUROGYM, COMPARED_SL)
    sequences = COMPARED_SL._sequences(NEUROGYM, state)

    def update(carry):
        network, optimiser = carry
        gradient, _ = gradient_of(COMPARED_SL._loss)(network, sequences)
        return descend(COMPARED_SL._optimiser(), network, optimiser, gradient)

    return updates_per_second(update, (state.network, state.optimiser), 50, repeats)


def step_products(task, gates=1):
    """Return the floating-point operations of the products of one step forwards: W h, U x, logits and value."""
    return 2 * N * (gates * (N + task.n_inputs) + task.n_actions + 1)


def shares(repeats):
    """How much of the rate of one large product (5,120 x 250 by 250 x 250) the loops reach at their defaults.

    Counted are the products that the mathematics needs: one pass forwards to act, and for each pass of learning one
    forwards and two for the gradient. The three are timed in turn.
    """
    task = ContextDecision()
    ppo, supervised = PPO(), Supervised()
    acting = ppo.environments * ppo.steps
    operations = {
        "ppo": step_products(task) * acting * (1 + 3 * ppo.epochs),
        "sl": step_products(task) * 3 * supervised.batch_size * supervised.sequence_steps,
    }
    states = {"ppo": started(task, ppo), "sl": started(task, supervised)}
    counts = {"ppo": 4, "sl": 15}
    runs = {
        "ppo": several(lambda s: ppo.update(task, s)[0], counts["ppo"]),
        "sl": several(lambda s: supervised.update(task, s)[0], counts["sl"]),
    }
    left = jax.random.normal(jax.random.key(0), (5120, N))
    right = jax.random.uniform(jax.random.key(1), (N, N), minval=-0.1, maxval=0.1)
    products = several(lambda a: jnp.maximum(a @ right, 0.0), 50)
    product_operations = 50 * 2 * 5120 * N * N
    seconds(products, left)
    for name, run in runs.items():
        _, states[name] = seconds(run, states[name])
    results = {"gemm_gflops": [], "ppo_gflops": [], "sl_gflops": [], "ppo_gemm_share": [], "sl_gemm_share": []}
    for _ in range(repeats):
        before, _ = seconds(products, left)
        for name, run in runs.items():
            taken, states[name] = seconds(run, states[name])
            after, _ = seconds(products, left)
            gemm = product_operations / ((before + after) / 2) / 1e9
            reached = operations[name] * counts[name] / taken / 1e9
            results["gemm_gflops"].append(gemm)
            results[f"{name}_gflops"].append(reached)
            results[f"{name}_gemm_share"].append(reached / gemm)
            before = after
    return {name: statistics.median(values) for name, values in results.items()}


MEASUREMENTS = {
    "ppo": ppo,
    "ppo_lstm": lambda repeats: ppo(repeats, cell="lstm"),
    "ppo_16": lambda repeats: ppo(repeats, COMPARED_PPO_16),
    "ppo_lstm_16": lambda repeats: ppo(repeats, COMPARED_PPO_16, "lstm"),
    "sl_with_data": sl_with_data,
    "sl": sl,
    "shares": shares,
}


def main(arguments):
    print(json.dumps(MEASUREMENTS[arguments.what](arguments.repeats)))


if __name__ == "__main__":
    main(ARGUMENTS)
