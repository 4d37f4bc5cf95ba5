"""Which process it is that is at work somewhere, so that others can tell whether it still is."""

import os
import platform
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PROCESSES = Path("/proc")


@dataclass(frozen=True)
class ProcessIdentity:
    """A process, known from all others: of this machine, of other machines, and of earlier days."""

    process: int
    host: str
    machine: str = ""
    """Within what the number means this process alone: the start of the system and the namespace of its processes
    (containers may share a host's name, and not its processes); empty where that cannot be known."""
    begun: str = ""
    """When the process was started, as the system counts; numbers are used again. Empty where that cannot be known."""

    @classmethod
    def own(cls) -> "ProcessIdentity":
        """Return this process."""
        process = os.getpid()
        return cls(process, platform.node(), _machine(), _state_and_start(process)[1])

    def is_of_this_machine(self) -> bool:
        """Whether it is certain that the process is one of this machine, now or earlier since its start."""
        return bool(self.machine) and (self.host, self.machine) == (platform.node(), _machine())

    def is_dead(self) -> bool:
        """Whether it is certain that the process has ended; of another machine's it never is."""
        if sys.platform == "win32" or not self.is_of_this_machine():
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except (OSError, OverflowError):  # it is somebody else's, or no number that a process has
            return False
        state, begun = _state_and_start(self.process)
        return state in ("Z", "X") or bool(self.begun and begun and self.begun != begun)


@cache
def _machine() -> str:
    if sys.platform != "linux":  # nothing there tells one start of the system from another
        return ""
    try:
        started = (_PROCESSES / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{started} {(_PROCESSES / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _state_and_start(process: int) -> tuple[str, str]:
    """Return the letter of a process's state and when it was started; empty where the system does not tell."""
    try:
        listed = (_PROCESSES / str(process) / "stat").read_bytes()
    except OSError:
        return "", ""
    fields = listed[listed.rfind(b")") + 1 :].decode("ascii").split()  # the name before it may hold anything
    return fields[0], fields[19]
