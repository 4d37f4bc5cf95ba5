"""The command ``attrax``, and ``python -m attrax``: the command line as a process of its own."""

import atexit
import os
import sys
import traceback
from contextlib import suppress
from typing import NoReturn

from attrax.plain_text import INTERRUPTED


def start() -> NoReturn:
    """Run the command line and end this process with its exit status, whatever threads there still are.

    Libraries keep threads of their own (JAX, Arrow, DuckDB). One that asks for Python while the interpreter is being
    taken down ends the process by ``abort``, with exit status 134 in the place of the one that was meant. So everything
    that is to be done at the end is done here, and then the process ends at once.
    """
    code: int | str | None
    try:
        from attrax.cli import main

        main()
        code = 0
    except SystemExit as stop:
        code = stop.code
    except KeyboardInterrupt:  # while the command line itself was being loaded
        print(INTERRUPTED, file=sys.stderr)
        code = 130
    except Exception:  # a fault of ours: it is shown, and ends the process like everything else
        traceback.print_exc()
        code = 1
    if isinstance(code, str):
        print(code, file=sys.stderr)
        code = 1
    status = code or 0
    with suppress(KeyboardInterrupt):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        if stream is None:  # it was closed before this process began
            continue
        try:
            stream.flush()
        except (OSError, ValueError):  # whoever read it is gone, or the disk that it goes to is full
            status = status or 1
    os._exit(status)


if __name__ == "__main__":
    start()
