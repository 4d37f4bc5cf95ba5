"""The table of all networks: its columns keep one type each, whatever was varied when a network was made."""

import pandas as pd
import pytest

from attrax.studies import open as open_store
from attrax.studies import parse_study
from attrax.studies.index import open_index
from attrax.studies.shards import write_shard
from attrax.studies.study_folder import read_study_text, write_study
from tests.studies.made_up_shards import made_up, made_up_study


@pytest.fixture
def text(bare_study_text):
    return bare_study_text


def varied(text, line):
    return parse_study(f"{text}\n[crossed]\n{line}\n")


def test_a_column_that_was_once_varied_in_another_way_becomes_one_of_texts(tmp_path, text):
    """Numbers in one shard and texts in another cannot be joined as they are."""
    study = parse_study(text)
    made_up_study(tmp_path, study)
    one, other = study.conditions()
    for condition, value in ((one, 0.5), (other, "false")):
        write_shard(tmp_path / "mixed", [made_up(condition, mixed=value)])
    (tmp_path / "mixed" / "study.toml").write_bytes((tmp_path / "study.toml").read_bytes())
    assert sorted(open_store(tmp_path / "mixed").summary().mixed) == ["0.5", "false"]


def test_whole_and_other_numbers_stay_numbers(tmp_path, text):
    study = parse_study(text)
    one, other = study.conditions()
    made_up_study(tmp_path, study)
    for condition, value in ((one, 1), (other, 0.5)):
        write_shard(tmp_path / "mixed", [made_up(condition, mixed=value)])
    (tmp_path / "mixed" / "study.toml").write_bytes((tmp_path / "study.toml").read_bytes())
    assert sorted(open_store(tmp_path / "mixed").summary().mixed) == [0.5, 1.0]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("learners.ppo.epochs = [2, 4]", pd.api.types.is_integer_dtype),
        ("learners.ppo.reset_hidden = [true, false]", pd.api.types.is_bool_dtype),
        ("learners.ppo.entropy_weight = [0.0, 0.01]", pd.api.types.is_float_dtype),
    ],
)
def test_a_column_that_only_some_networks_have_keeps_its_type(tmp_path, text, line, kind):
    """What is varied of one rule is missing for the other; whole numbers are not to become broken ones for that."""
    study = varied(text, line)
    made_up_study(tmp_path, study)
    column = line.split(" ")[0].rpartition(".")[2]
    summary = open_store(tmp_path).summary()
    assert kind(summary[column].dtype), summary[column].dtype
    assert summary[column].isna().tolist() == (summary.learner == "supervised").tolist()


def test_networks_that_the_study_no_longer_has_keep_what_they_were_called(tmp_path, text):
    """A label of a network in the study is the study's; that of another one stays as it was."""
    made_up_study(tmp_path, varied(text, "learners.ppo.epochs = [2, 4]"))
    narrower = parse_study(text.replace("[learners.supervised]", '[learners.second]\nrule = "supervised"'))
    write_study(tmp_path, narrower)
    table = open_index(tmp_path, read_study_text(tmp_path), lambda: narrower).table.to_pandas()
    in_study = table[table.position >= 0]
    assert set(in_study.learner) <= {"ppo", "second"}
    assert set(table[table.position < 0].learner) <= {"ppo", "supervised"}
    assert sorted(table.epochs.dropna()) == [2, 4]
