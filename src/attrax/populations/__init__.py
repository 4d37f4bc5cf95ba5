"""Which units do what: functional groups, balance, selectivity, connectivity, and what they are good for."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attrax.populations.functional_groups import GROUPS, groups
    from attrax.populations.information import category_information, copula_information, neighbour_information
    from attrax.populations.mixed_units import mixed_selectivity
    from attrax.populations.selective_units import selectivity

_PLACES = {
    "GROUPS": "functional_groups",
    "groups": "functional_groups",
    **dict.fromkeys(("category_information", "copula_information", "neighbour_information"), "information"),
    "mixed_selectivity": "mixed_units",
    "selectivity": "selective_units",
}
__all__ = [
    "GROUPS",
    "category_information",
    "copula_information",
    "groups",
    "mixed_selectivity",
    "neighbour_information",
    "selectivity",
]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(f"attrax.populations.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'attrax.populations' has no attribute {name!r}")
