"""The face of a room: the names that it gives out, each loaded from its file when it is first asked for.

So that `import attrax` and `attrax --help` answer at once.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Any


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
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{room}.{place_of[name]}"), name)

    return get
