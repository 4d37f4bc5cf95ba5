"""The analysis of a network whose attractors are known, its tables, and what an interruption leaves."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from attrax.dynamics import Effort
from attrax.networks import own_network
from attrax.own_network import WeightsAnalysis, run_analysis, weights_analysis
from attrax.settings import SettingsError

QUICK = Effort(settling_steps=300, steps=1000, extension=1)

# Two units that inhibit each other: (2, 0) and (0, 2) attract, and the zero state goes to the saddle between them.
# The third is silent at an input of -1, and goes to and fro between 0 and b at an input of b > 0.
# The fourth stays silent if it starts below 2, and grows without bound above.
KNOWN = {
    "W": np.array([[0.5, -1, 0, 0], [-1, 0.5, 0, 0], [0, 0, -1.5, 0], [0, 0, 0, 1.5]]),
    "U": np.array([[0.0], [0], [1], [0]]),
    "b": np.array([1.0, 1, 0, -1]),
}


def known_analysis(inputs=((-1.0,), (1.0,)), starts=40, **settings):
    return WeightsAnalysis("known.npz", own_network(KNOWN), np.array(inputs), starts, effort=QUICK, **settings)


@pytest.fixture(scope="module")
def analysed(tmp_path_factory):
    return run_analysis(known_analysis(((-1.0,), (1.0,), (2.5,))), tmp_path_factory.mktemp("known") / "out")


def test_the_known_attractors_are_found_under_each_input(analysed):
    table = analysed.table
    attractors = table[table.attractor > 0]
    assert attractors.groupby("input").kind.agg(list).to_dict() == {
        1: ["fixed point"] * 2, 2: ["cycle"] * 2, 3: ["cycle"] * 2,
    }  # fmt: skip
    assert attractors.certified.all()
    assert attractors.period.tolist() == [1, 1, 2, 2, 2, 2]
    assert attractors.active_units.tolist() == [1, 1, 2, 2, 2, 2]
    assert attractors.mean_activity.tolist() == pytest.approx([0.5, 0.5, 0.625, 0.625, 0.8125, 0.8125])
    assert attractors.relaxation_steps.to_numpy() == pytest.approx(1 / np.log(2))
    assert attractors.amplitude.tolist() == pytest.approx([0, 0, 0.5, 0.5, 1.25, 1.25])


def test_shares_add_up_and_divergent_and_undecided_starts_are_among_them(analysed):
    table = analysed.table
    assert table.groupby("input").starts.sum().tolist() == [40, 40, 40]
    assert table.groupby("input").share.sum().to_numpy() == pytest.approx(1)
    last = table[table.input == 3].set_index("kind")
    first = analysed.results[2].first_state.values[1:, 3]
    assert last.starts["divergent"] == np.count_nonzero(first > 2)  # of starts drawn up to 5
    assert (table.share_low <= table.share).all()
    assert (table.share <= table.share_high).all()
    for _, rows in table.groupby("input"):
        assert rows[rows.attractor > 0].share.is_monotonic_decreasing
        assert rows.from_zero.tolist() == [False] * (len(rows) - 1) + [True]
        assert rows.kind.iloc[-1] == "undecided"


def test_starts_are_drawn_to_fit_the_activity(analysed):
    for result, upper in zip(analysed.results, (2, 2, 5), strict=True):
        starts = result.first_state.values
        assert result.attrs["starts_drawn_up_to"] == upper
        assert np.array_equal(starts[0], np.zeros(4))
        assert result.zero_state.values.tolist() == [True] + [False] * 40
        assert 0.9 * upper < starts.max() <= upper
        assert starts.min() >= 0


def test_files_hold_the_tables_and_the_states(analysed):
    directory = analysed.directory
    csv = pd.read_csv(directory / "attractors.csv")
    parquet = pd.read_parquet(directory / "attractors.parquet")
    assert parquet.equals(analysed.table)
    assert csv.columns.tolist() == parquet.columns.tolist()
    assert np.array_equal(csv.share.to_numpy(), parquet.share.to_numpy())
    starts = pd.read_parquet(directory / "starts.parquet")
    assert starts.groupby("input").size().tolist() == [41, 41, 41]
    assert set(starts.kind) == {"fixed point", "cycle", "divergent", "undecided"}
    row = parquet[parquet.input == 2].iloc[0]
    with xr.open_dataset(directory / row.result, engine="h5netcdf") as result:
        states = result.sample_state.values[result.sample_attractor.values == row.attractor]
    assert sorted(states[:, 2].tolist()) == [0, 1]
    assert json.loads((directory / "analysis.json").read_text())["weights"] == "known.npz"
    assert not [path for path in directory.rglob("*") if path.name.startswith(".")]


def test_fixed_points_are_found_whether_starts_go_there_or_not(analysed):
    points = analysed.points
    first = points[points.input == 1]  # the winners, the saddle between them, and each with the fourth unit at 2
    assert first.attractor.tolist() == [1, 2, -1, -1, -1, -1]
    assert first.instability.tolist() == ["stable"] * 2 + ["+1"] * 4
    assert first.unstable.tolist() == [0, 0, 1, 1, 1, 2]
    assert first.eigenvalue_real.tolist() == pytest.approx([0.5] * 2 + [1.5] * 4)
    assert first.relaxation_steps.tolist() == pytest.approx([1 / np.log(2)] * 2 + [np.nan] * 4, nan_ok=True)
    assert first.active_units.tolist() == [1, 1, 2, 2, 2, 3]
    assert points.certified.all()
    assert set(points[points.input == 2].attractor) == {-1}  # of the cycles none is a fixed point
    result = analysed.results[0]
    winner = result.sample_state.values[result.sample_attractor.values == 2][0]
    assert np.allclose(result.point_state.values[1], winner, rtol=0, atol=1e-12)
    assert 0 < result.attrs["solves_spent"] <= 500
    written = pd.read_parquet(analysed.directory / "fixed_points.parquet")
    assert written.equals(points)
    assert pd.read_csv(analysed.directory / "fixed_points.csv").columns.tolist() == written.columns.tolist()


def test_no_search_leaves_an_empty_table(tmp_path):
    analysed = run_analysis(known_analysis(((-1.0,),), 5, solves=0), tmp_path / "out")
    assert analysed.points.empty
    assert "point_state" not in analysed.results[0]
    assert pd.read_csv(tmp_path / "out" / "fixed_points.csv").empty


def test_a_point_on_the_border_of_pieces_is_not_called_stable(tmp_path):
    network = own_network({"W": 0.5 * np.eye(2), "b": np.zeros(2)})
    analysed = run_analysis(WeightsAnalysis("zero", network, np.zeros((1, 0)), 5, effort=QUICK), tmp_path / "out")
    assert analysed.table.kind.tolist() == ["fixed point"]
    assert analysed.table.certified.tolist() == [False]
    (point,) = analysed.points.itertuples()
    assert (point.instability, point.unstable, point.attractor, point.certified) == ("border", -1, 1, False)
    assert np.isnan(point.radius)
    assert np.isnan(point.eigenvalue_imag)


def test_a_growing_network_may_have_no_fixed_point(tmp_path):
    network = own_network({"W": np.array([[1.5]]), "b": np.ones(1)})
    analysed = run_analysis(WeightsAnalysis("grows", network, np.zeros((1, 0)), 5, effort=QUICK), tmp_path / "out")
    assert analysed.table.kind.tolist() == ["divergent"]
    assert analysed.points.empty


def test_traces_begin_at_their_starts(analysed):
    result = analysed.results[2]
    traced = result.trace_start.values
    first = result.first_state.values[traced]
    np.testing.assert_allclose(result.trace_state.values[:, 0], first, rtol=1e-6)
    assert {"cycle", "divergent", "undecided"} == set(result.kind.values[traced])
    assert np.isnan(result.trace_state.values[result.kind.values[traced] == "divergent", -1]).any()


def test_the_same_command_uses_what_is_there(analysed, monkeypatch):
    monkeypatch.setattr(weights_analysis, "analyse_input", None)  # nothing is computed again
    said = []
    again = run_analysis(known_analysis(((2.5,), (-1.0,))), analysed.directory, said.append)
    assert said == ["input 1 of 2 (2.5): is there already", "input 2 of 2 (-1): is there already"]
    for index, former in enumerate((2, 0)):
        assert again.results[index].identical(analysed.results[former])


def test_a_damaged_result_is_computed_again(tmp_path):
    analysis = known_analysis(((2.5,),))
    first = run_analysis(analysis, tmp_path / "out")
    file = tmp_path / "out" / first.table.result[0]
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    said = []
    again = run_analysis(analysis, tmp_path / "out", said.append)
    assert said == ["input 1 of 1 (2.5): following 41 starts"]
    assert again.results[0].identical(first.results[0])
    assert run_analysis(analysis, tmp_path / "out", said.append).files == again.files
    assert said[1:] == ["input 1 of 1 (2.5): is there already"]


def test_a_result_is_named_after_all_that_it_depends_on():
    names = [known_analysis().identity(index) for index in (0, 1)]
    names += [known_analysis(starts=41).identity(0), known_analysis(seed=1).identity(0)]
    names.append(known_analysis(solves=7).identity(0))
    names += [known_analysis(starts=np.zeros((1, 4))).identity(0), known_analysis(starts=np.ones((1, 4))).identity(0)]
    for changed in ({"b": KNOWN["b"] + 1e-12}, {"leak": np.array(0.5)}):
        names.append(WeightsAnalysis("x", own_network(KNOWN | changed), np.array([[-1.0]]), 40).identity(0))
    names.append(WeightsAnalysis("x", own_network(KNOWN, None, "tanh"), np.array([[-1.0]]), 40).identity(0))
    assert len(set(names)) == len(names)
    assert known_analysis().identity(0) == known_analysis(((3.0,), (-1.0,))).identity(1)


@pytest.mark.parametrize("moment", ["while computing", "before the renaming"])
def test_an_interruption_loses_only_the_input_that_is_being_analysed(tmp_path, monkeypatch, moment):
    analysis = known_analysis()
    compute, rename = weights_analysis.analyse_input, Path.replace

    def interrupted_computation(analysis, index, *more):
        if index == 1:
            raise KeyboardInterrupt
        return compute(analysis, index, *more)

    def interrupted_renaming(temporary, file):
        if file.name.startswith(analysis.identity(1)):
            raise KeyboardInterrupt
        return rename(temporary, file)

    with monkeypatch.context() as patch:
        if moment == "while computing":
            patch.setattr(weights_analysis, "analyse_input", interrupted_computation)
        else:
            patch.setattr(Path, "replace", interrupted_renaming)
        with pytest.raises(KeyboardInterrupt):
            run_analysis(analysis, tmp_path / "out")
    assert [path.name[:16] for path in (tmp_path / "out" / "results").iterdir()] == [analysis.identity(0)]
    said = []
    run_analysis(analysis, tmp_path / "out", said.append)
    assert [line.split(": ")[1] for line in said] == ["is there already", "following 41 starts"]


def test_given_starts_are_taken_as_they_are(tmp_path):
    starts = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [0.9, 0, 0, 3]])
    analysed = run_analysis(known_analysis(((-1.0,),), starts), tmp_path / "out")
    table = analysed.table
    assert np.array_equal(analysed.results[0].first_state.values, starts)
    assert table.kind.tolist() == ["fixed point", "fixed point", "divergent"]
    assert table.starts.tolist() == [1, 1, 1]
    assert not table.from_zero.any()


def test_a_leaky_network_counts_active_units_by_their_drive(tmp_path):
    network = own_network({"W": np.diag([0.5, 0.0]), "b": np.array([1.0, -1.0]), "leak": np.array(0.2)})
    table = run_analysis(WeightsAnalysis("leaky", network, np.zeros((1, 0)), 5, effort=QUICK), tmp_path / "out").table
    assert table.active_units.tolist() == [1]
    assert table.relaxation_steps.tolist() == pytest.approx([-1 / np.log(0.9)])


def test_a_bistable_tanh_network_goes_to_both_sides(tmp_path):
    network = own_network({"W": np.array([[2.0]]), "b": np.zeros(1)}, nonlinearity="tanh")
    analysed = run_analysis(WeightsAnalysis("two", network, np.zeros((1, 0)), 30, effort=QUICK), tmp_path / "out")
    table, result = analysed.table, analysed.results[0]
    assert table.kind.tolist() == ["fixed point", "fixed point", "undecided"]  # zero is a fixed point that repels
    assert table.from_zero.tolist() == [False, False, True]
    side = np.sign(result.first_state.values[1:, 0])
    assert sorted(table.starts) == [0, *sorted([(side < 0).sum(), (side > 0).sum()])]
    assert result.first_state.values.min() < -0.9  # drawn from -1 to 1
    assert np.array_equal(np.sign(result.state.values[1:, 0]), side)
    assert np.abs(result.sample_state.values) == pytest.approx(0.957504, abs=1e-6)  # h = tanh(2 h)
    assert table.active_units.isna().all()


def test_a_gru_that_forgets_by_half_a_step_goes_where_its_bias_says(tmp_path):
    arrays = {"weight_hh_l0": np.zeros((6, 2)), "bias_hh_l0": np.zeros(6)}
    arrays |= {"bias_ih_l0": np.array([0, 0, 0, 0, 0.5, -1]), "weight_ih_l0": np.eye(6)[:, 4:5]}
    analysis = WeightsAnalysis("gru", own_network(arrays), np.array([[0.0], [1.0]]), 5, effort=QUICK)
    analysed = run_analysis(analysis, tmp_path / "out")
    assert analysed.table.kind.tolist() == ["fixed point", "fixed point"]
    states = np.concatenate([result.sample_state.values for result in analysed.results])
    np.testing.assert_allclose(states, np.tanh([[0.5, -1], [1.5, -1]]), rtol=0, atol=1e-9)
    assert analysed.table.relaxation_steps.tolist() == pytest.approx([1 / np.log(2)] * 2, rel=1e-6)


def test_a_network_without_any_drive_has_starts_of_some_size(tmp_path):
    network = own_network({"W": -np.eye(2), "b": np.zeros(2)})
    result = run_analysis(WeightsAnalysis("silent", network, np.zeros((1, 0)), 5, effort=QUICK), tmp_path / "o")
    assert result.results[0].attrs["starts_drawn_up_to"] == 1
    assert result.table.starts.sum() == 5


def test_a_folder_that_holds_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(SettingsError, match="holds something else"):
        run_analysis(known_analysis(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(SettingsError, match="is a file"):
        run_analysis(known_analysis(), tmp_path / "thesis.txt")
    with pytest.raises(SettingsError, match="cannot be written"):
        run_analysis(known_analysis(), Path("/proc/nowhere"))


def test_a_negative_seed_or_budget_is_refused():
    with pytest.raises(SettingsError, match="seed is -1; it must be 0 or more"):
        known_analysis(seed=-1)
    with pytest.raises(SettingsError, match="solves is -1; it must be 0 or more"):
        known_analysis(solves=-1)
