"""How many steps until bsuite's bandit and memory task are solved, by attrax or by a peer: prints JSON.

    python known_tasks.py attrax|peer [--seeds 5]

Both: PPO with an LSTM of 64 units, 16 environments, 32 steps, 4 epochs, 4 minibatches, learning rate 1e-3, discount
0.99. Solved: the greedy policy is right in 99 % of 200 trials; looked at after every rollout. The peer is sb3-contrib's
RecurrentPPO with one LSTM, in an environment of its own; its tasks are the same rules as Gymnasium environments.
Minutes a side; `make bench` runs both.
"""

import argparse  # noqa: I001 (JAX or PyTorch comes after one_thread)
import json
import sys
from pathlib import Path

import one_thread  # noqa: F401 (before JAX or PyTorch)
import numpy as np

ENVIRONMENTS, STEPS, EPOCHS, MINIBATCHES, RATE, DISCOUNT, ENTROPY, UNITS = 16, 32, 4, 4, 1e-3, 0.99, 0.01, 64
LOOK_EVERY, MOST_ROLLOUTS, LENGTH = 1, 800, 10
ROLLOUT = ENVIRONMENTS * STEPS


def attrax_steps(seeds):
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from attrax.learning import StoppingRule, train
    from attrax.learning.ppo import PPO
    from attrax.networks import NetworkSettings
    from tests.learning.known_tasks import Bandit, MemoryLength

    learner = PPO(
        environments=ENVIRONMENTS, steps=STEPS, epochs=EPOCHS, minibatches=MINIBATCHES, learning_rate=RATE,
        discount=DISCOUNT, entropy_weight=ENTROPY, reset_hidden=True,
    )  # fmt: skip
    rule = StoppingRule(
        accuracy=0.99, updates=MOST_ROLLOUTS, evaluate_every=LOOK_EVERY, evaluation_trials=200, fresh_trials=200
    )
    network = NetworkSettings(delta=UNITS**-0.5, n_hidden=UNITS, cell="lstm")
    results = {}
    for name, task_of in {"bandit": Bandit, "memory": lambda _: MemoryLength(LENGTH)}.items():
        runs = [train(task_of(seed), network, learner, rule, seed) for seed in range(seeds)]
        results[name] = [run.updates * ROLLOUT if run.status == "reached" else None for run in runs]
    return results


def peer_steps(seeds):
    import gymnasium
    import torch
    from sb3_contrib import RecurrentPPO
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.vec_env import DummyVecEnv

    torch.set_num_threads(1)

    class Bandit(gymnasium.Env):
        observation_space = gymnasium.spaces.Box(0, 1, (1,), np.float32)
        action_space = gymnasium.spaces.Discrete(11)

        def __init__(self, order_seed):
            self.rewards = np.random.default_rng(order_seed).permutation(np.linspace(0, 1, 11))

        def reset(self, seed=None, options=None):
            return np.ones(1, np.float32), {}

        def step(self, action):
            right = bool(action == self.rewards.argmax())
            return np.ones(1, np.float32), float(self.rewards[action]), True, False, {"right": right}

    class Memory(gymnasium.Env):
        observation_space = gymnasium.spaces.Box(-1, 1, (3,), np.float32)
        action_space = gymnasium.spaces.Discrete(2)

        def __init__(self, seed):
            self.random = np.random.default_rng(seed)

        def observe(self):
            last, bit = self.at == LENGTH - 1, 2 * self.bit - 1 if self.at == 0 else 0
            return np.array([1 - self.at / LENGTH, last, bit], np.float32)

        def reset(self, seed=None, options=None):
            self.at, self.bit = 0, int(self.random.integers(2))
            return self.observe(), {}

        def step(self, action):
            last, right = self.at == LENGTH - 1, bool(action == self.bit)
            reward = (1.0 if right else -1.0) if last else 0.0
            self.at = min(self.at + 1, LENGTH - 1)
            return self.observe(), reward, last, False, {"right": right}

    class Look(BaseCallback):
        def __init__(self, make):
            super().__init__()
            self.make, self.rollouts, self.solved_at = make, 0, None

        def _on_step(self):
            return self.solved_at is None

        def _on_rollout_start(self):
            if self.rollouts and self.rollouts % LOOK_EVERY == 0 and self.solved_at is None and self.right() >= 0.99:
                self.solved_at = self.rollouts * ROLLOUT
            self.rollouts += 1

        def right(self):
            environment, rights = self.make(10_000), []
            for _ in range(200):
                observation, _ = environment.reset()
                state, end, start = None, False, np.ones(1, bool)
                while not end:
                    action, state = self.model.predict(
                        observation, state=state, episode_start=start, deterministic=True
                    )
                    observation, _, end, _, info = environment.step(int(action))
                    start = np.zeros(1, bool)
                rights.append(info["right"])
            return np.mean(rights)

    results = {}
    for name in ("bandit", "memory"):
        results[name] = []
        for seed in range(seeds):
            kind = (lambda _, s=seed: Bandit(s)) if name == "bandit" else Memory
            environments = DummyVecEnv([lambda i=i, k=kind: k(i) for i in range(ENVIRONMENTS)])
            model = RecurrentPPO(
                "MlpLstmPolicy", environments, n_steps=STEPS, batch_size=ROLLOUT // MINIBATCHES, n_epochs=EPOCHS,
                learning_rate=RATE, gamma=DISCOUNT, ent_coef=ENTROPY, seed=seed,
                policy_kwargs={
                    "lstm_hidden_size": UNITS, "shared_lstm": True, "enable_critic_lstm": False, "net_arch": [],
                },
            )  # fmt: skip
            look = Look(kind)
            model.learn(MOST_ROLLOUTS * ROLLOUT, callback=look)
            results[name].append(look.solved_at)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("who", choices=["attrax", "peer"])
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    print(json.dumps({"attrax": attrax_steps, "peer": peer_steps}[arguments.who](arguments.seeds)))


if __name__ == "__main__":
    main()
