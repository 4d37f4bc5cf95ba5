"""Maps with a known number of attractors that move, for `counting.py`."""

from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

STARTS = 10


class Case(NamedTuple):
    """A map, starts, and how many attractors they reach."""

    kind: str
    about: str
    network_map: object
    starts: np.ndarray
    side: np.ndarray
    """Which attractor each start goes to."""


def rotation(rng: np.random.Generator) -> float:
    """Draw a turn: any, or nearly p/q with q from 3 to 10,000, off by 10^-7 to 10^-3 of a turn."""
    if rng.random() < 0.4:
        return float(rng.uniform(0.05, 0.45))
    q = int(np.exp(rng.uniform(np.log(3), np.log(10_000))))
    p = 1 if rng.random() < 0.5 else int(rng.integers(1, max(q // 2, 2)))
    off = 10 ** rng.uniform(-7, -3)
    return float(p / q + rng.choice([-1, 1]) * min(off, 0.4 / q))


def _shape(angle, bump, phase):
    return 1 + bump * jnp.cos(3 * angle + phase)


def _concentric(h, turns, radii, bump, pull):
    """Turn about the origin, and go to the nearest of some closed curves around it."""
    angle = jnp.arctan2(h[1], h[0])
    level = jnp.sqrt(h @ h) / _shape(angle, bump, 0.3)
    nearest = jnp.argmin(jnp.abs(radii - level))
    radius = radii[nearest] + pull * (level - radii[nearest])
    angle = angle + 2 * jnp.pi * turns[nearest]
    return radius * _shape(angle, bump, 0.3) * jnp.stack([jnp.cos(angle), jnp.sin(angle)])


def _beside(h, turns, centres, bump, pull):
    """Turn about the nearest of some centres on a line, and go to the curve of radius 1 around it."""
    nearest = jnp.argmin(jnp.abs(centres - h[0]))
    x = h - jnp.array([1.0, 0.0]) * centres[nearest]
    return _concentric(x, turns[nearest][None], jnp.ones(1), bump, pull) + jnp.array([1.0, 0.0]) * centres[nearest]


def _stacked(h, turns, heights, bump, pull):
    """The curve of radius 1, in copies at some heights above the plane."""
    nearest = jnp.argmin(jnp.abs(heights - h[2]))
    turned = _concentric(h[:2], turns[nearest][None], jnp.ones(1), bump, pull)
    return jnp.append(turned, heights[nearest] + pull * (h[2] - heights[nearest]))


def circles(rng: np.random.Generator) -> Case:
    from attrax.dynamics import SmoothMap

    count = int(rng.integers(1, 4))
    apart = 10 ** rng.uniform(-2, np.log10(0.5))
    turns = np.full(count, rotation(rng)) if rng.random() < 0.5 else np.array([rotation(rng) for _ in range(count)])
    bump, pull = float(rng.uniform(0, 0.15)), float(rng.uniform(0.2, 0.9))
    side = rng.integers(0, count, STARTS)
    layout = rng.choice(["concentric", "beside", "stacked"])
    angle, off = rng.uniform(0, 2 * np.pi, STARTS), rng.uniform(-0.3, 0.3, STARTS)
    level = (1 + off * min(apart, 0.5)) * np.asarray(_shape(angle, bump, 0.3))
    flat = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    if layout == "concentric":
        radii = 1 + apart * np.arange(count)
        step = partial(_concentric, turns=jnp.array(turns), radii=jnp.array(radii), bump=bump, pull=pull)
        starts = (radii[side] + off * apart)[:, None] * np.asarray(_shape(angle, bump, 0.3))[:, None] * flat
        units = 2
    elif layout == "beside":
        centres = (2.6 + apart) * np.arange(count)  # bumps reach 15 % out
        step = partial(_beside, turns=jnp.array(turns), centres=jnp.array(centres), bump=bump, pull=pull)
        starts = level[:, None] * flat + np.stack([centres[side], np.zeros(STARTS)], axis=1)
        units = 2
    else:
        heights = apart * np.arange(count)
        step = partial(_stacked, turns=jnp.array(turns), heights=jnp.array(heights), bump=bump, pull=pull)
        starts = np.concatenate([level[:, None] * flat, (heights[side] + off * apart)[:, None]], axis=1)
        units = 3
    about = f"{count} {layout}, {apart:.3f} apart, turns {', '.join(f'{t:.9f}' for t in turns)}, pull {pull:.2f}"
    return Case(f"circles, {layout}", about, SmoothMap(step, units), starts, side)


def tori(rng: np.random.Generator) -> Case:
    """Products of two circles, in one or two copies at some height."""
    from attrax.dynamics import SmoothMap

    count, apart = int(rng.integers(1, 3)), 10 ** rng.uniform(-1, np.log10(0.5))
    turns, pull = rng.uniform(0.05, 0.45, 2), float(rng.uniform(0.2, 0.8))
    heights = jnp.array(apart * np.arange(count))

    def step(h, turns=turns, heights=heights, pull=pull):
        one = _concentric(h[:2], jnp.array(turns[:1]), jnp.ones(1), 0.0, pull)
        two = _concentric(h[2:4], jnp.array(turns[1:]), jnp.ones(1), 0.1, pull)
        nearest = heights[jnp.argmin(jnp.abs(heights - h[4]))]
        return jnp.concatenate([one, two, (nearest + pull * (h[4] - nearest))[None]])

    side = rng.integers(0, count, STARTS)
    angles = rng.uniform(0, 2 * np.pi, (STARTS, 2))
    flat = [np.cos(angles[:, 0]), np.sin(angles[:, 0]), np.cos(angles[:, 1]), np.sin(angles[:, 1])]
    starts = np.stack([*flat, np.asarray(heights)[side]], axis=1) * rng.uniform(0.9, 1.1, (STARTS, 1))
    starts[:, 4] = np.asarray(heights)[side]
    about = f"{count} tori, {apart:.3f} apart, turns {turns[0]:.6f}, {turns[1]:.6f}"
    return Case("tori", about, SmoothMap(step, 5), starts, side)


def locked_beside_curve(rng: np.random.Generator) -> Case:
    """A curve, and beside it a circle on which a cycle attracts."""
    from attrax.dynamics import SmoothMap

    q = int(rng.integers(2, 40))
    turn, pull = rotation(rng), float(rng.uniform(0.2, 0.8))
    strength = float(rng.uniform(0.05, 0.4))

    def step(h, turn=turn, q=q, strength=strength, pull=pull):
        right = h[0] > 0
        x = h - jnp.where(right, 2.0, -2.0) * jnp.array([1.0, 0.0])
        angle, level = jnp.arctan2(x[1], x[0]), jnp.sqrt(x @ x)
        locked = angle + 2 * jnp.pi / q - strength / q * jnp.sin(q * angle)
        angle = jnp.where(right, locked, angle + 2 * jnp.pi * turn)
        level = 1 + pull * (level - 1)
        turned = level * jnp.stack([jnp.cos(angle), jnp.sin(angle)])
        return turned + jnp.where(right, 2.0, -2.0) * jnp.array([1.0, 0.0])

    side = rng.integers(0, 2, STARTS)
    angle = rng.uniform(0, 2 * np.pi, STARTS)
    starts = np.stack([np.cos(angle) + np.where(side, 2.0, -2.0), np.sin(angle)], axis=1)
    return Case("cycle beside a curve", f"turn {turn:.9f}, cycle of {q}", SmoothMap(step, 2), starts, side)


def _runge_kutta(flow, x, dt):
    a = flow(x)
    b = flow(x + dt / 2 * a)
    c = flow(x + dt / 2 * b)
    return x + dt / 6 * (a + 2 * b + 2 * c + flow(x + dt * c))


def _copied(step, size, apart, axis):
    """Two copies of a map, mirrored in a coordinate of their own that keeps its sign, if `apart` is not 0."""

    def both(h):
        sign = jnp.where(h[-1] >= 0, 1.0, -1.0)
        inside = h[:size].at[axis].multiply(sign) if apart else h[:size]
        moved = step(inside)
        moved = moved.at[axis].multiply(sign) if apart else moved
        return jnp.append(moved, sign * apart + 0.3 * (h[-1] - sign * apart))

    return both


def chaos(rng: np.random.Generator) -> Case:
    from attrax.dynamics import SmoothMap

    name = rng.choice(["Lorenz", "Rössler", "Lozi"])
    copies = int(rng.integers(1, 3))
    if name == "Lorenz":
        dt, size, apart = float(rng.choice([0.005, 0.01, 0.02])), 3, 20 * 10 ** rng.uniform(-1, 0)
        step = partial(_runge_kutta, _lorenz, dt=dt)
        begin = rng.normal(size=(STARTS, 3)) * 4 + [0, 0, 25]
    elif name == "Rössler":
        dt, size, apart = float(rng.choice([0.05, 0.1])), 3, 8 * 10 ** rng.uniform(-1, 0)
        step = partial(_runge_kutta, _roessler, dt=dt)
        begin = rng.uniform(-2, 2, (STARTS, 3)) * [1, 1, 0.1]
    else:
        dt, size, apart = 0.0, 2, 10 ** rng.uniform(-1, 0)
        step = partial(_lozi, a=float(rng.uniform(1.6, 1.75)))
        begin = rng.uniform(-0.1, 0.1, (STARTS, 2))
    side = rng.integers(0, copies, STARTS)
    sign = np.where(side, -1.0, 1.0)
    if copies > 1:
        begin[:, 0] *= sign
    starts = np.column_stack([begin, sign * (apart if copies > 1 else 0.0)])
    step = _copied(step, size, float(apart) if copies > 1 else 0.0, 0)
    return Case(str(name), f"{copies} of it, step {dt}, {2 * apart:.3f} apart", SmoothMap(step, size + 1), starts, side)


def _lorenz(x):
    return jnp.stack([10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]])


def _roessler(x):
    return jnp.stack([-x[1] - x[2], x[0] + 0.2 * x[1], 0.2 + x[2] * (x[0] - 5.7)])


def _lozi(x, a):
    return jnp.stack([1 - a * jnp.abs(x[0]) + x[1], 0.5 * x[0]])


KINDS = (circles, circles, circles, circles, tori, locked_beside_curve, chaos, chaos)


def cases(count: int, seed: int) -> list[Case]:
    """Draw maps: half of them circles, an eighth each tori and cycles beside curves, a quarter chaos."""
    return [KINDS[n % len(KINDS)](np.random.default_rng([seed, n])) for n in range(count)]
