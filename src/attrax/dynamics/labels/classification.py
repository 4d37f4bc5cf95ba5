"""The label of each of many orbits, with the evidence for it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from attrax.dynamics.certificates.certificate import Certificate

KINDS = ("fixed point", "cycle", "quasi-periodic", "chaotic", "divergent", "undecided")
"""The six labels."""
N_EXPONENTS = 4
"""Lyapunov exponents kept."""


@dataclass
class Classification:
    """A label for each orbit, and the evidence for it."""

    kind: np.ndarray
    """Shape (orbits,), one of `KINDS`."""
    period: Int[np.ndarray, " orbits"]
    """Minimal period of a certified fixed point or cycle, else 0."""
    period_excluded: Int[np.ndarray, " orbits"]
    """K: up to this period the orbit has drifted past all cycles, or its nearest returns have none; 0: not sought."""
    certified: Bool[np.ndarray, " orbits"]
    """Whether there is proof: the orbit goes to this fixed point or cycle, or it grows without bound."""
    neutral: Bool[np.ndarray, " orbits"]
    """The orbit is one of a continuum of neutral states, which attracts nothing; such an orbit is undecided."""
    exponents: Float[np.ndarray, "orbits exponents"]
    """Lyapunov exponents, largest first: exact where certified, else measured; NaN for a divergent orbit."""
    exponent_error: Float[np.ndarray, "orbits exponents"]
    """Standard errors over 20 blocks; 0 where exact."""
    torus_dimension: Int[np.ndarray, " orbits"]
    """1 on an invariant curve, 2 on a torus, else 0."""
    rotation_number: Float[np.ndarray, " orbits"]
    """Folded to [0, 1/2]; NaN where none."""
    rotation_digits: Float[np.ndarray, " orbits"]
    """Decimal digits of the rotation number on which the two halves of the run agree; infinite where it is exact."""
    digits_gained: Float[np.ndarray, " orbits"]
    """Stable digits of averages gained per decade of steps; NaN where not measured."""
    chaos_test: Float[np.ndarray, " orbits"]
    """K of the 0-1 test; NaN where not measured."""
    amplitude: Float[np.ndarray, " orbits"]
    """Root mean square distance of the attractor's states from their mean; 0 at a fixed point."""
    radius: Float[np.ndarray, " orbits"]
    residual: Float[np.ndarray, " orbits"]
    margin: Float[np.ndarray, " orbits"]
    """Spectral radius, residual and margin of the certificate."""
    steps: Int[np.ndarray, " orbits"]
    """Steps after which the label was given."""
    state: Float[np.ndarray, "orbits units"]
    """A state on the attractor: of the certified cycle, or the last one of the orbit."""

    @classmethod
    def undecided(cls, hidden: Float[np.ndarray, "orbits units"]) -> "Classification":
        """Nothing is known yet."""
        n = hidden.shape[0]

        def unknown() -> np.ndarray:
            return np.full(n, np.nan)

        return cls(
            kind=np.full(n, "undecided", dtype="U14"),
            period=np.zeros(n, int),
            period_excluded=np.zeros(n, int),
            certified=np.zeros(n, bool),
            neutral=np.zeros(n, bool),
            exponents=np.full((n, N_EXPONENTS), np.nan),
            exponent_error=np.full((n, N_EXPONENTS), np.nan),
            torus_dimension=np.zeros(n, int),
            rotation_number=unknown(),
            rotation_digits=unknown(),
            digits_gained=unknown(),
            chaos_test=unknown(),
            amplitude=unknown(),
            radius=unknown(),
            residual=unknown(),
            margin=unknown(),
            steps=np.zeros(n, int),
            state=hidden.copy(),
        )

    @property
    def on_cycle(self) -> Bool[np.ndarray, " orbits"]:
        """Whether a certificate proves that each orbit goes to a fixed point or a cycle."""
        return self.certified & (self.period > 0)

    def accept(self, orbit: int, certificate: Certificate, steps: int) -> None:
        """Label an orbit by its certificate."""
        self.kind[orbit] = "fixed point" if certificate.period == 1 else "cycle"
        self.period[orbit] = certificate.period
        self.certified[orbit] = certificate.certified
        self.exponents[orbit] = certificate.exponents
        self.exponent_error[orbit] = 0.0
        self.radius[orbit] = certificate.radius
        self.residual[orbit] = certificate.residual
        self.margin[orbit] = certificate.margin
        self.state[orbit] = certificate.state
        self.steps[orbit] = steps
        if certificate.period == 1:
            self.amplitude[orbit] = 0.0

    def relaxation_time(self) -> Float[np.ndarray, " orbits"]:
        """Return in how many steps a deviation from each attractor shrinks by a factor e.

        -1 / λ, with λ the largest exponent across the attractor: λ1 of a fixed point or cycle (then it is
        -period / ln of the spectral radius), the first one below the zeros of a curve or torus. 0 where every deviation
        is gone within finitely many steps; NaN for other kinds, which have no such time.
        """
        times = np.full(self.kind.size, np.nan)
        settled = np.isin(self.kind, ("fixed point", "cycle", "quasi-periodic"))
        for orbit in np.flatnonzero(settled):
            times[orbit] = -1.0 / self.exponents[orbit, self.torus_dimension[orbit]]
        return times + 0.0  # no negative zeros

    def copy_evidence(self, orbit: int, leader: int) -> None:
        """Label an orbit that is on the attractor of another one; its own state and steps stay."""
        for name, values in vars(self).items():
            if name not in ("state", "steps"):
                values[orbit] = values[leader]
