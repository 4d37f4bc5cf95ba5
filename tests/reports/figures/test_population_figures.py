"""Figures of units and causes, from the tiny study and from made datasets in which much is missing."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.colors import to_hex

from attrax.populations import GROUPS
from attrax.reports import (
    block_matrix,
    group_bars,
    group_flow,
    lesion_bars,
    robustness_curves,
)
from attrax.reports.appearance import GROUP_LOOKS
from attrax.reports.figures.planes_figure import save
from attrax.reports.figures.population_panels import cells
from attrax.reports.words.rules_compared import MEASURES, POPULATION_WORDS, compare_rules
from attrax.studies import Store
from tests.reports.figures.made_populations import (
    LETTERS,
    bars_of,
    hatched,
    legend_of,
    made_causes,
    made_units,
    many,
    texts,
)


@pytest.mark.parametrize(("n_seeds", "dots"), [(1, 0), (6, 8)])
def test_groups_have_a_bar_of_the_trained_and_one_of_the_untrained_network(n_seeds, dots, tmp_path):
    units = many(made_units, n_seeds)
    figure = group_bars(units, {"ppo": "PPO"})
    assert [axis.get_title() for axis in figure.axes] == [
        "PPO, δ = 0.06", "PPO, δ = 0.15", "supervised, δ = 0.06", "supervised, δ = 0.15"
    ]  # fmt: skip
    for axis, cell in zip(figure.axes, cells(units), strict=True):
        bars = bars_of(axis)
        assert len(bars) == 8
        shares = np.mean([one.balance_share.sel(balance_of="trained").values for one in cell.networks], axis=0)
        np.testing.assert_allclose([bar.get_height() for bar in bars[:4]], 100 * shares)
        assert [to_hex(bar.get_facecolor()).upper() for bar in bars[:4]] == [GROUP_LOOKS[g].colour for g in GROUPS]
        assert sum(len(line.get_xdata()) == n_seeds and line.get_marker() == "o" for line in axis.lines) == dots
        assert [label.get_text() for label in axis.get_xticklabels()] == LETTERS
    assert ("one network" in legend_of(figure)) == (n_seeds > 1)
    save(figure, tmp_path / "bars.png")


def test_networks_without_groups_are_counted_and_not_drawn():
    units = many(made_units, 2)
    none = many(made_units, 2, unknown=(0, 1, 2))
    mixed = xr.concat([none.isel(network=[0, 2, 3]), units.isel(network=[1])], dim="network")
    some, nothing = group_bars(mixed).axes
    assert some.get_title() == "ppo, δ = 0.06\n1 of 2 without groups"
    assert len(bars_of(some)) == 8
    assert nothing.get_title() == "ppo, δ = 0.15\n2 of 2 without groups"
    assert texts(nothing) == ["no groups:\nevery orbit diverges"]
    assert not bars_of(nothing)
    matrix = block_matrix(mixed).axes
    assert len(hatched(matrix[1])) == 16
    assert "every orbit diverges" in matrix[1].get_xlabel()


def test_one_network_of_ones_own_needs_no_names():
    figure = group_bars(made_units(untrained=False))
    assert len(figure.axes) == 1
    assert len(bars_of(figure.axes[0])) == 4
    assert "untrained" not in legend_of(figure)
    assert lesion_bars(made_causes()).axes[0].get_title() == ""
    assert len(group_flow(made_units()).subfigs) == 1


def test_blocks_say_z_and_mark_what_may_be_chance():
    units = made_units()
    units["balance_block_mean_q"] = units.balance_block_mean_q.copy(data=np.full((3, 4, 4), 0.5))
    units.balance_block_mean_q.values[0, 1, 2] = 0.01  # from G_- to G_+
    axis = block_matrix(units).axes[0]
    one = units.sel(balance_of="trained")
    z = float(one.balance_block_mean_z.sel(target_group="G_+", source_group="G_-"))
    by_place = {text.get_position(): text.get_text() for text in axis.texts}
    assert by_place[2, 1] == f"{z:+.1f}".replace("-", "−")
    assert all(words[0] == "(" for place, words in by_place.items() if place != (2, 1))
    framed = [patch for patch in axis.patches if patch.get_linewidth() == 1.5]
    assert [(round(p.get_x() + 0.45), round(p.get_y() + 0.45)) for p in framed] == [(2, 1)]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("from (source)", "to (target)")
    np.testing.assert_allclose(axis.get_images()[0].get_array(), one.balance_block_mean.values)


def test_blocks_of_empty_groups_are_hatched_with_the_reason():
    axis = block_matrix(made_units(groups=("G_a", "G_+", "G_s"))).axes[0]
    assert len(hatched(axis)) == 7
    assert axis.get_xlabel() == "from (source)\nhatched: no unit in G₋"
    assert len(axis.texts) == 9


def test_blocks_of_many_networks_say_in_how_many():
    figure = block_matrix(many(made_units, 6))
    axes = [axis for axis in figure.axes if axis.get_xlabel().startswith("from")]
    assert len(axes) == 4
    assert all(words.endswith("of 6") for axis in axes for words in texts(axis))
    assert figure.axes[-1].get_ylabel() == "mean recurrent weight\n(dimensionless)"


def test_units_flow_between_groups():
    units = made_units(accuracy=[np.nan, 0.6, 0.95])
    part = group_flow(units).subfigs[0]
    axis, below = part.axes
    course = units.units_course_group.values
    moves = sum(len(set(zip(*course[place : place + 2].tolist(), strict=True))) for place in range(2))
    assert len(axis.collections) == moves
    assert sum(bar.get_height() for bar in bars_of(axis)) == 3 * 20
    assert [t.get_text() for t in below.get_xticklabels()] == [
        "0\nupdates\naccuracy\nunknown", "10\nupdates\n60 % right", "400\nupdates\n95 % right"
    ]  # fmt: skip
    settled = units.units_course_settled.values
    np.testing.assert_allclose(below.lines[0].get_ydata(), [100 * (settled <= c).mean() for c in (0, 10, 400)])


def test_unknown_groups_are_a_grey_block():
    figure = group_flow(made_units(unknown=(0,)))
    assert "? not known" in legend_of(figure)
    first = bars_of(figure.subfigs[0].axes[0])[0]
    assert (first.get_height(), first.get_hatch()) == (20, "////")
    last = group_flow(made_units(unknown=(2,))).subfigs[0].axes[1]
    assert (last.lines[0].get_ydata() == 0).all()


def test_one_checkpoint_and_two_of_one_moment():
    single = group_flow(made_units(updates=(7,))).subfigs[0]
    assert not single.axes[0].collections
    assert [t.get_text().split("\n")[0] for t in single.axes[1].get_xticklabels()] == ["7"]
    twice = made_units(updates=(0, 8, 8))
    twice.units_course_group.values[2] = twice.units_course_group.values[1]
    part = group_flow(twice).subfigs[0]
    assert [t.get_text().split("\n")[0] for t in part.axes[1].get_xticklabels()] == ["0", "8"]


def test_unknown_accuracies_are_said_to_be():
    causes = made_causes()
    causes["cause_noise"] = causes.cause_noise * np.nan
    axes = robustness_curves(causes, chance=None).axes
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == ["area not known"]
    assert [text.get_text() for text in axes[1].get_legend().get_texts()] == ["area 70 %"]


class PretendedStore(Store):
    """A store of networks that were not computed."""

    def __init__(self, rows):
        self.rows, self.study = rows, SimpleNamespace(levels=[])

    def summary(self):
        return self.rows


def pretended(columns, n_seeds=3):
    rng = np.random.default_rng(0)
    rows = [
        {"task": "t", "learner": learner, "delta": delta, "seed": seed, "n_hidden": 8, "reached": True,
         "status": "reached", **{name: rng.random() for name in MEASURES},
         **{name: rng.normal() + 3 * (learner == "ppo") for name in columns}}
        for learner in ("ppo", "supervised") for delta in (0.1, 0.2) for seed in range(n_seeds)
    ]  # fmt: skip
    return PretendedStore(pd.DataFrame(rows))


def test_rules_are_compared_by_their_units_too():
    columns = ["group_imbalance", *(name for name in POPULATION_WORDS if name != "unequal")]
    store = pretended(columns)
    compared = compare_rules(store)
    assert list(dict.fromkeys(compared.pairs.measure)) == [*MEASURES, *POPULATION_WORDS]
    # the planes' q are those of a study without units: two families
    bare = compare_rules(pretended([])).pairs
    assert set(bare.measure) == set(MEASURES)
    of_planes = compared.pairs[compared.pairs.measure.isin(MEASURES)]
    assert len(of_planes) == len(bare)
    p = of_planes.p_sign_flip.to_numpy()
    assert (of_planes.q_sign_flip.to_numpy() <= p * len(p) + 1e-12).all()
    unequal = compared.cells[compared.cells.measure == "unequal"]
    assert (unequal.value >= 0).all()
    summary = store.summary()
    one = summary[(summary.learner == "ppo") & (summary.delta == 0.1)]
    assert unequal.value.iloc[0] == pytest.approx(one.group_imbalance.abs().mean())
    empty = pretended(["mode_removal_effect"])
    empty.rows = empty.rows.assign(mode_removal_effect=np.nan)
    assert set(compare_rules(empty).pairs.measure) == set(MEASURES)
