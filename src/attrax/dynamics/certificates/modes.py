"""What a deviation does within one affine piece, mode by mode: proofs where a norm would have to hold for too much."""

from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from attrax.dynamics.certificates.certificate import eigen

_LOST = 100.0  # times what the modes do not add up to
_ONE = 1e-12  # an eigenvalue this near to 1 may be 1
_ALONG = 1e-6  # of the step: the least part of it that goes along the growing mode


class Modes:
    """The eigenvectors of the Jacobian J of one activation pattern.

    Parameters
    ----------
    jacobian, units
        J, and the units that it is on.
    to_drive
        Weights from those units to all units.
    """

    def __init__(
        self,
        jacobian: Float[np.ndarray, "active active"],
        to_drive: Float[np.ndarray, "units active"],
        units: Int[np.ndarray, " active"],
    ) -> None:
        self._jacobian, self._to_drive, self._units = jacobian, to_drive, units

    def keeps_signs(
        self,
        deviation: Float[np.ndarray, " units"],
        drives: Float[np.ndarray, " units"],
        error: Float[np.ndarray, " units"],
        moving: Bool[np.ndarray, " units"],
    ) -> bool:
        """Whether no drive changes its sign while a deviation from the fixed point decays.

        The drive of unit i is its value at the fixed point and Σ_k a_ik λ_k^t. A mode with a real λ between 0 and 1
        takes the drive straight to its end, so that only its first amplitude counts, and that only where it points to
        zero; of the others the amplitudes' sizes bound what they do.

        Parameters
        ----------
        deviation
            From the fixed point.
        drives
            At the fixed point.
        error
            How far each drive may be from what is computed.
        moving
            Units that have any input.
        """
        terms, lost, _ = self._terms(deviation)
        if terms is None:
            return False
        straight = (self._values.imag == 0) & (self._values.real >= 0)
        signs = np.where(drives > 0, 1.0, -1.0)[:, None]
        lowest = np.abs(drives) + np.minimum(signs * terms[:, straight].real, 0).sum(axis=1)
        lowest -= np.abs(terms[:, ~straight]).sum(axis=1)
        return bool(((lowest > error + lost) | ~moving).all())

    def grows_for_ever(
        self,
        step: Float[np.ndarray, " units"],
        drives: Float[np.ndarray, " units"],
        error: Float[np.ndarray, " units"],
        moving: Bool[np.ndarray, " units"],
    ) -> bool:
        """Whether an orbit grows without bound in this piece and never leaves it.

        Its steps go by y' = J y, so that the drive of unit i after t of them has changed by Σ_k a_ik (1 + λ_k + ... +
        λ_k^(t-1)). Let λ_1 be real, at least 1, and the largest. What the other growing modes add up to is at most
        what as large an amplitude along λ_1 would; so where that of λ_1 takes each drive away from zero by more than
        they can take it back, they never turn it. A decaying mode adds at most |a_ik| 2 / |1 - λ_k|, and a real
        positive one at most a_ik / (1 - λ_k) on its side. With λ_1 = 1 the orbit grows in proportion to time; but what
        is computed as 1 may be less, so that 1 is believed only of an eigenvector that the matrix leaves as it is, to
        the last digit.

        Parameters
        ----------
        step
            From this state to the next one.
        drives
            At this state.
        error
            How far each drive, and each entry of the step, may be from what is computed.
        moving
            As in `keeps_signs`.
        """
        if not self._values.size:
            return False
        values = self._values
        terms, lost, amplitudes = self._terms(step)
        if terms is None:
            return False
        # What rounding has put into the step may be along any mode.
        noise = float(np.linalg.cond(self.vectors)) * float(np.linalg.norm(error))
        largest = float(values.real.max())
        leading = (values.real >= largest * (1 - _ONE)) & (values.imag == 0)  # one mode, or several that grow alike
        along_them = (self.vectors[:, leading] @ amplitudes[leading]).real
        if not leading.any() or np.abs(values).max() > largest * (1 + _ONE):
            return False
        if not np.linalg.norm(along_them) > max(_ALONG * float(np.linalg.norm(step)), noise):
            return False
        if not self._is_growing(largest, along_them):
            return False
        lost = lost + noise * np.linalg.norm(self._to_drive, axis=1)
        signs = np.where(drives > 0, 1.0, -1.0)
        # Only of a real positive mode do all terms have the sign of the first; what decays by less than rounding tells
        # is taken to grow.
        positive = (values.imag == 0) & (values.real >= 0)
        grows = np.abs(values) >= 1 - _ONE
        others = grows & ~leading
        along = signs * terms[:, leading].real.sum(axis=1)
        adverse = np.abs(terms[:, others & ~positive]).sum(axis=1)
        adverse -= np.minimum(signs[:, None] * terms[:, others & positive].real, 0).sum(axis=1)
        sums = terms[:, ~grows] / (1 - values[~grows])
        straight = positive[~grows]
        lowest = np.abs(drives) + np.minimum(signs[:, None] * sums[:, straight].real, 0).sum(axis=1)
        lowest -= 2 * np.abs(sums[:, ~straight]).sum(axis=1)
        # A unit that growing ones have no weights to stays as it is.
        untouched = (along == 0) & (adverse == 0) & ~self._to_drive[:, self._grown(grows)].any(axis=1)
        return bool((((along - adverse > lost) | untouched) & (lowest > error + lost) | ~moving).all())

    def _is_growing(self, value: float, vector: Float[np.ndarray, " active"]) -> bool:
        """Whether a real eigenvalue is above 1 for certain, or 1 exactly, as its eigenvector says."""
        uncertain = float(np.linalg.cond(self.vectors)) * len(vector) * np.finfo(float).eps
        uncertain *= float(np.linalg.norm(self._jacobian))
        if value > 1 + uncertain:
            return True
        exact = np.round(vector / vector[np.argmax(np.abs(vector))], 9)
        return abs(value - 1) <= _ONE and bool((self._jacobian @ exact == exact).all())

    def _grown(self, grows: Bool[np.ndarray, " modes"]) -> Bool[np.ndarray, " active"]:
        """Return which units the growing modes reach."""
        return np.asarray((np.abs(self.vectors[:, grows]) > 0).any(axis=1))

    def _terms(
        self, vector: Float[np.ndarray, " units"]
    ) -> tuple[np.ndarray | None, Float[np.ndarray, " units"], np.ndarray]:
        """Return what each mode of a vector adds to each drive, what rounding may have lost, and the amplitudes."""
        on_units, sizes = vector[self._units], np.linalg.norm(self._to_drive, axis=1)
        if self._inverse is None:
            return None, sizes, np.zeros(0)
        amplitudes = self._inverse @ on_units
        lost = float(np.linalg.norm((self.vectors @ amplitudes).real - on_units))
        lost += self.vectors.shape[0] * np.finfo(float).eps * float(np.abs(amplitudes).sum())
        return self._drives * amplitudes, _LOST * lost * sizes, amplitudes

    @property
    def vectors(self) -> np.ndarray:
        """The eigenvectors of J, as columns."""
        return self._modes[1]

    @property
    def _values(self) -> np.ndarray:
        return self._modes[0]

    @cached_property
    def _modes(self) -> tuple[np.ndarray, np.ndarray]:
        return eigen(self._jacobian)

    @cached_property
    def _inverse(self) -> np.ndarray | None:
        """The inverse of the eigenvectors: one for all orbits of the piece; None where there are too few of them."""
        try:
            return np.linalg.inv(self.vectors)
        except np.linalg.LinAlgError:
            return None

    @cached_property
    def _drives(self) -> np.ndarray:
        """What each mode adds to each drive."""
        return self._to_drive @ self.vectors
