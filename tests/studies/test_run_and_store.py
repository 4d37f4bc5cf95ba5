"""The tiny study, run for real."""

import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest
import xarray as xr

from attrax.settings import SettingsError
from attrax.studies import open as open_store
from attrax.studies import parse_study, run_study
from attrax.studies.shards import NetworkResult, Shard, write_shard
from attrax.studies.study_folder import check_folder, make_folder, write_study
from attrax.studies.unfinished_network import UnfinishedNetwork


def prepare(directory, study):
    check_folder(directory, study)
    make_folder(directory)
    write_study(directory, study)


COLUMNS = [
    "network",
    "task",
    "learner",
    "delta",
    "seed",
    "n_hidden",
    "reached",
    "accuracy",
    "updates",
    "trials",
    "frac_fixed",
    "frac_cycle",
    "frac_locked",
    "frac_quasi",
    "frac_chaotic",
    "frac_divergent",
    "frac_undecided",
    "period_excluded",
]


def test_every_network_is_finished_with_the_columns_of_the_contract(tiny_store):
    summary = tiny_store.summary()
    assert set(COLUMNS) <= set(summary.columns)
    assert sorted(summary.learner) == ["ppo", "supervised"]
    assert (summary.updates == 4).all()
    assert {kind for kind, _ in tiny_store.events} == {"working", "finished"}
    assert {"compiling", "training", "attractors"} <= {stage for _, stage in tiny_store.events}


def test_a_shard_holds_the_files_of_the_contract(tiny_store):
    for condition in tiny_store.conditions:
        shard = tiny_store.directory / "shards" / condition.identity
        names = {file.name for file in shard.iterdir()}
        assert names == {
            "summary.parquet",
            "timing.parquet",
            "arrays.nc",
            "units.nc",
            "weights.safetensors",
            "checksums.json",
        }
        assert set(json.loads((shard / "checksums.json").read_text())) == names
    assert not list((tiny_store.directory / "shards").glob(".*"))


def test_planes_histories_and_networks_come_back(tiny_store):
    planes = tiny_store.planes()
    assert planes.kind.shape == (2, 3, 2, 2, 3, 3)
    assert set(planes.learner.values) == {"ppo", "supervised"}
    histories = tiny_store.histories()
    assert histories.accuracy.shape == (2, 3)
    assert histories["update"].values.tolist() == [0, 2, 4]
    for condition in tiny_store.conditions:
        networks = tiny_store.networks(condition.identity)
        assert {"final", "initial"} <= set(networks)
        assert networks["final"].n_hidden == 16
        assert np.isfinite(np.asarray(tiny_store.network(condition.identity).recurrent_weights)).all()


def test_running_again_computes_nothing(tiny_store):
    events = []
    run_study(tiny_store.study, tiny_store.directory, 1, events.append)
    assert events == []


@pytest.mark.slow
def test_a_second_run_elsewhere_gives_the_same_to_the_bit(tiny_store, tmp_path, tiny_study_text):
    store = run_study(parse_study(tiny_study_text), tmp_path / "again", 1)
    for condition in store.conditions:
        for name in ("summary.parquet", "weights.safetensors"):
            first, second = (s.directory / "shards" / condition.identity / name for s in (tiny_store, store))
            assert first.read_bytes() == second.read_bytes()
        assert tiny_store.arrays(condition.identity).identical(store.arrays(condition.identity))


def test_more_seeds_add_only_what_is_new(tmp_path, bare_study_text):
    run_study(parse_study(bare_study_text), tmp_path, 2)
    more = parse_study(bare_study_text.replace("seeds = [0]", "seeds = [0, 1]"))
    events = []
    store = run_study(more, tmp_path, 2, events.append)
    assert [e.condition.seed for e in events if e.kind == "finished"] == [1, 1]
    assert sorted(store.summary().seed) == [0, 0, 1, 1]


def test_a_folder_that_holds_something_else_is_refused_and_left_alone(tmp_path, tiny_study_text):
    study = parse_study(tiny_study_text)
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(SettingsError, match="holds something else"):
        prepare(tmp_path, study)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]
    other = tmp_path / "other"
    prepare(other, study)
    before = (other / "study.toml").read_bytes()
    with pytest.raises(SettingsError, match="holds the study 'tiny', not 'tiny2'"):
        prepare(other, parse_study(tiny_study_text.replace('"tiny"', '"tiny2"')))
    assert (other / "study.toml").read_bytes() == before
    with pytest.raises(SettingsError, match="is a file"):
        prepare(tmp_path / "thesis.txt", study)


def test_a_study_that_lacks_finished_networks_is_refused(tiny_store, tiny_study_text):
    narrower = parse_study(tiny_study_text.replace("delta = 0.6", "delta = 0.7"))
    before = (tiny_store.directory / "study.toml").read_bytes()
    with pytest.raises(SettingsError, match="holds 2 finished networks that this study has not"):
        prepare(tiny_store.directory, narrower)
    assert (tiny_store.directory / "study.toml").read_bytes() == before


def test_networks_of_an_earlier_version_of_the_code_are_still_read(tiny_store, monkeypatch):
    monkeypatch.setattr("attrax.studies.conditions.code_version", lambda: "another version")
    store = open_store(tiny_store.directory)
    assert sorted(store.summary().network) == sorted(tiny_store.summary().network)
    assert {c.identity for c in store.conditions} == {c.identity for c in tiny_store.conditions}


def test_a_shard_that_is_there_already_is_not_written_over_and_a_damaged_one_is(bare_study_text, tmp_path):
    from attrax.studies.shard_run import run_shard

    study = parse_study(bare_study_text)
    prepare(tmp_path, study)
    condition = study.conditions()[0]
    shard = tmp_path / "shards" / condition.identity
    run_shard(tmp_path, [condition], lambda message: None)
    before = {file.name: file.stat().st_mtime_ns for file in shard.iterdir()}
    run_shard(tmp_path, [condition], lambda message: None)
    assert {file.name: file.stat().st_mtime_ns for file in shard.iterdir()} == before
    (shard / "checksums.json").unlink()
    run_shard(tmp_path, [condition], lambda message: None)
    assert not Shard(shard).damage()
    assert not list((tmp_path / "shards").glob(".*"))
    assert (tmp_path / "damaged" / shard.name / "summary.parquet").is_file()


def test_a_folder_without_a_study_cannot_be_opened(tmp_path):
    with pytest.raises(SettingsError, match="holds no study"):
        open_store(tmp_path)


def test_a_criterion_out_of_reach_is_refused_before_anything_is_written(tmp_path, tiny_study_text):
    study = parse_study(
        tiny_study_text.replace("accuracy = false", "accuracy = 0.9").replace(
            "decision = 2", "decision = 2\nnoise = 9.0"
        )
    )
    with pytest.raises(SettingsError, match="cannot be reached"):
        run_study(study, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("after", ["compiling", "finished"])
def test_ctrl_c_keeps_what_was_finished_and_says_130(tmp_path, bare_study_text, after, as_at_a_terminal):
    study = tmp_path / "tiny.toml"
    study.write_text(bare_study_text)
    out = tmp_path / "out"
    process = subprocess.Popen(
        as_at_a_terminal("-m", "attrax", "run", str(study), "--out", str(out), "--workers", "1"),
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    for line in process.stderr:
        if after in line:
            break
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the whole group
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in stdout + stderr
    assert "what was finished is kept" in stderr
    time.sleep(0.5)
    finished = [p for p in (out / "shards").iterdir() if not p.name.startswith(".")]
    assert len(finished) == (1 if after == "finished" else 0)
    assert open_store(out).study.name == "tiny"


def test_an_analysis_that_is_interrupted_loses_only_the_plane_it_was_at(tmp_path, bare_study_text, monkeypatch):
    from attrax.analyses import stage_planes
    from attrax.studies import network_run
    from attrax.studies.shard_run import run_shard

    study = parse_study(bare_study_text)
    prepare(tmp_path, study)
    condition = study.conditions()[0]
    really_classify, calls, trainings = stage_planes.classify, [], []
    really_train = network_run.train

    def classify_twice(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return really_classify(*arguments)

    monkeypatch.setattr(stage_planes, "classify", classify_twice)
    monkeypatch.setattr(network_run, "train", lambda *a, **k: trainings.append(1) or really_train(*a, **k))
    with pytest.raises(KeyboardInterrupt):
        run_shard(tmp_path, [condition], lambda message: None)
    kept = sorted((tmp_path / "unfinished" / condition.identity).glob("*.nc"))
    assert len(kept) == 2
    # what is damaged meanwhile is computed again
    kept[0].write_bytes(kept[0].read_bytes()[:-1] + b"?")
    run_shard(tmp_path, [condition], lambda message: None)
    n_planes = len(condition.planes.stages) * condition.task.n_contexts
    assert len(trainings) == 1
    assert len(calls) == n_planes + 2  # the one that was interrupted, and the damaged one
    assert not (tmp_path / "unfinished").exists()
    # and the result is what an uninterrupted run gives
    other = tmp_path / "other"
    prepare(other, study)
    run_shard(other, [condition], lambda message: None)
    for name in ("summary.parquet", "weights.safetensors", "arrays.nc"):
        assert (tmp_path / "shards" / condition.identity / name).read_bytes() == (
            other / "shards" / condition.identity / name
        ).read_bytes()


def test_texts_of_parts_that_were_kept_apart_stay_whole_in_the_shard(tmp_path):
    """A part read from disk remembers the length of its texts; joined with a longer one it must not be cut to it."""
    unfinished = UnfinishedNetwork(tmp_path, "network")
    parts = [
        unfinished.dataset(kind, lambda kind=kind: xr.Dataset({"kind": ("point", np.array([kind]))}))
        for kind in ("fixed point", "quasi-periodic")
    ]
    joined = xr.concat(parts, dim="part").expand_dims(network=["network"])
    row = {"network": "network"}
    shard = write_shard(tmp_path, [NetworkResult("network", {}, row, row, joined, {})])
    assert shard.arrays().kind.values[0, :, 0].tolist() == ["fixed point", "quasi-periodic"]


def test_a_queried_store_answers_in_sql(tiny_store):
    found = tiny_store.query("SELECT learner, avg(updates) AS updates FROM summary GROUP BY learner ORDER BY learner")
    assert found.to_dict("list") == {"learner": ["ppo", "supervised"], "updates": [4.0, 4.0]}
    with pytest.raises(SettingsError, match="the query cannot be answered: .*nonsense"):
        tiny_store.query("SELECT nonsense FROM summary")


def test_one_shard_is_computed_to_estimate_the_rest(tmp_path, bare_study_text, capsys):
    from attrax.cli import main

    (tmp_path / "study.toml").write_text(bare_study_text.replace("seeds = [0]", "seeds = 3"))
    main(["run", str(tmp_path / "study.toml"), "--out", str(tmp_path / "out"), "--most", "1", "--workers", "1"])
    out = capsys.readouterr().out
    assert out.startswith("tiny: 6 networks, 2 conditions with 3 seeds each\n5 are missing: about ")
    assert "as measured of 1 finished" in out
    rows = out.splitlines()[2:]
    assert rows[0].split() == ["task", "learner", "delta", "seed", "there"]
    assert [row.split()[-1] for row in rows[1:]] == ["yes", "no", "no", "no", "no"]
    assert len(open_store(tmp_path / "out").conditions) == 1


def test_networks_side_by_side_are_those_one_by_one_within_rounding(tmp_path, bare_study_text):
    """What a GPU does, on this machine: two networks in one program; few updates, so that nothing has diverged yet."""
    from attrax.studies.shard_run import run_shard

    study = parse_study(bare_study_text.replace("seeds = [0]", "seeds = 2"))
    pair = [condition for condition in study.conditions() if condition.learner_label == "supervised"]
    stores = {}
    for width in (1, 2):
        directory = tmp_path / f"width{width}"
        prepare(directory, study)
        said = []
        run_shard(directory, pair, said.append, width)
        assert [message.kind for message in said if message.kind != "working"] == ["finished", "finished"]
        stores[width] = open_store(directory)
    assert stores[2].summary().updates.tolist() == [4, 4]
    for condition in pair:
        one, other = (np.asarray(store.network(condition.identity).recurrent_weights) for store in stores.values())
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_shards_that_were_made_elsewhere_and_new_names_are_taken_in(tiny_store, tmp_path, tiny_study_text):
    """Two folders' shards in one, without any study there; and a rule that is called otherwise now."""
    import shutil

    (tmp_path / "shards").mkdir()
    for shard in (tiny_store.directory / "shards").iterdir():
        shutil.copytree(shard, tmp_path / "shards" / shard.name)
    renamed = parse_study(tiny_study_text.replace("[learners.ppo]", '[learners.reward]\nrule = "ppo"'))
    events = []
    store = run_study(renamed, tmp_path, 1, events.append)
    assert events == []
    assert sorted(store.summary().learner) == ["reward", "supervised"]
    assert sorted(store.planes().learner.values) == ["reward", "supervised"]
