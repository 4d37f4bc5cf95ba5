"""Orbits at sampled inputs of a plane, and what became of them."""

import time
from collections.abc import Iterator
from dataclasses import fields
from functools import partial

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float

from attrax.dynamics.attractors.finding import to_dataset
from attrax.dynamics.effort import Effort
from attrax.dynamics.labels.classification import Classification
from attrax.dynamics.labels.labelling import classify
from attrax.dynamics.plane.input_plane import Plane, pattern_of
from attrax.dynamics.plane.regions import pattern_key
from attrax.progress import Keep, OnProgress, Step

_SAMPLED_TOGETHER = 8
"""Inputs whose orbits are followed in one go: as much as an interruption can cost."""


class Survey:
    """Orbits at sampled inputs, and what became of them."""

    def __init__(
        self, plane: Plane, start: Float[np.ndarray, " units"], starts: int, effort: Effort,
        generator: np.random.Generator, tell: OnProgress,
        keep: Keep,
    ) -> None:  # fmt: skip
        self.plane, self.start, self.starts, self.effort, self.generator = plane, start, starts, effort, generator
        self._tell, self._keep = tell, keep
        self.points = np.empty((0, 2))
        self.everywhere = np.empty(0, bool)
        self._found: list[Classification] = []
        self._size = 0.0

    def add(self, points: Float[np.ndarray, "points 2"], everywhere: bool) -> None:
        """Follow orbits at some inputs."""
        for _ in self.in_groups(points, everywhere):
            pass

    def in_groups(self, points: Float[np.ndarray, "points 2"], everywhere: bool) -> Iterator[float]:
        """Follow orbits at some inputs, one group after the other; yield the seconds an input of each has taken."""
        if not len(points):
            return
        biases = np.repeat(self.plane.biases(points), self.starts, axis=0)
        self._size = self._size or _activity(self.plane, points, self.start)
        first = self._size * self.generator.random((len(points), self.starts, self.plane.n_units))
        first[:, 0] = self.start
        first, seed = first.reshape(-1, self.plane.n_units), int(self.generator.integers(2**31))
        # No label depends on which orbits are followed together (all are given the same random directions).
        for done in range(0, len(points), _SAMPLED_TOGETHER):
            some = slice(self.starts * done, self.starts * (done + _SAMPLED_TOGETHER))
            begun, group = time.perf_counter(), points[done : done + _SAMPLED_TOGETHER]
            follow = partial(self._follow, biases[some], first[some], seed)
            kept = self._keep(f"samples {len(self.points)}", follow)
            values = {field.name: kept[field.name].values for field in fields(Classification)}
            self._found.append(Classification(**values))
            self.points = np.concatenate([self.points, group])
            self.everywhere = np.append(self.everywhere, np.full(len(group), everywhere))
            self._tell(Step("inputs sampled", min(done + _SAMPLED_TOGETHER, len(points)), len(points)))
            yield (time.perf_counter() - begun) / len(group)

    def _follow(
        self, biases: Float[np.ndarray, "orbits units"], first: Float[np.ndarray, "orbits units"], seed: int
    ) -> xr.Dataset:
        origin = self.plane.origin
        return to_dataset(classify(origin.weights, biases, origin.leak, first, self.effort, seed))

    def met(self, longest_cycle: int) -> list[list[Bool[np.ndarray, "_ units"]]]:
        """Return the patterns of the certified cycles that were met at each input, each once."""
        result: list[dict[bytes, np.ndarray]] = []
        for found in self._found:
            here: list[dict[bytes, np.ndarray]] = [{} for _ in range(found.kind.size // self.starts)]
            for orbit in np.flatnonzero(found.on_cycle & (found.period <= longest_cycle)).tolist():
                point = self.points[len(result) + orbit // self.starts]
                pattern = pattern_of(self.plane, point, found.state[orbit], int(found.period[orbit]))
                here[orbit // self.starts][pattern_key(pattern)] = pattern
            result += here
        return [list(patterns.values()) for patterns in result]

    def patterns(self, longest_cycle: int) -> list[Bool[np.ndarray, "_ units"]]:
        """Return the patterns of the certified cycles that were met anywhere, each once."""
        return list({pattern_key(pattern): pattern for here in self.met(longest_cycle) for pattern in here}.values())

    def to_dataset(self) -> xr.Dataset:
        """Return all samples, over "sample" and "start"."""
        fields = {
            name: np.concatenate([getattr(found, name) for found in self._found])
            for name in ("kind", "period", "certified", "neutral", "steps")
        }
        leading = np.concatenate([found.exponents[:, 0] for found in self._found])
        shape = (len(self.points), self.starts)
        return xr.Dataset(
            {name: (("sample", "start"), values.reshape(shape)) for name, values in fields.items()}
            | {
                "exponent": (("sample", "start"), leading.reshape(shape)),
                "point": (("sample", "axis"), self.points),
                "everywhere": ("sample", self.everywhere),
            },
            coords={"axis": ["x", "y"]},
        )


def _activity(plane: Plane, points: np.ndarray, start: np.ndarray, steps: int = 200, largest: float = 1e6) -> float:
    """Return twice the largest activity in the first steps from the start, for random starts to be of that size."""
    hidden, biases, size = np.broadcast_to(start, (len(points), start.size)), plane.biases(points), 0.0
    leak, weights = plane.origin.leak, plane.origin.weights
    for _ in range(steps):
        hidden = (1 - leak) * hidden + leak * np.maximum(hidden @ weights.T + biases, 0.0)
        if hidden.max() > largest:
            break
        size = max(size, float(hidden.max()))
    return 2 * size or 1.0
