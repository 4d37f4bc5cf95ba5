"""Figures of units and causes, from the tiny study and from made datasets in which much is missing."""

from functools import cache
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from attrax.analyses import record_units
from attrax.analyses.unit_recording import UnitRecording
from attrax.populations import GROUPS, balance, selectivity
from attrax.reports import (
    activity_heat_map,
    block_matrix,
    group_bars,
    group_flow,
    lesion_bars,
    mode_bars,
    robustness_curves,
    selectivity_raster,
    study_figures,
    write_report,
)
from attrax.reports.appearance import GROUP_LOOKS
from attrax.reports.figures.planes_figure import save
from attrax.reports.figures.population_panels import cells
from attrax.reports.figures.unit_figures import unit_order
from attrax.reports.pages.study_page import render
from attrax.reports.words.rules_compared import MEASURES, POPULATION_WORDS, compare_rules
from attrax.settings import SettingsError
from attrax.studies import Store
from attrax.studies.packing import pack

FEATURES = ["coherence_1", "coherence_2", "context", "choice", "correct", "time"]
LETTERS = [GROUP_LOOKS[group].letter for group in GROUPS]


def made_balance(labels, rng):
    n_units = len(labels)
    known = bool((labels != "").all())
    found = balance(
        labels if known else np.full(n_units, "G_s"), rng.normal(size=(n_units, n_units)), rng.normal(size=n_units),
        rng.random((2, n_units)), permutations=30,
    )  # fmt: skip
    if not known:
        found = found.map(lambda values: values.where(False) if values.dtype.kind == "f" else values)
    found = found.rename({"group": "functional_group", "target": "target_group", "source": "source_group"})
    return found.rename({name: f"balance_{name}" for name in found.data_vars}).assign(
        balance_reason=((), np.array("" if known else "every orbit diverges", dtype="U60"))
    )


def made_units(seed=0, n_units=20, groups=GROUPS, untrained=True, updates=(0, 10, 400), unknown=(), accuracy=None):
    """Return what is known of the units of one network; at the checkpoints `unknown` it has no groups."""
    rng = np.random.default_rng(seed)
    n_checkpoints = len(updates)
    course = rng.choice(groups, (n_checkpoints, n_units)).astype("U3")
    for before, now in pairwise(course):
        kept = rng.random(n_units) < 0.6
        now[kept] = before[kept]
    course[list(unknown)] = ""
    label, first = course[-1], course[0]
    shape = (n_units, len(FEATURES))
    testable = rng.random(shape) < 0.9
    testable[:, 3] = False
    significant = testable & (rng.random(shape) < 0.5)
    information = np.where(testable, rng.gamma(1.0, 0.1, shape), np.nan)
    of = ["trained", "first weights, trained groups", "untrained"] if untrained else ["trained"]
    parts = [made_balance(labels, rng) for labels in (label, label, first)[: len(of)]]
    since = n_checkpoints - np.logical_and.accumulate((course == label)[::-1]).sum(axis=0)
    settled = np.where(label == "", np.nan, np.array(updates, float)[since])
    accuracy = np.linspace(0.3, 0.95, n_checkpoints) if accuracy is None else accuracy
    return xr.concat(parts, dim="balance_of").assign_coords(balance_of=of).assign(
        unit_group=("unit", label), unit_information=(("unit", "feature"), information),
        unit_significant=(("unit", "feature"), significant), unit_testable=(("unit", "feature"), testable),
        unit_sign=(("unit", "feature"), np.where(significant, rng.integers(-1, 2, shape), 0)),
        units_course_group=(("checkpoint", "unit"), course), units_course_settled=("unit", settled),
        units_course_updates=("checkpoint", np.array(updates)), units_course_accuracy=("checkpoint", accuracy),
    ).assign_coords(feature=FEATURES, checkpoint=[f"c{n}" for n in range(n_checkpoints)])  # fmt: skip


@cache
def many(make, n_seeds, **options):
    """Return datasets of two rules and two widths, so many seeds each."""
    of = [(learner, delta, seed) for learner in ("ppo", "supervised") for delta in (0.06, 0.15) for seed in
          range(n_seeds)]  # fmt: skip
    parts = [make(seed=number, **options) for number in range(len(of))]
    names = {name: ("network", [row[place] for row in of]) for place, name in enumerate(("learner", "delta", "seed"))}
    return xr.concat(parts, dim="network", join="outer").assign_coords(
        network=[f"n{number:02d}" for number in range(len(of))], **names
    )


def made_causes(seed=0, sizes=(0.05, 0.1, 0.2), units=(9, 4, 4, 3), winds=(True, False), damping=(0.0, 0.5)):
    rng = np.random.default_rng(seed)
    falling = 0.95 - 0.15 * np.arange(len(sizes))[:, None] - 0.05 * rng.random((len(sizes), 2))
    drawn = falling[:, None] + 0.02 * rng.normal(size=(len(sizes), 3, 2))
    n_factors, kinds = len(damping), ["fixed point", "cycle", "quasi-periodic", "chaotic", "divergent", "undecided"]
    edited = ("context", "cause_damping", "cause_applied")
    silenced = 0.9 - 0.4 * rng.random((4, 4, 2))
    silenced[:, np.array(units) == 0] = 0.96
    shares = rng.dirichlet(np.ones(6), (2, n_factors))
    return xr.Dataset(
        {
            "cause_trials": ("cause_strength", [120, 0]),
            "cause_intact": ("cause_strength", [0.96, np.nan]),
            "cause_group_units": ("cause_group", np.array(units, float)),
            "cause_silenced": (("cause_stage", "cause_group", "cause_strength"), silenced),
            "cause_silenced_random": (("cause_stage", "cause_group", "cause_draw", "cause_strength"),
                                      0.9 - 0.2 * rng.random((4, 4, 3, 2))),
            "cause_noise": (("cause_noise_size", "cause_strength"), falling),
            "cause_weights": (("cause_weight_size", "cause_draw", "cause_strength"), drawn),
            "cause_lesions": (("cause_lesion_share", "cause_draw", "cause_strength"), drawn),
            **{f"cause_{name}_area": ((), 0.7 + 0.01 * seed) for name in ("noise", "weights", "lesions")},
            "cause_mode_found": ("context", np.array(["found", "no complex pair"])),
            "cause_mode_winds": ("context", list(winds)),
            "cause_mode_trials": (("context", "cause_strength"), [[60, 0], [60, 0]]),
            "cause_mode_intact": (("context", "cause_strength"), [[0.95, np.nan]] * 2),
            "cause_mode_accuracy": ((*edited, "cause_strength"), 0.5 + 0.3 * rng.random((2, n_factors, 2, 2))),
            "cause_mode_random": ((*edited, "cause_draw", "cause_strength"), 0.9 * np.ones((2, n_factors, 2, 3, 2))),
            "cause_mode_kinds": (("context", "attractor_kind"), shares[:, 0]),
            "cause_mode_kinds_damped": (("context", "cause_damping", "attractor_kind"), shares),
            "cause_mode_kinds_random": (("context", "cause_damping", "attractor_kind"), shares),
        },
        {
            "cause_group": list(GROUPS), "cause_stage": ["all", "stimulus", "delay", "decision"],
            "cause_noise_size": list(sizes), "cause_weight_size": list(sizes), "cause_lesion_share": list(sizes),
            "cause_damping": list(damping), "cause_applied": ["all", "stimulus"], "attractor_kind": kinds,
        },
    )  # fmt: skip


def made_recording(n_units=12, contexts=True):
    """Units 0, 1... are most active at one condition each; the last but one is silent, the last one diverges."""
    rng = np.random.default_rng(0)
    n_trials = 200
    features = {f"coherence_{m + 1}": rng.choice([-1.0, -0.2, 0.2, 1.0], n_trials) for m in range(1 + contexts)}
    context = rng.integers(0, 2, n_trials) if contexts else np.zeros(n_trials, int)
    if contexts:
        features["context"] = context
    counted = np.where(context == 1, features.get("coherence_2", 0.0), features["coherence_1"])
    number = 4 * context + np.searchsorted([-1.0, -0.2, 0.2, 1.0], counted)
    activity = 0.1 + (number[:, None] == np.arange(n_units) % 8).astype(float)
    activity[:, -2], activity[:, -1] = 0.0, np.nan
    return UnitRecording(
        activity, features, np.arange(n_trials), np.full(n_trials, 3), activity, np.ones(n_trials, int)
    )


def texts(axis):
    return [text.get_text() for text in axis.texts]


def legend_of(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def hatched(axis):
    return [patch for patch in axis.patches if isinstance(patch, Rectangle) and patch.get_hatch()]


def bars_of(axis):
    return [bar for container in axis.containers for bar in container]


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


def test_units_are_sorted_by_group_and_then_by_lead_or_peak():
    groups = np.array(["G_-", "G_a", "", "G_a", "G_+"])
    curves = np.array([[1, 0], [0, 3], [0, 0], [2, 1], [1, 1.0]])
    assert unit_order(groups, curves).tolist() == [3, 1, 4, 0, 2]
    assert unit_order(groups, curves, lead=[0, 2, 0, 1, 0]).tolist() == [1, 3, 4, 0, 2]


def test_the_heat_map_is_of_each_units_largest_activity():
    recording = made_recording()
    groups = np.array(["G_a"] * 4 + ["G_+"] * 4 + ["G_s"] * 4)
    figure = activity_heat_map(recording, groups, title="made")
    axis, scale = figure.axes
    shown = axis.get_images()[0].get_array()
    assert shown.shape == (12, 8)
    assert shown.max() == 1
    np.testing.assert_array_equal(shown[:8].argmax(axis=1), np.arange(8))
    assert (shown[10] == 0).all()  # of its group the silent unit is the last that has an activity
    assert len(hatched(axis)) == 8  # the unit that diverges
    assert [t.get_text() for t in axis.get_xticklabels()] == ["−1", "−0.2", "0.2", "1"] * 2
    assert texts(axis) == ["Gₐ (4)", "G₊ (4)", "Gₛ (4)", "context 1", "context 2"]
    assert "largest" in scale.get_ylabel()
    one_context = activity_heat_map(made_recording(contexts=False), np.full(12, "")).axes[0]
    assert texts(one_context) == ["no groups"]
    assert one_context.get_images()[0].get_array().shape == (12, 4)


@pytest.mark.parametrize("n_units", [16, 250])
def test_the_raster_has_signs_shares_and_what_was_not_tested(n_units, tmp_path):
    units = made_units(n_units=n_units)
    figure = selectivity_raster(units)
    top, _, axis, scale = figure.axes
    heights = [bar.get_height() for bar in bars_of(top)]
    chosen, tested = units.unit_significant.values, units.unit_testable.values
    np.testing.assert_allclose(heights[0], 100 * chosen[:, 0].sum() / tested[:, 0].sum())
    assert texts(top)[3] == "not\ntested"
    drawn = [(~np.ma.getmaskarray(image.get_array())).sum() for image in axis.get_images()]
    assert drawn == [int((chosen & (units.unit_sign.values == sign)).sum()) for sign in (1, -1, 0)]
    assert any(patch.get_height() == n_units for patch in hatched(axis))  # the choice, in one piece
    assert [t.get_text() for t in axis.get_xticklabels()][:4] == ["coherence 1", "coherence 2", "context", "choice “−”"]
    assert scale.get_ylabel() == "information (bits)"
    assert "not testable" in legend_of(figure)
    save(figure, tmp_path / "raster.png")


def test_a_raster_is_of_one_network():
    with pytest.raises(SettingsError, match="there are 4 networks"):
        selectivity_raster(many(made_units, 1))
    figure = selectivity_raster(many(made_units, 1).isel(network=[1]))
    assert len(figure.axes) == 4


def test_nothing_selective_is_drawn_as_nothing():
    units = made_units()
    units["unit_significant"] = xr.zeros_like(units.unit_significant)
    units["unit_testable"] = xr.zeros_like(units.unit_testable)
    axis = selectivity_raster(units).axes[2]
    assert all(np.ma.getmaskarray(image.get_array()).all() for image in axis.get_images())
    assert len(hatched(axis)) == len(FEATURES)


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


def test_many_networks_have_a_panel_each(tmp_path):
    figure = group_flow(many(made_units, 6))
    titles = [part.axes[0].get_title() for part in figure.subfigs]
    assert len(titles) == 24
    assert len(set(titles)) == 24
    assert titles[0] == "ppo, δ = 0.06, seed 0"


@pytest.mark.parametrize("n_seeds", [1, 6])
def test_curves_have_a_line_for_each_rule_and_width(n_seeds, tmp_path):
    figure = robustness_curves(many(made_causes, n_seeds), {"ppo": "PPO"})
    for axis in figure.axes:
        thick = [line for line in axis.lines if line.get_linewidth() == 1.6 and len(line.get_xdata()) == 3]
        assert len(thick) == 4
        assert len({(line.get_color(), line.get_marker()) for line in thick}) == 4
        assert len(axis.collections) == (4 if n_seeds > 3 else 0)
        words = [text.get_text() for text in axis.get_legend().get_texts()]
        assert words[0].startswith("PPO, δ = 0.06: area 7")
        assert words[-1] == "chance"
        assert axis.get_xticklabels()[0].get_text() == "intact"
    assert [axis.get_title() for axis in figure.axes] == [
        "noise on the state",
        "noise on the weights",
        "random lesions",
    ]
    assert next(line.get_ydata()[0] for line in figure.axes[0].lines if len(line.get_xdata()) == 1) == pytest.approx(96)
    save(figure, tmp_path / "curves.png")


def test_unknown_accuracies_are_said_to_be():
    causes = made_causes()
    causes["cause_noise"] = causes.cause_noise * np.nan
    axes = robustness_curves(causes, chance=None).axes
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == ["area not known"]
    assert [text.get_text() for text in axes[1].get_legend().get_texts()] == ["area 70 %"]


def test_lesions_stand_beside_as_many_random_units():
    axis = lesion_bars(many(made_causes, 1, units=(9, 0, 7, 4))).axes[0]
    bars = bars_of(axis)
    assert len(bars) == 4 * 3 * 2
    assert texts(axis).count("empty") == 4
    assert [words for words in texts(axis) if words != "empty"] == [
        "all stages", "stimulus only", "delay only", "decision only"
    ]  # fmt: skip
    first = made_causes(units=(9, 0, 7, 4))
    lost = 100 * (0.96 - float(first.cause_silenced[0, 0, 0]))
    assert bars[0].get_height() == pytest.approx(lost)
    assert [label.get_text() for label in axis.get_xticklabels()] == LETTERS * 4


def test_lesions_of_unknown_groups_are_left_out():
    axes = lesion_bars(many(made_causes, 1, units=(np.nan,) * 4)).axes
    assert all("no groups" in texts(axis) and not bars_of(axis) for axis in axes)
    assert axes[0].get_title().endswith("(1 of 1 without groups)")


def test_the_mode_is_removed_where_something_oscillates():
    figure = mode_bars(many(made_causes, 2))
    accuracy, quasi = figure.axes
    assert [label.get_text() for label in accuracy.get_xticklabels()] == [
        "as it is", "damped\n(×0.5)", "taken out", "random\ncontrol"
    ]  # fmt: skip
    assert len(bars_of(accuracy)) == len(bars_of(quasi)) == 16
    assert legend_of(figure)[0] == "ppo, δ = 0.06: 2 of 4 contexts oscillate"
    assert bars_of(accuracy)[0].get_height() == pytest.approx(95)
    assert bars_of(accuracy)[3].get_height() == pytest.approx(90)
    still = mode_bars(made_causes(winds=(False, True), damping=(0.0,)))
    assert texts(still.axes[0]) == ["nothing oscillates about a mode"]
    assert legend_of(still) == ["0 of 2 contexts oscillate"]
    assert len(still.axes[0].get_xticklabels()) == 3


def test_the_tiny_study_is_drawn(tiny_store):
    units = tiny_store.units()
    assert len(group_bars(units).axes) == 2
    condition = tiny_store.conditions[0]
    recording = record_units(condition.task, tiny_store.network(condition.identity), condition.populations.trials)
    axis = activity_heat_map(recording, units.unit_group.sel(network=condition.identity).values).axes[0]
    assert axis.get_images()[0].get_array().shape[0] == 16


def test_the_page_has_a_section_where_units_were_looked_at(tiny_store, four_networks):
    text = write_report(tiny_store).read_text(encoding="utf-8")
    assert text.count("<h2>Which units do what</h2>") == 1
    for name in ("groups", "units", "flow", "causes"):
        assert (tiny_store.directory / "report" / f"{name}.png").stat().st_size > 10_000
    without = Store(four_networks)
    assert study_figures(without) == {}
    text = render(without)
    assert "Which units do what" not in text
    assert "what its units do" not in text


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


def test_a_width_looks_the_same_under_both_rules():
    axis = robustness_curves(many(made_causes, 1).isel(network=[1, 2, 3])).axes[0]
    lines = [line for line in axis.lines if line.get_linewidth() == 1.6 and len(line.get_xdata()) == 3]
    of_ppo, narrow, wide = [(line.get_color(), line.get_marker()) for line in lines]
    assert of_ppo[1] == wide[1] != narrow[1]
    assert of_ppo[0] != wide[0] == narrow[0]
    assert [cell.setting for cell in cells(many(made_causes, 1))] == ["δ = 0.06", "δ = 0.15"] * 2


def test_networks_of_different_sizes_and_checkpoints_are_told_apart():
    packed = pack(
        [
            made_units(n_units=20).expand_dims(network=["one"]),
            made_units(n_units=12, updates=(0, 5)).expand_dims(network=["other"]),
        ]
    )
    parts = group_flow(packed).subfigs
    assert [sum(bar.get_height() for bar in bars_of(part.axes[0])) for part in parts] == [3 * 20, 2 * 12]
    axis = selectivity_raster(packed.sel(network=["other"])).axes[2]
    assert axis.get_ylabel() == "12 units, sorted by group"
    assert len(group_bars(packed).axes) == 1


def test_a_raster_of_any_recording():
    rng = np.random.default_rng(0)
    trial = np.repeat(np.arange(40), 5)
    features = {"coherence": rng.normal(size=40)[trial], "side": np.array(["left", "right"])[trial % 2]}
    found = selectivity(rng.normal(size=(200, 7)), features, trial, shuffles=100)
    figure = selectivity_raster(found)
    assert "7 units" in figure.axes[2].get_ylabel()
    with pytest.raises(SettingsError, match="this figure needs what"):
        selectivity_raster(xr.Dataset({"nothing": 1}))


def test_lesions_that_cost_nothing_are_drawn_all_the_same(tiny_store, tmp_path):
    causes = tiny_store.causes()
    for name in ("cause_silenced", "cause_silenced_random", "cause_intact"):
        causes[name] = causes[name] * 0.0
    figure = lesion_bars(causes)
    save(figure, tmp_path / "lesions.png")  # warnings of a layout that collapses are errors
    assert figure.axes[0].get_ylim()[1] >= 5
