"""What computed a network: recorded so that two stores can be told apart by it."""

import subprocess
import sys

from attrax.studies import machine

CPU = """processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 17
model name\t: AMD EPYC 9654 96-Core Processor
stepping\t: 1
flags\t\t: fpu sse4_2 avx avx2 fma avx512f nonsense

processor\t: 1
model name\t: another
"""
ARM = "processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd sve bf16\nCPU part\t: 0xd40\n"


def described(monkeypatch, tmp_path, text):
    file = tmp_path / "cpuinfo"
    file.write_text(text)
    monkeypatch.setattr(machine, "_CPU_FILE", file)
    return machine.describe_machine.__wrapped__()


def test_the_processor_has_its_model_and_its_instruction_sets(monkeypatch, tmp_path):
    found = described(monkeypatch, tmp_path, CPU)
    assert found["processor"] == "AMD EPYC 9654 96-Core Processor (cpu family 25, model 17, stepping 1)"
    assert found["instruction_sets"] == "sse4_2 avx fma avx2 avx512f"
    assert described(monkeypatch, tmp_path, ARM)["instruction_sets"] == "asimd sve bf16"


def test_where_nothing_tells_there_is_still_a_name(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "_CPU_FILE", tmp_path / "missing")
    found = machine.describe_machine.__wrapped__()
    assert found["processor"]
    assert found["instruction_sets"] == ""


def test_threads_are_those_that_xla_is_given(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    assert machine.threads() == 1
    monkeypatch.setenv("XLA_FLAGS", "")
    monkeypatch.setenv("NPROC", "3")
    assert machine.threads() == 3
    monkeypatch.delenv("NPROC")
    assert machine.threads() >= 1


def test_the_commit_is_that_of_the_source_and_not_of_a_checkout_around_it(monkeypatch, tmp_path):
    package = tmp_path / "site-packages" / "attrax"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.setattr(machine.resources, "files", lambda name: package)
    git = ("git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e")
    assert machine.commit() == ""
    subprocess.run([*git, "init", "--quiet"], check=True)
    (tmp_path / "thesis.tex").write_text("")
    subprocess.run([*git, "add", "thesis.tex"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "mine"], check=True)
    assert machine.commit() == ""
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "all"], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert machine.commit() == head
    (package / "__init__.py").write_text("changed = True")
    assert machine.commit() == head + "+"


def test_without_git_there_is_no_commit(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert machine.commit() == ""


def test_every_network_has_it_in_its_timing(four_networks):
    from attrax.studies import open as open_store

    timing = open_store(four_networks).timing()
    assert (timing.processor != "x86_64").all()
    assert (timing.threads == 1).all()
    assert timing.code.str.len().eq(64).all()
    assert {"instruction_sets", "commit", "platform", "python", "version_jax"} <= set(timing.columns)


def test_it_is_asked_for_once():
    code = (
        "from attrax.studies import machine\nfirst = machine.describe_machine()\n"
        "machine._output = None\nprint(machine.describe_machine() is first)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "True\n"
