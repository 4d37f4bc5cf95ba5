import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import attrax
from attrax.settings import SettingsError
from attrax.studies import Condition, load_study, parse_study
from attrax.studies.study import Study


def replaced(text, old, new):
    assert old in text
    return text.replace(old, new)


def test_the_demo_is_a_study_of_both_rules_at_two_widths():
    study = load_study("demo")
    assert [c.title for c in study.conditions()] == [
        f"{learner}, δ = {delta}, seed 0" for learner in ("ppo", "supervised") for delta in (0.15, 0.06)
    ]
    assert all(c.network.n_hidden == 250 for c in study.conditions())


@pytest.mark.parametrize("source", ["demo"])
def test_a_study_as_resolved_reads_back_as_itself(source):
    study = load_study(source)
    again = parse_study(study.to_toml())
    assert again == study
    assert [c.identity for c in again.conditions()] == [c.identity for c in study.conditions()]


def test_no_criterion_and_truncated_exponentials_survive_the_round_trip(tiny_study_text):
    text = replaced(tiny_study_text, "delay = [1, 2]", "delay = { mean = 2.0, minimum = 1.0, maximum = 6.0 }")
    study = parse_study(text)
    assert study.stopping.accuracy is None
    assert parse_study(study.to_toml()) == study


def test_the_name_of_a_network_depends_on_what_is_computed_and_on_no_label(tiny_study_text):
    study = parse_study(tiny_study_text)
    base = study.conditions()[0]
    assert len({c.identity for c in study.conditions()}) == 2

    def with_(**changes):
        return Condition(dataclasses.replace(base.treatment, **changes), base.seed)

    assert with_(learner_label="other", levels={"noise": 0.1}).identity == base.identity
    for changed in (
        Condition(base.treatment, 1),
        with_(network=dataclasses.replace(base.network, delta=0.2)),
        with_(task=dataclasses.replace(base.task, noise=0.3)),
        with_(learner=dataclasses.replace(base.learner, clip=0.1)),
        with_(stopping=dataclasses.replace(base.stopping, updates=5)),
        with_(planes=dataclasses.replace(base.planes, points=5)),
    ):
        assert changed.identity != base.identity
        assert json.loads(changed.settings_text) == changed.settings


def test_labels_may_differ_from_the_rule(tiny_study_text):
    text = replaced(tiny_study_text, "[learners.supervised]", '[learners.ppo_reset]\nrule = "ppo"\nreset_hidden = true')
    text = replaced(text, "batch_size = 8\nsequence_steps = 16", "environments = 8")
    learners = parse_study(text).learners
    assert list(learners) == ["ppo", "ppo_reset"]
    assert learners["ppo_reset"].reset_hidden


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("delta = 0.6", 'delta = 0.6\ncell = "gru"', "cell is 'gru'; a study maps the attractors of relu networks"),
        ("delta = 0.6", 'delta = 0.6\ncell = "gro"', "unknown cell 'gro'; did you mean 'gru'?"),
        ("seeds = [0]", "seeds = []", "seeds [] must be a list of whole numbers from 0 to"),
        ("seeds = [0]", "seeds = [1, 1]", "seeds [1, 1] name one seed twice"),
        ("seeds = [0]", "sedes = [0]", "unknown table or key 'sedes'; did you mean 'seeds'?"),
        (
            "stimulus = 3",
            "stimulos = 3",
            "unknown setting of task 'ContextDecision' 'stimulos'; did you mean 'stimulus'?",
        ),
        (
            "stimulus = 3",
            "stimulus = -3",
            "task 'ContextDecision': stimulus lasts -3 steps; it must last 1 or more",
        ),
        (
            "[tasks.ContextDecision]",
            "[tasks.ContextDecisions]",
            "unknown task 'ContextDecisions'; did you mean",
        ),
        ("[learners.ppo]", "[learners.pop]", "unknown learner 'pop'; did you mean 'ppo'?"),
        (
            "environments = 8",
            "environments = 7",
            "learner 'ppo': minibatches is 2; it must divide the 7 environments",
        ),
        ("delta = 0.6", "delta = -0.6", "network: delta is -0.6; it must be above 0"),
        ("delta = 0.6", "delta = []", "network: delta is an empty list"),
        ("delta = 0.6", "", "network: delta must be given"),
        ("accuracy = false", "accuracy = 1.5", "stopping: accuracy is 1.5; it must be below 1"),
        (
            "accuracy = false",
            'accuracy = "high"',
            "stopping: accuracy: 'high' is not possible; needed: a number",
        ),
        ("points = 3", "points = 1", "planes: points is 1; it must be 2 or more"),
        ("steps = 1000", "steps = 10", "planes: effort: steps is 10; it must be 1000 or more"),
        ('name = "tiny"', 'name = "a/b"', "name 'a/b' must be made of letters, digits, - and _"),
        ('name = "tiny"', "", "name is missing"),
        ("[network]", "[network", "not valid TOML"),
    ],
)
def test_a_mistake_is_told_in_one_line(tiny_study_text, old, new, message):
    with pytest.raises(SettingsError) as caught:
        parse_study(replaced(tiny_study_text, old, new))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_preset_or_file_is_told(tmp_path):
    with pytest.raises(SettingsError, match="unknown study .* 'dmeo'; did you mean 'demo'"):
        load_study("dmeo")
    presets = "demo, kononov2025, kononov2025-quick, untuned"
    with pytest.raises(SettingsError, match=f"there is no study file 'missing.toml'; presets: {presets}"):
        load_study("missing.toml")


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_mutated_study_is_valid_or_a_one_line_error(data, tiny_study_text):
    lines = tiny_study_text.strip().splitlines()
    index = data.draw(st.integers(0, len(lines) - 1))
    key, _, value = lines[index].partition("=")
    lines[index] = data.draw(
        st.sampled_from(
            ["", f"{key}= -1", f"{key}= 0", f'{key}= "x"', f"{key}= []", f"{key}= {{}}", f"{key[:-2]}x ={value}",
             f"{key}= true", f"{key}= 1.5", f"{key}= [1, 2, 3]", f"{key}= nan", f"{key}= inf", 2 * lines[index]]
        )
    )  # fmt: skip
    try:
        study = parse_study("\n".join(lines))
    except SettingsError as error:
        assert "\n" not in str(error)
    else:
        assert isinstance(study, Study)
        assert parse_study(study.to_toml()) == study


def test_names_of_the_room_show_in_completion():
    """They load on first use, so that Python does not know them by itself."""
    assert {"open", "run_study", "parse_study"} <= set(dir(attrax.studies))
