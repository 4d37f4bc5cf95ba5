"""The search that makes an atlas: sampled orbits meet the first regions, and a walk finds what hangs together."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import shapely
import xarray as xr
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike
from scipy.stats import qmc

from attrax.dynamics.effort import Effort
from attrax.dynamics.maps.relu_map import ReluMap
from attrax.dynamics.periodic.periodic_points import fixed_points
from attrax.dynamics.plane.half_planes import rectangle
from attrax.dynamics.plane.input_plane import Plane, pattern_of
from attrax.dynamics.plane.input_survey import Survey
from attrax.dynamics.plane.outlook import Pilot
from attrax.dynamics.plane.plane_atlas import Atlas
from attrax.dynamics.plane.regions import Regions
from attrax.dynamics.plane.sheets import draw_points, remaining
from attrax.progress import Keep, OnProgress, Step, compute_always, ignore_progress

_SEARCHED = 4  # inputs
_TELLING = 3  # groups of inputs after which it is said what the atlas will take
_DENSER_BELOW = 0.1  # of the window
_ROUNDS = 3  # of samples where nothing is known: each may show regions that the ones before have missed


def atlas(
    weights: ArrayLike,
    bias: ArrayLike,
    directions: ArrayLike,
    leak: float = 1.0,
    window: ArrayLike | Sequence[Any] = ((-1, 1), (-1, 1)),
    start: ArrayLike | None = None,
    seed: int = 0,
    *,
    longest_cycle: int = 12,
    unstable: bool = True,
    samples: int = 64,
    starts: int = 4,
    solves: int = 200,
    limit: int = 50_000,
    effort: Effort | None = None,
    on_progress: OnProgress | None = None,
    keep: Keep | None = None,
) -> "Atlas":
    """Map the attractors of the networks ReluMap(W, b + x d1 + y d2, leak) over a window of (x, y).

    Fixed points, and cycles of short period, are followed exactly: each lives on polygons, within which one affine
    formula gives it (see `attrax.dynamics.plane.regions`). Sampled orbits lead to the first of them, and say what there
    is besides: attractors that have no formula, above the exact ones and where there are none.

    Parameters
    ----------
    weights, bias, leak
        W, shape (units, units), b, shape (units,), and the share of the state that is renewed at each step.
    directions
        d1 and d2, shape (2, units).
    window
        ((x from, x to), (y from, y to)).
    start
        State that orbits begin from, shape (units,); by default zero.
    seed
        Of the sampled inputs and starts.
    longest_cycle
        Cycles up to this period are followed exactly, where sampled orbits meet them; 1: fixed points alone.
    unstable
        Whether fixed points and cycles are followed where they are unstable. Behind an unstable part a stable one can
        lie that no sampled orbit has met.
    samples
        How many inputs are sampled, spread evenly over the window; and up to as many again where no polygon of an
        attractor lies, fewer where that is less than a tenth of it.
    starts
        How many orbits are followed at each of them: one from `start`, the others from random states.
    solves
        How many linear solves the search for fixed points, stable or not, may spend at each of four of these inputs;
        0: no search. Between two attractors there is a saddle that no orbit stays at.
    limit
        Most regions that are kept; beyond it the atlas is not complete and says so.
    effort
        How long each sampled orbit is followed.
    on_progress
        Told how many inputs have been sampled, after the first of them what the atlas will take, how many regions have
        been met of about how many, and, when the atlas is asked for its borders, of how many regions they are found.
    keep
        Keeps samples and regions, so that an atlas that is interrupted goes on (see `attrax.progress`). Whoever gives
        it sees to it that what was kept is of the same plane, seed, effort and counts. None: nothing is kept.

    Raises
    ------
    ValueError
        For shapes that do not match, values that are not finite, a window without area, or counts below 1.
    """
    plane, start = _checked(weights, bias, directions, leak, start)
    sides = _checked_window(window)
    _check_counts(solves, longest_cycle=longest_cycle, samples=samples, starts=starts, limit=limit)
    tell = on_progress or ignore_progress
    regions = Regions(plane, rectangle(sides), limit, unstable, tell)
    pilot = Pilot(plane, regions.window, unstable, limit)
    survey = Survey(plane, start, starts, effort or Effort(), np.random.default_rng(seed), tell, keep or compute_always)
    walk = partial(_walk, regions, keep)
    spread = qmc.Sobol(2, rng=np.random.default_rng(seed)).random_base2(int(np.ceil(np.log2(samples))))[:samples]
    taken: list[float] = []
    for seconds in survey.in_groups(sides[:, 0] + spread * np.ptp(sides, axis=1), everywhere=True):
        taken.append(seconds)
        if len(taken) == _TELLING:
            lately = float(np.mean(taken[1:]))  # the first group compiles
            expected = pilot.outlook(survey.met(longest_cycle), lately, samples - len(survey.points))
            regions.expected = expected.regions
            tell(Step("inputs sampled", len(survey.points), samples, outlook=str(expected)))
    walk("regions", survey.patterns(longest_cycle))
    if solves:
        walk("regions by search", _patterns_of_fixed_points(plane, survey.points[:_SEARCHED], solves, seed, tell))
    for number in range(_ROUNDS):
        rest, known = remaining(regions), len(regions.found)
        if shapely.area(rest) <= 1e-9:
            break
        share = min(1.0, float(shapely.area(rest)) / _DENSER_BELOW)
        drawn = draw_points(rest, int(np.ceil(share * samples / _ROUNDS)), survey.generator)
        survey.add(sides[:, 0] + drawn * np.ptp(sides, axis=1), everywhere=False)
        walk(f"regions {number}", survey.patterns(longest_cycle))
        if len(regions.found) == known:
            break
    return Atlas(regions, survey.to_dataset(), start, effort or Effort(), seed)


def _walk(regions: Regions, keep: Keep | None, name: str, patterns: Iterable[Bool[np.ndarray, "_ units"]]) -> None:
    """Add all that is connected with the regions of some patterns, or take it as it was kept."""
    if keep is None:
        regions.walk(patterns)
        return

    def walked() -> xr.Dataset:
        regions.walk(patterns)
        return regions.to_dataset()

    regions.restore(keep(name, walked))


def _checked(
    weights: ArrayLike, bias: ArrayLike, directions: ArrayLike, leak: float, start: ArrayLike | None
) -> tuple[Plane, Float[np.ndarray, " units"]]:
    origin = ReluMap(weights, bias, leak)
    directions = np.asarray(directions, dtype=float)
    units = origin.n_units
    if directions.shape != (2, units):
        raise ValueError(f"directions have shape {directions.shape}; with {units} units they must be (2, {units})")
    state = np.zeros(units) if start is None else np.asarray(start, dtype=float)
    if state.shape != (units,):
        raise ValueError(f"start has shape {state.shape}; with {units} units it must be ({units},)")
    if not (np.isfinite(directions).all() and np.isfinite(state).all()):
        raise ValueError("directions or start hold values that are not finite")
    return Plane(origin, directions), state


def _checked_window(window: ArrayLike | Sequence[Any]) -> Float[np.ndarray, "2 2"]:
    sides = np.asarray(window, dtype=float)
    if not (sides.shape == (2, 2) and np.isfinite(sides).all() and (sides[:, 0] < sides[:, 1]).all()):
        raise ValueError(f"window is {window!r}; it must be ((x from, x to), (y from, y to)), each from below to")
    return sides


def _check_counts(solves: int, **counts: int) -> None:
    if int(solves) != solves or solves < 0:
        raise ValueError(f"solves is {solves}; it must be a whole number, 0 or more")
    for name, value in counts.items():
        if int(value) != value or value < 1:
            raise ValueError(f"{name} is {value}; it must be a whole number, at least 1")


def _patterns_of_fixed_points(
    plane: Plane, points: Float[np.ndarray, "points 2"], solves: int, seed: int, tell: OnProgress
) -> Iterator[Bool[np.ndarray, "1 units"]]:
    """Search for fixed points, stable or not, at some inputs."""
    for number, point in enumerate(points, 1):
        for state in fixed_points(plane.at(point), seed, solves=solves).state.values:
            yield pattern_of(plane, point, state, 1)
        tell(Step("inputs searched for fixed points", number, len(points)))
