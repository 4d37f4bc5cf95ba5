"""Which units do what: functional groups, balance, selectivity, connectivity; from arrays alone."""

from typing import TYPE_CHECKING

from attrax.rooms import names_of

if TYPE_CHECKING:
    from attrax.populations.communities import modularity
    from attrax.populations.connectivity import functional_connectivity
    from attrax.populations.functional_groups import GROUPS, groups
    from attrax.populations.group_balance import balance, balance_summary
    from attrax.populations.information import category_information, copula_information, neighbour_information
    from attrax.populations.partitions import adjusted_rand_index, crystallisation, group_entropy, turnover
    from attrax.populations.unit_mixed_selectivity import mixed_selectivity
    from attrax.populations.unit_selectivity import selectivity

_PLACES = {
    "communities": ("modularity",),
    "connectivity": ("functional_connectivity",),
    "functional_groups": ("GROUPS", "groups"),
    "group_balance": ("balance", "balance_summary"),
    "information": ("category_information", "copula_information", "neighbour_information"),
    "partitions": ("adjusted_rand_index", "crystallisation", "group_entropy", "turnover"),
    "unit_mixed_selectivity": ("mixed_selectivity",),
    "unit_selectivity": ("selectivity",),
}
__all__ = [
    "GROUPS",
    "adjusted_rand_index",
    "balance",
    "balance_summary",
    "category_information",
    "copula_information",
    "crystallisation",
    "functional_connectivity",
    "group_entropy",
    "groups",
    "mixed_selectivity",
    "modularity",
    "neighbour_information",
    "selectivity",
    "turnover",
]

__getattr__ = names_of(__name__, _PLACES)


def __dir__() -> list[str]:
    return list(__all__)
