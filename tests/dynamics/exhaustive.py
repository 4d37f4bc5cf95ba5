"""Every fixed point and cycle of a small ReLU map, by solving every pattern: the oracle for recall."""

import numpy as np

from attrax.dynamics import ReluMap


def all_fixed_points(m: ReluMap) -> tuple[np.ndarray, np.ndarray]:
    """Return the states, shape (points, units), and the spectral radii, from all 2^N patterns."""
    n = m.n_units
    patterns = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(float)
    states, radii = [], []
    for some in np.array_split(patterns, max(len(patterns) // 4096, 1)):
        frozen = some[:, :, None] * m.weights
        solved = np.linalg.solve(np.eye(n) - frozen, (some * m.bias)[..., None])[..., 0]
        for index in np.flatnonzero(((solved @ m.weights.T + m.bias > 0) == (some > 0)).all(axis=1)):
            states.append(solved[index])
            jacobian = (1 - m.leak) * np.eye(n) + m.leak * frozen[index]
            radii.append(np.abs(np.linalg.eigvals(jacobian)).max())
    return np.array(states).reshape(-1, n), np.array(radii)


def all_cycles(m: ReluMap, period: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the states, shape (cycles, period, units), and the spectral radii, from all sequences of patterns."""
    n, several = m.n_units, 2**m.n_units
    patterns = ((np.arange(several)[:, None] >> np.arange(n)) & 1).astype(float)
    number = np.arange(several**period)
    digits = [number // several**step % several for step in range(period)]
    first = np.ones(number.size, bool)  # of its rotations, and different from all: minimal period
    for turn in range(1, period):
        first &= number < sum(digits[(step + turn) % period] * several**step for step in range(period))
    sequences = np.stack(digits, axis=1)[first]
    jacobians = (1 - m.leak) * np.eye(n) + m.leak * patterns[:, :, None] * m.weights
    offsets = m.leak * patterns * m.bias
    states, radii = [], []
    for some in np.array_split(sequences, max(len(sequences) // 20000, 1)):
        product, offset = jacobians[some[:, 0]], offsets[some[:, 0]]
        for step in range(1, period):
            one = jacobians[some[:, step]]
            product, offset = one @ product, np.einsum("nij,nj->ni", one, offset) + offsets[some[:, step]]
        state = np.linalg.solve(np.eye(n) - product, offset[..., None])[..., 0]
        orbit, real = [state], np.ones(len(some), bool)
        for step in range(period):
            real &= ((orbit[-1] @ m.weights.T + m.bias > 0) == (patterns[some[:, step]] > 0)).all(axis=1)
            orbit.append(m(orbit[-1]))
        for index in np.flatnonzero(real):
            states.append(np.array([one[index] for one in orbit[:-1]]))
            radii.append(np.abs(np.linalg.eigvals(product[index])).max())
    return np.array(states).reshape(-1, period, n), np.array(radii)


def is_among(cycle: np.ndarray, others: np.ndarray) -> bool:
    """Whether a cycle, shape (period, units), is one of others, up to the step it begins at."""
    scale = max(np.abs(cycle).max(), 1e-300)
    return any(
        np.abs(np.roll(cycle, turn, axis=0) - other).max() <= 1e-7 * scale
        for other in others
        for turn in range(len(cycle))
    )


def random_map(seed: int, units: tuple[int, int], leaks: tuple[float, ...] = (1.0,)) -> ReluMap:
    """Return a map with Gaussian weights and bias; its gain lies on either side of the instability at about 1.4."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(units[0], units[1] + 1))
    gain = float(np.exp(rng.uniform(np.log(0.7), np.log(4.0))))
    return ReluMap(gain * rng.standard_normal((n, n)) / np.sqrt(n), rng.standard_normal(n), leaks[seed % len(leaks)])


def competing_map(seed: int) -> ReluMap:
    """Return a map of 8 to 12 units that excite themselves and inhibit each other: many fixed points."""
    rng = np.random.default_rng(seed + 77777)
    n = int(rng.integers(8, 13))
    gain = float(np.exp(rng.uniform(np.log(0.7), np.log(3.0))))
    weights = gain * rng.standard_normal((n, n)) / np.sqrt(n)
    weights = (weights + weights.T) / np.sqrt(2) - rng.uniform(0, 2) * gain / n
    weights[np.arange(n), np.arange(n)] += rng.uniform(0, 1) * gain
    return ReluMap(weights, rng.standard_normal(n) * 0.5 + rng.uniform(0, 1))


def inhibiting_map(seed: int) -> ReluMap:
    """Return a map of 6 units that inhibit more than they excite, under positive bias: more cycles than at random."""
    rng = np.random.default_rng(seed + 55555)
    gain = float(np.exp(rng.uniform(np.log(0.7), np.log(4.0))))
    weights = gain * (rng.standard_normal((6, 6)) - rng.uniform(0, 1.5)) / np.sqrt(6)
    return ReluMap(weights, rng.uniform(0, 1, 6), (1.0, 0.6)[seed % 2])
