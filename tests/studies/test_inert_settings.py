"""What computes nothing names no network."""

import dataclasses
from itertools import product

import pytest

from attrax.analyses import PlaneSettings, PopulationSettings
from attrax.analyses.perturbation_settings import PerturbationSettings
from attrax.dynamics.effort import Effort
from attrax.learning.supervised import Supervised
from attrax.settings import SettingsError, inert_fields, to_effective_mapping, to_mapping
from attrax.studies import Condition, parse_study
from attrax.studies import open as open_store
from attrax.studies.shard_run import run_shard
from attrax.studies.study_folder import check_folder, make_folder, write_study
from attrax.studies.study_run import missing_conditions

SWITCHES = [
    *(("planes", PlaneSettings(atlas=atlas, course=course)) for atlas, course in product((False, True), repeat=2)),
    *(
        ("populations", PopulationSettings(units=units, causes=causes))
        for units, causes in product((False, True), repeat=2)
    ),
]
OTHERS = {"stages": ("stimulus", "delay"), "effort": Effort(steps=1234), "cause": PerturbationSettings(draws=7)}
CASES = [
    pytest.param(table, settings, field.name, id=f"{table} {n}: {field.name}")
    for n, (table, settings) in enumerate(SWITCHES)
    for field in dataclasses.fields(settings)
]


def other_value(name, value):
    if name in OTHERS:
        return OTHERS[name]
    return not value if isinstance(value, bool) else value + 10


def name_with(study, table, settings):
    treatment = dataclasses.replace(study.treatments[0], **{table: settings})
    return Condition(treatment, 0).identity


@pytest.mark.parametrize(("table", "settings", "field"), CASES)
def test_a_setting_changes_the_name_of_a_network_or_is_declared_to_have_no_effect(
    table, settings, field, bare_study_text
):
    study = parse_study(bare_study_text)
    changed = dataclasses.replace(settings, **{field: other_value(field, getattr(settings, field))})
    same = name_with(study, table, changed) == name_with(study, table, settings)
    assert same == (field in inert_fields(settings))


def test_what_has_no_effect_is_what_only_a_switched_off_analysis_reads():
    assert set(PlaneSettings().inert()) == {"atlas_samples", "course_points", "course_trials"}
    assert set(PlaneSettings(atlas=True, course=True).inert()) == set()
    assert set(PopulationSettings().inert()) == {"shuffles", "permutations", "cause"}
    assert set(PopulationSettings(causes=True).inert()) == {"shuffles", "permutations"}


def test_settings_without_effect_are_written_at_their_defaults():
    odd = Supervised(sequence_steps=33, reset_hidden=True)
    assert to_effective_mapping(odd) == to_mapping(Supervised(reset_hidden=True))
    assert to_effective_mapping(Supervised(sequence_steps=33)) == to_mapping(Supervised(sequence_steps=33))
    assert to_effective_mapping(PopulationSettings(cause=PerturbationSettings(draws=7))) == to_mapping(
        PopulationSettings()
    )


INERT = """
[populations]
shuffles = 123
permutations = 456
[populations.cause]
draws = 9
"""


def test_studies_that_differ_in_what_computes_nothing_share_their_networks(tmp_path, bare_study_text):
    first, second = parse_study(bare_study_text), parse_study(bare_study_text + INERT)
    assert first != second
    assert "shuffles = 123" in second.to_toml()  # the file says it all the same
    make_folder(tmp_path)
    write_study(tmp_path, first)
    run_shard(tmp_path, first.conditions()[:1], lambda message: None)
    check_folder(tmp_path, second)
    write_study(tmp_path, second)
    assert missing_conditions(second, tmp_path) == second.conditions()[1:]
    assert open_store(tmp_path).summary().network.tolist() == [second.conditions()[0].identity]


def test_networks_that_were_named_by_all_settings_are_found(tmp_path, bare_study_text, monkeypatch):
    """As versions did that knew of no settings without effect."""
    text = bare_study_text + INERT
    make_folder(tmp_path)
    write_study(tmp_path, parse_study(text))
    with monkeypatch.context() as before:
        before.setattr("attrax.studies.conditions.to_effective_mapping", to_mapping)
        made = parse_study(text).conditions()[0]
        run_shard(tmp_path, [made], lambda message: None)
    store = open_store(tmp_path)
    assert made.identity not in {condition.identity for condition in parse_study(text).conditions()}
    assert store.summary().network.tolist() == [made.identity]
    assert store.conditions[0].factors == made.factors


def test_levels_without_effect_are_refused_in_a_line_that_says_why(bare_study_text):
    with pytest.raises(
        SettingsError, match="two names for the same network: .*shuffles = 100.*leave one of them out"
    ) as e:
        parse_study(bare_study_text + "\n[crossed]\npopulations.shuffles = [100, 200]\n")
    assert "populations.shuffles has no effect while units is false" in str(e.value)
    assert "\n" not in str(e.value)
