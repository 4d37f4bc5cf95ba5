"""Settings of a network, free of JAX."""

from dataclasses import dataclass

from attrax.settings import check_fields, require


@dataclass(frozen=True)
class NetworkSettings:
    """A vanilla ReLU network and the width of its first weights."""

    delta: float
    """Input and recurrent weights start as U(-delta, delta); biases start at zero."""
    n_hidden: int = 250
    """Number of hidden units."""
    leak: float = 1.0
    """Share of the hidden state that is renewed at each step, in (0, 1]; 1 is no leak term at all."""
    readout_delta: float = 0.1
    """Policy and value weights start as U(-readout_delta, readout_delta)."""

    def __post_init__(self) -> None:
        check_fields(self)
        require(self.delta > 0, f"delta is {self.delta}; it must be above 0")
        require(self.n_hidden >= 1, f"n_hidden is {self.n_hidden}; it must be 1 or more")
        require(0 < self.leak <= 1, f"leak is {self.leak}; it must lie above 0 and not above 1")
        require(self.readout_delta > 0, f"readout_delta is {self.readout_delta}; it must be above 0")
