"""Two tasks of the benchmark bsuite, whose best behaviour is known: a bandit, and a memory of one bit.

Osband et al., *Behaviour suite for reinforcement learning*, arXiv 1908.03568. Neither is a decision in stages, and
neither is registered: that is all that a task of one's own needs.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from attrax.tasks import Feedback, Trial

DECISION = 3


@dataclass(frozen=True)
class Bandit:
    """Eleven arms that pay 0, 0.1, ..., 1 in a hidden order; a trial is one pull. bsuite's "bandit", without noise."""

    order_seed: int = 0

    n_inputs = 1
    n_actions = 11
    longest_trial = 1
    fewest_steps = 1
    shortest_trial = 1

    def rewards(self):
        return np.random.default_rng(self.order_seed).permutation(np.linspace(0, 1, 11))

    def trial(self, key):
        one = jnp.ones((), jnp.int32)
        best = int(self.rewards().argmax())
        return Trial(
            jnp.ones((1, 1)), jnp.full(1, DECISION), jnp.full(1, best), one, 0 * one, jnp.zeros(1), one * (best + 1)
        )

    def judge(self, trial, step, action):
        reward = jnp.asarray(self.rewards(), jnp.float32)[action]
        return Feedback(reward, jnp.ones((), bool), jnp.zeros((), bool), action + 1)

    def ideal_observer_accuracy(self):
        return 1.0


@dataclass(frozen=True)
class MemoryLength:
    """A bit at the first step, asked for at the last: 1 for the right action there, -1 for the wrong one.

    bsuite's "memory_len": the inputs are the share of time that is left, whether it is asked, and the bit.
    """

    length: int = 10

    n_inputs = 3
    n_actions = 2

    @property
    def longest_trial(self):
        return self.length

    fewest_steps = shortest_trial = longest_trial

    def trial(self, key):
        bit = jax.random.bernoulli(key).astype(jnp.int32)
        steps = jnp.arange(self.length)
        last = steps == self.length - 1
        observation = jnp.stack(
            [1 - steps / self.length, 1.0 * last, jnp.where(steps == 0, 2.0 * bit - 1, 0.0)], axis=1
        )
        stage = jnp.where(last, DECISION, 0)
        length = jnp.full((), self.length, jnp.int32)
        return Trial(observation, stage, jnp.where(last, bit, 0), length, 0 * bit, jnp.zeros(1), bit + 1)

    def judge(self, trial, step, action):
        last = step == self.length - 1
        reward = jnp.where(last, jnp.where(action + 1 == trial.choice, 1.0, -1.0), 0.0)
        return Feedback(reward, last, jnp.zeros((), bool), jnp.where(last, action + 1, 0))

    def ideal_observer_accuracy(self):
        return 1.0
