"""What 1,000 random border-collision maps really do, by brute force and without attrax.

x' = tau x + y + 1, y' = -delta x, with (tau, delta) by the sign of x. Divergence: by iteration. Cycles up to period
20,000: the affine pieces are composed along near returns of an orbit that has run for a million steps and solved; the
solution must have the same symbols and attract, and the orbit must have come to it. Chaos: by the exponent over a
million steps and, independently, by the 0-1 test (mean square displacement).
"""

from dataclasses import dataclass

import numpy as np

START = (0.1, 0.1)
TRANSIENT, LONGEST = 1_000_000, 20_000


def parameters(count: int, seed: int) -> np.ndarray:
    """tau_L, delta_L, tau_R, delta_R: half of them anything, half where curves and locked cycles are common.

    Anything: tau in (-2, 2), delta in (0, 1.5). The other half: both sides rotate (|tau| < 1), the left one contracts
    (delta in (0.4, 0.9)), and the right one expands (delta in (1, 1.3)).
    """
    rng = np.random.default_rng(seed)
    any_of = rng.uniform([-2, 0, -2, 0], [2, 1.5, 2, 1.5], (count - count // 2, 4))
    rotating = rng.uniform([-1, 0.4, -1, 1.0], [1, 0.9, 1, 1.3], (count // 2, 4))
    return np.concatenate([any_of, rotating])


@dataclass
class Truth:
    kind: np.ndarray
    period: np.ndarray
    exponent: np.ndarray
    chaos_test: np.ndarray


def step(maps: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    right = x > 0
    tau, delta = np.where(right, maps[:, 2], maps[:, 0]), np.where(right, maps[:, 3], maps[:, 1])
    return tau * x + y + 1, -delta * x, tau, delta


def truth(maps: np.ndarray) -> Truth:
    n = len(maps)
    x, y = np.full(n, START[0]), np.full(n, START[1])
    u, v = np.ones(n), np.full(n, 0.3)
    growth, divergent = np.zeros(n), np.zeros(n, bool)
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(TRANSIENT):
            x, y, tau, delta = step(maps, x, y)
            u, v = tau * u + v, -delta * u
            if t % 10 == 9:
                size = np.hypot(u, v)
                growth += np.where(size > 0, np.log(np.maximum(size, 1e-300)), -700.0)
                u, v = np.where(size > 0, u / np.maximum(size, 1e-300), 1.0), v / np.maximum(size, 1e-300)
                divergent |= ~(np.hypot(x, y) < 1e6)
                x, y = np.where(divergent, 0.0, x), np.where(divergent, 0.0, y)
                u, v = np.where(divergent, 1.0, u), np.where(divergent, 0.0, v)
    exponent = growth / TRANSIENT
    kind, period = np.full(n, "unclear", dtype="U14"), np.zeros(n, int)
    kind[divergent] = "divergent"
    tests = np.full(n, np.nan)
    alive = np.flatnonzero(~divergent)
    for first in range(0, alive.size, 100):
        rows = alive[first : first + 100]
        found, series = _cycles(maps[rows], x[rows], y[rows])
        period[rows] = found
        kind[rows[found > 0]] = "cycle"
        for row, values in zip(rows, series.T, strict=True):
            if period[row] == 0:
                tests[row] = _zero_one(values)
    period_1 = period == 1
    kind[period_1] = "fixed point"
    open_maps = kind == "unclear"
    kind[open_maps & (exponent > 1e-3) & (tests > 0.9)] = "chaotic"
    kind[open_maps & (exponent > 1e-3) & ~(tests > 0.9)] = (
        "chaotic?"  # by its exponent, which the 0-1 test does not see
    )
    kind[open_maps & (np.abs(exponent) < 2e-5) & (tests < 0.5)] = "quasi-periodic"
    return Truth(kind, period, exponent, tests)


def _cycles(maps: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The smallest stable cycle at which each orbit is, up to period 20,000 (0: none); and x along the way."""
    n = len(maps)
    start = np.stack([x, y])
    matrix, offset = np.tile(np.eye(2), (n, 1, 1)), np.zeros((n, 2))
    best, widest = np.full(n, np.inf), np.zeros(n)
    series = np.empty((LONGEST, n))
    candidates: list[tuple[int, int, np.ndarray, np.ndarray]] = []
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(1, LONGEST + 1):
            x, y, tau, delta = step(maps, x, y)
            piece = np.zeros((n, 2, 2))
            piece[:, 0, 0], piece[:, 0, 1], piece[:, 1, 0] = tau, 1.0, -delta
            matrix = piece @ matrix
            offset = (piece @ offset[..., None])[..., 0]
            offset[:, 0] += 1
            series[t - 1] = x
            distance = np.hypot(x - start[0], y - start[1])
            widest = np.maximum(widest, distance)
            for row in np.flatnonzero(distance < np.minimum(best, 0.2 * np.maximum(widest, 1e-9))):
                candidates.append((int(row), t, matrix[row].copy(), offset[row].copy()))
            best = np.minimum(best, distance)
    solved = []
    for row, p, product, constant in candidates:
        if not np.isfinite(product).all() or np.abs(np.linalg.eigvals(product)).max() >= 1:
            continue
        solved.append((row, p, np.linalg.solve(np.eye(2) - product, constant)))
    found = np.zeros(n, int)
    if not solved:
        return found, series
    rows, periods = np.array([s[0] for s in solved]), np.array([s[1] for s in solved])
    state = np.array([s[2] for s in solved])
    # Where the solved state and the orbit's start have the same symbols for a whole period, the cycle is real.
    zx, zy, ox, oy = state[:, 0], state[:, 1], start[0][rows], start[1][rows]
    same, ends = np.ones(len(rows), bool), np.full((len(rows), 2), np.nan)
    for t in range(int(periods.max())):
        going = t < periods
        same &= ~going | ((zx > 0) == (ox > 0))
        zx, zy, _, _ = step(maps[rows], zx, zy)
        ox, oy, _, _ = step(maps[rows], ox, oy)
        done = t + 1 == periods
        ends[done] = np.stack([zx, zy], axis=1)[done]
    closes = np.abs(ends - state).max(axis=1) < 1e-9 * (1 + np.abs(state).max(axis=1))
    away = np.hypot(*(state - start[:, rows].T).T)
    near = away < 1e-5 * np.maximum(widest[rows], 1e-9) + 1e-9  # the orbit has come to it
    nearest = np.full(n, np.inf)
    for i in np.flatnonzero(same & closes & near):
        if away[i] + 1e-9 < nearest[rows[i]]:  # multiples of the period are as near, and come later
            found[rows[i]], nearest[rows[i]] = periods[i], away[i]
    return found, series


def _zero_one(series: np.ndarray) -> float:
    """Gottwald and Melbourne's test, by the slope of log mean square displacement of the translation variable."""
    phi, n = series - series.mean(), series.size
    lags = np.unique(np.geomspace(5, n // 10, 20).astype(int))
    slopes = []
    for c in np.random.default_rng(0).uniform(np.pi / 5, 4 * np.pi / 5, 25):
        p = np.cumsum(phi * np.exp(1j * c * np.arange(1, n + 1)))
        displacement = np.array([np.mean(np.abs(p[lag : lag + n - n // 10] - p[: n - n // 10]) ** 2) for lag in lags])
        slopes.append(np.corrcoef(lags, displacement)[0, 1])
    return float(np.median(slopes))
