"""Studies and stores that were written before a setting was renamed."""

import json

import pytest

from attrax.settings import SettingsError, _say_renamed
from attrax.studies import open as open_store
from attrax.studies import parse_study
from attrax.studies.conditions import complete_settings
from attrax.studies.shards import write_shard
from attrax.studies.study_folder import check_folder, make_folder
from tests.studies.made_up_shards import made_up

STUDY = """
name = "renamed"
[tasks.ContextDecision]
[learners.ppo]
gae_lambda = 0.8
[learners.plain]
rule = "a2c"
[network]
n_hidden = 2
delta = 0.1
[crossed]
learners.ppo.gae_lambda = [0.8, 0.9]
[[zipped]]
learners.plain.gae_lambda = [0.7, 0.6]
learners.plain.discount = [0.9, 0.8]
"""
SAID = "attrax: the setting trace is called gae_lambda now; it is read as that\n"


def of_then(text):
    return text.replace("gae_lambda", "trace")


@pytest.fixture(autouse=True)
def _not_yet_said():
    _say_renamed.cache_clear()


def test_a_study_with_the_former_name_is_the_same_study_and_says_so_once(capsys):
    assert parse_study(of_then(STUDY)) == parse_study(STUDY)
    assert capsys.readouterr().err == SAID
    assert "trace" not in parse_study(of_then(STUDY)).to_toml()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("learners.ppo.trace = [0.8, 1.9]", r"line 12: .*gae_lambda is 1\.9; it must lie in"),
        ("learners.ppo.trace = [0.8]\nlearners.ppo.gae_lambda = [0.9]", "line 13: .*former name as well"),
        ("learners.plain.trace = [0.5]", "plain.gae_lambda is varied twice"),
    ],
)
def test_mistakes_under_the_former_name_are_told_with_their_line(line, words):
    with pytest.raises(SettingsError, match=words):
        parse_study(STUDY.replace("learners.ppo.gae_lambda = [0.8, 0.9]", line))


def test_a_store_of_then_opens_and_its_networks_are_those_of_the_study(tmp_path, capsys, monkeypatch):
    study = parse_study(STUDY)
    make_folder(tmp_path)
    (tmp_path / "study.toml").write_text(of_then(study.to_toml()))
    for condition in study.conditions():
        result = made_up(condition)
        settings = json.loads(of_then(json.dumps(result.settings)))
        assert complete_settings(settings) == condition.settings
        summary = {of_then(name): value for name, value in result.summary.items()}
        write_shard(tmp_path, [result._replace(settings=settings, summary=summary)])
    # else their settings need not be read: networks of this version of the code are known by their names
    monkeypatch.setattr("attrax.studies.conditions.code_version", lambda: "another")
    store, of_today = open_store(tmp_path), parse_study(STUDY)
    assert store.study == of_today
    assert store.summary().gae_lambda.tolist() == [c.learner.gae_lambda for c in of_today.conditions()]
    check_folder(tmp_path, of_today)
    assert capsys.readouterr().err == SAID
