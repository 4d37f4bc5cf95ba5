"""Compiled programs kept across runs: JAX's persistent cache, in the user's cache folder.

Compiling takes longer than training a small network. ``ATTRAX_COMPILATION_CACHE=off`` switches the cache off, any
other value of it is the folder; whoever has set JAX's own cache keeps it.
"""

import os
from pathlib import Path

from attrax._lazy import jax
from attrax.checked_files import refusal

SWITCH = "ATTRAX_COMPILATION_CACHE"


def cache_folder() -> Path | None:
    """Return where compiled programs are kept; None if they are not.

    The value of ``ATTRAX_COMPILATION_CACHE``, else ``attrax/compiled`` in the user's cache folder
    (``XDG_CACHE_HOME``, or ``~/.cache``); None too for a user without a home, as in some containers.
    """
    wish = os.environ.get(SWITCH, "")
    if wish.lower() in ("off", "0", "no", "false"):
        return None
    try:
        if wish:
            return Path(wish).expanduser()
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "attrax" / "compiled"
    except RuntimeError:  # nothing says where home is
        return None


def use_compilation_cache() -> None:
    """Let JAX keep compiled programs in `cache_folder`, unless it has a cache already or has been told to have none.

    Where that folder cannot be written, none are kept: JAX would warn of each program that it loses.

    Training and analysis call this before they compile anything. The cache is JAX's own, so other programs of the same
    process that take long to compile are kept too.
    """
    folder = cache_folder()
    if folder is None or jax.config.values["jax_compilation_cache_dir"] is not None or refusal(folder) is not None:
        return
    settings = {
        "jax_compilation_cache_dir": str(folder),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
    for name, value in settings.items():
        jax.config.update(name, value)  # type: ignore[no-untyped-call]
