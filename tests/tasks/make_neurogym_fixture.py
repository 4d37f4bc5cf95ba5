"""Record trials of NeuroGym's ContextDecisionMaking-v0, for the comparison in test_neurogym_agreement.py.

Run in an environment of its own (NeuroGym pins NumPy and gymnasium to versions that attrax does not use):

    python -m venv /tmp/neurogym && /tmp/neurogym/bin/pip install neurogym==2.3.1 torch==2.13.0
    /tmp/neurogym/bin/python tests/tasks/make_neurogym_fixture.py

Writes neurogym_trials.npz beside this file.
"""

from pathlib import Path

import numpy as np
from neurogym.envs.native.contextdecisionmaking import ContextDecisionMaking

N_TRIALS = 40
N_SAMPLES = 4000
LONGEST = 40
PERIODS = ("fixation", "stimulus", "delay", "decision")


def record_trials(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Drive noise-free trials with random actions; the reward and the end are of the action at each step."""
    env = ContextDecisionMaking(use_expl_context=True, sigma=0.0)
    env.seed(1)
    env.reset()
    arrays: dict[str, list] = {
        name: []
        for name in (
            "lengths",
            "context",
            "coherence",
            "choice",
            "observation",
            "target",
            "action",
            "reward",
            "end",
            "n_steps",
        )
    }
    for _ in range(N_TRIALS):
        trial = env.new_trial()
        env.t = env.t_ind = 0
        env.performance = 0
        signs = np.where(np.array([trial["ground_truth"], trial["other_choice"]]) == 1, 1, -1)
        if trial["context"] == 1:
            signs = signs[::-1]
        lengths = [env.end_ind[p] - env.start_ind[p] for p in PERIODS]
        n_steps = sum(lengths)
        observation, target = np.zeros((LONGEST, 7)), np.zeros(LONGEST, int)
        observation[:n_steps], target[:n_steps] = env.ob, env.gt
        action, reward, end = np.zeros(LONGEST, int), np.zeros(LONGEST), np.zeros(LONGEST, bool)
        for step in range(n_steps):
            action[step] = rng.choice(3, p=[0.6, 0.2, 0.2])
            _, reward[step], _, _, info = env.step(int(action[step]))
            end[step] = info["new_trial"]
            if end[step]:
                break
        for name, value in {
            "lengths": lengths,
            "context": trial["context"],
            "choice": trial["ground_truth"],
            "coherence": signs * np.array([trial["coh_1"], trial["coh_2"]]) / 100,
            "observation": observation,
            "target": target,
            "action": action,
            "reward": reward,
            "end": end,
            "n_steps": step + 1,
        }.items():
            arrays[name].append(value)
    return {name: np.array(values) for name, values in arrays.items()}


def record_samples() -> dict[str, np.ndarray]:
    """Sample the noise of the stimulus and the length of the delay."""
    env = ContextDecisionMaking(use_expl_context=True)
    env.seed(2)
    env.reset()
    noise, delay = [], []
    while len(delay) < N_SAMPLES:
        trial = env.new_trial(coh_1=0, coh_2=0)
        stimulus = env.view_ob("stimulus")[:, 1:5] - 0.5
        noise.append(stimulus[0])
        delay.append(env.end_ind["delay"] - env.start_ind["delay"])
        del trial
    return {"noise": np.concatenate(noise)[:N_SAMPLES].astype(np.float32), "delay": np.array(delay)}


if __name__ == "__main__":
    path = Path(__file__).with_name("neurogym_trials.npz")
    np.savez_compressed(path, **record_trials(np.random.default_rng(0)), **record_samples())
    print(path, path.stat().st_size)
