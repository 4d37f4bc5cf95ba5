"""Whether an update fits into memory, told before anything is compiled."""

import os

import jax

from attrax.learning.members import Member
from attrax.settings import require
from attrax.tasks import TrialTask

_ARRAYS = 8
"""Arrays of the size of the hidden states that an update holds at once: drive, states, what the way back needs, and
gradients. Counted from what XLA reports for the default learners (a test compares)."""
_BYTES = 4


def update_bytes(task: TrialTask, member: Member) -> int:
    """Return about how many bytes one update of one member takes."""
    cell = member.network.make_cell()
    rows = member.network.n_hidden * max(cell.gates, cell.memories)
    weights = 6 * cell.gates * member.network.n_hidden**2  # the weights, two moments of Adam, gradients
    held: int = member.learner.held_steps(task)
    return _BYTES * (held * (_ARRAYS * rows + 4 * task.n_inputs) + weights)


def check_memory(task: TrialTask, member: Member, width: int) -> None:
    """Refuse what would not fit.

    Raises
    ------
    SettingsError
        If an update of `width` members needs more than the device has.
    """
    needed, there = width * update_bytes(task, member), _device_bytes()
    held = member.learner.held_steps(task)
    side_by_side = f" for {width} networks side by side" if width > 1 else ""
    require(
        needed <= there,
        f"an update holds the states of {held:,} steps of {member.network.n_hidden} units{side_by_side}: about "
        f"{needed / 2**30:,.3g} GiB, and there are {there / 2**30:,.3g}; take fewer steps, fewer sequences, or "
        "fewer networks at a time",
    )


def _device_bytes() -> int:
    statistics = jax.local_devices()[0].memory_stats() or {}
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(statistics.get("bytes_limit", installed))
