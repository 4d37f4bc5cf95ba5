"""Which units do what: functional groups."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attrax.populations.functional_groups import GROUPS, groups

_PLACES = {"GROUPS": "functional_groups", "groups": "functional_groups"}
__all__ = ["GROUPS", "groups"]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(f"attrax.populations.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'attrax.populations' has no attribute {name!r}")
