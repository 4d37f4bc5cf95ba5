"""The same study on a cluster of two nodes on this machine, one of which dies."""

import json
import subprocess
import sys

import pytest

from attrax.studies import parse_study, run_study, verify

pytest.importorskip("ray")

CLUSTER = """
import json, sys, time
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

from attrax.interop.ray_executor import RayExecutor
from attrax.studies import parse_study, run_study

study, out = parse_study(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
lost = cluster.add_node(num_cpus=1)
executor = RayExecutor(out, address=cluster.address)
events, busy, killed = [], set(), []


def told(event):
    events.append((event.condition.identity, event.kind, event.stage))
    if event.kind == "working":
        busy.add(event.condition.identity)
    if len(busy) == 2 and not killed:
        killed.append(True)
        cluster.remove_node(lost, allow_graceful=False)


assert executor.n_workers == 2
run_study(study, out, executor=executor, on_event=told)
deadline = time.monotonic() + 90  # the head learns of a dead node by its silence: the study can be faster
while executor.n_workers > 1 and time.monotonic() < deadline:
    time.sleep(1)
print(json.dumps({"events": events, "killed": len(killed), "workers": executor.n_workers}))
ray.shutdown()
cluster.shutdown()
"""


@pytest.mark.slow
def test_a_cluster_that_loses_a_node_gives_what_this_machine_gives(tmp_path, bare_study_text):
    text = bare_study_text.replace("seeds = [0]", "seeds = 2")
    (tmp_path / "study.toml").write_text(text)
    script = [sys.executable, "-c", CLUSTER, str(tmp_path / "study.toml"), str(tmp_path / "ray")]
    done = subprocess.run(script, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    # Ray's own processes may write a line behind it
    said = json.loads(next(line for line in reversed(done.stdout.splitlines()) if line.startswith("{")))
    assert (said["killed"], said["workers"]) == (1, 1)
    kinds = [kind for _, kind, _ in said["events"] if kind != "working"]
    assert sorted(kinds) == ["again"] + 4 * ["finished"]
    run_study(parse_study(text), tmp_path / "local", 2)
    assert verify(tmp_path / "ray") == []
    names = sorted(path.name for path in (tmp_path / "local" / "shards").iterdir())
    assert sorted(path.name for path in (tmp_path / "ray" / "shards").iterdir()) == names
    for name in names:
        for file in ("summary.parquet", "arrays.nc", "weights.safetensors"):
            one, other = (tmp_path / where / "shards" / name / file for where in ("local", "ray"))
            assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere:x", "auto"])
def test_a_cluster_that_is_not_there_is_told_in_one_line(tmp_path, bare_study_text, address):
    (tmp_path / "study.toml").write_text(bare_study_text)
    command = [sys.executable, "-m", "attrax", "run", str(tmp_path / "study.toml"), "--executor", "ray"]
    done = subprocess.run(
        [*command, "--address", address, "--out", str(tmp_path / "out")], capture_output=True, text=True, timeout=120
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(f"attrax: there is no Ray cluster at {address!r}")
    assert len(done.stderr.splitlines()) == 1
