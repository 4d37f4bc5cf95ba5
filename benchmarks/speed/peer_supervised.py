"""PyTorch's nn.RNN (relu) trained on NeuroGym's Dataset, on one thread, in an environment of its own: prints JSON.

    python peer_supervised.py with_data|without_data

Updates per second, 250 units, 64 sequences of 45 steps, Adam, gradients shortened as attrax does; without data the
batch is there already. Less than a minute; `make bench` runs it.
"""

import argparse
import json
import time
import warnings

if __name__ == "__main__":  # before what takes long to import, so that --help answers at once
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["with_data", "without_data"])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--updates", type=int, default=40)
    ARGUMENTS = parser.parse_args()

import one_thread  # noqa: F401 (before PyTorch)
import torch

warnings.simplefilter("ignore")
import neurogym  # noqa: E402

BATCH, STEPS, UNITS = 64, 45, 250


class Network(torch.nn.Module):
    def __init__(self, inputs, actions):
        super().__init__()
        self.recurrent = torch.nn.RNN(inputs, UNITS, nonlinearity="relu")
        self.readout = torch.nn.Linear(UNITS, actions)

    def forward(self, observation):
        return self.readout(self.recurrent(observation)[0])


def main(arguments):
    torch.set_num_threads(1)
    dataset = neurogym.Dataset(
        "ContextDecisionMaking-v0", env_kwargs={"use_expl_context": True, "dt": 100}, batch_size=BATCH, seq_len=STEPS
    )
    network = Network(7, 3)
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-4)
    loss_of = torch.nn.CrossEntropyLoss(reduction="none")

    def batch():
        observation, target = dataset()
        return torch.from_numpy(observation).float(), torch.from_numpy(target).long()

    fixed = batch()
    assert fixed[0].shape == (STEPS, BATCH, 7)

    def update():
        observation, target = batch() if arguments.what == "with_data" else fixed
        weight = torch.where(target == 0, 0.1, 1.0).reshape(-1)
        losses = loss_of(network(observation).reshape(-1, 3), target.reshape(-1))
        optimiser.zero_grad()
        ((weight * losses).sum() / weight.sum()).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()

    for _ in range(5):
        update()
    rates = []
    for _ in range(arguments.repeats):
        begun = time.perf_counter()
        for _ in range(arguments.updates):
            update()
        rates.append(arguments.updates / (time.perf_counter() - begun))
    print(json.dumps(rates))


if __name__ == "__main__":
    main(ARGUMENTS)
