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

FULL_CLUSTER = """
import json, sys
from pathlib import Path

import ray

from attrax.interop import ray_executor
from attrax.settings import StoppedError
from attrax.studies import parse_study, run_study
from attrax.studies.execution import Job, carry_out
from attrax.studies.run_record import read_record

study, out = parse_study(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
ray_executor._FIRST_WORD, ray_executor._WORDS_EVERY = 2.0, 3.0
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)


@ray.remote(num_cpus=1)
class Somebody:
    def begin(self):
        pass


others = [Somebody.remote() for _ in range(2)]
ray.get([other.begin.remote() for other in others])
found = {}
try:
    run_study(study, out, executor=ray_executor.RayExecutor(out, patience=6))
except StoppedError as error:
    found["given up"] = str(error)

lines = []


def told(line):
    lines.append(line)
    if len(lines) == 2:
        ray.kill(others.pop())


carry_out(out, [Job(()), Job(())], ray_executor.RayExecutor(out), None, on_wait=told)  # shards of no networks
found |= {"lines": lines, "record": read_record(out).ended}
print(json.dumps(found))
ray.shutdown()
"""


def test_a_cluster_without_a_free_core_is_told_and_not_waited_for_without_end(tmp_path, bare_study_text):
    (tmp_path / "study.toml").write_text(bare_study_text)
    script = [sys.executable, "-c", FULL_CLUSTER, str(tmp_path / "study.toml"), str(tmp_path / "out")]
    done = subprocess.run(script, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(next(line for line in reversed(done.stdout.splitlines()) if line.startswith("{")))
    cores = "each asks for 1 CPU of the Ray cluster, which has 2, of which 0 are free"
    assert found["given up"].startswith(
        f"no worker could begin within 6 seconds: {cores}. Let others end, or add nodes"
    )
    # without anybody to tell, the standard error stream is told
    assert f"attrax: 2 of 2 workers have not begun: {cores}; given up in " in done.stderr
    assert found["lines"][0].startswith(f"2 of 2 workers have not begun: {cores}; given up in 59")
    assert len(found["lines"]) >= 2
    assert found["record"]


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
