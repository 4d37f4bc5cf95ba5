"""Record what DRIADA says of small recordings, for the comparison in test_driada_agreement.py.

Run in an environment of its own (DRIADA brings dozens of packages that attrax does not use):

    python -m venv .driada && .driada/bin/pip install driada==1.2.2
    .driada/bin/python tests/populations/make_driada_fixture.py

Writes driada.npz beside this file. Only ranks count, and whole numbers are kept: the data are ranks.
"""

import sys
from pathlib import Path

import numpy as np
from scipy.signal import lfilter
from scipy.stats import rankdata

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "populations"))
from peer_driada import intense, part_information

STRENGTHS = (-1, -0.6, -0.3, -0.15, -0.05, 0.05, 0.15, 0.3, 0.6, 1)


def slow(correlation, shape, rng):
    noise = np.sqrt(1 - correlation**2) * rng.normal(size=(shape[0] + 300, *shape[1:]))
    return lfilter([1.0], [1.0, -correlation], noise, axis=0)[300:]


def ranks(values):
    return rankdata(values, "dense", axis=0).astype(np.uint16) - np.uint16(1)


def untied():
    rng = np.random.default_rng(0)
    quantity, noise = rng.normal(size=1000), rng.normal(size=(1000, 5))
    strengths = np.array([0.0, 0.2, -0.5, 0.8, 0.95])
    activity = quantity[:, None] * strengths + noise * np.sqrt(1 - strengths**2)
    features = np.column_stack([ranks(quantity), np.digitize(quantity, [-0.5, 0.5])])
    found = part_information(
        {"activity": ranks(activity), "features": features, "kinds": np.array(["quantity", "category"])}
    )
    return {
        "untied_activity": ranks(activity),
        "untied_features": features.astype(np.uint16),
        "untied_exact": found["exact"],
        "untied_as_it_comes": found["as_it_comes"],
    }


def tied():
    """ReLU units, two for each feature: a quantity, ten coherences, two contexts, time in trial, contexts by name."""
    rng = np.random.default_rng(1)
    trial, time = np.repeat(np.arange(50), 40), np.tile(np.arange(40), 50)
    context = rng.integers(0, 2, 50)[trial]
    features = np.column_stack([slow(0.9, (2000,), rng), rng.choice(STRENGTHS, 50)[trial], context, time, context])
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    activity = slow(0.9, (2000, 2, 5), rng) + scaled[:, None] * np.array([0.8, 1.6])[:, None]
    activity = np.maximum(activity, 0).transpose(0, 2, 1).reshape(2000, 10)
    kinds = np.array(["quantity"] * 4 + ["category"])
    orders = np.array([np.arange(2000), *(rng.permutation(2000) for _ in range(5))])
    data = {"activity": ranks(activity), "features": ranks(features), "kinds": kinds}
    found = part_information({**data, "orders": orders, "draws": 400})
    own = np.arange(10), np.arange(10) // 2  # each unit about the feature that it is tuned to
    return {
        "tied_activity": data["activity"],
        "tied_features": data["features"].astype(np.uint16),
        "tied_kinds": kinds,
        "tied_mean": found["drawn"].mean(axis=0)[own],
        "tied_orders": np.stack([one[own] for one in found["orders"]]),
    }


def decisions():
    rng = np.random.default_rng(2)
    features = slow(0.8, (2000, 5), rng)
    features[:, 4] = features[:, 4] > 0
    activity = slow(0.8, (2000, 20), rng)
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    for unit, weight in enumerate([1.0] * 3 + [-1.0] * 3 + [0.4] * 3):
        activity[:, unit] += weight * scaled[:, unit % 5]
    activity[:, 9] -= np.abs(scaled[:, 0])
    activity[:, ::2] = np.maximum(activity[:, ::2], 0)
    kinds, nearest = np.array(["quantity"] * 4 + ["category"]), np.full(5, 15)
    base = {"mode": "two_stage", "significance": 0.01, "correction": "holm", "seed": 0, "masked": True}
    found = {
        name: intense(ranks(activity), ranks(features), kinds, nearest, {**base, "representation": name})
        for name in ("by_type", "raw")
    }
    return {
        "test_activity": ranks(activity),
        "test_features": ranks(features),
        "test_by_type": found["by_type"]["significant"] > 0,
        "test_raw": found["raw"]["significant"] > 0,
    }


if __name__ == "__main__":
    path = Path(__file__).with_name("driada.npz")
    np.savez_compressed(path, **untied(), **tied(), **decisions())
    print(path, path.stat().st_size)
