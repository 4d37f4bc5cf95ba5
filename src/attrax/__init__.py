"""attrax: train recurrent networks under several learning rules and map the attractors they become.

The rooms load when they are first named: ``attrax.tasks``, ``attrax.networks``, ``attrax.learning``,
``attrax.dynamics``, ``attrax.populations``, ``attrax.analyses``, ``attrax.own_network``, ``attrax.studies``,
``attrax.reports``, ``attrax.interop``.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attrax import (
        analyses,
        dynamics,
        interop,
        learning,
        networks,
        own_network,
        populations,
        reports,
        studies,
        tasks,
    )  # fmt: skip

__version__ = "0.1.0"
__all__ = [
    "__version__", "analyses", "dynamics", "interop", "learning", "networks", "own_network", "populations", "reports",
    "studies", "tasks",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in __all__:
        return importlib.import_module(f"attrax.{name}")
    raise AttributeError(f"module 'attrax' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
