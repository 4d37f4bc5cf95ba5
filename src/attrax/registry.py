"""Names to classes: a task, a cell or a learner is one file and one line in its room's registry."""

import importlib
from collections.abc import Mapping
from typing import Any

from attrax.settings import SettingsError, from_mapping, unknown_name


class Registry:
    """The classes of one kind by name; a class's module is imported when it is asked for.

    Parameters
    ----------
    kind
        What is registered, in the singular, for messages.
    places
        Name to ``"module:Class"``.
    """

    def __init__(self, kind: str, places: Mapping[str, str]) -> None:
        self.kind = kind
        self._places = dict(places)

    def names(self) -> list[str]:
        """All names, in the order of registration."""
        return list(self._places)

    def get(self, name: str) -> type[Any]:
        """Return the class of a name.

        Raises
        ------
        SettingsError
            For an unknown name, with the nearest valid one.
        """
        if name not in self._places:
            raise unknown_name(self.kind, name, self._places)
        module, _, attribute = self._places[name].partition(":")
        found: type[Any] = getattr(importlib.import_module(module), attribute)
        return found

    def build(self, name: str, values: Mapping[str, Any]) -> Any:
        """Make the object of a name from a mapping of settings; raises `SettingsError` as `from_mapping`."""
        return from_mapping(self.get(name), values, f"{self.kind} {name!r}")

    def name_of(self, instance: object) -> str:
        """Return the name under which the class of an object is registered; its own where it is not."""
        place = _place_of(instance)
        names = (name for name, registered in self._places.items() if registered == place)
        return next(names, type(instance).__qualname__)

    def stored_name(self, instance: object) -> str:
        """Return the name that stands for the class of an object in files: the one that it is registered under.

        Raises
        ------
        SettingsError
            If it is not registered: what is stored by another name could never be read back.
        """
        place = _place_of(instance)
        if place not in self._places.values():
            raise SettingsError(
                f"the {self.kind} {place} is not registered, so what is stored of it could not be read back; needed: "
                f"one of {', '.join(self._places)}"
            )
        return self.name_of(instance)


def _place_of(instance: object) -> str:
    return f"{type(instance).__module__}:{type(instance).__qualname__}"
