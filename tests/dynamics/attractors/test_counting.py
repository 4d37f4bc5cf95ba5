"""Each attractor is counted once: small maps that went wrong, and maps with a known number of moving attractors."""

import jax.numpy as jnp
import numpy as np
import pytest

from attrax.dynamics import ReluMap, SmoothMap, basins, find_attractors

DRAWN = np.random.default_rng(0)


def count(found):
    return len(set(found.attractor.values.tolist()) - {-1})


def circles(turns, radii, pull=0.5):
    """Closed curves around the origin, each turned by its own part of a turn a step; starts go to the nearest."""
    turns, radii = jnp.array(turns), jnp.array(radii)

    def function(h):
        angle, level = jnp.arctan2(h[1], h[0]), jnp.sqrt(h @ h)
        nearest = jnp.argmin(jnp.abs(radii - level))
        angle = angle + 2 * jnp.pi * turns[nearest]
        level = radii[nearest] + pull * (level - radii[nearest])
        return level * jnp.stack([jnp.cos(angle), jnp.sin(angle)])

    return SmoothMap(function, 2)


def starts_at(radii, each=4):
    angle: np.ndarray = np.random.default_rng(1).uniform(0, 2 * np.pi, (len(radii), each))
    return np.concatenate([r * np.stack([np.cos(a), np.sin(a)], axis=1) for r, a in zip(radii, angle, strict=True)])


@pytest.mark.parametrize("turn", [1 / 3 + 1e-6, 1 / 20 + 1e-6, 1 / 400 + 1e-6, 1 / 2250.3, (5**0.5 - 1) / 2])
def test_one_curve_is_one_however_it_turns(turn):
    found = find_attractors(circles([turn], [1.0]), starts_at([1.0], 6))
    assert set(found.kind.values) == {"quasi-periodic"}
    assert count(found) == 1
    assert not found.perhaps_same.any()


@pytest.mark.parametrize("turn", [1 / 7 + 1e-7, (5**0.5 - 1) / 2])
@pytest.mark.parametrize("apart", [0.01, 0.3])
def test_curves_beside_each_other_are_several_though_they_turn_alike(turn, apart):
    radii = [1.0, 1.0 + apart, 1.0 + 2 * apart]
    found = find_attractors(circles([turn] * 3, radii), starts_at(radii, 3))
    assert found.attractor.values.tolist() == [0] * 3 + [1] * 3 + [2] * 3
    assert basins(found).starts.values.tolist() == [3, 3, 3]


def test_a_slow_limit_cycle_is_one():
    """Three units with a leak of 0.005: 688 steps a turn."""
    network = ReluMap([[2.4, -2.4, 0.0], [2.4, 0.4, -1.2], [0.6, 0.0, 0.2]], [0.6, 0.1, 0.2], leak=0.005)
    found = find_attractors(network, DRAWN.uniform(0, 2, (8, 3)))
    assert set(found.kind.values) == {"quasi-periodic"}
    assert count(found) == 1


def lorenz(dt):
    def flow(x):
        return jnp.stack([10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]])

    def step(x):
        a = flow(x)
        b = flow(x + dt / 2 * a)
        c = flow(x + dt / 2 * b)
        return x + dt / 6 * (a + 2 * b + 2 * c + flow(x + dt * c))

    return SmoothMap(step, 3)


@pytest.mark.parametrize("dt", [0.02, 0.01, 0.005])
def test_the_lorenz_attractor_is_one_whatever_the_step(dt):
    starts: np.ndarray = np.random.default_rng(0).normal(size=(8, 3)) * 8 + [0, 0, 25]
    found = find_attractors(lorenz(dt), starts)
    assert set(found.kind.values) == {"chaotic"}
    assert count(found) == 1


def test_basins_say_how_many_starts_are_only_perhaps_of_an_attractor():
    found = find_attractors(circles([0.38], [1.0]), starts_at([1.0], 4))
    told = basins(found.assign(perhaps_same=("start", np.array([False, True, False, True]))))
    assert told.starts.values.tolist() == [4]
    assert told.perhaps.values.tolist() == [2]


def test_permutations_are_a_continuum_of_cycles():
    found = find_attractors(ReluMap(np.eye(5)[[1, 2, 3, 4, 0]], np.zeros(5)), DRAWN.uniform(0, 2, (3, 5)))
    assert found.kind.values.tolist() == ["undecided"] * 3
    assert found.neutral.all()
