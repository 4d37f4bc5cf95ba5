"""Where the time of an update goes, part by part, on one thread: prints a table in Markdown.

Each part is compiled and timed alone, on the arrays of a real update; the parts of a rule are timed in turn, and
medians of nine rounds are shown beside the whole update. "At the product rate" is the time that the products of the
part would take at the rate of one large product, measured in the same rounds. A minute or two.
"""

import argparse
import statistics

if __name__ == "__main__":  # before what takes long to import, so that --help answers at once
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()

import loops  # noqa: I001 (sets one thread, before JAX)
import jax
import jax.numpy as jnp

from attrax.learning.optimising import descend, gradient_of
from attrax.learning.ppo import PPO
from attrax.learning.rollouts import collect_rollout
from attrax.learning.supervised import Supervised
from attrax.networks import unroll
from attrax.tasks import draw_queues
from attrax.tasks.context_decision import ContextDecision

ROUNDS, N = 9, loops.N
TASK = ContextDecision()


def recurrence(network, steps, batch):
    """Return the gradient of the recurrence forwards and backwards, nothing else, and what it is taken of."""
    drive = jax.random.normal(jax.random.key(3), (steps, batch, network.cell.gates * N))
    restart, state = jnp.zeros((steps, batch), bool), jnp.zeros((batch, network.cell.memories * N))

    def loss(weights, drive, weigh):
        return jnp.sum(weigh * unroll(network.cell, weights, drive, restart, state))

    weigh = jax.random.normal(jax.random.key(4), (steps, batch, network.cell.memories * N))
    return jax.grad(loss, (0, 1)), (network.recurrent_weights, drive, weigh)


def products_alone(network, steps, batch):
    """Return the products of the recurrence, so many rows at a time as there, and nothing between them."""
    weights = network.recurrent_weights
    hidden, gates = jnp.ones((batch, N)), jnp.ones((batch, len(weights)))

    def run(weights, hidden, gates):
        def step(carry, _):
            hidden, gates = carry  # each product has one of the step before as its input: none can be left out
            return (gates @ weights * 0.1, hidden @ weights.T * 0.1), None

        (hidden, gates), _ = jax.lax.scan(step, (hidden, gates), length=steps)
        rows = jnp.tile(gates, (steps, 1))
        return rows.T @ jnp.tile(hidden, (steps, 1))

    return run, (weights, hidden, gates)


def gradient(learner):
    """Return the gradient of a learner's loss, of a network and a batch."""
    return lambda *batch: gradient_of(learner._loss)(*batch)


def step_of(learner):
    """Return one step of the optimiser, given a gradient."""
    return lambda state, direction: descend(learner._optimiser(), state.network, state.optimiser, direction)


def ppo_parts(cell="relu"):
    learner = PPO()
    state = jax.jit(lambda s: learner.update(TASK, s)[0])(loops.started(TASK, learner, cell))
    rollout, _ = jax.jit(lambda s: collect_rollout(learner, TASK, s, s.noise_key))(state)
    members, acted = learner.environments // learner.minibatches, learner.environments * learner.steps
    ones = jnp.ones((learner.steps, members))
    batch = (rollout.hidden[:members], jax.tree.map(lambda a: a[:, :members], rollout.experience), ones, ones)
    descent = jax.jit(gradient(learner))(state.network, *batch)[0]
    gates = state.network.cell.gates
    passes, operations = learner.epochs * learner.minibatches, loops.step_products(TASK, gates)
    learned, recurrent = learner.steps * members, 6 * gates * N * N * learner.steps * members
    all_products = operations * acted * (1 + 3 * learner.epochs)
    streams = (state.stream_keys, state.number)
    return {
        "whole update": (lambda s: learner.update(TASK, s)[0], (state,), 1, all_products),
        "acting": (lambda s: collect_rollout(learner, TASK, s, s.noise_key), (state,), 1, operations * acted),
        "of it drawing trials": (lambda keys, first: draw_queues(TASK, keys, first, 4), streams, 1, 0),
        "gradients": (gradient(learner), (state.network, *batch), passes, 3 * operations * learned),
        "of them the recurrence": (*recurrence(state.network, learner.steps, members), passes, recurrent),
        "of it the products": (*products_alone(state.network, learner.steps, members), passes, recurrent),
        "Adam": (step_of(learner), (state, descent), passes, 0),
    }  # fmt: skip


def supervised_parts():
    learner = Supervised()
    state = loops.started(TASK, learner)
    sequences = jax.jit(lambda s: learner._sequences(TASK, s))(state)
    descent = jax.jit(gradient(learner))(state.network, sequences)[0]
    learned, operations = learner.batch_size * learner.sequence_steps, loops.step_products(TASK)
    sizes = (learner.sequence_steps, learner.batch_size)
    return {
        "whole update": (lambda s: learner.update(TASK, s)[0], (state,), 1, 3 * operations * learned),
        "drawing sequences": (lambda s: learner._sequences(TASK, s), (state,), 1, 0),
        "gradients": (gradient(learner), (state.network, sequences), 1, 3 * operations * learned),
        "of them the recurrence": (*recurrence(state.network, *sizes), 1, 6 * N * N * learned),
        "of it the products": (*products_alone(state.network, *sizes), 1, 6 * N * N * learned),
        "Adam": (step_of(learner), (state, descent), 1, 0),
    }


def main():
    left = jax.random.normal(jax.random.key(0), (5120, N))
    right = jax.random.uniform(jax.random.key(1), (N, N), minval=-0.1, maxval=0.1)
    for title, parts in (
        ("PPO", ppo_parts()),
        ("PPO with an LSTM", ppo_parts("lstm")),
        ("Supervised", supervised_parts()),
    ):
        parts["product"] = (jnp.matmul, (left, right), 1, 2 * 5120 * N * N)
        compiled = {name: jax.jit(function) for name, (function, *_) in parts.items()}
        taken = {name: [] for name in parts}
        for _ in range(ROUNDS + 1):  # the first round compiles
            for name, function in compiled.items():
                arguments = parts[name][1]
                taken[name].append(loops.seconds(lambda a, f=function: f(*a), arguments)[0])
        medians = {name: statistics.median(values[1:]) for name, values in taken.items()}
        rate = parts.pop("product")[3] / medians["product"]
        print(f"\n{title} (one large product: {rate / 1e9:.0f} GFLOP/s)\n")
        print("| part | times | milliseconds in all | at the product rate |\n|---|---|---|---|")
        for name, (_, _, times, operations) in parts.items():
            ideal = f"{1e3 * operations * times / rate:.1f}" if operations else ""
            print(f"| {name} | {times} | {1e3 * times * medians[name]:.1f} | {ideal} |")


if __name__ == "__main__":
    main()
