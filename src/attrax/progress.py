"""How far long work is, and what is kept of it: what a function that takes its time asks of whoever called it.

Such a function takes ``on_progress``. It is called with a `Step` whenever something is done; what it does with that is
its own business, and an exception that it raises (`KeyboardInterrupt` among them) ends the work.
"""

from collections.abc import Callable
from typing import NamedTuple

import xarray as xr


class Step(NamedTuple):
    """A part of some work: what is being done, and how much of it."""

    what: str
    """In words, of what there is a number: "orbits measured"."""
    done: int
    total: int | None = None
    """How many there are; None where nobody knows before the end."""
    about: bool = False
    """Whether the total is an estimate: there may be more, or fewer."""
    outlook: str = ""
    """What all of the work is expected to take, in words, where that is known by now: it is said once."""


OnProgress = Callable[[Step], None]
"""Told of each step."""


Keep = Callable[[str, Callable[[], xr.Dataset]], xr.Dataset]
"""Given the name of a part of some work and how to compute it: returns it as it was kept, or computes and keeps it."""


def compute_always(name: str, compute: Callable[[], xr.Dataset]) -> xr.Dataset:
    """Keep nothing: a part is computed whenever it is asked for."""
    return compute()


def telling(keep: Keep | None, on_progress: OnProgress | None, what: str, total: int) -> Keep:
    """Return a `Keep` that tells how many parts are done, of so many.

    Parameters
    ----------
    keep
        What keeps the parts; None: nothing is kept.
    on_progress
        Who is told; None: nobody.
    what, total
        What the parts are, and how many.
    """
    done = 0

    def keep_and_tell(name: str, compute: Callable[[], xr.Dataset]) -> xr.Dataset:
        nonlocal done
        part = (keep or compute_always)(name, compute)
        done += 1
        (on_progress or ignore_progress)(Step(what, done, total))
        return part

    return keep_and_tell


def ignore_progress(step: Step) -> None:
    """Do nothing: for who does not want to be told."""
