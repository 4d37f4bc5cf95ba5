"""Which units do what: functional groups, balance, selectivity, connectivity, and what they are good for."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attrax.populations.connectivity import functional_connectivity, modularity
    from attrax.populations.functional_groups import GROUPS, groups
    from attrax.populations.group_balance import balance, balance_summary
    from attrax.populations.information import category_information, copula_information, neighbour_information
    from attrax.populations.lesions import cut, perturb_weights, silence
    from attrax.populations.mixed_units import mixed_selectivity
    from attrax.populations.mode_removal import damp, damp_random, oscillating_mode
    from attrax.populations.partitions import adjusted_rand_index, crystallisation, group_entropy, turnover
    from attrax.populations.selective_units import selectivity

_PLACES = {
    "GROUPS": "functional_groups",
    "groups": "functional_groups",
    **dict.fromkeys(("balance", "balance_summary"), "group_balance"),
    **dict.fromkeys(("functional_connectivity", "modularity"), "connectivity"),
    **dict.fromkeys(("category_information", "copula_information", "neighbour_information"), "information"),
    **dict.fromkeys(("cut", "perturb_weights", "silence"), "lesions"),
    **dict.fromkeys(("damp", "damp_random", "oscillating_mode"), "mode_removal"),
    "mixed_selectivity": "mixed_units",
    **dict.fromkeys(("adjusted_rand_index", "crystallisation", "group_entropy", "turnover"), "partitions"),
    "selectivity": "selective_units",
}
__all__ = [
    "GROUPS",
    "adjusted_rand_index",
    "balance",
    "balance_summary",
    "category_information",
    "copula_information",
    "crystallisation",
    "cut",
    "damp",
    "damp_random",
    "functional_connectivity",
    "group_entropy",
    "groups",
    "mixed_selectivity",
    "modularity",
    "neighbour_information",
    "oscillating_mode",
    "perturb_weights",
    "selectivity",
    "silence",
    "turnover",
]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(f"attrax.populations.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'attrax.populations' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
