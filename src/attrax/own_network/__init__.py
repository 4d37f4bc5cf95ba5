"""A network of the user's own: its attractors and fixed points under each of several inputs, as tables."""

from typing import TYPE_CHECKING

from attrax.rooms import names_of

if TYPE_CHECKING:
    from attrax.own_network.weights_analysis import AnalysedWeights, WeightsAnalysis, run_analysis

_PLACES = {
    "weights_analysis": ("AnalysedWeights", "WeightsAnalysis", "run_analysis"),
}
__all__ = ["AnalysedWeights", "WeightsAnalysis", "run_analysis"]

__getattr__ = names_of(__name__, _PLACES)


def __dir__() -> list[str]:
    return list(__all__)
