"""Settings of a network, free of JAX."""

from dataclasses import dataclass

from attrax.networks.cells import Cell, Vanilla
from attrax.registry import Registry
from attrax.settings import check_fields, require, unknown_name

CELLS = Registry(
    "cell",
    {
        "relu": "attrax.networks.cells:Relu",
        "tanh": "attrax.networks.cells:Tanh",
        "softplus": "attrax.networks.cells:Softplus",
        "saturating": "attrax.networks.cells:Saturating",
        "gru": "attrax.networks.cells:GRU",
        "lstm": "attrax.networks.cells:LSTM",
    },
)


@dataclass(frozen=True)
class NetworkSettings:
    """A recurrent network and the width of its first weights."""

    delta: float
    """Input and recurrent weights start as U(-delta, delta); biases start at zero."""
    n_hidden: int = 250
    """Number of hidden units."""
    leak: float = 1.0
    """Share of the hidden state that is renewed at each step, in (0, 1]; 1 is no leak term at all."""
    readout_delta: float = 0.1
    """Policy and value weights start as U(-readout_delta, readout_delta)."""
    bias: bool = True
    """Whether units and readouts have biases, which are learned from zero; without, they stay exactly zero."""
    cell: str = "relu"
    """How the next state is made: "relu", "tanh", "softplus", "saturating" (linear from 0 to 1), "gru" or "lstm"."""
    excitatory: float | None = None
    """Dale's law: this share of the units sends out positive weights only, the others negative ones; None: no law."""
    density: float = 1.0
    """Share of the recurrent weights that exist, drawn at random and fixed; 1: all."""

    def __post_init__(self) -> None:
        check_fields(self)
        require(self.delta > 0, f"delta is {self.delta}; it must be above 0")
        require(self.n_hidden >= 1, f"n_hidden is {self.n_hidden}; it must be 1 or more")
        require(0 < self.leak <= 1, f"leak is {self.leak}; it must lie above 0 and not above 1")
        require(self.readout_delta > 0, f"readout_delta is {self.readout_delta}; it must be above 0")
        require(0 < self.density <= 1, f"density is {self.density}; it must lie above 0 and not above 1")
        if self.cell not in CELLS.names():
            raise unknown_name("cell", self.cell, CELLS.names())
        if self.excitatory is not None:
            of_units = round(self.excitatory * self.n_hidden)
            require(
                0 < of_units < self.n_hidden,
                f"excitatory is {self.excitatory}; of {self.n_hidden} units it must leave at least one of each sign",
            )
        if not issubclass(CELLS.get(self.cell), Vanilla):
            for name, plain in (("leak", 1.0), ("excitatory", None), ("density", 1.0)):
                value = getattr(self, name)
                require(value == plain, f"{name} is {value}; a {self.cell} cell has none, leave it out")

    def make_cell(self) -> Cell:
        """Return the cell."""
        kind = CELLS.get(self.cell)
        cell: Cell = kind(leak=self.leak) if issubclass(kind, Vanilla) else kind()
        return cell
