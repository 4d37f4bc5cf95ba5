"""sb3-contrib's RecurrentPPO on NeuroGym's task, on one thread, in an environment of its own: prints JSON.

The same epochs, steps and batch as `COMPARED_PPO` in loops.py. One LSTM, shared by actor and critic (the default has
two): the critic then sees the LSTM's output with its gradient cut, where attrax's critic trains the recurrent weights.
Less than a minute; `make bench` runs it.
"""

import argparse
import json
import time
import warnings

if __name__ == "__main__":  # before what takes long to import, so that --help answers at once
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--environments", type=int, default=64)
    ARGUMENTS = parser.parse_args()

import one_thread  # noqa: F401 (before PyTorch)
import torch

warnings.simplefilter("ignore")
import gymnasium  # noqa: E402
import neurogym  # noqa: E402, F401 (registers the task)
from sb3_contrib import RecurrentPPO  # noqa: E402
from stable_baselines3.common.vec_env import DummyVecEnv  # noqa: E402

STEPS, EPOCHS, MINIBATCHES = 80, 4, 2


def main(arguments):
    torch.set_num_threads(1)

    def make():
        return gymnasium.make("ContextDecisionMaking-v0", use_expl_context=True, dt=100)

    environments = DummyVecEnv([make] * arguments.environments)
    assert environments.observation_space.shape == (7,)
    rollout = arguments.environments * STEPS
    model = RecurrentPPO(
        "MlpLstmPolicy", environments, n_steps=STEPS, batch_size=rollout // MINIBATCHES, n_epochs=EPOCHS, seed=0,
        policy_kwargs={
            "lstm_hidden_size": 250, "n_lstm_layers": 1, "shared_lstm": True, "enable_critic_lstm": False,
            "net_arch": [],
        },
    )  # fmt: skip
    model.learn(rollout)
    rates = []
    for _ in range(arguments.repeats):
        begun = time.perf_counter()
        model.learn(rollout, reset_num_timesteps=False)
        rates.append(rollout / (time.perf_counter() - begun))
    print(json.dumps(rates))


if __name__ == "__main__":
    main(ARGUMENTS)
