"""What computed a network: processor, its instruction sets, threads, and the version of the code.

The same seed gives other networks where rounding differs, and rounding differs with the processor's instruction sets
and with how sums are shared among threads. A difference between two stores can only be traced if both say so.
"""

import os
import platform
import subprocess
from functools import cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path

from attrax._lazy import jax

LIBRARIES = ("attrax", "jax", "jaxlib", "equinox", "optax", "numpy", "scipy", "xarray")
INSTRUCTION_SETS = (
    "sse4_2", "avx", "f16c", "fma", "avx2", "avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16",
    "avx512_fp16", "amx_bf16", "amx_tile", "asimd", "asimdhp", "asimdfhm", "sve", "sve2", "bf16", "i8mm",
)  # fmt: skip
"""Those that compiled programs choose between, by the names that Linux gives them (x86-64 first, then ARM)."""
_CPU_FILE = Path("/proc/cpuinfo")


@cache
def describe_machine() -> dict[str, str | int]:
    """Return columns for ``timing.parquet``: what this process computes with.

    Returns
    -------
    host, processor (its model, with the maker's numbers: virtual machines name it badly), instruction_sets (names with
    spaces between; empty where nothing tells), threads (how many XLA may share one operation among), device (that JAX
    computes on, "cpu" or the model of a GPU), platform, python,
    commit (of the source, empty where it is no checkout; "+" behind it: with changes), code (a hash of the source that
    a network's numbers depend on), version_LIBRARY.
    """
    from attrax.studies.conditions import code_version

    described = _read_cpu_file(_CPU_FILE)
    numbers = [f"{name} {described[name]}" for name in ("cpu family", "model", "stepping") if name in described]
    model = described.get("model name") or _model_by_system() or platform.machine()
    available = set((described.get("flags") or described.get("features") or "").split())
    return {
        "host": platform.node(),
        "processor": f"{model} ({', '.join(numbers)})" if numbers else model,
        "instruction_sets": " ".join(name for name in INSTRUCTION_SETS if name in available),
        "threads": threads(),
        "device": ", ".join(dict.fromkeys(device.device_kind for device in jax.devices())),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "commit": commit(),
        "code": code_version(),
        **{f"version_{library}": version(library) for library in LIBRARIES},
    }


def _read_cpu_file(file: Path) -> dict[str, str]:
    """Return what Linux says of the first processor, keys in small letters; nothing elsewhere."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    first = text.partition("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _model_by_system() -> str:
    """Return the processor's model as systems other than Linux tell it."""
    if platform.system() == "Darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string")
    return platform.processor()


def threads() -> int:
    """Return how many threads XLA may share one operation of this process among."""
    if "xla_cpu_multi_thread_eigen=false" in os.environ.get("XLA_FLAGS", ""):
        return 1
    if os.environ.get("NPROC", "").isdigit():
        return int(os.environ["NPROC"])
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def commit() -> str:
    """Return the commit of the source that this process runs; empty where it is not run from a checkout."""
    git = ("git", "--no-optional-locks", "-C", str(resources.files("attrax")))
    # A virtual environment may lie in a checkout of something else: only where git keeps this very file does it count.
    if not _output(*git, "ls-files", "--error-unmatch", "__init__.py"):
        return ""
    changed = _output(*git, "status", "--porcelain", "--untracked-files=no", "--", ".")
    return _output(*git, "rev-parse", "HEAD") + ("+" if changed else "")


def _output(*command: str) -> str:
    """Return what a command prints; nothing if it is not there or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10, errors="replace")
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
