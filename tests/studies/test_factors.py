"""What a study varies: crossed or zipped, which networks follow, and on which line a mistake stands."""

import json
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attrax.settings import SettingsError
from attrax.studies import Study, parse_study

BASE = """name = "factors"
seeds = [0, 1]

[tasks.ContextDecision]
noise = 0.1

[learners.ppo]

[learners.supervised]

[network]
n_hidden = 16
delta = 0.1
"""


def levels(study, *columns):
    return sorted({tuple(c.factors.get(column) for column in columns) for c in study.conditions()}, key=repr)


def test_crossed_settings_make_all_combinations_and_zipped_ones_go_together():
    study = parse_study(
        BASE
        + """
[crossed]
network.leak = [0.5, 1.0]
tasks.ContextDecision.coherences = [[0.5], [0.5, 1.0]]

[[zipped]]
network.delta = [0.1, 0.2, 0.3]
network.n_hidden = [16, 32, 64]
"""
    )
    assert study.n_networks == len(study.conditions()) == 2 * 2 * 2 * 2 * 3
    assert levels(study, "delta", "n_hidden") == [(0.1, 16), (0.2, 32), (0.3, 64)]
    assert levels(study, "coherences") == [("[0.5, 1.0]",), ("[0.5]",)]
    assert len({c.identity for c in study.conditions()}) == study.n_networks
    for condition in study.conditions():
        assert condition.network.n_hidden == condition.factors["n_hidden"]
        assert condition.network.leak == condition.factors["leak"]
        assert str(list(condition.task.coherences)) == condition.factors["coherences"]
    assert study.deltas == [0.1, 0.2, 0.3]
    assert study.levels == ["coherences", "leak", "n_hidden"]
    assert parse_study(study.to_toml()) == study


def test_what_is_varied_of_one_learner_makes_no_copies_of_the_others_networks():
    study = parse_study(BASE + "[crossed]\nlearners.ppo.entropy_weight = [0.0, 0.01, 0.1]\n")
    assert study.n_networks == 2 * (3 + 1)
    assert levels(study, "learner", "entropy_weight") == [
        ("ppo", 0.0), ("ppo", 0.01), ("ppo", 0.1), ("supervised", None)
    ]  # fmt: skip


def test_a_setting_of_several_learners_is_one_column_and_names_that_are_taken_are_written_out():
    study = parse_study(
        BASE
        + """
[crossed]
learners.ppo.learning_rate = [1e-3, 1e-4]
learners.supervised.learning_rate = [1e-3, 1e-4]
stopping.accuracy = [0.8, 0.9]
"""
    )
    assert study.levels == ["learning_rate", "stopping.accuracy"]
    assert study.n_networks == 2 * 2 * 2 * 2


def test_a_column_has_one_type():
    study = parse_study(
        BASE
        + """
[crossed]
network.leak = [0.5, 1]
planes.points = [3, 5]
stopping.accuracy = [false, 0.9]
"""
    )
    assert levels(study, "leak", "points", "stopping.accuracy")[0] == (0.5, 3, "0.9")
    assert {type(c.factors["leak"]) for c in study.conditions()} == {float}
    assert levels(study, "stopping.accuracy") == [("0.9",), ("false",)]


def test_what_goes_together_may_come_again_beside_something_else():
    study = parse_study(BASE + "[[zipped]]\nnetwork.delta = [0.1, 0.1, 0.2]\nnetwork.n_hidden = [16, 32, 32]\n")
    assert levels(study, "delta", "n_hidden") == [(0.1, 16), (0.1, 32), (0.2, 32)]


def test_no_column_takes_the_name_of_another_of_the_summary_or_the_index():
    names = ("position", "shard", "settings_hash", "by_this_code", "leak")
    analyses = ("period_excluded", "relaxation_time", "trial_distance")
    crossed = {f"network.{name}": () for name in names} | {f"planes.{name}": () for name in analyses}
    names = Study._column_names(SimpleNamespace(crossed=crossed, zipped=()))
    assert {path for path, name in names.items() if name != path} == {"network.leak"}


@pytest.mark.parametrize("label", ["a\x7fb", 'with "quotes"', "δ and more"])
def test_every_label_is_written_so_that_it_reads_back(label):
    task = json.dumps(label, ensure_ascii=False).replace("\x7f", "\\u007f")
    study = parse_study(BASE.replace("[tasks.ContextDecision]", f'[tasks.{task}]\ntask = "ContextDecision"'))
    assert list(study.tasks) == [label]
    assert parse_study(study.to_toml()) == study


def test_a_number_of_too_many_digits_is_told():
    with pytest.raises(SettingsError, match="not valid TOML: .*digits"):
        parse_study(BASE.replace("n_hidden = 16", f"n_hidden = {'9' * 5000}"))


def test_a_number_that_is_too_large_is_told():
    with pytest.raises(SettingsError) as caught:
        parse_study(BASE.replace("delta = 0.1", f"delta = {'9' * 400}"))
    assert len(str(caught.value).splitlines()) == 1


def test_a_list_of_widths_is_short_for_crossing_them_and_a_number_of_seeds_for_the_first_ones():
    short = parse_study(BASE.replace("delta = 0.1", "delta = [0.1, 0.2]").replace("[0, 1]", "2"))
    long = parse_study(BASE + "[crossed]\nnetwork.delta = [0.1, 0.2]\n")
    assert short == long


def test_a_width_may_stand_among_what_is_varied_only():
    study = parse_study(BASE.replace("delta = 0.1\n", "") + "[crossed]\nnetwork.delta = [0.1, 0.2]\n")
    assert study.deltas == [0.1, 0.2]


@given(leaks=st.lists(st.floats(0.1, 1), min_size=1, max_size=4, unique=True), seeds=st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_a_network_of_a_wider_study_keeps_its_name(leaks, seeds):
    narrow = parse_study(BASE + f"[crossed]\nnetwork.leak = [{leaks[0]}]\n")
    wide = parse_study(BASE.replace("[0, 1]", str(seeds + 1)) + f"[crossed]\nnetwork.leak = {leaks}\n")
    assert {c.identity for c in narrow.conditions()} <= {c.identity for c in wide.conditions()}


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("[crossed]\nnetwork.leek = [0.5]", "line 15: unknown setting of network 'leek'; did you mean 'leak'?"),
        ("[crossed]\nnetwork.leak = [0.5, 2]", "line 15: network: leak is 2.0; it must lie above 0"),
        ("[crossed]\nnetwork.leak = 0.5", "line 15: crossed: network.leak is 0.5; needed: a list of levels"),
        ("[crossed]\nnetwork.leak = []", "line 15: crossed: network.leak is an empty list"),
        ("[crossed]\nnetwork.leak = [0.5, 0.5]", "line 15: crossed: network.leak names 0.5 twice"),
        ("[crossed]\nnetwork.cell = ['relu', 'tanh']", "line 15: network: cell is 'tanh'; a study maps the attractors"),
        ("[crossed]\nnetwork.n_hidden = [2020-01-01]", "a value that no setting can have"),
        ("[crossed]\nnetwrk.leak = [0.5]", "unknown setting under crossed 'netwrk.leak'; did you mean 'network'?"),
        ("[crossed]\nlearners.pop.clip = [0.5]", "line 15: unknown table under crossed: learners 'pop'; did you mean"),
        ("[crossed]\nlearners.ppo = [1]", "learners.ppo is no setting; written learners.ppo.SETTING"),
        ("[crossed]\nplanes.effort.steps = [5]", "line 15: planes: effort: steps is 5; it must be 1000 or more"),
        ("[crossed]\nplanes.points.more = [5]", "planes.points.more is no setting: points is no table"),
        ("[[zipped]]\nnetwork.leak = [0.5]\nplanes.points = [3, 5]", "need equally many levels, and these have"),
        ("[zipped]\nnetwork.leak = [0.5]", "zipped must be tables with a list of levels for each"),
        ("[crossed]\nnetwork.leak = [0.5]\n[[zipped]]\nnetwork.leak = [0.5]", "network.leak is varied twice"),
        ("[learners.second]\nrule = 'ppo'", "two names for the same network: ContextDecision, ppo, δ = 0.1, seed 0"),
        ("[crossed]\n" + "\n".join(f"network.{k} = {list(range(1, 101))}" for k in ("delta", "n_hidden", "leak")),
         "networks; 1,000,000 are the most in one study"),
    ],
)  # fmt: skip
def test_a_mistake_in_what_is_varied_is_told_with_its_line(added, message):
    with pytest.raises(SettingsError) as caught:
        parse_study(BASE + added)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("noise = 0.1", "# why?\nnoise = [\n  1, # one\n  2,\n]", "line 6: task 'ContextDecision': noise: [1, 2] is"),
        ("noise = 0.1", "nosie = 0.1", "line 5: unknown setting of task 'ContextDecision' 'nosie'; did"),
        ("[learners.ppo]", "[learners.pop]", "line 7: unknown learner 'pop'; did you mean 'ppo'?"),
        ("n_hidden = 16", "n_hidden = 0", "line 12: network: n_hidden is 0; it must be 1 or more"),
        ("delta = 0.1", "", "line 11: network: delta must be given"),
        ("seeds = [0, 1]", "seeds = [0, 0]", "line 2: seeds [0, 0] name one seed twice"),
        ("seeds = [0, 1]", "seeds = 0", "line 2: seeds is 0; as a number it is how many there are"),
        ("[network]", "[planes]\neffort = { steps = 1 }\n[network]", "line 12: planes: effort: steps is 1; it"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(old, new, message):
    assert old in BASE
    with pytest.raises(SettingsError) as caught:
        parse_study(BASE.replace(old, new))
    assert str(caught.value).startswith(message)
