"""The attractors and fixed points of one network of the user's own, under each of several constant inputs.

Each input is analysed by itself and written once, under a name that says what went into it: so an analysis that is
stopped loses only the input that it was at, and the same command goes on from there.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float, Int

from attrax.checked_files import checked_name, make_folders, read_checked, sync_folder, write_checked, write_whole
from attrax.dynamics import Effort, ReluMap, SmoothMap, find_attractors, gru_map, tanh_map
from attrax.networks import OwnNetwork
from attrax.own_network.attractor_table import attractor_table, start_table
from attrax.own_network.fixed_point_search import find_points
from attrax.own_network.fixed_point_table import fixed_point_table
from attrax.parquet import frame_as_bytes
from attrax.progress import Keep, OnProgress, compute_always
from attrax.settings import SettingsError, require, to_mapping
from attrax.source_version import source_version
from attrax.unfinished import Unfinished

RECORD = "analysis.json"
"""Says what was asked; marks a folder as that of an analysis."""
_RESULTS = "results"


@dataclass(frozen=True, eq=False)
class WeightsAnalysis:
    """What is asked about a network.

    Parameters
    ----------
    title
        What a person calls the network.
    network
        The network.
    inputs
        Constant inputs, shape (count, inputs).
    starts
        How many starts are drawn, besides the zero state; or the starts themselves, shape (starts, units).
    seed
        Of the starts, and of the random directions that the analysis uses.
    effort
        How long to look.
    solves
        How many linear solves the search for fixed points, stable or not, may spend under each input; 0: no search.
    """

    title: str
    network: OwnNetwork
    inputs: Float[np.ndarray, "count inputs"]
    starts: int | Float[np.ndarray, "starts units"] = 100
    seed: int = 0
    effort: Effort = field(default_factory=Effort)
    solves: int = 500

    def __post_init__(self) -> None:
        require(self.seed >= 0, f"seed is {self.seed}; it must be 0 or more")
        require(self.solves >= 0, f"solves is {self.solves}; it must be 0 or more")

    @property
    def starts_are_drawn(self) -> bool:
        """Whether the starts are random, with the zero state before them."""
        return isinstance(self.starts, int)

    @property
    def n_starts(self) -> int:
        """Number of starts that shares refer to: without the zero state, where it was added."""
        return self.starts if isinstance(self.starts, int) else len(self.starts)

    def input_text(self, index: int) -> str:
        """Return an input as a person writes it."""
        return ", ".join(f"{value:g}" for value in self.inputs[index]) or "none"

    @cached_property
    def weights_identity(self) -> str:
        """Name of the network: a hash of its kind and its numbers."""
        network, digest = self.network, hashlib.sha256()
        digest.update(f"{network.kind} {network.leak!r}".encode())
        for array in (network.recurrent_weights, network.input_weights, network.bias, network.recurrent_bias):
            digest.update(b"none" if array is None else f"{array.shape}".encode() + array.tobytes())
        return digest.hexdigest()[:16]

    def identity(self, index: int) -> str:
        """Name of the result for one input: a hash of all that it depends on."""
        starts = self.starts
        text = json.dumps(
            {
                "weights": self.weights_identity,
                "input": self.inputs[index].tolist(),
                "starts": starts if isinstance(starts, int) else hashlib.sha256(starts.tobytes()).hexdigest(),
                "seed": self.seed,
                "effort": to_mapping(self.effort),
                "solves": self.solves,
                "attrax": metadata.version("attrax"),
                "code": source_version("dynamics", "own_network"),
            },
            sort_keys=True,
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class AnalysedWeights:
    """A finished analysis: what was asked, and a result for each input."""

    analysis: WeightsAnalysis
    directory: Path
    results: tuple[xr.Dataset, ...]
    """As `analyse_input` returns them."""
    files: tuple[str, ...]
    """Where each lies, in the directory; a file's name holds its checksum."""

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row per attractor per input; see `attractor_table`."""
        return self._under_each_input([attractor_table(result) for result in self.results])

    @cached_property
    def points(self) -> pd.DataFrame:
        """A row per fixed point per input; see `fixed_point_table`."""
        return self._under_each_input([fixed_point_table(result) for result in self.results])

    def _under_each_input(self, tables: list[pd.DataFrame]) -> pd.DataFrame:
        for index, table in enumerate(tables):
            table.insert(0, "input", index + 1)
            table.insert(1, "input_values", self.analysis.input_text(index))
            table["result"] = self.files[index]
        return pd.concat(tables, ignore_index=True)


def run_analysis(
    analysis: WeightsAnalysis,
    directory: Path,
    say: Callable[[str], None] | None = None,
    on_progress: OnProgress | None = None,
) -> AnalysedWeights:
    """Analyse a network under the inputs whose results are missing in a folder, and write the tables.

    Parameters
    ----------
    analysis
        What is asked.
    directory
        Where: new, or that of an analysis. Its tables will be those of this one; results of others stay.
    say
        Told in a line whatever begins.
    on_progress
        Told how far the orbits under an input are.

    Raises
    ------
    SettingsError
        Before any work, if the folder holds something else or cannot be written.
    """
    prepare_analysis(analysis, directory)
    results, files = [], []
    for index in range(len(analysis.inputs)):
        folder, identity = directory / _RESULTS, analysis.identity(index)
        content = read_checked(folder, identity, "nc")
        title = f"input {index + 1} of {len(analysis.inputs)} ({analysis.input_text(index)})"
        starts = analysis.n_starts + analysis.starts_are_drawn
        if say is not None:
            say(f"{title}: {f'following {starts} starts' if content is None else 'is there already'}")
        if content is None:
            unfinished = Unfinished(directory, identity)
            content = _as_bytes(analyse_input(analysis, index, unfinished.dataset, on_progress))
            write_checked(folder, identity, "nc", content)
            unfinished.discard()
        files.append(f"{_RESULTS}/{checked_name(identity, 'nc', content)}")
        with xr.open_dataset(content, engine="h5netcdf") as dataset:
            results.append(dataset.load())
    analysed = AnalysedWeights(analysis, directory, tuple(results), tuple(files))
    _write_tables(analysed)
    return analysed


def prepare_analysis(analysis: WeightsAnalysis, directory: Path) -> None:
    """Check a folder and make it ready; raises as `run_analysis`."""
    if directory.exists() and not directory.is_dir():
        raise SettingsError(f"{directory} is a file; name a folder that is new or holds an analysis")
    if directory.is_dir() and any(directory.iterdir()) and not (directory / RECORD).is_file():
        raise SettingsError(f"{directory} holds something else; name a folder that is new or holds an analysis")
    try:
        make_folders(directory)
        make_folders(directory / _RESULTS)
        sync_folder(directory / _RESULTS)  # what an analysis that was killed had renamed, and not confirmed
        _write_text(json.dumps(_record(analysis), indent=1) + "\n", directory / RECORD)
    except OSError as error:
        raise SettingsError(f"{directory} cannot be written: {error.strerror}; name another folder") from None


def _record(analysis: WeightsAnalysis) -> dict[str, object]:
    network = analysis.network
    return {
        "weights": analysis.title,
        "weights_identity": analysis.weights_identity,
        "kind": network.kind,
        "units": network.n_units,
        "leak": network.leak,
        "starts": analysis.starts if isinstance(analysis.starts, int) else "from a file",
        "seed": analysis.seed,
        "effort": to_mapping(analysis.effort),
        "solves": analysis.solves,
        "attrax": metadata.version("attrax"),
        "inputs": {analysis.identity(i): values.tolist() for i, values in enumerate(analysis.inputs)},
    }


def autonomous_map(network: OwnNetwork, values: Float[np.ndarray, " inputs"]) -> ReluMap | SmoothMap:
    """Return the map h -> h' that a network is under a constant input."""
    drive = network.drive(values)
    if network.kind == "relu":
        return ReluMap(network.recurrent_weights, drive, network.leak)
    if network.kind == "tanh":
        return tanh_map(network.recurrent_weights, drive, network.leak)
    if network.recurrent_bias is None:
        raise ValueError("a GRU needs its recurrent bias")
    return gru_map(network.recurrent_weights, drive, network.recurrent_bias)


def analyse_input(
    analysis: WeightsAnalysis, index: int, keep: Keep = compute_always, on_progress: OnProgress | None = None
) -> xr.Dataset:
    """Find the attractors under one input, and the fixed points that attract nothing as well.

    Parameters
    ----------
    analysis, index
        What is asked, and the number of the input.
    keep
        Keeps what the orbits settled to, which takes most of the time, while fixed points are sought.
    on_progress
        Told how far the orbits are.

    Returns
    -------
    What `attrax.dynamics.find_attractors` returns over "start", and

    - attractor: renumbered, 1 for the one that most starts reach (not counting the added zero state); -1 as before;
    - first_state (start, unit); zero_state (start): whether it is the zero state that was added;
    - sample_attractor (sample), sample_state (sample, unit): states on each attractor, at most 1500, in their order;
    - mean_activity, active_units (number): over those states; a unit of a ReLU network is active if its drive is above
      zero at one of them at least; NaN for other networks, whose units are never silent;
    - trace_start (trace), trace_state (trace, step, unit): the first steps from some starts, in float32;
    - what `attrax.own_network.fixed_point_search.find_points` returns over "point", and point_active_units, if the
      analysis has solves to spend.
    """
    one_map = autonomous_map(analysis.network, analysis.inputs[index])
    starts, upper = first_states(analysis, one_map)
    found = keep("attractors", partial(find_attractors, one_map, starts, analysis.seed, analysis.effort, on_progress))
    zero_state = np.zeros(len(starts), bool)
    zero_state[0] = analysis.starts_are_drawn
    number = _by_share(found.attractor.values, ~zero_state)
    numbers = np.arange(1, number.max(initial=0) + 1)
    samples = [_states_on(one_map, found, int(np.flatnonzero(number == n)[0])) for n in numbers]
    traced = _starts_to_show(number, found.kind.values)
    attrs: dict[str, float] = {} if upper is None else {"starts_drawn_up_to": upper}
    result = xr.Dataset(
        {
            **found.assign(attractor=("start", number)).data_vars,
            "first_state": (("start", "unit"), starts),
            "zero_state": ("start", zero_state),
            "sample_attractor": ("sample", np.repeat(numbers, [len(states) for states in samples])),
            "sample_state": (("sample", "unit"), np.concatenate([np.empty((0, one_map.n_units)), *samples])),
            "mean_activity": ("number", np.array([states.mean() for states in samples])),
            "active_units": ("number", np.array([_count_active(one_map, states) for states in samples])),
            "trace_start": ("trace", traced),
            "trace_state": (("trace", "step", "unit"), _first_steps(one_map, starts[traced]).astype(np.float32)),
        },
        attrs=attrs,
    )
    if not analysis.solves:
        return result
    still = {int(n): states[0] for n, states in zip(numbers, samples, strict=True) if len(states) == 1}
    points = find_points(one_map, still, starts[traced], analysis.solves, analysis.seed)
    active = np.array([_count_active(one_map, state[None]) for state in points.point_state.values], dtype=float)
    result = result.merge(points.assign(point_active_units=("point", active)))
    return result.assign_attrs(points.attrs)


_EXPLORED_STEPS = 200
_LARGEST = 1e6


def first_states(
    analysis: WeightsAnalysis, one_map: ReluMap | SmoothMap
) -> tuple[Float[np.ndarray, "starts units"], float | None]:
    """Return the starts under one input, and the bound up to which they were drawn (None where they were given).

    The zero state comes first, then uniform draws for each unit: of a ReLU network from 0 to twice the largest
    activity that any unit has in the first 200 steps from zero (or to twice its largest drive at zero, if those steps
    grow above 1e6 or stay silent); of others from -1 to 1, where their activity always is.
    """
    if not isinstance(analysis.starts, int):
        return analysis.starts, None
    draws = np.random.default_rng(analysis.seed).random((analysis.starts, one_map.n_units))
    if isinstance(one_map, ReluMap):
        upper = _typical_activity(one_map)
        drawn = upper * draws
    else:
        upper, drawn = 1.0, 2 * draws - 1
    return np.concatenate([np.zeros((1, one_map.n_units)), drawn]), upper


def _typical_activity(relu_map: ReluMap) -> float:
    hidden, largest = np.zeros(relu_map.n_units), 0.0
    for _ in range(_EXPLORED_STEPS):
        hidden = relu_map(hidden)
        largest = max(largest, float(hidden.max()))
        if largest > _LARGEST:
            break
    if not 0 < largest <= _LARGEST:
        largest = float(np.abs(relu_map.bias).max()) or 0.5  # without any drive, scale has no meaning
    return 2 * largest


def _by_share(attractor: Int[np.ndarray, " starts"], counted: np.ndarray) -> Int[np.ndarray, " starts"]:
    """Renumber attractors from 1, those that most of the counted starts reach first; -1 stays."""
    numbers = np.unique(attractor[attractor >= 0])
    missed = [int(np.count_nonzero((attractor != n) & counted)) for n in numbers]
    result = np.full(attractor.size, -1)
    for new, old in enumerate(numbers[np.argsort(missed, kind="stable")], start=1):
        result[attractor == old] = new
    return result


_SAMPLES = 1500


def _states_on(one_map: ReluMap | SmoothMap, found: xr.Dataset, start: int) -> Float[np.ndarray, "states units"]:
    states = [found.state.values[start]]
    for _ in range(min(int(found.period[start]) or _SAMPLES, _SAMPLES) - 1):
        states.append(one_map(states[-1]))
    return np.array(states)


def _count_active(one_map: ReluMap | SmoothMap, states: Float[np.ndarray, "states units"]) -> float:
    if not isinstance(one_map, ReluMap):
        return float("nan")
    return float((states @ one_map.weights.T + one_map.bias > 0).any(axis=0).sum())


_TRACES = 24
_TRACE_STEPS = 100


def _starts_to_show(number: Int[np.ndarray, " starts"], kind: np.ndarray) -> Int[np.ndarray, " traces"]:
    """Choose some starts: in turn one of each attractor, one that diverges and one that is undecided."""
    fates = [np.flatnonzero(number == n) for n in range(1, number.max(initial=0) + 1)]
    fates += [np.flatnonzero(kind == name) for name in ("divergent", "undecided")]
    turns = [start for turn in range(number.size) for fate in fates for start in fate[turn : turn + 1]]
    return np.sort(np.array(turns[:_TRACES], dtype=int))


def _first_steps(
    one_map: ReluMap | SmoothMap, starts: Float[np.ndarray, "traces units"]
) -> Float[np.ndarray, "traces steps units"]:
    states = [starts]
    with np.errstate(over="ignore", invalid="ignore"):  # an orbit that diverges is not shown to its end
        for _ in range(_TRACE_STEPS):
            states.append(one_map(states[-1]))
    trace = np.stack(states, axis=1)
    trace[~(np.abs(trace) <= _LARGEST)] = np.nan
    return trace


def _as_bytes(result: xr.Dataset) -> bytes:
    compressed = {
        name: {"zlib": True, "complevel": 4, "shuffle": True}
        for name, values in result.data_vars.items()
        if values.ndim > 1 and values.size
    }
    return bytes(result.to_netcdf(engine="h5netcdf", encoding=compressed))


def _write_tables(analysed: AnalysedWeights) -> None:
    table, directory = analysed.table, analysed.directory
    starts = [start_table(result) for result in analysed.results]
    for index, rows in enumerate(starts):
        rows.insert(0, "input", index + 1)
    _write_text(table.to_csv(index=False), directory / "attractors.csv")
    _write_text(analysed.points.to_csv(index=False), directory / "fixed_points.csv")
    frames = {"attractors": table, "fixed_points": analysed.points, "starts": pd.concat(starts, ignore_index=True)}
    for name, frame in frames.items():
        write_whole(directory / f"{name}.parquet", frame_as_bytes(frame))


def _write_text(text: str, file: Path) -> None:
    write_whole(file, text.encode())
