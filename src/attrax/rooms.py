"""The face of a room: the names that it gives out, each loaded from its file when it is first asked for.

So that `import attrax` and `attrax --help` answer at once.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

ROOMS = (
    "tasks", "networks", "learning", "dynamics", "populations", "analyses", "own_network", "studies", "reports",
)  # fmt: skip
"""The rooms whose faces give out names; imports point from the later to the earlier."""


def names_of(room: str, places: Mapping[str, tuple[str, ...]]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a room.

    Parameters
    ----------
    room
        The room's full name, ``__name__`` there.
    places
        File, by its dotted path below the room, to the names that come from it.
    """
    place_of = {name: place for place, names in places.items() for name in names}

    def get(name: str) -> Any:
        if name not in place_of:
            raise AttributeError(f"module {room!r} has no attribute {name!r}{_hint(room, name)}")
        return getattr(importlib.import_module(f"{room}.{place_of[name]}"), name)

    return get


def _hint(room: str, name: str) -> str:
    """Return in which other rooms a name is: one that somebody looked for where it was before, or guessed wrongly."""
    package = room.partition(".")[0]
    if name.startswith("_"):  # Python and its tools ask modules for such
        return ""
    others = [f"{package}.{other}" for other in ROOMS if f"{package}.{other}" != room]
    there = [other for other in others if name in getattr(importlib.import_module(other), "__all__", ())]
    return f"; it is in {' and '.join(there)}" if there else ""
